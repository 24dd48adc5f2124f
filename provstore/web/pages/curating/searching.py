"""What a person searches for, as the form and the address say it; and what that means to the graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Final, NamedTuple

from flask import request

from provstore.errors import Invalid
from provstore.graph.model import Label, Node, NodeId
from provstore.graph.store import Condition, Filter, Find, Op, Order, Page, every
from provstore.graph.titles import NAMES
from provstore.queries.asking import Asker, Question, answer
from provstore.queries.conditions import Clause, Test, parse_values
from provstore.queries.names import meanings
from provstore.queries.obscore import Wanted
from provstore.queries.questions.entities import Asked as Checksums
from provstore.queries.questions.entities import entities
from provstore.queries.questions.obscore import SELECTION, Observed, wanted_of
from provstore.queries.search import Search, search
from provstore.web.pages.curating.rows import agent_called
from provstore.web.site import caller, site

__all__ = ["KINDS", "SORTS", "Asked", "Everything", "Kind", "everything", "newest", "of_hash", "read_asked", "the_one"]

_FOUND_MOST: Final = 20_000
_HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX: Final = re.compile("[0-9A-Fa-f]+", re.ASCII)
_SEVERAL: Final = 200
_PAGE: Final = 1_000
_OBSERVED: Final = Question(
    name="observed",
    text="Which ObsCore records are meant.",
    of=Observed,
    ask=lambda _store, _viewer, asked: wanted_of(asked),
    parameters=SELECTION,
)
SORTS: Final = {"-time": "newest first", "time": "oldest first", "name": "name", "size": "largest first"}


class Kind(NamedTuple):
    """A kind of thing to be looked for: how it is called, its class, and the narrower class ("" for none)."""

    words: str
    label: Label
    narrower: str = ""


KINDS: Final = {
    "product": Kind("Products", Label.ENTITY),
    "file": Kind("Files", Label.ENTITY, Label.DATASET),
    "collection": Kind("Collections", Label.ENTITY, Label.COLLECTION),
    "value": Kind("Values", Label.ENTITY, Label.VALUE),
    "job": Kind("Jobs", Label.ACTIVITY, Label.JOB),
    "activity": Kind("Activities", Label.ACTIVITY),
    "agent": Kind("People and software", Label.AGENT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the form, by the names of its fields."""

    q: str = ""
    kind: str = "product"
    service: str = ""
    run: str = ""
    agent: str = ""
    type: str = ""
    since: str = ""
    before: str = ""
    parameter: str = ""
    value: str = ""
    least: str = ""
    most: str = ""
    dataproduct_type: str = ""
    calib_level: str = ""
    ra: str = ""
    dec: str = ""
    radius: str = ""
    sort: str = "-time"

    def given(self) -> dict[str, str]:
        """Give what differs from an empty form, by field."""
        return {one.name: told for one in fields(self) if (told := getattr(self, one.name)) != one.default}

    def narrows(self) -> bool:
        """Tell whether anything is asked for but a kind and an order."""
        return bool(self.given().keys() - {"kind", "sort"})

    @property
    def of(self) -> Kind:
        """The kind of thing."""
        return KINDS[self.kind]


def read_asked() -> Asked:
    """Read the address; of an unknown kind or order the usual one is meant."""
    names = {one.name for one in fields(Asked)}
    told = {name: text.strip() for name, text in request.args.items() if name in names and text.strip()}
    for name, known in (("kind", KINDS), ("sort", SORTS)):
        if told.get(name) not in known:
            told.pop(name, None)
    return Asked(**told)


def the_one(text: str) -> Node | None:
    """Give the thing that an id, or a whole hash, names; None where that is none, or several."""
    if not text or any(one.isspace() for one in text):
        return None
    found = site().store.get(meanings(site().store, [text], caller().viewer)[text], caller().viewer)
    nodes = found or of_hash(text)
    return nodes[0] if len(nodes) == 1 else None


def of_hash(text: str) -> tuple[Node, ...]:
    """Give the things whose bytes have a checksum; none for what is no checksum."""
    algorithm = _HASHES.get(len(text)) if _HEX.fullmatch(text) else None
    if algorithm is None:
        return ()
    asked = Checksums(**{algorithm: (text,)}, limit=_SEVERAL)  # type: ignore[arg-type]  # one of its four sums
    return tuple(one.node for one in entities(site().store, caller().viewer, asked).items)


