"""Signing in and out with a browser: the cookie, and what foreign pages can't do with it."""

from __future__ import annotations

import gzip
import io
import re
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import Serve
from tests.web.served import Served, told

PASSWORD: Final = "correct horse battery"
JSON: Final = {"Accept": "application/json"}
NEEDED: Final = (
    "a change by a session needs its CSRF token (GET /session): header X-CSRF-Token or form field csrf_token"
)


@pytest.fixture
def signing(served: Served) -> Served:
    """A server on which curie has a password."""
    return with_password(served)


def with_password(served: Served) -> Served:
    accounts = served.provstore.accounts
    accounts.passwords.set(accounts.person("curie"), PASSWORD)
    return served


def sign_in(served: Served, **fields: str) -> TestResponse:
    """Sign in with a browser of one's own; it is the client of the answer's request."""
    return served.app.test_client().post("/session", data={"name": "curie", "password": PASSWORD} | fields)


def browser(served: Served, *, at: str = "http://localhost") -> tuple[FlaskClient, str]:
    """A browser that has signed in, and the CSRF token of its session."""
    client = served.app.test_client()
    answer = client.post("/session", json={"name": "curie", "password": PASSWORD}, base_url=at)
    assert answer.status_code == 200, answer.text
    return client, answer.json["csrf_token"] if answer.json else ""


def cookie_of(answer: TestResponse) -> str:
    (cookie,) = answer.headers.getlist("Set-Cookie")
    return str(cookie)


def test_who_signs_in_by_a_form_goes_on_with_a_cookie_that_scripts_can_not_read(signing: Served) -> None:
    answer = sign_in(signing, next="/jobs?phase=ERROR")
    assert (answer.status_code, answer.location) == (303, "http://localhost/jobs?phase=ERROR")
    value, *attributes = cookie_of(answer).split("; ")
    assert re.fullmatch(r"provstore_session=[A-Za-z0-9_-]{43}", value)
    assert sorted(one for one in attributes if not one.startswith("Expires")) == [
        "HttpOnly",
        "Max-Age=43200",
        "Path=/",
        "SameSite=Lax",
    ]
    assert answer.headers["Cache-Control"] == "no-store"


def test_over_https_and_below_a_prefix_the_cookie_stays_there(serve: Serve) -> None:
    served = with_password(serve(base_url="https://jobs.example.org/prov"))
    client = served.app.test_client()
    fields = {"name": "curie", "password": PASSWORD, "next": "/jobs"}
    answer = client.post("/session", data=fields, headers={"Host": "jobs.example.org"})
    assert answer.location == "https://jobs.example.org/prov/jobs"
    assert {"Secure", "Path=/prov"} <= set(cookie_of(answer).split("; "))


def test_the_session_tells_who_one_is(signing: Served) -> None:
    client, token = browser(signing)
    told_now: Any = client.get("/session").json
    limits = told_now.pop("limits")
    assert told_now == {
        "name": "curie",
        "admin": False,
        "roles": [],
        "scope": "all",
        "csrf_token": token,
        "expires": "2026-03-02T00:00:00.000Z",
    }
    assert limits == {
        "executionDuration": 3600,
        "destruction": 31536000,
        "activeJobs": 0,
        "disk": 0,
        "diskUsed": 0,
        "upload": 2147483648,
    }


def test_who_has_not_signed_in_is_told_so_also_where_nobody_is_anonymous(serve: Serve) -> None:
    found: Any = serve(anonymous=False).anonymous.get("/session").json
    assert (found["name"], found["csrf_token"], found["expires"]) == ("", None, None)


def test_a_token_has_no_session(lasting: Served) -> None:
    found: Any = lasting.admin.get("/session").json
    assert (found["name"], found["admin"], found["csrf_token"]) == ("admin", True, None)


