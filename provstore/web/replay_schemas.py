"""What plans and replays look like, for the description of the API (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provstore.queries.replay import Reason, Source
from provstore.uws.phases import Phase
from provstore.uws.replaying.comparing import Verdict
from provstore.uws.replaying.record import State
from provstore.uws.replaying.steps import Standing

__all__ = ["REPLAY_SCHEMAS"]

_Schema = dict[str, Any]

_TEXT: Final[_Schema] = {"type": "string"}
_TEXT_OR_NONE: Final[_Schema] = {"type": ["string", "null"]}
_TIME_OR_NONE: Final[_Schema] = {"type": ["string", "null"], "format": "date-time"}
_WHOLE: Final[_Schema] = {"type": "integer", "minimum": 0}
_YES_NO: Final[_Schema] = {"type": "boolean"}


def _object(members: Mapping[str, _Schema]) -> _Schema:
    return {"type": "object", "properties": dict(members), "required": list(members)}


def _list(schema: _Schema) -> _Schema:
    return {"type": "array", "items": schema}


_INPUT: Final = _object(
    {
        "name": _TEXT,
        "old": _TEXT,
        "source": {"enum": [one.value for one in Source]},
        "new": _TEXT_OR_NONE,
        "of": _TEXT_OR_NONE | {"description": "the job whose successor makes it"},
        "result": _TEXT_OR_NONE,
    }
)
_JOB: Final[Mapping[str, _Schema]] = {
    "job": _TEXT | {"description": "the job that ran"},
    "service": _TEXT,
    "ran": _TEXT,
    "revision": _TEXT,
    "ownerId": _TEXT_OR_NONE,
    "level": _WHOLE,
    "inputs": _list(_INPUT),
    "outputs": _list(_object({"name": _TEXT, "old": _TEXT})),
}
_BECAME: Final[Mapping[str, _Schema]] = {
    "again": _TEXT | {"description": "the job that runs instead"},
    "standing": {"enum": [one.value for one in Standing]},
    "phase": {"enum": [*(one.value for one in Phase), None]},
    "text": _TEXT_OR_NONE | {"description": "why it is not made"},
    "products": _list(
        _object(
            {"name": _TEXT, "old": _TEXT, "new": _TEXT_OR_NONE, "verdict": {"enum": [one.value for one in Verdict]}}
        )
    ),
}
_LEFT_OUT: Final = _object(
    {"activity": _TEXT, "label": _TEXT, "reason": {"enum": [one.value for one in Reason]}, "text": _TEXT}
)
_PLAN: Final[Mapping[str, _Schema]] = {
    "replace": _list(_object({"old": _TEXT, "new": _TEXT})),
    "revisions": _list(_TEXT),
    "levels": _WHOLE,
    "jobs": _list(_object(_JOB)),
    "leftOut": _list(_LEFT_OUT),
    "restricted": _YES_NO,
}
_REFERENCE: Final[Mapping[str, _Schema]] = {
    "replay": _TEXT,
    "state": {"enum": [one.value for one in State]},
    "ownerId": _TEXT_OR_NONE,
    "created": _TIME_OR_NONE,
    "started": _TIME_OR_NONE,
    "ended": _TIME_OR_NONE,
    "accepted": _TIME_OR_NONE,
    "stopped": _TIME_OR_NONE | {"description": "since then no more of its jobs are made"},
    "total": _WHOLE,
}
_TEXTS: Final[_Schema] = {"anyOf": [_TEXT, _list(_TEXT)]}

REPLAY_SCHEMAS: Final[Mapping[str, _Schema]] = {
    "NewReplay": {
        "type": "object",
        "properties": {
            "replace": _TEXTS | {"description": "OLD=NEW, ids of entities"},
            "revision": _TEXTS | {"description": "SERVICE@REVISION"},
            "dry_run": _YES_NO | {"description": "only the plan, which is not kept; true by default"},
        },
    },
    "ReplayJobs": {
        "type": "object",
        "properties": {"jobs": _TEXTS | {"description": "ids of those that ran; all by default"}},
    },
    "ReplayStop": {
        "type": "object",
        "properties": {"abort": _YES_NO | {"description": "abort the jobs that run; false by default"}},
    },
    "ReplayPlan": _object(_PLAN),
    "Replay": _object({**_REFERENCE, **_PLAN, "jobs": _list(_object({**_JOB, **_BECAME}))}),
    "ReplayList": _object({"items": _list(_object(_REFERENCE)), "next": _TEXT_OR_NONE}),
}
