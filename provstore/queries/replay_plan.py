"""The plan for a replay: which jobs are affected, which of them can run again, in which order and with what."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from provstore.errors import Invalid, NotFound
from provstore.graph.model import PROVSTORE, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, Walk, every
from provstore.graph.titles import title
from provstore.queries.replay import (
    LeftOut,
    Plan,
    PlannedInput,
    PlannedJob,
    PlannedOutput,
    Reason,
    Source,
    Wanted,
)
from provstore.queries.replay_reach import STUB, Reach, reach

__all__ = ["Candidate", "Judge", "Obstacle", "plan", "reason_gone"]

_AROUND: Final = (
    Step(Kind.USED, expand=False),
    Step(Kind.WAS_CONFIGURED_BY, expand=False),
    Step(Kind.WAS_GENERATED_BY, backwards=True, expand=False),
)
_EVERYTHING: Final = 1_000_000
_PAGE: Final = 1_000
_INPUT_NAME: Final = f"{PROVSTORE}input"
_WAITING: Final = frozenset({"PENDING", "QUEUED", "EXECUTING", "HELD", "SUSPENDED", "UNKNOWN"})
_OWN: Final = re.compile(r"[a-z]\d{4}", re.ASCII)
_ARCHIVED, _COMPLETED = "ARCHIVED", "COMPLETED"


class Obstacle(NamedTuple):
    """Why something can't be done: a word and a sentence."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An affected job that is over: with which revision it would run, and the values that it was given."""

    node: Node
    service: str
    revision: str
    values: Mapping[str, str]


Judge = Callable[[Candidate], Obstacle | None]
"""Says why a job may not, or can't, run again for reasons that are not in its provenance; None if it can."""


def plan(store: GraphStore, wanted: Wanted, viewer: Viewer, *, judge: Judge) -> Plan:
    """Make the plan for some replacements and new revisions.

    Raises:
        NotFound: what is replaced, its replacement, or a revision is not known (or may not be seen).
        Invalid: nothing is replaced, something twice, or by what is no entity or has no file any more.
        TooLarge: more is affected than can be planned at once.
    """
    _check(store, wanted, viewer)
    olds = [one.old for one in wanted.replacements]
    starts = [*olds, *_jobs_of_services(store, wanted, viewer)]
    affected = reach(store, starts, news=[one.new for one in wanted.replacements], viewer=viewer)
    return _Planning(store, wanted, affected, viewer).plan(judge)


def _check(store: GraphStore, wanted: Wanted, viewer: Viewer) -> None:
    if not wanted.replacements and not wanted.revisions:
        raise Invalid("nothing changes: give OLD=NEW to replace, or SERVICE@REVISION to run with", field="replace")
    olds = [one.old for one in wanted.replacements]
    twice = next((one for one in olds if olds.count(one) > 1), None)
    if twice is not None:
        raise Invalid(f"{twice} is to be replaced twice: once is right", field="replace", value=twice)
    ids = [one for pair in wanted.replacements for one in pair]
    known = {node.id: node for node in store.get(ids, viewer)}
    for old, new in wanted.replacements:
        _check_pair(known, old, new)
        gone = reason_gone(known[new], store.namespace)
        if gone:
            raise Invalid(f"{new} can't replace anything: {gone}", field="replace", value=new)
    for name in wanted.revisions:
        _check_revision(store, name)


def _check_pair(known: Mapping[NodeId, Node], old: NodeId, new: NodeId) -> None:
    for one in (old, new):
        if one not in known:
            raise NotFound(f"nothing is known of {one}", field="replace", value=one)
        if Label.ENTITY not in known[one].labels:
            raise Invalid(f"{one} is no entity: only what jobs use can be replaced", field="replace", value=one)
    if old == new:
        raise Invalid(f"{old} can't be replaced by itself", field="replace", value=old)


def _check_revision(store: GraphStore, name: str) -> None:
    service, _, number = name.partition("@")
    found: tuple[Node, ...] = ()
    if number.isascii() and number.isdecimal() and len(number) < 10:
        filters = (Filter("name", Op.EQ, service), Filter("revision", Op.EQ, int(number)))
        found = store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters), limit=1)).items
    if not found:
        raise NotFound(f"no description {name!r}: SERVICE@REVISION is needed", field="revision", value=name)


def _jobs_of_services(store: GraphStore, wanted: Wanted, viewer: Viewer) -> Iterator[NodeId]:
    """Find the jobs that ran, or are to run, with another revision than the one that is wanted."""
    for service, revision in wanted.by_service().items():
        filters = (Filter("service", Op.EQ, service), Filter("revision", Op.NE, revision))
        condition = Condition(label=Label.JOB, filters=filters)
        question = Find(condition=condition, order=Order("created_at"), limit=_PAGE, fields=("revision",))
        yield from (node.id for node in every(store, question, viewer))