def test_a_session_works_like_a_token(signing: Served) -> None:
    client, token = browser(signing)
    answer = client.post("/uws/sleep", data={"text": "mine"}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 303
    job = answer.location.removeprefix(signing.base)
    assert client.get(f"{job}/owner").text == "curie"
    assert client.delete(job, headers={"X-CSRF-Token": token}).status_code == 303


def test_a_form_carries_the_token_as_a_field_which_is_no_parameter(signing: Served) -> None:
    client, token = browser(signing)
    for fields in (
        {"text": "a", "csrf_token": token},
        {"text": "a", "csrf_token": token, "unused": (io.BytesIO(b""), "")},
    ):
        answer = client.post("/uws/sleep", data=dict(fields))
        assert answer.status_code == 303, answer.text
        job = answer.location.removeprefix(signing.base)
        assert signing.json(job)["parameters"]["text"] == "a"
        assert "csrf_token" not in signing.json(job)["parameters"]


def test_a_page_is_compressed_and_carries_the_token_as_another_text_each_time(signing: Served) -> None:
    client, token = browser(signing)
    seen: set[str] = set()
    for _ in range(3):
        page = client.get("/account", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"
        text = gzip.decompress(page.data).decode()
        assert token not in text
        (carried,) = set(re.findall(r'name="csrf_token" value="(\w+)"', text))
        seen.add(carried)
        made = client.post("/uws/sleep", data={"csrf_token": carried, "duration": "0"}, headers=JSON)
        assert made.status_code == 303, made.text
    assert len(seen) == 3


def test_an_upload_is_read_once_when_the_token_is_among_its_parts(signing: Served) -> None:
    client, token = browser(signing)
    answer = client.post("/uws/copy", data={"csrf_token": token, "input": (io.BytesIO(b"bytes"), "a.txt")})
    assert answer.status_code == 303, answer.text
    assert client.get(f"{answer.location}/parameters/input").data == b"bytes"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "\xe9"}])
def test_a_change_without_the_sessions_token_is_refused(signing: Served, method: str, headers: dict[str, str]) -> None:
    client, _ = browser(signing)
    answer = client.open("/account/tokens", method=method, headers=headers)
    assert (answer.status_code, answer.json) == (
        403,
        {"error": {"kind": "Forbidden", "message": NEEDED, "field": "csrf_token"}},
    )


def test_the_token_of_another_session_and_one_in_the_address_do_not_count(signing: Served) -> None:
    client, token = browser(signing)
    _, other = browser(signing)
    assert client.post("/uws/sleep", headers={"X-CSRF-Token": other}).status_code == 403
    assert client.post(f"/uws/sleep?csrf_token={token}").status_code == 403
    assert client.post("/uws/sleep", headers={"X-CSRF-Token": token}).status_code == 303


@pytest.mark.parametrize("name", ["Origin", "Referer"])
@pytest.mark.parametrize("origin", ["https://evil.example.org/page", "null", "http://localhost.example.org/"])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - nothing listens
def test_a_foreign_page_can_not_use_the_cookie_even_with_the_token(
    serve: Serve, name: str, origin: str, host: str
) -> None:
    served = with_password(serve(host=host, anonymous=True))
    client, token = browser(served)
    answer = client.post("/uws/sleep", headers={"X-CSRF-Token": token, name: origin})
    assert told(answer) == (403, f"requests from pages of {origin!r} are refused")
    assert client.post("/session", data={"name": "x"}, headers={name: origin}).status_code == 403


def test_the_own_page_may_also_when_it_is_behind_a_proxy(serve: Serve) -> None:
    at = "https://jobs.example.org/prov"
    served = with_password(serve(base_url=at))
    client, token = browser(served, at=at)
    headers = {"X-CSRF-Token": token, "Origin": "https://jobs.example.org"}
    assert client.post("/uws/sleep", headers=headers, base_url=at).status_code == 303
    followed = client.get("/uws/sleep", headers={"Referer": "https://elsewhere.example.org/"}, base_url=at)
    assert followed.status_code == 200


def test_signing_in_anew_gives_another_session_and_ends_the_one_before(signing: Served) -> None:
    client, before = browser(signing)
    cookie = client.get_cookie("provstore_session")
    assert cookie
    assert client.post("/session", data={"name": "curie", "password": PASSWORD}).status_code == 303
    after = client.get_cookie("provstore_session")
    assert after
    assert after.value != cookie.value
    old = signing.app.test_client()
    old.set_cookie("provstore_session", cookie.value)
    assert old.post("/uws/sleep", headers={"X-CSRF-Token": before}).status_code == 401


