"""Entities by what one has in hand: a checksum of any kind, a place, a name, a content type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import PROV, PROVSTORE, Label, Node, NodeId, Viewer
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.graph.titles import NAMES
from provstore.queries.answers import Found, Listing, page_of
from provstore.queries.asking import Asker, Parameter, Question, number, one, texts
from provstore.queries.names import keys
from provstore.queries.told import with_told_of

__all__ = ["ALGORITHMS", "QUESTION", "Asked", "entities"]

ALGORITHMS: Final = ("sha256", "sha512", "sha1", "md5", "adler32", "crc32")
_LIMIT: Final = 100
_FOUND_MOST: Final = 20_000
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`; several values of one mean any of them, several parameters all."""

    sha256: tuple[str, ...] = ()
    sha512: tuple[str, ...] = ()
    sha1: tuple[str, ...] = ()
    md5: tuple[str, ...] = ()
    adler32: tuple[str, ...] = ()
    crc32: tuple[str, ...] = ()
    checksum: tuple[str, ...] = ()
    location: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    content_type: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    limit: int = _LIMIT
    after: str | None = None


def entities(store: GraphStore, viewer: Viewer, asked: Asked) -> Listing:
    """Find entities.

    Raises:
        Invalid: nothing is given to find them by, or a checksum has no algorithm.
    """
    wanted = _wanted(asked)
    if not wanted and asked.content_type:
        return _of_type(store, viewer, asked)
    if not wanted:
        raise Invalid(
            f"one of {', '.join(ALGORITHMS)}, checksum, location, name or content-type is needed", field="sha256"
        )
    found: dict[NodeId, Node] | None = None
    truncated = False
    for names, values in wanted:
        some = {node.id: node for node in islice(_having(store, viewer, names, values), _FOUND_MOST)}
        truncated |= len(some) == _FOUND_MOST
        found = some if found is None else {each: node for each, node in found.items() if each in some}
    nodes = {**(found or {}), **with_told_of(store, tuple((found or {}).values()), viewer)}
    kept = [node for node in nodes.values() if _is_of(node, asked.content_type)]
    items = [Found(node=node, attributes="attributes" in asked.fields) for node in kept]
    page = page_of(items, limit=asked.limit, after=asked.after)
    return Listing(items=page.items, next=page.next, truncated=truncated)


def _of_type(store: GraphStore, viewer: Viewer, asked: Asked) -> Listing:
    condition = Condition(label=Label.ENTITY, filters=(Filter("content_type", Op.IN, asked.content_type),))
    order = Order("generated_at")
    page = store.find(Find(condition=condition, order=order, limit=asked.limit, after=asked.after), viewer)
    items = tuple(Found(node=node, attributes="attributes" in asked.fields) for node in page.items)
    return Listing(items=items, next=page.next)


def _wanted(asked: Asked) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Give names of properties and local names of attributes, each with the values of which one must be there."""
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    found += [((name,), _cases(getattr(asked, name))) for name in ALGORITHMS if getattr(asked, name)]
    for given in asked.checksum:
        algorithm, colon, value = given.partition(":")
        if not (colon and algorithm and value):
            right = "algorithm:value, such as md5:0123..., is needed"
            raise Invalid(f"checksum={given!r}: {right}", field="checksum", value=given)
        found.append(((algorithm.lower().replace("-", ""), algorithm), _cases((value,))))
    found += [(("location", f"{PROV}location"), asked.location)] if asked.location else []
    found += [(("name", "local", *NAMES), asked.name)] if asked.name else []
    return found


def _cases(values: Iterable[str]) -> tuple[str, ...]:
    """Give hexadecimal digits in either case."""
    return tuple(dict.fromkeys(form for each in values for form in (each, each.lower(), each.upper())))


def _having(store: GraphStore, viewer: Viewer, names: Iterable[str], values: tuple[str, ...]) -> Iterator[Node]:
    """Give entities with one of the values: under properties that have an index, and under keys of attributes."""
    plain = [name for name in dict.fromkeys(names) if name in _INDEXED]
    told = [key for name in names if name not in _OWN for key in (name, f"{PROVSTORE}{name}") if ":" in key]
    told += [key for name in names if name not in _OWN and ":" not in name for key in keys(store, name, viewer)]
    for name in dict.fromkeys((*plain, *told)):
        condition = Condition(label=Label.ENTITY, filters=(Filter(name, Op.IN, values),))
        yield from every(store, Find(condition=condition, limit=_PAGE), viewer)


_OWN: Final = frozenset({"name", "local", "location"})
"""Properties of our own nodes of which documents tell under other names."""
_INDEXED: Final = _OWN | {"sha256"}


def _is_of(node: Node, content_types: Iterable[str]) -> bool:
    wanted = {each.partition(";")[0].strip().lower() for each in content_types}
    if not wanted:
        return True
    told = [each.lexical for each in node.attributes if each.key.lower().endswith(("format", "content_type"))]
    have = {each.partition(";")[0].strip().lower() for each in (str(node.properties.get("content_type", "")), *told)}
    return not wanted.isdisjoint(have)


def _whole(_: Asker, __: str, given: Sequence[str]) -> tuple[str, ...]:
    """Read texts as they are: there are commas in the names of files."""
    return tuple(given)


QUESTION: Final = Question(
    name="entities",
    text="Entities by a checksum of any kind, a place, a name; by time, then by id.",
    of=Asked,
    ask=entities,
    parameters=(
        *(Parameter(name, texts, f"with this {name} of their bytes", many=True) for name in ALGORITHMS),
        Parameter("checksum", texts, "with another checksum: algorithm:value", many=True),
        Parameter("location", _whole, "at this place", many=True),
        Parameter("name", texts, "of this name, or the last part of their id", many=True),
        Parameter(
            "content-type", texts, "only of this content type; alone, all of it in the order of generation", many=True
        ),
        Parameter("fields", texts, "attributes: tell them, too", many=True),
        Parameter("limit", number(1), f"at most so many on a page [{_LIMIT}]"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