def reason_gone(node: Node, namespace: str) -> str:
    """Say why a job can't use an entity, "" if it can; one of ours that never was a file is a mere name."""
    if not node.id.startswith(namespace):
        return "only a document tells of it, and nothing of it is stored here"
    if "invalidated_at" in node.properties:
        return "its file was removed"
    if Label.DATASET in node.labels and not node.properties.get("location"):
        return "it has no file here"
    return ""


def _text(node: Node, name: str) -> str:
    return str(node.properties.get(name) or "")


def _phase(job: Node) -> str:
    """Give the phase in which a job ended, though it be archived since."""
    phase = _text(job, "phase")
    if phase != _ARCHIVED:
        return phase
    history: list[list[str]] = json.loads(_text(job, "history") or "[]")
    return next((row[0] for row in reversed(history) if row[0] != _ARCHIVED), phase)


@dataclass(slots=True)
class _Facts:
    """What is known around a job: what it was given and what it made."""

    used: list[tuple[str, Node]] = field(default_factory=list)
    made: list[Node] = field(default_factory=list)
    files: list[Node] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


class _Planning:
    """One plan in the making: jobs that stand first are decided first."""

    def __init__(self, store: GraphStore, wanted: Wanted, affected: Reach, viewer: Viewer) -> None:
        self._namespace = store.namespace
        self._wanted = wanted
        self._affected = affected
        self._new = dict(wanted.replacements)
        self._revisions = wanted.by_service()
        self._jobs = {one: node for one, node in affected.activities.items() if Label.JOB in node.labels}
        self._facts = _facts(store, self._jobs, viewer)
        self._planned: dict[NodeId, PlannedJob] = {}

    def plan(self, judge: Judge) -> Plan:
        """Decide on every affected activity."""
        left = [self._foreign(node) for one, node in self._affected.activities.items() if one not in self._jobs]
        ordered, circle = self._in_order()
        for one in ordered:
            outcome = self._decide(self._jobs[one], judge)
            if isinstance(outcome, PlannedJob):
                self._planned[one] = outcome
            else:
                left.append(self._left(self._jobs[one], outcome))
        words = "it comes from its own products: an order in which to run can't be found"
        left += [self._left(self._jobs[one], Obstacle(Reason.CIRCLE, words)) for one in circle]
        jobs = sorted(self._planned.values(), key=lambda one: (one.level, self._born(one.job)))
        told = sorted(left, key=lambda one: (one.reason, one.activity))
        return Plan(wanted=self._wanted, jobs=tuple(jobs), left_out=tuple(told), restricted=self._affected.restricted)

    def _born(self, job: NodeId) -> tuple[str, str]:
        return str(self._jobs[job].properties.get("created_at")), job

    def _in_order(self) -> tuple[list[NodeId], list[NodeId]]:
        """Order the jobs so that each stands behind those whose products it used; give those without such a place."""
        before = {one: self._before(one) for one in self._jobs}
        after: defaultdict[NodeId, list[NodeId]] = defaultdict(list)
        for one, needed in before.items():
            for other in needed:
                after[other].append(one)
        open_needs = {one: len(needed) for one, needed in before.items()}
        ready = sorted((one for one, count in open_needs.items() if not count), key=self._born)
        for one in ready:  # it grows meanwhile
            for other in after[one]:
                open_needs[other] -= 1
                if not open_needs[other]:
                    ready.append(other)
        placed = set(ready)
        return ready, sorted(one for one in self._jobs if one not in placed)

    def _before(self, job: NodeId) -> set[NodeId]:
        made_by = self._affected.made_by
        makers = {made_by.get(node.id) for _, node in self._facts[job].used if node.id not in self._new}
        return {one for one in makers if one is not None and one in self._jobs and one != job}

    # --- one job

    def _decide(self, job: Node, judge: Judge) -> PlannedJob | Obstacle:
        service, ran = _text(job, "service"), _text(job, "revision")
        revision = self._revisions.get(service, ran)
        facts = self._facts[job.id]
        obstacle = self._of_the_past(job, facts)
        if obstacle is None:
            obstacle = judge(Candidate(node=job, service=service, revision=revision, values=facts.values))
        if obstacle is not None:
            return obstacle
        inputs = self._inputs(facts)
        if isinstance(inputs, Obstacle):
            return inputs
        if revision == ran and all(one.source is Source.KEPT for one in inputs):
            words = "none of its inputs changes: its script names what is replaced by itself"
            return Obstacle(Reason.UNREACHED, words)
        return PlannedJob(
            job=job.id,
            service=service,
            ran=ran,
            revision=revision,
            owner=_text(job, "owner"),
            level=1 + max((self._planned[NodeId(one.of)].level for one in inputs if one.of), default=0),
            inputs=inputs,
            outputs=tuple(
                PlannedOutput(_text(node, "name"), node.id, _text(node, "content_type")) for node in facts.made
            ),
        )

    def _of_the_past(self, job: Node, facts: _Facts) -> Obstacle | None:
        """Say why a job is not to run again for what became of it."""
        phase = _phase(job)
        if phase in _WAITING:
            return Obstacle(Reason.NOT_OVER, f"it is not over: its phase is {phase}")
        if phase != _COMPLETED:
            return Obstacle(Reason.FAILED, f"it made nothing to be replaced: it ended in {phase}")
        newest = next((one for node in facts.made if (one := self._affected.newest(node.id))), None)
        if newest is not None:
            return Obstacle(Reason.SUPERSEDED, f"its products have newer versions already, such as {newest}")
        gone = next((node for node in facts.files if not node.properties.get("location")), None)
        if gone is not None:
            return Obstacle(Reason.GONE, f"the file of its configuration {title(gone)} was removed")
        return None

    def _inputs(self, facts: _Facts) -> tuple[PlannedInput, ...] | Obstacle:
        found: list[PlannedInput] = []
        for name, node in facts.used:
            one = self._input(name, node)
            if isinstance(one, Obstacle):
                return one
            found.append(one)
        return tuple(found)

    def _input(self, name: str, node: Node) -> PlannedInput | Obstacle:
        kept = PlannedInput(name=name, old=node.id, source=Source.KEPT, new=node.id)
        if node.id in self._new:
            return replace(kept, source=Source.REPLACED, new=self._new[node.id])
        if node.id in self._affected.entities:
            return self._product(kept, node)
        if node.id.startswith(STUB):
            return Obstacle(Reason.HIDDEN, f"it used something as {name} that you may not see")
        gone = reason_gone(node, self._namespace)
        return Obstacle(Reason.GONE, f"its input {name} can't be used: {gone} ({node.id})") if gone else kept

    def _product(self, kept: PlannedInput, node: Node) -> PlannedInput | Obstacle:
        """Find which planned job will have made an input, or why none will."""
        maker = self._affected.made_by.get(node.id)
        result = _text(node, "name")
        if maker in self._planned:
            if node.id in {one.old for one in self._planned[maker].outputs}:
                return replace(kept, source=Source.PRODUCT, new="", of=maker, result=result)
            words = f"its input {kept.name} ({node.id}) is no result of the job that made it"
            return Obstacle(Reason.UNREACHED, f"{words}: give a replacement for it")
        newest = self._affected.newest(node.id)
        if newest is not None:
            return replace(kept, source=Source.REVISED, new=newest)
        if maker in self._jobs:
            return Obstacle(Reason.DEPENDS, f"its input {kept.name} is made by {maker}, which does not run again")
        by = f"by {maker}, which can't run here" if maker else "by nothing that is known"
        words = f"its input {kept.name} ({node.id}) is affected, and made {by}"
        return Obstacle(Reason.UNREACHED, f"{words}: give a replacement for it")

    # --- what is left out

    @staticmethod
    def _foreign(node: Node) -> LeftOut:
        reason, text = Reason.NOT_OURS, "it is no job of this server: a document tells of it"
        if node.id.startswith(STUB):
            reason, text = Reason.HIDDEN, "you may not see it"
        return LeftOut(activity=node.id, label=title(node), reason=reason, text=text)

    @staticmethod
    def _left(node: Node, why: Obstacle) -> LeftOut:
        return LeftOut(activity=node.id, label=title(node), reason=why.reason, text=why.text)


