"""What the embedded store promises beyond the port: crashes, other processes, group commit, files of another age."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from provstore.errors import Invalid, Unavailable
from provstore.graph.model import EVERYBODY, Kind, Label, NodeId, Value, Viewer
from provstore.graph.rules import INDEXES, Step
from provstore.graph.sqlite import SqliteStore, open_sqlite
from provstore.graph.store import Condition, Create, Filter, Find, Hop, Op, Order, Update
from tests.contract.graph_builders import (
    ANONYMOUS,
    NAMESPACE,
    activity,
    add,
    at,
    diamonds,
    distances,
    entity,
    find_ids,
    generated,
    having,
    job,
    lineage,
    nid,
    used,
    where,
)

ROOT = Path(__file__).parents[3]


def child(path: Path, mode: str, *, name: str = "x", count: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.sqlite_child", str(path), mode, name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def check_whole(store: SqliteStore, acknowledged: set[str]) -> None:
    """Nothing acknowledged is lost; nothing is there by halves."""
    graph = store.scan()
    nodes = {node.id.removeprefix(NAMESPACE) for node in graph.nodes()}
    keys = {one.key for one in graph.relations()}
    written = {local[1:] for local in nodes}
    assert acknowledged <= written
    assert nodes == {f"{letter}{local}" for letter in "ae" for local in written}
    assert keys == {f"WAS_GENERATED_BY:e{local}:a{local}" for local in written}


# --- death and other processes -----------------------------------------------------------------------------------


def test_a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_torn(path: Path) -> None:
    acknowledged: set[str] = set()
    for turn, lines in enumerate((1, 7, 30, 55)):
        with child(path, "threads", name=f"r{turn}", count=100_000) as process:
            assert process.stdout is not None
            acknowledged.update(line.strip() for line in islice(process.stdout, lines))
            process.kill()
            acknowledged.update(line.strip() for line in process.stdout if line.endswith("\n"))
        store = open_sqlite(path)
        check_whole(store, acknowledged)
        store.close()
    assert len(acknowledged) >= 93


def test_processes_writing_at_the_same_time_all_arrive(path: Path, store: SqliteStore) -> None:
    children = [child(path, "single", name=f"c{number}", count=60) for number in range(2)]
    for number in range(60):
        add(store, activity(f"ap-{number}"), entity(f"ep-{number}"), generated(f"ep-{number}", f"ap-{number}"))
    acknowledged = {line.strip() for process in children for line in process.communicate()[0].splitlines()}
    assert [process.returncode for process in children] == [0, 0]
    assert len(acknowledged) == 120
    check_whole(store, acknowledged | {f"p-{number}" for number in range(60)})


def test_processes_opening_a_new_file_at_the_same_time_agree_on_the_namespace(path: Path) -> None:
    told = {process.communicate()[0].strip() for process in [child(path, "namespace") for _ in range(4)]}
    assert told == {open_sqlite(path).namespace}


def test_another_process_sees_the_kinds_and_readers_that_came_later(path: Path, store: SqliteStore) -> None:
    other = open_sqlite(path)
    add(store, activity("a"), entity("e"), used("a", "e"))
    assert distances(other.walk(lineage("a"), ANONYMOUS)) == {"a": 0, "e": 1}
    add(store, entity("f", readers=frozenset({"user:new"})), generated("f", "a"))
    assert find_ids(other, Condition(label=Label.ENTITY), viewer=Viewer(readers=frozenset({"user:new"}))) == {"f"}
    assert distances(other.walk(lineage("f"))) == {"f": 0, "a": 1, "e": 2}
    other.close()


# --- group commit ------------------------------------------------------------------------------------------------


def test_writes_that_wait_share_one_commit(path: Path, store: SqliteStore) -> None:
    writers = 12
    statements: list[str] = []
    store._writer._connection.set_trace_callback(statements.append)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(writers) as pool:
        waiting = [pool.submit(add, store, entity(f"e{number}")) for number in range(writers)]
        while len(store._writer._queue) < writers - 1:
            os.sched_yield()
        assert not any(one.done() for one in waiting)
        other.execute("ROLLBACK")
    for one in waiting:
        one.result()
    assert statements.count("COMMIT") == 2  # the first in, then all who came while he waited
    assert len(list(store.scan().nodes())) == writers
    other.close()


def test_readers_do_not_wait_for_a_writer(path: Path, store: SqliteStore) -> None:
    add(store, entity("e"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert len(store.get([nid("e")])) == 1
    again = open_sqlite(path, patience=timedelta(0))
    assert len(again.get([nid("e")])) == 1
    again.close()
    other.close()


def test_each_acknowledged_write_is_synced_to_the_disk(store: SqliteStore) -> None:
    connection = store._writer._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# --- trouble -----------------------------------------------------------------------------------------------------


def test_a_file_that_stays_locked_is_unavailable_and_unchanged(path: Path) -> None:
    store = open_sqlite(path, patience=timedelta(milliseconds=20))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        add(store, entity("e"))
    with pytest.raises(Unavailable):
        store.delete([nid("e")])
    other.execute("ROLLBACK")
    assert store.get([nid("e")]) == ()
    add(store, entity("e"))
    other.close()
    store.close()


def test_a_full_disk_is_unavailable_and_changes_nothing(store: SqliteStore) -> None:
    add(store, entity("small"))
    connection = store._writer._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(Unavailable, match="full"):
        add(store, entity("large", note="x" * 1_000_000), entity("other"))
    assert [node.id for node in store.scan().nodes()] == [nid("small")]
    connection.execute("PRAGMA max_page_count = 1000000")
    add(store, entity("large", note="x" * 1_000_000))
    assert len(list(store.scan().nodes())) == 2


@pytest.mark.parametrize("content", [b"this is no store" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_unavailable(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"graph\.db"):
        open_sqlite(path)


def test_a_directory_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        open_sqlite(tmp_path / "nowhere" / "graph.db")


def test_a_damaged_file_is_unavailable(path: Path) -> None:
    store = open_sqlite(path)
    store.write(diamonds(200))
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xa5" * (size // 2))
    with pytest.raises(Unavailable):
        _read_all(path)


def _read_all(path: Path) -> None:
    store = open_sqlite(path)
    try:
        assert [*store.scan().nodes(), *store.scan().relations()]
    finally:
        store.close()


def test_a_closed_store_is_unavailable(store: SqliteStore) -> None:
    graph = store.scan()
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        store.get([nid("e")])
    with pytest.raises(Unavailable, match="closed"):
        add(store, entity("e"))
    with pytest.raises(Unavailable):
        store.scan()
    assert list(graph.nodes()) == []  # begun before: it may end


# --- files of another age ----------------------------------------------------------------------------------------


def test_the_first_opening_fixes_the_namespace(path: Path) -> None:
    first = open_sqlite(path, namespace="http://first.example/#")
    assert first.namespace == "http://first.example/#"
    assert open_sqlite(path, namespace="http://second.example/#").namespace == first.namespace


def test_a_namespace_of_our_own_making_is_a_random_urn(tmp_path: Path) -> None:
    told = {open_sqlite(tmp_path / f"{number}.db").namespace for number in range(2)}
    assert len(told) == 2
    assert all(one.startswith("urn:uuid:") and one.endswith("#") for one in told)


def test_a_file_of_a_newer_program_is_refused(path: Path) -> None:
    open_sqlite(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Invalid, match=r"99.*newer provstore"):
        open_sqlite(path)


def test_a_property_that_gets_an_index_later_keeps_its_values(path: Path) -> None:
    values: dict[str, Value] = {
        "text": "r1",
        "truth": True,
        "lie": False,
        "nan": math.nan,
        "number": 7,
        "infinite": -math.inf,
    }
    nodes = [having(job(local), {"run_id": value, "note": "n"}) for local, value in values.items()]
    store = open_sqlite(path)
    add(store, *nodes, job("without"))
    store.close()
    _make_older(path)
    store = open_sqlite(path)
    found = {node.id.removeprefix(NAMESPACE): node.properties for node in store.scan().nodes()}
    assert found.pop("without") == {}
    assert {local: repr(properties["run_id"]) for local, properties in found.items()} == {
        local: repr(value) for local, value in values.items()
    }
    assert all(properties["note"] == "n" for properties in found.values())
    assert find_ids(store, where(Label.JOB, ("run_id", Op.EQ, "r1"))) == {"text"}
    store.close()


def _make_older(path: Path) -> None:
    """Put a property back into the JSON text, as a program without its index would have written it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP INDEX node_Job_run_id")
    connection.execute("DROP INDEX node_Job_service_run_id_created_at")
    connection.execute(
        """UPDATE node SET props = json_set(coalesce(props, '{}'), '$.run_id', json(CASE
            WHEN p_run_id = x'01' THEN 'true' WHEN p_run_id = x'00' THEN 'false'
            WHEN typeof(p_run_id) = 'blob' THEN '{"nan":1}'
            WHEN typeof(p_run_id) = 'text' THEN json_quote(p_run_id)
            WHEN p_run_id < -1e308 THEN '-1e999' ELSE p_run_id END)) WHERE p_run_id IS NOT NULL"""
    )
    connection.execute("ALTER TABLE node DROP COLUMN p_run_id")
    connection.execute("UPDATE meta SET value = '' WHERE name = 'made_for'")
    connection.close()


