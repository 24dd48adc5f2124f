"""Search for people: products, jobs and people by name, id, hash, maker, type, parameter and place on the sky."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.graph.model import Label, Node, now
from provstore.graph.titles import title
from provstore.queries.answers import Found, page_of, time_of
from provstore.queries.facts import Facts
from provstore.queries.things import by_number, cut, text_in
from provstore.queries.told import with_told_of
from provstore.web.answers import see_other
from provstore.web.links import fact
from provstore.web.pages.curating.rows import Row, by_maker, named, rows_of
from provstore.web.pages.curating.searching import (
    KINDS,
    SORTS,
    Asked,
    Everything,
    everything,
    newest,
    read_asked,
    the_one,
)
from provstore.web.pages.rendering import page
from provstore.web.recognition import Recognised, recognise
from provstore.web.site import base_url, caller, site
from provstore.web.uploads import kept_body

__all__ = ["search_form", "searching"]

searching: Final = Blueprint("searching", __name__, template_folder="../../templates")

_ROWS: Final = 50
_COUNTED: Final = 1_000
"""So many of what was found are asked who made them, to count by service."""
_CHOICES: Final = 8
_AGES: Final = {"since yesterday": 1, "in a week": 7, "in a month": 30, "in a year": 365}
_NEVER: Final = 10**18
_ELSEWHERE: Final = ("product", "activity", "agent")


class Choice(NamedTuple):
    """A value by which what was found may be narrowed: how many have it, and the address that does so."""

    text: str
    many: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page of what was found. ``total`` is None where nothing was counted.

    ``counted``: among so many the services and persons are counted; None for all.
    """

    rows: Sequence[Row] = ()
    next: str | None = None
    total: int | None = None
    truncated: bool = False
    restricted: bool = False
    facets: Mapping[str, Sequence[Choice]] | None = None
    counted: int | None = None


@searching.get("/search")
def show_search() -> Answer:
    """GET /search?q=…: what is called so; an id or hash of one thing leads straight to it."""
    asked, after = read_asked(), request.args.get("after")
    if asked.given().keys() == {"q"} and (one := the_one(asked.q)) is not None:
        return see_other(base_url() + named(one).path)
    results = _found(asked, after) if asked.narrows() else _newest(asked, after)
    return _page(asked, results)


def search_form(wrong: str) -> Response:
    """Show the form again with what was wrong."""
    return _page(read_asked(), Results(), wrong=wrong)


@searching.post("/search")
def find_file() -> Answer:
    """POST /search: whose record a file is, by its bytes or by the provenance that it carries."""
    with kept_body() as (body, source, _):
        found = recognise(site().store, body, caller().viewer)
    if len(found.nodes) == 1:
        return see_other(base_url() + named(found.nodes[0]).path)
    results = Results(rows=rows_of(found.nodes), total=len(found.nodes))
    return _page(Asked(q=found.sha256), results, file=source.name or "the file", recognised=found)


def _page(
    asked: Asked, results: Results, *, wrong: str = "", file: str = "", recognised: Recognised | None = None
) -> Response:
    without = {name: _address(asked, {name: ""}) for name in asked.given().keys() - {"sort"}}
    return page(
        "curating/search.html",
        asked=asked,
        results=results,
        kinds=KINDS,
        sorts=SORTS,
        without=without,
        elsewhere=_elsewhere(asked) if asked.q and results.total == 0 and not file else (),
        following=_address(asked, {"after": results.next}) if results.next else "",
        is_later="after" in request.args,
        first=_address(asked, {}),
        file=file,
        recognised=recognised,
        known=[one.description.name for one in site().service.services(caller())],
        found_by=asked.q,
        wrong=wrong,
    )


def _address(asked: Asked, changes: Mapping[str, str | None]) -> str:
    told = {name: text for name, text in {**asked.given(), **changes}.items() if text}
    return f"{base_url()}/search?{urlencode(told)}"


def _newest(asked: Asked, after: str | None) -> Results:
    """Give the newest things of a kind, without counting any."""
    found = newest(asked, limit=_ROWS, after=after)
    shown = [node for node in found.items if "annotates" not in node.properties]
    return Results(rows=rows_of(shown), next=found.next)


