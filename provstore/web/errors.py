"""The only place that knows which error is which HTTP status, and what its body looks like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from provstore.accounts.callers import VISITOR
from provstore.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAcceptable,
    NotFound,
    OutOfRange,
    ProvstoreError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
    WrongDescription,
)
from provstore.web.browsers import is_browser

__all__ = [
    "STATUS",
    "ErrorDocument",
    "ErrorPage",
    "Problems",
    "challenge",
    "install_error_handlers",
    "speak",
    "too_large",
]

STATUS: Final[tuple[tuple[type[ProvstoreError], int], ...]] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (NotAcceptable, 406),
    (Conflict, 409),
    (TooLarge, 413),
    (UnsupportedType, 415),
    (OutOfRange, 416),
    (TooMany, 429),
    (Unavailable, 503),
    (Invalid, 400),
    (ProvstoreError, 500),
)
"""Tried from top to bottom; the first class that fits gives the status."""

_LOG: Final = logging.getLogger(__name__)
_FAILED: Final = ', error="invalid_token", error_description="the token is not known here, or no longer valid"'
_BASIC: Final = ', Basic realm="provstore", charset="UTF-8"'
_BY_SCRIPT: Final = frozenset({"cors", "no-cors", "same-origin"})
_PLAIN: Final = ("/uws/", "/rest/")
_RETRY_SECONDS: Final = "5"
_LONGEST: Final = 1000
_PAGE: Final = "provstore.error_page"

Problems = tuple[tuple[str, str, str], ...]
"""All that is wrong with a job description, each as (level, place, text)."""

ErrorPage = Callable[[int, str, Problems], Response]
ErrorDocument = Callable[[str, str], tuple[str, str]]
"""Writes (kind of error, message) as (body, content type)."""


def install_error_handlers(app: Flask, *, page: ErrorPage) -> None:
    """Answer every error with its status and a body that says what was wrong: people get ``page`` of both."""
    app.extensions[_PAGE] = page
    app.register_error_handler(ProvstoreError, _own)
    app.register_error_handler(HTTPException, _of_library)
    app.register_error_handler(Exception, _unexpected)


def _own(error: ProvstoreError) -> Response:
    if isinstance(error, Forbidden | NotFound) and g.get("caller") is VISITOR:
        error = Unauthenticated("this is not public, or is not there: sign in, or send a token")
    status = next(number for kind, number in STATUS if isinstance(error, kind))
    problems = error.problems if isinstance(error, WrongDescription) else ()
    response = _answer(
        status, type(error).__name__, error.message, field=error.field, value=error.value, problems=problems
    )
    if status == STATUS[0][1]:
        response.headers["WWW-Authenticate"] = challenge()
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = _RETRY_SECONDS
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def speak(document: ErrorDocument) -> None:
    """Let errors of the present request be told in the words of the protocol that is spoken there."""
    g.error_document = document


def challenge() -> str:
    """Say how a caller may prove who he is (RFC 9110 §11.6.1, as TOPCAT and other VO clients read it).

    A wrong token is told as such (RFC 6750 §3). To a browser Basic is not offered: it would ask for
    a password in a window of its own, where a personal token is needed.
    """
    sent_token = request.headers.get("Authorization", "").lower().startswith("bearer")
    in_browser = request.headers.get("Sec-Fetch-Mode") in _BY_SCRIPT or is_browser()
    return f'Bearer realm="provstore"{_FAILED * sent_token}{_BASIC * (not in_browser)}'


def _of_library(error: HTTPException) -> Response:
    message = error.description or "unknown error"
    if isinstance(error, RequestEntityTooLarge):
        message = too_large()
    response = _answer(error.code or 500, type(error).__name__, message)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def too_large() -> str:
    """Say what is allowed, of a request that is larger."""
    limits = current_app.config
    return (
        f"the request is larger than this server allows: {limits['MAX_CONTENT_LENGTH']} bytes, "
        f"{limits['MAX_FORM_MEMORY_SIZE']} of them outside of files"
    )


def _unexpected(error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, "InternalError", "something went wrong in this server; its log has the details")


def _answer(
    status: int,
    kind: str,
    message: str,
    *,
    field: str | None = None,
    value: str | None = None,
    problems: Problems = (),
) -> Response:
    """UWS clients get plain text unless they ask for JSON; everybody else gets JSON."""
    message = _shortened(message)
    document: ErrorDocument | None = g.get("error_document")
    if document is not None:
        body, content_type = document(kind, message)
        return Response(body, status, content_type=content_type)
    if is_browser():
        g.refused_field = field or ""  # a form that is shown again says it there
        page: ErrorPage = current_app.extensions[_PAGE]
        return page(status, message, problems)
    if f"{request.path}/".startswith(_PLAIN) and not _asks_for_json():
        return Response(message + "\n", status, content_type="text/plain; charset=utf-8")
    facts = {"kind": kind, "message": message, "field": field, "value": value and _shortened(value)}
    told: dict[str, object] = {name: text for name, text in facts.items() if text is not None}
    if problems:
        told["problems"] = [{"level": level, "place": place, "text": text} for level, place, text in problems]
    body = json.dumps({"error": told})
    return Response(body + "\n", status, content_type="application/json")


def _shortened(text: str) -> str:
    """Leave out the middle: a value of a megabyte is named, not sent back; what would be right stands at the end."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…({len(text)} characters)…{text[-half:]}"


def _asks_for_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/plain", "application/json"], "text/plain")
    return best == "application/json"
