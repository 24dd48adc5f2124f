"""Jobs, results, sweeps and services as the server tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from provstore.client.html_tables import Link, facts_table
from provstore.errors import NotFound

__all__ = [
    "OPEN_PHASES",
    "Change",
    "ListedJob",
    "RemoteJob",
    "RemoteResult",
    "RemoteService",
    "RemoteSweep",
    "job_of",
    "listed_of",
    "service_of",
    "sweep_of",
]

OPEN_PHASES: Final = frozenset({"PENDING", "QUEUED", "EXECUTING"})
"""A job in one of them is still to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteResult:
    """A result of a job on the server; ``size`` in bytes."""

    name: str
    href: str
    size: int
    mime_type: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a job's phase, and what caused it."""

    phase: str
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """A job on the server, as it was when it was asked for.

    ``parameters``: an input of several items is a list. ``info``: what else the server tells, as ``host``,
    ``exitCode``, ``cpuSeconds``, ``waitsFor``.
    """

    id: str
    href: str
    service: str
    phase: str
    results: Mapping[str, RemoteResult]
    error: str
    run_id: str = ""
    owner: str = ""
    parameters: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    destruction_at: datetime | None = None
    history: tuple[Change, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether its phase is not to change by itself any more."""
        return self.phase not in OPEN_PHASES

    def entity(self, name: str) -> str:
        """Give the id under which a result of this job can be the input of another.

        Raises:
            NotFound: the job has no such result.
        """
        return f"e{self.id[1:]}.{self.result(name).name}"

    def result(self, name: str = "result") -> RemoteResult:
        """Give a result by its name; if it is the only one, it may be called ``result`` as well.

        Raises:
            NotFound: the job has no such result.
        """
        if name in self.results:
            return self.results[name]
        if name == "result" and len(self.results) == 1:
            return next(iter(self.results.values()))
        known = ", ".join(self.results) or "it has none"
        raise NotFound(f"job {self.id} has no result {name!r}; known: {known}", field="result", value=name)

    def _repr_html_(self) -> str:
        shown: dict[str, object] = {"phase": self.phase, "error": self.error, "run id": self.run_id}
        times = {"created": self.created_at, "started": self.started_at, "ended": self.ended_at}
        shown |= {name: f"{at:%Y-%m-%d %H:%M:%S}" for name, at in times.items() if at is not None}
        shown |= dict(self.parameters)
        for one in self.results.values():
            shown[f"→ {one.name}"] = Link(one.href, f"{one.mime_type}, {one.size:,} bytes")
        return facts_table(f"{self.service} {self.id}", shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job in a list."""

    id: str
    href: str
    service: str
    phase: str
    run_id: str
    owner: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSweep:
    """A sweep on the server: ``phases`` counts its jobs by phase, as it was when it was asked for."""

    id: str
    href: str
    service: str
    total: int
    phases: Mapping[str, int]

    @property
    def is_over(self) -> bool:
        """Whether none of its jobs is still to change by itself."""
        return not OPEN_PHASES & {phase for phase, count in self.phases.items() if count}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteService:
    """A service on offer, by its newest revision."""

    name: str
    label: str
    description: str
    revision: str
    href: str


def job_of(facts: Mapping[str, Any], service: str, href: str) -> RemoteJob:
    """Read a job; addresses of its results are below ``href``, the one by which the client reached it."""
    results = {
        one["id"]: RemoteResult(
            name=one["id"],
            href=f"{href}/results/{quote(one['id'], safe='')}",
            size=one["size"],
            mime_type=one["mimeType"],
            sha256=one["sha256"],
        )
        for one in facts["results"]
    }
    error, info = facts["errorSummary"] or {}, facts.get("jobInfo") or {}
    return RemoteJob(
        id=facts["jobId"],
        href=href,
        service=service,
        phase=facts["phase"],
        results=results,
        error="\n".join(text for text in (error.get("message", ""), error.get("detail", "")) if text),
        run_id=facts.get("runId") or "",
        owner=facts.get("ownerId") or "",
        parameters=facts.get("parameters") or {},
        created_at=_instant(facts.get("creationTime")),
        started_at=_instant(facts.get("startTime")),
        ended_at=_instant(facts.get("endTime")),
        destruction_at=_instant(facts.get("destruction")),
        history=tuple(
            Change(phase=one["phase"], at=datetime.fromisoformat(one["at"]), cause=one["cause"])
            for one in info.get("history", ())
        ),
        info={name: value for name, value in info.items() if name != "history" and value is not None},
    )


def listed_of(facts: Mapping[str, Any]) -> ListedJob:
    """Read a job of a list."""
    return ListedJob(
        id=facts["jobId"],
        href=facts["href"],
        service=facts["service"],
        phase=facts["phase"],
        run_id=facts.get("runId") or "",
        owner=facts.get("ownerId") or "",
        created_at=datetime.fromisoformat(facts["creationTime"]),
    )


def sweep_of(facts: Mapping[str, Any], service: str) -> RemoteSweep:
    """Read a sweep."""
    return RemoteSweep(
        id=facts["sweepId"], href=facts["href"], service=service, total=facts["total"], phases=facts["phases"]
    )


def service_of(facts: Mapping[str, Any]) -> RemoteService:
    """Read a service of the catalogue."""
    return RemoteService(
        name=facts["name"],
        label=facts.get("label") or "",
        description=facts.get("description") or "",
        revision=facts["revision"],
        href=facts["href"],
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
