"""`POST /prov/cypher` and `provstore cypher` on the real Neo4j."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from neo4j import GraphDatabase

from provstore.cli.cypher import cypher
from provstore.errors import Invalid
from tests.neo4j.sample import sample, served_on_neo4j
from tests.neo4j_server import Neo4jServer
from tests.web.served import Served

neo4j = pytest.mark.neo4j
ADDRESS = "/prov/cypher"
BACK_TO_BACK = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN sum(a * b)"


def nested(levels: int) -> list[object]:
    found: list[object] = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.fixture(scope="module")
def served(neo4j_url: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_on_neo4j(neo4j_url, tmp_path_factory.mktemp("served"), cypher=True) as opened:
        sample(opened)
        yield opened


def ask(served: Served, statement: str, **asked: object) -> Any:
    answer = served.admin.post(ADDRESS, json={"statement": statement, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json


def refusal(served: Served, **asked: object) -> tuple[int, str]:
    answer = served.admin.post(ADDRESS, json=asked)
    return answer.status_code, (answer.json or {})["error"]["message"]


@neo4j
def test_it_answers_rows_with_the_parameters_given(served: Served) -> None:
    statement = "MATCH (j:Job {service: $s}) RETURN j.service AS service, count(*) AS jobs"
    assert ask(served, statement, parameters={"s": "stack"}) == {
        "columns": ["service", "jobs"],
        "rows": [["stack", 2]],
        "truncated": False,
    }


@neo4j
def test_a_node_and_a_relation_look_as_everywhere_in_the_api(served: Served) -> None:
    statement = "MATCH (e:Entity {name: 'output'})-[r:WAS_GENERATED_BY]->(j:Job) RETURN e, r, j.id"
    ((node, relation, job),) = ask(served, statement)["rows"]
    lineage = served.json(f"/prov/lineage?id={quote(node['id'])}&depth=1")
    assert node == {key: value for key, value in lineage["nodes"][0].items() if key != "distance"}
    assert relation in lineage["relations"]
    assert (relation["source"], relation["target"]) == (node["id"], job)


@neo4j
def test_a_path_has_its_nodes_and_relations_in_their_order(served: Served) -> None:
    statement = "MATCH p = (:Entity {name: 'stacked'})-[:WAS_GENERATED_BY]->(:Job)-[:USED]->(:Entity) RETURN p LIMIT 1"
    ((path,),) = ask(served, statement)["rows"]
    assert [one["class"][-1] for one in path["nodes"]] == ["Entity", "Job", "Entity"]
    assert [one["kind"] for one in path["relations"]] == ["WAS_GENERATED_BY", "USED"]
    ends = [(one["source"], one["target"]) for one in path["relations"]]
    ids = [one["id"] for one in path["nodes"]]
    assert ends == list(pairwise(ids))


@neo4j
def test_values_of_every_sort_become_json(served: Served) -> None:
    statement = """RETURN null AS a, true AS b, 1 AS c, 1.5 AS d, 0.0 / 0.0 AS e, 'é' AS f, [1, [2]] AS g,
        {k: {l: 1}} AS h,
        date('2026-03-01') AS i, datetime('2026-03-01T12:00:00Z') AS j, duration('P1DT2H') AS k, time('12:00Z') AS l,
        point({longitude: 2.3, latitude: 48.8}) AS m, localdatetime('2026-03-01T12:00:00') AS n"""
    assert ask(served, statement)["rows"] == [
        [
            *(None, True, 1, 1.5, "nan", "é", [1, [2]], {"k": {"l": 1}}),
            *("2026-03-01", "2026-03-01T12:00:00.000000000+00:00", "P1DT2H", "12:00:00.000000000+00:00"),
            *({"srid": 4326, "coordinates": [2.3, 48.8]}, "2026-03-01T12:00:00.000000000"),
        ]
    ]


@neo4j
def test_what_is_not_ours_is_shown_with_its_labels_and_properties(served: Served) -> None:
    ((store,),) = ask(served, "MATCH (s:Store) RETURN s")["rows"]
    assert store["labels"] == ["Store"]
    assert store["properties"]["namespace"] == served.provstore.store.namespace


@neo4j
def test_more_rows_than_wanted_are_left_out_and_told(served: Served) -> None:
    found = ask(served, "UNWIND range(1, 3) AS x RETURN x", limit=2)
    assert (found["rows"], found["truncated"]) == ([[1], [2]], True)
    assert ask(served, "UNWIND range(1, 3) AS x RETURN x", limit=3)["truncated"] is False


@neo4j
def test_a_statement_that_takes_too_long_is_ended(served: Served) -> None:
    status, message = refusal(served, statement=BACK_TO_BACK, timeout=0.5)
    assert (status, "longer than 0.5 seconds" in message) == (400, True)
    assert ask(served, "RETURN 1 AS x")["rows"] == [[1]]


@neo4j
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"statement": "MATCH (n) DETACH DELETE n"}, "DETACH"),
        ({"statement": "MATCH (n) CALL db.labels() YIELD label RETURN label"}, "CALL"),
        ({"statement": "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row"}, "LOAD"),
        ({"statement": "RETURN"}, "line 1"),
        ({"statement": "RETURN $missing"}, "missing"),
        ({"statement": "RETURN 1; RETURN 2"}, "statement"),
        ({"statement": "RETURN $a", "parameters": {"a": 1 << 63}}, "64 bits"),
        ({"statement": "RETURN $a", "parameters": {"a": ["\ud800"]}}, "surrogate"),
        ({"statement": "RETURN $a", "parameters": {"a": nested(60)}}, "50 levels"),
        ({"statement": "RETURN $a", "parameters": {"a": nested(500)}}, "50 levels"),
        ({"statement": "RETURN 1", "limit": 0}, "limit 0"),
        ({"statement": "RETURN 1", "limit": True}, "whole number"),
        ({"statement": "RETURN 1", "timeout": 61}, "60 seconds"),
        ({"statement": "RETURN 1", "timeout": 1e300}, "60 seconds"),
        ({"statement": 1}, "text"),
        ({"statement": "RETURN 1", "parameters": []}, "an object"),
        ({"statement": "RETURN 1", "query": ""}, "'query'"),
        ({}, "statement"),
    ],
)
def test_what_is_wrong_is_refused_with_words(served: Served, asked: dict[str, object], words: str) -> None:
    status, message = refusal(served, **asked)
    assert (status, words in message) == (400, True), message


@neo4j
@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"statement": NaN}', "[" * 100_000, '{"statement": "RETURN $a", "parameters": {"a": NaN}}']
)
def test_what_is_no_json_object_is_refused(served: Served, body: str) -> None:
    answer = served.admin.post(ADDRESS, data=body, content_type="application/json")
    assert answer.status_code == 400


@neo4j
def test_a_body_of_another_type_is_refused(served: Served) -> None:
    assert served.admin.post(ADDRESS, data="RETURN 1", content_type="text/plain").status_code == 415


@neo4j
def test_the_database_itself_refuses_what_the_check_of_the_text_would_miss(
    served: Served, neo4j_url: Neo4jServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provstore.graph.cypher.refuse_changes", lambda _statement: None)
    for statement in ("CREATE (:Entity {id: 'x'})", "MATCH (n) SET n.x = 1", "CREATE INDEX x FOR (n:X) ON (n.x)"):
        status, message = refusal(served, statement=statement)
        assert (status, "through provstore only" in message) == (400, True), message
    with GraphDatabase.driver(neo4j_url.url, auth=(neo4j_url.user, neo4j_url.password)) as driver:
        assert driver.execute_query("MATCH (n) WHERE n.x = 1 OR n.id = 'x' RETURN n", database_="neo4j").records == []


@neo4j
def test_it_is_for_administrators_only(served: Served) -> None:
    asked = {"statement": "RETURN 1"}
    assert served.curie.post(ADDRESS, json=asked).status_code == 403
    assert served.anonymous.post(ADDRESS, json=asked).status_code in {401, 403}


# --- the command


def command(tmp_path: Path, server: Neo4jServer | None, *arguments: str, text: str = "") -> Result:
    settings = {"PROVSTORE_DATA": str(tmp_path / "data")}
    if server:
        (tmp_path / "password").write_text(server.password, encoding="ascii")
        settings |= {"PROVSTORE_GRAPH_URL": server.url, "PROVSTORE_GRAPH_USER": server.user}
        settings |= {"PROVSTORE_GRAPH_PASSWORD_FILE": str(tmp_path / "password")}
    return CliRunner().invoke(cypher, arguments, env=settings, input=text)


@neo4j
def test_the_command_prints_rows_separated_by_tabs(served: Served, neo4j_url: Neo4jServer, tmp_path: Path) -> None:
    statement = "MATCH (j:Job {service: $s})-[u:USED]->(e) RETURN e, u, e.name, $n AS n ORDER BY e.name LIMIT 1"
    done = command(tmp_path, neo4j_url, statement, "-p", "s=stack", "-p", "n=[1, 2]")
    header, row = done.stdout.splitlines()
    assert header.split("\t") == ["e", "u", "e.name", "n"]
    entity, used, name, number = row.split("\t")
    assert used.endswith(f" USED {entity}")
    assert (name, number) == ("33794", "[1, 2]")


@neo4j
def test_the_command_reads_standard_input_and_prints_json(
    served: Served, neo4j_url: Neo4jServer, tmp_path: Path
) -> None:
    done = command(tmp_path, neo4j_url, "-", "--json", "--limit", "1", text="UNWIND [1, 2] AS x\nRETURN x\n")
    assert json.loads(done.stdout) == {"columns": ["x"], "rows": [[1]], "truncated": True}
    cut = command(tmp_path, neo4j_url, "UNWIND [1, 2] AS x RETURN x", "--limit", "1")
    assert (cut.stdout, cut.stderr) == ("x\n1\n", "(more than shown)\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("RETURN 1",), "Neo4j"), (("CREATE (n)",), "CREATE"), (("RETURN $x", "-p", "x"), "NAME=VALUE")],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = command(tmp_path, None, *arguments)
    assert isinstance(done.exception, Invalid)
    assert words in done.exception.message
