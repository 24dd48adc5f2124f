"""docs/neo4j.md and the style file tell of the graph as it really lies in a database that provstore has made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from neo4j import Driver, GraphDatabase

from provstore.export.palette import BORDERS, FILLS
from provstore.export.picture import Form
from provstore.graph.model import Kind, Label
from provstore.graph.obscore import COLUMNS
from tests.neo4j.sample import sample, served_on_neo4j
from tests.neo4j_server import Neo4jServer

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = (DOCS / "neo4j.md").read_text(encoding="utf-8")
GRASS: Final = (DOCS / "neo4j-browser.grass").read_text(encoding="utf-8")
CODE: Final = re.compile(r"`(\w+)`")
RULE: Final = re.compile(r"^(node|relationship)(?:\.(\w+))? \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)

Columns = frozenset[tuple[str, ...]]


@pytest.fixture(scope="module")
def database(neo4j_url: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with (
        served_on_neo4j(neo4j_url, tmp_path_factory.mktemp("served")) as served,
        GraphDatabase.driver(neo4j_url.url, auth=(neo4j_url.user, neo4j_url.password)) as driver,
    ):
        sample(served)
        yield driver


def rows(database: Driver, text: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in database.execute_query(text, database_="neo4j").records]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def cells(title: str) -> Iterator[tuple[list[str], str]]:
    """Give what stands in code in the first column of each row of a section's tables, and the rest of the row."""
    for line in section(title).splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            first, _, rest = line.strip("| ").partition(" | ")
            yield CODE.findall(first), rest


def columns(found: Iterable[tuple[object, ...]]) -> Mapping[str, Columns]:
    by_class: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for classes, names in found:
        assert isinstance(classes, list)
        assert isinstance(names, list)
        by_class[classes[0]].add(tuple(names))
    return {name: frozenset(indexed) for name, indexed in by_class.items()}


def test_the_page_names_every_class_and_every_kind_of_relation() -> None:
    stored = set(CODE.findall(section("What is stored")))
    assert {str(one) for one in (*Label, *Kind)} <= stored


@pytest.mark.neo4j
def test_the_indexes_are_those_of_the_page(database: Driver) -> None:
    documented = {
        classes[0]: frozenset(tuple(CODE.findall(one)) for one in rest.split(";"))
        for classes, rest in cells("Constraints and indexes")
        if classes
    }
    text = "SHOW INDEXES YIELD type, owningConstraint AS owner, entityType AS of, labelsOrTypes AS classes, properties"
    ranges = f"{text} WHERE type = 'RANGE' AND owner IS NULL RETURN classes, properties, of"
    found = rows(database, ranges)
    ours = columns(row[:2] for row in found if row[2] == "NODE")
    assert {name: one - {("id",)} for name, one in ours.items() if one != {("id",)}} == documented
    assert {name for name, one in ours.items() if ("id",) in one} == {str(one) for one in Label}
    of_relations = columns(row[:2] for row in found if row[2] == "RELATIONSHIP")
    assert of_relations == {str(kind): frozenset({("bundle", "key")}) for kind in Kind}


@pytest.mark.neo4j
def test_the_constraints_and_full_text_indexes_are_those_of_the_page(database: Driver) -> None:
    unique = columns(rows(database, "SHOW CONSTRAINTS YIELD labelsOrTypes AS classes, properties"))
    assert unique == {
        "Node": frozenset({("id",)}),
        "Store": frozenset({("name",)}),
        **{str(kind): frozenset({("key",)}) for kind in Kind},
    }
    full_text = "SHOW INDEXES YIELD name, type WHERE type = 'FULLTEXT' RETURN name"
    assert {name for (name,) in rows(database, full_text)} <= set(CODE.findall(section("Constraints and indexes")))


@pytest.mark.neo4j
def test_the_page_tells_of_every_property_of_every_class(database: Driver) -> None:
    everywhere = set(re.findall(r"`(\w+)`", section("What is stored")))
    told: defaultdict[str, set[str]] = defaultdict(set)
    for classes, rest in cells("Properties by class"):
        for name in classes:
            told[name] |= set(CODE.findall(rest))
    unsaid = {
        (str(labels), str(name))
        for labels, name in rows(database, "MATCH (n) UNWIND keys(n) AS name RETURN DISTINCT labels(n), name")
        if isinstance(labels, list) and not any(name in told[one] for one in labels)
        if name not in everywhere | COLUMNS.keys() and not str(name).startswith("_long_")
    }
    assert unsaid == set()


@pytest.mark.neo4j
def test_the_page_tells_of_every_property_of_relations(database: Driver) -> None:
    found = rows(database, "MATCH ()-[r]->() UNWIND keys(r) AS name RETURN DISTINCT name")
    assert {str(name) for (name,) in found} <= set(CODE.findall(section("What is stored")))


def styles() -> list[tuple[str, str, dict[str, str]]]:
    """Give the rules of the style file in their order: of what, of which class ("" for all), the properties."""
    found = []
    for sort, name, body in RULE.findall(GRASS):
        lines = (line.strip().removesuffix(";").partition(": ") for line in body.splitlines() if line.strip())
        found.append((sort, name, {key: value.strip("'") for key, _, value in lines}))
    return found


def style(labels: Iterable[object]) -> dict[str, str]:
    """Give the style of a node as the Browser finds it: each rule that fits, later ones over earlier ones."""
    own: dict[str, str] = {}
    for sort, name, properties in styles():
        if sort == "node" and (not name or name in labels):
            own |= properties
    return own


@pytest.mark.parametrize(
    ("label", "form"),
    [
        (Label.ENTITY, Form.ENTITY),
        (Label.ACTIVITY, Form.ACTIVITY),
        (Label.AGENT, Form.AGENT),
        (Label.VALUE, Form.VALUE),
        (Label.PARAMETER, Form.VALUE),
    ],
)
def test_the_colours_of_the_style_file_are_those_of_our_pictures(label: Label, form: Form) -> None:
    found = style(["Node", label])
    assert (found["color"], found["border-color"]) == (FILLS[form], BORDERS[form])


def test_the_style_file_speaks_of_classes_that_there_are() -> None:
    named = {name for _, name, _ in styles()} - {""}
    assert named <= {str(one) for one in (*Label, *Kind)} | {"Store"}


def test_the_style_file_holds_nothing_that_its_reader_would_stumble_over() -> None:
    assert RULE.sub("", GRASS).strip() == ""
    assert all(":" not in value and ";" not in value for _, _, rule in styles() for value in rule.values())


@pytest.mark.neo4j
def test_every_node_gets_a_caption(database: Driver) -> None:
    for labels, properties in rows(database, "MATCH (n) RETURN labels(n), properties(n)"):
        assert isinstance(labels, list)
        assert isinstance(properties, dict)
        shown = {name: str(value) for name, value in properties.items()}
        caption = style(labels)["caption"].format_map(defaultdict(str, shown))
        assert caption.strip(" =") != "", (labels, properties)
