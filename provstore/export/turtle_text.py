"""Text as Turtle spells it: strings, IRIs and names (W3C RDF 1.1 Turtle, section 6)."""

from __future__ import annotations

import re
from typing import Final

from provstore.export.iris import Split, legal

__all__ = ["LANGUAGE", "name", "string"]

LANGUAGE: Final = re.compile("[A-Za-z]+(?:-[A-Za-z0-9]+)*")

_SPECIAL: Final = re.compile('["\\\\\\x00-\\x1f\x7f-\x9f\u2028\u2029\ufeff]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LOCAL: Final = re.compile("[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_BLANK: Final = re.compile("[A-Za-z0-9_]+")


def string(text: str) -> str:
    """Write a string, quotes included."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{_SPECIAL.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}"


def name(split: Split) -> str:
    """Write a name: short where its local part needs no escapes, else the whole IRI."""
    if split.blank:
        local = split.local if _BLANK.fullmatch(split.local) else f"x{split.local.encode('utf-8', 'replace').hex()}"
        return f"_:{local}"
    if _LOCAL.fullmatch(split.local):
        return f"{split.prefix}:{split.local}"
    return f"<{legal(split.uri)}>"
