"""The server dies at every moment of a job's life; what it had acknowledged still comes to its true end, once.

``PROVSTORE_CHAOS`` is the number of games, of half a minute each.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.client import Client, RemoteJob
from provstore.errors import ProvstoreError
from provstore.graph.model import EVERYBODY, Kind
from provstore.uws.jobs import Job
from provstore.uws.phases import FINAL, Phase
from provstore.uws.records import JobFilter, Records
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, processes_of, start, until

GAMES: Final = int(os.environ.get("PROVSTORE_CHAOS", "1"))
"""Each kills the server twenty times, twice at every moment; who changes the life of jobs plays more."""

ENDS: Final = {"COMPLETED": "exit 0", "ERROR": "exit 3"}
LEGAL: Final = (
    [Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED],
    [Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.ERROR],
)

Moment = Callable[[Path, random.Random], bool]
"""Tells, of the directory of the last job of a round, whether it is time to kill; asked in a loop."""


def _ended(jobs: Path) -> bool:
    with suppress(OSError):
        return '"ENDED"' in (jobs / "run" / "status.json").read_text()
    return False


def _later(condition: Callable[[Path], bool], most: float) -> Moment:
    def moment(jobs: Path, dice: random.Random) -> bool:
        if condition(jobs):
            time.sleep(dice.uniform(0, most))  # the moment itself is what is drawn
            return True
        return False

    return moment


MOMENTS: Final[Mapping[str, Moment]] = {
    "acknowledged": lambda _jobs, _dice: True,
    "soon after": _later(lambda _jobs: True, 0.1),
    "being staged": lambda jobs, _dice: jobs.is_dir(),
    "staged": lambda jobs, _dice: (jobs / "run").is_dir(),
    "claimed": lambda jobs, _dice: (jobs / "run" / "claim").exists(),
    "told": lambda jobs, _dice: (jobs / "run" / "status.json").exists(),
    "executing": _later(lambda jobs: (jobs / "run" / "status.json").exists(), 0.3),
    "ended": lambda jobs, _dice: _ended(jobs),
    "being collected": _later(_ended, 0.05),
}


@dataclass(slots=True)
class Chaos:
    """Rounds of jobs and kills on one data directory; ``jobs``: what was acknowledged, with the end it must have."""

    served: Served
    tally: Path
    dice: random.Random
    jobs: dict[str, str] = field(default_factory=dict)

    def round(self, moment: Moment) -> None:
        """Start jobs, kill the server at the moment of the last of them, perhaps let them end alone, start it anew."""
        with self.served.client() as client:
            started = [self.submit(client) for _ in range(3)]
        last = self.served.data / "jobs" / started[-1].id
        deadline = time.monotonic() + PATIENCE
        while not moment(last, self.dice) and time.monotonic() < deadline:
            time.sleep(0.0005)
        self.restart()

    def round_of_posts(self) -> None:
        """Kill the server while jobs are posted: some are acknowledged, one is perhaps lost, none is half."""
        poster = threading.Thread(target=self._post)
        poster.start()
        time.sleep(self.dice.uniform(0.01, 0.2))  # the moment is what is drawn
        self.restart(stop=poster.join)

    def _post(self) -> None:
        with self.served.client() as client, suppress(httpx.TransportError, ProvstoreError):
            while len(self.jobs) < 1000:
                self.submit(client)

    def submit(self, client: Client) -> RemoteJob:
        end = self.dice.choice(list(ENDS))
        big = "head -c 20M /dev/zero" if self.dice.random() < 0.3 else "echo small"
        seconds = self.dice.uniform(0.1, 0.5)
        code = f'echo $PROVSTORE_JOB >>{self.tally}; sleep {seconds:.2f}; {big} >"$rs/out.txt"; {ENDS[end]}'
        job = start(client, "one", code)
        self.jobs[job.id] = end
        return job

    def restart(self, *, stop: Callable[[], None] = lambda: None) -> None:
        self.served.kill()
        stop()
        if self.dice.random() < 0.3:
            staged = [one.parents[1] for one in (self.served.data / "jobs").glob("*/run/claim")]
            until(lambda: all(map(_ended, staged)), what="the jobs end while no server runs")
        self.served.start()

    def settle(self, records: Records) -> Iterator[Job]:
        """Wait for the end of all jobs in the graph, and give them."""
        found = [one.id for one in records.references(JobFilter(service="one"), EVERYBODY)]
        until(lambda: all(records.phase(one) in FINAL for one in found), what="all jobs are over")
        return (records.read(one) for one in found)


def problems(job: Job, *, runs: int, expected: str, records: Records) -> list[str]:
    """What is untrue of a job that should have ended as expected ("" if it was never acknowledged)."""
    made = [one for one in records.around(job.id).edges if one.kind is Kind.WAS_GENERATED_BY]
    moves = [change.phase for change in job.history]
    times = [change.at for change in job.history]
    checks = {
        f"ended as {job.phase}: {job.failure}": job.phase.value == (expected or job.phase.value),
        f"ran {runs} times": runs == 1,
        f"has {len(made)} generations": len(made) == 1,
        f"has {len(job.results)} results": len(job.results) == 1,
        f"went {' '.join(moves)}": moves in LEGAL,
        f"went back in time {times}": times == sorted(times),
        f"exit code {job.exit_code}": job.exit_code == (0 if job.phase is Phase.COMPLETED else 3),
        "is still open": not job.open,
    }
    return [f"{job.id} {what}" for what, holds in checks.items() if not holds]


def play(served: Served, tally: Path, *, seed: int, rounds: int, moments: Collection[str] = MOMENTS.keys()) -> None:
    chaos = Chaos(served.start(), tally, random.Random(seed))  # noqa: S311 - a game, repeatable
    for _ in range(rounds):
        for moment in moments:
            chaos.round(MOMENTS[moment])
        chaos.round_of_posts()
    with served.records() as records:
        found = list(chaos.settle(records))
        runs = Counter(tally.read_text().split())
        wrong = [
            fault
            for job in found
            for fault in problems(job, runs=runs[job.id], expected=chaos.jobs.get(job.id, ""), records=records)
        ]
    assert wrong == []
    assert set(chaos.jobs) <= {job.id for job in found}
    assert [str(one) for one in (served.data / "jobs").glob("*/.run-*")] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, GAMES + 1))
def test_every_acknowledged_job_ends_once_whenever_the_server_dies(
    make_served: MakeServed, outside: Path, seed: int
) -> None:
    play(make_served(), outside, seed=seed, rounds=2)


@pytest.mark.neo4j
def test_the_same_holds_on_neo4j(make_served: MakeServed, neo4j_environment: Mapping[str, str], outside: Path) -> None:
    moments = ("acknowledged", "claimed", "ended", "being collected")
    play(make_served(**neo4j_environment), outside, seed=2, rounds=1, moments=moments)


def test_a_job_whose_wrapper_was_killed_while_no_server_ran_is_an_error_that_says_so(
    make_served: MakeServed, outside: Path
) -> None:
    served = make_served().start()
    with served.client() as client:
        job = start(client, "one", f"echo >{outside}; sleep 1000")
        until(outside.exists, what="the script runs")
    served.kill()
    os.kill(int((served.run_directory(job) / "lock").read_text()), signal.SIGKILL)
    served.start()
    with served.client() as client:
        ended = client.wait(client.job("one", job.id))
    assert ended.phase == "ERROR"
    assert ended.error.startswith("the job was killed from outside")
    until(lambda: not processes_of(served.run_directory(job)), what="nothing of it is left")


def test_a_job_whose_wrapper_is_killed_under_the_server_is_an_error_at_once(
    make_served: MakeServed, outside: Path
) -> None:
    served = make_served(PROVSTORE_TICK="60").start()
    with served.client() as client:
        job = start(client, "one", f"sleep 1000 & echo >{outside}; wait")
        until(outside.exists, what="the script runs")
        os.kill(int((served.run_directory(job) / "lock").read_text()), signal.SIGKILL)
        assert client.wait(job).phase == "ERROR"
    until(lambda: not processes_of(served.run_directory(job)), what="nothing of it is left")


def test_a_job_that_ended_while_no_server_ran_is_completed_by_the_next(make_served: MakeServed, outside: Path) -> None:
    served = make_served().start()
    with served.client() as client:
        job = start(client, "one", f'echo >{outside}; sleep 0.3; echo made >"$rs/out.txt"')
        until(outside.exists, what="the script runs")
    served.kill()
    until(lambda: _ended(served.data / "jobs" / job.id), what="the job ends by itself")
    served.start()
    with served.client() as client:
        assert client.wait(client.job("one", job.id)).phase == "COMPLETED"


def test_a_server_that_is_stopped_lets_its_jobs_go_on(make_served: MakeServed, outside: Path) -> None:
    served = make_served().start()
    with served.client() as client:
        job = start(client, "one", f'echo >{outside}; sleep 0.5; echo made >"$rs/out.txt"')
        until(outside.exists, what="the script runs")
    assert served.stop() == 0
    served.start()
    with served.client() as client:
        assert client.wait(client.job("one", job.id)).phase == "COMPLETED"
