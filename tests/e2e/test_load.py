"""Many clients at once on either store: nothing is lost, doubled or mixed up, and who waits stands in nobody's way."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, until

pytestmark = pytest.mark.slow

CLIENTS: Final = 8
SECONDS: Final = 4.0
WAITERS: Final = 200
WAITED: Final = 8
"""As many as run at a time."""
OVER: Final = {"COMPLETED", "ABORTED"}
JSON: Final = {"Accept": "application/json"}


@dataclass
class Visitor:
    """One client: what it was promised, and what it was answered. ``jobs``: id -> the text that the job must give."""

    http: httpx.Client
    tally: Path
    dice: random.Random
    jobs: dict[str, str] = field(default_factory=dict)
    aborted: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        answer = self.http.request(method, path, **options)  # type: ignore[arg-type]  # as the library takes them
        self.answers[method, answer.status_code] += 1
        return answer

    def make(self) -> None:
        """Make a job, some of them by a request that is sent twice with one key."""
        mark = uuid.uuid4().hex
        code = f'echo "$PROVSTORE_JOB" >>{self.tally}; printf {mark} >out.txt'
        values = {"code": code, "RUNID": mark} | ({"PHASE": "RUN"} if self.dice.random() < 0.4 else {})
        sent = 2 if self.dice.random() < 0.3 else 1
        places = {
            self.ask("POST", "/uws/one", data=values, headers={"Idempotency-Key": mark}).headers["Location"]
            for _ in range(sent)
        }
        (place,) = places
        self.jobs[place.rsplit("/", 1)[-1]] = mark

    def look(self) -> None:
        """See one's own jobs: as a document, as a phase, in lists."""
        job = self.dice.choice(list(self.jobs))
        right = 404 if job in self.deleted else 200
        assert self.ask("GET", f"/uws/one/{job}").status_code == right
        assert self.ask("GET", f"/uws/one/{job}/phase").status_code == right
        assert self.ask("GET", f"/uws/one/{job}?WAIT=0.1").status_code == right
        newest = self.ask("GET", "/uws/one", params={"LAST": "10"}, headers=JSON).json()["items"]
        times = [one["creationTime"] for one in newest]
        assert times == sorted(times, reverse=True)
        found = self.ask("GET", "/uws/one", params={"RUNID": self.jobs[job]}, headers=JSON).json()["items"]
        assert [one["jobId"] for one in found] == ([] if job in self.deleted else [job])

    def lead(self) -> None:
        """Abort one's job or delete it; an abort may come too late."""
        job = self.dice.choice(list(self.jobs))
        if job in self.deleted:
            return
        if self.dice.random() < 0.5:
            status = self.ask("POST", f"/uws/one/{job}/phase", data={"PHASE": "ABORT"}).status_code
            assert status in {303, 403}
            self.aborted.update([job] if status == 303 else [])
        else:
            assert self.ask("DELETE", f"/uws/one/{job}").status_code == 303
            self.deleted.add(job)

    def work(self, until_at: float) -> None:
        while time.monotonic() < until_at:
            self.make()
            self.look()
            if self.dice.random() < 0.4:
                self.lead()


@dataclass
class Crowd:
    """All clients together, once they are done."""

    http: httpx.Client
    tally: Path
    visitors: Sequence[Visitor]

    @property
    def made(self) -> list[str]:
        return [job for one in self.visitors for job in one.jobs]

    @property
    def kept(self) -> dict[str, str]:
        return {job: mark for one in self.visitors for job, mark in one.jobs.items() if job not in one.deleted}

    def listed(self, **conditions: object) -> list[dict[str, str]]:
        """List the jobs of these clients: they all have a run id, the jobs of other tests have none."""
        items: list[dict[str, str]] = self.http.get("/uws/one", params=conditions, headers=JSON).json()["items"]  # type: ignore[arg-type]
        return [one for one in items if one["runId"]]


