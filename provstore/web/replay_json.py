"""Plans and replays as JSON and CSV, the same for HTTP and the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from provstore.graph.model import NodeId, format_instant
from provstore.queries.replay import Plan, PlannedJob
from provstore.queries.replay_graph import COLUMNS, rows
from provstore.uws.replaying.record import Replay
from provstore.uws.replaying.replays import Status

__all__ = ["plan_csv", "plan_json", "reference_json", "status_csv", "status_json"]

NameOf = Callable[[str], str]
"""Gives the name of an account by the local id of its agent, "" for none."""

_FURTHER: Final = ("again", "standing", "phase", "products")


def plan_json(plan: Plan, *, name_of: NameOf) -> dict[str, Any]:
    """Give a plan: what changes, the jobs in their order, and what is left out."""
    return {
        "replace": [{"old": one.old, "new": one.new} for one in plan.wanted.replacements],
        "revisions": list(plan.wanted.revisions),
        "levels": plan.levels,
        "jobs": [_job(one, name_of) for one in plan.jobs],
        "leftOut": [
            {"activity": one.activity, "label": one.label, "reason": one.reason.value, "text": one.text}
            for one in plan.left_out
        ],
        "restricted": plan.restricted,
    }


def status_json(status: Status, *, name_of: NameOf) -> dict[str, Any]:
    """Give a replay: how far it is, and its plan with what became of each job."""
    told = plan_json(status.replay.plan, name_of=name_of)
    jobs = zip(told["jobs"], status.replay.plan.jobs, strict=True)
    return {
        **reference_json(status.replay, name_of=name_of),
        **told,
        "jobs": [{**shown, **_became(status, job)} for shown, job in jobs],
    }


def reference_json(replay: Replay, *, name_of: NameOf) -> dict[str, Any]:
    """Give what a list shows of a replay."""
    return {
        "replay": replay.id,
        "state": replay.state.value,
        "ownerId": name_of(replay.owner) or None,
        "created": _time(replay.created_at),
        "started": _time(replay.run_at),
        "ended": _time(replay.ended_at),
        "accepted": _time(replay.accepted_at),
        "stopped": _time(replay.stopped_at),
        "total": len(replay.plan.jobs),
    }


def _job(job: PlannedJob, name_of: NameOf) -> dict[str, Any]:
    return {
        "job": job.job,
        "service": job.service,
        "ran": job.ran,
        "revision": job.revision,
        "ownerId": name_of(job.owner) or None,
        "level": job.level,
        "inputs": [
            {
                "name": one.name,
                "old": one.old,
                "source": one.source.value,
                "new": one.new or None,
                "of": one.of or None,
                "result": one.result or None,
            }
            for one in job.inputs
        ],
        "outputs": [{"name": one.name, "old": one.old} for one in job.outputs],
    }


def _became(status: Status, job: PlannedJob) -> dict[str, Any]:
    progress = status.progress[job.job]
    return {
        "again": status.replay.again(job.job),
        "standing": progress.standing.value,
        "phase": progress.phase.value if progress.phase else None,
        "text": progress.text or None,
        "products": [
            {"name": one.name, "old": one.old, "new": one.new or None, "verdict": one.verdict.value}
            for one in status.compared.get(job.job, ())
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def plan_csv(plan: Plan) -> str:
    """Give a plan as CSV (RFC 4180): a row for each input of each job, then one for each activity left out."""
    return _csv(COLUMNS, [dict(one) for one in rows(plan)])


def status_csv(status: Status) -> str:
    """Give the same of a replay, with what became of each job."""
    became = {one.job: _became(status, one) for one in status.replay.plan.jobs}
    told: list[dict[str, Any]] = []
    for row in rows(status.replay.plan):
        more = became.get(NodeId(str(row["job"])), {})
        products = "; ".join(f"{one['name']} {one['verdict']}" for one in more.get("products", ()))
        told.append({**more, "products": products, **row} | ({"text": more["text"]} if more.get("text") else {}))
    return _csv((*COLUMNS, *_FURTHER), told)


def _csv(columns: tuple[str, ...], table: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in table:
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return out.getvalue()


def _inert(value: object) -> object:
    """Keep a spreadsheet from taking a stranger's text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
