"""Changes of jobs as the server tells them: server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["JobEvent", "events_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """A change of a job: it came to ``phase``, or was deleted (``happening`` tells which).

    ``id``: to be given as ``since`` by who comes back.
    """

    id: str
    happening: str
    job_id: str
    service: str
    phase: str
    run_id: str
    href: str
    changed_at: datetime


def events_of(lines: Iterable[str]) -> Iterator[JobEvent]:
    """Read a stream of events until its end, or the event ``close``."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:  # without a name it is a comment: the server is still there
            told = value.removeprefix(" ")
            fields[name] = f"{fields['data']}\n{told}" if name == "data" and "data" in fields else told
        elif not line:
            if fields.get("event") == "close":
                return
            if "data" in fields:
                yield _event(fields, json.loads(fields["data"]))
            fields = {}


def _event(fields: dict[str, str], facts: dict[str, Any]) -> JobEvent:
    return JobEvent(
        id=fields.get("id", ""),
        happening=fields.get("event", ""),
        job_id=facts["jobId"],
        service=facts["service"],
        phase=facts["phase"],
        run_id=facts.get("runId") or "",
        href=facts["href"],
        changed_at=datetime.fromisoformat(facts["changedAt"]),
    )
