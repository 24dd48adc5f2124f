"""Bytes of stored files and logs: ranges, ETag, Last-Modified, HEAD, and logs that still grow."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from provstore.errors import Forbidden, Invalid, NotFound
from provstore.graph.model import EVERYBODY, Node, NodeId, Viewer, now
from provstore.queries.names import expand
from provstore.uws.files import safe_name
from provstore.uws.jobs import CONTENT_TYPE_ANY, Job, JobParameter, integer, text
from provstore.uws.phases import FINAL, Phase
from provstore.uws.watching.following import tail_start
from provstore.web.embedding import send_embedded
from provstore.web.forms import one_value, whole_number
from provstore.web.prov_links import link_file
from provstore.web.ranges import send_bytes
from provstore.web.site import base_url, caller, site
from provstore.web.uws_xml import instant_text

__all__ = ["UNBUFFERED", "send_input", "send_log", "send_stored", "store"]

store: Final = Blueprint("store", __name__)

_INERT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_PDF: Final = "application/pdf"
_READ: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""For PDF, which browsers read outside of the page: their readers don't start in a sandbox."""

_PLAIN: Final = "text/plain; charset=utf-8"
_ASCII: Final = "".join(map(chr, range(33, 127)))
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TRUTH: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

_TICKET_LASTS: Final = timedelta(minutes=10)

UNBUFFERED: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Headers of an answer that is to be seen while it is written; the second one asks nginx not to hold it back."""


@store.get("/store/<path:entity>")
def show_entity(entity: str) -> Response:
    """GET /store/{entity}: the bytes of an entity."""
    ticket = one_value(request.args, "ticket")
    if ticket is not None:
        return _send_by_ticket(entity, ticket)
    node = _kept(entity, caller().viewer)
    what = one_value(request.args, "embed")
    return link_file(_send_node(node) if what is None else send_embedded(node, what), node)


@store.post("/store/<path:entity>/tickets")
def make_ticket(entity: str) -> Response:
    """POST /store/{entity}/tickets: an address under which programs without a token read this file for some minutes."""
    node = _kept(entity, caller().viewer)
    until_at = now() + _TICKET_LASTS
    local = node.id.removeprefix(site().store.namespace)
    ticket = site().tokens.ticket(node.id, until_at=until_at)
    response = jsonify(
        {
            "href": f"{base_url()}/store/{quote(local, safe='')}?ticket={ticket}",
            "until": instant_text(until_at),
        }
    )
    response.status_code = 201
    response.headers["Cache-Control"] = "no-store"
    return response


def _send_by_ticket(entity: str, ticket: str) -> Response:
    """Send a file to whom somebody who may read it has given an address."""
    site().tokens.check_ticket(expand(entity, site().store.namespace), ticket, at=now())
    response = _send_node(_kept(entity, EVERYBODY))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _kept(entity: str, viewer: Viewer) -> Node:
    """Give an entity that has a file.

    Raises:
        NotFound: there is none that the viewer sees, or no file of it.
    """
    found = site().store.get([NodeId(expand(entity, site().store.namespace))], viewer)
    if not found:
        raise NotFound(f"no entity {entity!r}", field="entity", value=entity)
    if not text(found[0].properties, "location"):
        raise NotFound(f"of {entity!r} no file is kept here", field="entity", value=entity)
    return found[0]


def send_input(parameter: JobParameter) -> Response:
    """Send a file that a job uses. Who sees the job may still not see what others have made, and it uses.

    Raises:
        Forbidden: he does not.
        NotFound: it is not fetched yet, or not kept any more.
    """
    if parameter.to_fetch:
        raise NotFound(f"{parameter.name} is not fetched yet", field=parameter.name)
    found = site().store.get([parameter.entity], caller().viewer) if parameter.entity else ()
    if not found:
        raise Forbidden(f"the file of {parameter.name} is not shared with you", field=parameter.name)
    return _send_node(found[0])


def _send_node(node: Node) -> Response:
    """Send a file that lies here; of one that is only registered, lead to where it is."""
    properties = node.properties
    location, sha256 = text(properties, "location"), text(properties, "sha256")
    if _WEB.match(location):
        return Response(status=303, headers={"Location": quote(location, safe=_ASCII)})
    size = integer(properties, "size")
    return send_stored(location, content_type=text(properties, "content_type"), sha256=sha256, size=size)


def send_stored(location: str, *, content_type: str, sha256: str, size: int | None = None) -> Response:
    """Send a file of the data directory or the archive; what a browser would run is sandboxed.

    Raises:
        NotFound: it is not kept any more, or a file of the archive is not what the record says.
    """
    if not location:
        raise NotFound("its file is not kept any more: the job it belongs to was destroyed")
    file = site().files.path(location, size=size, sha256=sha256)
    facts = file.stat()
    etag = sha256 or f"{facts.st_mtime_ns:x}-{facts.st_size:x}"
    response = send_bytes(file, content_type=content_type or CONTENT_TYPE_ANY, etag=etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = disposition(file.name)
    response.headers["Content-Security-Policy"] = _READ if response.mimetype == _PDF else _INERT
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def disposition(name: str) -> str:
    """Give a file's name to those who save it (RFC 6266): plain for old clients, and as it is (RFC 8187)."""
    plain, own = safe_name(name), _CONTROLS.sub("_", name)
    told = f'inline; filename="{plain}"'
    return told if plain == own else f"{told}; filename*=UTF-8''{quote(own, safe='')}"


def send_log(job: Job, stream: str) -> Response:
    """Send what a job has printed so far, or the end of it; ``?follow=true``: until it is over."""
    file = site().files.run(job.id) / stream
    if job.phase is Phase.ARCHIVED:
        raise NotFound(f"{stream} is not kept any more: job {job.id} was destroyed", field=stream)
    site().following.refresh(job)
    start = _start(file)
    if _follows() and request.method == "GET":
        return Response(site().following.follow(job, stream, start=start), content_type=_PLAIN, headers=UNBUFFERED)
    if not file.is_file():
        return Response("", content_type=_PLAIN, headers=UNBUFFERED)
    facts = file.stat()
    grows = job.open or job.phase not in FINAL
    response = send_bytes(
        file, content_type=_PLAIN, start=start, etag="" if grows else f"{facts.st_mtime_ns:x}-{facts.st_size:x}-{start}"
    )
    response.headers["Cache-Control"] = "no-store" if grows else "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _start(file: Path) -> int:
    """Tell where what is asked for begins: ``?lines=n``: the last lines; ``?from=n``: from a byte on."""
    lines, place = one_value(request.args, "lines"), one_value(request.args, "from")
    count = None if lines is None else whole_number(lines, name="lines", least=1)
    start = 0 if place is None else whole_number(place, name="from", least=0)
    if not file.is_file():
        return 0
    return max(min(start, file.stat().st_size), tail_start(file, count) if count else 0)


def _follows() -> bool:
    given = one_value(request.args, "follow")
    if given is None:
        return False
    if given.lower() not in _TRUTH:
        raise Invalid(f"follow={given!r}: true or false is needed", field="follow", value=given)
    return _TRUTH[given.lower()]
