"""What all pages share: a frame without barriers, files that are compressed and kept, times in the reader's zone."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.site import PASSWORD, Open, Site


def test_files_of_pages_are_compressed_and_kept(site: Site, window: Open) -> None:
    page = window().open("/")
    sheet = page.locator("link[rel=stylesheet]").first.get_attribute("href") or ""
    answer = httpx.get(sheet)
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(sheet, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    plain = httpx.get(f"{site.address}/static/css/provstore.css", headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text
    assert "immutable" not in plain.headers["cache-control"]


def test_times_are_told_in_the_readers_zone(site: Site, window: Open) -> None:
    job = site.finished("sleep", duration="0")
    page = window(timezone_id="Asia/Tokyo", locale="en-GB").open(f"/jobs/{job.id}")
    time = page.locator("time.instant").first
    told = time.get_attribute("datetime") or ""
    assert time.get_attribute("title") == told
    hour = (int(told[11:13]) + 9) % 24
    assert f" {hour:02}:{told[14:16]}:" in time.inner_text()


def test_the_box_in_the_frame_is_reached_by_keyboard(window: Open) -> None:
    page = window().open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("scripts", ["with", "without"])
def test_the_frame_takes_two_rows_of_a_phone_and_its_menu_opens_by_keyboard(window: Open, scripts: str) -> None:
    page = window(viewport={"width": 360, "height": 640}, java_script_enabled=scripts == "with").open("/definitions")
    bar = page.locator("body > header").bounding_box()
    assert bar is not None
    assert bar["height"] < 100
    expect(page.get_by_role("navigation")).to_be_hidden()
    page.get_by_role("button", name="Menu").press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation").get_by_role("link", name="Products").click()
    page.wait_for_url("**/search")


def test_who_signs_in_comes_back_to_the_very_list_he_looked_at(site: Site, window: Open) -> None:
    site.account("curie")
    page = window().open("/jobs?runid=night+%26+day&phase=ERROR")
    page.get_by_role("link", name="Sign in").first.click()
    page.get_by_label("Name", exact=True).fill("curie")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs?runid=night+%26+day&phase=ERROR")
    expect(page.get_by_label("Run id")).to_have_value("night & day")


def test_words_for_the_ear_alone_widen_no_page(site: Site, window: Open) -> None:
    site.finished("sleep", duration="0")
    looking = window(viewport={"width": 360, "height": 640})
    for path in ("/search", "/definitions", "/login", "/nowhere"):
        looking.allowed.append("404")
        page = looking.open(path)
        page.locator("#find").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
