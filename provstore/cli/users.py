"""``provstore user``: people, their tokens, passwords and roles."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click

from provstore.accounts.callers import Scope
from provstore.accounts.passwords import LEAST_LENGTH
from provstore.accounts.people import Accounts
from provstore.accounts.persons import Person, parse_grant
from provstore.accounts.tokens import Token
from provstore.cli.opening import opened
from provstore.web.accounts_json import issued_json, person_json, roles_json, token_json

__all__ = ["user"]

_ONCE: Final = "shown this once; sent as Authorization: Bearer …, or as the password of HTTP Basic"
_NEVER: Final = "-"
_Command = Callable[..., Any]

_as_json: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_scope: Final = click.option(
    "--scope",
    type=click.Choice([one.value for one in Scope]),
    default=Scope.ALL.value,
    show_default=True,
    help="What its holder may do: look; look and change jobs; all that its owner may.",
)
_days: Final = click.option("--expires", "days", type=click.IntRange(1, 3650), help="Days until it ends; else never.")


@click.group()
def user() -> None:
    """People, their tokens, passwords and roles."""


@user.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May see and do everything.")
@_scope
@_days
@_as_json
def add(name: str, *, admin: bool, scope: str, days: int | None, as_json: bool) -> None:
    """Make an account and print its first token, once."""
    with opened() as provstore:
        accounts = provstore.accounts
        person = accounts.make(name, admin=admin)
        issued = accounts.tokens.issue(person.agent, name="first", scope=Scope(scope), expires_at=_end(accounts, days))
        if as_json:
            click.echo(json.dumps(person_json(person) | {"token": issued_json(issued)}))
        else:
            _show_secret(issued.secret)


@user.command("list")
@_as_json
def list_people(*, as_json: bool) -> None:
    """List the accounts."""
    with opened() as provstore:
        people = provstore.accounts.persons()
    if as_json:
        click.echo(json.dumps({"items": [person_json(one) for one in people], "next": None}))
        return
    _table(("NAME", "KIND", "PASSWORD", "ROLES"), [_row(one) for one in people])


@user.command("show")
@click.argument("name")
@_as_json
def show(name: str, *, as_json: bool) -> None:
    """Show an account, its roles and its tokens."""
    with opened() as provstore:
        person = provstore.accounts.person(name)
        tokens = provstore.accounts.tokens.of(person.agent)
    if as_json:
        click.echo(json.dumps(person_json(person) | {"tokens": [token_json(one) for one in tokens]}))
        return
    for label, text in _facts(person):
        click.echo(f"{label:<10} {text}")
    click.echo()
    _show_tokens(tokens)


@user.command("password")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take the password away: only tokens and providers are left.")
def password(name: str, *, remove: bool) -> None:
    """Set the password for the log-in page; it is asked for, or read from standard input."""
    with opened() as provstore:
        person, passwords = provstore.accounts.person(name), provstore.accounts.passwords
        if remove:
            passwords.remove(person)
        else:
            passwords.set(person, _ask_password())
    click.echo(f"{name}: password {'removed' if remove else 'set'}; all sessions ended", err=True)


@user.command("token")
@click.argument("name")
@click.option("--name", "token_name", default="command line", show_default=True, help="What it is for.")
@_scope
@_days
@_as_json
def token(name: str, *, token_name: str, scope: str, days: int | None, as_json: bool) -> None:
    """Make a further token for NAME and print it, once."""
    with opened() as provstore:
        accounts = provstore.accounts
        agent = accounts.person(name).agent
        issued = accounts.tokens.issue(agent, name=token_name, scope=Scope(scope), expires_at=_end(accounts, days))
    if as_json:
        click.echo(json.dumps(issued_json(issued)))
    else:
        _show_secret(issued.secret)


@user.command("tokens")
@click.argument("name")
@_as_json
def tokens(name: str, *, as_json: bool) -> None:
    """List the tokens of NAME, and when each was used last."""
    with opened() as provstore:
        found = provstore.accounts.tokens.of(provstore.accounts.person(name).agent)
    if as_json:
        click.echo(json.dumps({"items": [token_json(one) for one in found], "next": None}))
    else:
        _show_tokens(found)


@user.command("revoke")
@click.argument("name")
@click.argument("token_id", metavar="TOKEN")
def revoke(name: str, token_id: str) -> None:
    """End a token of NAME; TOKEN is its id in the list."""
    with opened() as provstore:
        provstore.accounts.tokens.revoke(provstore.accounts.person(name).agent, token_id)


@user.command("grant")
@click.argument("name")
@click.argument("roles", metavar="ROLE:SERVICE…", nargs=-1, required=True)
def grant(name: str, roles: tuple[str, ...]) -> None:
    """Give NAME roles: curator, author or run, of a service or of all (curator:stack, run:*)."""
    wanted = [parse_grant(one) for one in roles]
    with opened() as provstore:
        for one in wanted:
            provstore.accounts.grant(name, one)


@user.command("ungrant")
@click.argument("name")
@click.argument("roles", metavar="ROLE:SERVICE…", nargs=-1, required=True)
def ungrant(name: str, roles: tuple[str, ...]) -> None:
    """Take roles from NAME."""
    wanted = [parse_grant(one) for one in roles]
    with opened() as provstore:
        for one in wanted:
            provstore.accounts.ungrant(name, one)


@user.command("activate")
@click.argument("name")
def activate(name: str) -> None:
    """Let NAME sign in again."""
    with opened() as provstore:
        provstore.accounts.set_active(name, active=True)


@user.command("deactivate")
@click.argument("name")
def deactivate(name: str) -> None:
    """Let NAME in no more: tokens and sessions end at once, jobs stay."""
    with opened() as provstore:
        provstore.accounts.set_active(name, active=False)


@user.command("admin")
@click.argument("name")
@click.option("--no", "no_more", is_flag=True, help="No longer an administrator.")
def admin(name: str, *, no_more: bool) -> None:
    """Make NAME an administrator."""
    with opened() as provstore:
        provstore.accounts.set_admin(name, admin=not no_more)


def _end(accounts: Accounts, days: int | None) -> datetime | None:
    return None if days is None else accounts.now() + timedelta(days=days)


def _ask_password() -> str:
    """Never an argument: arguments stand in the list of processes and in the shell's history."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    prompt = f"New password, at least {LEAST_LENGTH} characters"
    text: str = click.prompt(prompt, hide_input=True, confirmation_prompt="Again")
    return text


