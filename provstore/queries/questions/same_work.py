"""Has this been done before: jobs with equal inputs, parameters and description, whose results can be offered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Kind, Label, Node, NodeId, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Hop, Op, Order, every
from provstore.graph.titles import called, title
from provstore.queries.asking import Asker, Parameter, Question, flag, many_ids, number, one, one_id
from provstore.queries.facts import Facts, neighbours, revisions_of
from provstore.queries.things import cut, instant_in, text_in

__all__ = ["QUESTION", "Asked", "Done", "Product", "SameWork", "same_work"]

_LIMIT: Final = 100
_BATCH: Final = 500
_LOOKED_AT_MOST: Final = 20_000
_GOOD: Final = "COMPLETED"
_USERS: Final = (Step(Kind.USED, backwards=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A result that can be offered, or could until it was invalidated."""

    id: NodeId
    label: str
    role: str
    content_type: str
    sha256: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A job that did the same work; ``offered``: it is COMPLETED and all its results are still there."""

    id: NodeId
    label: str
    phase: str
    revision: str
    created_at: datetime | None
    offered: bool
    results: tuple[Product, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SameWork:
    """A page of jobs, by time, then by id."""

    items: tuple[Done, ...]
    next: str | None
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`: a job, or what a job would be made of."""

    id: NodeId | None = None
    description: str = ""
    parameter: tuple[tuple[str, str], ...] = ()
    input: tuple[NodeId, ...] = ()
    all: bool = False
    limit: int = _LIMIT
    after: str | None = None


class _Input(NamedTuple):
    role: str
    content: str


class _Work(NamedTuple):
    """What a job is made of: by the meaning of its inputs, and the texts of its parameters."""

    descriptions: frozenset[str]
    parameters: Mapping[str, str]
    inputs: tuple[_Input, ...]


_Fits = Callable[[Facts, NodeId], bool]


def same_work(store: GraphStore, viewer: Viewer, asked: Asked) -> SameWork:
    """Find jobs that did the same as a job, or as one that is thought of.

    Raises:
        Invalid: neither a job nor a description is given.
        NotFound: the job, or an input, is not known (or may not be seen).
    """
    if asked.id is not None:
        candidates, fits = _like_job(store, viewer, asked.id)
    elif asked.description:
        candidates, fits = _like_thought(store, viewer, asked)
    else:
        raise Invalid("id (a job), or description with parameter and input, is needed", field="id")
    found: list[Done] = []
    looked_at = 0
    while batch := list(islice(candidates, _BATCH)):
        looked_at += len(batch)
        facts = Facts(store, [node for node in batch if node.id != asked.id], viewer)
        found += [_done(facts, node) for one, node in facts.nodes.items() if fits(facts, one)]
        if looked_at >= _LOOKED_AT_MOST:
            break
    offered = [done for done in found if done.offered or asked.all]
    page = cut(offered, _key, limit=asked.limit, after=asked.after)
    return SameWork(items=page.items, next=page.next, truncated=next(candidates, None) is not None)


def _like_job(store: GraphStore, viewer: Viewer, job: NodeId) -> tuple[Iterator[Node], _Fits]:
    nodes = store.get([job], viewer)
    if not nodes or Label.ACTIVITY not in nodes[0].labels:
        raise NotFound(f"no job or other activity {job}", field="id", value=job)
    facts = Facts(store, nodes, viewer)
    work = _work(facts, job)
    inputs = [tie.node for tie in facts.used(job)]
    described = facts.descriptions(job)
    candidates = _candidates(store, viewer, inputs, described, work.parameters)
    return candidates, lambda others, other: _work(others, other) == work


def _like_thought(store: GraphStore, viewer: Viewer, asked: Asked) -> tuple[Iterator[Node], _Fits]:
    """Look for jobs whose other parameters were not given: they had their defaults."""
    inputs = store.get(asked.input, viewer)
    missing = next((each for each in asked.input if each not in {node.id for node in inputs}), None)
    if missing is not None:
        raise NotFound(f"nothing is known of {missing}", field="input", value=missing)
    wanted = dict(asked.parameter)
    contents = sorted(map(_content, inputs))
    candidates = _candidates(store, viewer, inputs, _described(store, viewer, asked.description), wanted)

    def fits(facts: Facts, job: NodeId) -> bool:
        have = {named.name: named for named in facts.parameters(job)}
        names = {name for each in facts.descriptions(job) for name in _names(each)}
        return (
            asked.description in names
            and sorted(_content(tie.node) for tie in facts.used(job)) == contents
            and all(name in have and text_in(have[name].node, "value") == value for name, value in wanted.items())
            and all(name in wanted or named.node.properties.get("given") is not True for name, named in have.items())
        )

    return candidates, fits


