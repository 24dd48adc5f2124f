"""The page of a job, as people use it: run it, watch it, look at what it made, hand it on, and learn why it failed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from playwright.sync_api import Locator, Page, expect

from provstore.client import RemoteJob
from tests.browser.hub import desktop
from tests.browser.site import Open, Site
from tests.e2e.served import start

HUB = "localhost:21012"
WHOLE_LOADS = "() => performance.getEntriesByType('navigation').length + ' ' + (window.mark ?? '')"


def part(page: Page, name: str) -> Locator:
    """Give the box under a heading."""
    return page.locator("section", has=page.get_by_role("heading", name=re.compile(f"^{name}"), level=2))


def set_anew(page: Page, name: str, value: str, button: str) -> None:
    page.get_by_role("textbox", name=name).fill(value)
    page.get_by_role("button", name=button).click()


def station(page: Page, phase: str) -> Locator:
    return page.get_by_label("Phases").get_by_role("listitem").filter(has_text=phase)


def started(site: Site, code: str, *, service: str = "one", by: str = "") -> RemoteJob:
    with site.client(by) as client:
        return start(client, service, code)


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of two planes, and a table."""
    file = tmp_path_factory.mktemp("sky") / "sky.fits"
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    image = fits.ImageHDU(np.stack([values, values[::-1]]), name="SKY")
    table = fits.BinTableHDU.from_columns([fits.Column("energy", "D", "TeV", array=[1.5, 2.5])], name="EVENTS")
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(file)
    return file


def test_a_waiting_job_is_changed_and_run_and_its_page_follows_it_to_its_result(site: Site, window: Open) -> None:
    site.account("curie")
    with site.client("curie") as client:
        job = client.create("sleep", parameters={"duration": "0.2", "text": "before"})
    looking = window("curie")
    looking.allowed.append("400")
    page = looking.open(f"/jobs/{job.id}")
    page.evaluate("window.mark = 'the same page'")
    expect(station(page, "PENDING")).to_have_attribute("aria-current", "step")

    field = page.get_by_role("textbox", name="duration")
    field.fill("soon")
    field.press("Enter")
    expect(part(page, "Parameters").get_by_role("alert")).to_contain_text("soon")
    expect(field).to_have_attribute("aria-invalid", "true")
    set_anew(page, "duration", "0.3", "Set duration")
    expect(page.get_by_role("status")).to_have_text("Set")
    set_anew(page, "text", "what I meant", "Set text")
    expect(part(page, "Parameters").get_by_role("alert")).to_have_count(0)
    set_anew(page, "Runs at most", "60", "Set the longest run")
    expect(page.get_by_role("textbox", name="Runs at most")).to_have_value("60")
    assert page.evaluate(WHOLE_LOADS) == "1 the same page"
    assert looking.barriers(page) == []

    page.get_by_role("button", name="Run", exact=True).click()
    expect(station(page, "COMPLETED")).to_have_attribute("aria-current", "step")
    expect(part(page, "Results").locator("pre")).to_contain_text("what I meant")
    expect(page).to_have_title(f"sleep {job.id[:4]}…{job.id[-8:]} · COMPLETED · provstore")
    expect(part(page, "Parameters")).to_contain_text("0.3 s")
    expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(0)


def test_output_is_seen_as_it_is_printed_and_a_job_is_stopped(site: Site, window: Open, tmp_path: Path) -> None:
    go = tmp_path / "go"
    job = started(site, f'echo begins; until [ -e {go} ]; do sleep 0.05; done; echo "goes on"; sleep 60')
    page = window().open(f"/jobs/{job.id}")
    page.evaluate("window.mark = 'the same page'")
    log = page.locator("pre[aria-label=stdout]")
    expect(log).to_have_text("begins\n")
    go.touch()
    expect(log).to_have_text("begins\ngoes on\n")
    expect(station(page, "EXECUTING")).to_have_attribute("aria-current", "step")
    pause = part(page, "Log").get_by_role("button", name="Pause").first
    pause.click()
    expect(part(page, "Log").get_by_role("button", name="Go on")).to_be_visible()

    page.get_by_role("button", name="Abort").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    with site.client() as client:
        client.abort(client.job("one", job.id))
    expect(station(page, "ABORTED")).to_have_attribute("aria-current", "step")
    expect(station(page, "ABORTED")).to_contain_text("user anonymous")
    expect(page.get_by_role("button", name="Abort")).to_have_count(0)
    expect(pause).to_be_hidden()
    assert page.evaluate(WHOLE_LOADS) == "1 the same page"


