"""A small job with everything around it, and a way to make graphs of a few words."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provstore.export.document import Document
from provstore.export.registry import by_name
from provstore.graph.model import Kind, Label, Node, NodeId, Reached, Relation, Subgraph, Value
from tests.parts import require

NAMESPACE = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
NOON = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
ONE = datetime(2026, 5, 1, 13, 0, 0, 250000, tzinfo=UTC)

MakeNode = Callable[..., Node]
MakeRelation = Callable[..., Relation]
MakeGraph = Callable[..., Document]
Write = Callable[..., str]


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The published schemas; they are no part of the repository."""
    folder = Path(__file__).parents[4] / "shared" / "schemas"
    require("schemas", present=folder.is_dir(), reason="the folder shared/schemas is not beside the clone")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """The golden files."""
    return Path(__file__).parents[2] / "data" / "export"


@pytest.fixture(scope="session")
def node() -> MakeNode:
    """Make a node of our own namespace: ``node("e1", "Entity Dataset", name="x")``."""

    def make(local: str, labels: str, **properties: Value) -> Node:
        return Node(NodeId(NAMESPACE + local), frozenset(Label(label) for label in labels.split()), properties)

    return make


@pytest.fixture(scope="session")
def relation() -> MakeRelation:
    """Make a relation of our own nodes: ``relation("USED", "j1", "e1", role="input")``."""

    def make(kind: str, source: str, target: str, **more: Any) -> Relation:
        key = " ".join((kind, source, target, str(sorted(more))))
        ends = NodeId(NAMESPACE + source), NodeId(NAMESPACE + target)
        return Relation(key, Kind(kind), *ends)._replace(**more)

    return make


@pytest.fixture(scope="session")
def document() -> MakeGraph:
    """Make a document of nodes and relations: ``document([...], [...], truncated=True)``."""

    def make(nodes: list[Node], relations: list[Relation], **more: Any) -> Document:
        graph = Subgraph(reached=tuple(Reached(one, 0) for one in nodes), edges=tuple(relations))
        return Document(graph=graph, own_namespace=NAMESPACE, **more)

    return make


@pytest.fixture(scope="session")
def write() -> Write:
    """Write a document in the format of a name; give the text."""

    def text(given: Document, name: str) -> str:
        out = io.BytesIO()
        by_name(name).write(given, out)
        return out.getvalue().decode()

    return text


@pytest.fixture(scope="session")
def job(node: MakeNode, relation: MakeRelation, document: MakeGraph) -> Document:
    """One job: input, output, parameter, configuration file, description, person, site."""
    nodes = [
        node(
            "j1",
            "Activity Job",
            name="stack",
            service="stack",
            phase="COMPLETED",
            created_at=NOON,
            started_at=NOON,
            ended_at=ONE,
            exit_code=0,
            cpu_seconds=1.5,
            owner="ada",
            history="[]",
            open=False,
            _lease="x",
        ),
        node("e1", "Entity Dataset", name="raw.fits", location="https://example.org/raw.fits", size=2880),
        node(
            "e2",
            "Entity Dataset",
            name='sum "A&B" <1>',
            location="results/sum.fits",
            content_type="image/fits",
            generated_at=ONE,
        ),
        node("e3", "Entity Value", value="3.5", generated_at=NOON, invalidated_at=ONE),
        node("p1", "Parameter", name="gain", value="2", datatype="int", unit="adu", given=True),
        node("c1", "ConfigFile", name="settings", location="/etc/stack.ini", sha256="00ff"),
        node("a1", "Agent", name="Ada", type="Person", email="ada@example.org"),
        node("a2", "Agent", name="Observatory", type="Organization"),
        node("d1", "ActivityDescription", name="stack", version="1.2", revision=3, definition="{}"),
        node("d2", "UsageDescription", role="input", type="Main", multiplicity="1"),
        node("d3", "ParameterDescription", name="gain", value_type="int", options='["1", "2"]', default="1"),
        node("d4", "EntityDescription", name="image", content_type="image/fits"),
        node("v1", "Void"),
    ]
    relations = [
        relation("USED", "j1", "e1", role="input", time=NOON),
        relation("WAS_GENERATED_BY", "e2", "j1", role="result"),
        relation("WAS_DERIVED_FROM", "e2", "e1", arguments={"activity": f"{NAMESPACE}j1"}),
        relation("WAS_ASSOCIATED_WITH", "j1", "a1", role="Operator"),
        relation("WAS_ATTRIBUTED_TO", "e2", "a1", role="Creator"),
        relation("ACTED_ON_BEHALF_OF", "a1", "a2"),
        relation("WAS_CONFIGURED_BY", "j1", "p1"),
        relation("WAS_CONFIGURED_BY", "j1", "c1"),
        relation("IS_DESCRIBED_BY", "j1", "d1"),
        relation("IS_DESCRIBED_BY", "p1", "d3"),
        relation("IS_RELATED_TO", "d2", "d1"),
        relation("IS_RELATED_TO", "d3", "d1"),
        relation("IS_RELATED_TO", "d4", "d2"),
        relation("WAS_STARTED_BY", "j1", "v1", time=NOON),
        relation("SAME_CONTENT", "e1", "e2"),
        relation("ALTERNATE_OF", "e1", "e2", bundle=NodeId("http://example.org/said#b1")),
    ]
    return document(nodes, relations)
