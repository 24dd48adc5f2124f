"""What becomes of a job on a real cluster: every way its script can end, told by the server and by the graph."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import MADE, ClusterServed, abort, let_go, reach
from tests.cluster.conftest import MakeServed
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

LOOP: Final = "while :; do sleep 0.1; done"
STUBBORN: Final = f"trap '' TERM; sleep 1000 & {LOOP}"
SURVEY: Final = """
cp "$input" "$rs/copy.dat"; head -c 3000000 /dev/urandom >"$wd/noise.dat"; mv "$wd/noise.dat" "$rs"; : >"$rs/empty.dat"
cd "$rs"; sha256sum *.dat
"""
ECHO: Final = """
printf %s "$note" >"$rs/variable.dat"
python3 -c 'import json, os, sys
sys.stdout.buffer.write(json.load(open(os.environ["PROVSTORE_PARAMETERS"], "rb"))["note"].encode())' >"$rs/file.dat"
"""
ODD: Final = (
    'it\'s "quoted" $(touch /tmp/provstore-injected) `id` ${HOME} \\ %s ; & | > \n second line\n ü 漢 🚀\t*?[a]!'
)
LONG: Final = ODD + "x" * (1 << 20)

FATES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "exit 3": ("one", {"code": f"{MADE}; echo 'no such star' >&2; exit 3"}),
    "srun": ("one", {"code": """srun bash -c 'echo "$code" | wc -c; echo "$PROVSTORE_JOB"' >"$rs/out.txt" """}),
    "killed": ("one", {"code": f"{MADE}; kill -9 $$"}),
    "limit": ("one", {"code": f"{MADE}; sleep 1000", "EXECUTIONDURATION": "1"}),
    "stubborn": ("one", {"code": STUBBORN, "EXECUTIONDURATION": "1"}),
    "odd": ("survey", {"code": ECHO, "note": ODD}),
    "long": ("survey", {"code": ECHO, "note": LONG}),
    "too large": ("one", {"code": MADE, "slurm_mem": "9T"}),
    "nowhere": ("one", {"code": MADE, "slurm_partition": "nowhere"}),
}
"""Jobs that end by themselves: service and parameters."""


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server before a cluster whose settings allow a partition that it does not have."""
    return make_served(slurm, settings={"allowed": {"partition": ("test", "long", "nowhere")}}).start()


@pytest.fixture(scope="module")
def ended(served: ClusterServed, limited: RemoteJob) -> Mapping[str, RemoteJob]:
    """All jobs that end by themselves, run at the same time as the one that takes longest."""
    assert limited.phase == "EXECUTING"
    with served.client() as client:
        started = {name: client.run(service, parameters=values) for name, (service, values) in FATES.items()}
        return {name: client.wait(job) for name, job in started.items()}


@pytest.fixture(scope="module")
def limited(served: ClusterServed, slurm: SlurmCluster) -> RemoteJob:
    """A job that SLURM will end for its time limit, which it looks at every 30 seconds."""
    with served.client() as client:
        job = reach(client, client.run("one", parameters={"code": "sleep 1000"}), "EXECUTING")
    slurm.scontrol("update", f"jobid={served.number(job)}", "EndTime=now+1seconds")
    return job


@pytest.fixture(scope="module")
def survey(served: ClusterServed, tmp_path_factory: pytest.TempPathFactory) -> RemoteJob:
    """A job with an input and several results."""
    file = tmp_path_factory.mktemp("input") / "stars.fits"
    file.write_bytes(os.urandom(200_000))
    with served.client() as client:
        return client.wait(client.run("survey", parameters={"code": SURVEY}, files={"input": file}))


# --- jobs that end by themselves


def test_results_are_fetched_as_they_were_on_the_node(served: ClusterServed, client: Client, survey: RemoteJob) -> None:
    assert (survey.phase, survey.error, len(survey.results)) == ("COMPLETED", "", 3)
    told = client.fetch(f"/uws/survey/{survey.id}/stdout").decode().split()[::2]
    fetched = [client.fetch(f"/uws/survey/{survey.id}/results/{name}") for name in survey.results]
    assert sorted(told) == sorted(hashlib.sha256(data).hexdigest() for data in fetched)
    assert sorted(told) == sorted(one.sha256 for one in survey.results.values())
    assert client.fetch(f"/uws/survey/{survey.id}/parameters/input") in fetched


def test_a_job_that_signals_costs_no_status_query(served: ClusterServed, survey: RemoteJob) -> None:
    assert served.facts(survey)["status_queries"] == 0


def test_the_graph_tells_where_and_how_a_job_ran(served: ClusterServed, slurm: SlurmCluster, survey: RemoteJob) -> None:
    facts = served.facts(survey)
    assert (facts["cluster"], facts["slurm_job_id"]) == ("test", int(served.number(survey)))
    assert facts["host"] == slurm.run("hostname", "-s").strip()
    for name in ("queue_seconds", "elapsed_seconds"):
        assert isinstance(facts[name], float)
    assert served.phases(survey) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]


