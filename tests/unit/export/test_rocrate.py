"""RO-Crate: the metadata document, and the archive with the files."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given

from provstore.export import rocrate, rocrate_zip
from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.graph.model import NodeId, Subgraph
from tests.unit.export.prov_records import document as read_document
from tests.unit.export.prov_records import every_valid_document, records
from tests.unit.export.test_random_graphs import OWN, QUIET, any_texts, graphs

ID = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
SITE = "https://prov.example.org"
FIXED = {"ro-crate-metadata.json", "./", "https://w3id.org/ro/wfrun/process/0.5", "#no-licence"}


def crate(document: Document) -> dict[str, dict[str, Any]]:
    out = io.BytesIO()
    rocrate.write(document, out)
    return flattened(out.getvalue())


def flattened(text: bytes) -> dict[str, dict[str, Any]]:
    """Give the entities by id, each of which stands there once."""
    graph = json.loads(text)["@graph"]
    assert len({one["@id"] for one in graph}) == len(graph)
    return {one["@id"]: one for one in graph}


def led_to(entities: dict[str, dict[str, Any]]) -> set[str]:
    found = [value for entity in entities.values() for value in entity.values()]
    return {one["@id"] for value in found for one in (value if isinstance(value, list) else [value]) if "@id" in one}


def test_a_job_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    assert write(job, "ro-crate") == (data / "job-ro-crate-metadata.json").read_text(encoding="utf-8")


def test_it_says_which_profile_it_follows(job: Document) -> None:
    found = crate(job)
    assert found["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert found["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert {"name", "description", "datePublished", "license", "hasPart", "mentions"} <= found["./"].keys()


def test_a_job_is_an_action_of_its_software_with_what_it_used_and_made(job: Document) -> None:
    assert crate(job)[f"{ID}j1"] == {
        "@id": f"{ID}j1",
        "@type": "CreateAction",
        "name": "stack",
        "description": "A run of stack",
        "instrument": {"@id": f"{ID}d1"},
        "agent": {"@id": f"{ID}a1"},
        "object": [{"@id": f"{ID}{local}"} for local in ("e1", "p1", "c1")],
        "result": {"@id": f"{ID}e2"},
        "startTime": "2026-05-01T12:00:00+00:00",
        "endTime": "2026-05-01T13:00:00.250+00:00",
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def test_a_job_that_failed_says_so(node: Any, document: Any) -> None:
    failed = node("j1", "Activity Job", name="stack", service="stack", phase="ERROR", error_message="no memory left")
    found = crate(document([failed], []))
    assert found[f"{ID}j1"]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert found[f"{ID}j1"]["error"] == "no memory left"
    assert found[found[f"{ID}j1"]["instrument"]["@id"]]["name"] == "stack"


def test_a_file_on_a_server_has_its_address_there(job: Document) -> None:
    found = crate(replace(job, site=SITE))
    assert found[f"{SITE}/store/e1"]["identifier"] == f"{ID}e1"
    assert found[f"{SITE}/store/e1"]["contentUrl"] == "https://example.org/raw.fits"
    assert found[f"{ID}d1"]["url"] == {"@id": f"{SITE}/id/d1"}


def test_a_parameter_is_an_example_of_its_description(job: Document) -> None:
    found = crate(job)
    assert found[f"{ID}p1"] == {
        "@id": f"{ID}p1",
        "@type": "PropertyValue",
        "name": "gain",
        "value": "2",
        "unitText": "adu",
        "exampleOfWork": {"@id": f"{ID}d3"},
    }
    assert found[f"{ID}d3"]["additionalType"] == "Integer"
    assert found[f"{ID}d1"]["input"] == [{"@id": f"{ID}d2"}, {"@id": f"{ID}d3"}]


def test_a_person_with_an_orcid_is_named_by_it(node: Any, relation: Any, document: Any) -> None:
    ada = node("a1", "Agent", name="Ada", type="Person", url="https://orcid.org/0000-0002-1825-0097")
    found = crate(document([node("j1", "Activity"), ada], [relation("WAS_ASSOCIATED_WITH", "j1", "a1")]))
    assert found[f"{ID}j1"]["agent"] == {"@id": "https://orcid.org/0000-0002-1825-0097"}
    assert found["https://orcid.org/0000-0002-1825-0097"]["identifier"] == f"{ID}a1"


def test_an_answer_says_what_is_missing(job: Document) -> None:
    description = crate(replace(job, truncated=True, notes=("no such id: x",)))["./"]["description"]
    assert description.endswith("no such id: x This answer is truncated.")


def opened(text: bytes, *locals_: str) -> rocrate_zip.OpenFile:
    def open_file(node: NodeId) -> BinaryIO | None:
        return io.BytesIO(text) if node.removeprefix(ID) in locals_ else None

    return open_file


class _Stream(io.RawIOBase):
    """A sink that cannot go back."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self.held += piece
        return len(piece)


def test_the_archive_holds_the_files_that_can_be_opened(job: Document) -> None:
    out = _Stream()
    rocrate_zip.write_zip(job, opened(b"SIMPLE", "e2", "c1"), out)  # type: ignore[arg-type]  # a raw stream is one too
    with zipfile.ZipFile(io.BytesIO(out.held)) as archive:
        assert archive.namelist() == ["files/c1/stack.ini", "files/e2/sum.fits", "ro-crate-metadata.json"]
        assert archive.read("files/e2/sum.fits") == b"SIMPLE"
        found = flattened(archive.read("ro-crate-metadata.json"))
    assert [one["@id"] for one in found["./"]["hasPart"]] == [f"{ID}e1", "files/e2/sum.fits", "files/c1/stack.ini"]
    assert found[f"{ID}j1"]["result"] == {"@id": "files/e2/sum.fits"}
    assert found["files/e2/sum.fits"]["identifier"] == f"{ID}e2"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "files/e1/passwd"),
        ("..", "files/e1/data"),
        ("C:\\temp\\a b.fits", "files/e1/a_b.fits"),
        ("<x>\x00\u202e.txt", "files/e1/_x_.txt"),
        ("/", "files/e1/data"),
    ],
)
def test_no_name_of_a_file_leads_out_of_the_archive(name: str, path: str, node: Any, document: Any) -> None:
    given_document = document([node("e1", "Entity Dataset", file_name=name, size=6)], [])
    out = io.BytesIO()
    rocrate_zip.write_zip(given_document, opened(b"SIMPLE", "e1"), out)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist()[0] == path


@every_valid_document
def test_nothing_in_a_crate_of_other_peoples_documents_leads_to_nowhere(row: dict[str, Any]) -> None:
    out = io.BytesIO()
    rocrate.write_records(records(read_document(row)), Namespaces([]), out)
    found = flattened(out.getvalue())
    outside = {"https://w3id.org/ro/crate/1.1", "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
    assert led_to({key: entity for key, entity in found.items() if entity.get("@type") != "SoftwareApplication"}) <= (
        found.keys() | outside
    )


@QUIET
@given(graphs(any_texts))
def test_whatever_is_in_the_graph_is_a_crate(graph: Subgraph) -> None:
    found = crate(Document(graph=graph, own_namespace=OWN))
    assert found.keys() >= FIXED