# --- what must not slow down -------------------------------------------------------------------------------------


def plans(store: SqliteStore, question: Find, viewer: Viewer = EVERYBODY) -> list[str]:
    """Give SQLite's plans of all queries that a question makes."""
    asked: list[str] = []
    connection = store._pool.take()
    connection.set_trace_callback(asked.append)
    store._pool.give_back(connection)
    store.find(question, viewer)
    connection.set_trace_callback(None)
    texts = [text for text in asked if " node " in text]
    assert texts
    return [row[3] for text in texts for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]


@pytest.mark.parametrize(("label", "names"), INDEXES, ids=[f"{label}-{'-'.join(names)}" for label, names in INDEXES])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("viewer", [EVERYBODY, ANONYMOUS], ids=["everybody", "anonymous"])
def test_every_look_up_of_the_rules_uses_its_index_and_its_order(
    store: SqliteStore, label: Label, names: tuple[str, ...], *, descending: bool, viewer: Viewer
) -> None:
    fixed = tuple(Filter(name, Op.EQ, at(0) if name.endswith("_at") else "x") for name in names[:-1])
    order = Order(names[-1], descending=descending)
    steps = plans(store, Find(condition=Condition(label=label, filters=fixed), order=order), viewer)
    index = f"node_{label}_{'_'.join(names)}"
    assert all(f"USING INDEX {index}" in step for step in steps if "node" in step or "n USING" in step), steps
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("op", [Op.LT, Op.GE])
def test_a_range_uses_the_index(store: SqliteStore, op: Op) -> None:
    due = Condition(label=Label.JOB, filters=(Filter("expires_at", op, at(0)),))
    for order in (None, Order("expires_at")):
        assert "node_Job_expires_at" in " ".join(plans(store, Find(condition=due, order=order)))


