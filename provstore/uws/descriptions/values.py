"""Checks the values of a job against its description, and completes them with the defaults.

The text of a value is never changed: no rounding, no other spelling. The script gets what the user sent.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.model import FILE_URL, NUMERIC, TEXTUAL, Description, ParameterDefinition, Used, many
from provstore.uws.descriptions.multiplicity import limits
from provstore.uws.descriptions.names import as_declared

__all__ = [
    "TRUTH",
    "EffectiveParameter",
    "absent_files",
    "check_items",
    "check_value",
    "complete",
    "is_number",
    "number",
    "split_text",
]

TRUTH: Final = dict.fromkeys(("true", "t", "yes", "1"), True) | dict.fromkeys(("false", "f", "no", "0"), False)
"""The words of a boolean, in lower case."""

_INTEGERS: Final = {
    "bit": (0, 1),
    "unsignedByte": (0, 255),
    "short": (-(1 << 15), (1 << 15) - 1),
    "int": (-(1 << 31), (1 << 31) - 1),
    "long": (-(1 << 63), (1 << 63) - 1),
}
_REALS: Final = {"float": "<f", "double": "<d", "floatComplex": "<f", "doubleComplex": "<d"}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}\Z")
_REAL: Final = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,5})?\Z")
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)\Z", re.IGNORECASE)
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f<>\"]+\Z")
_ARRAYSIZE: Final = re.compile(r"(?P<fixed>(?:[0-9]{1,6}x)*)(?P<last>[0-9]{0,6})(?P<star>\*?)\Z")
_COMPLEX: Final = frozenset({"floatComplex", "doubleComplex"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveParameter:
    """A parameter of a job with the value it has; ``given`` tells whether the user sent it."""

    definition: ParameterDefinition
    value: str
    given: bool


def number(text: str) -> float:
    """Read a number as VOTable writes it, ``NaN`` and ``Inf`` included.

    Raises:
        ValueError: it is none, in VOTable's plain spelling (no blanks, no ``1_000``, no decimal comma).
    """
    if not is_number(text):
        raise ValueError(text)
    return float(text)


def is_number(text: str) -> bool:
    """Tell whether `number` reads a text."""
    return bool(_REAL.match(text) or _NOT_FINITE.match(text))


def check_value(definition: ParameterDefinition, text: str) -> str:
    """Give back the text, unchanged, if it is a right value of the parameter.

    Raises:
        Invalid: with the name as field, the value, and what would be right.
    """
    if "\0" in text:
        raise _wrong(definition, text, "text without NUL characters")
    if definition.datatype in TEXTUAL:
        _check_text(definition, text)
    elif definition.arraysize and definition.arraysize != "1":
        _check_array(definition, text)
    else:
        _check_scalar(definition, text)
    return text


def complete(
    description: Description, given: Mapping[str, str], *, known: Collection[str] = ()
) -> tuple[EffectiveParameter, ...]:
    """Check the given values and add the defaults, in the description's order.

    A name counts as declared, or in another case if that is unambiguous. An optional parameter that has neither value
    nor default is left out.

    Args:
        description: What declares the parameters.
        given: Values by name, as the user sent them.
        known: Other names that are right (inputs, control fields) and not handled here.

    Raises:
        Invalid: an unknown name, a name given twice, a wrong value, or a required parameter without one.
    """
    values = _by_declared_name(description, given, known=known)
    return tuple(
        effective for definition in description.parameters if (effective := _effective(definition, values)) is not None
    )


def split_text(used: Used, text: str) -> tuple[str, ...]:
    """Split the value of an input where it may be plural: at commas if it has one, else at blanks."""
    if many(used.multiplicity):
        return tuple(part.strip() for part in (text.split(",") if "," in text else text.split()) if part.strip())
    return (text.strip(),) if text.strip() else ()


def absent_files(used: Used, text: str, here: Collection[str]) -> tuple[str, ...]:
    """Name the files in the default of an input that a job can't have: neither shipped (``here``) nor an address."""
    files = split_text(used, text) if used.url == FILE_URL else ()
    return tuple(one for one in files if one not in here and "://" not in one)


def check_items(used: Used, count: int, text: str) -> None:
    """Do nothing if an input may have so many items; ``text`` is what was given.

    Raises:
        Invalid: more or fewer items than the multiplicity allows.
    """
    allowed = limits(used.multiplicity)
    if not allowed.allow(count):
        raise Invalid(f"input {used.name}: {count} items; right is {allowed}", field=used.name, value=text)


