"""The Cypher in docs/cypher.md and docs/neo4j.md works as pasted, on the real Neo4j, and answers something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from provstore.graph.cypher import CypherReader, CypherStatement
from tests.neo4j.sample import DOCUMENT_NAME, sample, served_on_neo4j
from tests.neo4j_server import Neo4jServer
from tests.web.served import Served

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = ("cypher.md", "neo4j.md")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```cypher\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


BLOCKS: Final = [(page, text) for page in PAGES for text in blocks(page)]


@pytest.fixture(scope="module")
def served(neo4j_url: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_on_neo4j(neo4j_url, tmp_path_factory.mktemp("served")) as opened:
        sample(opened)
        yield opened


def test_the_page_has_many_queries() -> None:
    assert len(blocks("cypher.md")) >= 30


@pytest.mark.neo4j
@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=[f"{page}-{number}" for number, (page, _) in enumerate(BLOCKS)])
def test_each_query_answers_something(served: Served, page: str, text: str) -> None:
    store = served.provstore.store
    assert isinstance(store, CypherReader)
    by_name = CypherStatement(statement=f"MATCH (b:Bundle {{name: '{DOCUMENT_NAME}'}}) RETURN b.id")
    ((bundle,),) = store.cypher(by_name).rows
    found = store.cypher(CypherStatement(statement=text, parameters={"bundle": bundle}))
    assert found.rows != ()
    assert any(value not in (None, "", (), 0) for value in found.rows[0])
