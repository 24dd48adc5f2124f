"""Every shipped service as a job of a real server, and what the graph says of it afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from provstore.client import Client, RemoteJob
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served
from tests.e2e.shipped import PATH, SHIPPED, VERSIONS

SMALL = {"nxpix": "40", "nypix": "40", "binsz": "0.1"}
VALUES: Mapping[str, Mapping[str, str]] = {
    "copy": {},
    "gammapy_maps": {"obs_ids": "47802 47803", **SMALL},
    "gammapy_spectra": {"obsids": "47802 47803", "nbins": "4"},
    "image_summary": {},
    "python_example": {"column": "mag"},
    "simulate_events": {"ontime": "600"},
    "sleep": {"duration": "0"},
}
"""What each is run with, its files apart; ctbin has tests of its own."""


@pytest.fixture(scope="module")
def served(make_served: MakeServed) -> Served:
    """A server whose jobs find no ctools, wherever these are installed."""
    path = [part for part in PATH.split(":") if not (Path(part) / "ctbin").exists()]
    return make_served(PROVSTORE_JOB_PATH=":".join(path)).start()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Path]]:
    """The inputs, by service."""
    place = tmp_path_factory.mktemp("inputs")
    (place / "a.dat").write_bytes(bytes(range(256)))
    (place / "stars.csv").write_text("star,mag\na,1\nb,2\nc,4.5\n")
    fits.PrimaryHDU(np.arange(12.0).reshape(3, 4)).writeto(place / "image.fits")
    return {
        "copy": {"input": place / "a.dat"},
        "python_example": {"table": place / "stars.csv"},
        "image_summary": {"image": place / "image.fits"},
        "ctbin": {"evfile": place / "a.dat"},
    }


def run(client: Client, service: str, files: Mapping[str, Mapping[str, Path]]) -> RemoteJob:
    return client.wait(client.run(service, parameters=VALUES.get(service, {}), files=files.get(service)))


def graph_of(client: Client, job: RemoteJob) -> dict[str, Any]:
    text = client.fetch(f"/uws/{job.service}/{job.id}/prov", query={"format": "prov-json"})
    found: dict[str, Any] = json.loads(text)
    return found


def test_every_shipped_service_is_run_here() -> None:
    assert VALUES.keys() | {"ctbin"} == SHIPPED.keys()


@pytest.mark.parametrize("service", sorted(VALUES))
def test_a_shipped_service_runs_and_its_results_are_what_the_graph_says(
    client: Client, files: Mapping[str, Mapping[str, Path]], service: str
) -> None:
    job = run(client, service, files)
    assert (job.phase, job.error) == ("COMPLETED", "")
    description = SHIPPED[service].description
    assert {name: one.mime_type for name, one in job.results.items()} == {
        item.name: item.content_type for item in description.generated
    }
    for name, result in job.results.items():
        data = client.fetch(f"/uws/{service}/{job.id}/results/{name}")
        assert (len(data), hashlib.sha256(data).hexdigest()) == (result.size, result.sha256)
        assert data
    main = client.fetch(f"/uws/{service}/{job.id}/results/result")
    assert hashlib.sha256(main).hexdigest() == job.results[description.main].sha256


def test_the_example_s_own_provenance_is_in_the_graph(client: Client, files: Mapping[str, Mapping[str, Path]]) -> None:
    job = run(client, "python_example", files)
    graph = graph_of(client, job)
    python = {key for key, one in graph["agent"].items() if one.get("prov:label") == "python"}
    (agent,) = python
    assert graph["agent"][agent]["voprov:version"] == VERSIONS["python"]
    activity = next(key for key in graph["activity"] if key.endswith(job.id))
    assert {"prov:activity": activity, "prov:agent": agent}.items() <= next(
        one.items() for one in graph["wasAssociatedWith"].values() if one["prov:agent"] == agent
    )
    ends = {name: next(key for key in graph["entity"] if key.endswith(job.entity(name))) for name in job.results}
    derived = {(one["prov:generatedEntity"], one["prov:usedEntity"]) for one in graph["wasDerivedFrom"].values()}
    assert {(ends["statistics"], ends["selection"]), (ends["preview"], ends["selection"])} <= derived
    assert {source for product, source in derived if product == ends["log"]} == set()


def test_ctbin_without_ctools_ends_in_error_and_tells_its_user_what_is_needed(
    client: Client, files: Mapping[str, Mapping[str, Path]]
) -> None:
    job = run(client, "ctbin", files)
    assert job.phase == "ERROR"
    assert job.results == {}
    assert "exit code 127" in job.error
    assert "ctbin: ctools is needed for this service" in job.error
    assert "conda install -c cta-observatory ctools" in job.error