def _by_declared_name(
    description: Description, given: Mapping[str, str], *, known: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Map declared names to (name as sent, value)."""
    declared = [item.name for item in description.parameters]
    everything = [*declared, *known]
    values: dict[str, tuple[str, str]] = {}
    for name, value in given.items():
        right = as_declared(name, everything)
        if right is None:
            raise Invalid(f"unknown name {name!r}; known: {', '.join(everything)}", field=name, value=value)
        if right in values:
            raise Invalid(
                f"parameter {right} is given twice, as {values[right][0]!r} and {name!r}", field=right, value=value
            )
        values[right] = (name, value)
    return values


def _effective(definition: ParameterDefinition, values: Mapping[str, tuple[str, str]]) -> EffectiveParameter | None:
    if definition.name in values:
        value = check_value(definition, values[definition.name][1])
        return EffectiveParameter(definition=definition, value=value, given=True)
    if definition.default is not None:
        return EffectiveParameter(definition=definition, value=definition.default, given=False)
    if definition.required:
        raise Invalid(f"parameter {definition.name} is required and has no default", field=definition.name)
    return None


def _wrong(definition: ParameterDefinition, text: str, right: str) -> Invalid:
    shown = text if len(text) <= 100 else f"{text[:100]}…"
    return Invalid(f"parameter {definition.name}: {shown!r} is not {right}", field=definition.name, value=text)


def _check_text(definition: ParameterDefinition, text: str) -> None:
    if definition.options and text not in definition.options:
        raise _wrong(definition, text, f"one of: {', '.join(definition.options)}")
    if definition.xtype == "uri" and not _ABSOLUTE_URI.match(text):
        raise _wrong(definition, text, "an absolute URI, as https://example.org/a")
    longest = definition.arraysize.removesuffix("*")
    if longest.isdigit() and len(text) > int(longest):
        raise _wrong(definition, text, f"at most {longest} characters long")


def _check_array(definition: ParameterDefinition, text: str) -> None:
    items = text.split()
    _check_count(definition, text, count=len(items))
    try:
        for item in items:
            _check_scalar(definition, item)
    except Invalid as error:
        raise Invalid(error.message, field=error.field, value=text) from error


def _check_count(definition: ParameterDefinition, text: str, *, count: int) -> None:
    """Check the number of values of an array: ``3`` exactly, ``3*`` at most, ``2x*`` a multiple."""
    found = _ARRAYSIZE.match(definition.arraysize)
    if not found:
        return
    row = math.prod(int(part) for part in found["fixed"].split("x") if part)
    row *= 2 if definition.datatype in _COMPLEX else 1
    size = row * int(found["last"] or 1)
    if found["star"] and (count % row or (found["last"] and count > size)):
        raise _wrong(definition, text, f"at most {size} values" if found["last"] else f"a multiple of {row} values")
    if not found["star"] and count != size:
        raise _wrong(definition, text, f"{size} values separated by blanks")


def _check_scalar(definition: ParameterDefinition, text: str) -> None:
    check: Callable[[ParameterDefinition, str], None] = _check_boolean
    if definition.datatype in _INTEGERS:
        check = _check_integer
    elif definition.datatype in _REALS:
        check = _check_real
    check(definition, text)
    if definition.options and not _among(definition, text):
        raise _wrong(definition, text, f"one of: {', '.join(definition.options)}")


def _among(definition: ParameterDefinition, text: str) -> bool:
    """Numbers are compared as numbers: ``1.0`` is the option ``1``."""
    if text in definition.options or definition.datatype not in NUMERIC:
        return text in definition.options
    return any(_bound(option) == number(text) for option in definition.options)


def _check_boolean(definition: ParameterDefinition, text: str) -> None:
    if text.lower() not in TRUTH:
        raise _wrong(definition, text, "one of: true, false, 1, 0, yes, no, T, F")


def _check_integer(definition: ParameterDefinition, text: str) -> None:
    low, high = _INTEGERS[definition.datatype]
    if not _INTEGER.match(text):
        raise _wrong(definition, text, "an integer")
    if not low <= int(text) <= high:
        raise _wrong(definition, text, f"within the range of {definition.datatype}: {low} to {high}")
    _check_bounds(definition, text, value=int(text))


def _check_real(definition: ParameterDefinition, text: str) -> None:
    if _NOT_FINITE.match(text) and definition.default is not None and _NOT_FINITE.match(definition.default):
        return
    if not _REAL.match(text):
        raise _wrong(definition, text, "a finite number, written with a decimal point")
    try:
        struct.pack(_REALS[definition.datatype], float(text))
    except OverflowError:
        raise _wrong(definition, text, f"within the range of {definition.datatype}") from None
    if math.isinf(float(text)):
        raise _wrong(definition, text, f"within the range of {definition.datatype}")
    _check_bounds(definition, text, value=float(text))


def _check_bounds(definition: ParameterDefinition, text: str, *, value: float) -> None:
    low, high = _bound(definition.min), _bound(definition.max)
    if low is not None and value < low:
        raise _wrong(definition, text, f"at least {definition.min}")
    if high is not None and value > high:
        raise _wrong(definition, text, f"at most {definition.max}")


def _bound(text: str) -> float | None:
    """A bound that can't be read bounds nothing; `checks.problems` tells the author."""
    if _INTEGER.match(text):
        return int(text)
    return number(text) if is_number(text) else None
