"""What is told afterwards of a job that ran on a cluster: in the graph, in every serialisation, on its page."""

from __future__ import annotations

import io
import re
import socket
from pathlib import Path
from typing import Final

import httpx
import pytest
from astropy.io import votable
from lxml import etree
from prov.model import ProvActivity, ProvDocument

from provstore.client import RemoteJob
from tests.cluster.bench import ClusterServed
from tests.cluster.conftest import MakeServed
from tests.cluster.ways import carrying, started
from tests.parts import MODULES_INIT
from tests.slurm_cluster import SlurmCluster

pytestmark = [pytest.mark.slurm, pytest.mark.modules]

BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
MODULEFILE: Final = "#%Module\nsetenv GREETING hello\n"
CODE: Final = (
    'echo "$GREETING"; srun hostname; python3 -c "b = bytearray(60 << 20); b[::4096] = b[::4096]"; echo >"$rs/a.dat"'
)
NAMES: Final = (
    *("cluster", "slurmJobId", "slurmPartition", "slurmNodes", "queueSeconds", "elapsedSeconds", "statusQueries"),
    *("modules", "isolated"),
)
EVERYWHERE: Final = (*NAMES, "host", "maxRss", "cpuSeconds")


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> ClusterServed:
    """The cluster gives all jobs a module."""
    place = slurm.folder / "modules"
    (place / "greet").mkdir(parents=True)
    (place / "greet" / "1.0").write_text(MODULEFILE)
    (place / "init").write_text(f". {MODULES_INIT}\nmodule use {place}\n")
    settings = {"modules": ("greet/1.0",), "modules_init": str(place / "init"), "isolation": "required"}
    return carrying(make_served, slurm, tmp_path_factory.mktemp("told"), **settings).start()


@pytest.fixture(scope="module")
def job(served: ClusterServed) -> RemoteJob:
    with served.client() as client:
        return client.wait(started(client, CODE))


def exported(served: ClusterServed, job: RemoteJob, form: str) -> str:
    with served.client() as client:
        return client.fetch(f"/uws/carries/{job.id}/prov", query={"format": form}).decode()


def test_a_job_has_the_modules_of_its_cluster_and_srun_works_in_its_isolation(job: RemoteJob) -> None:
    assert (job.phase, job.error) == ("COMPLETED", "")
    assert httpx.get(f"{job.href}/stdout").text.split() == ["hello", socket.gethostname().partition(".")[0]]


def test_the_activity_tells_where_and_how_it_ran_though_slurm_was_never_asked(
    served: ClusterServed, job: RemoteJob
) -> None:
    facts, host = served.facts(job), socket.gethostname().partition(".")[0]
    told = {name: facts[name] for name in ("cluster", "slurm_job_id", "slurm_partition", "slurm_nodes", "modules")}
    assert told == {
        "cluster": "test",
        "slurm_job_id": int(served.number(job)),
        "slurm_partition": "test",
        "slurm_nodes": host,
        "modules": "greet/1.0",
    }
    assert (facts["isolated"], facts["status_queries"], facts["host"]) == (True, 0, socket.gethostname())
    queued, elapsed, memory = (facts[name] for name in ("queue_seconds", "elapsed_seconds", "max_rss"))
    assert isinstance(queued, float)
    assert isinstance(elapsed, float)
    assert isinstance(memory, int)
    assert (0 <= queued < 60, 0 < elapsed < 60, 60 << 20 < memory < 300 << 20) == (True, True, True)


@pytest.mark.parametrize("form", ["prov-json", "prov-xml", "prov-n"])
def test_every_serialisation_tells_it_and_names_the_scheduler(
    served: ClusterServed, slurm: SlurmCluster, job: RemoteJob, form: str
) -> None:
    text = exported(served, job, form)
    missing = [name for name in EVERYWHERE if not re.search(rf"provstore:{name}\b", text)]
    assert missing == []
    if form == "prov-n":  # the library reads none
        assert re.search(r"wasAssociatedWith\([^)]*prov:role=.Scheduler", text)
        return
    document = ProvDocument.deserialize(content=text, format=form.removeprefix("prov-"))
    activity = next(one for one in document.get_records(ProvActivity) if job.id in str(one.identifier))
    known = {str(key.localpart): value for key, value in activity.extra_attributes}
    assert (known["modules"], known["isolated"]) == ("greet/1.0", True)
    assert known["slurmJobId"].value == served.number(job)
    version = slurm.run("sbatch", "--version").split()[-1]
    assert ("SLURM" in text, version in text) == (True, True)


def test_the_votable_tells_it(served: ClusterServed, job: RemoteJob) -> None:
    text = exported(served, job, "votable")
    found = votable.parse(io.BytesIO(text.encode()), verify="exception")
    cells = " ".join(str(cell) for table in found.iter_tables() for row in table.array for cell in row)
    assert [name for name in EVERYWHERE if f"provstore:{name}" not in cells] == []
    assert ("SLURM" in cells, "Scheduler" in cells) == (True, True)


def test_the_job_itself_tells_it_to_uws_clients_and_readers(served: ClusterServed, job: RemoteJob) -> None:
    told = httpx.get(job.href, headers={"Accept": "application/json"}).json()["jobInfo"]["ran"]
    assert (list(told), told["isolated"], told["slurmJobId"]) == (list(NAMES), True, int(served.number(job)))
    document = etree.fromstring(httpx.get(job.href, headers={"Accept": "application/xml"}).content)
    in_xml = {etree.QName(one).localname: one.text for one in document.iterfind("{*}jobInfo/*")}
    assert {name: in_xml[name] for name in NAMES} == {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in told.items()
    }
    page = httpx.get(f"{served.address}/jobs/{job.id}", headers={"Accept": BROWSER}).text
    assert [name for name in NAMES if f'<th scope="row">{name}</th>' not in page] == []
    assert ("<td>greet/1.0</td>" in page, "<td>true</td>" in page) == (True, True)


def test_a_module_that_the_cluster_does_not_have_fails_the_job(
    slurm: SlurmCluster, make_served: MakeServed, tmp_path: Path
) -> None:
    settings = {"modules": ("nobody/has.this",), "modules_init": str(MODULES_INIT)}
    served = carrying(make_served, slurm, tmp_path, **settings).start()
    with served.client() as client:
        failed = client.wait(started(client, "true"))
    assert (failed.phase, "nobody/has.this" in failed.error) == ("ERROR", True)
