"""Jobs that are stopped: by time, by their owner, by deletion, by destruction; nothing of them runs or lies about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from provstore.client import Client, RemoteJob
from provstore.errors import NotFound
from tests.e2e.served import Served, alive, finish, start, until

LONG = "sleep 1000"


def stubborn(outside: Path) -> str:
    """A script whose children ignore TERM, one of them in a session of its own; it tells their pids."""
    child = "trap '' TERM INT HUP; while :; do sleep 0.1; done"
    return f"""
        trap '' TERM
        bash -c "{child}" & echo $! >>{outside}.part
        setsid bash -c "{child}" & echo $! >>{outside}.part
        echo $$ >>{outside}.part; mv {outside}.part {outside}
        echo early >"$rs/out.txt"
        while :; do sleep 0.1; done
    """


def pids(outside: Path) -> list[int]:
    until(outside.exists, what="the script tells its processes")
    return [int(pid) for pid in outside.read_text().split()]


def move(job: RemoteJob, to: str) -> httpx.Response:
    return httpx.post(f"{job.href}/phase", data={"PHASE": to})


def pending(client: Client, served: Served, code: str) -> RemoteJob:
    answer = httpx.post(f"{served.address}/uws/one", data={"code": code})
    return client.job("one", answer.headers["Location"].rsplit("/", 1)[-1])


def executing(client: Client, service: str, code: str, **values: str) -> RemoteJob:
    job = start(client, service, code, **values)
    until(lambda: client.job(service, job.id).phase == "EXECUTING", what="EXECUTING")
    return job


def history(served: Served, job: RemoteJob) -> list[tuple[str, str]]:
    with served.records() as records:
        return [(one.phase.value, one.cause) for one in records.read_even_deleted(job.id).history]


def test_a_time_out_ends_the_whole_group_and_says_so(any_client: Client, outside: Path) -> None:
    job = finish(any_client, "one", stubborn(outside), EXECUTIONDURATION="1")
    assert (job.phase, job.error) == ("ABORTED", "time-out: stopped after its execution duration of 1 s")
    assert [pid for pid in pids(outside) if alive(pid)] == []


def test_what_was_made_before_a_time_out_is_kept(client: Client) -> None:
    job = finish(client, "one", f'echo early >"$rs/out.txt"; {LONG}', EXECUTIONDURATION="1")
    assert client.fetch(f"/uws/one/{job.id}/results/result") == b"early\n"


def test_background_children_do_not_outlive_a_script_that_ends_well(client: Client, outside: Path) -> None:
    job = finish(client, "one", f'{LONG} & echo $! >{outside}; echo made >"$rs/out.txt"')
    assert job.phase == "COMPLETED"
    assert [pid for pid in pids(outside) if alive(pid)] == []


def test_a_pending_job_can_be_aborted(served: Served, client: Client) -> None:
    job = pending(client, served, LONG)
    assert move(job, "ABORT").status_code == 303
    assert client.job("one", job.id).phase == "ABORTED"
    assert history(served, job) == [("PENDING", "user anonymous"), ("ABORTED", "user anonymous")]


def test_an_executing_job_can_be_aborted_and_keeps_what_it_made(any_client: Client, outside: Path) -> None:
    job = executing(any_client, "one", stubborn(outside))
    running = pids(outside)
    assert move(job, "ABORT").status_code == 303
    assert any_client.job("one", job.id).phase == "ABORTED"
    until(lambda: not any(map(alive, running)), what="the processes are gone")
    until(lambda: bool(any_client.job("one", job.id).results), what="the early result is there")
    assert any_client.fetch(f"/uws/one/{job.id}/results/result") == b"early\n"


@pytest.mark.parametrize("wanted", ["RUN", "ABORT"])
def test_a_job_that_has_ended_moves_no_more(client: Client, wanted: str) -> None:
    job = finish(client, "one", "exit 1")
    assert move(job, wanted).status_code == 403
    assert client.job("one", job.id).phase == "ERROR"


def test_a_job_deleted_while_it_runs_leaves_neither_process_nor_file(
    served_on_any: Served, any_client: Client, outside: Path
) -> None:
    job = executing(any_client, "one", stubborn(outside))
    running = pids(outside)
    assert httpx.delete(job.href).status_code == 303
    with pytest.raises(NotFound):
        any_client.job("one", job.id)
    until(lambda: not any(map(alive, running)), what="the processes are gone")
    until(lambda: not (served_on_any.data / "jobs" / job.id).exists(), what="the files are gone")
    [node] = [one for one in any_client.lineage(job.id)["nodes"] if one["id"].endswith(job.id)]
    assert node["attributes"]["phase"] == "ABORTED"


def test_a_deleted_product_still_stands_in_the_lineage_of_its_descendants(
    served: Served, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("text")
    first = client.wait(client.run("copy", parameters={}, files={"input": tmp_path / "file"}))
    second = client.wait(client.run("copy", parameters={"input": first.entity("output")}))
    httpx.request("POST", first.href, data={"ACTION": "DELETE"})
    until(lambda: not (served.data / "jobs" / first.id).exists(), what="the files are gone")
    until(lambda: "invalidated_at" in attributes(client, second, first.entity("output")), what="it is invalidated")
    assert "location" not in attributes(client, second, first.entity("output"))
    assert attributes(client, second, first.id)["phase"] == "COMPLETED"


def attributes(client: Client, descendant: RemoteJob, ancestor: str) -> dict[str, object]:
    """What the lineage of a copy says of an ancestor."""
    nodes = client.lineage(descendant.entity("output"))["nodes"]
    [found] = [one["attributes"] for one in nodes if one["id"].endswith(f"#{ancestor}")]
    return dict(found)


def soon(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%f}Z"


def test_at_its_destruction_time_a_job_is_archived_without_its_files(
    served_on_any: Served, any_client: Client, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("text")
    first = any_client.wait(any_client.run("copy", parameters={}, files={"input": tmp_path / "file"}))
    second = any_client.wait(any_client.run("copy", parameters={"input": first.entity("output")}))
    httpx.post(f"{first.href}/destruction", data={"DESTRUCTION": soon(0.5)})
    until(lambda: any_client.job("copy", first.id).phase == "ARCHIVED", what="ARCHIVED")
    assert not (served_on_any.data / "jobs" / first.id).exists()
    assert "invalidated_at" in attributes(any_client, second, first.entity("output"))
    listed = [httpx.get(f"{served_on_any.address}/uws/copy{query}").text for query in ("", "?PHASE=ARCHIVED")]
    assert [first.id in text for text in listed] == [False, True]


def test_a_job_that_still_runs_at_its_destruction_time_is_ended(client: Client, outside: Path) -> None:
    job = executing(client, "one", stubborn(outside), DESTRUCTION=soon(1))
    until(lambda: client.job("one", job.id).phase == "ARCHIVED", what="ARCHIVED")
    assert [pid for pid in pids(outside) if alive(pid)] == []


def test_a_job_of_removed_input_says_so(served: Served, client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    first = client.wait(client.run("copy", parameters={}, files={"input": tmp_path / "file"}))
    answer = httpx.post(f"{served.address}/uws/copy", data={"input": first.entity("output")})
    second = client.job("copy", answer.headers["Location"].rsplit("/", 1)[-1])
    httpx.delete(first.href)
    until(lambda: not (served.data / "jobs" / first.id).exists(), what="the files are gone")
    move(second, "RUN")
    second = client.wait(client.job("copy", second.id))
    assert second.phase == "ERROR"
    assert second.error.endswith(f"{first.entity('output')} was removed")


def test_files_a_script_has_protected_are_removed_all_the_same(served: Served, client: Client) -> None:
    job = finish(client, "one", 'mkdir -p "$rs/sub"; touch "$rs/out.txt" "$rs/sub/one"; chmod 500 "$rs/sub" "$rs"')
    httpx.delete(job.href)
    until(lambda: not (served.data / "jobs" / job.id).exists(), what="the files are gone")


def test_queued_jobs_start_as_soon_as_a_slot_is_free(served: Served, client: Client) -> None:
    long = [start(client, "one", LONG) for _ in range(8)]
    until(lambda: all(client.job("one", job.id).phase == "EXECUTING" for job in long), what="all slots taken")
    queued, other = start(client, "one", 'echo late >"$rs/out.txt"'), start(client, "one", LONG)
    assert [client.job("one", job.id).phase for job in (queued, other)] == ["QUEUED", "QUEUED"]
    move(other, "ABORT")
    assert history(served, other)[-1] == ("ABORTED", "user anonymous")
    move(long[0], "ABORT")
    assert client.wait(client.job("one", queued.id)).phase == "COMPLETED"
    for job in long[1:]:
        move(job, "ABORT")
    with served.records() as records:
        assert records.node(other.id).properties.get("started_at") is None


def test_jobs_deleted_right_after_their_abort_leave_no_file(served: Served, client: Client) -> None:
    jobs = [start(client, "one", 'echo early >"$rs/out.txt"; sleep 1000') for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: (move(job, "ABORT"), httpx.delete(job.href)), jobs))
    folders = [served.data / "jobs" / job.id for job in jobs]
    until(lambda: not any(one.exists() for one in folders), what="the files of all jobs are gone")
