"""Attributes as words that Neo4j's full-text index finds: of a node, and of what a bundle asserts. Pure functions.

A word is a digest of the attribute's key, a letter for the sort of its value, and the value, so that the order of the
words is the order of the values. The index takes a word as a whole (analyzer ``keyword``). Not each attribute as a
node with an index of keys and values: that makes imports a third slower.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from provstore.graph.literals import typed
from provstore.graph.model import PROV, XSD, Attribute, Kind, Relation, Value, format_instant
from provstore.graph.statements import ELEMENTS

__all__ = ["HASHED", "TEXT", "asserted", "key_word", "long_words", "prefix", "sort", "word", "words"]

TEXT: Final = "t"
HASHED: Final = "u"
_NUMBER, _INSTANT, _TRUTH = "n", "i", "b"
_LONG: Final = 500
"""A longer text is a hash in the index; the whole text stands beside it, for what a hash can't tell."""
_KEY_BYTES, _TEXT_BYTES = 8, 16
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1
_REST: Final = 1 << 11
"""An integer of 64 bits lies less than that from the float next to it."""
_DATE_TIME: Final = f"{XSD}dateTime"


def words(attributes: Iterable[Attribute]) -> list[str] | None:
    """Give the words of attributes, each once; None for none, as that is how a property is absent."""
    found = (word(one.key, typed(one)) for one in attributes)
    return list(dict.fromkeys(one for one in found if one is not None)) or None


def long_words(attributes: Iterable[Attribute]) -> list[str] | None:
    """Give the words, with their whole texts, of those attributes whose texts the index knows as hashes only."""
    long = (one for one in attributes if len(one.lexical) > _LONG)
    texts = ((one.key, typed(one)) for one in long)
    return [prefix(key, TEXT) + value for key, value in texts if isinstance(value, str)] or None


def asserted(relation: Relation) -> tuple[Attribute, ...]:
    """Give the attributes that a relation asserts of its target: an element's, with its times; none for any other."""
    is_own_word = relation.kind is not Kind.ASSERTS or relation.source == relation.target
    if is_own_word or relation.arguments.get("kind") not in ELEMENTS:
        return ()
    times = ((name, relation.arguments.get(name)) for name in ("startTime", "endTime"))
    return (*relation.attributes, *(Attribute(PROV + name, text, _DATE_TIME) for name, text in times if text))


def word(key: str, value: Value) -> str | None:
    """Write a value of an attribute as a word; None for NaN, which equals nothing."""
    letter = sort(value)
    if isinstance(value, str):
        is_long = len(value) > _LONG
        return prefix(key, HASHED) + _digest(value, size=_TEXT_BYTES) if is_long else prefix(key, letter) + value
    if isinstance(value, datetime):
        return prefix(key, letter) + format_instant(value)
    if isinstance(value, bool):
        return prefix(key, letter) + str(int(value))
    is_nan = isinstance(value, float) and math.isnan(value)
    return None if is_nan else prefix(key, letter) + _number(value)


def sort(value: Value) -> str:
    """Give the letter of the value's sort: values of two sorts are neither equal, nor more or less."""
    if isinstance(value, str):
        return TEXT
    if isinstance(value, datetime):
        return _INSTANT
    return _TRUTH if isinstance(value, bool) else _NUMBER


def prefix(key: str, letter: str) -> str:
    """Give what all words of a key and a sort begin with."""
    return key_word(key) + letter


@lru_cache(maxsize=10_000)
def key_word(key: str) -> str:
    """Give what all words of a key begin with."""
    return _digest(key, size=_KEY_BYTES)


def _digest(text: str, *, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _number(value: float) -> str:
    """Write integers and floats so that texts sort as the numbers do, exactly: the float next to it, then the rest."""
    try:
        near = float(value)
    except OverflowError:
        near = math.inf if value > 0 else -math.inf
    (bits,) = struct.unpack(">Q", struct.pack(">d", near + 0.0))  # -0.0 + 0.0 is 0.0
    ordered = bits ^ _ALL if bits & _SIGN else bits | _SIGN
    return f"{ordered:016x}{_rest(value, near) + _REST:03x}"


def _rest(value: float, near: float) -> int:
    """Give how far an integer is from its float; of one beyond 64 bits, which nothing equals, only the side."""
    if not isinstance(value, int):
        return 0
    rest = (-1 if near > 0 else 1) if math.isinf(near) else value - int(near)
    return max(1 - _REST, min(_REST - 1, rest))
