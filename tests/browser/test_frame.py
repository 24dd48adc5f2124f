"""What all pages share: a frame without barriers, files that are compressed and kept, times in the reader's zone."""

from __future__ import annotations

import httpx
import pytest

from tests.browser.site import Open, Site


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/new?service=sleep", "/definitions", "/login"])
def test_a_page_has_no_serious_barrier(window: Open, path: str, scheme: str) -> None:
    looking = window(color_scheme=scheme)
    assert looking.barriers(looking.open(path)) == []


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
