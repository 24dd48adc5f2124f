"""Whatever a script writes, nothing breaks, and a store takes what is made of it."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provstore.graph.model import Label, Node
from provstore.graph.sqlite import open_sqlite
from provstore.graph.statements import ARGUMENTS, Argument, Sort
from provstore.graph.store import Create
from tests.unit.uws.told_scene import JOB, STORED, N, nid, tell_of

NAMES = st.one_of(
    st.sampled_from(
        [
            *(
                "current_job",
                "ex:current_job",
                "stack",
                "log",
                "raw",
                "out.fits",
                "config",
                "id:j1",
                "id:j9",
                "id:e9.open",
            ),
            *("id:a9", "id:hidden", "ex:a", "ex:b", "c", "_:d", "x:e", "http://x/y", ""),
        ]
    ),
    st.text(max_size=5),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), NAMES)
KEYS = st.sampled_from(
    [
        *(
            "prov:label",
            "prov:type",
            "prov:role",
            "prov:location",
            "prov:value",
            "prov:time",
            "prov:startTime",
            "version",
        ),
        *("voprov:name", "voprov:role", "provstore:phase", "id:x", "ex:k", "k", "prov:odd", "x:y", "\u202e", "a b", ""),
    ]
)
TYPES = st.sampled_from(["xsd:QName", "prov:QUALIFIED_NAME", "xsd:int", "ex:t", "<t>", 7])
LITERALS = st.one_of(
    LEAVES,
    st.sampled_from(["prov:Person", "prov:Collection", "2026-03-01T12:00:00Z"]),
    st.fixed_dictionaries({"$": LEAVES}, optional={"type": TYPES, "lang": LEAVES, "odd": LEAVES}),
)
VALUES = st.one_of(LITERALS, st.lists(LITERALS, max_size=2))


POOLS = {
    Sort.ENTITY: ["ex:a", "ex:b", "c", "stack", "out.fits", "raw", "id:e9.open"],
    Sort.ACTIVITY: ["current_job", "ex:s", "t", "id:j9"],
    Sort.AGENT: ["ex:p", "q", "id:a9"],
    Sort.RELATION: ["u", "_:g", "ex:r"],
}
BASE: dict[str, dict[str, Any]] = {
    "entity": {"ex:a": {}, "ex:b": {"prov:type": {"$": "prov:Collection", "type": "xsd:QName"}}, "c": {}},
    "activity": {"ex:s": {}, "t": {}},
    "agent": {"ex:p": {"prov:type": "prov:Person"}, "q": {}},
}


def mostly(right: st.SearchStrategy[Any], wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda number: right if number else wrong)


def argument(one: Argument) -> st.SearchStrategy[Any]:
    """Something that may well be right, and now and then anything."""
    if one.sort is Sort.TIME:
        return mostly(st.just("2026-03-01T12:00:00Z"), VALUES)
    pool = POOLS.get(one.sort, [name for names in POOLS.values() for name in names])
    return mostly(st.sampled_from(pool), st.one_of(NAMES, VALUES))


def record(kind: str) -> st.SearchStrategy[Any]:
    arguments = {f"prov:{one.name}": argument(one) for one in ARGUMENTS[kind]}
    optional = {name: arguments.pop(name) for name in [*arguments][2:]}
    named = st.fixed_dictionaries(arguments, optional=optional)
    facts = st.builds(lambda a, b: {**b, **a}, named, st.dictionaries(KEYS, VALUES, max_size=2))
    return mostly(facts, st.one_of(st.lists(facts, max_size=2), LEAVES))


IDS = st.one_of(st.sampled_from(["u", "_:g", "ex:r", "_:1", "_:2"]), NAMES)
RELATIONS = st.sampled_from([kind for kind in ARGUMENTS if kind not in BASE])
SAID = st.lists(RELATIONS.flatmap(lambda kind: st.tuples(st.just(kind), IDS, record(kind))), min_size=2, max_size=12)
ALSO = st.lists(
    st.sampled_from(sorted(BASE)).flatmap(lambda kind: st.tuples(st.just(kind), NAMES, record(kind))), max_size=3
)


def document_of(rows: list[tuple[str, str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {kind: dict(members) for kind, members in BASE.items()}
    for kind, name, facts in rows:
        document.setdefault(kind, {})[name] = facts
    return document


DOCUMENTS = st.builds(lambda said, also: document_of([*said, *also]), SAID, ALSO)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_whatever_a_script_writes_the_store_takes_what_is_made_of_it(document: dict[str, Any]) -> None:
    told = tell_of(json.loads(json.dumps(document)))
    "\n".join(told.remarks).encode()
    there = [
        Node(JOB.node, frozenset({Label.ACTIVITY, Label.JOB}), {"name": "s"}, readers=JOB.readers),
        *(Node(nid(local), frozenset({Label.ENTITY})) for local in ("e0.raw", "e1.stack", "e1.log")),
        Node(nid("j1.config.file"), frozenset({Label.CONFIG_FILE})),
        *STORED,
    ]
    with tempfile.TemporaryDirectory() as folder, closing(open_sqlite(Path(folder) / "g", namespace=N)) as store:
        store.write([*map(Create, there), *told.changes])
        assert store.get([JOB.node])[0].properties == {"name": "s"}
        assert list(store.get([one.id for one in STORED])) == list(STORED)
