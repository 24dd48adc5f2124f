"""A replay as a node of the graph: an activity that holds its plan, and on whose account its jobs are made.

Which job stands for which is no state: their ids follow from the replay's. So a server that was killed goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Value, stable_local
from provstore.graph.store import Change, Create
from provstore.queries.replay import (
    LeftOut,
    Plan,
    PlannedInput,
    PlannedJob,
    PlannedOutput,
    Reason,
    Replacement,
    Source,
    Wanted,
)
from provstore.uws.jobs import JobId, instant, local_part, text

__all__ = [
    "ABORTS",
    "FAILURES",
    "NAME",
    "PLAN",
    "Replay",
    "State",
    "again",
    "changes_of_replay",
    "plan_text",
    "replay_of",
]

NAME: Final = "replay of jobs"
"""Name of the activity; no service has such a name, so it also finds them."""
PLAN: Final = "_plan"
FAILURES: Final = "_failures"
ABORTS: Final = "_aborts"
"""Properties that never leave the server."""


class State(StrEnum):
    """How far a replay is."""

    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay: its plan, who made it, and how far it is; it began with its plan, and runs since ``run_at``.

    ``owner`` is the local id of an agent. ``failures``: jobs of the plan, by the id of the one that ran, that could not
    be made, with the reason. Since ``stopped_at`` no more are made; ``aborts``: those that run are aborted.
    """

    id: str
    node: NodeId
    plan: Plan
    owner: str
    created_at: datetime | None
    run_at: datetime | None = None
    ended_at: datetime | None = None
    accepted_at: datetime | None = None
    accepted_by: str = ""
    stopped_at: datetime | None = None
    aborts: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)
    failures_text: str = ""
    readers: frozenset[str] = frozenset()

    @property
    def state(self) -> State:
        """How far it is."""
        if self.accepted_at is not None:
            return State.ACCEPTED
        if self.ended_at is not None:
            return State.OVER
        return State.PLANNED if self.run_at is None else State.RUNNING

    def again(self, job: str) -> JobId:
        """Give the id of the job that runs instead of one of the plan."""
        return again(self.id, job)


def again(replay: str, job: str) -> JobId:
    """Give the id of the job that runs, in a replay, instead of one that ran: always the same."""
    return JobId(stable_local("j", "replay", replay, job))


def changes_of_replay(
    local: str, plan: Plan, *, owner: str, at: datetime, readers: frozenset[str], namespace: str
) -> Iterator[Change]:
    """Give what is written of a new replay, that is not run yet."""
    node = NodeId(namespace + local)
    properties: dict[str, Value] = {
        "name": NAME,
        "owner": owner,
        "created_at": at,
        "started_at": at,
        "job_count": len(plan.jobs),
        PLAN: plan_text(plan),
    }
    yield Create(Node(node, frozenset({Label.ACTIVITY}), properties, readers=readers))
    agent = NodeId(namespace + owner)
    yield Create(Relation(f"{local}.a0000", Kind.WAS_ASSOCIATED_WITH, node, agent, "Curator"))


def replay_of(node: Node, namespace: str) -> Replay:
    """Read a replay from its node."""
    given = node.properties
    failures = text(given, FAILURES)
    times = {name: instant(given, name) for name in ("created_at", "run_at", "ended_at", "accepted_at", "stopped_at")}
    return Replay(
        id=local_part(node.id, namespace),
        node=node.id,
        plan=_plan(json.loads(text(given, PLAN))),
        owner=text(given, "owner"),
        accepted_by=text(given, "accepted_by"),
        aborts=given.get(ABORTS) is True,
        failures=json.loads(failures or "{}"),
        failures_text=failures,
        readers=node.readers,
        **times,
    )


def plan_text(plan: Plan) -> str:
    """Write a plan as a node keeps it."""
    return json.dumps(asdict(plan), ensure_ascii=False, separators=(",", ":"))


def _plan(told: Mapping[str, Any]) -> Plan:
    wanted = told["wanted"]
    return Plan(
        wanted=Wanted(
            replacements=tuple(Replacement(*one) for one in wanted["replacements"]),
            revisions=tuple(wanted["revisions"]),
        ),
        jobs=tuple(map(_job, told["jobs"])),
        left_out=tuple(LeftOut(**{**one, "reason": Reason(one["reason"])}) for one in told["left_out"]),
        restricted=told["restricted"],
    )


def _job(told: Mapping[str, Any]) -> PlannedJob:
    inputs = tuple(PlannedInput(**{**one, "source": Source(one["source"])}) for one in told["inputs"])
    return PlannedJob(**{**told, "inputs": inputs, "outputs": tuple(PlannedOutput(*one) for one in told["outputs"])})
