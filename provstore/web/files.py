"""Bytes of stored files and logs: ranges, ETag, Last-Modified, HEAD."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request, send_file

from provstore.errors import NotFound
from provstore.graph.model import NodeId
from provstore.queries.names import expand
from provstore.uws.files import safe_name
from provstore.uws.jobs import CONTENT_TYPE_ANY, text
from provstore.web.forms import whole_number
from provstore.web.site import caller, site

__all__ = ["send_log", "send_stored", "store"]

store: Final = Blueprint("store", __name__)

_INERT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_LAST_BYTES: Final = 1 << 20


@store.get("/store/<path:entity>")
def show_entity(entity: str) -> Response:
    """GET /store/{entity}: the bytes of an entity."""
    node = expand(entity, site().store.namespace)
    found = site().store.get([NodeId(node)], caller().viewer)
    if not found:
        raise NotFound(f"no entity {entity!r}", field="entity", value=entity)
    properties = found[0].properties
    location = text(properties, "location")
    if not location:
        raise NotFound(f"of {entity!r} no file is kept here", field="entity", value=entity)
    return send_stored(location, content_type=text(properties, "content_type"), sha256=text(properties, "sha256"))


def send_stored(location: str, *, content_type: str, sha256: str) -> Response:
    """Send a file of the data directory; what a browser would run is sandboxed."""
    file = site().files.path(location)
    response = send_file(
        file,
        mimetype=content_type or CONTENT_TYPE_ANY,
        download_name=safe_name(file.name),
        conditional=True,
        etag=sha256 or True,
    )
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Security-Policy"] = _INERT
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def send_log(file: Path) -> Response:
    """Send what a job has printed so far; ``?lines=n``: only the last ones."""
    lines = request.args.get("lines")
    count = None if lines is None else whole_number(lines, name="lines", least=1)
    if not file.is_file():
        return Response("", content_type="text/plain; charset=utf-8")
    if count is None:
        return send_file(file, mimetype="text/plain", conditional=True, etag=False, max_age=0)
    return Response(_last_lines(file, count), content_type="text/plain; charset=utf-8")


def _last_lines(file: Path, count: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _LAST_BYTES))
        return b"".join(stream.readlines()[-count:])
