"""Find activities, entities and agents by what they are, what they came from and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.graph.model import Label, Viewer, format_instant
from provstore.graph.store import GraphStore, Op
from provstore.queries.answers import Listing
from provstore.queries.asking import (
    Parameter,
    Question,
    choice,
    descriptions,
    instant,
    number,
    one,
    python_name,
    tests,
    texts,
    values_of_key,
)
from provstore.queries.conditions import CLASSES, Clause, Test
from provstore.queries.obscore import Wanted
from provstore.queries.obscore_cells import Circle, Span
from provstore.queries.questions.obscore import SELECTION
from provstore.queries.search import Search
from provstore.queries.search import search as find

__all__ = ["QUESTION", "Searched", "search"]

_KEYS: Final = {
    "id": "ids, any of them",
    "name": "names; * stands for anything",
    "type": "types (prov:type) or classes",
    "description": "activities of this description: name or name@revision",
    "parameter": "activities with this parameter: name:value, name:>=3, name:3..5",
    "attribute": "attributes: key:value1,value2; the key is a QName, a URI or a local name",
    "agent": "for which this agent is answerable",
    "used": "activities that used this entity",
    "service": "jobs of this service",
    "run-id": "jobs with this run id",
    "phase": "jobs in this phase",
    "owner": "jobs of this owner",
    "content-type": "entities of this content type",
    "sha256": "entities with this checksum",
    "location": "entities at this place",
    "weekday": "activities that started on these days (mon, tue, ...) in the zone tz",
    "hours": "activities that started within these hours in the zone tz; 8-17 is from 8:00 until 17:00",
}
"""Keys of conditions that are parameters by themselves."""
_OBSERVED: Final = frozenset({"position", "time"})
"""What is asked of ObsCore records here; their columns are attributes like others (``attribute=obscore:s_ra:<10``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The parameters of :data:`QUESTION`."""

    class_: str = "entity"
    id: tuple[Clause, ...] = ()
    name: tuple[Clause, ...] = ()
    type: tuple[Clause, ...] = ()
    description: tuple[Clause, ...] = ()
    parameter: tuple[Clause, ...] = ()
    attribute: tuple[Clause, ...] = ()
    agent: tuple[Clause, ...] = ()
    used: tuple[Clause, ...] = ()
    service: tuple[Clause, ...] = ()
    run_id: tuple[Clause, ...] = ()
    phase: tuple[Clause, ...] = ()
    owner: tuple[Clause, ...] = ()
    content_type: tuple[Clause, ...] = ()
    sha256: tuple[Clause, ...] = ()
    location: tuple[Clause, ...] = ()
    weekday: tuple[Clause, ...] = ()
    hours: tuple[Clause, ...] = ()
    generated_by: tuple[Clause, ...] = ()
    input: tuple[Test, ...] = ()
    upstream: tuple[Test, ...] = ()
    downstream: tuple[Test, ...] = ()
    position: tuple[Circle, ...] = ()
    time: tuple[Span, ...] = ()
    from_: datetime | None = None
    to: datetime | None = None
    tz: str = "UTC"
    fields: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    sort: str = "time"
    limit: int = 100
    after: str | None = None


def search(store: GraphStore, viewer: Viewer, asked: Searched) -> Listing:
    """Find nodes.

    Raises:
        Invalid: a condition can't be understood.
    """
    label = CLASSES[asked.class_]
    clauses = [clause for key in _KEYS for clause in getattr(asked, python_name(key))]
    when = "generated" if label is Label.ENTITY else "started"
    bounds = ((Op.GE, asked.from_), (Op.LT, asked.to))
    clauses += [Clause(key=when, op=op, values=(format_instant(at),)) for op, at in bounds if at is not None]
    wanted = Search(
        test=Test(label=label, clauses=tuple(clauses)),
        generated_by=tuple(Test(label=Label.ACTIVITY, clauses=(one,)) for one in asked.generated_by),
        input=asked.input,
        upstream=asked.upstream,
        downstream=asked.downstream,
        observed=Wanted(positions=asked.position, times=asked.time),
        zone=asked.tz,
        attributes="attributes" in asked.fields,
        omit=asked.omit,
    )
    return find(store, wanted, viewer, limit=asked.limit, after=asked.after, descending=asked.sort == "-time")


QUESTION: Final = Question(
    name="search",
    text="Nodes of a class that pass conditions; by time, then by id.",
    of=Searched,
    ask=search,
    parameters=(
        Parameter("class", choice(*CLASSES), ", ".join(CLASSES), default="entity"),
        *(Parameter(name, values_of_key, text, many=True) for name, text in _KEYS.items()),
        Parameter("generated-by", descriptions, "made by an activity of this description", many=True),
        Parameter("input", tests, "made by an activity of which a direct input passes entity[...]", many=True),
        Parameter("upstream", tests, "something towards the causes passes entity[...] or activity[...]", many=True),
        Parameter("downstream", tests, "something towards the effects passes", many=True),
        *(one for one in SELECTION if one.name in _OBSERVED),
        Parameter("from", instant, "not before this date or instant"),
        Parameter("to", instant, "before this date or instant"),
        Parameter("tz", one, "time zone of weekday and hours", default="UTC"),
        Parameter("fields", texts, "attributes: tell them, too", many=True),
        Parameter("omit", texts, "keys of attributes that are not told", many=True),
        Parameter("sort", choice("time", "-time"), "by time, or the latest first", default="time"),
        Parameter("limit", number(1), "at most so many on a page"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
