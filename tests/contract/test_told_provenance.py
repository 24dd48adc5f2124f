"""What a script tells, in every store: written with the job, again without a change, and read back by others."""

from __future__ import annotations

import io
from collections.abc import Sequence

from prov.constants import PROV_N_MAP
from prov.model import ProvDocument

from provstore.export.document import Document
from provstore.export.registry import by_name
from provstore.graph.model import Label, Node, NodeId, Relation, Subgraph
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS
from provstore.graph.store import Change, Create, GraphStore, Walk
from provstore.uws.running.told.scene import Told
from tests.contract.conftest import OpenStore
from tests.unit.uws.told_scene import JOB, N, ends, new_nodes, nid, tell_of
from tests.web.told_by_script import HOSTILE, RICH

_NAMED = {"stacked": "stack", "image": "raw"}


def renamed(value: object) -> object:
    """Say the names of this test's job where the document has those of a service."""
    if isinstance(value, dict):
        return {str(renamed(name)): renamed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [renamed(one) for one in value]
    return _NAMED.get(value, value) if isinstance(value, str) else value


def told() -> Told:
    document = renamed(RICH)
    assert isinstance(document, dict)
    return tell_of(document)


def before() -> Sequence[Change]:
    """The job, its input and its results, as the server writes them."""
    job = Node(
        JOB.node, frozenset({Label.ACTIVITY, Label.JOB}), {"name": "s", "phase": "EXECUTING"}, readers=JOB.readers
    )
    entities = [Node(nid(local), frozenset({Label.ENTITY})) for local in ("e0.raw", "e1.stack", "e1.log")]
    return [Create(one) for one in (job, *entities)]


def everything(store: GraphStore) -> tuple[set[NodeId], dict[str, Relation]]:
    graph = store.scan()
    return {node.id for node in graph.nodes()}, {one.key: one for one in graph.relations()}


def test_it_is_written_as_it_was_told_and_the_same_again_changes_nothing(open_store: OpenStore) -> None:
    store, found = open_store(N), told()
    assert found.remarks == ()
    store.write([*before(), *found.changes])
    nodes, relations = everything(store)
    assert {nid(local) for local in new_nodes(found)} <= nodes
    assert len(relations) == len(ends(found))
    (entity,) = store.get([nid("e1.-aligned")])
    assert entity == new_nodes(found)["e1.-aligned"]
    (job,) = store.get([JOB.node])
    assert (job.properties, [one.lexical for one in job.attributes]) == ({"name": "s", "phase": "EXECUTING"}, ["42"])
    store.write(found.changes)
    assert everything(store) == (nodes, relations)


def test_what_comes_back_is_read_by_the_prov_library_in_all_its_formats(open_store: OpenStore) -> None:
    store = open_store(N)
    store.write([*before(), *told().changes])
    found = store.walk(Walk(starts=(JOB.node,), steps=(*TO_CAUSES, *TO_EFFECTS), depth=None))
    assert isinstance(found, Subgraph)
    documents = {}
    for form, name in (("prov-json", "json"), ("prov-n", "provn"), ("prov-xml", "xml")):
        out = io.BytesIO()
        by_name(form).write(Document(graph=store.scan(), own_namespace=N), out)
        documents[form] = ProvDocument.deserialize(content=out.getvalue().decode(), format=name)
    judged = documents["prov-json"]
    assert isinstance(judged, ProvDocument)
    assert judged == documents["prov-n"]
    assert {PROV_N_MAP[one.get_type()] for one in judged.records} == set(RICH) - {"prefix"}
    labels = {str(label) for one in judged.records for label in one.get_attribute("prov:label")}
    assert set(HOSTILE) <= labels
    assert documents["prov-xml"] is not None


def test_lineage_from_what_a_step_made_reaches_the_job_and_its_input(open_store: OpenStore) -> None:
    store = open_store(N)
    store.write([*before(), *told().changes])
    up = store.walk(Walk(starts=(nid("e1.-aligned"),), steps=TO_CAUSES, depth=None))
    assert {JOB.node, nid("e0.raw"), nid("j1.-align")} <= {one.node.id for one in up.reached}
    down = store.walk(Walk(starts=(nid("e0.raw"),), steps=TO_EFFECTS, depth=None))
    assert nid("e1.stack") in {one.node.id for one in down.reached}
