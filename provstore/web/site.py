"""What the views work with: one object per app, and who calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from flask import current_app, g, request

from provstore.accounts.callers import Caller
from provstore.accounts.people import Accounts
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws.draining import Draining
from provstore.uws.files import Files
from provstore.uws.publishing.publication import Publication
from provstore.uws.queue.waits import Waits
from provstore.uws.quotas import Quotas
from provstore.uws.service import JobService
from provstore.uws.sharing import Sharing
from provstore.uws.tokens import JobTokens
from provstore.uws.watching.following import Following
from provstore.uws.watching.streams import Events
from provstore.web.health import Probe

__all__ = ["EXTENSION", "Site", "base_url", "caller", "csrf_token", "site"]

EXTENSION: Final = "provstore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of a running server.

    ``wake`` tells the supervisor that a job needs it, ``hear`` that it signalled; ``troubles`` gives the executors that
    can't be reached, with why; ``counts`` what was sent to them, by what for.
    """

    settings: Settings
    store: GraphStore
    accounts: Accounts
    service: JobService
    publication: Publication
    files: Files
    tokens: JobTokens
    wake: Callable[[str | None], None]
    hear: Callable[[str, bytes], None]
    probe: Probe
    draining: Draining
    events: Events
    following: Following
    sharing: Sharing
    quotas: Quotas
    waits: Waits
    troubles: Callable[[], Mapping[str, str]] = dict
    counts: Callable[[], Mapping[str, Mapping[str, int]]] = dict


def site() -> Site:
    """Give the parts behind the present request."""
    return cast("Site", current_app.extensions[EXTENSION])


def caller() -> Caller:
    """Give who sent the present request, as found out before it."""
    return cast("Caller", g.caller)


def csrf_token() -> str:
    """Give the token that forms of the present session must send along, "" without a session (set in access.py)."""
    return str(g.get("csrf_token", ""))


def base_url() -> str:
    """Give the address of this server as its clients know it, without a slash at the end."""
    return site().settings.base_url.rstrip("/") or request.root_url.rstrip("/")
