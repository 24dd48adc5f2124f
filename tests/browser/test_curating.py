"""What curators do: find a product and its source, tell what a bad file spoiled, run it again, bring documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from provstore.client import RemoteJob
from tests.browser.site import Open, Site

CURATOR: Final = "curie"
PHONE: Final = 360
"""Pixels across a small screen."""
DOCUMENT: Final = """document
prefix ex <http://example.org/a/b#>
entity(ex:raw, [prov:label="raw frame"])
entity(ex:clean)
activity(ex:cleaning)
used(ex:cleaning, ex:raw, -)
wasGeneratedBy(ex:clean, ex:cleaning, -)
endDocument
"""
CLEAN: Final = "http://example.org/a/b#clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A bad file, two copies in a line, and a good file, all of the curator's."""

    jobs: tuple[RemoteJob, RemoteJob]
    bad: str
    good: str
    document: str

    def path(self, pattern: str) -> str:
        first, last = self.jobs
        names = {"bad": self.bad, "good": self.good, "job": first.id, "other": last.id, "document": self.document}
        return pattern.format(**names, last=last.entity("output"))


@pytest.fixture(scope="module")
def line(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Make the line."""
    site.account(CURATOR, "curator:*")
    place = tmp_path_factory.mktemp("files")
    for name in ("raw", "clean"):
        (place / f"{name}.dat").write_text(f"{name} frame of this test", encoding="utf-8")
    with site.client(CURATOR) as client:
        first = client.wait(client.run("copy", files={"input": place / "raw.dat"}))
        second = client.wait(client.run("copy", parameters={"input": first.entity("output")}))
        good = client.wait(client.run("copy", files={"input": place / "clean.dat"}))
    used = site.ask("GET", f"/prov/lineage?id={first.id}&depth=1&class=entity")["nodes"]
    bad = next(one["id"] for one in used if one["label"] == "raw.dat").rpartition("#")[2]
    sent = site.ask("POST", "/prov/documents?format=prov-n&public=true", content=DOCUMENT.encode())
    return Line(jobs=(first, second), bad=bad, good=good.entity("output"), document=sent["document"])


def test_the_source_of_a_product_is_found_in_three_clicks(window: Open, line: Line) -> None:
    page = window(CURATOR).open(f"/jobs/{line.jobs[1].id}")
    page.locator(f"main a[href*='/product?id={line.jobs[1].entity('output')}']").first.click()
    page.get_by_role("link", name="What made it").first.click()
    page.get_by_role("region", name="Sources").get_by_role("link", name="raw.dat", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("raw.dat")
    expect(page.get_by_text("Nothing here made it")).to_have_count(2)


def test_a_file_in_hand_leads_to_its_record(window: Open, line: Line, tmp_path: Path) -> None:
    page = window(CURATOR).open("/search")
    file = tmp_path / "renamed.dat"
    file.write_text("clean frame of this test", encoding="utf-8")
    page.get_by_label("A file in hand").set_input_files(file)
    page.get_by_role("button", name="Find its record").click()
    expect(page.get_by_text(re.compile(r"^[2-9] found"))).to_be_visible()  # the file that was brought, and its copies
    file.write_text("nobody knows it", encoding="utf-8")
    page.get_by_label("A file in hand").set_input_files(file)
    page.get_by_role("button", name="Find its record").click()
    expect(page.get_by_text("There is no record of this file here")).to_be_visible()


def test_a_search_is_narrowed_and_shared_as_a_short_address(window: Open, line: Line) -> None:
    page = window(CURATOR).open("/search")
    form = page.get_by_role("search", name="All that is stored")
    form.get_by_label("Name, id, hash").fill("OUTPUT")
    form.get_by_role("button", name="Search").click()
    page.get_by_role("group", name="Service").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/search\?q=OUTPUT&service=copy$|/search\?.*service=copy"))
    assert "parameter" not in page.url
    page.get_by_role("link", name="Without service").click()
    page.get_by_role("link", name="Without text").click()
    expect(page.get_by_text("The newest")).to_be_visible()


def chosen_plan(page: Page) -> Page:
    """Go from what is affected to a plan that is kept."""
    page.get_by_role("link", name="Plan to run it again").click()
    page.get_by_label("Replace it by").wait_for()
    return page


def test_all_that_a_bad_file_spoiled_is_found_run_again_and_accepted(window: Open, line: Line) -> None:
    looking = window(CURATOR)
    page = looking.open(f"/product?id={line.bad}")
    page.get_by_role("link", name="This file is bad").click()
    expect(page.get_by_text("2 products came of it")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_text("All of it as a table").click()
        page.get_by_role("link", name="CSV").click()
    assert kept.value.suggested_filename == "impact.csv"
    chosen_plan(page).get_by_label("Replace it by").fill(line.good)
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 jobs would run again")
    page.get_by_role("button", name="Keep the plan").click()
    expect(page.get_by_role("button", name="Run only the chosen")).to_be_disabled()
    page.get_by_label("Choose all").check()
    expect(page.get_by_role("button", name="Run only the chosen 2")).to_be_enabled()
    page.get_by_role("button", name="Run all 2").click()
    page.get_by_role("dialog").get_by_role("button", name="Run all 2").click()
    expect(page.get_by_text("2 of 2 over")).to_be_visible()
    expect(page.locator(".state")).to_have_text("over")
    expect(page.get_by_text("2 that differ")).to_be_visible()
    assert looking.barriers(page) == []
    compared = page.get_by_role("link", name="Compare").first.get_attribute("href") or ""
    page.get_by_role("button", name="Accept the new products").click()
    page.get_by_role("dialog").get_by_role("button", name="Accept").click()
    expect(page.locator(".state")).to_have_text("accepted")
    page.goto(compared)
    expect(page.get_by_text("1 input and 1 result differ")).to_be_visible()
    page.goto(line.path("/product?id={last}"))
    expect(page.get_by_text("A newer version was accepted")).to_be_visible()


def test_what_very_much_came_of_is_shown_at_once_and_counted_meanwhile(window: Open, site: Site, line: Line) -> None:
    many = "\n".join(f"wasDerivedFrom(ex:p{number}, ex:dark)" for number in range(300))
    text = f"document\nprefix ex <http://example.org/many#>\nentity(ex:dark)\n{many}\nendDocument\n"
    site.ask("POST", "/prov/documents?format=prov-n", content=text.encode())
    page = window(CURATOR).open(f"/impact?id={quote('http://example.org/many#dark', safe='')}")
    expect(page.get_by_role("heading", name="1 to 200")).to_be_visible()
    expect(page.locator("#counts")).to_contain_text("300 products came of it")
    page.get_by_role("link", name="Next 200").click()
    expect(page.get_by_role("heading", name="201 to 300")).to_be_visible()


@pytest.mark.usefixtures("line")
def test_a_document_with_a_mistake_is_refused_beside_its_form_then_taken(window: Open, tmp_path: Path) -> None:
    looking = window(CURATOR)
    looking.allowed.append("400")
    page = looking.open("/documents")
    file = tmp_path / "mine.provn"
    file.write_text(DOCUMENT.replace("entity(ex:clean)", "entity(ex:clean"), encoding="utf-8")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Only if it keeps").check()
    page.get_by_role("button", name="Bring it").click()
    expect(page.get_by_role("alert")).to_contain_text("line 5")
    expect(page.get_by_label("Only if it keeps")).to_be_checked()
    assert looking.barriers(page) == []
    file.write_text(DOCUMENT, encoding="utf-8")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Bring it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("mine.provn")
    page.get_by_role("link", name="Check it").click()
    expect(page.get_by_text("It keeps all of them.")).to_be_visible()
    page.get_by_role("region", name="What it speaks of").get_by_role("link", name="clean", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clean")