def test_a_planted_cookie_is_not_taken_over(signing: Served) -> None:
    client = signing.app.test_client()
    client.set_cookie("provstore_session", "planted")
    answer = client.post("/session", data={"name": "curie", "password": PASSWORD})
    assert answer.status_code == 303
    assert "planted" not in cookie_of(answer)


def test_who_signs_out_is_out(signing: Served) -> None:
    for method, place, status in (("DELETE", "/session", 204), ("POST", "/session/end", 303)):
        client, token = browser(signing)
        cookie = client.get_cookie("provstore_session")
        assert cookie
        answer = client.open(place, method=method, headers={"X-CSRF-Token": token})
        assert answer.status_code == status
        assert client.get_cookie("provstore_session") is None
        client.set_cookie("provstore_session", cookie.value)
        again: Any = client.get("/session").json
        assert again["name"] == ""


def test_a_foreign_page_can_not_sign_anybody_out(signing: Served) -> None:
    client, _ = browser(signing)
    assert client.post("/session/end").status_code == 403
    found: Any = client.get("/session").json
    assert found["name"] == "curie"


def test_after_its_end_a_session_looks_like_a_visitor_and_changes_nothing(signing: Served) -> None:
    client, token = browser(signing)
    job = signing.create(by=signing.curie)
    signing.clock.advance(12 * 3600)
    assert client.get("/uws/sleep").status_code == 200
    assert client.get(job).status_code == 403
    answer = client.post("/uws/sleep", headers={"X-CSRF-Token": token})
    assert told(answer) == (401, "this session is over: sign in again")
    assert client.post("/session", data={"name": "curie", "password": PASSWORD}).status_code == 303


def test_a_wrong_password_says_nothing_of_the_account(signing: Served) -> None:
    for name in ("curie", "nobody", "admin"):
        answer = signing.anonymous.post("/session", data={"name": name, "password": "wrong"}, headers=JSON)
        assert (answer.status_code, answer.json) == (
            403,
            {"error": {"kind": "Forbidden", "message": "the name or the password is wrong", "field": "password"}},
        )
        assert "Set-Cookie" not in answer.headers


def test_who_guesses_has_to_wait(serve: Serve) -> None:
    served = with_password(serve(login_failures_max=2))
    for _ in range(2):
        sign_in(served, password="wrong")
    answer = sign_in(served)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert answer.json == {
        "error": {
            "kind": "TooMany",
            "message": "2 log-ins of this account, or from this address, failed lately: try again in 15 min",
        }
    }
    served.clock.advance(900)
    assert sign_in(served).status_code == 303


@pytest.mark.parametrize(
    "to",
    ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "/\t/evil", "evil", "", "javascript:x"],
)
def test_signing_in_leads_to_no_other_site(signing: Served, to: str) -> None:
    answer = sign_in(signing, next=to)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (400, False)
    assert answer.json == {
        "error": {
            "kind": "Invalid",
            "message": f"next={to!r}: a path of this server is needed, as /jobs",
            "field": "next",
            "value": to,
        }
    }


def test_a_password_in_the_address_is_refused(signing: Served) -> None:
    answer = signing.anonymous.post(f"/session?name=curie&password={PASSWORD}")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"name": "curie"}', "application/json"),
        (b'{"name": "curie", "password": {}}', "application/json"),
        (b'{"name": "\\ud800", "password": "x"}', "application/json"),
        (b"[" * 60_000, "application/json"),
        (b"name=curie&password=%ff", "application/x-www-form-urlencoded"),
        (b"name=curie&password=a&admin=1", "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_sign_in_is_told_as_such(signing: Served, body: bytes, kind: str) -> None:
    assert signing.anonymous.post("/session", data=body, content_type=kind).status_code == 400


def test_neither_password_nor_secret_reaches_the_log(signing: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    client, token = browser(signing)
    cookie = client.get_cookie("provstore_session")
    sign_in(signing, password="not the right one")
    assert cookie
    assert [one for one in (PASSWORD, token, cookie.value, "not the right one") if one in caplog.text] == []
