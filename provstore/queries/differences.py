"""What differs between two runs whose steps are aligned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import Label, NodeId
from provstore.graph.titles import title
from provstore.queries.aligning import align
from provstore.queries.runs import Given, Run, RunStep, Slot, Stuff

__all__ = ["Difference", "Status", "Summary", "differences"]


class Status(StrEnum):
    """How something in one run relates to its like in the other."""

    SAME = "same"
    CHANGED = "changed"
    REPLACED = "replaced"
    ONLY_A = "only in a"
    ONLY_B = "only in b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A step or a thing of one run; ``version`` of steps, ``sha256`` of things."""

    id: NodeId
    label: str
    version: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDifference:
    """A step of either run or of both; ``kind`` is what its description is called."""

    status: Status
    kind: str
    a: Mark | None
    b: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueDifference:
    """A value that two aligned steps don't share: a parameter, part of the environment, or an agent in a role.

    ``a`` and ``b`` are None where a run has none; ``a_given``, ``b_given``: whether somebody gave it, else the default.
    """

    activity: str
    a_activity: NodeId
    b_activity: NodeId
    name: str
    a: str | None
    b: str | None
    a_given: bool | None = None
    b_given: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingDifference:
    """What a step used or made in a role, in either run or in both; ``differs`` names what else is said differently."""

    status: Status
    activity: str
    role: str
    a: Mark | None
    b: Mark | None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeDifference:
    """How long two aligned steps took, in seconds; no difference by itself."""

    activity: str
    a: timedelta | None
    b: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of differences; ``identical``: nothing but ids and times differs."""

    identical: bool
    activities: Mapping[Status, int]
    parameters: int
    inputs: Mapping[Status, int]
    outputs: Mapping[Status, int]
    environment: int
    agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that differs between two runs, and what of each stands for what of the other."""

    a: NodeId
    b: NodeId
    activities: tuple[StepDifference, ...]
    parameters: tuple[ValueDifference, ...]
    inputs: tuple[ThingDifference, ...]
    outputs: tuple[ThingDifference, ...]
    environment: tuple[ValueDifference, ...]
    agents: tuple[ValueDifference, ...]
    times: tuple[TimeDifference, ...]
    summary: Summary
    restricted: bool


class _Both(NamedTuple):
    """A step of each run, aligned; None where a run has none."""

    a: RunStep | None
    b: RunStep | None

    @property
    def kind(self) -> str:
        """What the step is called; where it was replaced, both."""
        kinds = dict.fromkeys(one.kind or title(one.node) for one in self if one is not None)
        return " / ".join(kinds)


_NOTHING: Final[Mapping[str, str]] = {}


def differences(a: Run, b: Run) -> Difference:
    """Compare two runs; seen from the other side everything is mirrored."""
    aligned = align(a, b)
    together = [_Both(a.steps[one], b.steps[other]) for one, other in aligned.pairs]
    alone = [
        *(_Both(a.steps[one], None) for one in aligned.only_a),
        *(_Both(None, b.steps[one]) for one in aligned.only_b),
    ]
    stood_in = [_Both(a.steps[one], b.steps[other]) for one, other in aligned.replaced]
    every = (*together, *stood_in, *alone)
    steps = tuple(_steps(together, stood_in, alone))
    parameters = tuple(one for both in together for one in _parameters(both))
    environment = tuple(one for both in together for one in _environment(both))
    agents = tuple(one for both in together for one in _agents(both))
    loose = (_thing("", "", *pair) for pair in _paired(_loose(a), _loose(b)))
    inputs = (*_things(a, b, every, of="used"), *loose)
    outputs = (*_things(a, b, every, of="made"), *_asked(a, b))
    statuses = {*(one.status for one in steps), *(one.status for one in (*inputs, *outputs))}
    is_same = statuses <= {Status.SAME} and not (parameters or environment or agents)
    return Difference(
        a=a.start.id,
        b=b.start.id,
        activities=steps,
        parameters=parameters,
        inputs=inputs,
        outputs=outputs,
        environment=environment,
        agents=agents,
        times=tuple(_times(together)),
        summary=Summary(
            identical=is_same,
            activities=_counts(steps),
            parameters=len(parameters),
            inputs=_counts(inputs),
            outputs=_counts(outputs),
            environment=len(environment),
            agents=len(agents),
        ),
        restricted=a.restricted or b.restricted,
    )


def _counts(found: Iterable[StepDifference | ThingDifference]) -> Mapping[Status, int]:
    counts = dict.fromkeys(Status, 0)
    for one in found:
        counts[one.status] += 1
    return counts


def _steps(together: Iterable[_Both], stood_in: Iterable[_Both], alone: Iterable[_Both]) -> Iterator[StepDifference]:
    for both in together:
        same = both.a is not None and both.b is not None and both.a.version == both.b.version
        yield _step(both, Status.SAME if same else Status.CHANGED)
    for both in stood_in:
        yield _step(both, Status.REPLACED)
    for both in alone:
        yield _step(both, Status.ONLY_B if both.a is None else Status.ONLY_A)


def _step(both: _Both, status: Status) -> StepDifference:
    marks = [None if one is None else Mark(id=one.node.id, label=title(one.node), version=one.version) for one in both]
    return StepDifference(status=status, kind=both.kind, a=marks[0], b=marks[1])


