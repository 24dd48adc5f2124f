"""Numbers that a notation writes without a type."""

from __future__ import annotations

from typing import Final

from provstore.graph.model import XSD

__all__ = ["type_of_whole"]

_INT, _LONG = 1 << 31, 1 << 63
_DIGITS_OF_LONG: Final = 20


def type_of_whole(text: str) -> str:
    """Give the datatype of a whole number by its size, as the reference library does."""
    value = int(text) if len(text) <= _DIGITS_OF_LONG else _LONG
    if -_INT <= value < _INT:
        return f"{XSD}int"
    return f"{XSD}long" if -_LONG <= value < _LONG else f"{XSD}integer"