def test_a_log_whose_line_ends_before_its_job_is_taken_up_again(site: Site, window: Open, tmp_path: Path) -> None:
    go = tmp_path / "go"
    job = started(site, f"echo begins; until [ -e {go} ]; do sleep 0.05; done; echo ends")
    looking = window()
    looking.context.route("**/stdout?follow=true*", lambda one: one.fulfill(body="begins\n"), times=1)
    page = looking.open(f"/jobs/{job.id}")
    log = page.locator("pre[aria-label=stdout]")
    expect(log).to_have_text("begins\n")
    go.touch()
    expect(log).to_have_text("begins\nends\n")
    expect(page.locator("section[data-log$=stdout]")).to_have_attribute("data-state", "over")


def test_an_answer_counts_though_its_button_was_taken_anew_meanwhile(site: Site, window: Open) -> None:
    job = started(site, "sleep 60")
    page = window().open(f"/jobs/{job.id}")
    page.get_by_role("button", name="Abort").click()
    page.locator("#head").evaluate("head => head.replaceChildren(...head.cloneNode(true).childNodes)")
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    expect(station(page, "ABORTED")).to_have_attribute("aria-current", "step")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_failed_job_says_first_what_went_wrong(site: Site, window: Open, scheme: str) -> None:
    lines = 'for i in $(seq 20000); do echo "line $i of what nobody reads to its end"; done'
    code = f"{{ {lines}; echo no such star; }} >&2; exit 3"
    with site.client() as client:
        job = client.wait(start(client, "one", code))
    looking = window(color_scheme=scheme, viewport={"width": 360, "height": 700})
    page = looking.open(f"/jobs/{job.id}")
    expect(page.get_by_role("heading", level=2).first).to_have_text("What went wrong")
    expect(page.get_by_text("the script ended with exit code 3")).to_be_in_viewport()
    detail = page.get_by_label("Last lines of stderr")
    assert "no such star" in detail.inner_text()
    assert detail.evaluate("one => one.scrollTop") == 0  # that is its end: it begins there
    log = page.locator("pre[aria-label=stderr]")
    assert len(log.inner_text()) < 20_000
    page.get_by_role("link", name="the last 1,000").click()
    expect(log).to_contain_text("line 19500 of")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert looking.barriers(page) == []


def test_the_image_and_the_table_in_a_file_are_looked_at_in_place(site: Site, window: Open, sky: Path) -> None:
    job = site.finished("many", code=f"cp {sky} sky.dat")
    looking = window()
    page = looking.open(f"/jobs/{job.id}")
    preview = part(page, "Results").locator(".preview")
    picture = preview.get_by_role("img")
    drawn = "one => one.complete && one.naturalWidth > 0"
    expect(picture).to_be_visible()
    page.wait_for_function(drawn, arg=picture.element_handle())
    preview.get_by_label("Stretch").select_option("asinh")
    expect(picture).to_have_attribute("src", f"{site.address}/preview.png?" + _query(job, "hdu=1&stretch=asinh"))
    page.wait_for_function(drawn, arg=picture.element_handle())
    preview.get_by_text("Header of SKY").click()
    expect(preview.get_by_label("FITS header")).to_contain_text("NAXIS3")
    preview.get_by_label("Part").focus()
    preview.get_by_label("Part").select_option("2")
    expect(preview.get_by_role("columnheader", name="energy TeV")).to_be_visible()
    expect(preview.get_by_role("cell", name="2.5")).to_be_visible()
    expect(preview.get_by_label("Part")).to_be_focused()
    assert looking.barriers(page) == []
    part(page, "Results").get_by_role("button", name="Preview").click()
    expect(preview).to_have_count(0)


