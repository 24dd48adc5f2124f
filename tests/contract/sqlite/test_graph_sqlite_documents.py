"""How the embedded store keeps its table of attributes true, brings old files up to date and takes back by pieces."""

from __future__ import annotations

import random
import sqlite3
from functools import partial
from pathlib import Path

from provstore.graph.model import EVERYBODY, Attribute, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.sqlite import SqliteStore, open_sqlite
from provstore.graph.sqlite_attributes import attributes_of, said_of
from provstore.graph.sqlite_documents import retract
from provstore.graph.store import Change, Condition, Create, Ensure, Filter, Find, Op, Upsert
from tests.contract.graph_builders import (
    ANONYMOUS,
    EX,
    HIDDEN,
    NAMESPACE,
    activity,
    add,
    attribute,
    bundle,
    distances,
    entity,
    find_ids,
    lineage,
    nid,
    said,
    thing,
    used,
    where,
)
from tests.contract.graph_builders import (
    said_of as spoken_of,
)

Row = tuple[str, str, object, str, str, str]


def told(store: SqliteStore) -> set[Row]:
    """Give what the table of attributes holds, in names."""
    with store._pool.reading() as connection:
        rows = connection.execute(
            "SELECT n.id, w.text, a.value, coalesce(s.id, ''), coalesce(e.key, ''), a.rest FROM attr a"
            " LEFT JOIN node n ON n.pk = a.node LEFT JOIN word w ON w.number = a.key"
            " LEFT JOIN node s ON s.pk = a.source LEFT JOIN edge e ON e.pk = a.edge"
        ).fetchall()
    return set(rows)


def should_be_told(store: SqliteStore) -> set[Row]:
    """Compute the same from the whole graph."""
    graph = store.scan()
    rows: set[Row] = set()
    for node in graph.nodes():
        rows.update((node.id, key, value, "", "", rest) for key, value, rest in attributes_of(node.attributes))
    for one in graph.relations():
        rows.update((one.target, key, value, one.source, one.key, rest) for key, value, rest in said_of(one))
    return rows


def a_change(dice: random.Random) -> Change:
    """Make a change of one of few nodes, or of what a bundle says of it."""
    local = f"e{dice.randrange(8)}"
    attributes = tuple(attribute(dice.choice("kl"), dice.choice("xyz")) for _ in range(dice.randrange(3)))
    if dice.random() < 0.4:
        node = thing(local)._replace(attributes=attributes)
        return dice.choice((Upsert, Ensure))(node)
    kind = dice.choice(("entity", "entity", "used"))
    return Upsert(spoken_of(f"b{dice.randrange(3)}", dice.randrange(10), NodeId(EX + local), *attributes, kind=kind))


def test_the_table_of_attributes_is_what_the_graph_says_whatever_was_done(path: Path) -> None:
    store = open_sqlite(path, namespace=NAMESPACE)
    dice = random.Random(7)  # noqa: S311  (a test)
    for turn in range(150):
        store.write([Ensure(bundle(f"b{number}")) for number in range(3)] + [Ensure(thing(f"e{n}")) for n in range(8)])
        store.write([a_change(dice) for _ in range(dice.randrange(1, 12))])
        if turn % 7 == 0:
            store.delete([NodeId(EX + f"e{dice.randrange(8)}"), nid(f"b{dice.randrange(3)}")])
        if turn % 11 == 0:
            store.retract(nid(f"b{dice.randrange(3)}"))
        assert told(store) == should_be_told(store)
    assert told(store)
    store.close()


# --- files of version 1 ------------------------------------------------------------------------------------------


def make_version_1(path: Path) -> None:
    """Turn a file into what the first version would have written."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("ALTER TABLE edge ADD COLUMN bundle TEXT")
    connection.execute("UPDATE edge SET bundle = (SELECT text FROM word WHERE number = said)")
    for index in ("edge_forwards", "edge_backwards", "edge_told"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("ALTER TABLE edge DROP COLUMN said")
    for table in ("attr", "several", "word"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("CREATE INDEX edge_forwards ON edge (source, kind, target)")
    connection.execute("CREATE INDEX edge_backwards ON edge (target, kind, source)")
    connection.execute("UPDATE meta SET value = '' WHERE name = 'made_for'")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_file_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    store = open_sqlite(path)
    nodes = [
        entity(f"e{number}")._replace(attributes=(attribute("n", str(number), "int"), attribute("t", "x" * 600)))
        for number in range(10)
    ]
    secret = used("a", "e2")._replace(bundle=nid("b"))
    add(store, *nodes, activity("a"), bundle("b", readers=HIDDEN), used("a", "e1")._replace(key="k"), secret)
    store.close()
    make_version_1(path)
    store = open_sqlite(path)
    assert told(store) == should_be_told(store)
    assert find_ids(store, where(Label.ENTITY, (f"{EX}n", Op.GE, 8), (f"{EX}t", Op.EQ, "x" * 600))) == {"e8", "e9"}
    assert list(store.told(nid("b"))) == [secret]
    assert set(distances(store.walk(lineage("a")))) == {"a", "e1", "e2"}
    assert set(distances(store.walk(lineage("a"), ANONYMOUS))) == {"a", "e1"}
    store.close()
    assert open_sqlite(path).namespace == store.namespace


# --- plans -------------------------------------------------------------------------------------------------------


def plan(store: SqliteStore, question: Find, viewer: Viewer = EVERYBODY) -> list[str]:
    """Give SQLite's plan of the query for the page."""
    asked: list[str] = []
    connection = store._pool.take()
    connection.set_trace_callback(asked.append)
    store._pool.give_back(connection)
    store.find(question, viewer)
    connection.set_trace_callback(None)
    text = next(text for text in reversed(asked) if "AS missing" in text)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]


