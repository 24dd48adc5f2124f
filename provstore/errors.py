"""One tree of errors, by what the caller can do about them.

    ProvstoreError
    ├── Invalid            the request is wrong: change it (400)
    │   ├── Malformed      a provenance document can't be read: where, and why
    │   └── WrongDescription  a job description that has errors: all of them at once
    ├── Unauthenticated    say who you are (401)
    ├── Forbidden          you may not, or not now (403)
    │   ├── KeptTooMuch    the files that you keep would take more space than they may
    │   ├── QuotaReached   your jobs take all the space they may
    │   └── WrongPhase     the job's phase does not allow it
    ├── NotFound           there is no such thing (404)
    ├── Unacceptable       we can't read or write that type
    │   ├── NotAcceptable  no type the caller accepts (406)
    │   └── UnsupportedType  a body of a type we don't read (415)
    ├── Conflict           somebody was faster, or it exists already (409)
    ├── FetchFailed        a file that a job needs can't be had from elsewhere: the job ends in ERROR
    ├── TooLarge           more than the limit (413)
    ├── OutOfRange         no such part of that file (416)
    ├── TooMany            too often: wait (429)
    └── Unavailable        try again later (503)
        └── Busy           a scheduler answers, but takes no more jobs like this one now

The numbers are the web's business; nothing here knows HTTP.
"""

from __future__ import annotations

__all__ = [
    "Busy",
    "Conflict",
    "FetchFailed",
    "Forbidden",
    "Invalid",
    "KeptTooMuch",
    "Malformed",
    "NotAcceptable",
    "NotFound",
    "OutOfRange",
    "ProvstoreError",
    "QuotaReached",
    "TooLarge",
    "TooMany",
    "Unacceptable",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedType",
    "WrongDescription",
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


class Malformed(Invalid):
    """A provenance document can't be read.

    Args:
        problem: What is wrong, with the value, and what would be right.
        place: Where it stands: a path such as ``used._:u1``, or line and column.
    """

    def __init__(self, problem: str, *, place: str) -> None:
        super().__init__(f"{place}: {problem}", field="document", value=place)
        self.place = place


class WrongDescription(Invalid):
    """A job description can't be taken; everything that is wrong with it is told at once.

    Args:
        name: The service.
        problems: Each as (level, place, text).
    """

    def __init__(self, name: str, problems: tuple[tuple[str, str, str], ...]) -> None:
        errors = [f"{place}: {text}" for level, place, text in problems if level == "error"]
        first = "; ".join(errors[:3]) + ("; ..." if len(errors) > 3 else "")
        super().__init__(f"description {name}: {len(errors)} errors: {first}", field="description", value=name)
        self.problems = problems


class Unauthenticated(ProvstoreError):
    """The caller must say who he is, or his proof is wrong."""


class Forbidden(ProvstoreError):
    """The caller may not do this."""


class QuotaReached(Forbidden):
    """The caller's jobs take as much of the disk as they may.

    Args:
        used: Bytes that they take.
        allowed: Bytes that they may take.
    """

    def __init__(self, *, used: int, allowed: int) -> None:
        super().__init__(
            f"your jobs take {used} bytes of the {allowed} allowed: delete some of them, or wait for their destruction"
        )
        self.used = used
        self.allowed = allowed


class KeptTooMuch(Forbidden):
    """The files of a job can't be kept: its owner's kept files would take more of the disk than they may.

    Args:
        size: Bytes of the job's files.
        used: Bytes that are kept already.
        allowed: Bytes that may be kept.
    """

    def __init__(self, *, size: int, used: int, allowed: int) -> None:
        super().__init__(
            f"the files of this job take {size} bytes, and {used} of the {allowed} that may be kept are taken: "
            f"stop keeping another job first, or download them"
        )
        self.size = size
        self.used = used
        self.allowed = allowed


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


class FetchFailed(ProvstoreError):
    """A file that a job needs could not be fetched; trying again later may help if the failure is transient.

    Args:
        name: Name of the input.
        address: From where, as people may see it.
        reason: What went wrong.
        transient: Whether it may go well another time.
    """

    def __init__(self, name: str, *, address: str, reason: str, transient: bool) -> None:
        super().__init__(f"input {name}: {address} could not be fetched: {reason}", field=name, value=address)
        self.name = name
        self.address = address
        self.reason = reason
        self.transient = transient


class TooLarge(ProvstoreError):
    """More bytes, rows or relations than the limit allows."""


class OutOfRange(ProvstoreError):
    """A byte range outside of the file."""


class TooMany(ProvstoreError):
    """Too many attempts in too short a time.

    Args:
        what: What was done too often.
        seconds: After so many it may be tried again.
    """

    def __init__(self, what: str, *, seconds: int) -> None:
        super().__init__(f"{what}: try again in {-(-seconds // 60)} min")
        self.seconds = seconds


class Unavailable(ProvstoreError):
    """The store or another part is not there now: try again later."""


class Busy(Unavailable):
    """A scheduler is well, but a limit of its own keeps it from taking this job now; others may pass."""
