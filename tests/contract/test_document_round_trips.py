"""Documents of strangers through every store: what comes out is what was read, statement by statement."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from provstore.graph.documents import statement_of
from provstore.graph.model import Label, NodeId
from provstore.graph.statements import ELEMENTS, Statement
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.ingest.documents import Documents, Source
from provstore.ingest.registry import by_name
from tests.contract.test_capabilities import author

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"
NOTATIONS: Final = {"json": "prov-json", "xml": "prov-xml", "provn": "prov-n", "rdf": "turtle"}


def rows() -> list[dict[str, Any]]:
    manifest = CORPUS / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []
    return [row for row in known if row["expected"] != "4xx"]


def told(store: GraphStore, document: str) -> Iterator[Statement]:
    """Everything that a document in the store says, in its order."""
    root = NodeId(store.namespace + document)
    condition = Condition(label=Label.BUNDLE, filters=(Filter("document", Op.EQ, root),))
    for bundle in every(store, Find(condition=condition, order=Order("position"))):
        name = str(bundle.properties.get("bundle", ""))
        for relation in store.told(bundle.id):
            if (statement := statement_of(relation, bundle=name)) is not None:
                yield statement


def plain(statements: Iterable[Statement]) -> Counter[object]:
    """Statements for comparison: where they stood does not count."""
    return Counter(
        (one.kind, one.id if one.kind in ELEMENTS or one.id else "", *sorted(one.arguments.items()), one.attributes)
        for one in statements
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the folder shared is not there")
def test_every_document_of_the_corpus_comes_out_as_it_was_read(store: GraphStore) -> None:
    differing = []
    for row in rows():
        data = (CORPUS / row["path"]).read_bytes()
        notation = by_name(NOTATIONS[row["format"]])
        read = list(notation.read(io.BytesIO(data), unqualified="urn:x:").statements)
        source = Source(name=row["path"], notation=notation.name, size=len(data), sha256="")
        reading = notation.read(io.BytesIO(data), unqualified="urn:x:")
        receipt = Documents(store).add(reading, source, author(store))
        if plain(read) != plain(told(store, receipt.document)):
            differing.append(row["path"])
    assert differing == []


def test_a_document_is_forgotten_with_all_that_only_it_spoke_of(store: GraphStore) -> None:
    lines = ("document", "prefix ex <http://example.org/>", "entity(ex:a)", "bundle ex:b", "used(ex:c, ex:a, -)")
    text = "\n".join((*lines, "endBundle", "endDocument", "")).encode()
    notation = by_name("prov-n")
    source = Source(name="a.provn", notation="prov-n", size=len(text), sha256="")
    documents = Documents(store)
    made = [
        documents.add(notation.read(io.BytesIO(text), unqualified="urn:x:"), source, author(store)).document
        for _ in range(2)
    ]
    nodes = [NodeId("http://example.org/a"), NodeId("http://example.org/c")]
    documents.forget(NodeId(store.namespace + made[0]))
    assert len(store.get(nodes)) == 2
    documents.forget(NodeId(store.namespace + made[1]))
    assert store.get(nodes) == ()
    assert list(told(store, made[1])) == []
