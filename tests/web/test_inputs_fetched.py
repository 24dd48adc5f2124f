"""Inputs at an address: fetched by the supervisor while their job waits in QUEUED, from a real server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from provstore.uws.inputs.download import Fetched, Line, Wanted
from tests.archive import PATIENCE, Archive, archive, endless, redirect, reply
from tests.downloading import LOCAL
from tests.web.conftest import Serve
from tests.web.fetches import arrived, ended, error, fetch, files_of, job_of, local_fetch, own_fetching
from tests.web.served import Served, job_id


@pytest.fixture(scope="module")
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture
def served(serve: Serve) -> Served:
    """A server that may fetch from this machine."""
    return serve(fetch_networks=LOCAL)


# --- what goes well


def test_a_file_is_fetched_before_the_job_starts_and_is_its_entity(served: Served, server: Archive) -> None:
    server.asked.clear()
    url = server.serve("/maps/m31.fits", reply(b"IMAGE", Content_Type="image/fits"))
    job = served.create("copy", input=url, PHASE="RUN")
    assert server.asked == []  # nothing is fetched in the request
    fetch(served, job)
    assert served.phase(job) == "EXECUTING"
    assert (served.directory(job) / "work" / "m31.fits").read_bytes() == b"IMAGE"
    (one,) = job_of(served, job).inputs
    assert one.entity is not None
    (made,) = served.provstore.store.get([one.entity])
    assert made.properties == {
        "name": "m31.fits",
        "url": url,
        "location": f"jobs/{job_id(job)}/inputs/{one.entity.removeprefix(served.node(''))}/m31.fits",
        "size": 5,
        "sha256": hashlib.sha256(b"IMAGE").hexdigest(),
        "content_type": "image/fits",
        "brought_by": job_id(job),
    }
    answer = served.anonymous.get(f"{job}/parameters/input")
    assert (answer.data, answer.content_type) == (b"IMAGE", "image/fits")


def test_nothing_is_fetched_for_a_job_that_was_not_started(served: Served, server: Archive) -> None:
    server.asked.clear()
    job = served.create("copy", input=server.serve("/pending", b"x"))
    fetch(served, job)
    assert (server.asked, served.phase(job)) == ([], "PENDING")


def test_the_result_derives_from_what_was_fetched(served: Served, server: Archive) -> None:
    job = served.create("copy", input=server.serve("/a.dat", b"abc"), PHASE="RUN")
    fetch(served, job)
    served.finish(job, {"results/output.dat": b"abc"})
    lineage = served.json(f"/prov/lineage?id=e{job_id(job)[1:]}.output")
    entity = job_of(served, job).inputs[0].entity
    assert [one["target"] for one in lineage["relations"] if one["kind"] == "WAS_DERIVED_FROM"] == [entity]


@pytest.mark.parametrize(
    ("service", "told", "right"),
    [
        ("stack", "text/html", "image/fits"),
        ("copy", "image/png; charset=x", "image/png"),
        ("copy", "application/octet-stream", "application/fits"),
        ("copy", "no type\t", "application/fits"),
    ],
)
def test_the_content_type_is_the_description_s_else_the_server_s_else_told_by_the_name(
    served: Served, server: Archive, service: str, told: str, right: str
) -> None:
    url = server.serve("/typed.fits", reply(b"x", Content_Type=told))
    values: dict[str, Any] = {"count": "1", "image": url} if service == "stack" else {"input": url}
    job = served.create(service, **values, PHASE="RUN")
    fetch(served, job)
    assert [one.content_type for one in job_of(served, job).inputs if one.url] == [right]


def test_several_files_are_fetched_one_after_the_other_and_one_address_only_once(
    served: Served, server: Archive
) -> None:
    first, second = server.serve("/1.fits", b"one"), server.serve("/2.fits", b"two")
    server.asked.clear()
    job = served.create("stack", count=1, image=first, flats=f"{first} {second}", PHASE="RUN")
    fetch(served, job)
    assert [path for path, _ in server.asked] == ["/1.fits", "/2.fits"]
    work = served.directory(job) / "work"
    assert {one.name: one.read_bytes() for one in work.glob("*.fits")} == {
        "1.fits": b"one", "1-2.fits": b"one", "2.fits": b"two"
    }  # fmt: skip


def test_a_configuration_file_may_be_fetched(served: Served, server: Archive) -> None:
    url = server.serve("/my.cfg", b"sigma = 9\n")
    job = served.create("stack", count=1, image=server.serve("/1.fits", b"x"), config=url, PHASE="RUN")
    fetch(served, job)
    assert served.anonymous.get(f"{job}/parameters/config").text == "sigma = 9\n"
    assert (served.directory(job) / "work" / "my.cfg").read_bytes() == b"sigma = 9\n"


def test_what_was_fetched_counts_as_space_and_goes_with_the_job(served: Served, server: Archive) -> None:
    job = served.create("copy", input=server.serve("/space", b"x" * 1000), PHASE="RUN")
    entity = job_of(served, job).inputs[0].entity
    assert entity is not None
    fetch(served, job)
    (record,) = served.provstore.store.get([served.node(job_id(job))])
    assert record.properties["disk_bytes"] == 1000
    served.finish(job, {"results/output.dat": b"x"})
    served.anonymous.delete(job)
    served.tick(2)
    (made,) = served.provstore.store.get([entity])
    assert ("location" in made.properties, "invalidated_at" in made.properties) == (False, True)


def test_a_file_that_was_fetched_is_an_input_of_other_jobs(served: Served, server: Archive) -> None:
    first = served.create("copy", input=server.serve("/shared", b"abc"), PHASE="RUN")
    fetch(served, first)
    entity = job_of(served, first).inputs[0].entity
    second = served.create("copy", input=f"{served.base}{first}/parameters/input", PHASE="RUN")
    assert [one.entity for one in job_of(served, second).inputs] == [entity]


def test_the_job_says_what_it_waits_for(served: Served, server: Archive) -> None:
    begun, go = server.hold("/held", b"x" * 1000)
    job = served.create("copy", input=f"{server.url('/held')}?sig=secret", PHASE="RUN")
    served.tick()
    assert begun.wait(PATIENCE)
    words = f"fetching input input from {server.url('/held')}?… (less than 1 MB so far)"
    assert job_of(served, job).waits_for == words
    go.set()
    ended(served.provstore.fetching, job)
    served.tick(2)
    assert (served.phase(job), job_of(served, job).waits_for) == ("EXECUTING", "")


# --- what goes wrong


def test_a_file_that_is_not_there_is_a_fatal_error_that_names_input_and_address(
    served: Served, server: Archive
) -> None:
    url = server.serve("/none", reply(status=404))
    job = served.create("copy", input=f"{url}?token=secret", PHASE="RUN")
    fetch(served, job)
    words = f"input input: {url}?… could not be fetched: the server answered 404 Not Found"
    assert error(served, job) == ("fatal", words)
    assert files_of(served, job) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fetch_networks": ()}, "localhost has a private or reserved address"),
        ({"fetch_max": 4}, "it has 5 bytes; at most 4 are fetched"),
    ],
)
def test_what_the_site_does_not_allow_ends_in_error(
    serve: Serve, server: Archive, settings: dict[str, Any], words: str
) -> None:
    served = serve(**{"fetch_networks": LOCAL, **settings})
    server.serve("/five", b"12345")
    job = served.create("copy", input=server.url("/five", host="localhost"), PHASE="RUN")
    fetch(served, job)
    kind, message = error(served, job)
    assert (kind, message.rpartition("could not be fetched: ")[2]) == ("fatal", words)


def test_a_redirect_to_a_private_address_ends_in_error(served: Served, server: Archive) -> None:
    job = served.create("copy", input=server.serve("/away", redirect("http://169.254.169.254/keys")), PHASE="RUN")
    fetch(served, job)
    assert error(served, job)[1].endswith(
        "it leads to http://169.254.169.254/keys: 169.254.169.254 is a private or reserved address"
    )


def test_a_body_that_drips_is_cut_by_time_and_may_go_well_later(serve: Serve, server: Archive) -> None:
    served = serve(fetch_networks=LOCAL, fetch_timeout=timedelta(seconds=0.3))
    job = served.create("copy", input=server.serve("/drip", endless(b"x", pause=0.02)), PHASE="RUN")
    fetch(served, job)
    kind, message = error(served, job)
    assert (kind, message.rpartition(": ")[2]) == ("transient", "it took more than 0.3 s")
    assert files_of(served, job) == []


@pytest.mark.parametrize("change", ["abort", "delete"])
def test_a_job_that_is_over_stops_its_fetch_and_no_file_stays(served: Served, server: Archive, change: str) -> None:
    begun, go = server.hold("/long", b"x" * 100_000)
    job = served.create("copy", input=server.url("/long"), PHASE="RUN")
    served.tick()
    assert begun.wait(PATIENCE)
    if change == "abort":
        served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
    else:
        served.anonymous.delete(job)
    served.tick(2)
    ended(served.provstore.fetching, job)
    assert (served.provstore.fetching._tasks, files_of(served, job)) == ({}, [])
    go.set()


def test_a_job_aborted_while_its_file_is_written_down_keeps_no_file(served: Served) -> None:
    """The last moment: the file is whole, and the job is over before the graph is told."""
    job = served.create("copy", input="https://archive.example.org/x", PHASE="RUN")

    def late(wanted: Wanted, line: Line) -> Fetched:
        line.begin_writing()
        found = arrived(served.provstore.files, wanted)
        served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
        return found

    fetching = own_fetching(served, late)
    assert fetching.missing(job_of(served, job)).startswith("fetching input input from ")
    ended(fetching, job)
    assert (served.phase(job), files_of(served, job)) == ("ABORTED", [])


def test_the_next_supervisor_begins_anew(serve: Serve, server: Archive) -> None:
    served = serve(fetch_networks=LOCAL)
    begun, go = server.hold("/again", b"x" * 100_000)
    job = served.create("copy", input=server.url("/again"), PHASE="RUN")
    served.tick()
    assert begun.wait(PATIENCE)
    served.provstore.fetching.close()
    go.set()
    server.serve("/again", b"whole")
    following = own_fetching(served, local_fetch(served))
    following.missing(job_of(served, job))
    ended(following, job)
    (one,) = job_of(served, job).inputs
    assert served.provstore.files.path(one.location).read_bytes() == b"whole"
