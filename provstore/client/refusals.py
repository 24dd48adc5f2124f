"""What a server refuses, as our errors: its message and field as they are, and a note that tells request and status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

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
)

__all__ = ["facts_of", "is_refused", "refusal", "retry_after", "unreachable"]

_KINDS: Final[Mapping[int, type[ProvstoreError]]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    406: NotAcceptable,
    409: Conflict,
    413: TooLarge,
    415: UnsupportedType,
    416: OutOfRange,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
_TOO_MANY: Final = 429
_ADVICE: Final = ": try again in "
_PROBLEMS_MOST: Final = 20
_LONGEST: Final = 300


def is_refused(response: httpx.Response) -> bool:
    """Tell whether an answer is an error; being led on to another address is none."""
    return not (response.is_success or response.is_redirect)


def refusal(response: httpx.Response) -> ProvstoreError:
    """Make the error that an answer, which is read already, tells."""
    told = _told(response)
    message = str(told.get("message") or response.text.strip() or response.reason_phrase or "no reason was given")
    error = _error(response, message, field=_text(told.get("field")), value=_text(told.get("value")))
    error.add_note(_note(response))
    for one in _problems(told):
        error.add_note(one)
    return error


def retry_after(response: httpx.Response) -> float | None:
    """Give the seconds after which a server that is not available wants to be asked again, None if it does not say."""
    given = response.headers.get("Retry-After", "")
    if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or not given:
        return None
    if given.isascii() and given.isdecimal():
        return float(given[:9])
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def unreachable(error: httpx.RequestError) -> Unavailable:
    """Make the error of a server that can't be reached, or that breaks off."""
    what = str(error) or type(error).__name__
    return Unavailable(f"no answer from {_address(error.request)}: {what}")


def facts_of(response: httpx.Response) -> Any:
    """Read an answer in JSON.

    Raises:
        Invalid: there is none: another server is at that address.
    """
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        what = response.headers.get("Location") or response.headers.get("Content-Type") or "nothing"
        place = _address(response.request)
        raise Invalid(f"{place} answers {what} and no JSON: is it the address of a provstore server?") from error


def _error(response: httpx.Response, message: str, *, field: str | None, value: str | None) -> ProvstoreError:
    status = response.status_code
    if status == _TOO_MANY:
        seconds = response.headers.get("Retry-After", "")
        return TooMany(message.partition(_ADVICE)[0], seconds=int(seconds) if seconds.isdecimal() else 60)
    return _KINDS.get(status, ProvstoreError)(message, field=field, value=value)


def _told(response: httpx.Response) -> Mapping[str, Any]:
    try:
        told = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _note(response: httpx.Response) -> str:
    return f"status {response.status_code} of {response.request.method} {_address(response.request)}"


def _address(request: httpx.Request) -> str:
    text = str(request.url)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _problems(told: Mapping[str, Any]) -> Sequence[str]:
    problems = told.get("problems", ())
    found = [one for one in problems if isinstance(one, dict)] if isinstance(problems, list) else []
    return [" ".join(str(part) for part in one.values()) for one in found[:_PROBLEMS_MOST]]
