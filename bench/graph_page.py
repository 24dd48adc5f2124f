"""The graph page: what the server needs for a view, what goes over the line, and how soon a reader can use it.

    python -m bench.graph_page

A server with documents of 300 and 2,000 nodes, all drawn; a Chromium with an empty cache. Times are medians.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bench.serving import server, typical

_SIZES: Final = (300, 2_000)
_TIMES: Final = 7
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_WAITING: Final = 120_000


def main() -> None:
    """Measure and print."""
    print(f"{'':<58} {'measured':>12} {'at most':>12}")
    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "served") as address:
        with httpx.Client(base_url=address, timeout=120) as client:
            for size in _SIZES:
                _bring(client, size)
                _asked(client, size)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            print("no Chromium here: the page itself is not measured")
            return
        with _browser(chromium) as browser:
            for size in _SIZES:
                _opened(browser, address, size)
            _weighed(browser, address)


def _row(what: str, value: float, most: float | None, unit: str) -> None:
    target = f"{most:>9.0f} {unit}" if most is not None else ""
    missed = "  MISSED" if most is not None and value > most else ""
    print(f"{what:<58} {value:>9.0f} {unit} {target:>12}{missed}")


def _bring(client: httpx.Client, size: int) -> None:
    """Import a line of jobs with branches: each uses what one before made, and makes two files; one agent for all."""
    prefix = f"http://example.org/{size}/"
    told: dict[str, Any] = {"prefix": {"ex": prefix}, "agent": {"ex:m": {"prov:label": "Maria Sklodowska"}}}
    told |= {"entity": {"ex:e0": {"prov:label": "raw frame"}}, "activity": {}, "used": {}}
    told |= {"wasGeneratedBy": {}, "wasAssociatedWith": {}}
    for number in range((size - 1) // 3):
        job, source = f"ex:a{number}", number if number % 7 else number // 2
        told["activity"][job] = {"prov:label": f"stack {number}", "prov:endTime": "2026-01-01T11:00:00Z"}
        told["used"][f"_:u{number}"] = {"prov:activity": job, "prov:entity": f"ex:e{source}", "prov:role": "image"}
        for made, label in ((f"e{number + 1}", "stacked frame"), (f"l{number + 1}", "log")):
            told["entity"] |= {f"ex:{made}": {"prov:label": f"{label} {number + 1}"}}
            told["wasGeneratedBy"][f"_:{made}"] = {"prov:entity": f"ex:{made}", "prov:activity": job}
        told["wasAssociatedWith"][f"_:w{number}"] = {"prov:activity": job, "prov:agent": "ex:m"}
    told["entity"]["ex:c"] = {"prov:label": "calibration, which the last job used, too"}
    told["used"]["_:c"] = {"prov:activity": job, "prov:entity": "ex:c"}
    content, headers = json.dumps(told), {"Content-Type": "application/json"}
    client.post("/prov/documents?format=prov-json", content=content, headers=headers).raise_for_status()


def _view(size: int) -> str:
    """Give a view that reaches all nodes, from the first file down."""
    return f"id=http://example.org/{size}/e0&depth=all&limit=2000"


def _asked(client: httpx.Client, size: int) -> None:
    """Walk, layout and JSON, against an answer that costs nothing; and what it weighs."""
    answer = client.get(f"/graph.json?{_view(size)}", headers={"Accept-Encoding": "identity"})
    nodes = len(answer.raise_for_status().json()["nodes"])
    taken, empty = typical(
        lambda: client.get(f"/graph.json?{_view(size)}"), lambda: client.get("/bench/empty"), times=_TIMES
    )
    few = size == _SIZES[0]
    _row(f"{nodes} nodes: walk, layout and answer", taken - empty, 100 if few else None, "ms")
    _row(f"{nodes} nodes: gzip of the answer", len(gzip.compress(answer.content)) / 1000, 30 if few else None, "kB")


@contextmanager
def _browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield browser
        browser.close()


def _opened(browser: Browser, address: str, size: int) -> None:
    """Open the page with an empty cache, several times; then open one more node."""
    ready, opening, panning = [], [], []
    for _ in range(_TIMES):
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(_WAITING)
        page.goto(f"/graph?{_view(size)}")
        page.wait_for_selector("#canvas[data-ready]")
        ready.append(page.evaluate("performance.getEntriesByName('graph-interactive')[0].startTime"))
        nodes = page.evaluate("Number(document.getElementById('canvas').dataset.nodes)")
        panning.append(_frame(page))
        opening.append(_expanded(page))
        context.close()
    few = size == _SIZES[0]
    _row(f"{nodes} nodes: from the click to a page that can be used", median(ready), 1000 if few else None, "ms")
    _row(f"{nodes} nodes: open one more", median(opening), 200 if few else None, "ms")
    _row(f"{nodes} nodes: a frame while the picture is moved", median(panning), None, "ms")


def _expanded(page: Page) -> float:
    """Open what lies beyond a node; give the milliseconds until it is there."""
    return float(
        page.evaluate(
            """() => new Promise((done) => {
                const canvas = document.getElementById("canvas");
                const begin = performance.now();
                const observer = new MutationObserver(() => done(performance.now() - begin));
                observer.observe(canvas, {attributeFilter: ["data-nodes"]});
                document.querySelector("#graph-table button.more").click();
            })"""
        )
    )


def _frame(page: Page) -> float:
    """Turn the wheel over the picture; give the mean milliseconds between frames."""
    page.mouse.move(900, 450)
    page.evaluate(
        """() => {
            window.frames_seen = [];
            const step = (at) => { window.frames_seen.push(at); requestAnimationFrame(step); };
            requestAnimationFrame(step);
        }"""
    )
    for _ in range(20):
        page.mouse.wheel(0, 120)
    return float(page.evaluate("(window.frames_seen.at(-1) - window.frames_seen[0]) / (window.frames_seen.length - 1)"))


def _weighed(browser: Browser, address: str) -> None:
    """Add up what a first visit brings, as it goes over the line."""
    page = browser.new_page()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"{address}/graph?{_view(_SIZES[0])}")
    page.wait_for_selector("#canvas[data-ready]")
    page.close()
    with httpx.Client(timeout=120) as client:
        sizes = [_size(client, one) for one in dict.fromkeys(addresses) if one.startswith("http")]
    _row("the page with all its files and 300 nodes, compressed", sum(sizes) / 1000, 400, "kB")


def _size(client: httpx.Client, address: str) -> int:
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        return len(b"".join(answer.iter_raw()))


if __name__ == "__main__":
    main()
