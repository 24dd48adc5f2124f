"""The words of PROV-N (W3C recommendation 2013, section 3.7) as patterns; each skips the space before it.

What is repeated gives nothing back (``++``, ``*+``): time is linear in the text, whatever it holds.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "ARGUMENT",
    "ATTRIBUTE",
    "BUNDLE",
    "CLOSE",
    "DECLARATION",
    "DECLARED",
    "EMPTY",
    "WORD",
    "Pattern",
    "skip",
    "unescaped",
]

_START: Final = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART: Final = rf"{_START}0-9\xb7\u0300-\u036f\u203f\u2040\-"
_OTHERS: Final = r"/@~&+*?#$!"
_HIDDEN: Final = r"%[0-9A-Fa-f]{2}|\\[=',\-:;\[\]().\"]"
_PREFIX: Final = rf"[{_START}](?:\.*+[{_PART}]++)*+"
_LOCAL: Final = rf"(?:[{_START}0-9{_OTHERS}]|{_HIDDEN})(?:\.*+(?:[{_PART}{_OTHERS}]++|{_HIDDEN}))*+"
_SPACE: Final = r"(?:\s++|//[^\n\r]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+"
_TIME: Final = r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_IRI: Final = r"<(?P<iri>(?:[^<>\"{}|^`\\\x00-\x20]++|\\[^\x00-\x20])++)>"
_TEXT: Final = r'"""(?P<long>(?:[^"\\]++|\\.|"(?!""))*+)"""|"(?P<short>(?:[^"\\\n\r]++|\\.)*+)"'

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_SURROGATES: Final = range(0xD800, 0xE000)
_MOST: Final = 0x10FFFF

skip: Final = re.compile(_SPACE, re.DOTALL).match
"""Matches the space and the comments at a position."""


class Pattern:
    """A pattern, and its parts in words, so that what stops it can be told.

    Args:
        pattern: The whole.
        parts: Patterns of what must follow each other, each with what it is.
    """

    def __init__(self, pattern: str, *parts: tuple[str, str]) -> None:
        self.match = re.compile(pattern, re.DOTALL).match
        self._parts = tuple((re.compile(part, re.DOTALL), what) for part, what in parts)

    def stop(self, text: str, position: int) -> tuple[int, str]:
        """Tell where the pattern ends to fit, and what is needed there."""
        needed = "something else"
        for part, what in self._parts:
            needed = what
            found = part.match(text, position)
            if found is None:
                break
            position = found.end()
        space = skip(text, position)
        return position if space is None else space.end(), needed


def _name(group: str) -> str:
    """Spell a qualified name; its prefix may be missing, or its local part."""
    return rf"(?:(?P<{group}_prefix>{_PREFIX}):(?P<{group}_local>(?:{_LOCAL})?+)|(?P<{group}_bare>{_LOCAL}))(?!:)"


def _then(*parts: str) -> str:
    return "".join(_SPACE + part for part in parts)


_ARGUMENT: Final = rf"(?:(?P<time>{_TIME})(?!:)|{_name('name')}|-)"
_TYPED: Final = rf"{_SPACE}@(?P<lang>[A-Za-z]+(?:-[A-Za-z0-9]+)*)|{_SPACE}%%{_SPACE}{_name('type')}"
_VALUE: Final = rf"(?:(?:{_TEXT})(?:{_TYPED})?|(?P<whole>-?[0-9]+)|'{_name('quoted')}')"

WORD: Final = Pattern(_then(r"(?P<word>[A-Za-z][\w:]*+)", r"(?P<open>\(?)"), (_then("[A-Za-z]"), "a statement"))
"""The first word of a statement with its bracket, or ``document``, ``bundle``, ``endBundle``, ``endDocument``."""

DECLARED: Final = Pattern(_then(r"(?:prefix|default)\b"))
DECLARATION: Final = Pattern(
    rf"{_SPACE}(?:default|prefix{_SPACE}(?P<prefix>{_LOCAL})){_SPACE}{_IRI}",
    (_then(rf"(?:default\b|prefix\b{_SPACE}(?:{_LOCAL})(?!:))"), "a prefix"),
    (_then(_IRI), "a namespace in <>"),
)
BUNDLE: Final = Pattern(_then(_name("name")), (_then(_name("name")), "the name of the bundle"))
ARGUMENT: Final = Pattern(
    rf"{_SPACE}(?:(?P<open>\[)|{_ARGUMENT}{_SPACE}(?P<end>[,;)]))",
    (_then(_ARGUMENT), "a name, a time or '-'"),
    (_then("[,;)]"), "',' or ')'"),
)
ATTRIBUTE: Final = Pattern(
    _then(_name("key"), "=", _VALUE, r"(?P<end>[,\]])"),
    (_then(_name("key")), "the name of an attribute"),
    (_then("="), "'='"),
    (_then(_VALUE), "a text in double quotes, a whole number or a name in single quotes"),
    (_then(r"[,\]]"), "',' or ']'"),
)
EMPTY: Final = Pattern(_then(r"\]"))
CLOSE: Final = Pattern(_then(r"\)"), (_then(r"\)"), "')'"))


def unescaped(raw: str) -> str:
    """Give a text without its escapes.

    Raises:
        ValueError: an escape that means nothing; the message says which.
    """
    return _ESCAPE.sub(_meant, raw) if "\\" in raw else raw


def _meant(found: re.Match[str]) -> str:
    four, eight, plain = found.groups()
    if plain is not None:
        if plain not in _ESCAPES:
            raise ValueError(f"\\{plain}")
        return _ESCAPES[plain]
    code = int(four or eight, 16)
    if code in _SURROGATES or code > _MOST or not code:
        raise ValueError(found[0])
    return chr(code)
