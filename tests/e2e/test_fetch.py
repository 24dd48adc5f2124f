"""Inputs at an address, on a real server with real jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provstore.client import Client
from tests.archive import PATIENCE, Archive, archive, endless
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served, finish, until

LOCAL = "127.0.0.0/8"
COPY = 'cp "$input" a.dat'


@pytest.fixture(scope="module")
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture(scope="module")
def fetching(make_served: MakeServed) -> Served:
    """A server that may fetch from this machine."""
    return make_served(PROVSTORE_FETCH_NETWORKS=LOCAL).start()


def test_a_script_reads_the_file_that_was_fetched(fetching: Served, server: Archive) -> None:
    body = bytes(range(256)) * 20_000
    with fetching.client() as client:
        job = finish(client, "reads", COPY, input=server.serve("/m31.fits", body))
        assert (job.phase, job.error) == ("COMPLETED", "")
        assert client.fetch(job.results["data"].href) == body
        assert client.fetch(f"/uws/reads/{job.id}/parameters/input") == body


def test_the_address_of_a_result_is_that_result_and_not_fetched(fetching: Served) -> None:
    with fetching.client() as client:
        first = finish(client, "one", "echo mine > out.txt")
        second = finish(client, "reads", COPY, input=f"{fetching.address}/uws/one/{first.id}/results/result")
        assert client.fetch(second.results["data"].href) == b"mine\n"
    with fetching.records() as records:
        assert [one.entity for one in records.read(second.id).inputs] == [
            f"{records.store.namespace}{first.entity('result')}"
        ]


def test_a_name_that_leads_to_this_machine_is_refused_by_default(served: Served, server: Archive) -> None:
    server.serve("/inside", b"secret")
    with served.client() as client:
        job = finish(client, "reads", COPY, input=server.url("/inside", host="localhost"))
    assert job.phase == "ERROR"
    assert job.error.endswith("/inside could not be fetched: localhost has a private or reserved address")
    assert [path for path, _ in server.asked if path == "/inside"] == []


@pytest.mark.slow
def test_a_supervisor_killed_in_mid_fetch_is_followed_by_one_that_fetches_it_whole(
    make_served: MakeServed, server: Archive
) -> None:
    served = make_served(PROVSTORE_FETCH_NETWORKS=LOCAL).start()
    begun, go = server.hold("/long.fits", b"x" * 1_000_000)
    with served.client() as client:
        job = client.run("reads", parameters={"code": COPY, "input": server.url("/long.fits")})
        assert begun.wait(PATIENCE)
    served.kill()
    go.set()
    server.serve("/long.fits", b"whole")
    served.start()
    with served.client() as client:
        job = client.wait(client.job("reads", job.id))
        assert (job.phase, job.error) == ("COMPLETED", "")
        assert client.fetch(job.results["data"].href) == b"whole"
    assert [one.name for one in (served.data / "jobs" / job.id / "inputs").rglob("*") if one.is_file()] == ["long.fits"]


def test_bodies_that_never_end_keep_others_from_nothing(fetching: Served, server: Archive) -> None:
    url, quick = server.serve("/drip", endless(b"x", pause=0.05)), server.serve("/quick", b"abc")
    with fetching.client() as client, fetching.client(token=fetching.admin_token) as other:
        slow = [client.run("reads", parameters={"code": COPY, "input": url}) for _ in range(6)]
        assert finish(client, "one", "echo quick > out.txt").phase == "COMPLETED"
        assert finish(other, "reads", COPY, input=quick).phase == "COMPLETED"
        assert {client.job("reads", one.id).phase for one in slow} == {"QUEUED"}
        for one in slow:
            abort(client, one.id)
    until(lambda: not any(list((fetching.data / "jobs" / one.id).rglob("*drip*")) for one in slow), what="no parts")


def abort(client: Client, job_id: str) -> None:
    assert client.abort(client.job("reads", job_id)).phase == "ABORTED"
