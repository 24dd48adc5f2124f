"""``provstore user``: people and their tokens."""

from __future__ import annotations

import click

from provstore.cli.opening import opened

__all__ = ["user"]


@click.group()
def user() -> None:
    """People who may sign in with a token."""


@user.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May see and do everything.")
def add(name: str, *, admin: bool) -> None:
    """Make an account and print its token, once."""
    with opened() as provstore:
        token = provstore.accounts.add(name, admin=admin)
        click.echo(token)


@user.command("list")
def list_people() -> None:
    """List the accounts."""
    with opened() as provstore:
        for person in provstore.accounts.people():
            click.echo(f"{person.name:<24} {'administrator' if person.admin else 'user'}")
