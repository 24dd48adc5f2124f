"""Descriptions as JSON: what ``/jdl/{service}`` answers, and what a page or a client proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from provstore.errors import Invalid
from provstore.uws.descriptions.content_types import split_content_types
from provstore.uws.descriptions.dialects.jsontext import parse_json
from provstore.uws.descriptions.dialects.reading import Notes, Reading, unix_lines
from provstore.uws.descriptions.model import (
    NAME,
    NAME_RULE,
    SECONDS_MAX,
    Description,
    Extra,
    Generated,
    ParameterDefinition,
    Used,
)

__all__ = ["from_json", "read_json", "to_json"]

_Item = TypeVar("_Item")

_TEXTS: Final = (
    "name",
    "label",
    "description",
    "version",
    "type",
    "subtype",
    "doculink",
    "group",
    "contact_name",
    "contact_email",
    "standard_id",
    "script_language",
    "container",
    "main_result",
)
_PARAMETER_TEXTS: Final = (
    "name",
    "datatype",
    "arraysize",
    "unit",
    "ucd",
    "utype",
    "xtype",
    "min",
    "max",
    "description",
    "type",
)
_EXTRA_TEXTS: Final = ("name", "value", "datatype", "arraysize", "unit", "ucd", "utype", "xtype", "description")
_DEFAULTS: Final = {"script_language": "bash"}
_OF_A_REVISION: Final = frozenset({"revision", "created", "author", "validator", "message", "withdrawn"})
"""What ``/jdl`` tells of a revision beside its description: passed over, so that it can be got, changed and sent."""

_LISTS: Final = ("keywords", "software", "modules")
_USED_TEXTS: Final = ("name", "role", "type", "multiplicity", "default", "url", "description", "ref")
_GENERATED_TEXTS: Final = ("name", "role", "type", "content_type", "multiplicity", "default", "description", "ref")

_HEAD_FIRST: Final = (
    *("name", "label", "description", "version", "type", "subtype", "doculink", "contact_name", "contact_email"),
    *("executionDuration", "quote", "script", "parameters", "used", "generated"),
)
_PARAMETER_FIRST: Final = (
    *("name", "datatype", "arraysize", "unit", "ucd", "utype", "xtype", "default", "required", "min", "max"),
    *("options", "description"),
)
_USED_FIRST: Final = ("name", "role", "content_type", "multiplicity", "default", "url", "description")
_GENERATED_FIRST: Final = ("name", "role", "content_type", "multiplicity", "default", "description")
"""What every client knows comes first, in the order of these; then what else the model has."""


def to_json(description: Description) -> dict[str, Any]:
    """Give the JSON object of a description; lists keep the description's order."""
    head = {key: getattr(description, key) for key in _TEXTS}
    members = head | {
        "executionDuration": description.execution_duration,
        "quote": description.quote,
        "script": description.script,
        "script_sha256": description.script_sha256,
        **{key: list(getattr(description, key)) for key in _LISTS},
        "controls": dict(description.controls),
        "parameters": [_parameter_json(item) for item in description.parameters],
        "used": [_used_json(item) for item in description.used],
        "generated": [_generated_json(item) for item in description.generated],
        "extra": _extra_json(description.extra),
        "files": dict(description.files),
    }
    return _ordered(members, _HEAD_FIRST)


def read_json(data: bytes, *, source: str) -> Reading:
    """Read a description from a file of JSON.

    Args:
        data: The file.
        source: Name of the file, for messages.

    Raises:
        Invalid: it is no JSON, with line and column; or it is refused by `from_json`.
    """
    document = parse_json(data, notes=Notes(source=source))
    return Reading(description=from_json(document, source=source), dialect="json")


def from_json(document: object, *, source: str = "description") -> Description:
    """Read a description from its JSON object; only ``name`` must be there.

    Args:
        document: What a JSON parser gave.
        source: Name for messages.

    Raises:
        Invalid: an unknown key, a value of a wrong type, or a name given twice.
    """
    fields = _Fields(where=source, values=_object(document, where=source))
    texts: dict[str, Any] = {
        key: fields.text(key, default=_DEFAULTS.get(key, "")) for key in _TEXTS if key != "version"
    }
    description = Description(
        **texts,
        version=fields.value_text("version") or "",
        execution_duration=fields.seconds("executionDuration"),
        quote=fields.seconds("quote"),
        script=unix_lines(fields.text("script")),
        keywords=fields.texts("keywords"),
        software=fields.texts("software"),
        modules=fields.texts("modules"),
        controls=fields.pairs("controls"),
        parameters=fields.items("parameters", read=_parameter),
        used=fields.items("used", read=_used),
        generated=fields.items("generated", read=_generated),
        extra=_extra(fields),
        files=fields.pairs("files"),
    )
    fields.refuse_others({"script_sha256", *_OF_A_REVISION})
    if not NAME.match(description.name):
        raise Invalid(f"{source}: {description.name!r} is no name of a service", field="name", value=description.name)
    return description


def _parameter_json(item: ParameterDefinition) -> dict[str, Any]:
    texts = {key: getattr(item, key) for key in _PARAMETER_TEXTS}
    further = {"default": item.default, "required": item.required, "options": list(item.options)}
    return _ordered(texts | further, _PARAMETER_FIRST)


def _used_json(item: Used) -> dict[str, Any]:
    texts = {key: getattr(item, key) for key in _USED_TEXTS}
    further = {"content_type": ",".join(item.content_types), "extra": _extra_json(item.extra)}
    return _ordered(texts | further, _USED_FIRST)


