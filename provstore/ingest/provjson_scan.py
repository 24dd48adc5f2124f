"""What a reader of PROV-JSON must know before it begins: prefixes that stand behind records, and keys referred to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from provstore.errors import Malformed
from provstore.ingest.json_stream import DECODER, JsonStream

__all__ = ["prefix_objects", "referred_keys"]

_CHUNK: Final = 256 << 10
_OVERLAP: Final = 4 << 10
"""A reference that is cut by the end of a chunk begins again in the next; longer ones are not looked for."""
_MOST_REFERRED: Final = 100_000
_REFERRING: Final = (b'prov:generation"', b'prov:usage"')
_REFERENCE: Final = re.compile(
    rb'prov:(?:generation|usage)"\s*:\s*(?:\[\s*)?(?:\{[^{}]*?"\$"\s*:\s*)?("(?:[^"\\]|\\.)*+")', re.DOTALL
)


def referred_keys(source: BinaryIO) -> Callable[[str], bool]:
    """Find the blank names that derivations use for generations and usages: those relations keep their names.

    Gives a test for a blank name with its ``_:``, or a name without prefix. Where there are too many to be remembered,
    all pass.
    """
    found: set[str] = set()
    for chunk in _chunks(source):
        if not any(one in chunk for one in _REFERRING):
            continue
        for reference in _REFERENCE.finditer(chunk):
            name = _text(reference[1])
            if name.startswith("_:") or ":" not in name:
                found.add(name.removeprefix("_:"))
        if len(found) > _MOST_REFERRED:
            return lambda _name: True
    return lambda name: name.removeprefix("_:") in found


def prefix_objects(source: BinaryIO) -> list[Any]:
    """Read a whole document for its prefixes: first its own, then those of each bundle in order; None for none.

    Raises:
        Malformed: it is no JSON, or it has two of them in one place.
    """
    source.seek(0)
    stream = JsonStream(source)
    found: list[Any] = [None]
    for section in stream.names():
        if section == "prefix":
            found[0] = _only(found[0], stream)
        elif section == "bundle" and stream.peek() == "{":
            found.extend(_prefix_of(stream) for _ in stream.names())
        else:
            _skip(stream)
    return found


def _prefix_of(stream: JsonStream) -> Any:
    if stream.peek() != "{":
        return stream.value()
    found = None
    for section in stream.names():
        if section == "prefix":
            found = _only(found, stream)
        else:
            _skip(stream)
    return found


def _only(before: Any, stream: JsonStream) -> Any:
    if before is not None:
        raise Malformed("prefix stands there twice", place=stream.place())
    return stream.value()


def _skip(stream: JsonStream) -> None:
    if stream.peek() != "{":
        stream.value()
        return
    for _ in stream.members():
        pass


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    chunk = b""
    while data := source.read(_CHUNK):
        chunk = chunk[-_OVERLAP:] + data
        yield chunk


def _text(quoted: bytes) -> str:
    try:
        return str(DECODER.decode(quoted.decode("utf-8", "replace")))
    except ValueError:
        return ""
