"""Products that exist already, as somebody lists them: a file's place, its checksums, and what is told of it.

A list has columns, each under one of these names: those of a file (location, name, size, content_type, generated_at),
those of its checksums (sha256, md5, adler32, ... or ``checksum`` with ``md5:...``), those of ObsCore, and keys of
further attributes: a URI, a QName of a known prefix, or ``attribute.NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from provstore.errors import Invalid
from provstore.graph.model import PROV, VOPROV, XSD, Attribute
from provstore.graph.obscore import COLUMNS, OBSCORE, column_fault
from provstore.graph.statements import instant_of
from provstore.ingest.problems import shown

__all__ = ["CHECKSUMS", "UNQUALIFIED", "Cell", "Product", "attribute_of", "product_of"]

CHECKSUMS: Final[Mapping[str, int]] = {
    "sha256": 64,
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "sha384": 96,
    "sha512": 128,
    "adler32": 8,
    "crc32": 8,
    "crc32c": 8,
}
"""Checksums by name, with the number of hexadecimal digits they have."""
UNQUALIFIED: Final = "urn:provstore:unqualified:"
"""Namespace of attributes whose key has none."""

_SYNONYMS: Final = {
    "url": "location",
    "uri": "location",
    "path": "location",
    "file": "location",
    "file_name": "name",
    "filename": "name",
    "bytes": "size",
    "content_length": "size",
    "media_type": "content_type",
    "mime_type": "content_type",
    "format": "content_type",
    "created_at": "generated_at",
    "sha-256": "sha256",
    "sha-1": "sha1",
    "sha-512": "sha512",
}
_PREFIXES: Final = {"prov": PROV, "voprov": VOPROV, "obscore": OBSCORE, "xsd": XSD}
_ATTRIBUTE, _OBSCORE, _CHECKSUM = "attribute.", "obscore.", "checksums."
_MOST: Final = {"location": 4_000, "name": 1_000, "content_type": 200}
_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}(?:\s*;[\x20-\x7e]{0,120})?\Z")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACE: Final = re.compile(r'[\s<>"{}|\\^`]')
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_REAL: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,17})?\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?\Z|-?[1-9][0-9]*[eE][+-]?[0-9]{1,3}\Z"
)
_SIZE: Final = re.compile(r"[0-9]{1,18}\Z")
_KEY: Final = re.compile(r"[A-Za-z_][\w.-]{0,200}\Z")
_VALUE_MOST: Final = 60_000
_STRING: Final = f"{XSD}string"
_TELLS_TOO_MUCH: Final = "it holds a user's name or password, which all who see the record would see"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a list: its text, and the XML Schema type that the list gives it (None: as it looks)."""

    text: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product that is somewhere.

    ``location`` is a URI. ``sha256`` is one of its ``checksums``. ``record`` holds columns of ObsCore. ``place``: where
    it stands in its list, for messages.
    """

    location: str
    name: str = ""
    size: int | None = None
    content_type: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    generated_at: datetime | None = None
    record: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[Attribute, ...] = ()
    place: str = ""


@dataclass(slots=True)
class _Draft:
    """A product whose columns are being read."""

    base: Path | None
    facts: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    record: dict[str, str] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)


def product_of(cells: Iterator[tuple[str, Cell]], *, place: str, base: Path | None) -> Product:
    """Read one product.

    Args:
        cells: Name of the column, and its value; empty values are left out.
        place: Where it stands.
        base: The folder from which relative paths count; None where only URIs are known.

    Raises:
        Invalid: a column is unknown, or its value is wrong; with the place.
    """
    draft = _Draft(base)
    for name, cell in cells:
        if cell.text.strip() and (fault := _take(draft, name, cell)):
            told = None if fault == _TELLS_TOO_MUCH else shown(cell.text)
            raise Invalid(f"{place}: {shown(name)}: {fault}", field=name, value=told)
    location = draft.facts.get("location") or draft.record.get("access_url", "")
    if not location:
        raise Invalid(f"{place}: a location is needed: the address or path of the file", field="location")
    if draft.record.get("access_url") == location:
        del draft.record["access_url"]
    size = draft.facts.get("size")
    return Product(
        location=location,
        name=draft.facts.get("name", ""),
        size=None if size is None else int(size),
        content_type=draft.facts.get("content_type") or draft.record.pop("access_format", ""),
        checksums=draft.checksums,
        generated_at=instant_of(draft.facts.get("generated_at", "")),
        record=draft.record,
        attributes=tuple(draft.attributes),
        place=place,
    )


def _take(draft: _Draft, name: str, cell: Cell) -> str:
    """Take a column; tell what is wrong with it, "" for nothing."""
    plain = name.strip()
    lower = _SYNONYMS.get(plain.lower(), plain.lower())
    text = cell.text.strip()
    if lower.startswith(_OBSCORE) or lower in COLUMNS:
        return _column(draft, lower.removeprefix(_OBSCORE), text)
    if lower in _FACTS:
        return _fact(draft, lower, text)
    if lower.removeprefix(_CHECKSUM) in CHECKSUMS or lower == "checksum" or lower.startswith(_CHECKSUM):
        return _checksum(draft, lower.removeprefix(_CHECKSUM), text)
    if not plain.lower().startswith(_ATTRIBUTE) and ":" not in plain:
        return "is no column known here; attributes of your own are called attribute.NAME, or by a URI"
    return _attribute(draft, plain[len(_ATTRIBUTE) :] if plain.lower().startswith(_ATTRIBUTE) else plain, cell)


def _column(draft: _Draft, column: str, text: str) -> str:
    if fault := column_fault(column, text):
        return fault
    return _once(draft.record, column, text)


def _fact(draft: _Draft, name: str, text: str) -> str:
    if _UNFIT.search(text):
        return f"{shown(text)!r} holds control characters, or turns the direction of writing"
    if len(text) > _MOST.get(name, _VALUE_MOST):
        return f"has {len(text)} characters; at most {_MOST[name]} are kept"
    try:
        return _once(draft.facts, name, _FACTS[name](text, draft.base))
    except ValueError as error:
        return str(error)


def _once(found: dict[str, str], name: str, text: str) -> str:
    if found.setdefault(name, text) != text:
        return f"is given twice, as {shown(found[name])!r} and {shown(text)!r}"
    return ""


def _location(text: str, base: Path | None) -> str:
    """Give a place as a URI.

    Raises:
        ValueError: it is none, in words.
    """
    if not _SCHEME.match(text):
        if base is None:
            raise ValueError(f"{shown(text)!r} is no URI, such as https://archive.example/file.fits")
        return (base / text).absolute().as_uri()
    parts = urlsplit(text)
    if _SPACE.search(text) or not (parts.netloc or parts.path.strip("/")):
        raise ValueError(f"{shown(text)!r} is no URI: blanks and the like are written with %")
    if parts.password or (parts.username and parts.scheme.lower() in {"http", "https"}):
        raise ValueError(_TELLS_TOO_MUCH)
    return text


def _size(text: str, _: Path | None) -> str:
    if not _SIZE.match(text):
        raise ValueError(f"{shown(text)!r} is no number of bytes")
    return text


def _content_type(text: str, _: Path | None) -> str:
    if not _TYPE.match(text):
        raise ValueError(f"{shown(text)!r} is no media type, as application/fits")
    return text


def _generated_at(text: str, _: Path | None) -> str:
    dated = text if "T" in text or not text else f"{text}T00:00:00" if " " not in text else text.replace(" ", "T")
    if instant_of(dated) is None:
        raise ValueError(f"{shown(text)!r} is no instant, such as 2026-01-31T12:00:00Z")
    return dated


_FACTS: Final[Mapping[str, Callable[[str, Path | None], str]]] = {
    "location": _location,
    "name": lambda text, _: text,
    "size": _size,
    "content_type": _content_type,
    "generated_at": _generated_at,
}


def _checksum(draft: _Draft, name: str, text: str) -> str:
    if name == "checksum":
        name, colon, text = text.partition(":")
        name = _SYNONYMS.get(name.strip().lower(), name.strip().lower())
        if not colon:
            return f"{shown(name)!r} does not say which checksum it is, as md5:0cc1... does"
    digits = text.lower().removeprefix("0x")
    if not re.fullmatch("[a-z][a-z0-9_-]{0,30}", name):
        return f"{shown(name)!r} is no name of a checksum"
    right = CHECKSUMS.get(name)
    if not re.fullmatch("[0-9a-f]{1,256}", digits) or (right is not None and len(digits) > right):
        return f"{shown(text)!r} is no {name}: {right or 'some'} hexadecimal digits are needed"
    if right is not None and len(digits) < right and right > 8:
        return f"{shown(text)!r} is no {name}: it has {len(digits)} digits of {right}"
    return _once(draft.checksums, name, digits.rjust(right or 0, "0"))


def _attribute(draft: _Draft, key: str, cell: Cell) -> str:
    try:
        draft.attributes.append(attribute_of(key, cell))
    except ValueError as error:
        return str(error)
    return ""


def attribute_of(key: str, cell: Cell) -> Attribute:
    """Give an attribute of any key: a URI, a QName of a known prefix, or a plain name.

    Raises:
        ValueError: the key or the value can't be kept, in words.
    """
    prefix, colon, local = key.partition(":")
    whole = f"{_PREFIXES[prefix]}{local}" if prefix in _PREFIXES else key if colon else f"{UNQUALIFIED}{key}"
    if not (_KEY.match(key) if not colon else _SCHEME.match(whole) and not _SPACE.search(whole)) or _UNFIT.search(
        whole
    ):
        raise ValueError(f"{shown(key)!r} is no key of an attribute: a name or a URI is needed")
    if "\0" in cell.text or len(cell.text) > _VALUE_MOST:
        raise ValueError(f"a text without NUL characters, of at most {_VALUE_MOST} characters, is needed")
    column = whole.removeprefix(OBSCORE)
    if column != whole and (fault := column_fault(column, cell.text)):
        raise ValueError(fault)
    type_ = cell.type or _looks_like(cell.text)
    return Attribute(whole, cell.text, None if type_ == _STRING else type_)


def _looks_like(text: str) -> str | None:
    if _WHOLE.match(text):
        return f"{XSD}long"
    return f"{XSD}double" if _REAL.match(text) else None
