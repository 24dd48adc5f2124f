"""Control parameters of a request (UWS and DALI names, in any case) and the limits they are held to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from provstore.errors import Invalid
from provstore.settings import Settings
from provstore.uws.publishing.revisions import Revision

__all__ = [
    "CONTROL_NAMES",
    "ControlParameters",
    "clamp_destruction",
    "clamp_duration",
    "controls_of",
    "parse_duration",
    "parse_instant_of_client",
    "quote_at",
]

CONTROL_NAMES: Final = frozenset(
    {"PHASE", "RUNID", "EXECUTIONDURATION", "DESTRUCTION", "ACTION", "UPLOAD", "UWS_QUOTE"}
)
_LONGEST_RUN_ID: Final = 64
_SECONDS: Final = r"[0-9]+"
_MOST_SECONDS: Final = "999999999"
_MOST_DECLARED: Final = "executionduration_max"
_PARTS: Final = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
_INSTANT: Final = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6})\d*)?)?Z?)?)?)?\Z",
    re.ASCII,
)
"""What is finer than a microsecond, as Java writes it, is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParameters:
    """What a client may say of a job besides the parameters of its description.

    ``uploads``: input -> ``param:PART`` of this request, or the id or address of an entity (DALI 1.1 §3.4.5).
    ``quote``: until when the client expects the job to end, or within which time after its creation.
    """

    run: bool = False
    run_id: str = ""
    execution_duration: timedelta | None = None
    destruction_at: datetime | None = None
    quote: datetime | timedelta | None = None
    uploads: Mapping[str, str] = field(default_factory=dict)


def controls_of(values: Mapping[str, str]) -> tuple[ControlParameters, dict[str, str]]:
    """Part the control parameters from the job's own.

    Returns:
        The controls, and the other values under the names as given.

    Raises:
        Invalid: a control with a value that it can't have.
    """
    found = {name.upper(): value for name, value in values.items() if name.upper() in CONTROL_NAMES}
    others = {name: value for name, value in values.items() if name.upper() not in CONTROL_NAMES}
    phase = found.get("PHASE")
    if phase not in {None, "RUN"}:
        raise Invalid(f"PHASE={phase!r}: a new job takes only RUN", field="PHASE", value=phase)
    action = found.get("ACTION")
    if action is not None:
        raise Invalid(f"ACTION={action!r}: it is for a job that is there already", field="ACTION", value=action)
    duration, destruction = found.get("EXECUTIONDURATION"), found.get("DESTRUCTION")
    controls = ControlParameters(
        run=phase == "RUN",
        run_id=_run_id(found.get("RUNID", "")),
        execution_duration=None if duration is None else parse_duration(duration),
        destruction_at=None if destruction is None else parse_instant_of_client(destruction, field="DESTRUCTION"),
        quote=_quote(found.get("UWS_QUOTE", "")),
        uploads=_uploads(found.get("UPLOAD", "")),
    )
    return controls, others


def _quote(text: str) -> datetime | timedelta | None:
    """Read seconds, as OPUS's clients send them, or an instant; nothing is the service's own quote."""
    if not text.strip():
        return None
    if re.fullmatch(_SECONDS, text.strip()):
        return _seconds(text)
    try:
        return parse_instant_of_client(text, field="UWS_QUOTE")
    except Invalid as error:
        right = "whole seconds or an ISO 8601 instant in UTC, such as 2026-11-22T17:00:00Z, are needed"
        raise Invalid(f"UWS_QUOTE={text!r}: {right}", field="UWS_QUOTE", value=text) from error


def quote_at(asked: datetime | timedelta | None, *, declared: int | None, created_at: datetime) -> datetime | None:
    """Give when a new job is expected to end: as its client says, else as its service does (seconds), else None.

    Raises:
        Invalid: an instant before its creation.
    """
    if isinstance(asked, datetime):
        if asked < created_at:
            words = f"UWS_QUOTE={asked.isoformat()}: the job is only created at {created_at.isoformat()}"
            raise Invalid(words, field="UWS_QUOTE", value=asked.isoformat())
        return asked
    if asked is None and declared is not None:
        asked = _seconds(str(declared))
    return None if asked is None else created_at + asked


