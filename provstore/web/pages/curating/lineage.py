"""Where a thing came from, and what came of it: step by step, as a table to be kept, or as an account to be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from flask import Blueprint, Response, request

from provstore.graph.model import Kind, Label, Node, NodeId, Subgraph
from provstore.queries.questions.lineage import Lineage, lineage
from provstore.queries.questions.report import Asked as AskedReport
from provstore.queries.questions.report import report
from provstore.queries.things import text_in
from provstore.queries.ways import is_stub
from provstore.web.pages.curating.markdown import as_html
from provstore.web.pages.curating.product import asked_node
from provstore.web.pages.curating.rows import Row, rows_of
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site
from provstore.web.tables import send_table

__all__ = ["tracing"]

tracing: Final = Blueprint("tracing", __name__, template_folder="../../templates")

_SHOWN: Final = 500
_WRITTEN: Final = 1_000_000
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An activity of the way, with what of the way it used and made."""

    run: Row
    distance: int
    used: Sequence[Row]
    made: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A row of the table that is kept."""

    id: NodeId
    class_: tuple[Label, ...]
    label: str
    distance: int
    job: str
    service: str
    owner_name: str
    generated_at: datetime | None
    size: int | None
    sha256: str
    content_type: str
    location: str


@tracing.get("/lineage")
def show_lineage() -> Response:
    """GET /lineage?id=…&direction=up|down: the steps, nearest first; ``format=csv|votable``; ``view=report``."""
    node = asked_node()
    if request.args.get("view") == "report":
        return _report(node)
    direction = "down" if request.args.get("direction") == "down" else "up"
    form = request.args.get("format")
    if form is not None:
        found = _walked(node, direction, limit=_WRITTEN)
        response = send_table(_table(found), of=Traced, form=form, name=f"lineage-{direction}")
        if found.truncated:
            response.headers["Provstore-Truncated"] = "true"
        return response
    found = _walked(node, direction, limit=_SHOWN)
    rows = _rows(found)
    steps = _steps(found, rows)
    return page(
        "curating/lineage.html",
        node=node,
        row=rows[node.id],
        direction=direction,
        steps=steps,
        ends=_ends(found, rows, direction),
        loose=_loose(found, rows, steps),
        count=len(rows) - 1,
        truncated=found.truncated,
        restricted=found.restricted,
        shown=_SHOWN,
    )


def _report(node: Node) -> Response:
    told = report(site().store, caller().viewer, AskedReport(id=node.id))
    return page("curating/report.html", node=node, row=rows_of([node])[0], told=as_html(told.text))


def _walked(node: Node, direction: str, *, limit: int) -> Subgraph:
    asked = Lineage(id=(node.id,), direction=direction, limit=limit, agents=False, configuration=False, descriptions=0)
    return lineage(site().store, caller().viewer, asked)


def _rows(found: Subgraph) -> Mapping[NodeId, Row]:
    """Give everything that may be seen as rows, nearest first."""
    seen = [one for one in found.reached if not is_stub(one.node.id)]
    rows = rows_of([one.node for one in seen])
    return {one.node.id: replace(row, distance=one.distance) for one, row in zip(seen, rows, strict=True)}


def _steps(found: Subgraph, rows: Mapping[NodeId, Row]) -> Sequence[Step]:
    """Give the activities with what they used and made, nearest first."""
    used: defaultdict[NodeId, dict[NodeId, Row]] = defaultdict(dict)
    made: defaultdict[NodeId, dict[NodeId, Row]] = defaultdict(dict)
    for edge in found.edges:
        if edge.kind is Kind.USED and edge.target in rows:
            used[edge.source][edge.target] = rows[edge.target]
        if edge.kind is Kind.WAS_GENERATED_BY and edge.source in rows:
            made[edge.target][edge.source] = rows[edge.source]
    runs = [one for one in found.reached if Label.ACTIVITY in one.node.labels and one.node.id in rows]
    return [
        Step(
            run=rows[one.node.id],
            distance=one.distance,
            used=list(used[one.node.id].values()),
            made=list(made[one.node.id].values()),
        )
        for one in sorted(runs, key=lambda each: (each.distance, each.node.id))
    ]


def _ends(found: Subgraph, rows: Mapping[NodeId, Row], direction: str) -> Sequence[Row]:
    """Give the sources of a way to the causes, the last products of one to the effects."""
    inner = {_nearer(edge.source, edge.target, direction) for edge in found.edges if edge.kind in _WAYS}
    return [row for one, row in rows.items() if one not in inner and row.kind != "activity" and row.distance]


_WAYS: Final = frozenset({Kind.USED, Kind.WAS_GENERATED_BY, Kind.WAS_DERIVED_FROM})


def _nearer(effect: NodeId, cause: NodeId, direction: str) -> NodeId:
    """Give the end of a relation that has something behind it."""
    return effect if direction == "up" else cause


def _loose(found: Subgraph, rows: Mapping[NodeId, Row], steps: Sequence[Step]) -> Sequence[Row]:
    """Give what no step used or made: it is joined to the others by derivations alone."""
    held = {row.node for step in steps for row in (step.run, *step.used, *step.made)}
    start = next((one.node.id for one in found.reached if not one.distance), None)
    return [row for one, row in rows.items() if one not in held and one != start]


def _table(found: Subgraph) -> Iterator[Traced]:
    seen = [one for one in found.reached if one.distance and not is_stub(one.node.id)]
    left = iter(seen)
    while some := list(islice(left, _BATCH)):
        rows = rows_of([one.node for one in some])
        for one, row in zip(some, rows, strict=True):
            is_run = row.kind == "activity"
            yield Traced(
                id=one.node.id,
                class_=tuple(sorted(one.node.labels)),
                label=row.label,
                distance=one.distance,
                job=row.id if is_run else row.maker.id if row.maker else "",
                service=row.label if is_run else row.maker.label if row.maker else "",
                owner_name=row.owner,
                generated_at=row.at,
                size=row.size,
                sha256=row.sha256,
                content_type=row.content_type,
                location=text_in(one.node, "location"),
            )