def _found(asked: Asked, after: str | None) -> Results:
    found = everything(asked)
    nodes, following = _cut(asked, found, after)
    return Results(
        rows=rows_of(nodes),
        next=following,
        total=len(found.nodes),
        truncated=found.truncated,
        restricted=found.restricted,
        facets=_facets(asked, found.nodes),
        counted=_COUNTED if len(found.nodes) > _COUNTED else None,
    )


def _cut(asked: Asked, found: Everything, after: str | None) -> tuple[Sequence[Node], str | None]:
    """Cut a page out of all, in the order asked for."""
    if asked.sort in {"time", "-time"}:
        items = [Found(node=node) for node in found.nodes]
        some = page_of(items, limit=_ROWS, after=after, descending=asked.sort == "-time")
        return [one.node for one in some.items], some.next
    told = with_told_of(site().store, found.nodes, caller().viewer)
    nodes = [told.get(node.id, node) for node in found.nodes]
    return cut(nodes, _by_size if asked.sort == "size" else _by_name, limit=_ROWS, after=after)


def _by_name(node: Node) -> tuple[str, str]:
    return title(node).casefold(), node.id


def _by_size(node: Node) -> tuple[str, str]:
    size = fact(node, "size")
    return by_number(
        _NEVER - int(size) if size.isascii() and size.isdecimal() else _NEVER, f"{time_of(node)} {node.id}"
    )


def _facets(asked: Asked, nodes: Sequence[Node]) -> Mapping[str, Sequence[Choice]]:
    """Count what was found by kind, type, service, person and age."""
    classes = {name: kind.narrower for name, kind in KINDS.items() if kind.narrower and kind.label is asked.of.label}
    kinds = {name: sum(label in node.labels for node in nodes) for name, label in classes.items()}
    types = Counter(fact(node, "content_type") for node in nodes)
    ran = _ran(nodes[:_COUNTED], asked.of.label)
    services = Counter(text_in(node, "service") or title(node) for node in ran)
    people = Counter(site().accounts.name_of(text_in(node, "owner")) for node in ran)
    told = {
        "Kind": [
            Choice(KINDS[name].words, count, _address(asked, {"kind": name}))
            for name, count in kinds.items()
            if count and name != asked.kind
        ],
        "Type": _commonest(asked, "type", types),
        "Service": _commonest(asked, "service", services),
        "For": _commonest(asked, "agent", people),
        "Made": [] if asked.since or asked.before else list(_ages(asked, nodes)),
    }
    return {name: choices for name, choices in told.items() if choices}


def _commonest(asked: Asked, field: str, counts: Counter[str]) -> Sequence[Choice]:
    if getattr(asked, field):
        return ()
    return [Choice(text, many, _address(asked, {field: text})) for text, many in counts.most_common(_CHOICES) if text]


def _ages(asked: Asked, nodes: Sequence[Node]) -> Iterator[Choice]:
    """Count what is younger than some ages, as far as that tells one from another."""
    times, before = [time_of(node) for node in nodes], 0
    for words, days in _AGES.items():
        begin = (now() - timedelta(days=days)).date().isoformat()
        many = sum(one >= begin for one in times)
        if before < many < len(nodes):
            yield Choice(words, many, _address(asked, {"since": begin}))
        before = many


def _ran(nodes: Sequence[Node], label: Label) -> Sequence[Node]:
    """Give the activities of which the service and the person count: what was found itself, or what made it."""
    if label is Label.ACTIVITY:
        return nodes
    if label is not Label.ENTITY:
        return ()
    facts = Facts(site().store, nodes, caller().viewer)
    makers = (by_maker(facts.makers(node.id)) for node in nodes)
    return [tie.node for tie in makers if tie is not None]


def _elsewhere(asked: Asked) -> list[Choice]:
    """Look for the same text among other kinds of things, where there is nothing of the kind asked for."""
    others = [name for name in _ELSEWHERE if KINDS[name].label is not asked.of.label or asked.of.narrower]
    found = [(name, Asked(q=asked.q, kind=name)) for name in others]
    counted = [(name, other, len(everything(other).nodes)) for name, other in found]
    return [Choice(KINDS[name].words, count, _address(other, {})) for name, other, count in counted if count]
