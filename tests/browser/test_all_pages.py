"""What holds for every page: no barrier, no sideways scrolling, no noise, a light weight, no dead link, a way on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from lxml import html
from playwright.sync_api import APIResponse, Browser
from werkzeug.routing import MapAdapter

from provstore.web.application import _PAGES
from tests.browser.furnished import DATA, LOOKS, REFUSALS, Refusal, furnish
from tests.browser.site import Site, Window
from tests.browser.touring import Tour
from tests.e2e.served import Served

SETTINGS: Final = {"PROVSTORE_FORM_MAX": "20000"}
"""So that a form is soon too large."""
PAGE: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LIGHT: Final = 120_000
"""Bytes of a page with all its files, compressed."""
WITH_GRAPH: Final = 400_000
"""The same of one that brings the graph library."""
ABOUT: Final = frozenset({"/jobs/<job_id>", "/product", "/graph", "/lineage", "/preview", "/documents/<document>"})
"""Pages of a thing, which lead to its provenance."""
PROVENANCE: Final = re.compile(r"application/(provenance\+)?(json|xml)|text/provenance-notation")
WRITTEN_BY_SCRIPTS: Final = re.compile("/definitions/(new|.*/edit)$")
"""The editor: without scripts it leads to where a definition is sent as a file."""
TOLD_APART: Final = frozenset({"format", "responseformat", "view", "direction"})
"""What makes an address another one than the same with another value."""
ID: Final = re.compile(r"\b[a-z]?[0-9a-f]{20,}(\.\w+)?\b|frame\d+|raw\d+|@\d+")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    served = Served(tmp_path_factory.mktemp("furnished"), SETTINGS)
    try:
        yield Site(served.start())
    finally:
        served.clear()


@pytest.fixture(scope="module")
def tour(chromium: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Give the pages of a furnished site; the windows are closed at the end."""
    opened: list[Window] = []

    def open_window(**options: object) -> Window:
        opened.append(Window(chromium, site, **options))
        return opened[-1]

    yield Tour(open_window, furnish(site, tmp_path_factory.mktemp("files")))
    for one in opened:
        one.context.close()


@pytest.fixture(scope="module")
def routes() -> MapAdapter:
    app = Flask("pages", static_folder=None)
    app.add_url_rule("/", "home")  # it is for programs, too: another blueprint has it
    for blueprint in _PAGES:
        app.register_blueprint(blueprint)
    return app.url_map.bind("localhost")


def route(routes: MapAdapter, path: str) -> str:
    rule, _ = routes.match(urlsplit(path).path, method="GET", return_rule=True)
    return rule.rule


def test_every_page_is_in_the_table(routes: MapAdapter) -> None:
    served = {rule.rule for rule in routes.map.iter_rules() if "GET" in (rule.methods or ())}
    assert {route(routes, one.path) for one in LOOKS.values()} == served - DATA


every_page = pytest.mark.parametrize("name", LOOKS)


@every_page
def test_a_page_has_no_serious_barrier(tour: Tour, name: str) -> None:
    seen = tour.seen(name)
    assert seen.barriers + seen.unfocused == []
    assert seen.first_focus in {"Skip to the content", ""}
    assert (seen.facts.language, len(seen.facts.headings)) == ("en", 1)


@every_page
def test_a_page_is_not_scrolled_sideways_on_a_phone_or_a_tablet(tour: Tour, name: str) -> None:
    assert tour.seen(name).too_wide == []


@every_page
def test_a_page_is_silent_and_runs_nothing_but_our_files(tour: Tour, name: str) -> None:
    seen = tour.seen(name)
    assert seen.statuses == {LOOKS[name].status}
    assert seen.noises + seen.facts.faults + seen.plain.faults == []
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in seen.policy


@every_page
def test_a_page_says_the_same_without_scripts(tour: Tour, name: str) -> None:
    seen = tour.seen(name)
    with_scripts, plain = seen.facts, seen.plain
    assert plain.onward >= with_scripts.onward / 2
    assert plain.headings == with_scripts.headings
    if not WRITTEN_BY_SCRIPTS.match(LOOKS[name].path):
        assert plain.words >= with_scripts.words / 2


@every_page
def test_a_page_is_light(tour: Tour, name: str) -> None:
    weight = tour.seen(name).weight
    most = WITH_GRAPH if any("cytoscape" in one for one in weight) else LIGHT
    assert sum(weight.values()) < most, weight


def test_pages_are_told_apart_by_their_titles(routes: MapAdapter, tour: Tour) -> None:
    titled = defaultdict(set)
    for name, look in LOOKS.items():
        titled[tour.seen(name).facts.title].add(route(routes, look.path) if look.status != 404 else "nothing")
    assert {title: places for title, places in titled.items() if len(places) > 1 or not title} == {}


def shape(address: str) -> tuple[object, ...]:
    """Give what is alike of links of one kind: a page, and how it is asked for."""
    parts = urlsplit(address)
    how = ((key, value if key.lower() in TOLD_APART else "") for key, value in parse_qsl(parts.query))
    return ID.sub("*", parts.path), frozenset(how)


def test_no_link_is_dead(tour: Tour) -> None:
    links: dict[tuple[object, ...], tuple[str, str]] = {}
    for name, look in LOOKS.items():
        seen = tour.seen(name)
        for one in {*seen.facts.links, *seen.plain.links} - {tour.address(look)}:
            links.setdefault((look.by, *shape(one)), (name, one))
    dead = []
    for (by, *_), (name, address) in sorted(links.items(), key=str):
        status = tour.window(str(by)).context.request.get(address, headers=PAGE).status
        if status >= 400:
            dead.append(f"{status} {address} on the page {name!r} of {by or 'a visitor'}")
    assert not dead, "\n".join(dead)


def test_a_page_of_a_thing_leads_to_its_provenance(routes: MapAdapter, tour: Tour) -> None:
    things = [name for name, one in LOOKS.items() if "{" in one.path and route(routes, one.path) in ABOUT]
    led = {name: tour.seen(name).facts.provenance for name in things}
    assert [name for name, addresses in led.items() if len(addresses) != 1] == []
    for name, (address,) in led.items():
        answer = tour.window(LOOKS[name].by).context.request.get(address, headers={"Accept": "*/*"})
        assert (answer.status, bool(PROVENANCE.match(answer.headers["content-type"]))) == (200, True), address


def told(answer: APIResponse, path: str) -> list[str]:
    """Find something in a page that was not opened, by XPath."""
    found: Any = html.fromstring(answer.text()).xpath(path)
    return [str(one) for one in found]


def sent(tour: Tour, one: Refusal) -> APIResponse:
    """Send what is refused, as the browser of somebody would."""
    browser, path = tour.window(one.by).context.request, tour.path(one)
    if one.fields is None:
        return browser.get(path, headers=PAGE)
    token = told(browser.get("/login", headers=PAGE), "//meta[@name='csrf-token']/@content")
    return browser.post(path, headers=PAGE, form={**one.fields, **({"csrf_token": token[0]} if token else {})})


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_was_wrong_and_leads_on(tour: Tour, name: str) -> None:
    answer = sent(tour, REFUSALS[name])
    assert answer.status == REFUSALS[name].status
    assert len(told(answer, "//h1")) == 1
    assert "".join(told(answer, "//main//*[@role='alert']//text()")).strip()
    assert told(answer, "//main//a[@href] | //main//form//button")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
