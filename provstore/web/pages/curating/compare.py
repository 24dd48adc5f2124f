"""Two jobs, or two products, side by side: what differs, and where that is wanted also what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from flask import Blueprint, Response, request

from provstore.graph.model import Label, Node, NodeId
from provstore.queries.differences import Difference, Status, StepDifference, ThingDifference, differences
from provstore.queries.runs import Given, Run, RunStep, read_run
from provstore.queries.things import duration_of, text_in
from provstore.uws.publishing.differences import script_diff
from provstore.web.jdl.revisions import known_services
from provstore.web.pages.curating.product import asked_node
from provstore.web.pages.curating.rows import Named, Row, named, rows_of
from provstore.web.pages.highlighting import DiffLine, script_lines, scripts_compared
from provstore.web.pages.previews import picture_address
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["comparing", "comparison_form"]

comparing: Final = Blueprint("comparing", __name__, template_folder="../../templates")

_LIMIT: Final = 10_000
_SIDES: Final = ("a", "b")
_PICTURED: Final = 8
_OF_A_JOB, _OF_A_PRODUCT = 1, 2
"""So many relations lead from a job to what it used, from a product to what its job used."""
_ALIGNED: Final = frozenset({Status.SAME, Status.CHANGED})


class Side(NamedTuple):
    """One of the two: itself, what made it, and how long that took in words of the page."""

    row: Row
    node: Node
    took: object


class Together(NamedTuple):
    """Two steps that are set side by side; ``kind`` is "" where they did not do the same."""

    kind: str
    a: RunStep
    b: RunStep


class Line(NamedTuple):
    """A value of two steps that stand for each other; ``differs`` is False for what they share."""

    step: str
    name: str
    a: Given | None
    b: Given | None
    differs: bool


class Pair(NamedTuple):
    """A thing that a step used or made on both sides, or on one; ``pictures``: addresses of both, or none."""

    told: ThingDifference
    a: Named | None
    b: Named | None
    pictures: Sequence[str] = ()


class Script(NamedTuple):
    """Two revisions of one description that ran, and where their scripts differ."""

    service: str
    a: str
    b: str
    lines: Sequence[DiffLine]


@comparing.get("/compare")
def show_comparison() -> Response:
    """GET /compare?a=…&b=…: what differs; ``all``: also what does not; ``whole``: also in all that led to them."""
    ids = _ids()
    if not all(ids):
        return comparison_form("")
    nodes = [asked_node(name) for name in _SIDES]
    whole, everything = "whole" in request.args, "all" in request.args
    runs = [_run(node, whole=whole) for node in nodes]
    found = differences(*runs)
    told = _nodes(found)
    links = {one: named(node) for one, node in told.items()}
    pairs = _together(found, runs, nodes)
    return page(
        "curating/compare.html",
        ids=ids,
        found=found,
        are_alike=all(one.kind for one in pairs),
        whole=whole,
        everything=everything,
        sides=_sides(nodes),
        parameters=list(_lines(pairs, _parameters, everything=everything)),
        environment=list(_lines(pairs, _environment, everything=everything)),
        agents=list(_lines(pairs, _agents, everything=everything)),
        inputs=_pairs(found.inputs, links, everything=everything),
        outputs=_pictured(_pairs(found.outputs, links, everything=everything), told),
        steps=[one for one in found.activities if everything or one.status is not Status.SAME],
        links=links,
        scripts=list(_scripts(found.activities, links)),
    )


def comparison_form(wrong: str) -> Response:
    """Show the form that asks for the two; after a refusal with what was wrong."""
    ids = _ids()
    return page("curating/compare.html", ids=ids, found=None, wrong=wrong)


def _ids() -> list[str]:
    return [request.args.get(name, "").strip() for name in _SIDES]


def _run(node: Node, *, whole: bool) -> Run:
    depth = _OF_A_JOB if Label.ACTIVITY in node.labels else _OF_A_PRODUCT
    return read_run(site().store, node.id, caller().viewer, depth=None if whole else depth, limit=_LIMIT)


def _sides(nodes: Sequence[Node]) -> Sequence[Side]:
    rows = rows_of(nodes)
    return [Side(row, node, duration_of(node)) for row, node in zip(rows, nodes, strict=True)]


def _nodes(found: Difference) -> Mapping[NodeId, Node]:
    """Give everything that the comparison names, as far as it may be seen."""
    told: list[StepDifference | ThingDifference] = [*found.activities, *found.inputs, *found.outputs]
    ids = dict.fromkeys(mark.id for one in told for mark in (one.a, one.b) if mark is not None)
    return {node.id: node for node in site().store.get(list(ids), caller().viewer)}


def _pictured(pairs: Sequence[Pair], nodes: Mapping[NodeId, Node]) -> Sequence[Pair]:
    """Put pictures beside the first pairs whose bytes differ, where both have one."""
    some = [one for one in pairs if one.told.status is Status.CHANGED][:_PICTURED]
    return [one._replace(pictures=_pictures(one.told, nodes)) if one in some else one for one in pairs]


def _pictures(told: ThingDifference, nodes: Mapping[NodeId, Node]) -> Sequence[str]:
    sides = [nodes[one.id] for one in (told.a, told.b) if one is not None and one.id in nodes]
    pictures = [picture_address(node) for node in sides]
    return pictures if len(pictures) == len(_SIDES) and all(pictures) else ()


def _pairs(told: Sequence[ThingDifference], links: Mapping[NodeId, Named], *, everything: bool) -> Sequence[Pair]:
    shown = [one for one in told if everything or one.status is not Status.SAME]
    return [Pair(one, links.get(one.a.id) if one.a else None, links.get(one.b.id) if one.b else None) for one in shown]


Values = Callable[[RunStep], Mapping[str, Given]]


def _parameters(step: RunStep) -> Mapping[str, Given]:
    return step.parameters


def _environment(step: RunStep) -> Mapping[str, Given]:
    return {name: Given(value) for name, value in step.environment.items()}


def _agents(step: RunStep) -> Mapping[str, Given]:
    roles: dict[str, list[str]] = {}
    for role, name in step.agents:
        roles.setdefault(role, []).append(name)
    return {role: Given(", ".join(sorted(names))) for role, names in roles.items()}


def _together(found: Difference, runs: Sequence[Run], nodes: Sequence[Node]) -> Sequence[Together]:
    """Give the steps that stand for each other, and the two jobs themselves, however little they have in common."""
    a, b = (run.steps for run in runs)
    aligned = [one for one in found.activities if one.status in _ALIGNED]
    pairs = [Together(one.kind, a[one.a.id], b[one.b.id]) for one in aligned if one.a and one.b]
    first, second = (run.steps.get(node.id) for run, node in zip(runs, nodes, strict=True))
    if first is None or second is None or any(one.a is first or one.b is second for one in pairs):
        return pairs
    return [Together("", first, second), *pairs]


def _lines(pairs: Sequence[Together], values: Values, *, everything: bool) -> Iterator[Line]:
    """Give the values of steps that are set side by side, those that differ or all."""
    for one in pairs:
        mine, theirs = values(one.a), values(one.b)
        for name in sorted({*mine, *theirs}):
            left, right = mine.get(name), theirs.get(name)
            differs = left is None or left.differs(right)
            if differs or everything:
                yield Line(one.kind, name, left, right, differs)


def _scripts(steps: Sequence[StepDifference], links: Mapping[NodeId, Named]) -> Iterator[Script]:
    """Compare the scripts of steps that ran with two revisions of one service of which the caller may know."""
    changed = [one for one in steps if one.status is Status.CHANGED and one.a and one.b]
    ids = [mark.id for one in changed for mark in (one.a, one.b) if mark and mark.id in links]
    revisions = {node.id: text_in(node, "revision") for node in site().store.get(ids, caller().viewer)}
    known = known_services()
    told = {(revisions.get(one.a.id, ""), revisions.get(one.b.id, "")) for one in changed if one.a and one.b}
    for a, b in sorted(told):
        service = a.partition("@")[0]
        if a != b and service == b.partition("@")[0] and service in known:
            yield _script(service, a, b)


def _script(service: str, a: str, b: str) -> Script:
    old, new = (site().service.catalog.revision(name).description for name in (a, b))
    lines = scripts_compared(
        script_diff(old.script, new.script),
        old=script_lines(old.script, old.script_language),
        new=script_lines(new.script, new.script_language),
    )
    return Script(service, a.partition("@")[2], b.partition("@")[2], lines)
