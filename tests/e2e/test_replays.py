"""Replays and re-runs from the command line, with real jobs, over the death of the server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provstore.client import Client, RemoteJob
from tests.e2e.served import PATIENCE, SERVICES, Served, start, until, write_services

COPY = 'data=$(cat "$input"); echo "$data" > a.dat'
"""The input may be called so, too."""


def made_in(folder: Path, environment: Mapping[str, str]) -> Served:
    services = write_services(folder / "descriptions", [one for one in SERVICES if one.name == "reads"])
    return Served(folder, {"PROVSTORE_DESCRIPTIONS": str(services), **environment})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Served]:
    made = made_in(tmp_path, {})
    yield made
    made.clear()


@pytest.fixture
def any_place(tmp_path: Path, any_store: Mapping[str, str]) -> Iterator[Served]:
    made = made_in(tmp_path, any_store)
    yield made
    made.clear()


def told(place: Served, *arguments: str, code: int = 0) -> Any:
    done = place.command(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def line(place: Served, tmp_path: Path, *, code: str = COPY) -> tuple[list[str], str]:
    """Two jobs below a bad file; give their ids, and the replacement as OLD=NEW. Leaves the server running."""
    for name in ("bad", "good"):
        (tmp_path / name).write_text(f"{name}\n")
    place.start()
    with place.client(token=place.admin_token) as client:
        first = read(client, tmp_path / "bad")
        second = client.wait(start(client, "reads", code, input=first.entity("data")))
        good = read(client, tmp_path / "good")
        (bad,) = [one.id for one in client.lineage(first.entity("data")).nodes if one.label == "bad"]
    return [first.id, second.id], f"{bad}={good.entity('data')}"


def read(client: Client, file: Path) -> RemoteJob:
    return client.wait(client.run("reads", parameters={"code": COPY}, files={"input": file}))


def test_a_replay_is_planned_drawn_run_compared_and_accepted(any_place: Served, tmp_path: Path) -> None:
    place = any_place
    jobs, change = line(place, tmp_path)
    place.stop()
    plan = place.command("replay", "plan", "--replace", change, "--csv", "--svg", str(tmp_path / "plan.svg"))
    assert len(plan.stdout.splitlines()) == 3
    assert "<svg" in (tmp_path / "plan.svg").read_text()
    done = told(place, "replay", "run", "--replace", change, "--wait")
    assert [one["products"][0]["verdict"] for one in done["jobs"]] == ["differs", "differs"]
    accepted = place.command("replay", "accept", done["replay"]).stdout.splitlines()
    assert accepted[0].split() == [done["replay"], "accepted"]
    assert [row.split() for row in accepted if row[:1].isdigit()] == [
        ["1.", jobs[0], "reads@1", "COMPLETED"],
        ["2.", jobs[1], "reads@1", "COMPLETED"],
    ]
    assert done["replay"] in place.command("replay", "status").stdout
    assert told(place, "replay", "plan", "--replace", change)["jobs"] == []


def test_a_replay_goes_on_after_the_server_was_killed(place: Served, tmp_path: Path) -> None:
    _, change = line(place, tmp_path, code=f"sleep 1; {COPY}")
    replay = told(place, "replay", "plan", "--keep", "--replace", change)["replay"]
    assert told(place, "replay", "run", replay)["state"] == "running"
    with place.client(token=place.admin_token) as client:
        until(lambda: client.replays.read(replay).jobs[1].phase != "", what="the second job")
    place.kill()
    place.start()
    with place.client(token=place.admin_token) as client:
        done = client.replays.wait(replay, seconds=PATIENCE)
    assert (done.state, [one.phase for one in done.jobs]) == ("over", ["COMPLETED"] * 2)


def test_a_replay_is_stopped_from_the_command_line(place: Served, tmp_path: Path) -> None:
    _, change = line(place, tmp_path, code=f"if grep -q good $input; then sleep 1000; fi; {COPY}")
    replay = told(place, "replay", "run", "--replace", change)["replay"]
    with place.client(token=place.admin_token) as client:
        until(lambda: client.replays.read(replay).jobs[1].phase == "EXECUTING", what="the second job")
        assert told(place, "replay", "stop", replay, "--abort")["stopped"] is not None
        done = client.replays.wait(replay, seconds=PATIENCE)
    assert (done.state, [one.phase for one in done.jobs]) == ("over", ["COMPLETED", "ABORTED"])
    assert place.command("replay", "stop", replay).returncode == 1


def test_a_job_runs_again_from_the_command_line_and_differences_are_told(place: Served, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("bad\n")
    first = told(place, "run", "reads", "-p", f"code={COPY}", "-i", f"input={tmp_path / 'bad'}", "--wait")
    done = place.command("run", "--from", first["jobId"], "--wait")
    assert done.returncode == 0, done.stderr
    assert "input input: bad: still here" in done.stderr
    assert "result data: the same as before" in done.stderr
    done = place.command("run", "--from", first["jobId"], "-p", "code=echo x > a.dat", "--wait")
    assert "result data: differs" in done.stderr
    assert place.command("run", "--from", first["jobId"], "reads").returncode == 2
    assert place.command("run", "--from", "j0").returncode == 1
