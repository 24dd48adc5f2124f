"""``provstore user link|unlink``: which user of an OpenID Connect provider is which person here."""

from __future__ import annotations

import json

import click

from provstore.accounts.oidc_identities import Identity
from provstore.accounts.people import Accounts
from provstore.cli.opening import opened
from provstore.web.oidc import identities_json

__all__ = ["identities", "link", "unlink"]


@click.command("link")
@click.argument("name")
@click.argument("provider")
@click.argument("subject")
def link(name: str, provider: str, subject: str) -> None:
    """Let the user SUBJECT of an OpenID Connect PROVIDER sign in as NAME from now on."""
    with opened() as provstore:
        provstore.accounts.providers.identities.link(_identity(provstore.accounts, provider, subject), name=name)
        click.echo(f"{subject} of {provider} is {name} from now on")


@click.command("unlink")
@click.argument("name")
@click.argument("provider")
@click.argument("subject")
def unlink(name: str, provider: str, subject: str) -> None:
    """Let the user SUBJECT of an OpenID Connect PROVIDER no longer sign in as NAME."""
    with opened() as provstore:
        provstore.accounts.providers.identities.unlink(_identity(provstore.accounts, provider, subject), name=name)
        click.echo(f"{subject} of {provider} is no longer {name}")


@click.command("identities")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def identities(name: str, *, as_json: bool) -> None:
    """List the users of OpenID Connect providers who sign in as NAME."""
    with opened() as provstore:
        accounts = provstore.accounts
        found = identities_json(accounts.providers, accounts.person(name).name)
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found["items"]:
        click.echo(f"{one['provider'] or '-':<16} {one['subject']:<32} {one['issuer']}")


def _identity(accounts: Accounts, provider: str, subject: str) -> Identity:
    return Identity(issuer=accounts.providers.get(provider).issuer, subject=subject)
