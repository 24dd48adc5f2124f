"""Which statements of Cypher may be passed on to the database, judged by their text."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.graph.cypher import MOST_ROWS, CypherStatement
from provstore.graph.cypher_text import refuse_changes

READS = [
    "MATCH (n) RETURN n",
    "match (n:Entity {name: 'CREATE'}) return n",
    'RETURN "it\'s SET" AS text',
    "RETURN 'a \\' CALL b'",
    "RETURN 1 // CALL db.labels()",
    "RETURN /* DELETE */ 1",
    "/* CALL */ MATCH (n) RETURN n",
    "MATCH (n:`SET`) RETURN n.`DELETE`",
    "MATCH (n:Set) WHERE n.remove = 1 RETURN n{.create, call: 2}",
    "RETURN $call, $set",
    "MATCH (n)-[:USED|WAS_GENERATED_BY*1..5]->(m) RETURN m LIMIT 10",
    "WITH 'x' AS name OPTIONAL MATCH (n {name: name}) RETURN n UNION MATCH (m) RETURN m AS n",
    "RETURN date.truncate('day', datetime()), point.distance(a, b), 1e-5, 0x1F, 1_000, .5",
    "MATCH (load:Entity) WITH load.name AS csv RETURN csv",
    "MATCH (a) WHERE EXISTS { (a)-->(b) } AND COUNT { (a)<--() } > 1 RETURN created_at",
    "UNWIND [1, 2] AS x RETURN x;",
    "RETURN list[0] . name",
]

CHANGES = [
    ("CREATE (n)", "CREATE"),
    ("MATCH (n) SET n.x = 1", "SET"),
    ("MATCH (n) seT n.x = 1", "SET"),
    ("MATCH (n) REMOVE n.x", "REMOVE"),
    ("MATCH (n) DETACH DELETE n", "DETACH"),
    ("MATCH (n)DELETE n", "DELETE"),
    ("MERGE (n)", "MERGE"),
    ("MATCH (n) INSERT (m)", "INSERT"),
    ("MATCH p=(a) FOREACH (x IN nodes(p) | SET x.y = 1)", "FOREACH"),
    ("RETURN 'a' /* ' */ CALL db.labels()", "CALL"),
    ("RETURN 1 //\nCALL db.labels()", "CALL"),
    ("RETURN 'a\\\\' CALL db.labels() //'", "CALL"),
    ("RETURN 1 AS `a`` b` CALL db.labels()", "CALL"),
    ("MATCH (n) CALL { WITH n RETURN 1 AS x } RETURN x", "CALL"),
    ("CALL dbms.listConfig()", "CALL"),
    ("RETURN 1.CALL db.labels()", "CALL"),
    ("RETURN 1CALL db.labels()", "1CALL"),
    ("RETURN 0o7CALL db.labels()", "0o7CALL"),
    ("RETURN 1e5CALL db.labels()", "1e5CALL"),
    ("RETURN 1\u00a0CALL db.labels()", "CALL"),
    ("RETURN 1\u180eCALL db.labels()", "CALL"),
    ("RETURN 1 \\u0043ALL db.labels()", "u"),
    ("RETURN '\\u0027 CALL db.labels() //'", "u"),
    ("LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row", "LOAD"),
    ("UNWIND [1] AS x LOAD /* */ CSV FROM 'http://example.org/' AS row RETURN row", "LOAD"),
    ("RETURN 1 UNION USE system RETURN 2", "USE"),
    ("USE system MATCH (n) RETURN n", "USE"),
    ("SHOW TRANSACTIONS", "SHOW"),
    ("TERMINATE TRANSACTIONS 'x'", "TERMINATE"),
    ("DROP DATABASE neo4j", "DROP"),
    ("ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'", "ALTER"),
    ("EXPLAIN MATCH (n) RETURN n", "EXPLAIN"),
    ("RETURN apoc.cypher.runFirstColumnSingle('LOAD CSV …', {})", "apoc"),
    ("RETURN `apoc` . `load` (1)", "apoc"),
    ("RETURN genai.vector.encode('x')", "genai"),
    ("RETURN 'unfinished CALL db.labels()", "CALL"),
    (f"RETURN {'(' * 51}1{')' * 51}", "50 levels"),
    (f"RETURN {'x' * 100_000}", "100000 characters"),
    ("", "''"),
    ("  // nothing", "''"),
]


@pytest.mark.parametrize("text", READS)
def test_what_only_reads_is_passed_on(text: str) -> None:
    refuse_changes(text)


@pytest.mark.parametrize(("text", "word"), CHANGES)
def test_what_might_do_more_is_refused_and_the_word_is_named(text: str, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        refuse_changes(text)


@given(st.text(), st.sampled_from(["CALL", "LOAD CSV", "SET", "MERGE", "DELETE"]))
def test_a_clause_behind_a_comment_or_a_string_of_anything_is_found(text: str, word: str) -> None:
    quoted = text.replace("\\", "").replace("'", "")
    commented = text.replace("*/", "")
    for statement in (f"RETURN '{quoted}' {word} x", f"RETURN 1 /*{commented}*/ {word} x"):
        with pytest.raises(Invalid):
            refuse_changes(statement)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    with suppress(Invalid):
        refuse_changes(f"RETURN {text}")


@pytest.mark.parametrize("limit", [0, -1, MOST_ROWS + 1])
def test_a_number_of_rows_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(Invalid, match=str(limit)):
        CypherStatement(statement="RETURN 1", limit=limit)


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_a_time_out_of_bounds_is_refused(seconds: int) -> None:
    with pytest.raises(Invalid, match="timeout"):
        CypherStatement(statement="RETURN 1", timeout=timedelta(seconds=seconds))
