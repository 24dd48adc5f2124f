"""What the views work with: one object per app, and who calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from flask import current_app, g, request

from provstore.accounts.callers import Caller
from provstore.accounts.people import Accounts
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws.files import Files
from provstore.uws.service import JobService
from provstore.uws.tokens import JobTokens

__all__ = ["EXTENSION", "Site", "base_url", "caller", "site"]

EXTENSION: Final = "provstore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of a running server; ``wake`` tells the supervisor that a job needs it."""

    settings: Settings
    store: GraphStore
    accounts: Accounts
    service: JobService
    files: Files
    tokens: JobTokens
    wake: Callable[[str | None], None]
    healthy: Callable[[], None]


def site() -> Site:
    """Give the parts behind the present request."""
    return cast("Site", current_app.extensions[EXTENSION])


def caller() -> Caller:
    """Give who sent the present request, as found out before it."""
    return cast("Caller", g.caller)


def base_url() -> str:
    """Give the address of this server as its clients know it, without a slash at the end."""
    return site().settings.base_url.rstrip("/") or request.root_url.rstrip("/")
