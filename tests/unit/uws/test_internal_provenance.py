import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provstore.graph.model import Kind, Label, Node, NodeId, Relation
from provstore.graph.store import Create, Update, Upsert
from provstore.uws.agents import software
from provstore.uws.jobs import Job, JobId
from provstore.uws.phases import Phase
from provstore.uws.running.internal_provenance import FILE_NAME, Told, read_internal_provenance

NAMESPACE = "urn:t#"
JOB = Job(
    id=JobId("j1"),
    node=NodeId("urn:t#j1"),
    service="s",
    phase=Phase.EXECUTING,
    owner="a1",
    run_id="",
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
    started_at=None,
    ended_at=None,
    quote_at=None,
    destruction_at=None,
    execution_duration=timedelta(0),
    revision="s@1",
)


def told(work: Path, document: object) -> Told:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    (work / FILE_NAME).write_bytes(content)
    return read_internal_provenance(JOB, work, namespace=NAMESPACE)


def agents(found: Told) -> list[Node]:
    return [one.item for one in found.changes if isinstance(one, Upsert) and isinstance(one.item, Node)]


def relations(found: Told) -> list[Relation]:
    return [one.item for one in found.changes if isinstance(one, Create) and isinstance(one.item, Relation)]


def associated(*names: str, **role: Any) -> dict[str, Any]:
    return {
        f"_:{number}": {"prov:activity": "current_job", "prov:agent": name, **role} for number, name in enumerate(names)
    }


def test_no_file_is_no_word(tmp_path: Path) -> None:
    assert read_internal_provenance(JOB, tmp_path, namespace=NAMESPACE) == Told()


def test_agents_that_are_associated_with_the_job_are_taken_with_name_version_and_role(tmp_path: Path) -> None:
    document = {
        "prefix": {"x": "http://x#"},
        "agent": {
            "x:swarp": {"prov:label": "SWarp", "voprov:version": "2.41"},
            "sextractor": {"voprov:name": [{"$": "SExtractor", "type": "xsd:string"}], "version": {"$": "2.28"}},
            "x:idle": {"prov:label": "idle"},
        },
        "wasAssociatedWith": {
            "_:1": {"prov:activity": "x:current_job", "prov:agent": "x:swarp", "prov:role": {"$": "Stacker"}},
            "_:2": {"prov:activity": "current_job", "prov:agent": "sextractor"},
            "_:3": {"prov:activity": "other", "prov:agent": "x:idle"},
            "_:4": "nonsense",
        },
    }
    found = told(tmp_path, document)
    nodes = [software(NAMESPACE, "SWarp", "2.41"), software(NAMESPACE, "SExtractor", "2.28")]
    assert found.remarks == []
    assert agents(found) == nodes
    assert relations(found) == [
        Relation("j1.s0001", Kind.WAS_ASSOCIATED_WITH, JOB.node, nodes[0].id, "Stacker"),
        Relation("j1.s0002", Kind.WAS_ASSOCIATED_WITH, JOB.node, nodes[1].id, "Software"),
    ]


def test_an_agent_without_a_name_goes_by_its_id(tmp_path: Path) -> None:
    found = told(tmp_path, {"agent": {"x:swarp": {}}, "wasAssociatedWith": associated("x:swarp")})
    assert [(one.properties["name"], *one.labels) for one in agents(found)] == [("swarp", Label.AGENT)]


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (b"", "internal_provenance.json: Expecting value"),
        (b"\xff\xfe\x00", "internal_provenance.json: "),
        (b"{", "internal_provenance.json: "),
        (b"[" * 100_000, "internal_provenance.json: "),
        (b'{"agent": ' + b"9" * 5000 + b"}", "internal_provenance.json: "),
        (b"[]", "internal_provenance.json: an object is needed"),
        (b"null", "internal_provenance.json: an object is needed"),
        (b'{"agent": []}', "internal_provenance.json: section 'agent' must be an object"),
        (b'{"wasAssociatedWith": 1}', "internal_provenance.json: section 'wasAssociatedWith' must be an object"),
        (b'{"entity": {}}', "internal_provenance.json: section 'entity' is not read"),
        (b'{"\\ud800": {}}', "internal_provenance.json: section "),
        (b" " * ((4 << 20) + 1), "internal_provenance.json: a link, or larger than 4194304 bytes"),
    ],
)
def test_garbage_is_harmless_and_kept_as_a_remark_with_the_job(tmp_path: Path, content: bytes, remark: str) -> None:
    found = told(tmp_path, content)
    assert len(found.remarks) == 1
    assert found.remarks[0].startswith(remark)
    (change,) = found.changes
    assert isinstance(change, Update)
    assert (change.node, change.expected) == (JOB.node, {})
    kept = change.put["remarks"]
    assert isinstance(kept, str)
    assert kept.startswith(remark)
    kept.encode()


def test_remarks_without_end_are_cut(tmp_path: Path) -> None:
    (change,) = told(tmp_path, {f"section{number}": {} for number in range(1000)}).changes
    assert isinstance(change, Update)
    assert len(str(change.put["remarks"])) == 4000


def test_text_that_no_store_can_keep_is_made_storable(tmp_path: Path) -> None:
    association = {"prov:activity": "current_job", "prov:agent": "a\0\udc00", "prov:role": "\0\ud800"}
    document = {"agent": {"a\0\udc00": {"version": "\ud800"}}, "wasAssociatedWith": {"_:1": association}}
    found = told(tmp_path, document)
    (node,), (relation,) = agents(found), relations(found)
    texts = [str(node.properties["name"]), str(node.properties["version"]), str(relation.role)]
    assert texts == ["a\ufffd?", "?", "\ufffd?"]


@pytest.mark.parametrize("facts", [None, 1, "x", [], {"prov:label": {}}, {"prov:label": []}, {"prov:label": [[1]]}])
def test_an_agent_told_in_nonsense_does_no_harm(tmp_path: Path, facts: object) -> None:
    found = told(tmp_path, {"agent": {"a": facts}, "wasAssociatedWith": associated("a", **{"prov:role": [None]})})
    assert all(str(one.properties["name"]) for one in agents(found))


def test_agents_without_number_are_bounded_and_that_is_told(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(1001)]
    found = told(tmp_path, {"agent": {name: {} for name in names}, "wasAssociatedWith": associated(*names)})
    assert len(agents(found)) == 1000
    assert found.remarks == ["internal_provenance.json: 1001 agents; only the first 1000 were read"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"agent": {}}', encoding="utf-8")
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "secret")
    found = read_internal_provenance(JOB, tmp_path, namespace=NAMESPACE)
    assert found.remarks == ["internal_provenance.json: a link, or larger than 4194304 bytes; it was not read"]


def test_a_folder_of_that_name_is_no_word(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert read_internal_provenance(JOB, tmp_path, namespace=NAMESPACE) == Told()
