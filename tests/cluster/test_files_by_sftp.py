"""Files that go to a cluster and come back by SFTP: all sorts of them, and some that were meddled with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import ClusterServed, reach
from tests.cluster.conftest import MakeServed
from tests.cluster.ways import carrying, fetched, left_here, sha256, started
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

LARGE: Final = 100 << 20
ALL: Final = r"""
cd "$rs"; cp "$a" large.dat; cp "$b" empty.dat; echo two >'two  words.dat'; echo ü >'größe 漢.dat'; echo q >"it's.dat"
printf '{"activity": {"current_job": {"my:word": "told"}}, "prefix": {"my": "urn:my#"}}' >internal_provenance.json
"""


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> ClusterServed:
    place = tmp_path_factory.mktemp("sftp")
    return carrying(make_served, slurm, place, silent_after=timedelta(seconds=3)).start()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.bin"
    file.write_bytes(os.urandom(1 << 20) * (LARGE >> 20))
    return file


@pytest.fixture(scope="module")
def carried(served: ClusterServed, large: Path, tmp_path_factory: pytest.TempPathFactory) -> RemoteJob:
    empty = tmp_path_factory.mktemp("empty") / "nothing at all é.txt"
    empty.touch()
    with served.client() as client:
        return client.wait(started(client, ALL, a=large, b=empty))


def by_file_name(served: ClusterServed, job: RemoteJob) -> Mapping[str, tuple[int, str]]:
    """Give size and hash of each result by its file, as the graph has them."""
    return {Path(one.location).name: (one.size, one.sha256) for one in served.graph(job).results}


def test_large_empty_and_oddly_named_files_come_and_go(
    served: ClusterServed, client: Client, carried: RemoteJob, large: Path
) -> None:
    assert (carried.phase, carried.error) == ("COMPLETED", "")
    made = by_file_name(served, carried)
    assert set(made) == {"large.dat", "empty.dat", "two  words.dat", "größe 漢.dat", "it's.dat"}
    assert made["large.dat"] == (LARGE, sha256(large))
    assert made["empty.dat"][0] == 0
    here = served.run_directory(carried) / "results"
    assert {name: sha256(here / name) for name in made} == {name: digest for name, (_, digest) in made.items()}
    assert {len(fetched(client, one)) for one in carried.results.values()} == {size for size, _ in made.values()}


def test_what_a_script_says_of_its_run_comes_too(served: ClusterServed, carried: RemoteJob) -> None:
    assert "results/internal_provenance.json" in left_here(served, carried)
    with served.records() as records:
        node = records.store.get([records.node_id(carried.id)])[0]
    assert [one.lexical for one in node.attributes if one.key == "urn:my#word"] == ["told"]


def test_inputs_are_not_kept_twice_here_and_all_is_charged(served: ClusterServed, carried: RemoteJob) -> None:
    assert [name for name in left_here(served, carried) if name.startswith("work/")] == []
    assert 2 * LARGE < int(str(served.facts(carried)["disk_bytes"])) < 2.01 * LARGE


def _put_a_pipe(there: Path) -> None:
    (there / "results/x.dat").unlink()
    os.mkfifo(there / "results/x.dat")


MEDDLED: Final[Mapping[str, tuple[Callable[[Path], object], str]]] = {
    "longer": (lambda there: (there / "results/x.dat").write_text("longer"), "'x.dat' was changed after the job"),
    "other": (lambda there: (there / "results/x.dat").write_text("X"), "'x.dat' was changed after the job had"),
    "gone": (lambda there: (there / "results/x.dat").unlink(), "'x.dat' was removed after the job had ended"),
    "pipe": (_put_a_pipe, "'x.dat' was removed after the job had ended"),
    "no list": (lambda there: (there / "products.json").unlink(), "products.json is missing"),
    "half a list": (lambda there: (there / "products.json").write_text('{"products": {"*.da'), "it is no JSON"),
    "odd list": (lambda there: (there / "products.json").write_text('{"products": {"*.dat": [7]}}'), "is damaged"),
}


@pytest.fixture(scope="module")
def meddled(served: ClusterServed, carried: RemoteJob) -> Mapping[str, RemoteJob]:
    """Jobs that ended while the server was away, and whose files were changed before it came back."""
    assert carried.phase == "COMPLETED"
    with served.client() as client:
        jobs = {name: reach(client, started(client, WAITING), "EXECUTING") for name in MEDDLED}
    served.stop()
    for name, job in jobs.items():
        there = served.there(job)
        (there / "work" / "go").touch()
        until(partial(_has_ended, there))
        MEDDLED[name][0](there)
    served.start()
    with served.client() as client:
        return {name: client.wait(job) for name, job in jobs.items()}


def _has_ended(there: Path) -> bool:
    return '"ENDED"' in (there / "status.json").read_text()


WAITING: Final = 'echo >"$rs/x.dat"; echo y >"$rs/y.dat"; until [ -e go ]; do sleep 0.05; done'


@pytest.mark.parametrize("what", MEDDLED)
def test_results_that_were_meddled_with_are_told_and_not_asked_for_for_ever(
    served: ClusterServed, meddled: Mapping[str, RemoteJob], what: str
) -> None:
    job = meddled[what]
    assert (job.phase, MEDDLED[what][1] in job.error) == ("ERROR", True), job.error
    is_listed = "list" not in what
    assert {name for name in left_here(served, job) if name.endswith(".dat")} == (
        {"results/y.dat"} if is_listed else set()
    )
