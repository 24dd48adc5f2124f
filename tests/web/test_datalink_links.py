"""Which links DataLink gives: by what one may see, by what is still there, and by what the description says."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

from provstore.export.registry import FORMATS
from provstore.graph.model import Kind, Label, Node, NodeId, Relation
from provstore.graph.store import Create
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.web.conftest import Serve
from tests.web.datalink_rows import of, results, rows
from tests.web.served import BASE, STACKED, Served, job_id

PIPELINE: Final = Description(
    name="pipeline",
    label="Pipeline",
    doculink="https://example.org/pipeline?a=1&b=2",
    script="true\n",
    parameters=(ParameterDefinition(name="fast", datatype="boolean", default="yes"),),
    used=(
        Used(name="dark", role="dark", type="Calibration", url="file://$ID", multiplicity="*"),
        Used(name="science", role="science", type="Main", url="file://$ID", content_types=("application/fits",)),
    ),
    generated=(
        Generated(name="table", default="table.fits", content_type="application/fits"),
        Generated(name="quicklook", default="*.pdf", content_type="application/pdf", type="Preview", multiplicity="*"),
        Generated(name="plot", default="plot.png", content_type="image/png"),
        Generated(name="notes", default="notes.txt", content_type="text/plain", type="Log"),
    ),
)
FILES: Final = {f"results/{name}": b"x" for name in ("table.fits", "one.pdf", "two.pdf", "plot.png", "notes.txt")}


@pytest.fixture
def piped(serve: Serve, tmp_path: Path) -> tuple[Served, str]:
    """A server, and a job with main and other inputs, previews and a log."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "pipeline_vot.xml").write_bytes(write_votable(PIPELINE))
    served = serve(descriptions=(folder,))
    job = served.completed(
        "pipeline", FILES, dark=(io.BytesIO(b"D"), "d.fits"), science=(io.BytesIO(b"S"), "s.fits", "application/fits")
    )
    return served, f"e{job_id(job)[1:]}"


def test_previews_are_results_of_that_type_and_pictures(piped: tuple[Served, str]) -> None:
    served, job = piped
    found = rows(served.anonymous, ID=f"{job}.table")
    assert [(row["description"], row["content_type"]) for row in of(found, "#preview")] == [
        ("a preview: one.pdf", "application/pdf"),
        ("a preview: two.pdf", "application/pdf"),
        ("a preview: plot.png", "image/png"),
    ]
    assert [row["description"] for row in of(rows(served.anonymous, ID=f"{job}.plot"), "#preview")] == [
        "a preview: one.pdf",
        "a preview: two.pdf",
    ]


def test_main_inputs_come_first(piped: tuple[Served, str]) -> None:
    served, job = piped
    found = of(rows(served.anonymous, ID=f"{job}.table"), "#progenitor")
    assert [row["description"] for row in found] == ["used to make it: s.fits", "used to make it: d.fits"]


def test_the_documentation_of_a_description_and_logs_are_linked(piped: tuple[Served, str]) -> None:
    served, job = piped
    found = [row for row in rows(served.anonymous, ID=f"{job}.table") if "local_semantics" not in row]
    assert [(row["access_url"], row["description"]) for row in of(found, "#documentation")] == [
        ("https://example.org/pipeline?a=1&b=2", "what Pipeline does, by which it was made"),
        (f"{BASE}/store/{job}.notes", "the log of its making: notes.txt"),
    ]


def test_a_default_is_told_in_words_for_a_value_would_be_a_constant(piped: tuple[Served, str]) -> None:
    served, job = piped
    found = results(served.anonymous, ID=f"{job}.table")
    (one,) = [one for one in found.iter_adhocservices() if one.name == "pipeline"]
    (fast,) = [choice for choice in one.groups[0].entries if choice.name == "fast"]
    assert not fast.value
    assert "(default: yes)" in str(fast.description)


def test_a_file_that_a_document_places_elsewhere_is_linked_there(served: Served) -> None:
    readers = frozenset({"public"})
    made, source = NodeId("ivo://example.org/made"), NodeId("ivo://example.org/source")
    address = "https://example.org/a b.fits"
    store = served.provstore.store
    labels = frozenset({Label.ENTITY})
    store.write(
        [
            Create(Node(made, labels, {"name": "made", "location": "/data/on/some/disk"}, readers=readers)),
            Create(Node(source, labels, {"name": "source", "location": address}, readers=readers)),
            Create(Relation("d", Kind.WAS_DERIVED_FROM, made, source)),
        ]
    )
    found = rows(served.anonymous, ID=made)
    assert [row.get("access_url") for row in of(found, "#progenitor")] == [address]
    assert [row.get("error_message") for row in of(found, "#this")] == ["NotFoundFault: its file is not here"]
    provenance = next(row["access_url"] for row in found if row.get("local_semantics") == "provenance-prov-n")
    assert parse_qs(urlsplit(provenance).query)["ID"] == [made]
    assert served.anonymous.get(provenance.removeprefix(BASE)).status_code == 200


def test_what_one_may_not_see_is_told_as_unknown_and_linked_by_nobody(served: Served) -> None:
    made = served.create("copy", by=served.curie, input=(io.BytesIO(b"RAW"), "raw.fits"))
    served.execute(made, by=served.curie)
    served.finish(made, {"results/output.dat": b"RAW"})
    entity = f"e{job_id(made)[1:]}.output"
    (row,) = rows(served.anonymous, ID=entity)
    assert row["error_message"] == f"NotFoundFault: nothing is known of {entity}"
    seen = rows(served.curie, ID=entity)
    assert [(one["link_auth"], one["link_authorized"]) for one in of(seen, "#this")] == [("true", True)]
    used = served.create("stack", by=served.curie, image=entity, count="1")
    served.execute(used, by=served.curie)
    served.finish(used, STACKED)
    served.curie.post(f"{used}/sharing", data={"READER": "public"})
    stacked = f"e{job_id(used)[1:]}.stacked"
    assert of(rows(served.anonymous, ID=stacked), "#progenitor") == []
    assert len(of(rows(served.curie, ID=stacked), "#progenitor")) == 1


def test_the_file_of_a_deleted_job_is_an_error_beside_its_provenance(served: Served) -> None:
    job = served.completed()
    entity = f"e{job_id(job)[1:]}.result"
    served.anonymous.delete(job)
    served.tick(2)
    found = rows(served.anonymous, ID=entity)
    assert [row["error_message"] for row in of(found, "#this")] == ["NotFoundFault: its file is not kept any more"]
    assert len([row for row in found if "local_semantics" in row]) == len(FORMATS)
    assert of(found, "#proc") == []


def test_a_restricted_service_is_offered_to_those_who_may_know_it(serve: Serve) -> None:
    served = serve(restricted_services=("stack",))
    job = served.completed("copy", {"results/output.dat": b"RAW"}, input=(io.BytesIO(b"RAW"), "a.fits", "image/fits"))
    raw = next(one for one in served.json(f"/prov/lineage?id={job_id(job)}")["nodes"] if one["label"] == "a.fits")["id"]
    offers = {
        name: [row for row in of(rows(client, ID=raw), "#proc") if "Stack" in row["description"]]
        for name, client in (("anonymous", served.anonymous), ("admin", served.admin))
    }
    assert offers["anonymous"] == []
    assert [(row["link_auth"], row["link_authorized"]) for row in offers["admin"]] == [("true", True)]
