"""Replays and re-runs from the command line, with real jobs, over the death of the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import SERVICES, Served, until, write_services

COPY = 'cat "$input" > a.dat'


def made_in(folder: Path, environment: Mapping[str, str]) -> Served:
    services = write_services(folder / "descriptions", [one for one in SERVICES if one.name == "reads"])
    return Served(folder, {"PROVSTORE_DESCRIPTIONS": str(services), **environment})


@pytest.fixture
def place(tmp_path: Path) -> Served:
    return made_in(tmp_path, {})


@pytest.fixture
def any_place(tmp_path: Path, any_store: Mapping[str, str]) -> Served:
    return made_in(tmp_path, any_store)


def told(place: Served, *arguments: str, code: int = 0) -> Any:
    done = place.command(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def read(place: Served, file: str, code: str = COPY) -> Any:
    return told(place, "run", "reads", "-p", f"code={code}", "-i", f"input={file}", "--wait")


def made(job: Any) -> str:
    return str(job["results"]["data"]["entity"])


def line(place: Served, tmp_path: Path) -> tuple[list[str], str]:
    """Two jobs below a bad file; give their ids, and the replacement as OLD=NEW."""
    for name in ("bad", "good"):
        (tmp_path / name).write_text(f"{name}\n")
    first = read(place, str(tmp_path / "bad"))
    second = read(place, made(first), code='sleep 1; cat "$input" > b.dat')
    good = read(place, str(tmp_path / "good"))
    graph = told(place, "lineage", made(first))
    (bad,) = [one["id"] for one in graph["nodes"] if one["label"] == "bad"]
    return [first["jobId"], second["jobId"]], f"{bad}={made(good)}"


def test_a_replay_is_planned_drawn_run_compared_and_accepted(any_place: Served, tmp_path: Path) -> None:
    place = any_place
    jobs, change = line(place, tmp_path)
    plan = place.command("replay", "plan", "--replace", change, "--svg", str(tmp_path / "plan.svg"))
    assert [row.split()[:3] for row in plan.stdout.splitlines() if row[:1].isdigit()] == [
        ["1.", jobs[0], "reads@1"],
        ["2.", jobs[1], "reads@1"],
    ]
    assert "<svg" in (tmp_path / "plan.svg").read_text()
    assert len(place.command("replay", "plan", "--replace", change, "--csv").stdout.splitlines()) == 3
    done = told(place, "replay", "run", "--replace", change, "--wait")
    assert [one["products"][0]["verdict"] for one in done["jobs"]] == ["differs", "differs"]
    accepted = told(place, "replay", "accept", done["replay"])
    assert accepted["state"] == "accepted"
    assert done["replay"] in place.command("replay", "status").stdout
    assert told(place, "replay", "plan", "--replace", change)["jobs"] == []


def test_a_replay_goes_on_after_the_server_was_killed(place: Served, tmp_path: Path) -> None:
    _, change = line(place, tmp_path)
    replay = told(place, "replay", "plan", "--keep", "--replace", change)["replay"]
    place.start()
    try:
        assert told(place, "replay", "run", replay)["state"] == "running"
        until(lambda: told(place, "replay", "status", replay)["jobs"][1]["phase"] is not None, what="the second job")
        place.kill()
        place.start()
        until(lambda: bool(told(place, "replay", "status", replay)["state"] == "over"), what="the end of the replay")
        assert [one["phase"] for one in told(place, "replay", "status", replay)["jobs"]] == ["COMPLETED"] * 2
    finally:
        place.clear()


def test_a_job_runs_again_from_the_command_line_and_differences_are_told(place: Served, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("bad\n")
    first = read(place, str(tmp_path / "bad"))
    done = place.command("run", "--from", first["jobId"], "--wait")
    assert done.returncode == 0, done.stderr
    assert "input input: bad: still here" in done.stderr
    assert "result data: the same as before" in done.stderr
    done = place.command("run", "--from", first["jobId"], "-p", "code=echo x > a.dat", "--wait")
    assert "result data: differs" in done.stderr
    assert place.command("run", "--from", first["jobId"], "reads").returncode == 2
    assert place.command("run", "--from", "j0").returncode == 1
