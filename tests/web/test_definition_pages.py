"""The pages of definitions, as people's browsers ask for them: what they show, and what their forms do."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from provstore.accounts.callers import Grant, Role
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.web.pages.definitions.fields import FACTS, ROWS
from tests.web.definers import ECHO, People, as_json, changed, people_of
from tests.web.served import BASE, Served

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def people(served: Served) -> People:
    return people_of(served)


def seen(client: FlaskClient, path: str, status: int = 200) -> HtmlElement:
    return read(client.get(path, headers=BROWSER), status)


def read(answer: TestResponse, status: int = 200) -> HtmlElement:
    assert answer.status_code == status, answer.text
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    page = cast("HtmlElement", html.document_fromstring(answer.text))
    assert page.xpath("//script[not(@src) or text()] | //@style | //@onclick") == []
    return page


def words(page: HtmlElement) -> str:
    return " ".join(page.text_content().split())


def found(page: HtmlElement, path: str) -> list[Any]:
    return cast("list[Any]", page.xpath(path))


def press(client: FlaskClient, page: HtmlElement, button: str, **values: str) -> TestResponse:
    """Send the form that holds a button, as a browser does."""
    (pressed,) = found(page, f"//main//button[normalize-space()='{button}']")
    form = next(one for one in pressed.iterancestors("form"))
    sent = {name: value for name, value in form.form_values() if value is not None} | values
    place = pressed.get("formaction") or form.action
    return client.post(place.removeprefix(BASE), data=sent, headers=BROWSER)


def test_the_pages_of_definitions_are_in_the_navigation(served: Served) -> None:
    assert "/definitions" in found(seen(served.anonymous, "/"), "//nav//@href")[-1]


def test_the_list_shows_services_and_to_their_curators_what_waits(people: People) -> None:
    people.publish()
    people.propose(changed(), message="louder")
    shown = words(seen(people.curator, "/definitions"))
    assert "Waiting for a decision" in shown
    assert "louder" in shown
    for client in (people.other, people.served.anonymous):
        page = seen(client, "/definitions")
        assert "louder" not in words(page)
        assert f"{BASE}/definitions/echo" in found(page, "//main//@href")


def test_the_list_is_searched(lasting: Served) -> None:
    page = seen(lasting.anonymous, "/definitions?q=byte+copy")
    assert found(page, "//main//td/a/text()") == ["copy"]
    assert found(page, "//main//input[@name='q']/@value") == ["byte copy"]
    assert "No service has all of these words" in words(seen(lasting.anonymous, "/definitions?q=quasar"))


def test_a_definition_shows_all_that_it_says(lasting: Served) -> None:
    page = seen(lasting.anonymous, "/definitions/stack")
    shown = words(page)
    for text in (
        "Stack images.",
        "threshold",
        "phys.temperature",
        "0 to 100",
        "mean, median",
        "image/fits",
        "stack.cfg",
    ):
        assert text in shown
    assert found(page, "//main//form") == []
    assert "from a file of the server" in shown


def test_a_script_is_shown_highlighted_and_as_text(people: People) -> None:
    people.publish(changed(script="if true; then\n  echo '<b>&amp;</b>' # done\nfi\n"))
    page = seen(people.served.anonymous, "/definitions/echo")
    assert found(page, "//pre//span[@class='k']/text()") == ["if", "then", "fi"]
    assert found(page, "//pre//b") == []
    lines = [line.text_content() for line in found(page, "//pre//span[@class='line']")]
    assert lines == ["if true; then", "  echo '<b>&amp;</b>' # done", "fi"]


def test_a_proposal_shows_what_it_changes(people: People) -> None:
    people.publish()
    page = seen(people.curator, people.propose(changed(label="Louder"), message="why?").replace("/jdl", "/definitions"))
    assert found(page, "//table[contains(@class,'differences')]/tbody/tr/td[1]/text()") == ["label"]
    changes = [(row.get("class"), row.xpath("string(td[3])")) for row in found(page, "//tr[@class]")]
    assert changes == [
        ("hunk", "@@ -1 +1 @@"),
        ("removed", ECHO.script.rstrip("\n")),
        ("added", changed().script.rstrip("\n")),
    ]
    assert found(page, "//main//blockquote/text()") == ["why?"]


def test_a_curator_accepts_on_the_page(people: People) -> None:
    people.publish()
    proposal = people.propose(changed())
    page = seen(people.curator, proposal.replace("/jdl", "/definitions"))
    answer = press(people.curator, page, "Accept", message="good\r\nwork")
    assert (answer.status_code, answer.location) == (303, f"{BASE}/definitions/echo")
    assert people.served.json("/jdl/echo.json")["message"] == "good\nwork"
    after = seen(people.curator, proposal.replace("/jdl", "/definitions"))
    assert "by cecilia as echo@2" in words(after)
    assert found(after, "//main//form") == []


def test_a_page_that_is_out_of_date_accepts_nothing(people: People) -> None:
    people.publish()
    first, second = people.propose(changed(version="2")), people.propose(changed(version="3"))
    page = seen(people.curator, second.replace("/jdl", "/definitions"))
    people.accept(first)
    answer = press(people.curator, page, "Accept")
    assert "echo@2 is the newest now" in words(read(answer, 409))
    fresh = seen(people.curator, second.replace("/jdl", "/definitions"))
    assert press(people.curator, fresh, "Accept").status_code == 303


def test_a_proposal_that_is_out_of_date_says_so(people: People) -> None:
    people.publish()
    first, second = people.propose(changed(version="2")), people.propose(changed(version="3"))
    place = second.replace("/jdl", "/definitions")
    assert "was published since" not in words(seen(people.curator, place))
    people.accept(first)
    assert "echo@2 was published since" in words(seen(people.curator, place))


def test_a_new_service_is_accepted_on_the_page_too(people: People) -> None:
    page = seen(people.curator, people.propose().replace("/jdl", "/definitions"))
    assert "All of it is new" in words(page)
    assert press(people.curator, page, "Accept").status_code == 303
    assert people.served.anonymous.get("/jdl/echo").status_code == 200


def test_a_curator_rejects_with_a_reason(people: People) -> None:
    place = people.propose().replace("/jdl", "/definitions")
    page = seen(people.curator, place)
    assert "needs a message" in words(read(press(people.curator, page, "Reject"), 400))
    answer = press(people.curator, page, "Reject", message="no tests")
    assert answer.location == f"{BASE}{place}"
    page = seen(people.author, place)
    assert found(page, "//main//blockquote/text()") == ["no tests"]
    assert found(page, "//h1/span/text()") == ["rejected"]


def test_an_author_takes_back_and_does_not_decide(people: People) -> None:
    place = people.propose().replace("/jdl", "/definitions")
    page = seen(people.author, place)
    assert found(page, "//main//button/text()") == ["Take back"]
    assert press(people.author, page, "Take back").location == f"{BASE}{place}"
    assert "retracted" in words(seen(people.author, place))


def test_who_may_not_see_a_proposal_finds_no_page(people: People) -> None:
    place = people.propose().replace("/jdl", "/definitions")
    assert people.other.get(place, headers=BROWSER).status_code == 404
    assert people.served.anonymous.get(place, headers=BROWSER).status_code == 404


def test_the_history_is_compared_and_restored(people: People) -> None:
    people.publish()
    people.publish(changed())
    page = seen(people.curator, "/definitions/echo")
    assert found(page, "//ol[contains(@class, 'revisions')]/li/a[1]/text()") == ["echo@2", "Changes", "echo@1"][::2]
    assert f"{BASE}/definitions/echo/diff?from=1&to=2" in found(page, "//@href")
    assert "Changes from echo@1 to echo@2" in words(seen(people.curator, "/definitions/echo/diff"))
    answer = press(people.curator, page, "Restore")
    assert answer.location == f"{BASE}/definitions/echo"
    assert people.served.json("/jdl/echo.json")["script"] == ECHO.script
    assert found(seen(people.other, "/definitions/echo"), "//main//form") == []


def test_an_older_revision_says_that_it_is_one(people: People) -> None:
    people.publish()
    people.publish(changed())
    assert "An older revision: echo@2 is the newest" in words(seen(people.served.anonymous, "/definitions/echo@1"))


def test_a_service_is_withdrawn_on_the_page_and_curators_find_it_again(people: People) -> None:
    people.publish()
    answer = press(people.curator, seen(people.curator, "/definitions/echo"), "Withdraw", message="wrong units")
    assert answer.location == f"{BASE}/definitions/echo"
    page = seen(people.curator, "/definitions/echo")
    assert "no new jobs are made of it. wrong units" in words(page)
    assert f"{BASE}/jobs/new?service=echo" not in found(page, "//@href")
    assert "wrong units" in words(seen(people.curator, "/definitions"))
    assert "echo" not in words(seen(people.other, "/definitions"))
    assert press(people.curator, page, "Restore").status_code == 303
    assert people.served.anonymous.post("/uws/echo").status_code == 303


def test_a_definition_is_proposed_by_a_form(people: People) -> None:
    page = seen(people.author, "/definitions/propose")
    assert found(page, "//main//form/@enctype") == ["multipart/form-data"]
    sent = {
        "file": (io.BytesIO(as_json(ECHO).encode()), "echo.json"),
        "script": (io.BytesIO(b""), ""),
        "files": (io.BytesIO(b""), ""),
        "message": "new",
    }
    answer = people.author.post("/jdl", data=sent, headers=BROWSER)
    assert answer.status_code == 303
    assert "Proposal for echo" in words(seen(people.author, answer.location.removeprefix(BASE)))


def test_what_is_wrong_with_a_definition_is_listed_on_the_page_and_the_message_kept(people: People) -> None:
    wrong = as_json(changed(script="if true; then\n")).encode()
    sent = {"file": (io.BytesIO(wrong), "echo.json"), "message": "<b>mine</b>"}
    page = read(people.author.post("/jdl", data=sent, headers=BROWSER), 400)
    (problem,) = found(page, "//ul[@class='problems']/li[@class='error']")
    assert problem.text_content().split()[1].startswith("script:")
    assert found(page, "//textarea[@name='message']/text()") == ["<b>mine</b>"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<VOTABLE>", "text/xml"), (b"--x\r\n", "multipart/form-data; boundary=x"), (b" " * (5 << 20), "text/xml")],
)
def test_what_cant_be_read_is_told_on_the_page_too(people: People, body: bytes, content_type: str) -> None:
    answer = people.author.post("/jdl", data=body, content_type=content_type, headers=BROWSER)
    page = read(answer, 413 if len(body) > 100 else 400)
    assert found(page, "//*[@role='alert']/text()")
    assert found(page, "//input[@type='file']")


def test_what_people_wrote_is_shown_as_text(people: People) -> None:
    hostile = changed(
        label="<script>alert(1)</script>",
        description="<img src=x>",
        script="# </code><script>alert(2)</script>\ntrue\n",
    )
    sent = {"jdl": as_json(hostile), "message": "<i>m</i>"}
    place = people.author.post("/jdl", data=sent).location.removeprefix(BASE)
    page = seen(people.curator, place.replace("/jdl", "/definitions"))
    assert found(page, "//main//img | //main//i") == []
    assert found(page, "//main//blockquote/text()") == ["<i>m</i>"]
    people.accept(place)
    page = seen(people.curator, "/definitions/echo")
    assert "<script>alert(1)</script>" in words(page)
    assert found(page, "//main//img") == []


def test_every_field_of_the_forms_has_its_label(people: People) -> None:
    people.publish()
    people.publish(changed())
    people.served.provstore.accounts.grant("cecilia", Grant(Role.AUTHOR, "echo"))
    proposal = people.propose(changed(version="9"), by=people.curator).replace("/jdl", "/definitions")
    for path in (
        "/definitions",
        "/definitions/new",
        "/definitions/echo/edit",
        "/definitions/propose",
        "/definitions/echo",
        "/definitions/echo/diff",
        proposal,
    ):
        page = seen(people.curator, path)
        named = set(found(page, "//label/@for"))
        fields = found(
            page, "//input[not(@type='hidden' or @type='checkbox')] | //select | //textarea[not(@aria-labelledby)]"
        )
        assert {one.get("id") for one in fields} <= named, path
        ids = found(page, "//@id")
        assert len(ids) == len(set(ids)), path


def test_a_session_changes_definitions_only_with_its_token(people: People) -> None:
    served = people.served
    accounts = served.provstore.accounts
    accounts.passwords.set(accounts.person("cecilia"), "a long enough one")
    browser = served.app.test_client()
    assert browser.post("/session", data={"name": "cecilia", "password": "a long enough one"}).status_code == 303
    proposal = people.propose()
    assert browser.post(f"{proposal}/accept").status_code == 403
    page = seen(browser, proposal.replace("/jdl", "/definitions"))
    assert press(browser, page, "Accept").status_code == 303


def document_of(page: HtmlElement) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(page.get_element_by_id("define").get("data-document")))


def test_the_editor_holds_all_that_a_definition_says(people: People) -> None:
    people.publish(changed(label="</script>'\"&"))
    told = people.served.json("/jdl/echo.json")
    held = document_of(seen(people.author, "/definitions/echo/edit"))
    assert held == {key: told[key] for key in held}
    assert told.keys() - held.keys() == {
        "script_sha256", "revision", "created", "author", "validator", "message", "withdrawn"
    }  # fmt: skip


def test_the_editor_starts_from_another_service_without_its_name(people: People) -> None:
    people.publish()
    held = document_of(seen(people.author, "/definitions/new?from=echo"))
    assert (held["name"], held["script"]) == ("", ECHO.script)
    assert document_of(seen(people.author, "/definitions/new"))["parameters"] == []
    assert people.author.get("/definitions/new?from=none", headers=BROWSER).status_code == 404


def test_a_rejected_proposal_is_edited_and_proposed_anew(people: People) -> None:
    place = people.propose(changed(label="Loud"))
    assert people.curator.post(f"{place}/reject", json={"message": "why?"}).status_code == 200
    page = seen(people.author, place.replace("/jdl", "/definitions"))
    (edit,) = found(page, "//main//a[starts-with(normalize-space(), 'Edit')]/@href")
    assert document_of(seen(people.author, edit.removeprefix(BASE)))["label"] == "Loud"
    assert people.other.get(edit.removeprefix(BASE), headers=BROWSER).status_code == 404


def test_every_member_of_a_definition_is_a_field_or_kept_as_it_is() -> None:
    whole = Description(
        name="a", parameters=(ParameterDefinition(name="p"),), used=(Used(name="u"),), generated=(Generated(name="g"),)
    )
    members = to_json(whole)
    kept = {"script", "script_sha256", "files", "extra", *(rows.key for rows in ROWS)}
    assert {one.key for fields in FACTS.values() for one in fields} | kept == members.keys()
    for rows in ROWS:
        assert {one.key for one in rows.fields} | ({"extra"} & members[rows.key][0].keys()) == members[rows.key][
            0
        ].keys()


def test_the_form_of_a_definition_that_is_not_there_yet_is_seen(people: People) -> None:
    sent = {"file": (io.BytesIO(as_json(changed(label="<b>Loud")).encode()), "definition.json")}
    page = read(people.served.anonymous.post("/definitions/preview", data=sent, headers=BROWSER))
    assert found(page, "//input[@name='word']/@value") == ["hello"]
    assert found(page, "//b | //form") == []
    assert "<b>Loud" in words(page)


def test_who_is_no_author_may_look_but_not_propose(people: People) -> None:
    people.publish()
    assert found(seen(people.author, "/definitions/echo/edit"), "//form[@id='proposing']") != []
    page = seen(people.other, "/definitions/echo/edit")
    assert found(page, "//form[@id='proposing']") == []
    assert "you need the role author:echo" in words(page)


def test_decided_proposals_are_found_again(people: People) -> None:
    place = people.propose(changed(), message="mine")
    people.accept(place)
    assert "mine" not in words(seen(people.author, "/definitions"))
    page = seen(people.author, "/definitions?state=all")
    assert place.replace("/jdl", f"{BASE}/definitions") in found(page, "//main//@href")
    assert "1 decided proposal" in words(seen(people.author, "/definitions/echo"))