def test_an_attribute_leads_to_its_few_nodes(store: SqliteStore) -> None:
    wanted = tuple(f"v{number}" for number in range(1_000))
    for op, value in ((Op.EQ, "v"), (Op.IN, wanted), (Op.GE, 7), (Op.LT, "v"), (Op.CONTAINS, "v")):
        condition = Condition(label=Label.ENTITY, filters=(Filter(f"{EX}k", op, value),))
        for viewer in (EVERYBODY, ANONYMOUS):
            steps = plan(store, Find(condition=condition), viewer)
            assert any("SEARCH a USING COVERING INDEX attr_value (key=? AND value" in step for step in steps)
            assert "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)" in steps
            assert "SEARCH a USING PRIMARY KEY (node=? AND key=?" in " ".join(steps)


def test_a_bundle_tells_in_the_order_of_an_index(store: SqliteStore) -> None:
    asked: list[str] = []
    with store._pool.reading() as connection:
        connection.set_trace_callback(asked.append)
    list(store.told(nid("b")))
    connection.set_trace_callback(None)
    text = next(text for text in asked if "ORDER BY e.key" in text)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert "SEARCH e USING INDEX edge_told (said=?)" in steps
    assert not any("TEMP B-TREE" in step for step in steps)


# --- pieces ------------------------------------------------------------------------------------------------------


def test_a_retraction_that_was_interrupted_is_finished_by_the_next(path: Path) -> None:
    store = open_sqlite(path, namespace=NAMESPACE)
    loop = Relation("", Kind.WAS_DERIVED_FROM, NodeId(f"{EX}e"), NodeId(f"{EX}e"))
    store.write([Create(bundle("b")), Ensure(thing("e")), *(Create(said("b", n, loop)) for n in range(7_000))])
    removed, more = store._writer.run(partial(retract, bundle=nid("b"), namespace=NAMESPACE))
    assert (removed, more) == (5_000, True)
    assert [one.id for one in store.get([nid("b")])] == [nid("b")]
    assert store.retract(nid("b")) == 2_000
    assert list(store.scan().nodes()) == []
    store.close()


def test_a_bundle_is_stored_once_and_not_with_each_relation(store: SqliteStore) -> None:
    add(store, bundle("b"), thing("e"), *(spoken_of("b", number, NodeId(f"{EX}e")) for number in range(5)))
    with store._pool.reading() as connection:
        assert connection.execute("SELECT count(*) FROM word WHERE text = ?", (nid("b"),)).fetchone() == (1,)
        assert connection.execute("SELECT count(DISTINCT said) FROM edge").fetchone() == (1,)


def test_readers_that_are_there_make_no_new_audience(store: SqliteStore) -> None:
    add(store, thing("e", readers=HIDDEN | {"public"}))
    store.write([Ensure(thing("e")), Ensure(thing("e", readers=HIDDEN)), Ensure(thing("f"))])
    store.write([Ensure(Node(NodeId(f"{EX}f"), frozenset({Label.ENTITY}), readers=HIDDEN))])
    with store._pool.reading() as connection:
        assert connection.execute("SELECT count(*) FROM audience").fetchone() == (2,)


def test_keys_with_control_characters_are_kept_apart(store: SqliteStore) -> None:
    add(store, *(entity(f"e{n}")._replace(attributes=(Attribute(key, "v"),)) for n, key in enumerate(("k:", "k:\x00"))))
    assert find_ids(store, where(Label.ENTITY, ("k:", Op.EQ, "v"))) == {"e0"}
    assert find_ids(store, where(Label.ENTITY, ("k:\x00", Op.EQ, "v"))) == {"e1"}