def _parameters(both: _Both) -> Iterator[ValueDifference]:
    mine, theirs = (one.parameters if one else {} for one in both)
    for name in sorted({*mine, *theirs}):
        a, b = mine.get(name), theirs.get(name)
        if a.differs(b) if a else b is not None:
            yield _value(both, name, a, b)


def _environment(both: _Both) -> Iterator[ValueDifference]:
    mine, theirs = (one.environment if one else _NOTHING for one in both)
    for name in sorted({*mine, *theirs}):
        if mine.get(name) != theirs.get(name):
            yield _value(both, name, _plain(mine.get(name)), _plain(theirs.get(name)))


def _agents(both: _Both) -> Iterator[ValueDifference]:
    mine, theirs = (_by_role(one.agents if one else ()) for one in both)
    for role in sorted({*mine, *theirs}):
        if mine.get(role) != theirs.get(role):
            yield _value(both, role, _plain(mine.get(role)), _plain(theirs.get(role)))


def _by_role(agents: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for role, name in agents:
        found[role].append(name)
    return {role: ", ".join(sorted(names)) for role, names in found.items()}


def _plain(text: str | None) -> Given | None:
    return None if text is None else Given(text)


def _value(both: _Both, name: str, a: Given | None, b: Given | None) -> ValueDifference:
    ids = [one.node.id if one else NodeId("") for one in both]
    return ValueDifference(
        activity=both.kind,
        a_activity=ids[0],
        b_activity=ids[1],
        name=name,
        a=a.value if a else None,
        b=b.value if b else None,
        a_given=a.given if a else None,
        b_given=b.given if b else None,
    )


def _times(together: Iterable[_Both]) -> Iterator[TimeDifference]:
    for both in together:
        took = [one.took if one else None for one in both]
        if any(one is not None for one in took):
            yield TimeDifference(activity=both.kind, a=took[0], b=took[1])


# --- things


def _things(a: Run, b: Run, every: Iterable[_Both], *, of: str) -> Iterator[ThingDifference]:
    for both in every:
        mine, theirs = (_slots(getattr(one, of)) if one else {} for one in both)
        for role in sorted({*mine, *theirs}):
            left = [a.things[one.thing] for one in mine.get(role, ())]
            right = [b.things[one.thing] for one in theirs.get(role, ())]
            for pair in _paired(left, right):
                yield _thing(both.kind, role, *pair)


def _slots(slots: Iterable[Slot]) -> Mapping[str, list[Slot]]:
    found: defaultdict[str, list[Slot]] = defaultdict(list)
    for one in slots:
        found[one.role].append(one)
    return found


def _paired(left: Sequence[Stuff], right: Sequence[Stuff]) -> Iterator[tuple[Stuff | None, Stuff | None]]:
    """Pair what is the very same, then what has the same content, then the rest by position."""
    mine, theirs = list(left), list(right)
    for key in (_id_of, _sum_of, _says_of):
        waiting: defaultdict[object, list[Stuff]] = defaultdict(list)
        for other in theirs:
            waiting[key(other)].append(other)
        rest: list[Stuff] = []
        for one in mine:
            like = waiting.get(key(one)) if key(one) else None
            if like:
                yield one, like.pop(0)
            else:
                rest.append(one)
        mine = rest
        kept = {id(one) for each in waiting.values() for one in each}
        theirs = [one for one in theirs if id(one) in kept]
    for place in range(max(len(mine), len(theirs))):
        yield mine[place] if place < len(mine) else None, theirs[place] if place < len(theirs) else None


def _id_of(one: Stuff) -> object:
    return one.node.id


def _sum_of(one: Stuff) -> object:
    return one.sha256


def _says_of(one: Stuff) -> object:
    return one.says


def _thing(activity: str, role: str, a: Stuff | None, b: Stuff | None) -> ThingDifference:
    marks = [None if one is None else Mark(id=one.node.id, label=title(one.node), sha256=one.sha256) for one in (a, b)]
    status, differs = _status(a, b)
    return ThingDifference(status=status, activity=activity, role=role, a=marks[0], b=marks[1], differs=differs)


def _status(a: Stuff | None, b: Stuff | None) -> tuple[Status, tuple[str, ...]]:
    """Content decides where it is known; else what is said of the things."""
    if a is None or b is None:
        return (Status.ONLY_B if a is None else Status.ONLY_A), ()
    if a.node.id == b.node.id:
        return Status.SAME, ()
    if a.sha256 and b.sha256:
        return (Status.SAME if a.sha256 == b.sha256 else Status.CHANGED), ()
    differs = tuple(sorted({key for key, _ in set(a.says).symmetric_difference(b.says)}))
    return (Status.CHANGED if differs or a.sha256 or b.sha256 else Status.SAME), differs


def _loose(run: Run) -> list[Stuff]:
    """Give what no step used or made: sources of mere derivations."""
    held = {slot.thing for step in run.steps.values() for slot in (*step.used, *step.made)}
    held |= {one for step in run.steps.values() for one in step.configured}
    return [stuff for one, stuff in run.things.items() if one not in held and one != run.start.id]


def _asked(a: Run, b: Run) -> Iterator[ThingDifference]:
    """Compare the two entities that were asked about, where no step made them."""
    made = {slot.thing for run in (a, b) for step in run.steps.values() for slot in step.made}
    if all(Label.ENTITY in run.start.labels for run in (a, b)) and not {a.start.id, b.start.id} & made:
        yield _thing("", "", a.things[a.start.id], b.things[b.start.id])
