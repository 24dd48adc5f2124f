"""The list of jobs: who sees what, and every filter in every form."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from provstore.uws.phases import Phase
from tests.web.documents import assert_valid, parsed, uws
from tests.web.served import Served, job_id, told


def listed(served: Served, query: str = "") -> list[str]:
    """Ids in the list that the anonymous visitor gets."""
    return [one["jobId"] for one in served.json(f"/uws/sleep{query}", by=served.anonymous)["items"]]


def test_the_list_is_a_document_with_the_newest_first(served: Served) -> None:
    first = served.create(RUNID="<a>")
    served.clock.advance(1)
    second = served.create(PHASE="RUN")
    answer = served.anonymous.get("/uws/sleep")
    owner = '<uws:ownerId xsi:nil="true"/>'
    expected = uws(
        "jobs",
        f'<uws:jobref id="{job_id(second)}" xlink:type="simple" xlink:href="http://localhost{second}">'
        f"<uws:phase>QUEUED</uws:phase>{owner}<uws:creationTime>2026-03-01T12:00:01.000Z</uws:creationTime></uws:jobref>"
        f'<uws:jobref id="{job_id(first)}" xlink:type="simple" xlink:href="http://localhost{first}">'
        f"<uws:phase>PENDING</uws:phase><uws:runId>&lt;a&gt;</uws:runId>{owner}"
        "<uws:creationTime>2026-03-01T12:00:00.000Z</uws:creationTime></uws:jobref>",
    )
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8")
    assert parsed(answer.data) == expected
    assert_valid(answer.data)


def test_an_empty_list_is_a_document_too(served: Served) -> None:
    answer = served.anonymous.get("/uws/sleep")
    assert parsed(answer.data) == uws("jobs", "")
    assert_valid(answer.data)


def test_the_list_in_json_has_the_same_facts(served: Served) -> None:
    job = served.create(RUNID="r1", by=served.curie)
    answer = served.curie.get("/uws/sleep", headers={"Accept": "application/json"})
    item = {
        "jobId": job_id(job),
        "href": f"http://localhost{job}",
        "service": "sleep",
        "phase": "PENDING",
        "runId": "r1",
        "ownerId": "curie",
        "creationTime": "2026-03-01T12:00:00.000Z",
    }
    assert answer.json == {"items": [item], "next": None}


def test_each_sees_the_own_jobs_and_the_administrator_all(served: Served) -> None:
    own = served.create(by=served.curie)
    nobody = served.create()
    served.create("copy", input=(io.BytesIO(b"x"), "x"))
    seen = {
        name: {one["jobId"] for one in served.json("/uws/sleep", by=client)["items"]}
        for name, client in (("curie", served.curie), ("anonymous", served.anonymous), ("admin", served.admin))
    }
    assert seen == {"curie": {job_id(own)}, "anonymous": {job_id(nobody)}, "admin": {job_id(own), job_id(nobody)}}


def test_filters_by_phase_are_united(served: Served) -> None:
    jobs = {}
    for phase in Phase:
        jobs[phase] = job_id(served.create())
        served.force(f"/uws/sleep/{jobs[phase]}", phase)
        served.clock.advance(1)
    for phase in Phase:
        assert listed(served, f"?PHASE={phase}") == [jobs[phase]]
    assert listed(served, "?phase=PENDING&PHASE=ARCHIVED") == [jobs[Phase.ARCHIVED], jobs[Phase.PENDING]]
    assert listed(served) == [jobs[phase] for phase in reversed(Phase) if phase is not Phase.ARCHIVED]


@pytest.mark.parametrize("word", ["", "DONE", "pending", "PENDING,QUEUED", "RUN", " QUEUED", "%00", "1"])
def test_a_word_that_is_no_phase_is_refused(served: Served, word: str) -> None:
    answer = served.anonymous.get(f"/uws/sleep?PHASE={word}")
    assert answer.status_code == 400
    assert "one of PENDING, QUEUED, EXECUTING, COMPLETED, ERROR" in answer.text


INSTANTS = {
    "2015": datetime(2015, 1, 1, tzinfo=UTC),
    "2015-10": datetime(2015, 10, 1, tzinfo=UTC),
    "20151026": datetime(2015, 10, 26, tzinfo=UTC),
    "2015-10-26": datetime(2015, 10, 26, tzinfo=UTC),
    "2015-10-26 09:00": datetime(2015, 10, 26, 9, tzinfo=UTC),
    "2015-10-26T09:00": datetime(2015, 10, 26, 9, tzinfo=UTC),
    "2015-10-26T09:00:30": datetime(2015, 10, 26, 9, 0, 30, tzinfo=UTC),
    "2015-10-26T09:00:30Z": datetime(2015, 10, 26, 9, 0, 30, tzinfo=UTC),
    "2015-10-26T09:00:30.250Z": datetime(2015, 10, 26, 9, 0, 30, 250_000, tzinfo=UTC),
}


@pytest.mark.parametrize("text", INSTANTS)
def test_after_is_strictly_after_in_every_spelling(served: Served, text: str) -> None:
    served.clock.at = INSTANTS[text]
    served.create()
    served.clock.advance(0.001)
    after = served.create()
    assert listed(served, f"?AFTER={text}") == [job_id(after)]


def test_after_compares_the_very_instant_that_was_shown(served: Served) -> None:
    job = served.create()
    assert listed(served, f"?AFTER={served.json(job)['creationTime']}") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2015-13",
        "2015-02-30",
        "2015-10-26T25:00",
        "2015-10-26T09",
        "2015-10-26T09:00:00%2B02:00",
        "2015-10-26T09:00:00-05:00",
        "2015-10-26T09:00:00 CET",
        "15-10-26",
        "0000",
        "-2015",
        "9" * 5000,
    ],
)
def test_an_instant_in_another_zone_or_none_is_refused(served: Served, text: str) -> None:
    answer = served.anonymous.get(f"/uws/sleep?AFTER={text}")
    assert answer.status_code == 400
    assert answer.text.startswith("AFTER=")


def test_last_gives_the_newest_and_the_filters_are_anded(served: Served) -> None:
    jobs = []
    for number in range(4):
        run: dict[str, Any] = {"PHASE": "RUN"} if number > 1 else {}
        jobs.append(job_id(served.create(RUNID=f"r{number % 2}", **run)))
        served.clock.advance(60)
    assert listed(served, "?LAST=2") == [jobs[3], jobs[2]]
    assert listed(served, "?LAST=100") == jobs[::-1]
    assert listed(served, f"?LAST={'9' * 5000}") == jobs[::-1]
    assert listed(served, "?LAST=1&PHASE=PENDING") == [jobs[1]]
    assert listed(served, "?AFTER=2026-03-01T12:00:30Z&PHASE=PENDING&last=5") == [jobs[1]]
    assert listed(served, "?RUNID=r1") == [jobs[3], jobs[1]]
    assert listed(served, "?runid=r1&AFTER=2026-03-01T12:01") == [jobs[3]]
    assert listed(served, "?RUNID=none") == []


@pytest.mark.parametrize("text", ["0", "-1", "", "x", "1.5", "1e3", "٣", "0x10"])
def test_a_last_that_is_no_count_is_refused(served: Served, text: str) -> None:
    answer = served.anonymous.get("/uws/sleep", query_string={"LAST": text})
    assert told(answer) == (400, f"LAST={text!r}: a whole number, 1 or above, is needed")
