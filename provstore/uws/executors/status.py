"""What the wrapper wrote of a run, read: the same wherever it ran."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from provstore.uws.ports import Cause, Observation, State

__all__ = ["read_status"]


def read_status(directory: Path) -> Observation:
    """Read ``status.json`` as the wrapper left it; RUNNING, with nothing known, where there is none yet."""
    try:
        status: dict[str, Any] = json.loads((directory / "status.json").read_bytes())
    except (OSError, ValueError):
        return Observation(state=State.RUNNING)
    return Observation(
        state=State.ENDED if status["state"] == "ENDED" else State.RUNNING,
        cause=Cause(status["cause"]) if status["cause"] else None,
        exit_code=status["exit_code"],
        message=status["message"],
        started_at=_instant(status["started_at"]),
        ended_at=_instant(status["ended_at"]),
        host=status["host"],
        cpu_seconds=status["cpu_seconds"],
        max_rss=status["max_rss"],
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
