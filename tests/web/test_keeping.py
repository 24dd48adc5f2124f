"""Files that are kept beyond their destruction time: by whom, how many, and until when."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from flask.testing import FlaskClient

from provstore.accounts.callers import ANONYMOUS
from provstore.errors import Conflict
from provstore.graph.model import NodeId
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

MONTH: Final = 31 * 86_400
DAY: Final = 86_400


def finished(served: Served, made: bytes = b"hello", *, by: FlaskClient | None = None) -> str:
    """A job that is over, with a file; curie's by default."""
    by = by or served.curie
    job = served.create(by=by)
    served.execute(job, by=by)
    served.finish(job, {"results/result.txt": made})
    return job


def keep(served: Served, job: str, *, by: FlaskClient | None = None, **fields: str) -> tuple[int, Any]:
    answer = (by or served.curie).post(f"{job}/keep", data=fields)
    return answer.status_code, answer.json if answer.is_json else answer.text.strip()


def result(served: Served, job: str) -> int:
    return served.curie.get(f"{job}/results/result").status_code


def test_kept_files_outlive_their_time_until_a_day_after_that_ends(served: Served) -> None:
    kept, other = finished(served), finished(served)
    before = served.json(kept)["destruction"]
    status, said = keep(served, kept)
    assert (status, said["keptAt"], said["destruction"]) == (200, "2026-03-01T12:00:00.000Z", None)
    assert said["used"] == said["size"] > 0
    served.clock.advance(MONTH)
    served.tick(2)
    assert (served.phase(kept), served.phase(other)) == ("COMPLETED", "ARCHIVED")
    assert (result(served, kept), result(served, other)) == (200, 404)
    status, said = keep(served, kept, ACTION="REMOVE")
    assert (said["keptAt"], said["destruction"], said["used"]) == (None, "2026-04-02T12:00:00.000Z", 0)
    assert before < said["destruction"]
    served.tick()
    assert served.phase(kept) == "COMPLETED"
    served.clock.advance(DAY)
    served.tick()
    assert served.phase(kept) == "ARCHIVED"


def test_a_job_that_is_kept_no_longer_gets_its_time_of_before_back(served: Served) -> None:
    job = finished(served)
    before = served.json(job)["destruction"]
    keep(served, job)
    keep(served, job)  # again: nothing changes
    assert served.json(job)["destruction"] is None
    assert keep(served, job, ACTION="REMOVE")[1]["destruction"] == before
    assert keep(served, job, ACTION="remove")[1]["destruction"] == before


def test_the_documents_of_a_kept_job_tell_the_truth(served: Served) -> None:
    job = finished(served)
    keep(served, job)
    document = served.curie.get(job).text
    assert '<uws:destruction xsi:nil="true"/>' in document
    assert "<p:keptAt>2026-03-01T12:00:00.000Z</p:keptAt>" in document
    assert served.json(job)["jobInfo"]["keptAt"] == "2026-03-01T12:00:00.000Z"
    assert told(served.curie.get(f"{job}/destruction")) == (200, "")
    status, words = told(served.curie.post(f"{job}/destruction", data={"DESTRUCTION": "2026-03-09"}))
    assert (status, words) == (
        403,
        f"the files of job {job_id(job)} are kept: stop keeping it, then it has a destruction time that can be set",
    )


def test_the_graph_tells_who_keeps_a_job_and_since_when(served: Served) -> None:
    job = finished(served)
    keep(served, job, by=served.admin)
    keeper = served.node(served.provstore.accounts.agent_of("admin"))
    known = json.loads(served.curie.get(f"{job}/prov?format=prov-json").text)["activity"]
    facts = next(one for name, one in known.items() if name.endswith(job_id(job)))
    assert facts["provstore:keptBy"] == keeper
    assert facts["provstore:keptAt"]["$"].startswith("2026-03-01T12:00:00")
    assert not [name for name in facts if "lapses" in name.lower()]


