"""Parameters and errors as services of the VO have them (DALI 1.1): names in any case, from address and form alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from provstore.errors import Invalid
from provstore.export.votable_error import error_votable
from provstore.web.errors import speak
from provstore.web.forms import read_form

__all__ = ["VOTABLE", "read_parameters", "single", "speak_text", "speak_votable"]

VOTABLE: Final = "application/x-votable+xml"

_PLAIN: Final = "text/plain; charset=utf-8"
_FAULTS: Final[Mapping[str, str]] = {
    "Invalid": "UsageFault",
    "NotFound": "NotFoundFault",
    "Unavailable": "TransientFault",
    "InternalError": "FatalFault",
}
"""Class of an error -> the word of DataLink 1.1 §3.4 for it."""
_OTHER_FAULT: Final = "DefaultFault"


def speak_text() -> None:
    """Tell errors of the present request as plain text."""
    speak(lambda _kind, message: (message + "\n", _PLAIN))


def speak_votable(*, with_fault: bool) -> None:
    """Tell errors of the present request as a VOTable; ``with_fault``: the message begins with its kind."""
    speak(lambda kind, message: (error_votable(_named(kind, message) if with_fault else message), VOTABLE))


def _named(kind: str, message: str) -> str:
    return f"{_FAULTS.get(kind, _OTHER_FAULT)}: {message}"


def read_parameters() -> dict[str, list[str]]:
    """Read all values of each parameter, by its name in capitals.

    Raises:
        UnsupportedType: the body is no form.
        Invalid: it is malformed.
    """
    found: dict[str, list[str]] = {}
    for name, values in read_form().lists():
        found.setdefault(name.upper(), []).extend(values)
    return found


def single(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    """Give the value of a parameter that may be there once, None where it is not.

    Raises:
        Invalid: it is there more than once.
    """
    values = given.get(name, ())
    if len(values) > 1:
        raise Invalid(f"{name} is given {len(values)} times: once is right", field=name, value=values[1])
    return values[0] if values else None