def _facts(store: GraphStore, jobs: Mapping[NodeId, Node], viewer: Viewer) -> Mapping[NodeId, _Facts]:
    """Read what all jobs used, were configured by and made, in one walk."""
    found: dict[NodeId, _Facts] = {one: _Facts() for one in jobs}
    if not jobs:
        return found
    answer = store.walk(Walk(starts=tuple(jobs), steps=_AROUND, depth=1, limit=_EVERYTHING), viewer)
    nodes = {one.node.id: one.node for one in answer.reached}
    for edge in sorted(answer.edges, key=lambda one: one.key):
        job = edge.target if edge.kind is Kind.WAS_GENERATED_BY else edge.source
        if job in found:
            _add(found[job], edge, nodes, family=_family(edge, job, store.namespace))
    return found


def _family(edge: Relation, job: NodeId, namespace: str) -> str:
    """Tell which family of a job's own relations one belongs to; "" for what its script told, or documents."""
    local, _, rest = edge.key.rpartition(".")
    ours = edge.bundle is None and local == job.removeprefix(namespace) and _OWN.fullmatch(rest)
    return rest[0] if ours else ""


def _add(facts: _Facts, edge: Relation, nodes: Mapping[NodeId, Node], *, family: str) -> None:
    """Sort a relation in; its key's family is that of `provstore.uws.creation`."""
    if family == "u":
        facts.used.append((_name_of(edge), nodes[edge.target]))
    elif family == "g":
        facts.made.append(nodes[edge.source])
    elif family == "f":
        facts.files.append(nodes[edge.target])
    elif family == "c" and nodes[edge.target].properties.get("given") is not False:
        facts.values[_text(nodes[edge.target], "name")] = _text(nodes[edge.target], "value")


def _name_of(edge: Relation) -> str:
    """Give the name of the input in the job's description; its role where none is written."""
    return next((one.lexical for one in edge.attributes if one.key == _INPUT_NAME), edge.role or "")