@pytest.fixture(scope="module")
def crowd(served_on_any: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Eight clients have made, started, looked at, aborted and deleted jobs at once; every job is over."""
    tally = tmp_path_factory.mktemp("load") / "tally"
    limits = httpx.Limits(max_connections=CLIENTS + 1)
    with httpx.Client(base_url=served_on_any.address, timeout=PATIENCE, limits=limits) as http:
        visitors = [
            Visitor(http, tally, random.Random(number))  # noqa: S311 - no secret
            for number in range(CLIENTS)
        ]
        end = time.monotonic() + SECONDS
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda one: one.work(end), visitors))
        crowd = Crowd(http, tally, visitors)
        until(lambda: not crowd.listed(PHASE=["QUEUED", "EXECUTING"]), seconds=4 * PATIENCE, what="all jobs are over")
        yield crowd


def test_no_request_fails_in_the_server(crowd: Crowd) -> None:
    assert [one for visitor in crowd.visitors for one in visitor.answers if one[1] >= 500] == []


def test_every_id_is_given_once_and_every_acknowledged_job_is_there_once(crowd: Crowd) -> None:
    assert len(set(crowd.made)) == len(crowd.made)
    assert sorted(one["jobId"] for one in crowd.listed()) == sorted(crowd.kept)


def test_each_job_ran_once_at_most_and_gives_its_own_result(crowd: Crowd) -> None:
    ran = Counter(crowd.tally.read_text().split())
    completed = {one["jobId"] for one in crowd.listed(PHASE="COMPLETED")}
    assert completed
    assert {job: count for job, count in ran.items() if count != 1} == {}
    assert completed <= ran.keys() <= set(crowd.made)
    for job in completed:
        assert crowd.http.get(f"/uws/one/{job}/results/result").text == crowd.kept[job]


def test_each_job_came_to_the_end_that_was_acknowledged(crowd: Crowd) -> None:
    phases = {one["jobId"]: one["phase"] for one in crowd.listed()}
    aborted = {job for one in crowd.visitors for job in one.aborted - one.deleted}
    assert {phases[job] for job in aborted} <= {"ABORTED"}
    assert set(phases.values()) <= OVER | {"PENDING"}


async def _ask_all(address: str, places: Sequence[str]) -> list[tuple[int, str]]:
    limits = httpx.Limits(max_connections=len(places))
    async with httpx.AsyncClient(base_url=address, timeout=3 * PATIENCE, limits=limits) as http:
        answers = await asyncio.gather(*(http.get(place, headers=JSON) for place in places))
    return [(one.status_code, one.json()["phase"]) for one in answers]


def waiters(served: Served) -> int:
    right = {"Authorization": f"Bearer {served.admin_token}"}
    text = httpx.get(f"{served.address}/metrics", headers=right, timeout=PATIENCE).text
    found = re.search(r"^provstore_waiters (\d+)", text, re.MULTILINE)
    assert found, text
    return int(found[1])


def test_two_hundred_wait_for_many_jobs_while_others_are_answered(served_on_any: Served) -> None:
    with served_on_any.client() as client:
        jobs = [client.run("one", parameters={"code": "sleep 1000"}) for _ in range(WAITED)]
        places = [f"/uws/one/{one.id}" for one in jobs]
        with httpx.Client(base_url=served_on_any.address, timeout=PATIENCE) as http:
            until(lambda: {http.get(f"{place}/phase").text for place in places} == {"EXECUTING"}, what="EXECUTING")
            waiting = [f"{places[number % WAITED]}?WAIT=60" for number in range(WAITERS)]
            with ThreadPoolExecutor(1) as pool:
                told = pool.submit(lambda: asyncio.run(_ask_all(served_on_any.address, waiting)))
                until(lambda: waiters(served_on_any) == WAITERS, what="all of them wait")
                for place in places * 3:
                    assert http.get(f"{place}/phase").status_code == 200
                assert not told.done()
                for place in places:
                    assert http.post(f"{place}/phase", data={"PHASE": "ABORT"}).status_code == 303
                assert Counter(told.result(timeout=3 * PATIENCE)) == {(200, "ABORTED"): WAITERS}
    assert waiters(served_on_any) == 0


def test_waiters_above_the_limit_are_answered_at_once(make_served: MakeServed) -> None:
    served = make_served(PROVSTORE_WAITERS_MAX="3").start()
    with served.client() as client:
        place = f"/uws/one/{client.run('one', parameters={'code': 'sleep 1000'}).id}"
        until(lambda: client.fetch(f"{place}/phase") == b"EXECUTING", what="EXECUTING")
        answers: list[tuple[int, str]] = []
        ask: Callable[[], None] = lambda: answers.extend(  # noqa: E731 - a typed thunk
            asyncio.run(_ask_all(served.address, [f"{place}?WAIT=60"] * 10))
        )
        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: waiters(served) == 3, what="three wait")
        with httpx.Client(base_url=served.address, timeout=PATIENCE) as http:
            assert http.get(f"{place}?WAIT=60", headers=JSON).json()["phase"] == "EXECUTING"
            assert http.post(f"{place}/phase", data={"PHASE": "ABORT"}).status_code == 303
        thread.join(PATIENCE)
    assert Counter(answers) == {(200, "EXECUTING"): 7, (200, "ABORTED"): 3}
