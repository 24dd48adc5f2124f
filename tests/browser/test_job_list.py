"""The list of jobs as people use it: choosing, following, acting on one and on many, with and without scripts."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Open, Site

LONG: Final = "600"
REFUSED: Final = "the server responded with a status of 40"
"""What the browser says of a refused request; the page says it, too."""


def running(site: Site, run_id: str, *, by: str = "") -> str:
    """Let a job run for long; give its id."""
    with site.client(by) as client:
        return client.run("sleep", parameters={"duration": LONG}, run_id=run_id).id


def pending(site: Site, run_id: str, *, by: str = "", **values: str) -> str:
    """Make a job that waits to be started; give its id."""
    with site.client(by) as client:
        return client.create("sleep", parameters={"RUNID": run_id, **values}).id


def abort(site: Site, job: str) -> None:
    """Abort a job past the page."""
    site.ask("POST", f"/uws/sleep/{job}/phase", data={"PHASE": "ABORT"}, follow_redirects=True)


def row(page: Page, job: str) -> Locator:
    return page.locator(f'tr[data-job="{job}"]')


def rows(page: Page) -> list[str]:
    return [one.get_attribute("data-job") or "" for one in page.locator("tr[data-job]").all()]


def answer(page: Page, verb: str) -> None:
    """Say yes to what the page asks."""
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()


def test_rows_follow_their_jobs_and_new_jobs_wait_until_they_are_asked_for(site: Site, window: Open) -> None:
    job = pending(site, "live")
    page = window().open("/jobs?runid=live")
    expect(row(page, job)).to_contain_text("PENDING")
    box = page.get_by_role("checkbox", name=re.compile("Select j"))
    box.check()
    later = running(site, "live too")
    news = page.get_by_role("button", name="1 new job: show")
    news.wait_for()
    assert rows(page) == [job]
    abort(site, job)
    expect(row(page, job)).to_contain_text("ABORTED")
    expect(box).to_be_checked()
    news.click()
    expect(page.locator("tr[data-job]")).to_have_count(2)
    assert rows(page) == [later, job]
    expect(row(page, later).get_by_role("link").first).to_be_focused()
    expect(row(page, later)).to_contain_text("EXECUTING")
    site.ask("DELETE", f"/uws/sleep/{later}", follow_redirects=True)
    expect(row(page, later)).to_contain_text("deleted")


def test_a_list_that_nobody_looks_at_holds_no_line_and_catches_up(site: Site, window: Open) -> None:
    job = pending(site, "hidden")
    page = window().open("/jobs?runid=hidden")
    turn = """(to) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => to === "another" });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    expect(row(page, job)).to_contain_text("PENDING")
    with page.expect_event("requestfailed", lambda one: one.url.endswith("/events")):
        page.evaluate(turn, "another")
    abort(site, job)
    pending(site, "hidden too")
    page.evaluate(turn, "this")
    expect(row(page, job)).to_contain_text("ABORTED")
    page.get_by_role("button", name="1 new job: show").wait_for()


def test_jobs_are_chosen_by_phase_run_id_and_parameter_and_the_address_says_so(site: Site, window: Open) -> None:
    failed = site.finished("sleep", RUNID="night 7", duration="0", exit_code="3").id
    good = site.finished("sleep", RUNID="night 8", duration="0", text="clear").id
    looking = window()
    looking.allowed.append(REFUSED)
    page = looking.open("/jobs")
    page.get_by_label("Run id").fill("night")
    page.get_by_label("Run id").press("Enter")
    expect(page.locator("tr[data-job]")).to_have_count(2)
    expect(page.locator("#total")).to_have_text("2 jobs")
    page.get_by_role("checkbox", name=re.compile("ERROR")).check()
    page.wait_for_url(re.compile(r"/jobs\?runid=night&phase=ERROR$|/jobs\?phase=ERROR&runid=night$"))
    assert rows(page) == [failed]
    expect(row(page, failed)).to_contain_text("the script ended with exit code 3")
    expect(page.get_by_role("checkbox", name=re.compile("ERROR"))).to_be_focused()
    page.get_by_role("link", name="Clear all").click()
    page.get_by_label("Parameter").fill("text=clear")
    page.get_by_label("Parameter").press("Enter")
    page.wait_for_url("**/jobs?parameter=text%3Dclear")
    assert rows(page) == [good]
    page.get_by_role("link", name=re.compile("text=clear")).click()
    page.wait_for_url("**/jobs?")
    page.goto("/jobs?parameter=nonsense")
    expect(page.get_by_role("alert").first).to_contain_text("'nonsense': name=value is needed")
    expect(page.get_by_label("Parameter")).to_have_value("nonsense")


def test_a_job_is_started_aborted_and_run_again_from_its_row_by_keyboard(site: Site, window: Open) -> None:
    job = pending(site, "keys", duration=LONG)
    page = window().open("/jobs?runid=keys")
    more = row(page, job).get_by_role("button", name=re.compile("^More for"))
    more.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(row(page, job)).to_contain_text(re.compile("QUEUED|EXECUTING"))
    expect(row(page, job).get_by_role("button", name=re.compile("^Abort j"))).to_be_attached()
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Abort", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    answer(page, "Abort")
    expect(row(page, job)).to_contain_text("ABORTED")
    row(page, job).hover()
    row(page, job).get_by_role("button", name=re.compile("^Run again")).click()
    answer(page, "Run again")
    page.get_by_role("button", name="1 new job: show").click()
    expect(page.locator("tr[data-job]")).to_have_count(2)
    assert site.ask("GET", f"/uws/sleep/{rows(page)[0]}")["parameters"]["duration"] == LONG


