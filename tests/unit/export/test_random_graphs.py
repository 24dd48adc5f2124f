"""Whatever is in the graph, the three W3C formats say the same."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from provstore.export import provjson, provn, provxml
from provstore.export.document import Document, Model
from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Reached, Relation, Subgraph
from provstore.graph.rules import ENDS

OWN = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
XSD = "http://www.w3.org/2001/XMLSchema#"
QUIET = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

awkward = "\"'\\<>&\t\n\r,;=[](){}%@éß☃😀\u2028"
writable = st.text(alphabet="abcXYZ019_-./:#'()[],;=@~&+*?$!é星", min_size=1, max_size=12)
own_locals = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
ids = st.one_of(
    own_locals.map(lambda local: OWN + local),
    st.tuples(st.sampled_from(["http://example.org/", "http://example.org/ns#", "urn:x:"]), writable).map("".join),
)
xml_texts = st.text(
    alphabet=st.one_of(st.sampled_from(awkward), st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"])),
    max_size=12,
)
any_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
instants = st.datetimes(timezones=st.just(UTC))


def attributes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Attribute]:
    keys = ids.map(lambda uri: f"{uri}k")
    return st.one_of(
        st.builds(Attribute, keys, texts, st.none(), st.none()),
        st.builds(Attribute, keys, texts, st.none(), st.sampled_from(["en", "de-CH"])),
        st.builds(Attribute, keys, texts, st.sampled_from([f"{XSD}string", "http://example.org/t#mine"]), st.none()),
        st.builds(Attribute, keys, ids, st.just(f"{XSD}QName"), st.none()),
        st.builds(
            Attribute, keys, st.sampled_from(["1", "-7", "007", "99999999999", "x"]), st.just(f"{XSD}int"), st.none()
        ),
    )


def properties(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    values = {
        "name": texts,
        "location": texts,
        "value": texts,
        "comment": texts,
        "unheard_of": st.one_of(texts, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False)),
        "generated_at": instants,
        "started_at": instants,
        "type": st.sampled_from(["Person", "SoftwareAgent", "Robot"]),
        "datatype": st.sampled_from(["int", "double", "char"]),
        "history": texts,
    }
    return st.fixed_dictionaries({}, optional=values)


def graphs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Subgraph]:
    return st.composite(_graph)(texts)


def _graph(draw: Any, texts: st.SearchStrategy[str]) -> Subgraph:
    labels = [label for label in Label if label is not Label.BUNDLE]
    names = draw(st.lists(ids, min_size=1, max_size=6, unique=True))
    nodes = [
        Node(
            NodeId(name),
            frozenset({draw(st.sampled_from(labels))}),
            draw(properties(texts)),
            tuple(draw(st.lists(attributes(texts), max_size=3))),
        )
        for name in names
    ]
    nodes = [
        node._replace(labels=node.labels | {Label.ENTITY})
        if node.labels & {Label.DATASET, Label.VALUE, Label.COLLECTION}
        else node
        for node in nodes
    ]
    relations = []
    for number in range(draw(st.integers(0, 8))):
        kind, source, target = draw(st.sampled_from(Kind)), draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        void = {Label.VOID} & (source.labels | target.labels)
        if not void and not (source.labels & ENDS[kind].source and target.labels & ENDS[kind].target):
            continue
        if Label.VOID in source.labels or (kind not in (Kind.USED, Kind.WAS_GENERATED_BY) and void):
            continue
        relations.append(
            Relation(
                f"r{number}",
                kind,
                source.id,
                target.id,
                draw(st.none() | texts),
                draw(st.none() | instants),
                draw(st.none() | ids),
                {},
                tuple(draw(st.lists(attributes(texts), max_size=2))),
                draw(st.none() | st.sampled_from([NodeId("http://example.org/b1"), NodeId(f"{OWN}b2")])),
            )
        )
    return Subgraph(reached=tuple(Reached(node, 0) for node in nodes), edges=tuple(relations))


def read(writer: Any, document: Document, name: str) -> ProvDocument:
    out = io.BytesIO()
    writer.write(document, out)
    found = ProvDocument.deserialize(content=out.getvalue().decode(), format=name)
    assert isinstance(found, ProvDocument)
    return found


@QUIET
@given(graphs(xml_texts), st.sampled_from(Model))
def test_all_three_formats_are_one_document(graph: Subgraph, model: Model) -> None:
    document = Document(graph=graph, own_namespace=OWN, model=model)
    in_json = read(provjson, document, "json")
    assert read(provn, document, "provn") == in_json
    assert read(provxml, document, "xml") == in_json


@QUIET
@given(graphs(any_texts))
def test_json_and_prov_n_hold_every_character(graph: Subgraph) -> None:
    document = Document(graph=graph, own_namespace=OWN)
    assert read(provn, document, "provn") == read(provjson, document, "json")
