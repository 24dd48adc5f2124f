"""Fields of a small request, in a form or a JSON object: read as text, and as what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import request

from provstore.errors import Invalid
from provstore.web.bodies import read_values

__all__ = ["flag", "needed", "read_fields"]

_SECRETS: Final = frozenset({"password", "current", "again"})
_FLAGS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def read_fields(*known: str) -> Mapping[str, str]:
    """Read the fields of a request.

    Raises:
        Invalid: an unknown name; or a secret in the address, which is logged and remembered on its way.
        UnsupportedType: the body is neither a form nor JSON.
    """
    given = read_values()
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise Invalid(f"{unknown[0]!r} is not known here; known: {', '.join(known)}", field=unknown[0])
    if not _SECRETS.isdisjoint(request.args):
        raise Invalid("a password belongs in the body of a request, never in its address", field="password")
    return given


def needed(given: Mapping[str, str], name: str) -> str:
    """Give a field that must be there.

    Raises:
        Invalid: it is not, or is empty.
    """
    if not given.get(name):
        raise Invalid(f"{name} is needed", field=name)
    return given[name]


def flag(given: Mapping[str, str], name: str) -> bool:
    """Give a field that is true or false; false where it is not there.

    Raises:
        Invalid: it is something else.
    """
    text = given.get(name, "false")
    if text.lower() not in _FLAGS:
        raise Invalid(f"{name}={text!r}: true or false is needed", field=name, value=text)
    return _FLAGS[text.lower()]
