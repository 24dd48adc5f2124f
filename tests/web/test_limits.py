"""Limits of jobs: the space that somebody's jobs take, how long they run, how long they are kept."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from provstore.accounts.callers import ANONYMOUS
from provstore.uws.control import clamp_destruction
from tests.web.conftest import Serve
from tests.web.served import BIRTH, Served, job_id


def disk_bytes(served: Served, job: str) -> Any:
    (node,) = served.provstore.store.get([served.node(job_id(job))])
    return node.properties.get("disk_bytes")


def really(served: Served, job: str) -> int:
    folder = served.provstore.files.job(job_id(job))
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def used(served: Served) -> int:
    return served.provstore.quotas.usage(ANONYMOUS).used


def upload(size: int) -> dict[str, Any]:
    return {"input": (io.BytesIO(b"x" * size), "x")}


def test_a_job_says_what_its_files_take_as_long_as_they_are_there(served: Served) -> None:
    job = served.create("copy", **upload(1000))
    assert disk_bytes(served, job) == 1000
    served.execute(job)
    served.finish(job, {"results/output.dat": b"y" * 500, "stdout": b"z" * 50})
    assert served.phase(job) == "COMPLETED"
    assert disk_bytes(served, job) == really(served, job) > 1550
    assert used(served) == disk_bytes(served, job)
    served.clock.at = BIRTH + timedelta(days=31)
    served.tick(2)
    assert (served.phase(job), disk_bytes(served, job), used(served)) == ("ARCHIVED", None, 0)


@pytest.mark.parametrize("end", ["ABORT", "DELETE", "exit 3"])
def test_jobs_that_fail_or_are_aborted_count_and_deleted_ones_do_not(served: Served, end: str) -> None:
    job = served.create("copy", **upload(1000))
    served.execute(job)
    if end == "ABORT":
        served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
    elif end == "DELETE":
        served.anonymous.delete(job)
    else:
        served.finish(job, {"stderr": b"no"}, exit_code=3)
    served.tick(3)
    assert disk_bytes(served, job) == (None if end == "DELETE" else really(served, job))
    assert used(served) == (disk_bytes(served, job) or 0)


def test_who_has_used_his_space_makes_no_new_job_until_some_of_it_is_free(serve: Serve) -> None:
    served = serve(anonymous_disk_max=1500)
    first = served.create("copy", **upload(1000))
    second = served.create("copy", **upload(1000))
    answer = served.anonymous.post("/uws/sleep", data={})
    assert answer.status_code == 403
    assert answer.text == (
        "your jobs take 2000 bytes of the 1500 allowed: delete some of them, or wait for their destruction\n"
    )
    assert served.curie.post("/uws/sleep").status_code == 303
    served.anonymous.delete(first)
    served.tick()
    assert served.anonymous.post("/uws/sleep").status_code == 303
    assert served.anonymous.get(second).status_code == 200


def test_people_with_an_account_have_a_limit_of_their_own(serve: Serve) -> None:
    served = serve(user_disk_max=10)
    served.create("copy", by=served.curie, **upload(10))
    assert served.curie.post("/uws/sleep").status_code == 403
    assert served.anonymous.post("/uws/sleep").status_code == 303
    assert served.admin.post("/uws/sleep").status_code == 303


def test_a_destruction_time_is_limited_from_the_job_s_creation_on(served: Served) -> None:
    job = served.create()
    served.clock.at += timedelta(days=20)
    served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": "2030-01-01"})
    assert served.anonymous.get(f"{job}/destruction").text == "2027-03-01T12:00:00.000Z"
    settings = served.provstore.settings
    asked = clamp_destruction(None, settings=settings, at=served.clock(), created_at=BIRTH)
    assert asked == BIRTH + settings.destruction


def test_a_job_that_has_outlived_the_limit_is_not_destroyed_by_a_wish_to_keep_it(serve: Serve) -> None:
    served = serve(destruction_max=timedelta(days=10), destruction=timedelta(days=5))
    job = served.create()
    served.clock.at += timedelta(days=11)
    answer = served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": "2026-03-20"})
    assert answer.status_code == 400
    assert "no job is kept longer than 10 days, 0:00:00 after its creation" in answer.text


@pytest.mark.parametrize("phase", ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"])
def test_at_its_destruction_a_job_is_archived_whatever_its_phase_and_keeps_no_files(served: Served, phase: str) -> None:
    job = served.create("copy", **upload(10))
    if phase != "PENDING":
        served.anonymous.post(f"{job}/phase", data={"PHASE": "RUN"})
    if phase in {"EXECUTING", "COMPLETED"}:
        served.tick(2)
    if phase == "COMPLETED":
        served.finish(job, {"results/output.dat": b"x"})
    assert served.phase(job) == phase
    served.clock.at = BIRTH + timedelta(days=30)
    served.tick(5)
    assert served.phase(job) == "ARCHIVED"
    assert not served.provstore.files.job(job_id(job)).exists()
    told = served.json(job)
    ended = phase != "PENDING"
    assert (told["endTime"] is not None, disk_bytes(served, job)) == (ended, None)


def test_an_execution_duration_is_told_back_as_it_was_held_and_reaches_the_run(serve: Serve) -> None:
    served = serve(execution_duration_max=timedelta(seconds=90))
    job = served.create(EXECUTIONDURATION="5000", PHASE="RUN")
    assert served.anonymous.get(f"{job}/executionduration").text == "90"
    served.tick()
    task = served.directory(job) / "task.json"
    assert '"execution_duration": 90.0' in task.read_text("utf-8")
