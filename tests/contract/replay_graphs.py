"""Jobs in a graph, written as a server would write them, for plans of replays: tests and measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from provstore.graph.model import PROV, QNAME, Attribute, Kind, Label, Node, NodeId, Relation, Value
from provstore.graph.store import Change, Create

__all__ = ["REVISION", "made_by", "ran", "stored"]

REVISION: Final = Attribute(f"{PROV}type", f"{PROV}Revision", QNAME)
_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
_READERS: Final = frozenset({"public"})
_NO_VALUES: Final[Mapping[str, str]] = {}
_NOTHING: Final[Mapping[str, Value]] = {}


def stored(local: str, *, namespace: str, readers: frozenset[str] = _READERS, **more: Value) -> Create:
    """Give a file that is stored, with a name."""
    properties: dict[str, Value] = {"name": local, "location": f"jobs/{local}", "sha256": local * 4, **more}
    return Create(
        Node(NodeId(namespace + local), frozenset({Label.ENTITY, Label.DATASET}), properties, readers=readers)
    )


def made_by(job: str, result: str = "out") -> str:
    """Give the local part of the id of a result of a job."""
    return f"e{job[1:]}.{result}"


def ran(
    job: str,
    *used: str,
    namespace: str,
    makes: tuple[str, ...] = ("out",),
    values: Mapping[str, str] = _NO_VALUES,
    readers: frozenset[str] = _READERS,
    more: Mapping[str, Value] = _NOTHING,
) -> Iterator[Change]:
    """Give a job (local part) that has ended, with what it used (inputs in0, in1...), was given and made.

    ``more`` are further properties; its number, the digits of its name, tells when it was created.
    """
    node = NodeId(namespace + job)
    number = int("".join(filter(str.isdigit, job)) or 0)
    properties: dict[str, Value] = {
        "name": "step",
        "service": "step",
        "revision": "step@1",
        "phase": "COMPLETED",
        "owner": "a1",
        "created_at": _BEGINNING + timedelta(seconds=number),
        **more,
    }
    yield Create(Node(node, frozenset({Label.ACTIVITY, Label.JOB}), properties, readers=readers))
    for place, (name, value) in enumerate(values.items()):
        parameter = NodeId(f"{node}.{name}")
        known: dict[str, Value] = {"name": name, "value": value, "given": True}
        yield Create(Node(parameter, frozenset({Label.PARAMETER}), known, readers=readers))
        yield Create(Relation(f"{job}.c{place:04d}", Kind.WAS_CONFIGURED_BY, node, parameter))
    for place, one in enumerate(used):
        yield Create(Relation(f"{job}.u{place:04d}", Kind.USED, node, NodeId(namespace + one), f"in{place}"))
    for place, name in enumerate(makes):
        yield stored(made_by(job, name), namespace=namespace, readers=readers, name=name)
        product = NodeId(namespace + made_by(job, name))
        yield Create(Relation(f"{job}.g{place:04d}", Kind.WAS_GENERATED_BY, product, node, name))
        for number, one in enumerate(used):
            key = f"{job}.d{place:02d}{number:02d}"
            yield Create(Relation(key, Kind.WAS_DERIVED_FROM, product, NodeId(namespace + one)))
