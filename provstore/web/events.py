"""Server-sent events: changes of jobs, to whom may see them (WHATWG HTML, 9.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid, Unauthenticated
from provstore.graph.model import Viewer, format_instant
from provstore.uws.watching.events import Event, Since, parse_since
from provstore.uws.watching.streams import Stream
from provstore.web.access import standing
from provstore.web.files import UNBUFFERED
from provstore.web.forms import one_value
from provstore.web.site import base_url, site
from provstore.web.uws_xml import instant_text

__all__ = ["ROUTES", "events"]

events: Final = Blueprint("events", __name__)

_TYPE: Final = "text/event-stream; charset=utf-8"
_MOUNT: Final = "uws"
_OPENING: Final = "retry: 3000\n\n"
"""Milliseconds after which a browser comes back when the stream has ended."""

_HEARTBEAT: Final = ": still here\n\n"


@events.get("/events")
def show_all_events() -> Response:
    """GET /events: changes of the jobs of all services."""
    return _stream(None, _MOUNT)


def show_events(service: str) -> Response:
    """GET {jobs}/events: changes of the jobs of a service."""
    site().service.catalog.newest(service)
    return _stream(service, str(request.blueprint))


def _stream(service: str | None, mount: str) -> Response:
    seconds, since = _seconds(), _since()
    stream = site().events.open(_sight(), service=service, since=since)
    body = _written(stream, f"{base_url()}/{mount}", seconds, from_now_on=since is None)
    response = Response(body, content_type=_TYPE, headers=UNBUFFERED)
    response.call_on_close(stream.close)
    return response


def _since() -> Since | None:
    """Read from where on: what a browser says of itself when it comes back wins over the address it came to first."""
    name = "Last-Event-ID"
    if last := request.headers.get(name):
        return parse_since(last, field=name)
    given = one_value(request.args, "since")
    return None if given is None else parse_since(given, field="since")


def _seconds() -> float | None:
    given = one_value(request.args, "WAIT")
    if given is None or given == "-1":
        return None
    if not re.fullmatch(r"\d{1,9}(\.\d{0,9})?", given, re.ASCII):
        raise Invalid(f"WAIT={given!r}: a number of seconds is needed, or -1", field="WAIT", value=given)
    return float(given)


def _sight() -> Callable[[], Viewer | None]:
    """Give a function that looks again at who sent this request, and what he may see now."""
    caller = standing()

    def look() -> Viewer | None:
        with suppress(Unauthenticated):
            return caller().viewer
        return None

    return look


def _written(stream: Stream, base: str, seconds: float | None, *, from_now_on: bool) -> Iterator[str]:
    yield _OPENING
    if from_now_on:  # who comes back before the first event says with this id from where on
        yield f"id: {format_instant(stream.began_at)}\n\n"
    for batch in stream.batches(seconds=seconds):
        yield "".join(_text(event, base) for event in batch) or _HEARTBEAT
    yield f"event: close\ndata: {json.dumps({'reason': stream.ended})}\n\n"


def _text(event: Event, base: str) -> str:
    facts = {
        "jobId": event.job_id,
        "service": event.service,
        "phase": event.phase,
        "runId": event.run_id or None,
        "creationTime": instant_text(event.created_at),
        "changedAt": instant_text(event.at),
        "href": f"{base}/{event.service}/{event.job_id}",
    }
    return f"id: {event.id}\nevent: {event.happening}\ndata: {json.dumps(facts)}\n\n"


ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    ("/<service>/events", ("GET",), show_events),
)
