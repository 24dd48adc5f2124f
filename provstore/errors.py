"""One tree of errors, by what the caller can do about them.

    ProvstoreError
    ├── Invalid            the request is wrong: change it (400)
    ├── Unauthenticated    say who you are (401)
    ├── Forbidden          you may not, or not now (403)
    │   └── WrongPhase     the job's phase does not allow it
    ├── NotFound           there is no such thing (404)
    ├── Unacceptable       we can't read or write that type
    │   ├── NotAcceptable  no type the caller accepts (406)
    │   └── UnsupportedType  a body of a type we don't read (415)
    ├── Conflict           somebody was faster, or it exists already (409)
    ├── TooLarge           more than the limit (413)
    ├── OutOfRange         no such part of that file (416)
    └── Unavailable        try again later (503)

The numbers are the web's business; nothing here knows HTTP.
"""

from __future__ import annotations

__all__ = [
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotAcceptable",
    "NotFound",
    "OutOfRange",
    "ProvstoreError",
    "TooLarge",
    "Unacceptable",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedType",
    "WrongPhase",
]


class ProvstoreError(Exception):
    """Root of all errors that provstore raises on purpose.

    Args:
        message: What was wrong, with the value, and what would be right.
        field: Name of the offending parameter, when there is one.
        value: The offending value as the caller gave it.
    """

    def __init__(self, message: str, *, field: str | None = None, value: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value


class Invalid(ProvstoreError):
    """The request is malformed, or names something unknown."""


class Unauthenticated(ProvstoreError):
    """The caller must say who he is, or his proof is wrong."""


class Forbidden(ProvstoreError):
    """The caller may not do this."""


class WrongPhase(Forbidden):
    """The job's phase does not allow the request.

    Args:
        job_id: The UWS job id.
        phase: Phase the job is in.
        rule: What would be right, e.g. "only PENDING jobs can be started".
    """

    def __init__(self, job_id: str, *, phase: str, rule: str) -> None:
        super().__init__(f"phase {phase}: {rule} (job {job_id})", field="phase", value=phase)
        self.job_id = job_id
        self.phase = phase


class NotFound(ProvstoreError):
    """There is no such thing, or the caller may not know of it."""


class Unacceptable(ProvstoreError):
    """A media type that can't be written or read."""


class NotAcceptable(Unacceptable):
    """None of the media types that the caller accepts can be written."""


class UnsupportedType(Unacceptable):
    """A request body of a media type that is not read here."""


class Conflict(ProvstoreError):
    """It exists already, or somebody changed it in between."""


class TooLarge(ProvstoreError):
    """More bytes, rows or relations than the limit allows."""


class OutOfRange(ProvstoreError):
    """A byte range outside of the file."""


class Unavailable(ProvstoreError):
    """The store or another part is not there now: try again later."""
