"""`POST /prov/cypher` where there is nothing to ask: switched off, or no Neo4j. The rest is in tests/neo4j."""

from __future__ import annotations

from typing import Final

from tests.web.conftest import Serve

ADDRESS: Final = "/prov/cypher"


def test_it_is_off_unless_it_is_switched_on(serve: Serve) -> None:
    answer = serve().admin.post(ADDRESS, json={"statement": "RETURN 1"})
    assert (answer.status_code, "PROVSTORE_CYPHER" in answer.text) == (404, True)


def test_the_embedded_store_says_that_it_has_no_cypher(serve: Serve) -> None:
    answer = serve(cypher=True).admin.post(ADDRESS, json={"statement": "RETURN 1"})
    assert (answer.status_code, "Neo4j" in answer.text) == (400, True)
