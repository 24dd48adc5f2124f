"""Several people on one server that lets in nobody else: each has his own, within his limits, also after a kill."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.accounts.callers import reader_of
from provstore.client import Client
from provstore.graph.model import PUBLIC
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, start, until

pytestmark = pytest.mark.slow

PEOPLE: Final = ("curie", "hahn", "meitner", "noether")
JOBS: Final = 6
SLOTS: Final = 2
SUBS: Final = ("", "/phase", "/stdout", "/stderr", "/prov", "/results", "/results/result", "/parameters", "/owner")

Clients = Mapping[str, Client]


@pytest.fixture(scope="module")
def house(make_served: MakeServed) -> Served:
    """A server for people with accounts, of whose jobs two run at a time."""
    served = make_served(PROVSTORE_ANONYMOUS="false", PROVSTORE_USER_SLOTS=str(SLOTS)).start()
    for name in PEOPLE:
        assert served.command("user", "add", name).returncode == 0
    return served


@pytest.fixture(scope="module")
def tokens(house: Served) -> Mapping[str, str]:
    return {name: house.command("user", "token", name).stdout.strip() for name in PEOPLE}


@pytest.fixture
def people(house: Served, tokens: Mapping[str, str]) -> Iterator[Clients]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(house.client(token=token)) for name, token in tokens.items()}


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which each job writes a line when it begins and when it ends."""
    return tmp_path_factory.mktemp("many") / "tally"


@pytest.fixture(scope="module")
def owned(house: Served, tokens: Mapping[str, str], tally: Path) -> Mapping[str, set[str]]:
    """Everybody has made and run jobs at the same time, and the server was killed in the middle; all are over."""

    def work(name: str) -> set[str]:
        code = f"echo {name} begins >>{tally}; sleep 0.4; echo {name} ends >>{tally}; echo {name} | tee out.txt"
        with house.client(token=tokens[name]) as client:
            return {start(client, "one", code).id for _ in range(JOBS)}

    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        made = dict(zip(PEOPLE, pool.map(work, PEOPLE), strict=True))
    until(lambda: tally.exists() and len(tally.read_text().splitlines()) > JOBS, what="some have run")
    house.kill()
    house.start()
    for name, jobs in made.items():
        with house.client(token=tokens[name]) as client:
            until(lambda c=client, j=jobs: j <= set(c.jobs("one", PHASE="COMPLETED")), what=f"the jobs of {name}")  # type: ignore[misc]
    return made


def test_everybody_sees_exactly_his_own_jobs(owned: Mapping[str, set[str]], people: Clients) -> None:
    everything = set().union(*owned.values())  # other tests make jobs on the same server
    assert {name: everything & set(client.jobs("one")) for name, client in people.items()} == owned
    assert sum(len(jobs) for jobs in owned.values()) == len(everything)


def test_nothing_of_a_job_is_told_to_others(
    owned: Mapping[str, set[str]], house: Served, tokens: Mapping[str, str]
) -> None:
    for owner, jobs in owned.items():
        places = [f"{house.address}/uws/one/{next(iter(jobs))}{sub}" for sub in SUBS]
        for name, token in tokens.items():
            right = 200 if name == owner else 403
            headers = {"Authorization": f"Bearer {token}"}
            assert {httpx.get(place, headers=headers).status_code for place in places} == {right}
        assert {httpx.get(place).status_code for place in places} == {401}


def test_nobody_had_more_jobs_running_than_he_may_also_across_a_kill(
    owned: Mapping[str, set[str]], tally: Path
) -> None:
    running, most, ran = Counter[str](), Counter[str](), Counter[str]()
    for name, what in map(str.split, tally.read_text().splitlines()):
        running[name] += 1 if what == "begins" else -1
        most[name] = max(most[name], running[name])
        ran[name] += what == "begins"
    assert most == dict.fromkeys(PEOPLE, SLOTS)
    assert ran == {name: len(jobs) for name, jobs in owned.items()}


def test_what_was_shared_stays_shared_after_a_kill(house: Served, people: Clients, tokens: Mapping[str, str]) -> None:
    job = people["curie"].wait(start(people["curie"], "one", "echo hers | tee out.txt"))
    headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    answer = httpx.post(f"{job.href}/sharing", data={"READER": "hahn"}, headers=headers["curie"])
    house.kill()
    assert answer.status_code == 200
    house.start()
    places = [f"{house.address}/uws/one/{job.id}{sub}" for sub in SUBS]
    assert {httpx.get(place, headers=headers["hahn"]).status_code for place in places} == {200}
    assert {httpx.get(place, headers=headers["noether"]).status_code for place in places} == {403}


def test_a_kill_while_jobs_are_shared_leaves_each_with_one_set_of_readers(
    house: Served, people: Clients, tokens: Mapping[str, str]
) -> None:
    jobs = [people["meitner"].wait(start(people["meitner"], "one", "echo x > out.txt")) for _ in range(4)]
    acknowledged: list[str] = []

    def share() -> None:
        headers = {"Authorization": f"Bearer {tokens['meitner']}"}
        with suppress(httpx.TransportError), httpx.Client(headers=headers) as client:
            while len(acknowledged) < 100 * len(jobs):
                for reader, job in ((reader, job) for reader in ("public", "hahn") for job in jobs):
                    assert client.post(f"{job.href}/sharing", data={"READER": reader}).status_code == 200
                    acknowledged.append(f"{job.id} {reader}")

    thread = threading.Thread(target=share)
    thread.start()
    until(lambda: len(acknowledged) > len(jobs), what="some are shared")
    house.kill()
    thread.join(PATIENCE)
    house.start()
    with house.records() as records:
        for job in jobs:
            around = [one.node for one in records.around(job.id).reached]
            own = [node for node in around if job.id[1:] in node.id]
            assert len(own) > 2
            assert len({node.readers for node in own}) == 1
            if f"{job.id} public" in acknowledged:
                assert PUBLIC in own[0].readers
            assert reader_of(records.read(job.id).owner) in own[0].readers
