"""A site that is drained takes no new jobs, says why, and lets those that run come to their end."""

from __future__ import annotations

import io

from provstore import __version__
from provstore.app import create_app, open_provstore
from tests.web.served import Served

REASON = "a new disk at noon"


def test_a_new_job_is_refused_with_the_reason(served: Served) -> None:
    served.provstore.draining.begin(REASON)
    answer = served.anonymous.post("/uws/sleep", data={"PHASE": "RUN"})
    assert (answer.status_code, REASON in answer.text) == (503, True)
    assert int(answer.headers["Retry-After"]) > 0
    assert served.json("/uws/sleep")["items"] == []


def test_an_upload_of_a_refused_job_leaves_nothing_behind(served: Served) -> None:
    served.provstore.draining.begin(REASON)
    answer = served.anonymous.post("/uws/copy", data={"input": (io.BytesIO(b"x" * 10), "x.txt")})
    jobs = served.provstore.files.data / "jobs"
    assert (answer.status_code, list(jobs.iterdir()) if jobs.is_dir() else []) == (503, [])


def test_what_is_there_can_be_read_changed_and_ended(served: Served) -> None:
    pending, running = served.create(), served.create()
    served.execute(running)
    served.provstore.draining.begin(REASON)
    assert served.anonymous.get(pending).status_code == 200
    assert served.anonymous.post(f"{pending}/parameters", data={"text": "b"}).status_code == 303
    assert served.anonymous.post(f"{running}/phase", data={"PHASE": "ABORT"}).status_code == 303
    assert served.anonymous.delete(pending).status_code == 303


def test_a_queued_job_starts_only_when_the_draining_is_over_and_a_running_one_ends(served: Served) -> None:
    running = served.create()
    served.execute(running)
    queued = served.create(PHASE="RUN")
    served.provstore.draining.begin(REASON)
    served.tick(3)
    served.finish(running)
    served.tick(3)
    assert (served.phase(running), served.phase(queued)) == ("COMPLETED", "QUEUED")
    served.provstore.draining.end()
    served.tick(3)
    assert served.phase(queued) == "EXECUTING"


def test_a_job_that_waits_for_the_end_of_the_draining_says_so(served: Served) -> None:
    queued = served.create(PHASE="RUN")
    served.provstore.draining.begin(REASON)
    served.tick()
    assert REASON in served.anonymous.get(queued).text


def test_health_is_good_while_draining_and_tells_it(served: Served) -> None:
    served.provstore.draining.begin(REASON)
    answer = served.anonymous.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "version": __version__, "draining": REASON}


def test_another_process_on_the_data_directory_drains_this_one(served: Served) -> None:
    with open_provstore(served.provstore.settings) as other:
        other.draining.begin(REASON)
    assert served.anonymous.post("/uws/sleep").status_code == 503
    assert create_app(served.provstore).test_client().post("/uws/sleep").status_code == 503
