"""Answers compressed for those who take them so."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final

from flask import Response, request

__all__ = ["compress", "gzipped"]

_WORTH: Final = 1_000
"""Bytes from which it saves a packet (HTTP over Ethernet carries 1,460 in one)."""


def gzipped(content: bytes) -> bytes:
    """Compress by gzip (RFC 1952); the same content gives the same bytes."""
    return gzip.compress(content, 6, mtime=0)


def compress(response: Response, pack: Callable[[bytes], bytes] = gzipped) -> bool:
    """Compress an answer whose content is at hand, if its asker takes gzip; tell whether it is compressed now.

    A secret that goes into an answer beside words of the address must be masked (``csrf.masked``): its length tells
    otherwise what it holds (the attack BREACH).
    """
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) < _WORTH or not request.accept_encodings.quality("gzip"):
        return False
    response.data = pack(content)
    response.headers["Content-Encoding"] = "gzip"
    return True
