"""What a plan says: which jobs would run again, in which order, with what, and which can't, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import NodeId

__all__ = [
    "REVISION_KEY",
    "LeftOut",
    "Plan",
    "PlannedInput",
    "PlannedJob",
    "PlannedOutput",
    "Reason",
    "Replacement",
    "Source",
    "Wanted",
    "narrowed",
]

REVISION_KEY: Final = ".revision"
"""The end of the key of a derivation that states an accepted newer version."""


class Source(StrEnum):
    """Where an input of a planned job comes from."""

    KEPT = "kept"
    """As before."""
    REPLACED = "replaced"
    """The replacement that was asked for."""
    REVISED = "revised"
    """The newer version of it, which somebody accepted earlier."""
    PRODUCT = "product"
    """What another planned job will have made."""


class Reason(StrEnum):
    """Why an affected activity is not in the plan."""

    NOT_OURS = "not_ours"
    HIDDEN = "hidden"
    NOT_OVER = "not_over"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    FORBIDDEN = "forbidden"
    WITHDRAWN = "withdrawn"
    UNFIT = "unfit"
    GONE = "gone"
    UNREACHED = "unreached"
    DEPENDS = "depends"
    CIRCLE = "circle"
    NOT_CHOSEN = "not_chosen"


class Replacement(NamedTuple):
    """An entity that is bad, and the one to be used instead."""

    old: NodeId
    new: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What changes: inputs, and the revision (``service@number``) with which the jobs of a service run."""

    replacements: tuple[Replacement, ...] = ()
    revisions: tuple[str, ...] = ()

    def by_service(self) -> Mapping[str, str]:
        """Give the revisions by the service's name."""
        return {name.partition("@")[0]: name for name in self.revisions}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInput:
    """What a planned job uses under a name of its description.

    ``old``: what it used. ``new``: what it uses now, "" for a product; that is the ``result`` of the planned job that
    stands again for ``of``.
    """

    name: str
    old: NodeId
    source: Source
    new: str = ""
    of: str = ""
    result: str = ""


class PlannedOutput(NamedTuple):
    """A result that the job made, and is to make again."""

    name: str
    old: NodeId
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """A job that would run again. ``job``: the one that ran, with the revision ``ran``; ``owner`` is a local id.

    ``level``: 1 can start at once, 2 needs products of level 1, and so on.
    """

    job: NodeId
    service: str
    ran: str
    revision: str
    owner: str
    level: int
    inputs: tuple[PlannedInput, ...] = ()
    outputs: tuple[PlannedOutput, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """The jobs whose products it uses, by the id of the ones that ran."""
        return frozenset(one.of for one in self.inputs if one.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An affected activity that does not run again, and why, in a word and in a sentence."""

    activity: str
    label: str
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan: its jobs in an order in which they can run.

    ``restricted``: something the asker may not see may be affected, too.
    """

    wanted: Wanted
    jobs: tuple[PlannedJob, ...] = ()
    left_out: tuple[LeftOut, ...] = field(default=())
    restricted: bool = False

    @property
    def levels(self) -> int:
        """How many jobs must run one after the other."""
        return max((one.level for one in self.jobs), default=0)


def narrowed(plan: Plan, chosen: Collection[str]) -> Plan:
    """Keep only the chosen jobs, by the ids of those that ran; what depends on others is left out, and told."""
    kept: dict[str, PlannedJob] = {}
    left: list[LeftOut] = []
    for one in plan.jobs:
        missing = sorted(one.needs - kept.keys())
        if one.job not in chosen:
            left.append(_left(one, Reason.NOT_CHOSEN, "it was not chosen"))
        elif missing:
            left.append(_left(one, Reason.DEPENDS, f"it needs products of {missing[0]}, which does not run again"))
        else:
            kept[one.job] = one
    return replace(plan, jobs=tuple(kept.values()), left_out=(*plan.left_out, *left))


def _left(job: PlannedJob, reason: Reason, text: str) -> LeftOut:
    return LeftOut(activity=job.job, label=job.service, reason=reason, text=text)
