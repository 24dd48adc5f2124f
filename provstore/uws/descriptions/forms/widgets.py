"""Which widget of a form fits a parameter, and what it offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from provstore.uws.descriptions.content_types import CONTENT_TYPES
from provstore.uws.descriptions.model import NUMERIC, TEXTUAL, ParameterDefinition
from provstore.uws.descriptions.multiplicity import Limits
from provstore.uws.descriptions.values import TRUTH, is_number, number

__all__ = ["Widget", "accepted", "choices", "hint", "shown", "step", "widget_of"]


class Widget(StrEnum):
    """How a value is entered."""

    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    SELECT = "select"
    URL = "url"
    FILE = "file"
    INSTANT = "datetime"


_INTEGERS: Final = frozenset({"bit", "unsignedByte", "short", "int", "long"})
_NUMBERS: Final = NUMERIC | {"bit"}
_HTML_NUMBER: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
"""What a browser shows in a field of numbers; of anything else it shows nothing."""
_INTEGER: Final = re.compile(r"-?[0-9]+\Z")
_LONG_TEXT: Final = 200
_ANYTHING: Final = frozenset({"", "application/octet-stream", "*/*"})
_FITS: Final = frozenset({"application/fits", "image/fits"})
_PAIRS: Final = (
    ("true", "false"),
    ("yes", "no"),
    ("1", "0"),
    ("T", "F"),
    ("t", "f"),
    ("True", "False"),
    ("Yes", "No"),
    ("TRUE", "FALSE"),
    ("YES", "NO"),
)
"""Words for on and off; a script is given the very word, and may compare it."""


def widget_of(definition: ParameterDefinition, given: str | None, *, is_file: bool) -> Widget:
    """Choose the widget; it can show the value that it starts with: the one given, else the default."""
    value = (definition.default or "") if given is None else given
    if is_file:
        return Widget.FILE
    if definition.datatype in TEXTUAL:
        return _widget_of_text(definition, value)
    if definition.options and definition.arraysize in {"", "1"}:
        return Widget.SELECT
    return _widget_of_scalar(definition, value) if definition.arraysize in {"", "1"} else Widget.TEXT


def _widget_of_scalar(definition: ParameterDefinition, value: str) -> Widget:
    if definition.datatype == "boolean":
        return Widget.CHECKBOX
    fits = definition.datatype in _NUMBERS and (not value or _HTML_NUMBER.match(value))
    return Widget.NUMBER if fits else Widget.TEXT


def _widget_of_text(definition: ParameterDefinition, value: str) -> Widget:
    if definition.options:
        return Widget.SELECT
    if "\n" in value or len(value) > _LONG_TEXT:
        return Widget.TEXTAREA
    return Widget.URL if definition.xtype == "uri" else Widget.TEXT


def choices(definition: ParameterDefinition, *, widget: Widget) -> tuple[str, ...]:
    """Give what may be chosen: the options; of a checkbox the words for on and off that its default uses."""
    if widget is not Widget.CHECKBOX:
        return definition.options if widget is Widget.SELECT else ()
    return next((pair for pair in _PAIRS if definition.default in pair), _PAIRS[0])


def shown(value: str, options: tuple[str, ...]) -> str:
    """Spell a value as the option that means the same: ``1.0`` as ``1``, ``T`` as ``true``."""
    if not options or value in options or not value:
        return value
    same = (one for one in options if _number(one) is not None and _number(one) == _number(value))
    truth = TRUTH.get(value.lower()) if options in _PAIRS else None
    return next(same, value) if truth is None else options[0 if truth else 1]


def _number(text: str) -> float | None:
    return number(text) if is_number(text) else None


def step(definition: ParameterDefinition, *, widget: Widget) -> str:
    """Give the step of a field of numbers, which browsers count from the minimum."""
    if widget is not Widget.NUMBER:
        return ""
    whole = definition.datatype in _INTEGERS and (not definition.min or _INTEGER.match(definition.min))
    return "1" if whole else "any"


def accepted(content_types: Iterable[str]) -> tuple[str, ...]:
    """Give media types and endings of file names for a file chooser; none where anything is right.

    Browsers know few types of astronomy: without the endings they would hide the right files.
    """
    types = [one.partition(";")[0].strip().lower() for one in content_types]
    if not types or not _ANYTHING.isdisjoint(types):
        return ()
    endings = [ending for ending, known in CONTENT_TYPES.items() if known in types]
    if not _FITS.isdisjoint(types):
        endings += [".fits", ".fit", ".fts", ".gz"]
    return (*dict.fromkeys(types), *dict.fromkeys(endings))


def hint(definition: ParameterDefinition, items: Limits, *, results: Iterable[str], is_file: bool) -> str:
    """Say the limits in words, and the default where the widget can't show it."""
    unseen = f"{definition.default} if none is given" if is_file and definition.default else ""
    parts = [unseen, _range(definition), _how_many(items)]
    parts += [f"file name of the result {name}" for name in results]
    return "; ".join(part for part in parts if part)


def _range(definition: ParameterDefinition) -> str:
    if definition.min and definition.max:
        return f"{definition.min} to {definition.max}"
    if definition.min:
        return f"at least {definition.min}"
    return f"at most {definition.max}" if definition.max else ""


def _how_many(items: Limits) -> str:
    if items.high is not None and items.high <= 1:
        return ""
    few = "" if items.low == 0 and items.high is None else f"{items}, "
    return f"{few or 'any number, '}separated by blanks"
