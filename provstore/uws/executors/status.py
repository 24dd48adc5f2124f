"""The wrapper, and what it wrote of a run, read: the same wherever it ran."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from provstore.graph.model import Value
from provstore.uws.ports import Cause, Observation, State

__all__ = ["STATUS_FILE", "WRAPPER", "read_status", "told_status"]

WRAPPER: Final = Path(__file__).with_name("wrapper")
"""The program that runs a job directory, here and on clusters."""

STATUS_FILE: Final = "status.json"


def told_status(directory: Path) -> Observation | None:
    """Read ``status.json``; None where there is none yet."""
    return read_status(directory) if (directory / STATUS_FILE).is_file() else None


def read_status(directory: Path) -> Observation:
    """Read ``status.json`` as the wrapper left it; RUNNING, with nothing known, where it can't be read (yet)."""
    try:
        return _read(json.loads((directory / STATUS_FILE).read_bytes()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Observation(state=State.RUNNING)


def _read(status: Mapping[str, Any]) -> Observation:
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
        facts=_facts(status),
    )


def _facts(status: Mapping[str, Any]) -> dict[str, Value]:
    """Give what the script's machine says of where it ran; nothing of the kind is known on this one."""
    told = status.get("scheduler") or {}
    facts: dict[str, Value] = {name: told[variable] for name, variable in _TOLD.items() if told.get(variable)}
    isolated = status.get("isolated")
    return facts if isolated is None else {**facts, "isolated": bool(isolated)}


_TOLD: Final[Mapping[str, str]] = {"slurm_partition": "SLURM_JOB_PARTITION", "slurm_nodes": "SLURM_JOB_NODELIST"}
"""Property of the activity -> variable of the scheduler that tells it."""


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