def newest(asked: Asked, *, limit: int, after: str | None) -> Page:
    """Give a page of all things of a kind, the newest first."""
    kind = asked.of
    time = "generated_at" if kind.label is Label.ENTITY else "created_at"
    label = Label(kind.narrower) if kind.narrower else kind.label
    question = Find(condition=Condition(label=label), order=Order(time, descending=True), limit=limit, after=after)
    return site().store.find(question, caller().viewer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All that was found; ``truncated``: there is more than is looked through."""

    nodes: tuple[Node, ...]
    truncated: bool
    restricted: bool


def everything(asked: Asked) -> Everything:
    """Find all things that are asked for: what is called so, and what has the text for its run id, type or place.

    Raises:
        Invalid: a condition can't be understood.
    """
    found: dict[NodeId, Node] = {node.id: node for node in of_hash(asked.q) if asked.of.label in node.labels}
    truncated = restricted = False
    if asked.given().keys() <= _TEXT:
        found |= _called_like(asked)
        truncated = len(found) >= _FOUND_MOST
    for wanted in _searches(asked):
        page = search(site().store, wanted, caller().viewer, limit=_FOUND_MOST)
        found |= {one.node.id: one.node for one in page.items if one.node.id not in found}
        truncated |= page.truncated
        restricted |= page.restricted
    kept = (node for node in found.values() if not _is_hidden(node))
    return Everything(nodes=tuple(islice(kept, _FOUND_MOST)), truncated=truncated, restricted=restricted)


_TEXT: Final = frozenset({"q", "kind", "sort"})
"""Where nothing else is asked for, the store itself looks into the names: a hundred times as fast as a search."""


def _called_like(asked: Asked) -> dict[NodeId, Node]:
    """Give the things of which a name holds every word of the text, in any of its usual spellings."""
    words = [one.strip("*") for one in asked.q.split() if one.strip("*")]
    found = (node for key in _CALLED for node in _holding(asked.of, key, words)) if words else ()
    return {node.id: node for node in islice(found, _FOUND_MOST)}


def _holding(of: Kind, key: str, words: Sequence[str]) -> Iterator[Node]:
    label = Label(of.narrower) if of.narrower else of.label
    for spelt in dict.fromkeys(zip(*map(_four_cases, words), strict=True)):
        filters = tuple(Filter(key, Op.CONTAINS, one) for one in spelt)
        condition = Condition(label=label, filters=filters)
        yield from every(site().store, Find(condition=condition, limit=_PAGE), caller().viewer)


_CALLED: Final = ("name", "local", *NAMES)
"""What holds a name: properties of our own things, attributes in documents."""


def _is_hidden(node: Node) -> bool:
    """Tell whether it is no thing of its own: annotations are shown with what they are about."""
    return Label.BUNDLE in node.labels and "annotates" in node.properties


def _cases(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_four_cases(text)))


def _four_cases(text: str) -> tuple[str, str, str, str]:
    return text, text.lower(), text.upper(), text.capitalize()


def _spellings(asked: Asked) -> Iterator[Sequence[Clause]]:
    """Give what a text may be beside what :func:`_called_like` finds: any of these will do."""
    text, label = asked.q, asked.of.label
    if not asked.given().keys() <= _TEXT:
        yield tuple(Clause(key="name", op=Op.CONTAINS, values=_cases(one)) for one in text.split() if one.strip("*"))
    for key in _EXACT.get(label, ()):
        yield (Clause(key=key, op=Op.EQ, values=_cases(text)),)


_EXACT: Final = {
    Label.ENTITY: ("content-type", "location", "target_name"),
    Label.ACTIVITY: ("run-id", "description"),
}
"""What else a text may be than a name."""


def _searches(asked: Asked) -> Iterator[Search]:
    """Give the searches of which any may find it: for each spelling of the text, and for whom, or by whom, it was."""
    spellings = list(_spellings(asked)) if asked.q else [()]
    for wanted in _narrowed(asked):
        for clauses in spellings:
            yield replace(wanted, test=replace(wanted.test, clauses=(*clauses, *wanted.test.clauses)))


def _narrowed(asked: Asked) -> Iterator[Search]:
    of, ran = asked.of, tuple(_of_activity(asked))
    clauses = [*_typed(of), *_times(asked)]
    clauses += [Clause(key="content-type", op=Op.EQ, values=(asked.type,))] if asked.type else []
    agent = (Clause(key="agent", op=Op.EQ, values=(agent_called(asked.agent),)),) if asked.agent else ()
    observed = _observed(asked)
    if of.label is not Label.ENTITY:
        yield Search(test=Test(label=of.label, clauses=(*clauses, *ran, *agent)), observed=observed)
        return
    for mine, makers in (((), (*ran, *agent)), (agent, ran)) if agent else (((), ran),):
        made = (Test(label=Label.ACTIVITY, clauses=makers),) if makers else ()
        test = Test(label=of.label, clauses=(*clauses, *mine))
        yield Search(test=test, generated_by=made, observed=observed)


def _typed(of: Kind) -> Iterator[Clause]:
    if of.narrower:
        yield Clause(key="type", op=Op.EQ, values=(of.narrower,))


def _times(asked: Asked) -> Iterator[Clause]:
    key = {Label.ENTITY: "generated", Label.ACTIVITY: "started"}.get(asked.of.label)
    for op, text in ((Op.GE, asked.since), (Op.LT, asked.before)):
        if text and key:
            yield Clause(key=key, op=op, values=(text,))


def _of_activity(asked: Asked) -> Iterator[Clause]:
    """Give what the activity must be: the one that is looked for, or that made it."""
    for key, text in (("description", asked.service), ("run-id", asked.run)):
        if text:
            yield Clause(key=key, op=Op.EQ, values=(text,))
    if asked.parameter:
        span = f"{asked.least or '*'}..{asked.most or '*'}" if asked.least or asked.most else ""
        if not (asked.value or span):
            words = f"parameter {asked.parameter!r}: its value, or a least or largest one, is needed, too"
            raise Invalid(words, field="parameter", value=asked.parameter)
        yield from parse_values("parameter", f"{asked.parameter}:{asked.value or span}")


def _observed(asked: Asked) -> Wanted:
    """Read what is asked of the ObsCore record, as the question ``obscore`` does."""
    given = {name: [text] for name in ("dataproduct_type", "calib_level") if (text := getattr(asked, name))}
    if asked.ra or asked.dec:
        given["position"] = [f"{asked.ra} {asked.dec} {asked.radius or '0'}"]
    found = answer(_OBSERVED, given, Asker(store=site().store, viewer=caller().viewer))
    return found if isinstance(found, Wanted) else Wanted()