def _candidates(
    store: GraphStore,
    viewer: Viewer,
    inputs: Sequence[Node],
    described: Sequence[Node],
    parameters: Mapping[str, str],
) -> Iterator[Node]:
    """Begin where fewest are: with who used the same, else with the jobs of the service."""
    if inputs:
        return _users(store, viewer, inputs[0])
    names = tuple(dict.fromkeys(called(each) for each in described if called(each)))
    filters = (Filter("service", Op.IN, names),)
    hop = None
    if parameters:
        name, value = max(parameters.items(), key=lambda each: len(each[1]))
        own = (Filter("name", Op.EQ, name), Filter("value", Op.EQ, value))
        hop = Hop(step=Step(Kind.WAS_CONFIGURED_BY), condition=Condition(label=Label.PARAMETER, filters=own))
    condition = Condition(label=Label.JOB, filters=filters)
    return every(store, Find(condition=condition, hop=hop, order=Order("created_at"), limit=_BATCH), viewer)


def _users(store: GraphStore, viewer: Viewer, thing: Node) -> Iterator[Node]:
    """Give the activities that used a thing, or one of equal bytes."""
    same: Collection[NodeId] = {thing.id}
    if sha256 := text_in(thing, "sha256"):
        condition = Condition(label=Label.ENTITY, filters=(Filter("sha256", Op.EQ, sha256),))
        same = {thing.id, *(node.id for node in every(store, Find(condition=condition, limit=_BATCH), viewer))}
    ties = neighbours(store, same, _USERS, viewer)
    return iter({tie.node.id: tie.node for around in ties.values() for tie in around}.values())


def _described(store: GraphStore, viewer: Viewer, name: str) -> Sequence[Node]:
    plain = name.rpartition("@")[0] or name
    condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=(Filter("name", Op.EQ, plain),))
    return store.find(Find(condition=condition), viewer).items


def _names(description: Node) -> Iterator[str]:
    yield from (description.id, called(description))
    yield from (f"{called(description)}@{each}" for each in revisions_of(description))


def _work(facts: Facts, job: NodeId) -> _Work:
    return _Work(
        frozenset(each.id for each in facts.descriptions(job)) or frozenset({title(facts.nodes[job])}),
        {named.name: "; ".join(map(str, named.values)) for named in facts.parameters(job)},
        tuple(sorted(_Input(tie.relation.role or "", _content(tie.node)) for tie in facts.used(job))),
    )


def _content(thing: Node) -> str:
    return text_in(thing, "sha256") or thing.id


def _done(facts: Facts, job: Node) -> Done:
    products = tuple(
        Product(
            id=tie.node.id,
            label=title(tie.node),
            role=tie.relation.role or "",
            content_type=text_in(tie.node, "content_type"),
            sha256=text_in(tie.node, "sha256"),
            current="invalidated_at" not in tie.node.properties,
        )
        for tie in sorted(facts.made(job.id), key=lambda each: each.node.id)
    )
    phase = text_in(job, "phase")
    return Done(
        id=job.id,
        label=title(job),
        phase=phase,
        revision=text_in(job, "revision"),
        created_at=instant_in(job, "created_at") or instant_in(job, "started_at"),
        offered=phase in ("", _GOOD) and bool(products) and all(each.current for each in products),
        results=products,
    )


def _key(done: Done) -> tuple[str, str]:
    return str(done.created_at or ""), done.id


def _parameters(_: Asker, name: str, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read ``name:value``."""
    pairs = [text.partition(":") for text in given]
    wrong = next((text for text, pair in zip(given, pairs, strict=True) if not (pair[0] and pair[1])), None)
    if wrong is not None:
        raise Invalid(f"{name}={wrong!r}: name:value is needed", field=name, value=wrong)
    return tuple((pair[0].strip(), pair[2]) for pair in pairs)


QUESTION: Final = Question(
    name="same-work",
    text="Jobs that did the same: equal inputs (by content), parameters and revision of the description.",
    of=Asked,
    ask=same_work,
    parameters=(
        Parameter("id", one_id, "a job: others like it"),
        Parameter("description", one, "or a description (name@revision) of which a job would be made"),
        Parameter("parameter", _parameters, "its parameters as name:value; the others have their defaults", many=True),
        Parameter("input", many_ids, "its inputs", many=True),
        Parameter("all", flag, "also jobs that failed, or whose results are gone", default="false"),
        Parameter("limit", number(1), f"at most so many on a page [{_LIMIT}]"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
