"""Pages of other hosts: those that the site lists may call it with a token, and never with a cookie.

``Access-Control-Allow-Credentials`` is never sent, so a browser shows no page what a cookie has opened.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Flask, Response, request

from provstore.errors import Invalid
from provstore.settings import Settings

__all__ = ["ANY_ORIGIN", "install_cors", "is_listed"]

ANY_ORIGIN: Final = "*"

_ORIGIN: Final = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_SENT: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, Range, X-CSRF-Token"
)
_SHOWN: Final = (
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, Link, Location, "
    "Provstore-Truncated, Retry-After, WWW-Authenticate, X-VO-Authenticated"
)
_REMEMBERED_SECONDS: Final = "600"


def is_listed(origin: str, origins: tuple[str, ...]) -> bool:
    """Tell whether pages of this origin may call the site: it is listed, or all are."""
    return origin in origins or ANY_ORIGIN in origins


def install_cors(app: Flask, settings: Settings) -> None:
    """Answer the browsers' questions for pages of listed origins; before access is looked at, for they carry no token.

    Raises:
        Invalid: something listed is no origin.
    """
    origins = tuple(map(_checked, settings.cors_origins))
    if not origins:
        return

    @app.before_request
    def look_at_origin() -> Response | None:
        """Forget the cookies of a foreign page, and answer whether it may call at all."""
        if not _is_foreign() or not is_listed(request.headers["Origin"], origins):
            return None
        request.environ.pop("HTTP_COOKIE", None)
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return Response(headers=_PERMISSION) if asks else None

    @app.after_request
    def permit(response: Response) -> Response:
        """Say that the page may read the answer; caches keep answers to different origins apart."""
        response.headers.add("Vary", "Origin")
        if _is_foreign() and is_listed(request.headers["Origin"], origins):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
        return response


_PERMISSION: Final = {
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": _SENT,
    "Access-Control-Max-Age": _REMEMBERED_SECONDS,
}


def _is_foreign() -> bool:
    """Tell whether a page of another origin asks."""
    return request.headers.get("Origin", _own()) != _own()


def _own() -> str:
    return f"{request.scheme}://{request.host}"


def _checked(origin: str) -> str:
    if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
        wanted = "https://host or https://host:port is needed, in lower case and without a path, or * for all"
        raise Invalid(f"cors_origins: {origin!r} is no origin; {wanted}", field="cors_origins", value=origin)
    return origin
