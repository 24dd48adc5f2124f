"""The client on a real server: jobs run once more, and replays are planned, run, compared, accepted and stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provstore.client import Client, RemoteJob
from provstore.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.e2e.served import Served, start, until


@pytest.fixture
def curator(served: Served) -> Iterator[Client]:
    """A client of who may run everybody's jobs again."""
    with served.client(token=served.admin_token) as client:
        yield client


def copy(client: Client, content: bytes | str) -> RemoteJob:
    sent = {"parameters": {"input": content}} if isinstance(content, str) else {"files": {"input": content}}
    return client.wait(client.run("copy", **sent))


@pytest.fixture
def line(curator: Client) -> tuple[list[RemoteJob], dict[str, str]]:
    """Two jobs below a bad file, and what it is to be replaced by."""
    bad = copy(curator, b"bad")
    jobs = [copy(curator, bad.entity("output"))]
    jobs.append(copy(curator, jobs[0].entity("output")))
    return jobs, {bad.entity("output"): copy(curator, b"good").entity("output")}


Line = tuple[list[RemoteJob], dict[str, str]]


def test_a_job_runs_again_as_it_was_or_refined(client: Client) -> None:
    job = client.wait(client.run("sleep", parameters={"text": "once", "duration": 0}, run_id="night-3"))
    again = client.wait(client.rerun(job))
    assert (again.phase, again.run_id, client.read(again.result())) == ("COMPLETED", "night-3", b"once")
    refined = client.rerun(job, parameters={"text": "twice"}, key="refined")
    assert client.rerun(job, parameters={"text": "twice"}, key="refined").id == refined.id
    assert client.read(client.wait(refined).result()) == b"twice"
    file = client.wait(client.rerun(copy(client, b"one"), files={"input": b"two"}))
    assert client.read(file.result("output")) == b"two"


def test_a_job_that_is_not_there_does_not_run_again(client: Client) -> None:
    job = client.create("sleep")
    client.delete(job)
    with pytest.raises(NotFound, match=job.id):
        client.rerun(job)


def test_a_replay_is_planned_kept_run_compared_and_accepted(curator: Client, line: Line) -> None:
    jobs, replace = line
    plan = curator.replays.plan(replace=replace)
    assert [one.job.rpartition("#")[2] for one in plan.jobs] == [one.id for one in jobs]
    assert [(one.level, one.inputs[0]["source"]) for one in plan.jobs] == [(1, "replaced"), (2, "product")]
    replay = curator.replays.keep(replace=replace)
    assert (replay.state, replay.total, replay.is_over) == ("planned", 2, False)
    done = curator.replays.wait(curator.replays.run(replay))
    assert (done.state, done.is_over) == ("over", True)
    assert [(one.phase, one.products) for one in done.jobs] == [("COMPLETED", {"output": "differs"})] * 2
    assert curator.read(curator.job("copy", done.jobs[1].again).result("output")) == b"good"
    assert curator.replays.accept(done.id).accepted_at is not None
    assert curator.replays.plan(replace=replace).jobs == ()
    assert replay.id in [one.id for one in curator.replays.listed()]


def test_some_jobs_of_a_replay_run_and_the_others_are_told(curator: Client, line: Line) -> None:
    jobs, replace = line
    done = curator.replays.wait(curator.replays.run(curator.replays.keep(replace=replace), jobs=[jobs[0].id]))
    assert done.plan is not None
    assert [(one.job.rpartition("#")[2], one.phase) for one in done.jobs] == [(jobs[0].id, "COMPLETED")]
    assert [(one.activity.rpartition("#")[2], one.reason) for one in done.plan.left_out] == [(jobs[1].id, "not_chosen")]


def test_a_replay_is_stopped_with_what_runs(curator: Client, served: Served) -> None:
    """The job that runs again would sleep for ever."""
    file = served.data.parent / "asleep"
    bad, good = copy(curator, b"bad").entity("output"), copy(curator, b"good").entity("output")
    code = f'cat "$input" > a.dat; if grep -q good a.dat; then echo >"{file}"; sleep 1000; fi'
    first = curator.wait(start(curator, "reads", code, input=bad))
    copy(curator, first.entity("data"))
    replay = curator.replays.run(curator.replays.keep(replace={bad: good}))
    until(file.exists, what="the first job runs again")
    assert curator.replays.wait(replay, seconds=0.2).state == "running"
    stopped = curator.replays.stop(replay)
    assert stopped.stopped_at is not None
    assert [one.standing for one in stopped.jobs] == ["made", "dropped"]
    curator.replays.stop(replay, abort=True)
    done = curator.replays.wait(replay)
    assert [(one.phase, one.text) for one in done.jobs] == [("ABORTED", ""), ("", "the replay was stopped")]
    with pytest.raises(Conflict, match="only one that is running can be stopped"):
        curator.replays.stop(replay)


def test_a_refused_plan_says_why(client: Client, curator: Client) -> None:
    with pytest.raises(Unauthenticated, match="signed in"):
        client.replays.plan(revisions=["copy@1"])
    with pytest.raises(Invalid, match="SERVICE@REVISION"):
        curator.replays.plan(revisions=["copy"])
    with pytest.raises(NotFound, match="r0"):
        curator.replays.read("r0")