def _query(job: RemoteJob, choice: str) -> str:
    hdu, stretch = choice.split("&")
    return f"id=e{job.id[1:]}.data&size=1024&{hdu}&{stretch}"


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj
trailer<</Root 1 0 R>>
"""


def test_a_pdf_is_read_by_the_browser_s_own_reader(site: Site, window: Open, tmp_path: Path) -> None:
    (tmp_path / "plot.pdf").write_bytes(PDF)
    job = site.finished("many", code=f"cp {tmp_path / 'plot.pdf'} a.dat")
    looking = window()
    looking.allowed += ["chrome-extension://", "chrome://resources/"]  # the reader's own files
    with looking.context.expect_event("request", lambda one: one.url.startswith("chrome")):
        page = looking.open(f"/jobs/{job.id}")
        part(page, "Results").locator("iframe").scroll_into_view_if_needed()
    expect(part(page, "Results").get_by_role("link", name="Open the PDF")).to_be_visible()


def test_a_remark_is_added_and_a_wrong_one_is_told_beside_it(site: Site, window: Open) -> None:
    site.account("curie")
    job = site.finished("sleep", by="curie", duration="0")
    looking = window("curie", viewport={"width": 360, "height": 700})
    looking.allowed.append("400")
    page = looking.open(f"/jobs/{job.id}")
    remarks = part(page, "Remarks")
    remarks.get_by_text("Add a remark").click()
    remarks.get_by_label("Remark", exact=True).fill("far away")
    remarks.get_by_label("As").fill("obscore.s_ra")
    remarks.get_by_role("button", name="Add").click()
    expect(remarks.get_by_role("alert")).to_contain_text("far away")
    assert looking.barriers(page) == []
    remarks.get_by_label("Remark", exact=True).fill("clouds after midnight")
    remarks.get_by_label("As").fill("comment")
    remarks.get_by_role("button", name="Add").click()
    expect(page.locator("#remarks-list")).to_contain_text("clouds after midnight")
    expect(remarks.get_by_label("Remark", exact=True)).to_have_value("")
    expect(remarks.get_by_role("alert")).to_have_count(0)


def test_a_damaged_picture_says_so(site: Site, window: Open) -> None:
    job = site.finished("many", code=r"printf '\211PNG\r\n\032\nand nothing more' > a.dat")
    looking = window()
    looking.allowed.append("415")
    page = looking.open(f"/jobs/{job.id}")
    expect(part(page, "Results").get_by_text("No preview: the file is damaged")).to_be_visible()


def test_of_three_hundred_results_the_first_are_shown_and_the_rest_is_folded(site: Site, window: Open) -> None:
    name = "n" * 90
    job = site.finished("many", code=f"for i in $(seq 300); do echo $i > {name}$i.dat; done")
    looking = window()
    page = looking.open(f"/jobs/{job.id}")
    results = part(page, "Results")
    expect(results.locator(".result")).to_have_count(12)
    results.get_by_text("288 more").click()
    expect(results.get_by_role("row")).to_have_count(289)
    assert looking.barriers(page) == []


def test_a_job_is_shared_with_a_person_and_that_is_ended(site: Site, window: Open) -> None:
    site.account("curie")
    site.account("meitner")
    job = site.finished("sleep", by="curie", duration="0")
    looking = window("curie")
    looking.allowed.append("400")
    page = looking.open(f"/jobs/{job.id}")
    sharing = part(page, "Who sees it")
    sharing.get_by_label("Account").fill("nobody-here")
    sharing.get_by_role("button", name="Share").click()
    expect(sharing.get_by_role("alert")).to_contain_text("there is no such account")
    sharing.get_by_label("Account").fill("meitner")
    sharing.get_by_role("button", name="Share").click()
    expect(sharing.get_by_role("listitem")).to_contain_text("meitner")
    hers = window("meitner").open(f"/jobs/{job.id}")
    expect(part(hers, "Results").locator("pre")).to_contain_text("hello")
    expect(hers.get_by_role("button", name="Delete")).to_have_count(0)
    sharing.get_by_label("Account").fill("public")
    sharing.get_by_label("Not before").fill("2999-01-01")
    sharing.get_by_role("button", name="Share").click()
    expect(sharing.get_by_role("listitem").filter(has_text="Everybody from")).to_be_visible()
    sharing.get_by_role("button", name="End sharing with meitner").click()
    expect(sharing.get_by_role("listitem")).to_have_count(1)
    assert site.ask("GET", f"/uws/sleep/{job.id}/sharing", by="curie")["items"][0]["reader"] == "public"


def test_an_image_is_sent_to_a_desktop_program_that_has_no_account(
    site: Site, window: Open, sky: Path, tmp_path: Path
) -> None:
    site.account("curie")
    job = site.finished("many", by="curie", code=f"cp {sky} sky.dat")
    looking = window("curie")
    looking.allowed.append(HUB)
    page = looking.open(f"/jobs/{job.id}")
    with desktop(tmp_path, "image.load.fits") as aladin:
        page.get_by_role("button", name="Send by SAMP").click()
        expect(part(page, "Results").get_by_text("Sent to Aladin.")).to_be_visible()
        mtype, params, content = aladin.got.get(timeout=10)
        assert (mtype, params["name"], content) == ("image.load.fits", "data", sky.read_bytes())
        assert "ticket=" in params["url"]
        assert "ticket=" not in params["image-id"]
        assert aladin.asked == [f"provstore of {site.address}"]
    page.get_by_role("button", name="Send by SAMP").click()
    expect(part(page, "Results").get_by_text("No SAMP hub answers")).to_be_visible()


def test_regions_are_sent_to_ds9(site: Site, window: Open, tmp_path: Path) -> None:
    regions = "# Region file format: DS9 version 4.1\nicrs\ncircle(83.6,22,0.1)\n"
    job = site.finished("many", code=f"printf '%s' '{regions}' > a.dat")
    looking = window()
    looking.allowed.append(HUB)
    page = looking.open(f"/jobs/{job.id}")
    with desktop(tmp_path, "ds9.set") as ds9:
        page.get_by_role("button", name="Send by SAMP").click()
        mtype, params, content = ds9.got.get(timeout=30)
    assert (mtype, params["cmd"], content.decode()) == ("ds9.set", "regions", regions)


def test_what_the_hub_s_user_refuses_is_not_sent(site: Site, window: Open, sky: Path, tmp_path: Path) -> None:
    job = site.finished("many", code=f"cp {sky} sky.dat")
    looking = window()
    looking.allowed.append(HUB)
    page = looking.open(f"/jobs/{job.id}")
    with desktop(tmp_path, "image.load.fits", consents=False) as aladin:
        page.get_by_role("button", name="Send by SAMP").click()
        expect(part(page, "Results").get_by_text("The hub refused")).to_be_visible()
        assert aladin.got.empty()


def test_hash_address_and_command_are_copied(site: Site, window: Open) -> None:
    job = site.finished("sleep", duration="0", text="to copy")
    looking = window(permissions=["clipboard-read", "clipboard-write"])
    page = looking.open(f"/jobs/{job.id}")
    part(page, "Results").get_by_role("button", name="Copy hash").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    copied = "() => navigator.clipboard.readText()"
    assert page.evaluate(copied) == job.result("result").sha256
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Copy for curl").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('curl')")
    assert "text=to copy" in page.evaluate(copied)


def test_a_job_is_deleted_after_a_question_and_other_windows_say_so(site: Site, window: Open) -> None:
    job = started(site, "sleep 60")
    looking, other = window(), window()
    for one in (looking, other):
        one.allowed.append("404")  # it may look once more before it hears of it
    watching = other.open(f"/jobs/{job.id}")
    page = looking.open(f"/jobs/{job.id}")
    expect(station(watching, "EXECUTING")).to_have_attribute("aria-current", "step")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_contain_text("Jobs")
    expect(watching.get_by_text("This job was deleted; its provenance stays.")).to_be_visible()


def test_without_scripts_a_job_is_read_and_its_results_are_reached(site: Site, window: Open, sky: Path) -> None:
    job = site.finished("many", code=f"cp {sky} a.dat; echo text > b.dat; echo said")
    looking = window(java_script_enabled=False)
    page = looking.open(f"/jobs/{job.id}")
    expect(page.locator("pre[aria-label=stdout]")).to_have_text("said\n")
    expect(part(page, "Results").get_by_role("link", name="Download")).to_have_count(2)
    expect(page.get_by_role("link", name="Run again")).to_be_visible()
    page.get_by_text("Download provenance").click()
    expect(page.get_by_role("link", name="prov-xml", exact=True)).to_be_visible()
    page.get_by_text("Download provenance").click()
    part(page, "Results").get_by_role("link", name="Preview").first.click()
    page.get_by_label("Part").select_option("2")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="energy TeV")).to_be_visible()


def test_a_finished_job_has_no_barrier(site: Site, window: Open, sky: Path) -> None:
    site.account("curie")
    job = site.finished("many", by="curie", code=f"cp {sky} a.dat")
    looking = window("curie", viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = looking.open(f"/jobs/{job.id}")
    expect(part(page, "Results").locator(".preview")).to_be_visible()
    assert looking.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
