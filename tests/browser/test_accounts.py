"""Accounts as people use them: sign in, tokens, password, keep a result; administer; and be told what to do next."""

from __future__ import annotations

import re
from typing import Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import PASSWORD, Open, Site

OTHER: Final = "another password of this test run"
PHONE: Final = {"width": 360, "height": 800}


@pytest.fixture(scope="module")
def curie(site: Site) -> str:
    return site.account("curie", "curator:sleep")


@pytest.fixture(scope="module")
def boss(site: Site) -> str:
    return site.account("boss", admin=True)


def secret_of(page: Page) -> str:
    return page.locator("#secret").inner_text()


def signs_in(site: Site, secret: str) -> bool:
    answer = httpx.get(f"{site.address}/session", headers={"Authorization": f"Bearer {secret}"})
    return answer.is_success


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["with scripts", "without"])
def test_somebody_signs_in_goes_on_to_where_he_was_and_signs_out(
    site: Site, window: Open, curie: str, options: dict[str, bool]
) -> None:
    entering = window(**options)
    entering.allowed += ["401", "403"]
    page = entering.open("/account")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, curie, "not the right one")
    expect(page.get_by_role("alert")).to_contain_text("the name or the password is wrong")
    expect(page.get_by_label("Name", exact=True)).to_have_value(curie)
    sign_in(page, curie, PASSWORD)
    expect(page).to_have_url(f"{site.address}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text(curie)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_a_token_is_shown_once_works_and_is_revoked_after_a_question(site: Site, window: Open, curie: str) -> None:
    page = window(curie).open("/account")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("night run")
    page.get_by_label("Good for").select_option("30")
    page.get_by_role("button", name="Make token").click()
    secret = secret_of(page)
    assert signs_in(site, secret)
    page.get_by_role("button", name="Revoke night run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert signs_in(site, secret)
    page.get_by_role("button", name="Revoke night run").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator("main [role=status]")).to_have_text("The token is revoked.")
    assert secret not in page.content()
    assert not signs_in(site, secret)


def test_a_password_is_changed_without_scripts_and_wrong_ones_are_told_beside_the_field(
    site: Site, window: Open
) -> None:
    changing = window(site.account("rubin"), java_script_enabled=False)
    changing.allowed += ["400", "403"]
    page = changing.open("/account")

    def ask(current: str, fresh: str, again: str) -> None:
        if not page.get_by_label("Present password").is_visible():
            page.get_by_text("Change it").click()
        page.get_by_label("Present password").fill(current)
        page.get_by_label("New password").fill(fresh)
        page.get_by_label("Once more").fill(again)
        page.get_by_role("button", name="Set password").click()

    ask("a wrong one", OTHER, OTHER)
    expect(page.get_by_role("alert")).to_have_text("This is not your present password.")
    expect(page.locator("[aria-invalid=true]")).to_have_id("current")
    ask(PASSWORD, OTHER, f"{OTHER}!")
    expect(page.locator("[aria-invalid=true]")).to_have_id("again")
    ask(PASSWORD, OTHER, OTHER)
    expect(page.locator("main [role=status]")).to_contain_text("Your password is set.")
    assert httpx.post(f"{site.address}/session", data={"name": "rubin", "password": OTHER}).status_code == 303


def test_a_result_is_kept_from_its_page_and_let_go_from_the_account(site: Site, window: Open, curie: str) -> None:
    job = site.finished("sleep", by=curie, duration="0")
    keeping = window(curie)
    page = keeping.open(f"/jobs/{job.id}")
    page.get_by_role("button", name="Keep the files").click()
    expect(page.locator(".kept")).to_contain_text("Kept since")
    assert site.ask("GET", f"/uws/sleep/{job.id}", by=curie)["destruction"] is None
    page.goto("/account")
    kept = page.get_by_role("list", name="Kept").get_by_role("listitem")
    kept.filter(has=page.locator(f"a[title={job.id}]")).get_by_role("button", name=re.compile("Stop keeping")).click()
    expect(page.get_by_role("list", name="What goes next").locator(f"a[title={job.id}]")).to_be_visible()
    assert site.ask("GET", f"/uws/sleep/{job.id}", by=curie)["destruction"]


def test_an_administrator_makes_an_account_lets_its_owner_in_and_takes_that_back(
    site: Site, window: Open, boss: str
) -> None:
    ruling = window(boss)
    ruling.allowed.append("409")
    page = ruling.open("/admin")
    for _ in range(2):
        page.get_by_role("link", name="People").click()
        page.get_by_text("Make an account").click()
        page.get_by_label("Name", exact=True).fill("meitner")
        page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("alert")).to_contain_text("there is an account 'meitner' already")
    page.get_by_role("link", name="meitner").click()
    page.get_by_label("Role", exact=True).select_option("run")
    page.get_by_label("of", exact=True).select_option("sleep")
    page.get_by_role("button", name="Grant").click()
    expect(page.get_by_role("list", name="Roles")).to_contain_text("runs sleep where it is restricted")
    page.get_by_role("button", name="Give a new password").click()
    page.get_by_role("dialog").get_by_role("button", name="Give a new password").click()
    password = secret_of(page)
    entering = window()
    entering.allowed.append("403")
    theirs = entering.open("/login")
    sign_in(theirs, "meitner", password)
    expect(theirs.get_by_role("banner").get_by_role("link", name="meitner")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("deactivated")
    theirs.goto("/login")
    sign_in(theirs, "meitner", password)
    expect(theirs.get_by_role("alert")).to_be_visible()


def test_a_site_is_drained_and_taken_into_use_again(site: Site, window: Open, boss: str) -> None:
    page = window(boss).open("/admin")
    page.get_by_text("Take no new jobs").click()
    page.get_by_label("Reason").fill("new disks, back at 14:00")
    page.get_by_role("button", name="Drain the site").click()
    expect(page.locator(".warn")).to_contain_text("new disks, back at 14:00")
    page.get_by_role("button", name="Take new jobs again").click()
    expect(page.locator(".warn")).to_have_count(0)


def test_a_curator_sees_what_fills_the_disk_of_his_service_and_no_people(site: Site, window: Open, curie: str) -> None:
    site.finished("sleep", by=curie, duration="0")
    looking = window(curie)
    looking.allowed.append("403")
    page = looking.open("/account")
    page.get_by_role("link", name="What there is to do for your services").click()
    page.get_by_role("link", name="Disk", exact=True).click()
    expect(page.get_by_role("group", name="Whose it is").get_by_role("row", name="curie sleep")).to_be_visible()
    expect(page.get_by_role("group", name="What goes when")).to_be_visible()
    page.goto("/admin/people")
    expect(page.get_by_role("alert")).to_contain_text("for administrators")


def test_who_finds_nothing_is_led_to_the_search(site: Site, window: Open) -> None:
    lost = window(java_script_enabled=False)
    lost.allowed.append("404")
    page = lost.open("/jobs/j0123")
    expect(page.get_by_role("alert")).to_contain_text("j0123")
    expect(page.get_by_label("Look for it")).to_have_value("j0123")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page).to_have_url(f"{site.address}/search?q=j0123")
    page.goto("/no/such/place")
    expect(page.get_by_role("alert")).to_have_text("/no/such/place is no address of this server.")


def test_these_pages_have_no_serious_barrier(site: Site, window: Open, curie: str, boss: str) -> None:
    job = site.finished("sleep", by=curie, duration="0")
    site.ask("POST", f"/uws/sleep/{job.id}/keep", by=curie)
    looking = window(boss, color_scheme="dark", viewport=PHONE)
    looking.allowed.append("404")
    for path in ("/admin", "/admin/disk", "/admin/people", f"/admin/people/{curie}", "/no/such/place"):
        page = looking.open(path)
        assert looking.barriers(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    own = window(curie, color_scheme="dark", viewport=PHONE)
    page = own.open("/account")
    for one in page.locator("details.more > summary").all():
        one.click()
    assert own.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