@pytest.fixture
def narrow(serve: Serve) -> Served:
    """A site where little may be kept: one of two jobs with large results."""
    return serve(kept_max=100_000)


def test_no_more_is_kept_than_the_site_allows(narrow: Served) -> None:
    first, second = (finished(narrow, bytes(60_000)) for _ in range(2))
    assert keep(narrow, first)[0] == 200
    status, words = keep(narrow, second)
    assert status == 403
    assert "of the 100000 that may be kept are taken: stop keeping another job first" in words
    assert keep(narrow, second, by=narrow.admin)[0] == 200  # an administrator may go beyond
    keep(narrow, second, ACTION="REMOVE")
    keep(narrow, first, ACTION="REMOVE")
    assert keep(narrow, second)[0] == 200


def test_the_account_offers_to_keep_only_what_there_is_room_for(narrow: Served) -> None:
    first, _second = (finished(narrow, bytes(60_000)) for _ in range(2))
    assert narrow.curie.get("/account").text.count(">Keep<") == 2
    keep(narrow, first)
    shown = narrow.curie.get("/account").text
    assert (shown.count(">Keep<"), shown.count("no room to keep it: you may keep 100 kB")) == (0, 1)


def test_a_deleted_job_is_not_kept(narrow: Served) -> None:
    first, second = (finished(narrow, bytes(60_000)) for _ in range(2))
    keep(narrow, first)
    assert narrow.curie.delete(first).status_code == 303
    narrow.tick()
    assert keep(narrow, second)[0] == 200
    node = narrow.provstore.store.get([NodeId(narrow.node(job_id(first)))])[0]
    assert not {"kept_by", "kept_at", "lapses_at"} & set(node.properties)


def test_only_what_is_over_and_still_there_is_kept(served: Served) -> None:
    pending = served.create(by=served.curie)
    words = f"phase PENDING: only jobs that have ended, and have their files, can be kept (job {job_id(pending)})"
    assert keep(served, pending) == (403, words)
    going = finished(served)
    served.clock.advance(30 * DAY - 30)
    assert keep(served, going)[0] == 403
    served.clock.advance(DAY)
    served.tick()
    assert keep(served, going)[0] == 403


def test_visitors_keep_nothing_and_a_site_may_keep_nothing_at_all(serve: Serve) -> None:
    served = serve(kept_max=0)
    visited = finished(served, by=served.anonymous)
    assert keep(served, visited, by=served.anonymous)[0] == 401
    assert keep(served, finished(served)) == (403, "this site keeps no files beyond their destruction time")
    assert served.provstore.service.keeping.usage(ANONYMOUS.agent).allowed == 0


def test_a_malformed_wish_is_told_as_such(served: Served) -> None:
    job = finished(served)
    assert keep(served, job, ACTION="maybe") == (400, "ACTION='maybe': KEEP or REMOVE is needed")
    assert keep(served, job, UNTIL="x") == (400, "'UNTIL' is not known here; known: ACTION, NEXT")
    assert keep(served, job, NEXT="//elsewhere.example")[0] == 400
    assert served.json(job)["destruction"] is not None


def test_a_browser_goes_on_to_where_it_came_from(served: Served) -> None:
    job = finished(served)
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = served.curie.post(f"{job}/keep", data={"NEXT": "/jobs"}, headers=html)
    assert (answer.status_code, answer.location) == (303, "http://localhost/jobs")
    answer = served.curie.post(f"{job}/keep", headers=html)
    assert answer.location == f"http://localhost/jobs/{job_id(job)}"


def test_a_destruction_time_set_at_the_same_time_as_a_job_is_kept_is_not_written(served: Served) -> None:
    job = finished(served)
    records = served.provstore.records
    before = records.read(job_id(job))
    keep(served, job)
    with pytest.raises(Conflict):
        records.put(before, {"destruction_at": served.clock(), "expires_at": served.clock()})
    assert served.json(job)["destruction"] is None
