"""Bytes of a file over HTTP: whole, a range, several ranges (RFC 9110 §14), or nothing new (304)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import is_resource_modified

__all__ = ["Range", "ranges_of", "send_bytes"]

_CHUNK: Final = 1 << 18
_SPECIFIER: Final = re.compile(r"\s*(?P<first>\d{0,18})\s*-\s*(?P<last>\d{0,18})\s*\Z", re.ASCII)
_MOST: Final = 100
"""Ranges in one request: more are an attack, or a program gone wrong."""


class Range(NamedTuple):
    """Bytes of a file, from the first to before the end."""

    first: int
    end: int


def ranges_of(header: str, size: int) -> tuple[Range, ...] | None:
    """Read a Range header for a file of that size.

    Returns:
        The ranges that there are, in the order asked for, perhaps none; None if the header is to be ignored: it can't
        be read, or asks for more than the whole file has.
    """
    unit, _, given = header.partition("=")
    items = [_SPECIFIER.match(item) for item in given.split(",")[: _MOST + 1]]
    if unit.strip().lower() != "bytes" or len(items) > _MOST or not size:
        return None
    found: list[Range] = []
    for item in items:
        if item is None or not _is_in_order(item["first"], item["last"]):
            return None
        one = _range(item["first"], item["last"], size)
        if one.first < one.end:
            found.append(one)
    return None if sum(one.end - one.first for one in found) > size else tuple(found)


def _is_in_order(first: str, last: str) -> bool:
    return bool(first or last) and (not first or not last or int(first) <= int(last))


def _range(first: str, last: str, size: int) -> Range:
    if not first:
        return Range(max(0, size - int(last)), size)
    return Range(min(int(first), size), min(int(last) + 1, size) if last else size)


def send_bytes(file: Path, *, content_type: str, etag: str = "", start: int = 0) -> Response:
    """Send a file as it is now, from a place on; what is added to it meanwhile is left out.

    Args:
        file: It is there.
        content_type: Of its content.
        etag: Names this very content; "" for a file that still grows, of which no client may keep a copy.
        start: Where it begins for the client.
    """
    stream = file.open("rb")  # before anything is answered: a file that goes now is read to its end
    size = stream.seek(0, 2) - start
    whole = Range(0, size)
    response = Response(_pieces(stream, start, (whole,)), content_type=content_type)
    response.call_on_close(stream.close)
    response.content_length = size
    response.accept_ranges = "bytes"
    if etag:
        response.set_etag(etag)
        response.last_modified = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        response.make_conditional(request.environ)
    if response.status_code == 200 and request.method == "GET" and _is_partial(response):  # else 304 or 412
        _send_ranges(response, stream, start=start, size=size)
    return response


def _is_partial(response: Response) -> bool:
    """Tell whether the Range header counts: there is no If-Range, or the client's part is of this very content."""
    tag, changed = response.headers.get("ETag"), response.headers.get("Last-Modified")
    if "Range" not in request.headers:
        return False
    if "If-Range" not in request.headers:
        return True
    return bool(tag) and not is_resource_modified(
        request.environ, etag=tag, last_modified=changed, ignore_if_range=False
    )


def _send_ranges(response: Response, stream: BinaryIO, *, start: int, size: int) -> None:
    ranges = ranges_of(request.headers["Range"], size)
    if ranges is None:
        return
    if not ranges:
        stream.close()
        raise RequestedRangeNotSatisfiable(size)
    response.status_code = 206
    if len(ranges) == 1:
        response.headers["Content-Range"] = _content_range(ranges[0], size)
        response.content_length = ranges[0].end - ranges[0].first
        response.response = _pieces(stream, start, ranges)
        return
    boundary = secrets.token_hex(16)
    heads = [_head(boundary, response.content_type or "", one, size) for one in ranges]
    tail = f"\r\n--{boundary}--\r\n".encode()
    response.content_length = sum(map(len, heads)) + sum(one.end - one.first for one in ranges) + len(tail)
    response.content_type = f"multipart/byteranges; boundary={boundary}"
    response.response = _parts(stream, start, ranges=ranges, heads=heads, tail=tail)


def _content_range(one: Range, size: int) -> str:
    return f"bytes {one.first}-{one.end - 1}/{size}"


def _head(boundary: str, content_type: str, one: Range, size: int) -> bytes:
    place = _content_range(one, size)
    return f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {place}\r\n\r\n".encode()


def _parts(
    stream: BinaryIO, start: int, *, ranges: Sequence[Range], heads: Sequence[bytes], tail: bytes
) -> Iterator[bytes]:
    for one, head in zip(ranges, heads, strict=True):
        yield head
        yield from _pieces(stream, start, (one,))
    yield tail


def _pieces(stream: BinaryIO, start: int, ranges: Sequence[Range]) -> Iterator[bytes]:
    for one in ranges:
        stream.seek(start + one.first)
        left = one.end - one.first
        while left and (piece := stream.read(min(_CHUNK, left))):
            left -= len(piece)
            yield piece
