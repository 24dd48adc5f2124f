"""JSON read piece by piece: one member of an object after the other, never a document as a whole.

An object is given as a tuple of its members, so that nothing that stands twice is lost; a list as a list; a number as
the text that was written.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from provstore.errors import Malformed, TooLarge

__all__ = ["DECODER", "JsonStream", "Real", "Whole", "cleaned"]


class Whole(str):
    """A number without fraction and exponent, as it was written."""

    __slots__ = ()


class Real(str):
    """Any other number, as it was written; infinities and NaN as xsd:double has them."""

    __slots__ = ()


_CONSTANTS: Final = {"NaN": Real("NaN"), "Infinity": Real("INF"), "-Infinity": Real("-INF")}

DECODER: Final = json.JSONDecoder(
    parse_int=Whole,
    parse_float=Real,
    parse_constant=_CONSTANTS.__getitem__,
    object_pairs_hook=tuple,
)
"""Gives values as this module promises them."""

_CHUNK: Final = 256 << 10
_LONGEST: Final = 32 << 20
"""So many characters one value may have: a record is kept in memory."""
_NEAR: Final = 16
"""An error so near to the end of what has been read may come from what has not; and a number may go on there."""
_SPACE: Final = re.compile(r"[ \t\n\r]*+")
_NAME: Final = re.compile(r'[ \t\n\r]*+"([^"\\\x00-\x1f]*+)"[ \t\n\r]*+:[ \t\n\r]*+')
_ESCAPED: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""What may stand for a character that no store can keep."""
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


class JsonStream:
    """One pass over a text in JSON.

    Args:
        source: UTF-8, with or without a byte order mark.

    Every method raises Malformed, with line and column, where the text is no JSON, and TooLarge for one value of more
    than 32 Mi characters.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = self._suspect = False
        self._bytes = self._line = self._column = 0

    def peek(self) -> str:
        """Give the next character that is no space, without taking it; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def names(self) -> Iterator[str]:
        """Give the names in the object that begins here; the value of each must be taken before the next is asked."""
        self._take("{", "an object is needed")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            yield self._name()
            separator = self._text[self._at : self._at + 1]
            if separator not in {",", "}"}:
                separator = self.peek()
            if separator not in {",", "}"}:
                raise self._wrong(f"{self._seen()} where a comma or }} is needed")
            self._at += 1
            if separator == "}":
                return

    def members(self) -> Iterator[tuple[str, Any]]:
        """Give name and value of each member of the object that begins here."""
        for name in self.names():
            yield name, self.value()

    def elements(self) -> Iterator[Any]:
        """Give each value of the list that begins here."""
        self._take("[", "a list is needed")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.peek()
            yield self.value()
            if (separator := self.peek()) not in {",", "]"} or not separator:
                raise self._wrong(f"{self._seen()} where a comma or ] is needed")
            self._at += 1
            if separator == "]":
                return

    def value(self) -> Any:
        """Take the value that begins here."""
        start = self._at
        try:
            value, end = DECODER.raw_decode(self._text, start)
        except (json.JSONDecodeError, RecursionError):
            return self._value_slowly()
        if end >= len(self._text) - _NEAR or self._suspect:
            return self._value_slowly()
        self._at = end
        return value

    def end(self) -> None:
        """Refuse what stands behind the document."""
        if self.peek():
            raise self._wrong(f"{self._seen()} behind the end of the document")

    def place(self, at: int | None = None) -> str:
        """Tell line and column."""
        at = self._at if at is None else at
        line = self._line + self._text.count("\n", 0, at)
        newline = self._text.rfind("\n", 0, at)
        column = at - newline - 1 if newline >= 0 else self._column + at
        return f"line {line + 1}, column {column + 1}"

    def _value_slowly(self) -> Any:
        """Take a value that does not yet stand in memory as a whole, or is none."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                near = error.pos >= len(self._text) - _NEAR or error.msg.startswith("Unterminated")
                if self._ended or not near:
                    raise self._wrong(error.msg, at=error.pos) from None
            except RecursionError:
                raise self._wrong("too many objects and lists in one another") from None
            else:
                if self._ended or end < len(self._text) - _NEAR:
                    self._check_characters(value, end)
                    self._at = end
                    return value
            self._read_on()

    def _check_characters(self, value: Any, end: int) -> None:
        if self._suspect and _ESCAPED.search(self._text, self._at, end):
            for text in _texts(value):
                if _NO_TEXT.search(text):
                    raise self._wrong("a NUL character or half of a surrogate pair can't be kept")

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return found[1]
        if self.peek() != '"':
            raise self._wrong(f"{self._seen()} where a name in double quotes is needed")
        name = self.value()
        self._take(":", "a colon is needed")
        self.peek()
        return str(name)

    def _take(self, character: str, needed: str) -> None:
        if self.peek() != character:
            raise self._wrong(f"{needed}, not {self._seen()}")
        self._at += 1

    def _seen(self) -> str:
        return repr(self._text[self._at]) if self._at < len(self._text) else "the end"

    def _read_on(self) -> bool:
        """Forget what was taken and read thrice what is left, so that a long value is not tried too often."""
        if self._ended:
            return False
        newline = self._text.rfind("\n", 0, self._at)
        self._column = self._at - newline - 1 if newline >= 0 else self._column + self._at
        self._line += self._text.count("\n", 0, self._at)
        left = self._text[self._at :]
        if len(left) > _LONGEST:
            raise TooLarge(f"{self.place()}: a value of more than {_LONGEST} characters")
        self._text, self._at = left, 0
        data = self._source.read(max(_CHUNK, 3 * len(left)))
        more = self._decoded(data)
        if not self._bytes:
            more = more.removeprefix("\ufeff")
        self._bytes += len(data)
        self._ended = not data
        self._text = left + more
        self._suspect = _ESCAPED.search(self._text) is not None
        return not self._ended

    def _decoded(self, data: bytes) -> str:
        try:
            return self._utf8.decode(data, final=not data)
        except UnicodeDecodeError as error:
            offset = self._bytes + len(data) - len(error.object) + error.start
            raise Malformed("this is no UTF-8", place=f"byte {offset}") from None

    def _wrong(self, problem: str, *, at: int | None = None) -> Malformed:
        return Malformed(problem, place=self.place(at))


def _texts(value: Any) -> Iterator[str]:
    """Give all texts in a value, names of members among them."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list | tuple):
            left.extend(one)


def cleaned(value: Any) -> Any:
    """Give the same value, with a replacement character for each that can't be kept."""
    if type(value) is str:
        return _NO_TEXT.sub("\ufffd", value)
    if isinstance(value, list | tuple):
        return type(value)(cleaned(one) for one in value)
    return value
