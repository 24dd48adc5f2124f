"""All pages: what the server needs for each, what goes over the line, and how soon a reader can use it.

    python -m bench.pages [NAME...]

The furnished site of tests/browser with its 100 jobs and its graph of 300 nodes, and a Chromium with an empty cache for
each visit. Milliseconds are medians: of the server alone, less what its cheapest answer takes; and until a page can be
used: its modules have run; that of a graph is drawn. Names are those of tests/browser/furnished.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench.serving import typical
from tests.browser.furnished import LOOKS, furnish
from tests.browser.site import Site, Window
from tests.browser.touring import Tour, weight_of
from tests.e2e.served import Served
from tests.parts import CHROMIUM

_TIMES: Final = 5
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_LIGHT: Final = 120
_WITH_GRAPH: Final = 400
_SOON: Final = 1_000
_HTML: Final = {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "gzip"}
_CHEAP: Final = "/healthz"
_USABLE: Final = """() => performance.getEntriesByName("graph-interactive")[0]?.startTime
    ?? performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd"""


class _Cost(NamedTuple):
    """Of a page: kilobytes compressed, milliseconds of the server, milliseconds until it can be used."""

    weight: float
    server: float
    usable: float
    has_graph: bool


def main(names: Sequence[str]) -> None:
    """Measure and print."""
    if CHROMIUM is None:
        print("no Chromium here: pages are not measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        served = Served(place)
        try:
            _measure(Site(served.start()), place, names or list(LOOKS))
        finally:
            served.clear()


def _measure(site: Site, place: Path, names: Sequence[str]) -> None:
    known = furnish(site, place)
    print(f"{'page':<28} {'kB':>6} {'server ms':>10} {'usable ms':>10}   most {_LIGHT} ({_WITH_GRAPH}) kB, {_SOON} ms")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        for name in names:
            cost = _cost(browser, site, name, known)
            most = _WITH_GRAPH if cost.has_graph else _LIGHT
            missed = "  MISSED" if cost.weight > most or cost.usable > _SOON else ""
            print(f"{name:<28} {cost.weight:>6.0f} {cost.server:>10.1f} {cost.usable:>10.0f}{missed}", flush=True)
        browser.close()


def _cost(browser: Browser, site: Site, name: str, known: dict[str, str]) -> _Cost:
    look = LOOKS[name]
    usable: list[float] = []
    weights: Mapping[str, int] = {}
    for _ in range(_TIMES):
        window = Window(browser, site)
        page, _answer = Tour(partial(_same, window), known).open(look)
        usable.append(float(page.evaluate(_USABLE)))
        weights = weight_of(page)
        window.context.close()
    has_graph = any("cytoscape" in one for one in weights)
    server = _server(site, look.path.format_map(known), look.by)
    return _Cost(sum(weights.values()) / 1000, server, median(usable), has_graph)


def _same(window: Window, **_options: object) -> Window:
    return window


def _server(site: Site, path: str, by: str) -> float:
    token = {"Authorization": f"Bearer {site.tokens[by]}"} if by else {}
    with httpx.Client(base_url=site.address, headers=_HTML | token, timeout=60) as client:
        taken, cheap = typical(lambda: client.get(path), lambda: client.get(_CHEAP), times=_TIMES)
    return taken - cheap


if __name__ == "__main__":
    main(sys.argv[1:])
