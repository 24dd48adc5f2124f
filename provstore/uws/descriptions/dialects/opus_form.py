"""Reads a description from the fields of a form, named as OPUS names them: ``param_name_1``, ``used_url_2``..."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.opus_content import Content, Item, described
from provstore.uws.descriptions.dialects.reading import Notes, Reading
from provstore.uws.descriptions.model import FILE_URL

__all__ = ["read_form"]

_HEAD: Final = (
    "name",
    "label",
    "annotation",
    "doculink",
    "url",
    "group",
    "type",
    "subtype",
    "version",
    "contact_name",
    "contact_email",
    "executionDuration",
    "quote",
    "script",
)
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "param": ("name", "datatype", "default", "required", "annotation", "options", "attributes"),
    "used": ("name", "contenttype", "multiplicity", "default", "annotation", "url", "isfile", "role", "type"),
    "generated": ("name", "contenttype", "multiplicity", "default", "annotation", "role", "type"),
}
_ATTRIBUTES: Final = ("unit", "ucd", "utype", "min", "max", "xtype", "arraysize")
_NUMBERED: Final = re.compile(r"(?P<part>param|used|generated)_(?P<field>[a-z]+)_(?P<number>[0-9]{1,6})\Z", re.ASCII)

_Rows = dict[str, dict[int, dict[str, str]]]


def read_form(values: Mapping[str, str]) -> Reading:
    """Read a description; the numbers give the order, and may have gaps.

    Raises:
        Invalid: an unknown field (all are told), no name, or a name that can't be one.
    """
    notes = Notes(source="form")
    rows = _rows(values)
    _move_multiplicities(rows, notes=notes)
    content = Content(
        facts={key: values[key] for key in _HEAD if key in values},
        parameters=tuple(_parameter(row, notes=notes) for row in _named(rows, "param", notes=notes)),
        used=tuple(_used(row) for row in _named(rows, "used", notes=notes)),
        generated=tuple(_generated(row) for row in _named(rows, "generated", notes=notes)),
    )
    return notes.reading(described(content, notes=notes), dialect="form")


def _rows(values: Mapping[str, str]) -> _Rows:
    rows: _Rows = {part: {} for part in _FIELDS}
    unknown: list[str] = []
    for name, value in values.items():
        found = _NUMBERED.match(name)
        if found and found["field"] in _FIELDS[found["part"]]:
            rows[found["part"]].setdefault(int(found["number"]), {})[found["field"]] = value.strip()
        elif name not in _HEAD:
            unknown.append(name)
    if unknown:
        numbered = ", ".join(f"{part}_{{{','.join(fields)}}}_N" for part, fields in _FIELDS.items())
        shown = ", ".join(repr(name[:80]) for name in sorted(unknown))
        raise Invalid(f"unknown fields: {shown}; known: {', '.join(_HEAD)}, {numbered}", field=min(unknown))
    return rows


def _move_multiplicities(rows: _Rows, *, notes: Notes) -> None:
    """Give a result the multiplicity that stands under ``used``: OPUS looks for it there, so its clients send it so."""
    for number, row in rows["generated"].items():
        other = rows["used"].get(number, {})
        if "multiplicity" in row or other.get("name") or not other.get("multiplicity"):
            continue
        row["multiplicity"] = other.pop("multiplicity")
        what = f"used_multiplicity_{number} without an input of that number"
        notes.add(0, what, f"read as that of the result {row.get('name', '')}")


def _named(rows: _Rows, part: str, *, notes: Notes) -> Iterator[dict[str, str]]:
    """Give the rows in the order of their numbers; an empty line of the form is none."""
    for number, row in sorted(rows[part].items()):
        if row.get("name"):
            yield row
        elif told := [f"{part}_{field}_{number}" for field, value in row.items() if value]:
            notes.add(0, f"{', '.join(told)} without {part}_name_{number}", "left out")


def _parameter(row: Mapping[str, str], *, notes: Notes) -> Item:
    facts = {key: row[key] for key in ("datatype", "default", "annotation") if key in row}
    facts["required"] = row.get("required") or "off"
    for attribute in row.get("attributes", "").split():
        key, _, value = attribute.partition("=")
        if key in _ATTRIBUTES and value:
            facts[key] = value
        elif value or "=" not in attribute:
            known = " ".join(f"{one}=.." for one in _ATTRIBUTES)
            notes.add(0, f"attribute {attribute!r:.80} of {row['name']} is none of {known}", "left out")
    options = tuple(part.strip() for part in row["options"].split(",")) if row.get("options") else ()
    return Item(name=row["name"], facts=facts, options=options)


def _used(row: Mapping[str, str]) -> Item:
    facts = dict(_generated(row).facts)
    facts["url"] = FILE_URL if row.get("isfile", "").lower() == "file" else row.get("url", "")
    return Item(name=row["name"], facts=facts)


def _generated(row: Mapping[str, str]) -> Item:
    texts = {key: row[key] for key in ("multiplicity", "default", "annotation", "role", "type") if key in row}
    return Item(name=row["name"], facts=texts | {"content_type": row.get("contenttype", "")})
