"""Real Chromium before a real server, as people use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import Open, Site, Window
from tests.e2e.served import Served, write_services
from tests.parts import CHROMIUM

_QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
)
_HERE: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they need a browser."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give the one browser of this worker."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a running server with the shipped services, and those whose scripts do what a test says."""
    place = tmp_path_factory.mktemp("site")
    served = Served(place, {"PROVSTORE_DESCRIPTIONS": str(write_services(place / "services"))})
    try:
        yield Site(served.start())
    finally:
        served.clear()
        shutil.rmtree(served.data, ignore_errors=True)


@pytest.fixture
def window(chromium: Browser, site: Site) -> Iterator[Open]:
    """Open windows: ``window()`` of a visitor, ``window("curie")`` of one who has signed in; each must stay silent."""
    opened: list[Window] = []

    def open_window(name: str = "", **options: Any) -> Window:
        made = Window(chromium, site, **options)
        opened.append(made)
        return made.sign_in(name) if name else made

    yield open_window
    for one in opened:
        one.close()