def test_many_jobs_are_aborted_and_deleted_at_once_and_what_failed_is_told(site: Site, window: Open) -> None:
    jobs = [running(site, "many") for _ in range(3)]
    looking = window()
    looking.allowed.append(REFUSED)
    page = looking.open("/jobs?runid=many")
    page.get_by_label("Select all jobs of this page").check()
    bar = page.get_by_role("region", name="Selected jobs")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Abort").click()
    page.get_by_role("dialog").wait_for()
    abort(site, jobs[0])
    answer(page, "Abort")
    told = page.locator("#told")
    expect(told).to_contain_text("2 jobs aborted, 1 failed")
    expect(told).to_contain_text("phase ABORTED")
    expect(page.locator("tr[data-job]").filter(has_text="ABORTED")).to_have_count(3)
    for job in jobs[:2]:
        row(page, job).get_by_role("checkbox").check()
    expect(bar.get_by_role("button", name="Compare two")).to_be_enabled()
    expect(bar.get_by_role("button", name="Abort")).to_be_disabled()
    bar.get_by_role("button", name="Delete").click()
    answer(page, "Delete")
    expect(page.locator("tr.gone")).to_have_count(2)
    page.reload()
    assert rows(page) == [jobs[2]]


def test_two_jobs_are_compared(site: Site, window: Open) -> None:
    jobs = sorted(site.finished("sleep", RUNID="pair", duration="0", text=text).id for text in "ab")
    page = window().open("/jobs?runid=pair")
    page.get_by_label("Select all jobs of this page").check()
    page.get_by_role("button", name="Compare two").click()
    page.wait_for_url(f"**/compare?a={jobs[0]}&b={jobs[1]}")


def test_a_test_job_runs_with_all_defaults(site: Site, window: Open) -> None:
    page = window().open("/jobs?service=sleep")
    page.get_by_role("button", name="Create test job").click()
    page.wait_for_url(re.compile(r"/jobs/j[0-9a-f]{32}$"))
    job = site.ask("GET", f"/uws/sleep/{page.url.rpartition('/')[2]}")
    assert (job["runId"], job["parameters"]["text"]) == ("test", "hello")
    needing = window().open("/jobs?service=copy")
    expect(needing.get_by_role("link", name="New job")).to_be_visible()
    expect(needing.get_by_role("button", name="Create test job")).to_have_count(0)


def test_a_double_click_makes_one_job(site: Site, window: Open) -> None:
    sent: list[str] = []
    page = window().open("/jobs?service=sleep")
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    twice = "button => { button.click(); setTimeout(() => button.click(), 20); }"
    page.get_by_role("button", name="Create test job").evaluate(twice)
    page.wait_for_url(re.compile(r"/jobs/j[0-9a-f]{32}$"))
    assert len(sent) == 1


def test_a_curator_sees_whose_jobs_they_are_and_can_do_no_harm(site: Site, window: Open) -> None:
    site.account("curie")
    site.account("vera", "curator:sleep")
    hers = running(site, "whose", by="curie")
    looking = window("vera")
    looking.allowed.append(REFUSED)
    page = looking.open("/jobs?service=sleep&runid=whose")
    expect(row(page, hers).get_by_role("link", name="curie")).to_be_visible()
    row(page, hers).get_by_role("button", name=re.compile("^More for")).click()
    expect(page.get_by_role("button", name="Run again", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
    page.get_by_label("Owner").fill("nobody")
    page.get_by_label("Owner").press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("there is no account of that name")
    own = window("curie").open("/jobs?runid=whose")
    assert rows(own) == [hers]
    expect(own.get_by_label("Owner")).to_have_count(0)


def test_without_scripts_jobs_are_listed_chosen_and_leafed_through(site: Site, window: Open) -> None:
    sweep = {"sweep": [{"text": str(number)} for number in range(210)], "runId": "leafing"}
    site.account("curie")
    site.ask("POST", "/uws/sleep", by="curie", json=sweep, follow_redirects=True)
    page = window("curie", java_script_enabled=False).open("/jobs")
    page.get_by_label("Run id").fill("leafing")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#total")).to_have_text("210 jobs")
    first = rows(page)
    page.get_by_role("link", name="Older →").click()
    second = rows(page)
    page.get_by_role("link", name="Older →").click()
    assert len(rows(page)) == 10
    assert [len(first), len(second), len({*first, *second, *rows(page)})] == [100, 100, 210]
    expect(page.get_by_role("link", name="Older →")).to_have_count(0)
    page.get_by_role("link", name="← Newer").click()
    assert rows(page) == second
    page.get_by_role("link", name="← Newer").click()
    assert rows(page) == first
    page.get_by_title("Oldest first").click()
    assert rows(page) == sorted(rows(page))
    expect(page.get_by_role("button", name=re.compile("More for"))).to_have_count(0)


def test_the_list_has_no_serious_barrier_and_nothing_sticks_out(site: Site, window: Open) -> None:
    site.finished("sleep", RUNID="x" * 64, duration="0", exit_code="1", text="y" * 200)
    running(site, "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED} 1")
    looking = window(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = looking.open("/jobs")
    page.get_by_role("checkbox", name=re.compile("Select j")).first.check()
    page.get_by_role("button", name=re.compile("^More for")).first.click()
    page.get_by_role("link", name="Show in the graph").wait_for()
    assert looking.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_empty_list_of_a_newcomer_says_what_to_do(site: Site, window: Open) -> None:
    site.account("newcomer")
    page = window("newcomer").open("/jobs")
    expect(page.locator(".empty")).to_contain_text("No jobs yet")
    page.locator(".empty").get_by_role("link", name="copy").click()
    page.wait_for_url("**/jobs/new?service=copy")
