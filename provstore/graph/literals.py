"""Values of attributes: what a typed literal stands for, for comparisons."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from provstore.graph.model import XSD, Attribute, Value
from provstore.graph.statements import instant_of

__all__ = ["typed"]

_INTEGERS: Final = (
    *("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger"),
    *("negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
)
_FLOATS: Final = ("double", "float", "decimal")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_DIGITS: Final = 400
"""More are no number that anybody measured, and take Python long to read."""
_WHOLE: Final = re.compile("[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITIES: Final = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf}
_LEAST, _MOST = -(2**63), 2**63 - 1


def typed(attribute: Attribute) -> Value:
    """Give the number, instant or truth value that the literal's type and text say; else its text.

    Plain strings are texts, also "7"; whole numbers beyond 64 bits are floats; NaN stays a text, since it equals
    nothing.
    """
    read = _READERS.get(attribute.type or "")
    found = None if read is None or len(attribute.lexical) > _DIGITS else read(attribute.lexical.strip())
    return attribute.lexical if found is None else found


def _integer(text: str) -> Value | None:
    if not _WHOLE.fullmatch(text):
        return None
    value = int(text)
    return value if _LEAST <= value <= _MOST else _float(text)


def _float(text: str) -> Value | None:
    if text in _INFINITIES:
        return _INFINITIES[text]
    return float(text) if _NUMBER.fullmatch(text) else None


_READERS: Final[Mapping[str, Callable[[str], Value | None]]] = {
    **{XSD + name: _integer for name in _INTEGERS},
    **{XSD + name: _float for name in _FLOATS},
    f"{XSD}boolean": _TRUTHS.get,
    f"{XSD}dateTime": instant_of,
}
