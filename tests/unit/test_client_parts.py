"""The parts of the client that need no server: where its token is, how values are spelt, what notebooks show."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from provstore.client import Client, Picture, RemoteJob, RemotePage, RemoteResult
from provstore.client.answers import graph_of, page_of
from provstore.client.asking import expect, given
from provstore.client.connection import Call
from provstore.client.downloads import _last_part, _named
from provstore.client.events import events_of
from provstore.client.html_tables import Link, facts_table, rows_table
from provstore.client.refusals import facts_of, refusal, retry_after
from provstore.client.tokens import find_address, find_token, is_same_place
from provstore.client.uploads import Value, texts_of
from provstore.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ProvstoreError,
    TooMany,
    Unauthenticated,
    Unavailable,
)

PLACE = "https://prov.example.org"
ADDRESS = httpx.URL(PLACE)


# --- address and token


@pytest.fixture
def netrc_file(tmp_path: Path) -> Path:
    file = tmp_path / "netrc"
    file.write_text("machine prov.example.org login curie password from-netrc\ndefault login a password for-anybody\n")
    file.chmod(0o600)
    return file


def test_the_address_is_the_one_given_else_that_of_the_environment() -> None:
    assert find_address("", {"PROVSTORE_URL": PLACE}) == ADDRESS
    assert find_address("http://other:8080/x", {"PROVSTORE_URL": PLACE}) == httpx.URL("http://other:8080/x")


@pytest.mark.parametrize("given", ["", "prov.example.org", "ftp://prov.example.org", "https://", "https://[::1"])
def test_what_is_no_address_of_the_web_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as caught:
        find_address(given, {})
    assert caught.value.field == "url"


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(Invalid, match="give a token by token= or PROVSTORE_TOKEN") as caught:
        Client("https://curie:secret@prov.example.org")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (None, "by-variable"),
        (PLACE, "by-variable"),
        (f"{PLACE}:443/prov", "by-variable"),
        ("http://prov.example.org", "from-netrc"),
        ("https://elsewhere.example.org", "from-netrc"),
    ],
)
def test_the_token_of_the_environment_is_for_the_server_of_the_environment(
    netrc_file: Path, place: str | None, found: str
) -> None:
    environment = {"PROVSTORE_TOKEN": "by-variable\n", "NETRC": str(netrc_file)}
    assert find_token(ADDRESS, environment | ({"PROVSTORE_URL": place} if place else {})) == found


def test_of_a_netrc_file_only_the_entry_of_the_host_counts(netrc_file: Path) -> None:
    assert find_token(ADDRESS, {"NETRC": str(netrc_file)}) == "from-netrc"
    assert find_token(httpx.URL("https://evil.example.org"), {"NETRC": str(netrc_file)}) == ""


def test_a_netrc_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine prov.example.org pass word\n")
    with pytest.raises(Invalid, match=r"netrc can't be read: .* mend it, or give token=\"\""):
        find_token(ADDRESS, {"NETRC": str(tmp_path / "netrc")})
    assert find_token(ADDRESS, {"NETRC": str(tmp_path / "not-there")}) == ""


def test_two_addresses_lead_to_one_server_by_scheme_host_and_port() -> None:
    assert is_same_place(ADDRESS, httpx.URL(f"{PLACE}:443/store/e1"))
    assert not is_same_place(ADDRESS, httpx.URL("http://prov.example.org"))


def test_a_client_shows_its_server_and_no_token() -> None:
    with Client(PLACE, token="secret") as client:
        assert repr(client) == f"<Client of {PLACE}>"


# --- values


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (None, ()),
        ("", ("",)),
        (3, ("3",)),
        (0.5, ("0.5",)),
        (True, ("true",)),
        (["a", 2, False], ("a", "2", "false")),
        (np.array([1.5, 2.5]), ("1.5", "2.5")),
        (datetime(2026, 3, 1, 12), ("2026-03-01T12:00:00+00:00",)),  # noqa: DTZ001 - that is the case
        (datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1))), ("2026-03-01T12:00:00+01:00",)),
    ],
)
def test_values_are_spelt_as_the_server_reads_them(value: Value, texts: tuple[str, ...]) -> None:
    assert texts_of(value) == texts


def test_keywords_are_spelt_as_on_the_web() -> None:
    asked = given({"class_": "entity", "stop_before": ["a", "b"], "from_": None, "limit": 5})
    assert asked == {"class": ("entity",), "stop-before": ("a", "b"), "limit": ("5",)}


def test_only_what_does_the_same_twice_may_be_sent_twice() -> None:
    assert Call(path="/jdl").is_repeatable
    assert Call(path="/uws/sleep", method="POST", headers={"Idempotency-Key": "1"}).is_repeatable
    assert not Call(path="/uws/sleep", method="POST").is_repeatable


# --- refusals


def answered(status: int, content: object, **headers: str) -> httpx.Response:
    request = httpx.Request("GET", f"{PLACE}/prov/lineage", params={"id": "e1"})
    body = content if isinstance(content, str) else json.dumps(content)
    return httpx.Response(status, text=body, headers=headers, request=request)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (401, Unauthenticated), (403, Forbidden), (404, NotFound), (409, Conflict), (503, Unavailable)],
)
def test_an_error_has_the_server_s_message_field_and_value_and_tells_its_status(
    status: int, kind: type[ProvstoreError]
) -> None:
    told = {"error": {"kind": "X", "message": "depth='x': a number is needed", "field": "depth", "value": "x"}}
    error = refusal(answered(status, told))
    assert (type(error), error.message, error.field, error.value) == (kind, told["error"]["message"], "depth", "x")
    assert error.__notes__ == [f"status {status} of GET {PLACE}/prov/lineage?id=e1"]


@pytest.mark.parametrize("content", ["no job\n", '["no job"]', '{"error": "no job"}', "[" * 5000])
def test_an_error_in_other_words_is_told_as_it_is(content: str) -> None:
    error = refusal(answered(500, content))
    assert (type(error), error.message) == (ProvstoreError, content.strip())


def test_who_is_refused_for_asking_too_often_learns_when_to_come_back() -> None:
    told = {"error": {"message": "too many attempts: try again in 2 min"}}
    error = refusal(answered(429, told, **{"Retry-After": "90"}))
    assert isinstance(error, TooMany)
    assert (error.message, error.seconds) == ("too many attempts: try again in 2 min", 90)


def test_every_problem_of_a_document_is_a_note() -> None:
    problems = [{"level": "error", "place": "line 3", "text": "no such class"}]
    error = refusal(answered(400, {"error": {"message": "1 error", "problems": problems}}))
    assert error.__notes__[1:] == ["error line 3 no such class"]


def test_another_server_is_recognised_by_what_it_answers() -> None:
    with pytest.raises(Invalid, match=r"answers text/html and no JSON: is it the address of a provstore server\?"):
        facts_of(answered(200, "<html>", **{"Content-Type": "text/html"}))


@pytest.mark.parametrize(
    ("status", "told", "seconds"), [(503, "5", 5.0), (503, "soon", None), (503, "", None), (429, "5", None)]
)
def test_a_pause_is_taken_only_as_the_server_says(status: int, told: str, seconds: float | None) -> None:
    assert retry_after(answered(status, "", **{"Retry-After": told} if told else {})) == seconds


def test_a_pause_may_be_told_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < (retry_after(answered(503, "", **{"Retry-After": later})) or 0) <= 60
    assert retry_after(answered(503, "", **{"Retry-After": "Sun, 01 Mar 2020 12:00:00 GMT"})) == 0


# --- events

EVENT = {"jobId": "j1", "service": "sleep", "phase": "QUEUED", "runId": None, "href": "http://x/uws/sleep/j1"}


def stream(*events: tuple[str, str, object]) -> list[str]:
    text = "retry: 3000\n\n"
    text += "".join(
        f"id: {name}\nevent: {kind}\ndata: {json.dumps(data)}\n\n: still here\n\n" for name, kind, data in events
    )
    return text.split("\n")


def test_events_are_read_one_by_one_until_the_stream_is_closed() -> None:
    told = EVENT | {"changedAt": "2026-03-01T12:00:00.120Z"}
    lines = stream(
        ("a", "phase", told), ("b", "deleted", told), ("", "close", {"reason": "time"}), ("c", "phase", told)
    )
    first, second = events_of(lines)
    assert [(one.id, one.happening, one.job_id, one.phase) for one in (first, second)] == [
        ("a", "phase", "j1", "QUEUED"),
        ("b", "deleted", "j1", "QUEUED"),
    ]
    assert first.changed_at == datetime(2026, 3, 1, 12, 0, 0, 120_000, tzinfo=UTC)


def test_an_event_that_was_cut_off_is_none() -> None:
    assert list(events_of(["event: phase", 'data: {"jobId": "j1"'])) == []


# --- files


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ('inline; filename="a.fits"', "a.fits"),
        ("inline; filename=\"_.fits\"; filename*=UTF-8''%C3%A9toile.fits", "étoile.fits"),
        ("inline; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("inline; filename*=UTF-8''..%5C..%5Cboot.ini", "boot.ini"),
        ('inline; filename=".."', ""),
        ("", ""),
    ],
)
def test_a_file_s_name_keeps_it_in_the_folder(told: str, name: str) -> None:
    assert _named(httpx.Headers({"Content-Disposition": told.encode("latin-1", "replace").decode()})) == name


def test_an_id_that_is_an_address_names_a_file_by_its_end() -> None:
    assert _last_part("http://example.org/raw/m31.fits") == "m31.fits"


def result(name: str, href: str = "https://x/r") -> RemoteResult:
    return RemoteResult(name=name, href=href, size=5, mime_type="text/plain", sha256="")


def job(*results: RemoteResult, **parameters: str) -> RemoteJob:
    return RemoteJob(
        id="j1",
        href=PLACE,
        service="<s>",
        phase="ERROR",
        results={one.name: one for one in results},
        error="it & broke",
        parameters=parameters,
    )


def test_the_only_result_may_be_called_result() -> None:
    assert job(result("image")).entity("result") == "e1.image"
    assert job(result("image"), result("log")).result("log").name == "log"
    with pytest.raises(NotFound, match="job j1 has no result 'result'; known: image, log"):
        job(result("image"), result("log")).result()


# --- what notebooks show


def test_a_job_is_shown_with_everything_escaped() -> None:
    shown = job(result("<b>", href="javascript:alert(1)"), text="<script>")._repr_html_()
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "javascript" not in shown
    assert "&lt;script&gt;" in shown
    assert "it &amp; broke" in shown


def test_an_address_of_the_web_becomes_a_link_and_its_quotes_do_no_harm() -> None:
    shown = facts_table("t", {"a": Link('https://x/"onclick="y', "there"), "empty": ""})
    assert 'href="https://x/&quot;onclick=&quot;y"' in shown
    assert "empty" not in shown


def test_of_many_rows_the_first_are_shown() -> None:
    shown = rows_table("t", ["n"], ([n] for n in range(1000)), total=1000)
    assert shown.count("<tr>") == 51
    assert "… and 950 more" in shown


def test_a_picture_is_shown_as_an_image_of_its_own(tmp_path: Path) -> None:
    picture = Picture("<svg>é</svg>", 'a "title"')
    head, data = picture._repr_html_().removesuffix('">').split("base64,")
    assert 'alt="a &quot;title&quot;"' in head
    assert (
        base64.b64decode(data).decode() == picture._repr_svg_() == picture.save(tmp_path / "p.svg").read_text("utf-8")
    )


def undrawn() -> Picture:
    raise Unavailable("gone")


@pytest.mark.parametrize(
    ("picture", "shown"),
    [(lambda: Picture("<svg/>"), "<img alt="), (undrawn, "<td style=")],
    ids=["drawn", "not drawn"],
)
def test_a_graph_is_shown_as_its_picture_else_as_a_table(picture: Callable[[], Picture], shown: str) -> None:
    node = {"id": f"{PLACE}/id/e1", "class": ["Entity"], "label": "<x>", "distance": 0, "attributes": {}}
    graph = graph_of({"nodes": [node], "relations": [], "truncated": True}, picture)
    html = graph._repr_html_()
    assert shown in html
    assert "1 nodes, 0 relations, truncated" in html
    assert "<x>" not in html
    assert graph.node("e1") == graph.nodes[0]
    assert graph.node("1") is None


def test_a_loop_over_a_page_goes_through_all_pages_and_asks_only_for_those() -> None:
    pages: dict[str, dict[str, Any]] = {"a": {"items": [{"id": "2"}], "next": "b"}, "b": {"items": [], "next": None}}
    asked: list[str] = []

    def ask(key: str) -> RemotePage:
        asked.append(key)
        return page_of(pages[key], ask)

    first = page_of({"items": [{"id": "1", "service": "s"}], "next": "a", "total": 2}, ask)
    assert (first["total"], first.items[0]["service"], asked) == (2, "s", [])
    assert [one.id for one in first] == ["1", "2"]
    assert asked == ["a", "b"]
    assert "and there are more pages" in first._repr_html_()


def test_an_answer_of_another_kind_is_an_error_in_words() -> None:
    with pytest.raises(ProvstoreError, match="the server answers with dict, RemotePage is expected of it"):
        expect({}, RemotePage)
