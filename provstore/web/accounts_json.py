"""Accounts and tokens in JSON: the same over HTTP and from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provstore.accounts.callers import Grant
from provstore.accounts.persons import Person
from provstore.accounts.tokens import Issued, Token
from provstore.web.uws_xml import instant_text

__all__ = ["issued_json", "person_json", "roles_json", "token_json"]


def roles_json(grants: Iterable[Grant]) -> list[str]:
    """Give roles as they are written everywhere: ``curator:stack``."""
    return sorted(f"{one.role}:{one.service}" for one in grants)


def person_json(person: Person) -> dict[str, Any]:
    """Describe an account; ``password`` tells whether it has one."""
    return {
        "name": person.name,
        "admin": person.admin,
        "active": person.active,
        "roles": roles_json(person.grants),
        "password": person.has_password,
        "created": instant_text(person.created_at) or None,
    }


def token_json(token: Token) -> dict[str, Any]:
    """Describe a token, without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope.value,
        "created": instant_text(token.created_at) or None,
        "expires": instant_text(token.expires_at) or None,
        "lastUsed": instant_text(token.last_used_at) or None,
    }


def issued_json(issued: Issued) -> dict[str, Any]:
    """Describe a new token, with the secret that is shown this once."""
    return token_json(issued.token) | {"token": issued.secret}
