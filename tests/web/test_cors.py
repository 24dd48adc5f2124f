"""Pages of other hosts, and the headers that every answer carries."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from provstore.errors import Invalid
from tests.web.conftest import Serve
from tests.web.served import Served

PORTAL = "https://portal.example.org"
ALLOW = "Access-Control-Allow-Origin"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}


def permission(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def words(header: str) -> set[str]:
    return {one.strip().lower() for one in header.split(",")}


@pytest.fixture
def listed(serve: Serve) -> Served:
    return serve(cors_origins=(PORTAL,), anonymous=True)


def test_a_browser_is_told_that_a_listed_page_may_call_with_a_token(serve: Serve) -> None:
    served = serve(cors_origins=(PORTAL,), anonymous=False)
    answer = served.anonymous.options("/uws/sleep", headers={"Origin": PORTAL, **PREFLIGHT})
    told = permission(answer)
    assert (answer.status_code, told[ALLOW]) == (200, PORTAL)
    assert {"get", "post", "put", "delete"} <= words(told["Access-Control-Allow-Methods"])
    assert {"authorization", "content-type", "idempotency-key", "x-csrf-token"} <= words(
        told["Access-Control-Allow-Headers"]
    )


def test_a_listed_page_may_read_the_answer_and_its_headers_but_bring_no_credentials(listed: Served) -> None:
    told = permission(listed.curie.get("/uws/sleep", headers={"Origin": PORTAL}))
    assert {"location", "link", "etag", "retry-after"} < words(told.pop("Access-Control-Expose-Headers"))
    assert told == {ALLOW: PORTAL}


def test_the_words_of_a_refusal_may_be_read_too(listed: Served) -> None:
    answer = listed.anonymous.get("/uws/nothing", headers={"Origin": PORTAL})
    assert (answer.status_code, answer.headers[ALLOW]) == (404, PORTAL)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://portal.example.org", "null", f"{PORTAL}.evil.example"]
)
def test_no_other_page_is_told_anything(listed: Served, origin: str) -> None:
    answers = (
        listed.curie.get("/healthz", headers={"Origin": origin}),
        listed.curie.options("/uws/sleep", headers={"Origin": origin, **PREFLIGHT}),
    )
    assert [permission(answer) for answer in answers] == [{}, {}]


def test_without_the_setting_no_page_is_told_anything(served: Served) -> None:
    assert permission(served.anonymous.get("/healthz", headers={"Origin": "http://localhost"})) == {}


def test_caches_keep_answers_to_different_pages_apart(listed: Served) -> None:
    for headers in ({}, {"Origin": PORTAL}):
        assert "origin" in words(",".join(listed.anonymous.get("/healthz", headers=headers).headers.getlist("Vary")))


def test_a_cookie_of_a_foreign_page_is_not_looked_at(listed: Served) -> None:
    client = listed.app.test_client()
    client.set_cookie("provstore_session", "whatever it is")
    assert client.post("/uws/sleep", headers={"Origin": PORTAL}).status_code == 303


def test_all_origins_may_be_listed(serve: Serve) -> None:
    served = serve(cors_origins=("*",), anonymous=True)
    told = permission(served.anonymous.get("/uws/sleep", headers={"Origin": "https://any.example"}))
    assert (told[ALLOW], "Access-Control-Allow-Credentials" in told) == ("https://any.example", False)


@pytest.mark.parametrize(
    "wrong", ["portal.example.org", "https://portal.example.org/", "https://*.example.org", "null"]
)
def test_what_is_no_origin_is_refused_at_the_start(serve: Serve, wrong: str) -> None:
    with pytest.raises(Invalid, match=r"cors_origins: .* is no origin"):
        serve(cors_origins=(wrong,))


# --- every answer


@pytest.mark.parametrize("place", ["/healthz", "/uws/sleep", "/uws/nothing", "/nowhere", "/openapi.json"])
def test_every_answer_forbids_guessing_framing_and_telling_where_from(lasting: Served, place: str) -> None:
    headers = lasting.anonymous.get(place).headers
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


def test_the_stricter_policy_of_a_file_stays(served: Served) -> None:
    job = served.completed()
    policy = served.anonymous.get(f"{job}/results/result").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox; frame-ancestors 'self'")
