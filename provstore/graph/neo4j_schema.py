"""How the graph lies in Neo4j: names, constraints and indexes, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provstore.graph.model import TIME_SUFFIX, Kind, Label
from provstore.graph.rules import INDEXES

__all__ = [
    "ASSERTED_INDEX",
    "ATTRIBUTES",
    "BORN",
    "CUT",
    "CUT_NAMES",
    "ID",
    "LONG",
    "NODE",
    "READERS",
    "RELATION_KINDS",
    "TEXTS",
    "WORDS",
    "WORDS_INDEX",
    "is_plain",
    "quote",
    "statements",
]

NODE: Final = "Node"
"""The label that every node of the graph has, and nothing else in the database."""
ID: Final = "id"
ATTRIBUTES: Final = "_attrs"
READERS: Final = "_readers"
BORN: Final = "_born"
"""Milliseconds of the server's clock when a node was made."""
LONG: Final = "_long_"
"""Before a property's name: its whole text, where the indexed property holds only the beginning."""
CUT: Final = 500
"""Characters of a text that an index sees: Neo4j refuses index entries of more than 8 KB."""
CUT_NAMES: Final = frozenset(name for _, names in INDEXES for name in names if not name.endswith(TIME_SUFFIX))
"""Properties of which long texts are cut."""
RELATION_KINDS: Final = tuple(Kind)
WORDS: Final = "_words"
TEXTS: Final = "_texts"
"""Attributes as `provstore.graph.neo4j_words` writes them, of nodes and of what bundles assert."""
WORDS_INDEX: Final = "provstore_words"
ASSERTED_INDEX: Final = "provstore_asserted_words"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,99}")


def is_plain(name: str) -> bool:
    """Tell whether the name of a property may stand in a query's text; any other is given as a parameter."""
    return _NAME.fullmatch(name) is not None


def quote(name: str) -> str:
    """Write the name of a property so that Cypher takes it for nothing else.

    Raises:
        ValueError: it is not plain.
    """
    if not is_plain(name):
        raise ValueError(f"{name!r} must not stand in a query")
    return f"`{name}`"


def statements() -> dict[str, str]:
    """Give the name and the text of each constraint and index, constraints first."""
    return dict([*_constraints(), *_indexes(), *_indexes_of_documents()])


def _constraints() -> Iterator[tuple[str, str]]:
    yield _constraint("provstore_node_id", f"(n:{NODE})", ID)
    yield _constraint("provstore_store_name", "(n:Store)", "name")
    for kind in RELATION_KINDS:
        yield _constraint(f"provstore_{kind.lower()}_key", f"()-[n:{kind}]-()", "key")


def _constraint(name: str, pattern: str, key: str) -> tuple[str, str]:
    return name, f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR {pattern} REQUIRE n.{key} IS UNIQUE"


def _indexes() -> Iterator[tuple[str, str]]:
    """Besides each row of the table: its first property alone, and each time alone; and each label's ids, for paging.

    A composite index holds only the nodes that have all its properties, so it can't answer for one of them.
    """
    for one in Label:
        yield _index(one, (ID,))
    for label, names in INDEXES:
        alone = [(name,) for position, name in enumerate(names) if position == 0 or name.endswith(TIME_SUFFIX)]
        for properties in {names, *alone}:
            yield _index(label, properties)


def _index(label: Label, properties: tuple[str, ...]) -> tuple[str, str]:
    name = f"provstore_{label.lower()}_{'_'.join(properties)}"
    columns = ", ".join(f"n.{quote(one)}" for one in properties)
    return name, f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON ({columns})"


def _indexes_of_documents() -> Iterator[tuple[str, str]]:
    """What a bundle says, in its order; and the words of attributes."""
    for kind in RELATION_KINDS:
        name = f"provstore_{kind.lower()}_bundle"
        yield name, f"CREATE INDEX {name} IF NOT EXISTS FOR ()-[r:{kind}]-() ON (r.bundle, r.key)"
    for name, pattern in ((WORDS_INDEX, f"(n:{NODE})"), (ASSERTED_INDEX, f"()-[n:{Kind.ASSERTS}]-()")):
        options = "{indexConfig: {`fulltext.analyzer`: 'keyword', `fulltext.eventually_consistent`: false}}"
        text = f"CREATE FULLTEXT INDEX {name} IF NOT EXISTS FOR {pattern} ON EACH [n.{WORDS}] OPTIONS {options}"
        yield name, text