def _uploads(text: str) -> dict[str, str]:
    """Read the list; what is named several times gets several items, separated by commas."""
    uploads: dict[str, str] = {}
    for name, address in (_upload(item) for item in text.split(";") if item.strip()):
        uploads[name] = f"{uploads[name]},{address}" if name in uploads else address
    return uploads


def _upload(item: str) -> tuple[str, str]:
    name, _, address = (part.strip() for part in item.partition(","))
    if not name or not address:
        raise Invalid(f"UPLOAD={item!r}: NAME,param:PART or NAME,URI is needed", field="UPLOAD", value=item)
    return name, address


def _run_id(text: str) -> str:
    if len(text) > _LONGEST_RUN_ID:
        raise Invalid(
            f"RUNID has {len(text)} characters; at most {_LONGEST_RUN_ID} are allowed", field="RUNID", value=text
        )
    if "\0" in text:
        raise Invalid(f"RUNID={text!r}: text without NUL characters is needed", field="RUNID", value=text)
    return text


def parse_duration(text: str) -> timedelta:
    """Read whole seconds, 0 for unlimited; a number beyond all measure is held to the largest that is counted.

    Raises:
        Invalid: it is no whole number of seconds.
    """
    if not re.fullmatch(_SECONDS, text.strip()):
        raise Invalid(
            f"EXECUTIONDURATION={text!r}: whole seconds are needed, 0 for unlimited",
            field="EXECUTIONDURATION",
            value=text,
        )
    return _seconds(text)


def _seconds(text: str) -> timedelta:
    digits = text.strip().lstrip("0") or "0"
    return timedelta(seconds=int(_MOST_SECONDS if len(digits) > len(_MOST_SECONDS) else digits))


def parse_instant_of_client(text: str, *, field: str) -> datetime:
    """Read an ISO 8601 instant in UTC, as precise as the client cares to give it.

    Raises:
        Invalid: it is none, or in another zone.
    """
    match = _INSTANT.match(text.strip())
    if not match:
        raise Invalid(
            f"{field}={text!r}: an ISO 8601 instant in UTC is needed, such as 2026-11-22T17:00:00Z",
            field=field,
            value=text,
        )
    year, month, day, hour, minute, second = (int(match[name] or least) for name, least in _PARTS)
    microsecond = int((match["fraction"] or "0").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    except ValueError as error:
        raise Invalid(f"{field}={text!r}: {error}", field=field, value=text) from error


def clamp_duration(asked: timedelta | None, *, revision: Revision, settings: Settings) -> timedelta:
    """Hold an execution duration to the limits of site and description; 0 (unlimited) only where neither has one.

    What the description declares is its default; an attribute ``executionDuration_max`` of it is its limit.
    """
    declared = revision.description.execution_duration
    wanted = settings.execution_duration if declared is None else timedelta(seconds=declared)
    wanted = wanted if asked is None else asked
    bounds = (wanted, settings.execution_duration_max, _declared_most(revision))
    return min((one for one in bounds if one), default=wanted)


def _declared_most(revision: Revision) -> timedelta:
    """Give the description's own limit, 0 if it has none; one that is no number of seconds is none."""
    declared = {one.name.casefold(): one.value.strip() for one in revision.description.extra}
    text = declared.get(_MOST_DECLARED, "")
    return _seconds(text) if re.fullmatch(_SECONDS, text) else timedelta(0)


def clamp_destruction(
    asked: datetime | None, *, settings: Settings, at: datetime, created_at: datetime | None = None
) -> datetime:
    """Hold a destruction time to the site's limit, which counts from the job's creation.

    Args:
        asked: What the client wants; None for as long as the site keeps jobs of which nothing is said.
        settings: The site's limits.
        at: The present instant.
        created_at: When the job was created; None for a new one.

    Raises:
        Invalid: it lies in the past, or the job was to be destroyed before now, whatever is asked.
    """
    born_at = created_at or at
    wanted, most = born_at + settings.destruction if asked is None else asked, born_at + settings.destruction_max
    if wanted <= at:
        raise Invalid(
            f"destruction at {wanted.isoformat()} lies in the past; it is {at.isoformat()} now",
            field="DESTRUCTION",
            value=wanted.isoformat(),
        )
    if most <= at:
        raise Invalid(
            f"destruction at {wanted.isoformat()}: no job is kept longer than {settings.destruction_max} after its "
            f"creation, which this one has been already",
            field="DESTRUCTION",
            value=wanted.isoformat(),
        )
    return min(wanted, most)
