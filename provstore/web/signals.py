"""Where wrappers signal: a hint that wakes the supervisor, which then looks for itself."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from provstore.errors import Unauthenticated
from provstore.web.site import site

__all__ = ["signals"]

signals: Final = Blueprint("signals", __name__)

_MOST: Final = 64 * 1024
"""Bytes of a signal's body."""


@signals.post("/signals/<job_id>")
def receive(job_id: str) -> Response:
    """POST /signals/{job}: token checked, supervisor woken; what the body claims changes nothing by itself."""
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer" or not credentials.token:
        raise Unauthenticated("the token is not that of a job known here")
    site().tokens.check(job_id, credentials.token)
    request.max_content_length = _MOST
    site().hear(job_id, request.get_data())
    return Response(status=204)
