"""Products that are no longer what one would make today, and from where to make them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from provstore.graph.model import Node, NodeId
from provstore.queries.questions.stale import Asked, Reason, StaleProduct, Why, stale
from provstore.queries.things import text_in
from provstore.web.pages.curating.rows import Named, Row, local_of, named, rows_of
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site

__all__ = ["staleness"]

staleness: Final = Blueprint("staleness", __name__, template_folder="../../templates")

_JOBS: Final = 200
_REASONS: Final = 5


class Told(NamedTuple):
    """A reason: what happened to what, what came in its place, and the path of a plan that would mend it."""

    why: Why
    thing: Named
    by: Sequence[Named]
    distance: int
    plan: str


class Old(NamedTuple):
    """A stale product with its reasons."""

    row: Row
    reasons: Sequence[Told]
    more: int


@staleness.get("/stale")
def show_stale() -> Response:
    """GET /stale?service=…: products of a superseded description, or of an input that was replaced or invalidated."""
    service, expired = request.args.get("service", "").strip(), "expired" in request.args
    asked = Asked(service=service, expired=expired, limit=_JOBS, after=request.args.get("after") or None)
    found = stale(site().store, caller().viewer, asked)
    told = {name: text for name, text in (("service", service), ("expired", "1" if expired else "")) if text}
    return page(
        "curating/stale.html",
        service=service,
        expired=expired,
        groups=_groups(found.items),
        found=found,
        known=[one.description.name for one in site().service.services(caller())],
        following=f"{base_url()}/stale?{urlencode(told | {'after': found.next})}" if found.next else "",
        first=f"{base_url()}/stale?{urlencode(told)}" if asked.after else "",
    )


def _groups(items: Sequence[StaleProduct]) -> Mapping[str, Sequence[Old]]:
    """Put the products together by the service that made them."""
    nodes = {node.id: node for node in site().store.get(_ids(items), caller().viewer)}
    rows = {row.node: row for row in rows_of([nodes[one.id] for one in items if one.id in nodes])}
    groups: dict[str, list[Old]] = {}
    for one in (one for one in items if one.id in rows):
        row = rows[one.id]
        reasons = [_told(each, nodes) for each in one.reasons[:_REASONS] if each.id in nodes]
        old = Old(row, reasons, len(one.reasons) - len(reasons))
        groups.setdefault(row.maker.label if row.maker else "", []).append(old)
    return groups


def _ids(items: Sequence[StaleProduct]) -> list[NodeId]:
    wanted = [one.id for one in items]
    wanted += [each for one in items for reason in one.reasons[:_REASONS] for each in (reason.id, *reason.by)]
    return list(dict.fromkeys(wanted))


def _told(reason: Reason, nodes: Mapping[NodeId, Node]) -> Told:
    newer = [nodes[one] for one in reason.by if one in nodes]
    return Told(reason.why, _named(nodes[reason.id]), list(map(_named, newer)), reason.distance, _plan(reason, newer))


def _named(node: Node) -> Named:
    """Name a node; a description with its revision."""
    revision = node.properties.get("revision")
    return named(node) if revision is None else named(node)._replace(label=f"{named(node).label}@{revision}")


def _plan(reason: Reason, newer: Sequence[Node]) -> str:
    """Give the path of a plan, "" where nothing came in the place of what is old."""
    if reason.why is Why.SUPERSEDED:
        names = [text_in(one, "name") for one in newer if "revision" in one.properties]
        return f"/replays/new?{urlencode({'revision': site().service.catalog.newest(names[0]).name})}" if names else ""
    given = {"old": local_of(reason.id)} | ({"new": local_of(newer[-1].id)} if newer else {})
    return f"/replays/new?{urlencode(given)}"