def _show_secret(secret: str) -> None:
    """The secret alone on standard output, so that it can be piped; what it is beside it, for people."""
    click.echo(secret)
    if sys.stdout.isatty():
        click.echo(_ONCE, err=True)


def _kind(person: Person) -> str:
    kind = "administrator" if person.admin else "user"
    return kind if person.active else f"{kind}, not active"


def _row(person: Person) -> tuple[str, ...]:
    return (
        person.name,
        _kind(person),
        "set" if person.has_password else _NEVER,
        " ".join(roles_json(person.grants)) or _NEVER,
    )


def _facts(person: Person) -> Iterator[tuple[str, str]]:
    yield "name", person.name
    yield "kind", _kind(person)
    yield "agent", person.agent
    yield "created", _instant(person.created_at)
    yield "password", "set" if person.has_password else "none"
    yield "roles", " ".join(roles_json(person.grants)) or _NEVER


def _show_tokens(tokens: Sequence[Token]) -> None:
    rows = [
        (
            one.id,
            one.name,
            one.scope.value,
            _instant(one.created_at),
            _instant(one.expires_at),
            _instant(one.last_used_at),
        )
        for one in tokens
    ]
    _table(("TOKEN", "NAME", "SCOPE", "MADE", "ENDS", "LAST USED"), rows)


def _instant(instant_at: datetime | None) -> str:
    return f"{instant_at:%Y-%m-%d %H:%M}Z" if instant_at else _NEVER


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns as wide as their longest text."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        click.echo("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
