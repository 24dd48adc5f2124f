"""The graph explorer in a browser: find where a product comes from, open what lies beyond, send the view."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Open, Site

SCREEN: Final = {"width": 1280, "height": 860}
SMALL: Final = "http://example.org/small/"
CY: Final = "document.getElementById('canvas')._cyreg.cy"
"""Where cytoscape.js leaves itself."""
ALL: Final = "/graph?depth=all&id="


def stacks(count: int) -> dict[str, Any]:
    """A line of jobs, each stacking what the one before made with a flat field of its own; Maria ran them all."""
    told: dict[str, Any] = {"prefix": {"ex": SMALL}, "agent": {"ex:maria": {"prov:label": "Maria"}}}
    told |= {"entity": {"ex:e0": {"prov:label": "raw frame"}}, "activity": {}, "used": {}}
    told |= {"wasGeneratedBy": {}, "wasAssociatedWith": {}}
    for number in range(count):
        job, made = f"ex:a{number}", f"ex:e{number + 1}"
        told["activity"][job] = {
            "prov:label": f"stack {number}",
            "prov:endTime": f"2026-01-{1 + number % 28:02}T11:00:00Z",
        }
        told["entity"] |= {
            f"ex:f{number}": {"prov:label": f"flat {number}"},
            made: {"prov:label": f"frame {number + 1}"},
        }
        told["used"][f"_:u{number}"] = {"prov:activity": job, "prov:entity": f"ex:e{number}", "prov:role": "image"}
        told["used"][f"_:v{number}"] = {"prov:activity": job, "prov:entity": f"ex:f{number}", "prov:role": "flat"}
        told["wasGeneratedBy"][f"_:g{number}"] = {"prov:entity": made, "prov:activity": job}
        told["wasAssociatedWith"][f"_:w{number}"] = {"prov:activity": job, "prov:agent": "ex:maria"}
    return told


@pytest.fixture(scope="module")
def line(site: Site) -> str:
    """Bring a document of 100 jobs; give the id of what the third has made."""
    headers = {"Content-Type": "application/json"}
    site.ask("POST", "/prov/documents?format=prov-json&public=true", content=json.dumps(stacks(100)), headers=headers)
    return f"{SMALL}e3"


@pytest.fixture
def look(window: Open) -> Callable[..., Page]:
    """Open a view and wait until it can be used."""

    def open_view(address: str, **options: Any) -> Page:
        page = window(**{"viewport": SCREEN, **options}).open(address)
        expect(page.locator("#canvas[data-ready]")).to_be_visible()
        return page

    return open_view


def row(page: Page, name: str) -> Locator:
    return page.locator("#graph-table tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page: Page) -> list[str]:
    return sorted(page.locator("#graph-table a.node").all_inner_texts())


def sight(page: Page) -> list[str]:
    """Give the names of the nodes that are in sight in the picture, when it has come to rest."""
    found = page.evaluate(
        f"""async () => {{
            while ({CY}.animated()) await new Promise(requestAnimationFrame);
            const {{ x1, x2, y1, y2 }} = {CY}.extent();
            const inside = ({{ x, y }}) => x > x1 && x < x2 && y > y1 && y < y2;
            return {CY}.nodes("[label]").filter((one) => inside(one.position())).map((one) => one.data("label"));
        }}"""
    )
    return sorted(str(one) for one in found)


def said(page: Page) -> Locator:
    return page.locator("#said")


def test_the_source_of_a_product_is_found_by_mouse(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    assert names(page) == ["frame 3", "stack 2", "stack 3"]
    row(page, "stack 2").get_by_role("button", name="Show 2 causes of stack 2").click()
    expect(said(page)).to_have_text("2 nodes added")
    assert names(page) == ["flat 2", "frame 2", "frame 3", "stack 2", "stack 3"]
    assert {"flat 2", "frame 2", "stack 2"} <= set(sight(page)), "what has come is in sight"
    row(page, "flat 2").get_by_role("link", name="flat 2").click()
    details = page.get_by_role("region", name="Details")
    expect(details.get_by_role("heading", level=2)).to_contain_text("flat 2")
    expect(details.get_by_role("link", name="What came of it")).to_be_visible()
    details.get_by_role("button", name="Way from the start").click()
    expect(said(page)).to_have_text("A way of 2 steps")
    expect(page.locator("#graph-table tr.on-path")).to_have_count(3)


def test_what_was_there_stays_and_everything_can_be_undone(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    row(page, "stack 2").get_by_role("button").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(5)
    row(page, "frame 2").get_by_role("button", name="Show 1 cause of frame 2").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(6)
    assert page.url.count("open=") == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(5)
    page.go_back()
    expect(page.locator("#graph-table tbody tr")).to_have_count(6)
    page.get_by_role("button", name="Fold back causes of stack 2").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(3)


def test_a_view_is_sent_as_its_address(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    row(page, "stack 2").get_by_role("button").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(5)
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("checkbox", name="entity").check()
    expect(page.locator("#graph-table tbody tr:visible")).to_have_count(3)
    row(page, "frame 2").get_by_role("link").click()
    other = look(page.url)
    assert "frame 2" in sight(other), "what was chosen is in sight"
    expect(other.locator("#graph-table tbody tr:visible")).to_have_count(3)
    expect(row(other, "frame 2")).to_have_attribute("aria-current", "true")
    expect(other.locator("#graph-count")).to_have_text("3 of 5 nodes, 4 relations")


def test_the_keyboard_does_what_the_mouse_does(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    row(page, "frame 3").get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "stack 2")).to_have_attribute("aria-current", "true")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("2 nodes added")
    assert page.evaluate("document.activeElement.textContent") == "stack 2"
    canvas = page.get_by_role("application")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(row(page, "frame 3")).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("2 nodes added")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Details")).to_be_hidden()


def test_the_picture_is_clicked(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    box = page.locator("#canvas").bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(row(page, "frame 3")).to_have_attribute("aria-current", "true")


def test_many_siblings_are_one_node_and_one_of_them_is_drawn_apart(site: Site, look: Callable[..., Page]) -> None:
    source = site.finished("sleep", duration="0")
    with site.client() as client:
        jobs = [client.run("copy", parameters={"input": source.entity("result")}) for _ in range(22)]
        done = [client.wait(job) for job in jobs]
    page = look(f"/graph?id={source.id}&depth=3")
    assert names(page) == ["22 files", "22 runs", "result", "sleep"]
    row(page, "22 files").get_by_role("link").click()
    details = page.get_by_role("region", name="Details")
    details.get_by_role("searchbox").fill(done[4].id[1:])
    details.get_by_role("button", name="Draw apart").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(5)
    assert "output" in names(page)


def test_runs_in_a_row_are_one_node_which_enter_opens(site: Site, look: Callable[..., Page]) -> None:
    told = stacks(11)
    for job in told["activity"].values():
        job["prov:label"] = "stack"
    told["prefix"]["ex"] = "http://example.org/alike/"
    headers = {"Content-Type": "application/json"}
    site.ask("POST", "/prov/documents?format=prov-json&public=true", content=json.dumps(told), headers=headers)
    page = look("/graph?id=http://example.org/alike/e0&depth=all")
    assert names(page) == ["11 runs in a row", "frame 11", "raw frame"]
    row(page, "11 runs in a row").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#graph-table tbody tr")).to_have_count(23)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(3)


def test_what_is_beyond_the_limit_is_listed_and_drawn_one_by_one(look: Callable[..., Page], line: str) -> None:
    page = look(f"{ALL}{line}&limit=20")
    expect(page.locator("#graph-notes")).to_contain_text("There is more")
    group = page.locator("#graph-table a.node").filter(has_text="more")
    group.click()
    details = page.get_by_role("region", name="Details")
    details.get_by_role("searchbox").fill("frame 30")
    details.get_by_role("button", name="Draw", exact=True).first.click()
    expect(row(page, "frame 30")).to_have_attribute("aria-current", "true")
    page.locator("#graph-table button.more").last.click()
    expect(said(page)).to_contain_text("added")


def test_a_step_that_fails_changes_nothing_and_says_why(window: Open, line: str) -> None:
    looking = window(viewport=SCREEN)
    looking.allowed.append("503")
    page = looking.open(f"/graph?id={line}&depth=1")
    expect(page.locator("#canvas[data-ready]")).to_be_visible()
    told = json.dumps({"error": {"kind": "unavailable", "message": "the store is down"}})
    page.route("**/graph.json*", lambda route: route.fulfill(status=503, body=told, content_type="application/json"))
    row(page, "stack 2").get_by_role("button").click()
    expect(page.locator("#graph-hint")).to_have_text("the store is down")
    assert names(page) == ["frame 3", "stack 2", "stack 3"]
    assert "open=" not in page.url
    page.unroute("**/graph.json*")
    row(page, "stack 2").get_by_role("button").click()
    expect(page.locator("#graph-table tbody tr")).to_have_count(5)
    expect(page.locator("#graph-hint")).to_be_hidden()


def test_two_jobs_are_compared_in_one_picture(site: Site, look: Callable[..., Page]) -> None:
    jobs = [site.finished("sleep", duration="0", text=text) for text in ("one", "two")]
    page = look(f"/graph?a={jobs[0].id}&b={jobs[1].id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Differences of sleep and sleep")
    assert names(page) == ["result", "sleep"]
    expect(row(page, "result").get_by_text("≠")).to_be_visible()
    expect(row(page, "sleep").get_by_text("≠")).to_be_visible()


def test_views_are_switched_and_words_found(look: Callable[..., Page], line: str) -> None:
    page = look(f"{ALL}{line}")
    page.get_by_label("View").select_option("Data only")
    expect(page.locator("#graph-table .kind-activity")).to_have_count(0)
    page.get_by_label("View").select_option("W3C PROV")
    expect(row(page, "Maria")).to_be_attached()
    page.get_by_role("searchbox", name="Find in this graph").fill("frame 42")
    expect(said(page)).to_contain_text("found")
    expect(row(page, "frame 42")).to_have_attribute("aria-current", "true")
    page.get_by_text("Arrows show the flow of data").click()
    expect(page.locator("#graph-arrows")).to_have_text("→ from cause to effect")


def test_a_view_is_saved_as_picture_and_as_document(look: Callable[..., Page], line: str) -> None:
    page = look(f"/graph?id={line}&depth=1")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="PNG as seen").click()
    assert saving.value.path().read_bytes().startswith(b"\x89PNG")
    for name, begin in (("svg", "<svg"), ("prov-n", "document")):
        address = page.locator(f"#graph-export a[data-format='{name}']").get_attribute("href") or ""
        assert page.request.get(address).text().startswith(begin)


def test_without_scripts_there_are_a_drawing_and_the_table(window: Open, line: str) -> None:
    page = window(viewport=SCREEN, java_script_enabled=False).open(f"/graph?id={line}&depth=1")
    assert page.locator(".graph-drawing img").evaluate("one => one.complete && one.naturalWidth") > 300
    page.get_by_role("link", name="Show 2 causes of stack 2").click()
    expect(page.get_by_role("link", name="flat 2", exact=True)).to_be_visible()
    page.get_by_label("View").select_option("Data only")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="stack 2", exact=True)).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_explorer_has_no_serious_barrier(window: Open, line: str, scheme: str, width: int) -> None:
    looking = window(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = looking.open(f"/graph?id={line}&select={line}")
    expect(page.get_by_role("region", name="Details").get_by_role("heading", level=3).first).to_be_visible()
    assert looking.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
