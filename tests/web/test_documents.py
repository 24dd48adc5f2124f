"""Documents over HTTP: whole or not at all, back as they were, and nobody's record but their author's."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from prov.model import ProvDocument

from tests.unit.ingest.prov_judge import theirs
from tests.web.served import Served, job_id

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"
NOTATIONS: Final = {"json": "prov-json", "xml": "prov-xml", "provn": "prov-n", "rdf": "turtle"}
BACK: Final = {"prov-json": "json", "prov-xml": "xml", "prov-n": "provn"}
SMALL: Final = b'document\nprefix ex <http://example.org/>\nentity(ex:a, [ex:k="v"])\nendDocument\n'


def bring(client: FlaskClient, data: bytes, **query: str) -> Any:
    return client.post("/prov/documents", data=data, query_string=query, content_type="application/octet-stream")


def brought(client: FlaskClient, data: bytes, **query: str) -> str:
    answer = bring(client, data, **query)
    assert answer.status_code == 201, answer.text
    assert answer.location.endswith(f"/prov/documents/{answer.get_json()['document']}")
    return str(answer.get_json()["document"])


def told(client: FlaskClient, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def size(served: Served) -> tuple[int, int]:
    """Nodes and relations of the whole graph."""
    graph = served.provstore.store.scan()
    return sum(1 for _ in graph.nodes()), sum(1 for _ in graph.relations())


def rows(*expected: str) -> list[Any]:
    manifest = CORPUS / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []
    return [row for row in known if row["expected"] in expected]


def is_the_same(document: ProvDocument, data: bytes, notation: str) -> bool:
    return theirs(data, BACK[notation]) == document


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the folder shared is not there")
@pytest.mark.parametrize("row", rows("roundtrip", "read"), ids=lambda row: row["path"])
def test_a_strangers_document_comes_back_equal_in_every_w3c_format(lasting: Served, row: dict[str, Any]) -> None:
    data = (CORPUS / row["path"]).read_bytes()
    known = {"rdf_format": "turtle"} if row["format"] == "rdf" else {}
    original = theirs(data, row["format"], **known)
    document = brought(lasting.admin, data, name=Path(row["path"]).name, format=NOTATIONS[row["format"]])
    for notation in BACK:
        answer = lasting.admin.get(f"/prov/documents/{document}?format={notation}")
        assert answer.status_code == 200
        assert is_the_same(original, answer.data, notation), notation


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the folder shared is not there")
@pytest.mark.parametrize("row", rows("4xx"), ids=lambda row: row["path"])
def test_a_malformed_document_is_refused_with_its_place_and_changes_nothing(
    lasting: Served, row: dict[str, Any]
) -> None:
    before = size(lasting)
    answer = bring(lasting.admin, (CORPUS / row["path"]).read_bytes(), format=NOTATIONS[row["format"]])
    assert answer.status_code == 400
    assert answer.get_json()["error"]["kind"] == "Malformed"
    assert answer.get_json()["error"]["value"]
    assert size(lasting) == before


def test_a_fault_at_the_end_of_a_long_document_changes_nothing(lasting: Served) -> None:
    before = size(lasting)
    lines = [f"entity(ex:e{number})\n" for number in range(20_000)]
    text = "document\nprefix ex <http://example.org/>\n" + "".join(lines) + "used(ex:a\nendDocument\n"
    answer = bring(lasting.admin, text.encode(), format="prov-n")
    assert answer.status_code == 400
    assert "line 2000" in answer.get_json()["error"]["message"]
    assert size(lasting) == before


def test_a_long_document_is_seen_only_when_it_is_whole_and_comes_back_in_its_order(lasting: Served) -> None:
    given = [f'entity(ex:long{number}, [ex:number="{number}" %% xsd:int])\n' for number in range(7_000)]
    text = "document\nprefix ex <http://example.org/>\n" + "".join(given) + "endDocument\n"
    document = brought(lasting.curie, text.encode(), format="prov-n")
    back = lasting.curie.get(f"/prov/documents/{document}?format=prov-n").text
    lines = [line.strip() for line in back.splitlines() if line.strip().startswith("entity")]
    assert [line.split(",")[0] for line in lines[:3]] == ["entity(ex:long0", "entity(ex:long1", "entity(ex:long2"]
    assert len(lines) == 7_000
    found = told(lasting.curie, "/prov/search?class=entity&attribute=ex:number:6999")
    assert [one["id"] for one in found["items"]] == ["http://example.org/long6999"]


def test_a_dry_run_tells_and_stores_nothing(lasting: Served) -> None:
    before = size(lasting)
    answer = bring(lasting.admin, SMALL, dry_run="true")
    assert (answer.status_code, answer.get_json()["document"], answer.get_json()["records"]) == (200, None, 1)
    assert size(lasting) == before


def test_a_document_that_breaks_a_constraint_is_refused_where_that_is_asked_for(lasting: Served) -> None:
    wrong = SMALL.replace(b"endDocument", b"activity(ex:a)\nendDocument")
    answer = bring(lasting.admin, wrong, strict="true")
    assert answer.status_code == 400
    assert "constraint 55" in answer.get_json()["error"]["message"]
    assert bring(lasting.admin, wrong).status_code == 201


def test_a_document_is_private_until_its_author_says_otherwise(served: Served) -> None:
    private, public = (
        brought(served.curie, SMALL),
        brought(served.curie, SMALL.replace(b"ex:a", b"ex:b"), public="true"),
    )
    assert served.anonymous.get(f"/prov/documents/{private}").status_code == 404
    assert served.anonymous.get(f"/prov/documents/{public}").status_code == 200
    assert served.anonymous.get("/prov/lineage?id=ex:a").status_code == 404
    assert served.anonymous.get("/prov/lineage?id=ex:b").status_code == 200
    listed = [one["document"] for one in told(served.anonymous, "/prov/documents")["items"]]
    assert listed == [public]
    assert {one["document"] for one in told(served.curie, "/prov/documents")["items"]} == {private, public}


def test_two_documents_say_different_things_of_one_entity_and_each_comes_back(served: Served) -> None:
    first = brought(served.curie, SMALL)
    second = brought(served.admin, SMALL.replace(b'"v"', b'"other"'), public="true")
    texts = [served.admin.get(f"/prov/documents/{one}?format=prov-n").text for one in (first, second)]
    assert ['"v"' in text for text in texts] == [True, False]
    seen = told(served.anonymous, "/prov/lineage?id=ex:a")["nodes"][0]
    assert seen["attributes"] == {"http://example.org/k": "other"}
    assert told(served.anonymous, "/prov/search?attribute=ex:k:v")["items"] == []
    both = told(served.admin, "/prov/lineage?id=ex:a")["nodes"][0]
    assert sorted(both["attributes"]["http://example.org/k"]) == ["other", "v"]


def test_what_a_private_document_says_between_public_things_is_not_walked_by_others(served: Served) -> None:
    public = b"document\nprefix ex <http://example.org/>\nentity(ex:a)\nentity(ex:b)\nendDocument\n"
    brought(served.admin, public, public="true")
    brought(served.curie, public.replace(b"entity(ex:b)", b"wasDerivedFrom(ex:a, ex:b)"))
    graphs = [told(one, "/prov/lineage?id=ex:a") for one in (served.anonymous, served.curie)]
    assert [len(graph["relations"]) for graph in graphs] == [0, 1]
    assert [graph["restricted"] for graph in graphs] == [False, False]


def test_who_imported_what_and_when_is_provenance_too(served: Served) -> None:
    document = brought(served.curie, SMALL, name="small.provn")
    graph = told(served.curie, f"/prov/lineage?id={document}")
    labels = {one["label"]: one for one in graph["nodes"]}
    assert "Activity" in labels["import"]["class"]
    assert labels["small.provn"]["attributes"]["sha256"]
    assert {one["kind"] for one in graph["relations"]} >= {"WAS_GENERATED_BY", "WAS_ASSOCIATED_WITH"}


def test_a_document_that_claims_a_job_keeps_its_claims_and_changes_nothing_of_the_job(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    namespace, local = served.provstore.store.namespace, job_id(job)
    before = [served.curie.get(address).data for address in (job, f"{job}/results", f"{job}/prov?format=prov-n")]
    claims = (
        f"document\nprefix id <{namespace}>\nprefix ex <http://example.org/>\n"
        f'activity(id:{local}, [prov:label="mine"])\nagent(ex:eve)\nentity(ex:fake)\n'
        f"wasAssociatedWith(id:{local}, ex:eve, -)\nused(id:{local}, ex:fake, -)\n"
        f"wasGeneratedBy(ex:fake, id:{local}, -)\n"
        f"wasDerivedFrom(ex:paper, id:e{local[1:]}.result)\nendDocument\n"
    )
    answer = bring(served.curie, claims.encode(), format="prov-n")
    assert answer.status_code == 201
    assert len(answer.get_json()["conflicts"]) == 4
    after = [served.curie.get(address).data for address in (job, f"{job}/results", f"{job}/prov?format=prov-n")]
    assert after == before
    back = served.curie.get(f"/prov/documents/{answer.get_json()['document']}?format=prov-n").text
    assert all(word in back for word in ("wasAssociatedWith", "mine", "used(", "wasGeneratedBy("))
    down = told(served.curie, f"/prov/lineage?id=e{local[1:]}.result&direction=down")
    assert "http://example.org/paper" in {one["id"] for one in down["nodes"]}


def test_an_administrator_forgets_a_document_and_what_only_it_spoke_of(served: Served) -> None:
    before = size(served)
    document = brought(served.admin, SMALL)
    assert served.curie.delete(f"/prov/documents/{document}").status_code == 404
    assert served.admin.delete(f"/prov/documents/{document}").status_code == 204
    assert served.admin.get(f"/prov/documents/{document}").status_code == 404
    assert served.admin.get("/prov/lineage?id=ex:a").status_code == 404
    nodes, relations = size(served)
    assert (nodes - before[0], relations - before[1]) == (3, 1)  # the import, and two words


def test_an_empty_bundle_and_the_prefixes_come_back(lasting: Served) -> None:
    text = b"document\nprefix ex <http://example.org/>\nbundle ex:none\nendBundle\nendDocument\n"
    document = brought(lasting.admin, text)
    for notation in BACK:
        back = lasting.admin.get(f"/prov/documents/{document}?format={notation}").data
        assert is_the_same(theirs(text, "provn"), back, notation)


@pytest.mark.parametrize(
    "notation", ["votable", "svg", "dot", "cytoscape", "ro-crate", "prov-jsonld", "trig", "voprov-json"]
)
def test_a_document_is_given_in_every_other_format(lasting: Served, notation: str) -> None:
    document = brought(lasting.admin, SMALL)
    answer = lasting.admin.get(f"/prov/documents/{document}?format={notation}")
    assert answer.status_code == 200, answer.text
    assert b"example.org/a" in answer.data or b"ex:a" in answer.data


def test_a_form_with_a_file_is_read_like_a_body(lasting: Served) -> None:
    answer = lasting.admin.post("/prov/documents", data={"file": (io.BytesIO(SMALL), "small.provn")})
    assert answer.status_code == 201
    wrong = lasting.admin.post("/prov/documents", data={"other": (io.BytesIO(SMALL), "small.provn")})
    assert (wrong.status_code, wrong.get_json()["error"]["field"]) == (400, "file")


@pytest.mark.parametrize(
    ("data", "query", "status"),
    [
        (b"", {}, 400),
        (b"no document at all", {}, 415),
        (SMALL, {"format": "nothing"}, 400),
        (SMALL, {"strict": "perhaps"}, 400),
        (b"[" * 1_000_000, {"format": "prov-json"}, 400),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', {"format": "prov-xml"}, 400),
        (SMALL[:40], {"format": "prov-n"}, 400),
        (SMALL.replace(b"ex:k", b"nowhere:k"), {"format": "prov-n"}, 400),
    ],
)
def test_what_is_no_document_is_refused_with_a_reason(
    lasting: Served, data: bytes, query: dict[str, str], status: int
) -> None:
    before = size(lasting)
    begun = time.monotonic()
    answer = bring(lasting.admin, data, **query)
    assert answer.status_code == status, answer.text
    assert len(answer.get_json()["error"]["message"]) > 20
    assert time.monotonic() - begun < 30
    assert size(lasting) == before


def test_what_a_search_finds_is_exported_with_what_is_among_it(served: Served) -> None:
    text = SMALL.replace(b"endDocument", b"entity(ex:b)\nwasDerivedFrom(ex:b, ex:a)\nendDocument")
    brought(served.admin, text)
    answer = served.admin.get("/prov/search?name=a&name=b&format=prov-n")
    assert answer.status_code == 200
    lines = [line.strip().partition("(")[0] for line in answer.text.splitlines() if "(" in line]
    assert sorted(lines) == ["entity", "entity", "wasDerivedFrom"]


def test_a_crate_holds_the_files_if_they_are_asked_for(served: Served) -> None:
    job = served.completed()
    metadata = served.admin.get(f"{job}/prov?format=ro-crate")
    assert metadata.get_json(force=True)["@graph"]
    answer = served.admin.get(f"{job}/prov?format=ro-crate&files=true")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as crate:
        assert "ro-crate-metadata.json" in crate.namelist()
        assert any(name.startswith("files/e") for name in crate.namelist())


def test_names_that_a_notation_can_not_hold_are_told_in_a_header(lasting: Served) -> None:
    plain = brought(lasting.admin, SMALL)
    assert "Provstore-Remarks" not in lasting.admin.get(f"/prov/documents/{plain}?format=prov-xml").headers
    odd = brought(lasting.admin, b'{"prefix": {"ex": "http://e.org/"}, "entity": {"ex:x,": {}}}', format="prov-json")
    answer = lasting.admin.get(f"/prov/documents/{odd}?format=prov-xml")
    assert answer.headers["Provstore-Remarks"].startswith("1; ")
    assert "is no name of XML" in answer.headers["Provstore-Remarks"]