def test_a_label_alone_does_not_look_at_other_nodes(store: SqliteStore) -> None:
    assert plans(store, Find(condition=Condition(label=Label.BUNDLE))) == ["SCAN n USING INDEX node_Bundle"]


def test_a_hop_to_something_rare_begins_there(store: SqliteStore) -> None:
    wanted = where(Label.PARAMETER, ("name", Op.EQ, "p"), ("value", Op.EQ, "1"))
    hop = Hop(step=Step(Kind.WAS_CONFIGURED_BY), condition=wanted)
    steps = plans(store, Find(condition=Condition(label=Label.JOB), hop=hop))
    assert "SEARCH m USING INDEX node_Parameter_name_value (p_name=? AND p_value=?)" in steps
    assert "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)" in steps


def test_a_negative_limit_is_refused(store: SqliteStore) -> None:
    with pytest.raises(Invalid, match="limit=-5"):
        store.find(Find(condition=Condition(label=Label.JOB), limit=-5))


def test_the_json_text_is_not_read_for_fields_with_columns(store: SqliteStore) -> None:
    assert "props" not in store._codec.columns(("phase", "created_at"))
    assert "props" in store._codec.columns(("phase", "note"))


def test_a_long_chain_is_walked_whole(store: SqliteStore) -> None:
    count = 3000
    add(store, entity("e0"))
    changes = [
        Create(item)
        for number in range(count)
        for item in (
            activity(f"a{number}"),
            entity(f"e{number + 1}"),
            generated(f"e{number}", f"a{number}"),
            used(f"a{number}", f"e{number + 1}"),
        )
    ]
    store.write(changes)
    answer = store.walk(lineage("e0"))
    assert distances(answer)[f"e{count}"] == 2 * count
    assert len(store.walk(lineage("e0", depth=2 * count - 1)).reached) == 2 * count


def test_a_scan_keeps_its_state_of_the_graph(store: SqliteStore) -> None:
    add(store, entity("e"), activity("a"), used("a", "e"))
    graph = store.scan()
    store.write([Update(node=nid("e"), expected={}, put={"name": "changed"})])
    store.delete([NodeId(nid("a"))])
    assert list(graph.nodes()) == [entity("e"), activity("a")]
    assert list(graph.relations()) == [used("a", "e")]
    assert list(store.scan().nodes()) == [entity("e", name="changed")]