def test_the_scheduler_is_an_agent_of_the_job(client: Client, survey: RemoteJob) -> None:
    document = json.loads(client.fetch(f"/uws/survey/{survey.id}/prov", query={"format": "prov-json"}))
    names = {agent: facts["voprov:name"] for agent, facts in document["agent"].items()}
    roles = {names[one["prov:agent"]]: one["prov:role"] for one in document["wasAssociatedWith"].values()}
    assert roles["SLURM"] == "Scheduler"


def test_an_exit_code_is_an_error_that_names_it(client: Client, ended: Mapping[str, RemoteJob]) -> None:
    job = ended["exit 3"]
    assert (job.phase, job.error) == ("ERROR", "the script ended with exit code 3\nno such star\n")
    assert client.fetch(f"/uws/one/{job.id}/results/result") == b"hello\n"


def test_tasks_that_srun_starts_see_the_variables_of_the_job(client: Client, ended: Mapping[str, RemoteJob]) -> None:
    job = ended["srun"]
    assert (job.phase, job.error) == ("COMPLETED", "")
    length = len(FATES["srun"][1]["code"]) + 1
    assert client.fetch(f"/uws/one/{job.id}/results/result").decode().split() == [str(length), job.id]


def test_a_script_that_is_killed_is_an_error_that_names_the_signal(ended: Mapping[str, RemoteJob]) -> None:
    assert (ended["killed"].phase, ended["killed"].error) == ("ERROR", "killed by SIGKILL")


@pytest.mark.parametrize("name", ["limit", "stubborn"])
def test_the_execution_duration_is_kept_to_the_second(
    served: ClusterServed, ended: Mapping[str, RemoteJob], name: str
) -> None:
    job = ended[name]
    assert (job.phase, job.error) == ("ABORTED", "time-out: stopped after its execution duration of 1 s")
    elapsed = served.facts(job)["elapsed_seconds"]
    assert isinstance(elapsed, float)
    assert 1 <= elapsed < 5
    assert not served.processes(job)


@pytest.mark.parametrize(("name", "value"), [("odd", ODD), ("long", LONG)])
def test_a_value_reaches_the_script_unchanged(
    client: Client, ended: Mapping[str, RemoteJob], name: str, value: str
) -> None:
    job = ended[name]
    found = {client.fetch(f"/uws/survey/{job.id}/results/{one}").decode() for one in job.results}
    assert found == ({value} if name == "odd" else {value, ""})
    assert not Path("/tmp/provstore-injected").exists()  # noqa: S108 - where the value would have put it


@pytest.mark.parametrize(
    ("name", "words"), [("too large", "node configuration is not available"), ("nowhere", "nvalid partition")]
)
def test_a_job_that_slurm_refuses_is_an_error_in_its_words(
    served: ClusterServed, ended: Mapping[str, RemoteJob], name: str, words: str
) -> None:
    job = ended[name]
    assert (job.phase, words in job.error, "sbatch refused the job" in job.error) == ("ERROR", True, True), job.error
    assert served.phases(job) == ["PENDING", "QUEUED", "ERROR"]


def test_slurm_never_runs_a_job_again_by_itself(served: ClusterServed, slurm: SlurmCluster, survey: RemoteJob) -> None:
    assert " Requeue=0 " in slurm.scontrol("show", "job", "-o", served.number(survey))


# --- jobs that others end


def test_a_job_that_somebody_else_cancels_is_aborted_with_the_cause(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    codes = (f"{MADE}; sleep 1000", STUBBORN, *[f"trap 'exit 1' TERM; {LOOP}"] * 6)
    jobs = [client.run("one", parameters={"code": code}) for code in codes]
    for job in jobs:
        reach(client, job, "EXECUTING")
    slurm.run("scancel", *(served.number(job) for job in jobs))
    for job in jobs:
        over = client.wait(job)
        assert (over.phase, "it was cancelled on the cluster" in over.error) == ("ABORTED", True), over.error
        assert not served.processes(job)
    assert client.fetch(f"/uws/one/{jobs[0].id}/results/result") == b"hello\n"


def test_an_abort_ends_what_runs_and_leaves_no_process(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    jobs = [client.run("one", parameters={"code": code}) for code in ("sleep 1000", STUBBORN)]
    for job in jobs:
        reach(client, job, "EXECUTING")
        abort(job)
        assert client.job("one", job.id).phase == "ABORTED"
    for job in jobs:
        let_go(served, job)
        assert slurm.state_of(served.number(job)) in {"CANCELLED", "COMPLETING"}
        assert not served.processes(job)
        assert served.phases(job) == ["PENDING", "QUEUED", "EXECUTING", "ABORTED"]


def test_the_time_limit_of_the_cluster_aborts_a_job_and_is_told(
    served: ClusterServed, client: Client, limited: RemoteJob
) -> None:
    over = client.wait(limited)
    assert over.phase == "ABORTED"
    assert over.error.startswith("time-out: it reached its time limit"), over.error
    assert not served.processes(limited)
