"""Reads the JSON of OPUS: parameters, inputs and results are objects by name, and lists of keys tell their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from provstore.uws.descriptions.dialects.jsontext import parse_json_as_texts
from provstore.uws.descriptions.dialects.opus_content import Content, Item, described
from provstore.uws.descriptions.dialects.reading import Notes, Reading

__all__ = ["read_opus_json"]

_PARTS: Final = ("parameters", "used", "generated")
_IGNORED: Final = frozenset(
    {*_PARTS, *(f"{part}_keys" for part in _PARTS), "control_parameters", "control_parameters_keys"}
)


def read_opus_json(data: bytes, *, source: str) -> Reading:
    """Read a description.

    Args:
        data: The file.
        source: Name of the file, for messages.

    Raises:
        Invalid: it is no JSON, with line and column, or not of this shape.
    """
    notes = Notes(source=source)
    document = parse_json_as_texts(data, notes=notes)
    if not isinstance(document, dict):
        raise notes.refuse(0, "a description is an object, not a list or a single value")
    facts = {key: _text(value, what=key, notes=notes) for key, value in document.items() if key not in _IGNORED}
    parts = {part: tuple(_items(document, part, notes=notes)) for part in _PARTS}
    content = Content(facts=facts, parameters=parts["parameters"], used=parts["used"], generated=parts["generated"])
    return notes.reading(described(content, notes=notes), dialect="opus-json")


def _items(document: Mapping[str, object], part: str, *, notes: Notes) -> Iterator[Item]:
    found = document.get(part) or {}
    if not isinstance(found, dict):
        raise notes.refuse(0, f"{part} must be an object by name, not {found!r:.80}")
    for name in _ordered(found, document.get(f"{part}_keys"), part=part, notes=notes):
        member = found[name]
        if not isinstance(member, dict):
            raise notes.refuse(0, f"{part}.{name} must be an object, not {member!r:.80}")
        yield _item(name, member, part=part, notes=notes)


def _ordered(found: Mapping[str, object], keys: object, *, part: str, notes: Notes) -> list[str]:
    """Give the names in the listed order, then those that the list lacks."""
    if keys is None:
        return list(found)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise notes.refuse(0, f"{part}_keys must be a list of names, not {keys!r:.80}")
    listed = dict.fromkeys(cast("list[str]", keys))
    for key in listed:
        if key not in found:
            notes.add(0, f"{part}_keys lists {key!r:.80}, which is not there", "left out")
    missing = [name for name in found if name not in listed]
    for name in missing:
        notes.add(0, f"{part}_keys lacks {name!r}", "put at the end")
    return [key for key in listed if key in found] + missing


def _item(name: str, member: Mapping[str, Any], *, part: str, notes: Notes) -> Item:
    where = f"{part}.{name}"
    own = member.get("name", name)
    if own != name:
        notes.add(0, f"{where} calls itself {own!r:.80}", f"read as {name!r}")
    split = {"options"} if part == "parameters" else set()
    options = tuple(_options(member.get("options"), where=where, notes=notes)) if split else ()
    facts = {
        key: _text(value, what=f"{where}.{key}", notes=notes)
        for key, value in member.items()
        if key not in split | {"name"}
    }
    return Item(name=name, facts=facts, options=options)


def _options(value: object, *, where: str, notes: Notes) -> Iterator[str]:
    """Give the options: one text with commas, or a list."""
    if isinstance(value, list):
        yield from (_text(one, what=f"{where}.options", notes=notes) for one in value)
        return
    text = _text(value, what=f"{where}.options", notes=notes)
    if text:
        yield from (part.strip() for part in text.split(","))


def _text(value: object, *, what: str, notes: Notes) -> str:
    """Give a value as the text that a form would show; lists of texts are separated by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) and "," not in one for one in value):
        return ",".join(value)
    notes.add(0, f"{what} is a list or an object", "kept as its JSON text")
    return json.dumps(value, ensure_ascii=False)
