"""Whose jobs they are on the cluster: people's own accounts, entered by key or by sudo, or one account for all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from provstore.clusters import Account
from provstore.errors import Forbidden
from tests.cluster.bench import ClusterServed, reach
from tests.cluster.conftest import MakeServed
from tests.cluster.ways import carrying, fetched, started
from tests.slurm_accounts import ANN, BOB
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

PEOPLE: Final = ("ann", "bob", "eve")
ACCOUNTS: Final = {"ann": ANN, "bob": BOB}
VICTIM: Final = 'echo hush >secret; echo >"$rs/kept.dat"; until [ -e go ]; do sleep 0.05; done'
SPY: Final = """
for one in {files}; do cat "{there}/$one" >/dev/null && echo "read $one"; done
ls "{there}" >/dev/null && echo listed; ls -A {home} | grep -q . && echo "saw the home"
cd "{there}/work" && echo >changed && echo changed
[ -d "{there}/results" ] && rm -rf "{there}/results" && echo removed
true
"""
FILES: Final = ("token", "task.json", "parameters.json", "script.sh", "status.json", "stdout", "work/secret")


@pytest.fixture(scope="module")
def mapped(slurm: SlurmCluster, make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> ClusterServed:
    """People have accounts of their own: ann's has a key, bob's is entered by sudo. All signals go by file.

    Nothing but the accounts keeps their scripts apart.
    """
    served = carrying(
        make_served,
        slurm,
        tmp_path_factory.mktemp("mapped"),
        work_directory=slurm.homes / "{account}",
        accounts={"ann": Account(user=ANN, key_file=slurm.keys[ANN]), "bob": Account(user=BOB)},
        silent_after=timedelta(seconds=3),
        isolation="none",
        callback="",
    )
    served.environment["PROVSTORE_ANONYMOUS"] = "true"
    served.start()
    for name in PEOPLE:
        assert served.command("user", "add", name).returncode == 0
    return served


@pytest.fixture(scope="module")
def people(mapped: ClusterServed) -> Iterator[Mapping[str, Client]]:
    with ExitStack() as stack:
        tokens = {name: mapped.command("user", "token", name).stdout.strip() for name in PEOPLE}
        yield {name: stack.enter_context(mapped.client(token=token)) for name, token in tokens.items()}


def release(served: ClusterServed, job: RemoteJob) -> None:
    (served.there(job) / "work" / "go").touch()


def spying(there: Path, home: Path) -> str:
    return SPY.format(there=there, home=home, files=" ".join(FILES))


@pytest.mark.parametrize("person", ACCOUNTS)
def test_a_job_belongs_to_the_account_of_its_owner(
    mapped: ClusterServed, people: Mapping[str, Client], slurm: SlurmCluster, tmp_path: Path, person: str
) -> None:
    (tmp_path / "input").write_text("stars")
    code = f'cp "$a" "$rs/copy.dat"; {VICTIM}'
    client, user = people[person], ACCOUNTS[person]
    job = reach(client, started(client, code, a=tmp_path / "input"), "EXECUTING")
    assert f"UserId={user}(" in slurm.scontrol("show", "job", "-o", mapped.number(job))
    there = mapped.there(job)
    assert there.parent == slurm.homes / user
    assert {file.owner() for file in (there, *there.rglob("*"))} == {user}
    assert [file for file in (there, *there.rglob("*")) if file.stat().st_mode & 0o077] == []
    assert (there / "token").stat().st_mode & 0o777 == 0o600
    release(mapped, job)
    job = client.wait(job)
    assert (job.phase, sorted(fetched(client, one) for one in job.results.values())) == ("COMPLETED", [b"\n", b"stars"])
    assert mapped.facts(job)["status_queries"] == 0  # its signals came by file, from a folder of its account


@pytest.mark.parametrize(("spy", "victim"), [("ann", "bob"), ("bob", "ann")])
def test_a_job_can_not_read_or_change_that_of_another_person(
    mapped: ClusterServed, people: Mapping[str, Client], slurm: SlurmCluster, spy: str, victim: str
) -> None:
    attacked = reach(people[victim], started(people[victim], VICTIM), "EXECUTING")
    code = spying(mapped.there(attacked), slurm.homes / ACCOUNTS[victim])
    job = people[spy].wait(started(people[spy], code))
    assert (job.phase, job.error, people[spy].fetch(f"{job.href}/stdout")) == ("COMPLETED", "", b"")
    release(mapped, attacked)
    assert people[victim].wait(attacked).phase == "COMPLETED"


@pytest.mark.parametrize("person", ACCOUNTS)
def test_a_wrapper_that_was_killed_is_found_out_in_every_account(
    mapped: ClusterServed, people: Mapping[str, Client], person: str
) -> None:
    client = people[person]
    job = reach(client, started(client, "sleep 1000", EXECUTIONDURATION="4"), "EXECUTING")
    for pid in mapped.processes(job):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    job = client.wait(job)
    assert (job.phase, "FAILED" in job.error) == ("ERROR", True), job.error
    assert mapped.processes(job) == []


@pytest.mark.parametrize("person", ["eve", ""])
def test_who_has_no_account_there_is_refused_before_anything_is_stored(
    mapped: ClusterServed, people: Mapping[str, Client], tmp_path: Path, person: str
) -> None:
    (tmp_path / "input").write_text("stars")
    before = sorted((mapped.data / "jobs").glob("*"))
    with mapped.client() as anonymous:
        client = people.get(person, anonymous)
        with pytest.raises(Forbidden, match="has no account on the cluster test; its operator enters people in acc"):
            started(client, VICTIM, a=tmp_path / "input")
        assert client.jobs("carries") == ()
    assert sorted((mapped.data / "jobs").glob("*")) == before


# --- one account for all


@pytest.mark.parametrize(
    ("isolation", "expected"),
    [
        ("required", []),
        ("none", [*(f"read {one}" for one in FILES), "listed", "saw the home", "changed", "removed"]),
    ],
)
def test_in_one_account_scripts_are_kept_apart_where_they_are_isolated(
    slurm: SlurmCluster, make_served: MakeServed, tmp_path: Path, isolation: str, expected: list[str]
) -> None:
    served = carrying(make_served, slurm, tmp_path, isolation=isolation).start()
    with served.client() as client:
        attacked = reach(client, started(client, VICTIM), "EXECUTING")
        home = Path(f"~{slurm.user}").expanduser()
        job = client.wait(started(client, spying(served.there(attacked), home)))
        said = client.fetch(f"{job.href}/stdout").decode().splitlines()
        assert (job.phase, job.error, said) == ("COMPLETED", "", expected)
        assert served.facts(job).get("isolated") is (True if isolation == "required" else None)
        release(served, attacked)
        client.wait(attacked)
