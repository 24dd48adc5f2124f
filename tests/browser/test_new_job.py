"""The form of a new job: filled in, corrected, sent, and filled in again, by people with and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Open, Site

BYTES = b"a line of a file that is long enough to be known again by its bytes\n" * 3
REFUSED = "status of 400"
"""What the console says of a form that the server has refused."""


@pytest.fixture(autouse=True)
def _person(site: Site) -> None:
    site.account("curie")


def ran(page: Page) -> str:
    """Give the id of the job to whose page one was led."""
    page.wait_for_url(re.compile(r"/jobs/j[0-9a-f]{32}"))
    return page.url.rpartition("/")[2]


def wrong(page: Page, name: str) -> Locator:
    return page.locator(f'[id="field-{name}"] .wrong')


def chosen(page: Page, name: str) -> int:
    return int(page.eval_on_selector(f'[id="f-{name}"]', "one => one.files.length"))


def product(site: Site, job: str, name: str) -> str:
    return f"e{job[1:]}.{name}"


def facts(site: Site, service: str, job: str) -> dict[str, Any]:
    return dict(site.ask("GET", f"/uws/{service}/{job}", by="curie"))


def test_what_is_wrong_is_told_where_it_is_and_the_corrected_form_runs(site: Site, window: Open) -> None:
    page = window("curie").open("/jobs/new?service=sleep&duration=0")
    page.locator("[data-group=parameters] summary").click()
    code = page.get_by_label("exit_code")
    code.fill("999")
    code.press("Tab")
    expect(wrong(page, "exit_code")).to_have_text("999 is above 255")
    assert code.get_attribute("aria-invalid") == "true"
    page.get_by_label("duration [s]", exact=True).fill("-1")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("2 values have to be corrected")
    expect(page.get_by_label("duration [s]", exact=True)).to_be_focused()
    page.get_by_label("duration [s]", exact=True).fill("0")
    expect(wrong(page, "duration")).to_be_empty()
    code.fill("0")
    page.get_by_label("text").fill("long enough to be a file of its own")
    page.get_by_role("button", name="Run").click()
    job = facts(site, "sleep", ran(page))
    assert job["phase"] != "PENDING"
    assert job["parameters"]["text"] == "long enough to be a file of its own"


def test_a_form_refused_by_the_server_keeps_its_files_and_says_why_beside_the_field(site: Site, window: Open) -> None:
    looking = window("curie")
    looking.allowed.append(REFUSED)
    page = looking.open("/jobs/new?service=copy")
    page.set_input_files('[id="f-input"]', {"name": "mine.dat", "mimeType": "text/plain", "buffer": BYTES})
    page.get_by_text("2 more, optional").click()
    page.get_by_label("Destruction").fill("2001-01-01T00:00")
    page.get_by_role("button", name="Save as PENDING").click()
    expect(wrong(page, "DESTRUCTION")).to_contain_text("lies in the past")
    expect(page.get_by_label("Destruction")).to_be_focused()
    assert chosen(page, "input") == 1
    assert "chosen again" not in page.locator("main").inner_text()
    page.get_by_label("Destruction").fill("")
    page.get_by_role("button", name="Save as PENDING").click()
    assert facts(site, "copy", ran(page))["phase"] == "PENDING"


def test_an_earlier_product_is_chosen_by_search_and_the_keyboard(site: Site, window: Open) -> None:
    made = site.finished("sleep", by="curie", duration="0", text="chosen by the keyboard").id
    looking = window("curie")
    page = looking.open("/jobs/new?service=copy")
    box = page.get_by_role("combobox", name=re.compile("id of what is stored"))
    box.press_sequentially("resu")
    expect(page.get_by_role("option").first).to_be_visible()
    assert looking.barriers(page) == []
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    box.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", re.compile("."))
    box.press("Enter")
    expect(box).to_have_value(product(site, made, "result"))
    expect(page.locator(".named a")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    copied = ran(page)
    around = site.ask("GET", "/prov/lineage", by="curie", params={"id": copied, "direction": "up", "depth": 1})
    assert any(one["id"].endswith(product(site, made, "result")) for one in around["nodes"])


def test_a_known_file_is_linked_instead_of_sent_and_its_work_is_not_done_twice(site: Site, window: Open) -> None:
    text = BYTES.decode()
    made = site.finished("sleep", by="curie", duration="0", text=text).id
    with site.client("curie") as client:
        result = client.fetch(f"/uws/sleep/{made}/results/result")
    page = window("curie").open("/jobs/new?service=copy")
    page.set_input_files('[id="f-input"]', {"name": "again.txt", "mimeType": "text/plain", "buffer": result})
    expect(page.locator(".known")).to_contain_text("made by sleep")
    page.get_by_role("button", name="Link it instead").click()
    assert chosen(page, "input") == 0
    expect(page.locator('[id="r-input"]')).to_have_value(product(site, made, "result"))
    page.get_by_role("button", name="Run").click()
    first = ran(page)
    with site.client("curie") as client:
        client.wait(client.job("copy", first))
    page.goto(f"/jobs/new?service=copy&input={product(site, made, 'result')}")
    expect(page.locator(".earlier")).to_contain_text("This very work was done")
    expect(page.get_by_role("link", name="Show its results")).to_have_attribute("href", re.compile(first))


def test_a_job_fills_the_form_in_and_what_is_emptied_has_its_default(site: Site, window: Open) -> None:
    made = site.finished("sleep", by="curie", duration="0.5", text="of the first").id
    page = window("curie").open(f"/jobs/new?from={made}")
    expect(page.locator(".before")).to_contain_text("exactly this revision")
    expect(page.get_by_label("text")).to_have_value("of the first")
    page.get_by_label("duration [s]", exact=True).fill("")
    page.get_by_role("button", name="Save as PENDING").click()
    wanted = {"duration": "1", "exit_code": "0", "text": "of the first"}
    assert facts(site, "sleep", ran(page))["parameters"] == wanted


def test_a_form_is_saved_as_a_link_and_set_back(window: Open) -> None:
    page = window("curie").open("/jobs/new?service=sleep")
    page.get_by_label("text").fill("to be kept & found")
    page.get_by_role("button", name="Save as link").click()
    link = page.locator("[data-told] a").get_attribute("href") or ""
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("text")).to_have_value("hello")
    page.goto(link)
    expect(page.get_by_label("text")).to_have_value("to be kept & found")
    assert "duration" not in link


def test_several_values_have_a_row_each(site: Site, window: Open) -> None:
    page = window("curie").open("/jobs/new?service=gammapy_maps&obs_ids=1+2")
    rows = page.locator('[id="field-obs_ids"] .item input')
    expect(rows).to_have_count(2)
    page.locator('[id="field-obs_ids"]').get_by_role("button", name="Add another").click()
    rows.nth(2).fill("3")
    page.get_by_role("button", name="Remove obs_ids, 1").click()
    page.get_by_role("button", name="Save as PENDING").click()
    assert facts(site, "gammapy_maps", ran(page))["parameters"]["obs_ids"] == "2 3"


def test_a_described_dataset_is_shown_and_goes_into_the_job(site: Site, window: Open) -> None:
    told = "obscore.target_name=Crab&obscore.s_ra=83.63&obscore.s_dec=22.01&obscore.t_min=53000&obscore.em_min=1e-18"
    page = window("curie").open(f"/jobs/new?service=sleep&duration=0&{told}")
    for words in ("Crab", "83.63° 22.01° (ICRS)", "2003-12-27", "1.24 TeV"):
        expect(page.locator(".dataset")).to_contain_text(words)
    page.get_by_role("button", name="Run").click()
    job = ran(page)
    node = site.ask("GET", "/prov/search", by="curie", params={"class": "activity", "id": job, "fields": "attributes"})
    assert node["items"][0]["attributes"]["ivo://ivoa.net/std/ObsCore#target_name"] == "Crab"


def test_without_scripts_a_form_is_filled_in_refused_with_all_that_is_wrong_and_sent(site: Site, window: Open) -> None:
    looking = window("curie", java_script_enabled=False, viewport={"width": 360, "height": 700})
    looking.allowed.append(REFUSED)
    page = looking.open("/jobs/new?service=copy")
    page.set_input_files('[id="f-input"]', {"name": "mine.dat", "mimeType": "text/plain", "buffer": BYTES})
    page.get_by_text("2 more, optional").click()
    page.get_by_label("Destruction").fill("2001-01-01T00:00")
    page.get_by_role("button", name="Save as PENDING").click()
    expect(page.get_by_role("alert")).to_contain_text("Files have to be chosen again: mine.dat")
    expect(wrong(page, "DESTRUCTION")).to_contain_text("lies in the past")
    page.get_by_label("Destruction").fill("")
    page.set_input_files('[id="f-input"]', {"name": "mine.dat", "mimeType": "text/plain", "buffer": BYTES})
    page.get_by_role("button", name="Save as PENDING").click()
    assert facts(site, "copy", ran(page))["phase"] == "PENDING"


def test_the_form_fits_a_phone_and_has_no_serious_barrier(window: Open) -> None:
    looking = window("curie", viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = looking.open("/jobs/new?service=gammapy_maps&RA=999&obscore.s_ra=900&obscore.target_name=Crab")
    page.eval_on_selector_all("details:not(.menu)", "all => all.forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert looking.barriers(page) == []
