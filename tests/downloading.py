"""Downloads for tests: an address fetched under settings of the test's own, below a folder of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from provstore.errors import FetchFailed
from provstore.settings import Settings
from provstore.uws.files import Files
from provstore.uws.inputs.download import Downloads, Fetched, Line, Resolve, Wanted, resolve_host
from provstore.uws.inputs.fetch_rules import fetch_rules

__all__ = ["LOCAL", "Fetch", "failure", "fetcher"]

LOCAL: Final = ("127.0.0.0/8",)

Fetch = Callable[..., Fetched]


def fetcher(folder: Path) -> Fetch:
    """Give a function that fetches an address; keyword arguments are settings, or who resolves names and is trusted."""

    def fetch(
        url: str,
        *,
        line: Line | None = None,
        resolve: Resolve = resolve_host,
        tls: ssl.SSLContext | None = None,
        **settings: Any,
    ) -> Fetched:
        rules = fetch_rules(Settings(**{"fetch_networks": LOCAL, **settings}))
        downloads = Downloads(rules, Files(folder), resolve=resolve, tls=tls)
        wanted = Wanted(name="image", url=url, folder=folder / "jobs" / "j1" / "inputs" / "e1", title="title")
        return downloads.fetch(wanted, line or Line())

    return fetch


def failure(fetch: Fetch, url: str, **options: Any) -> tuple[str, bool]:
    """Fetch what can't be had; give the reason, and whether it may go well later."""
    with pytest.raises(FetchFailed) as caught:
        fetch(url, **options)
    beginning = f"input image: {caught.value.address} could not be fetched: "
    assert caught.value.message.startswith(beginning)
    return caught.value.message.removeprefix(beginning), caught.value.transient
