"""Replays on the server: jobs that a bad input or a new revision affects run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from provstore.client.connection import JSON, Call, Connection
from provstore.client.jobs import OPEN_PHASES
from provstore.client.refusals import facts_of

__all__ = ["RemoteLeftOut", "RemotePlan", "RemoteReplay", "RemoteStep", "Replays"]

_PATH: Final = "/prov/replays"
_PAUSE: Final = 0.5
_WAIT: Final = 30.0
_OVER: Final = frozenset({"over", "accepted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStep:
    """A job of a plan, which ran as ``job`` and would run again with ``revision``, behind those of lower ``level``.

    Of a replay that was run: ``again`` is the job that runs instead, ``standing`` one of planned, made, dropped (with
    the reason in ``text``), ``phase`` that of the new job, "" before it is made; ``products`` tells by the name of each
    product how it compares with the old one: equal, differs, missing or unknown.
    """

    job: str
    service: str
    ran: str
    revision: str
    level: int
    inputs: tuple[Mapping[str, Any], ...]
    again: str = ""
    standing: str = ""
    phase: str = ""
    text: str = ""
    products: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLeftOut:
    """An activity that is affected and does not run again; ``reason`` is a word, ``text`` says it to people."""

    activity: str
    label: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlan:
    """What would run again, in this order, and what would not; ``restricted``: there is more, which you may not see."""

    jobs: tuple[RemoteStep, ...]
    left_out: tuple[RemoteLeftOut, ...]
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteReplay:
    """A plan that is kept, and how far it is: ``state`` is one of planned, running, over, accepted.

    ``plan`` is None in a list; ``total`` counts its jobs.
    """

    id: str
    state: str
    total: int
    owner: str
    plan: RemotePlan | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    accepted_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether none of its jobs is still to run."""
        return self.state in _OVER

    @property
    def jobs(self) -> tuple[RemoteStep, ...]:
        """Its jobs, each behind those that it needs."""
        return self.plan.jobs if self.plan is not None else ()


class Replays:
    """Plans, keeps, runs, stops and accepts replays (curators).

    Every method raises a `ProvstoreError` of the kind that the server's answer tells.

    Args:
        connection: To the server.
        wait: Waits for the end of a job, named by service and id, so many seconds at most.
    """

    def __init__(self, connection: Connection, wait: Callable[[str, str, float], object]) -> None:
        self._connection = connection
        self._wait = wait

    def plan(self, *, replace: Mapping[str, str] | None = None, revisions: Sequence[str] = ()) -> RemotePlan:
        """Tell what would run again, and keep nothing.

        Args:
            replace: Entities that turned out to be bad, each with the one that is used instead.
            revisions: Revisions that services are to run with, ``name@revision``.
        """
        return _plan_of(self._post("", _wanted(replace or {}, revisions)))

    def keep(self, *, replace: Mapping[str, str] | None = None, revisions: Sequence[str] = ()) -> RemoteReplay:
        """Plan and keep the plan, to be run."""
        return _replay_of(self._post("", {**_wanted(replace or {}, revisions), "dry_run": False}))

    def run(self, replay: RemoteReplay | str, *, jobs: Sequence[str] | None = None) -> RemoteReplay:
        """Let a replay run, whole, or only these jobs of its plan: ids of those that ran."""
        return _replay_of(self._post(f"/{_id(replay)}/run", {} if jobs is None else {"jobs": list(jobs)}))

    def stop(self, replay: RemoteReplay | str, *, abort: bool = False) -> RemoteReplay:
        """Let no more of its jobs be made; those that run go on to their end, or are aborted."""
        return _replay_of(self._post(f"/{_id(replay)}/stop", {"abort": abort}))

    def accept(self, replay: RemoteReplay | str) -> RemoteReplay:
        """State that the new products are revisions of those that they replace."""
        return _replay_of(self._post(f"/{_id(replay)}/accept", {}))

    def read(self, replay: RemoteReplay | str) -> RemoteReplay:
        """Read how far a replay is."""
        return _replay_of(self._connection.facts(f"{_PATH}/{_id(replay)}"))

    def listed(self) -> Iterator[RemoteReplay]:
        """Give the replays that one may see, the newest first."""
        after: dict[str, str] = {}
        while True:
            page = self._connection.facts(_PATH, after)
            yield from map(_replay_of, page["items"])
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def wait(self, replay: RemoteReplay | str, *, seconds: float | None = None) -> RemoteReplay:
        """Wait until a replay that runs is over, or so many seconds."""
        end = None if seconds is None else time.monotonic() + seconds
        found = self.read(replay)
        while found.state == "running":
            left = _WAIT if end is None else min(_WAIT, end - time.monotonic())
            if left <= 0:
                break
            runs = next((one for one in found.jobs if one.phase in OPEN_PHASES), None)
            if runs is not None:
                self._wait(runs.service, runs.again, left)
            else:
                time.sleep(min(_PAUSE, left))  # the server is about to make the next one
            found = self.read(replay)
        return found

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return facts_of(
            self._connection.send(
                Call(method="POST", path=f"{_PATH}{path}", headers=JSON, body=lambda: {"json": dict(body)})
            )
        )


def _id(replay: RemoteReplay | str) -> str:
    return quote(replay if isinstance(replay, str) else replay.id, safe="")


def _wanted(replace: Mapping[str, str], revisions: Sequence[str]) -> dict[str, Any]:
    return {"replace": [f"{old}={new}" for old, new in replace.items()], "revision": list(revisions)}


def _replay_of(facts: Mapping[str, Any]) -> RemoteReplay:
    times = {name: facts.get(name) for name in ("created", "started", "stopped", "ended", "accepted")}
    return RemoteReplay(
        id=facts["replay"],
        state=facts["state"],
        total=facts["total"],
        owner=facts.get("ownerId") or "",
        plan=_plan_of(facts) if "jobs" in facts else None,
        **{f"{name}_at": datetime.fromisoformat(at) for name, at in times.items() if at},
    )


def _plan_of(facts: Mapping[str, Any]) -> RemotePlan:
    left = (RemoteLeftOut(**{name: one[name] for name in RemoteLeftOut.__slots__}) for one in facts["leftOut"])
    return RemotePlan(jobs=tuple(map(_step_of, facts["jobs"])), left_out=tuple(left), restricted=facts["restricted"])


def _step_of(facts: Mapping[str, Any]) -> RemoteStep:
    return RemoteStep(
        job=facts["job"],
        service=facts["service"],
        ran=facts["ran"],
        revision=facts["revision"],
        level=facts["level"],
        inputs=tuple(facts["inputs"]),
        again=facts.get("again") or "",
        standing=facts.get("standing") or "",
        phase=facts.get("phase") or "",
        text=facts.get("text") or "",
        products={one["name"]: one["verdict"] for one in facts.get("products", ())},
    )
