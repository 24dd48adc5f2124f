"""The definition editor as people use it: write, check, propose, decide, run; and nothing is lost on the way."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.site import PASSWORD, Open, Site
from tests.e2e.served import PATIENCE, ROOT

SHIPPED: Final = sorted(one.name.removesuffix("_vot.xml") for one in (ROOT / "descriptions").glob("*_vot.xml"))
FOREIGN: Final = ROOT.parent / "shared" / "reference" / "jdl"
SMALL: Final = {
    "name": "small",
    "script": 'echo "$first" >"$rs/$result"\n',
    "parameters": [{"name": one, "default": one} for one in ("first", "second", "third")],
    "generated": [{"name": "result", "default": "result.txt"}],
}
SIDEWAYS: Final = """() => [...document.querySelectorAll('.wide')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""
TOUCH_ALL: Final = """() => { for (const one of document.querySelectorAll('#define [data-key]'))
    one.dispatchEvent(new Event('input', {bubbles: true})); }"""


@pytest.fixture(scope="module")
def author(site: Site) -> str:
    return site.account("vera", "author:*")


@pytest.fixture(scope="module")
def curator(site: Site) -> str:
    return site.account("cecilia", "curator:*")


def published(site: Site, author: str, curator: str, **changes: Any) -> str:
    """Publish a small service, anew where it is there; give its name."""
    definition = SMALL | changes
    made = site.ask("POST", "/jdl", by=author, json=definition)
    site.ask("POST", f"/jdl/proposals/{made['id']}/accept", by=curator, json={})
    return str(definition["name"])


def written(page: Page) -> dict[str, Any]:
    """Download what the editor holds, as JSON."""
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON").click()
    return dict(json.loads(saved.value.path().read_text(encoding="utf-8")))


def names(page: Page, rows: str = "parameters") -> list[str]:
    return [str(one.input_value()) for one in page.locator(f"[data-rows={rows}] [data-key=name]").all()]


def row(page: Page, name: str, rows: str = "parameters") -> Any:
    return page.locator(f"[data-rows={rows}] > li", has=page.locator("[data-title]", has_text=name))


def no_question(page: Page) -> None:
    page.on("dialog", Dialog.accept)


def write_shout(page: Page) -> None:
    """Write a new service, with an end missing in its script."""
    page.get_by_role("link", name="New definition").click()
    page.get_by_label("Name", exact=True).first.fill("shout")
    page.get_by_label("Title").fill("Shout a word")
    page.get_by_role("button", name="Add a parameter").click()
    page.keyboard.type("word")
    fresh = row(page, "word")
    fresh.get_by_label("Default", exact=True).fill("hello")
    fresh.get_by_label("Description", exact=True).fill("What is shouted")
    expect(page.locator("#form").get_by_label("word")).to_have_value("hello")
    expect(page.locator("#variables")).to_have_text("$word $result")
    page.locator("#script").fill('if true; then\n  echo "${word^^}" >"$rs/$result"\n')
    expect(page.locator("#problems .error")).to_contain_text("script:")


def propose(page: Page) -> None:
    page.get_by_role("button", name="Propose").click()


def test_a_definition_is_written_proposed_accepted_and_run(site: Site, window: Open, author: str, curator: str) -> None:
    page = window(author).open("/definitions")
    write_shout(page)
    page.get_by_label("Message").fill("a first one")
    propose(page)
    expect(page.locator("#verdict")).to_contain_text("errors have to go")
    page.locator("#script").press("Control+End")
    page.keyboard.type("fi\n")
    expect(page.locator("#verdict")).to_have_text("No problems.")
    propose(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("proposed")
    assert page.evaluate("Object.keys(localStorage).filter((one) => one.includes('definition'))") == []

    other = window(curator).open("/definitions")
    other.get_by_role("link", name="shout").click()
    expect(other.locator(".compared")).to_contain_text("${word^^}")
    other.get_by_label("Message").fill("good")
    other.get_by_role("button", name="Accept").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Shout a word")

    page.reload()
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/jobs/j*")
    with site.client(author) as client:
        job = client.wait(client.job("shout", page.url.rpartition("/")[2]), seconds=PATIENCE)
        assert (job.phase, client.read(job.result("result"))) == ("COMPLETED", b"HELLO\n")


@pytest.mark.parametrize("touched", [False, True], ids=["as it is", "every field touched"])
def test_what_is_loaded_is_what_would_be_proposed(site: Site, window: Open, author: str, *, touched: bool) -> None:
    looking = window(author)
    page = looking.open("/definitions")
    no_question(page)
    for service in SHIPPED:
        page.goto(f"/definitions/{service}/edit")
        if touched:
            page.evaluate(TOUCH_ALL)
        known = site.ask("GET", f"/jdl/{service}/json")
        told = written(page)
        assert told == {key: known[key] for key in told}, service
    page.get_by_role("button", name="Propose").click()
    looking.allowed.append("409")
    expect(page.locator("#refused")).to_have_text(f"nothing is different from {SHIPPED[-1]}@1")


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="the reference descriptions are not here")
def test_descriptions_of_opus_are_imported_whole(site: Site, window: Open, author: str) -> None:
    for file in sorted(FOREIGN.glob("*.xml")):
        page = window(author).open("/definitions/new")
        no_question(page)
        page.set_input_files("#import", file)
        expect(page.locator("#about-name")).not_to_have_value("")
        page.evaluate(TOUCH_ALL)
        told = written(page)
        answer = httpx.post(
            f"{site.address}/jdl/convert?to=json",
            content=file.read_bytes(),
            headers={"Authorization": f"Bearer {site.tokens[author]}", "Content-Type": "text/xml"},
        )
        assert told == answer.json(), file.name


def test_a_dropped_file_takes_the_place_of_what_is_written_only_after_a_question(window: Open, author: str) -> None:
    page = window(author).open("/definitions/new")
    no_question(page)
    page.locator("#about-name").fill("mine")
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["{}"], "theirs.json"));
            document.getElementById("define").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }"""
    )
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#about-name")).to_have_value("mine")
    expect(page.locator("#repairs")).to_be_hidden()


def test_all_problems_are_told_at_once_and_beside_their_places(
    site: Site, window: Open, author: str, curator: str
) -> None:
    service = published(site, author, curator, name="faulty")
    page = window(author).open(f"/definitions/{service}/edit")
    row(page, "first").get_by_label("Type", exact=True).select_option("double")
    row(page, "second").get_by_label("Unit", exact=True).fill("parsnip")
    row(page, "third").get_by_label("Name", exact=True).fill("first")
    page.get_by_label("Runs at most (s)").fill("-1")
    page.locator("#script").fill("if\n")
    problems = page.locator("#problems li")
    expect(problems).to_have_count(5)
    first = page.locator("[data-rows=parameters] > li").first
    expect(first.locator("[data-wrong=default]")).to_contain_text("'first'")
    expect(first.get_by_label("Default", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".gutter .marked")).to_have_count(1)
    page.locator("#problems a", has_text="unit").click()
    assert page.evaluate("document.activeElement.value") == "parsnip"
    page.locator("#problems a", has_text="script:").click()
    assert page.evaluate("document.activeElement.id") == "script"


def test_rows_move_by_keys_buttons_and_dragging(site: Site, window: Open, author: str, curator: str) -> None:
    service = published(site, author, curator, name="rows")
    page = window(author).open(f"/definitions/{service}/edit")
    row(page, "third").get_by_label("Name", exact=True).press("Alt+ArrowUp")
    assert names(page) == ["first", "third", "second"]
    assert page.evaluate("document.activeElement.value") == "third"
    row(page, "first").get_by_title("Move down").click()
    assert names(page) == ["third", "first", "second"]
    row(page, "second").locator(".grip").drag_to(row(page, "third").locator(".grip"), target_position={"x": 4, "y": 1})
    assert names(page) == ["second", "third", "first"]
    row(page, "third").get_by_role("button", name="Duplicate").click()
    assert names(page) == ["second", "third", "third_2", "first"]
    row(page, "second").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").click()
    row(page, "third_2").get_by_role("button", name="Remove").click()
    assert [one["name"] for one in written(page)["parameters"]] == ["second", "third", "first"]


def test_a_draft_outlives_its_page_until_it_is_discarded(site: Site, window: Open, author: str, curator: str) -> None:
    service = published(site, author, curator, name="kept")
    page = window(author).open(f"/definitions/{service}/edit")
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    page.get_by_label("Title").fill("half a thought")
    expect(page.locator("#kept")).to_have_text("Draft kept in this browser")
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.get_by_label("Title")).to_have_value("half a thought")
    expect(page.locator("#restored")).to_contain_text("your draft")
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Title")).to_have_value("")
    page.reload()
    assert len(asked) == 1
    expect(page.locator("#restored")).to_be_hidden()


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_nothing_is_lost_when_the_session_ends_and_somebody_else_is_quicker(
    site: Site, window: Open, author: str, curator: str
) -> None:
    service = published(site, author, curator, name="shared")
    writing = window(author)
    writing.allowed += ["401", "403", "409"]
    page = writing.open(f"/definitions/{service}/edit")
    page.get_by_label("Title").fill("Mine")
    page.get_by_label("Message").fill("a title")
    writing.context.clear_cookies()
    propose(page)
    expect(page.locator("#refused")).to_contain_text("You are signed out. What you have written is still here.")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    sign_in(opened.value, author)
    expect(opened.value.get_by_role("banner").get_by_role("link", name=author)).to_be_visible()
    published(site, author, curator, name=service, label="Theirs")
    propose(page)
    expect(page.locator("#refused")).to_contain_text("shared@2 was published since shared@1")
    expect(page.get_by_role("link", name="What has changed")).to_have_attribute("href", re.compile("diff.from=1&to=2$"))
    page.get_by_role("button", name="Propose it all the same").click()
    page.wait_for_url("**/definitions/proposals/d*")
    expect(page.locator("blockquote")).to_have_text("a title")
    expect(page.get_by_role("row", name="label")).to_contain_text("TheirsMine")


def test_what_a_visitor_wrote_is_there_after_signing_in(window: Open, author: str) -> None:
    page = window().open("/definitions/new")
    page.get_by_label("Name", exact=True).first.fill("thoughts")
    expect(page.locator("#kept")).to_have_text("Draft kept in this browser")
    no_question(page)
    page.locator("#s-propose").get_by_role("link", name="Sign in").click()
    sign_in(page, author)
    expect(page.locator("#about-name")).to_have_value("thoughts")


def test_the_keyboard_is_not_caught_in_the_script(window: Open, author: str) -> None:
    page = window(author).open("/definitions/new")
    page.locator("#script").fill("if true; then\n  a")
    page.keyboard.press("Enter")
    page.keyboard.type("b")
    page.keyboard.press("Control+]")
    expect(page.locator("#script")).to_have_value("if true; then\n  a\n    b")
    expect(page.locator("#script-colours .hljs-keyword").first).to_have_text("if")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.key") == "script_language"
    no_question(page)


def test_a_configuration_file_comes_with_the_definition(site: Site, window: Open, author: str, curator: str) -> None:
    service = published(site, author, curator, name="configured")
    page = window(author).open(f"/definitions/{service}/edit")
    page.get_by_role("button", name="Add a configuration file").click()
    page.keyboard.type("setup")
    row(page, "setup", "used").get_by_label("Default", exact=True).fill("setup.toml")
    expect(page.locator("#shipped")).to_contain_text("not here")
    page.get_by_label("Choose setup.toml").set_input_files(
        {"name": "mine.toml", "mimeType": "application/toml", "buffer": b"radius = 0.1\n"}
    )
    expect(page.locator("#shipped")).to_contain_text("chosen, 13 B")
    expect(page.locator("#verdict")).to_have_text("No problems.")
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/definitions/proposals/d*")
    proposed = site.ask("GET", f"/jdl/proposals/{page.url.rpartition('/')[2]}", by=author)
    assert list(proposed["definition"]["files"]) == ["setup.toml"]
    page.get_by_role("link", name="Edit and propose anew").click()
    expect(page.locator("#shipped")).to_contain_text("with the definition")


def test_a_curator_brings_an_older_revision_back(site: Site, window: Open, author: str, curator: str) -> None:
    service = published(site, author, curator, name="back")
    published(site, author, curator, name="back", label="Worse")
    page = window(curator).open(f"/definitions/{service}")
    page.get_by_role("button", name="Restore back@1").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("back@3")


def test_without_scripts_the_editor_leads_to_the_form_for_files(window: Open, author: str) -> None:
    page = window(author, java_script_enabled=False).open("/definitions/sleep/edit")
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    expect(page.locator("#define")).to_be_hidden()
    page.get_by_role("link", name="propose the file").click()
    body = json.dumps(SMALL | {"name": "by_file"}).encode()
    page.get_by_label("Definition").set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": body})
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Proposal for by_file")


def test_a_visitor_tries_the_editor_and_is_asked_to_sign_in(window: Open) -> None:
    page = window().open("/definitions/new?from=sleep")
    expect(page.locator("#form").get_by_label("duration")).to_have_value("1")
    expect(page.locator("#s-propose").get_by_role("link", name="Sign in")).to_be_visible()


def test_the_pages_of_definitions_have_no_serious_barrier(site: Site, window: Open, author: str, curator: str) -> None:
    service = published(site, author, curator, name="looked_at")
    made = site.ask("POST", "/jdl", by=author, json=SMALL | {"name": service, "label": "Other", "script": "true\n"})
    looking = window(curator, color_scheme="dark", viewport={"width": 360, "height": 800})
    edit = f"/definitions/{service}/edit"
    for path in (edit, "/definitions?state=all", f"/definitions/{service}", f"/definitions/proposals/{made['id']}"):
        page = looking.open(path)
        if path == edit:
            page.get_by_label("Title").fill("x" * 200)
            expect(page.locator("#form")).to_contain_text("xxx")
        assert looking.barriers(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.evaluate(SIDEWAYS) == [], path