def _generated_json(item: Generated) -> dict[str, Any]:
    derived = None if item.derived_from is None else list(item.derived_from)
    texts = {key: getattr(item, key) for key in _GENERATED_TEXTS}
    further = {"derived_from": derived, "obscore": dict(item.obscore), "extra": _extra_json(item.extra)}
    return _ordered(texts | further, _GENERATED_FIRST)


def _ordered(members: dict[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    return {key: members[key] for key in first} | members


def _extra_json(items: tuple[Extra, ...]) -> list[dict[str, str]]:
    """Only what says something: of a plain one name and value."""
    plain = Extra(name="", value="")
    return [
        {
            key: text
            for key in _EXTRA_TEXTS
            if (text := getattr(one, key)) != getattr(plain, key) or key in {"name", "value"}
        }
        for one in items
    ]


def _object(value: object, *, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Invalid(f"{where}: expected an object, not {value!r:.80}", field=where)
    return value


@dataclass(slots=True)
class _Fields:
    """The members of one JSON object, read by type; remembers what was asked for."""

    where: str
    values: Mapping[str, object]
    asked: set[str] = field(default_factory=set)

    def value(self, key: str) -> object:
        self.asked.add(key)
        return self.values.get(key)

    def wrong(self, key: str, right: str) -> Invalid:
        value = self.values.get(key)
        return Invalid(f"{self.where}: {key} must be {right}, not {value!r:.80}", field=key, value=f"{value}")

    def text(self, key: str, *, default: str = "") -> str:
        value = self.value(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(key, "text")
        return value

    def value_text(self, key: str) -> str | None:
        """Read a text that may be written as a number or a truth value, as people do; None where there is none."""
        value = self.value(key)
        return _spelled(value) if isinstance(value, int | float) else None if value is None else self.text(key)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def seconds(self, key: str) -> int | None:
        value = self.value(key)
        if value is None or value == "":
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON knows one kind of numbers: 60.0 is 60
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(SECONDS_MAX)):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= SECONDS_MAX:
            raise self.wrong(key, f"a whole number of seconds, at most {SECONDS_MAX}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def value_texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts, numbers and truth values."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
            raise self.wrong(key, "a list of values")
        return tuple(item if isinstance(item, str) else _spelled(item) for item in value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        value = self.value(key)
        if value is None:
            return ()
        found = _object(value, where=f"{self.where}.{key}")
        if not all(isinstance(item, str) for item in found.values()):
            raise self.wrong(key, "an object of texts")
        return tuple((name, str(item)) for name, item in found.items())

    def members(self, key: str, *, read: Callable[[_Fields], _Item]) -> tuple[_Item, ...]:
        """Read a list of objects."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.wrong(key, "a list of objects")
        items: list[_Item] = []
        for index, member in enumerate(value):
            where = f"{self.where}.{key}[{index}]"
            fields = _Fields(where=where, values=_object(member, where=where))
            items.append(read(fields))
            fields.refuse_others(set())
        return tuple(items)

    def items(self, key: str, *, read: Callable[[_Fields], _Item]) -> tuple[_Item, ...]:
        """Read a list of objects that have names, each once."""
        names: set[str] = set()

        def named(fields: _Fields) -> _Item:
            name = fields.text("name")
            if not NAME.match(name) or name in names:
                wrong = "given twice" if name in names else f"no name: {NAME_RULE}"
                raise Invalid(f"{fields.where}: {name!r} is {wrong}", field="name", value=name)
            names.add(name)
            return read(fields)

        return self.members(key, read=named)

    def refuse_others(self, ignored: set[str]) -> None:
        unknown = sorted(self.values.keys() - self.asked - ignored)
        if unknown:
            known = ", ".join(sorted(self.asked))
            raise Invalid(f"{self.where}: unknown key {unknown[0]!r}; known: {known}", field=unknown[0])


def _spelled(value: float) -> str:
    """Write a number, or a truth value, as VOTable does."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _parameter(fields: _Fields) -> ParameterDefinition:
    texts = {
        key: fields.text(key, default="char" if key == "datatype" else "")
        for key in _PARAMETER_TEXTS
        if key not in {"min", "max"}
    }
    return ParameterDefinition(
        **texts,
        min=fields.value_text("min") or "",
        max=fields.value_text("max") or "",
        default=fields.value_text("default"),
        required=fields.flag("required", default=True),
        options=fields.value_texts("options"),
    )


def _extra(fields: _Fields) -> tuple[Extra, ...]:
    """Read a list of PARAMs, or an object of their values by name."""
    if isinstance(fields.value("extra"), Mapping):
        return tuple(Extra(name=name, value=value) for name, value in fields.pairs("extra"))
    return fields.members("extra", read=_one_extra)


def _one_extra(fields: _Fields) -> Extra:
    plain = Extra(name="", value="")
    return Extra(**{key: fields.text(key, default=getattr(plain, key)) for key in _EXTRA_TEXTS})


def _used(fields: _Fields) -> Used:
    texts = {key: fields.text(key) for key in _USED_TEXTS}
    return Used(**texts, content_types=split_content_types(fields.text("content_type")), extra=_extra(fields))


def _generated(fields: _Fields) -> Generated:
    derived = None if fields.value("derived_from") is None else fields.texts("derived_from")
    texts = {key: fields.text(key) for key in _GENERATED_TEXTS}
    return Generated(**texts, derived_from=derived, obscore=fields.pairs("obscore"), extra=_extra(fields))
