"""Parses JSON that anybody may send: no name twice, no depth bomb, no endless number, and the line of a fault."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.reading import Notes

__all__ = ["parse_json", "parse_json_as_texts"]

_DEPTH_MAX: Final = 32
_DIGITS_MAX: Final = 30
_MEMBERS_MAX: Final = 20_000
"""Most lists and objects of a document."""

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def parse_json(data: bytes, *, notes: Notes) -> object:
    """Parse a document.

    Raises:
        Invalid: it is no JSON in UTF-8, with line and column; or it holds a name twice, NaN, or more than it may.
        TooLarge: it has too many lists and objects.
    """
    return _parse(data, notes=notes, number=int, real=float)


def parse_json_as_texts(data: bytes, *, notes: Notes) -> object:
    """Parse a document, with each number as the text that stands there: ``100.0`` stays ``100.0``.

    Raises:
        Invalid: as `parse_json`.
        TooLarge: the same.
    """
    return _parse(data, notes=notes, number=str, real=str)


def _parse(data: bytes, *, notes: Notes, number: Callable[[str], Any], real: Callable[[str], Any]) -> object:
    text = _decoded(data, notes=notes)
    _check_shape(text, notes=notes)

    def limited(read: Callable[[str], Any]) -> Callable[[str], Any]:
        def convert(digits: str) -> object:
            if len(digits) > _DIGITS_MAX:
                raise notes.refuse(0, f"a number of {len(digits)} characters; right is at most {_DIGITS_MAX}")
            return read(digits)

        return convert

    def constant(word: str) -> object:
        raise notes.refuse(_line(text, text.find(word)), f"{word} is no JSON")

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise notes.refuse(_last_line(text, twice), f"the name {twice!r:.80} stands twice in one object")
        return found

    try:
        document: object = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=limited(number),
            parse_float=limited(real),
            parse_constant=constant,
        )
    except json.JSONDecodeError as error:
        raise notes.refuse(error.lineno, f"no JSON: {error.msg} (column {error.colno})") from error
    _check_texts(document, notes=notes)
    return document


def _decoded(data: bytes, *, notes: Notes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise notes.refuse(line, f"not UTF-8: {error.reason} at byte {error.start}") from error


def _check_shape(text: str, *, notes: Notes) -> None:
    """Refuse what would take the parser too deep or too long, before it goes there."""
    depth, count = 0, 0
    for token in _TOKEN.finditer(text):
        depth += _STEPS.get(token[0], 0)
        count += token[0] in "[{"
        if count > _MEMBERS_MAX:
            raise TooLarge(f"{notes.source}: more lists and objects than the {_MEMBERS_MAX} that it may have")
        if depth > _DEPTH_MAX:
            raise notes.refuse(_line(text, token.start()), f"more than {_DEPTH_MAX} levels of lists and objects")


def _check_texts(document: object, *, notes: Notes) -> None:
    for text in _texts(document):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise notes.refuse(0, f"the text {text[:40]!r} holds half a character (a lone surrogate)") from error


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, max(position, 0)) + 1


def _last_line(text: str, name: str) -> int:
    """Line where a name stands for the last time; 0 where it can't be found as it is (it has escapes)."""
    position = text.rfind(json.dumps(name, ensure_ascii=False))
    return _line(text, position) if position >= 0 else 0
