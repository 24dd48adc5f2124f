"""The supervisor, tick by tick: what it does when executors fail, slots are short and files are left over."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from provstore.app import open_provstore
from provstore.settings import Settings
from provstore.uws.ports import Cause, State
from provstore.uws.running.supervisor import Lease
from tests.web.conftest import Serve
from tests.web.served import BIRTH, Served, job_id


def error(served: Served, job: str) -> str:
    return str(served.json(job)["errorSummary"]["message"])


def test_an_executor_that_cannot_be_asked_leaves_the_phase_as_it_is(served: Served) -> None:
    job = served.create(PHASE="RUN")
    served.executor.down = True
    served.tick(3)
    assert served.phase(job) == "QUEUED"
    served.executor.down = False
    served.clock.advance(2)
    served.tick(2)
    served.executor.down = True
    served.tick()
    assert served.phase(job) == "EXECUTING"
    served.executor.down = False
    served.clock.advance(2)
    served.finish(job)
    assert served.phase(job) == "COMPLETED"


def test_surplus_jobs_wait_for_a_slot_and_the_oldest_comes_first(serve: Serve) -> None:
    served = serve(local_slots=1)
    jobs = []
    for _ in range(3):
        jobs.append(served.create(PHASE="RUN"))
        served.clock.advance(1)
    served.tick(3)
    assert [served.phase(job) for job in jobs] == ["EXECUTING", "QUEUED", "QUEUED"]
    served.finish(jobs[0])
    served.tick(2)
    assert [served.phase(job) for job in jobs] == ["COMPLETED", "EXECUTING", "QUEUED"]


def test_a_job_that_disappears_is_an_error_that_may_pass(served: Served) -> None:
    job = served.create(PHASE="RUN")
    served.tick(2)
    served.executor.lose(served.directory(job))
    served.tick()
    assert served.phase(job) == "ERROR"
    assert served.json(job)["errorSummary"]["type"] == "transient"


def test_an_end_that_the_graph_refuses_is_an_error_and_never_completed(served: Served) -> None:
    job = served.create(PHASE="RUN")
    served.tick(2)
    place = served.directory(job)
    (place / "results" / "result.txt").write_bytes(b"hello")
    served.executor._end(place, state=State.ENDED, cause=Cause.EXIT, exit_code=0, host="no\x00host")
    served.tick()
    assert served.phase(job) == "ERROR"
    assert "NUL" in error(served, job)
    assert served.json(job)["results"] == []


def test_a_start_that_was_never_signalled_is_entered_as_inferred(served: Served) -> None:
    job = served.create(PHASE="RUN")
    served.executor.on_start = lambda place: served.executor.finish(place, files={"results/result.txt": b"x"})
    served.tick(2)
    history = [(one["phase"], one["cause"]) for one in served.json(job)["jobInfo"]["history"]]
    assert history[-2:] == [("EXECUTING", "inferred"), ("COMPLETED", "executor local")]


def test_only_one_process_supervises_a_data_directory(served: Served, tmp_path: Path) -> None:
    served.tick()
    other = Lease(served.provstore.settings.data.absolute() / "supervisor.lock")
    assert not other.take()
    served.provstore.supervisor.stop()
    assert other.take()
    other.release()


def test_uploads_of_jobs_that_never_came_to_be_are_swept_after_an_hour(served: Served) -> None:
    kept = served.create()
    jobs = served.provstore.files.job("j0").parent
    for name, age in (("j" + "a" * 32, 2), ("j" + "b" * 32, 0), (job_id(kept), 2)):
        file = jobs / name / "inputs" / "image" / "raw.fits"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"FITS")
        old = file.stat().st_mtime - timedelta(hours=age).total_seconds()
        for one in (file, *list(file.parents)[:3]):
            os.utime(one, (old, old))
    served.provstore.supervisor._life.sweep()
    assert sorted(one.name for one in jobs.iterdir()) == sorted(["j" + "b" * 32, job_id(kept)])


def test_a_job_past_its_destruction_is_archived_once_and_its_lineage_stays(served: Served) -> None:
    job = served.completed()
    entity = served.json(job)["results"][0]["id"]
    served.clock.at = BIRTH + timedelta(days=31)
    served.tick(3)
    assert served.phase(job) == "ARCHIVED"
    assert not served.provstore.files.job(job_id(job)).exists()
    assert [one["phase"] for one in served.json(job)["jobInfo"]["history"]].count("ARCHIVED") == 1
    answer = served.admin.get(f"/prov/lineage?id=e{job_id(job)[1:]}.{entity}").json
    assert answer is not None
    invalidated = [one for one in answer["nodes"] if "invalidated_at" in one["attributes"]]
    assert [one["label"] for one in invalidated] == ["result"]


def test_nobody_else_on_the_machine_may_look_into_a_new_data_directory(tmp_path: Path) -> None:
    with open_provstore(Settings(data=tmp_path / "new")):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
