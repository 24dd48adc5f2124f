"""Descriptions as JSON: what ``/jdl/{service}`` answers, and what a page or a client proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from provstore.errors import Invalid
from provstore.uws.descriptions.model import NAME, Description, Generated, ParameterDefinition, Used

__all__ = ["from_json", "to_json"]

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
    "script_language",
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
)
_USED_TEXTS: Final = ("name", "role", "type", "multiplicity", "default", "url", "description", "ref")
_GENERATED_TEXTS: Final = ("name", "role", "type", "content_type", "multiplicity", "default", "description", "ref")


def to_json(description: Description) -> dict[str, Any]:
    """Give the JSON object of a description; lists keep the description's order."""
    head = {key: getattr(description, key) for key in _TEXTS}
    return head | {
        "executionDuration": description.execution_duration,
        "quote": description.quote,
        "script": description.script,
        "script_sha256": description.script_sha256,
        "software": list(description.software),
        "parameters": [_parameter_json(item) for item in description.parameters],
        "used": [_used_json(item) for item in description.used],
        "generated": [_generated_json(item) for item in description.generated],
        "extra": dict(description.extra),
        "files": dict(description.files),
    }


def from_json(document: object, *, source: str = "description") -> Description:
    """Read a description from its JSON object; only ``name`` must be there.

    Args:
        document: What a JSON parser gave.
        source: Name for messages.

    Raises:
        Invalid: an unknown key, a value of a wrong type, or a name given twice.
    """
    fields = _Fields(where=source, values=_object(document, where=source))
    description = Description(
        **{key: fields.text(key, default="bash" if key == "script_language" else "") for key in _TEXTS},
        execution_duration=fields.seconds("executionDuration"),
        quote=fields.seconds("quote"),
        script=fields.text("script").replace("\r\n", "\n").replace("\r", "\n"),
        software=fields.texts("software"),
        parameters=fields.items("parameters", read=_parameter),
        used=fields.items("used", read=_used),
        generated=fields.items("generated", read=_generated),
        extra=fields.pairs("extra"),
        files=fields.pairs("files"),
    )
    fields.refuse_others({"script_sha256"})
    if not NAME.match(description.name):
        raise Invalid(f"{source}: {description.name!r} is no name of a service", field="name", value=description.name)
    return description


def _parameter_json(item: ParameterDefinition) -> dict[str, Any]:
    texts = {key: getattr(item, key) for key in _PARAMETER_TEXTS}
    return texts | {"default": item.default, "required": item.required, "options": list(item.options)}


def _used_json(item: Used) -> dict[str, Any]:
    return {key: getattr(item, key) for key in _USED_TEXTS} | {"content_type": ",".join(item.content_types)}


def _generated_json(item: Generated) -> dict[str, Any]:
    derived = None if item.derived_from is None else list(item.derived_from)
    return {key: getattr(item, key) for key in _GENERATED_TEXTS} | {"derived_from": derived}


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

    def optional_text(self, key: str) -> str | None:
        return None if self.value(key) is None else self.text(key)

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
        digits = value if isinstance(value, str) else ""
        read = int(digits) if digits.isascii() and digits.isdigit() else value
        if isinstance(read, bool) or not isinstance(read, int) or read < 0:
            raise self.wrong(key, "a whole number of seconds")
        return read

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        value = self.value(key)
        if value is None:
            return ()
        found = _object(value, where=f"{self.where}.{key}")
        if not all(isinstance(item, str) for item in found.values()):
            raise self.wrong(key, "an object of texts")
        return tuple((name, str(item)) for name, item in found.items())

    def items(self, key: str, *, read: Callable[[_Fields], _Item]) -> tuple[_Item, ...]:
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.wrong(key, "a list of objects")
        items: dict[str, _Item] = {}
        for index, member in enumerate(value):
            where = f"{self.where}.{key}[{index}]"
            fields = _Fields(where=where, values=_object(member, where=where))
            name = fields.text("name")
            if not NAME.match(name) or name in items:
                raise Invalid(f"{where}: {name!r} is no name, or is given twice", field="name", value=name)
            items[name] = read(fields)
            fields.refuse_others(set())
        return tuple(items.values())

    def refuse_others(self, ignored: set[str]) -> None:
        unknown = sorted(self.values.keys() - self.asked - ignored)
        if unknown:
            known = ", ".join(sorted(self.asked))
            raise Invalid(f"{self.where}: unknown key {unknown[0]!r}; known: {known}", field=unknown[0])


def _parameter(fields: _Fields) -> ParameterDefinition:
    texts = {key: fields.text(key, default="char" if key == "datatype" else "") for key in _PARAMETER_TEXTS}
    return ParameterDefinition(
        **texts,
        default=fields.optional_text("default"),
        required=fields.flag("required", default=True),
        options=fields.texts("options"),
    )


def _content_types(fields: _Fields) -> tuple[str, ...]:
    return tuple(part.strip() for part in fields.text("content_type").split(",") if part.strip())


def _used(fields: _Fields) -> Used:
    return Used(**{key: fields.text(key) for key in _USED_TEXTS}, content_types=_content_types(fields))


def _generated(fields: _Fields) -> Generated:
    derived = None if fields.value("derived_from") is None else fields.texts("derived_from")
    return Generated(**{key: fields.text(key) for key in _GENERATED_TEXTS}, derived_from=derived)
