"""The content of a description as OPUS keeps it: texts by name, whichever document they came from.

Its JSON, its form and its WADL are three spellings of this; here are the rules by which all three become the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provstore.errors import TooLarge
from provstore.uws.descriptions.content_types import split_content_types
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.rules import (
    HEAD_TEXTS,
    filled_generated,
    filled_used,
    read_datatype,
    read_reference,
)
from provstore.uws.descriptions.model import FILE_URL, Description, Extra, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.values import TRUTH

__all__ = ["Content", "Item", "described"]

_TEXTS: Final = (*HEAD_TEXTS, "standard_id")
_ITEMS_MAX: Final = 5_000
"""Most parameters, inputs and results together."""

_HEAD: Final = frozenset(
    {*_TEXTS, "name", "annotation", "description", "url", "executionDuration", "executionduration", "quote", "script"}
)
_PARAMETER_KEYS: Final = frozenset(
    {"datatype", "xtype", "arraysize", "default", "required", "annotation", "description"}
    | {"unit", "ucd", "utype", "min", "max", "type"}
)
_USED_KEYS: Final = frozenset(
    {"role", "type", "multiplicity", "default", "content_type", "url", "location", "datatype", "ref"}
    | {"annotation", "description"}
)
_GENERATED_KEYS: Final = _USED_KEYS - {"url", "location"}
_TRUTH: Final = TRUTH | {"on": True, "off": False}
_PLAIN_TYPES: Final = frozenset({"", "string", "char"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A parameter, an input or a result: its texts by name; of a parameter also the options."""

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A whole description; ``facts`` are its own texts, the name among them."""

    facts: Mapping[str, str]
    parameters: tuple[Item, ...] = ()
    used: tuple[Item, ...] = ()
    generated: tuple[Item, ...] = ()
    line: int = 0


def described(content: Content, *, notes: Notes) -> Description:
    """Make the description that the content tells.

    Raises:
        Invalid: it has no name, or a name that can't be one, or that is given to two things.
        TooLarge: it has too many parameters, inputs and results.
    """
    count = len(content.parameters) + len(content.used) + len(content.generated)
    if count > _ITEMS_MAX:
        raise TooLarge(f"{notes.source}: {count} parameters, inputs and results; right is at most {_ITEMS_MAX}")
    notes.refuse_repeated(((one.name, one.line) for one in content.parameters), what="parameters")
    items = (*content.used, *content.generated)
    notes.refuse_repeated(((one.name, one.line) for one in items), what="inputs or results")
    parameters = {item.name: item for item in (_parameter(one, notes=notes) for one in content.parameters)}
    return replace(
        _head(content, notes=notes),
        parameters=tuple(parameters.values()),
        used=tuple(_used(one, parameters=parameters, notes=notes) for one in content.used),
        generated=tuple(_generated(one, parameters=parameters, notes=notes) for one in content.generated),
    )


def _head(content: Content, *, notes: Notes) -> Description:
    facts, line = content.facts, content.line
    name = notes.name(facts.get("name", ""), line=line, what="service")
    texts: dict[str, Any] = {key: notes.text(facts.get(key), line=line, what=key) for key in _TEXTS}
    url = notes.text(facts.get("url"), line=line, what="url")
    if url and not texts["doculink"]:
        notes.add(line, f"url {url!r} and no doculink", "read as the doculink")
        texts["doculink"], url = url, ""
    script = notes.script(facts.get("script", ""), line=line)
    kept = [Extra(name=key, value=value) for key, value in facts.items() if key not in _HEAD]
    text = _annotation(facts, notes=notes, line=line, what="the service") or texts["label"]
    return Description(
        **texts | {"label": "" if texts["label"] == text else texts["label"]},
        name=name,
        description=text,
        execution_duration=_seconds(facts, "executionDuration", "executionduration", notes=notes, line=line),
        quote=_seconds(facts, "quote", notes=notes, line=line),
        script=notes.text(script, line=line, what="script"),
        extra=(*kept, *((Extra(name="url", value=url),) if url and url != texts["doculink"] else ())),
    )


def _annotation(facts: Mapping[str, str], *, notes: Notes, line: int, what: str) -> str:
    """Give the text: ``description`` and ``annotation`` are two words for it, and the first wins."""
    text, other = (
        notes.text(facts.get(key), line=line, what=f"{key} of {what}").replace("\r\n", "\n").strip()
        for key in ("description", "annotation")
    )
    if text and other and text != other:
        notes.add(line, f"annotation of {what} differs from its description", "the description is kept")
    return text or other


def _seconds(facts: Mapping[str, str], *keys: str, notes: Notes, line: int) -> int | None:
    key = next((key for key in keys if facts.get(key)), keys[0])
    return notes.seconds(facts.get(key, "").removesuffix(".0"), line=line, what=key)


def _parameter(item: Item, *, notes: Notes) -> ParameterDefinition:
    facts, line = item.facts, item.line
    name = notes.name(item.name, line=line, what="parameter")
    if facts.get("type", "").startswith("xs:") and not facts.get("datatype"):
        notes.add(line, f"type {facts['type']!r:.40} of {name}", "read as its datatype")
        facts = dict(facts) | {"datatype": facts["type"], "type": ""}
    datatype, xtype = read_datatype(facts.get("datatype", ""), notes=notes, line=line, name=name)
    for key in facts.keys() - _PARAMETER_KEYS:
        notes.add(line, f"unknown attribute {key!r} of parameter {name}: {facts[key]!r:.80}", "left out")
    texts = {
        key: notes.text(facts.get(key), line=line, what=f"{key} of {name}")
        for key in ("arraysize", "unit", "ucd", "utype", "min", "max", "type")
    }
    definition = ParameterDefinition(
        **texts,
        name=name,
        datatype=datatype,
        xtype=facts.get("xtype") or xtype,
        required=_required(item, notes=notes),
        description=_annotation(facts, notes=notes, line=line, what=name),
        options=item.options,
    )
    return replace(definition, default=_default(item, definition, notes=notes))


def _required(item: Item, *, notes: Notes) -> bool:
    word = item.facts.get("required", "").strip().lower()
    if word and word not in _TRUTH:
        notes.add(item.line, f"required of {item.name} is {word!r:.80}, neither true nor false", "read as true")
    return _TRUTH.get(word, True)


def _default(item: Item, definition: ParameterDefinition, *, notes: Notes) -> str | None:
    """An empty value is no default, except for text that need not be given (as in VOTable)."""
    value = item.facts.get("default", "")
    if value == "None" and value not in definition.options:
        value = notes.text(value, line=item.line, what=f"default of {definition.name}")
    plain_text = definition.datatype == "char" and not definition.xtype
    return value or ("" if plain_text and not definition.required else None)


def _used(item: Item, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Used:
    name = notes.name(item.name, line=item.line, what="input")
    texts = _texts(item, "role", "type", "multiplicity", "default", "content_type", notes=notes)
    used = Used(
        name=name,
        role=texts["role"],
        type=texts["type"],
        content_types=split_content_types(texts["content_type"]),
        multiplicity=texts["multiplicity"],
        default=texts["default"],
        url=_url(item, notes=notes),
        description=_annotation(item.facts, notes=notes, line=item.line, what=name),
        ref=_reference(item, parameters=parameters, notes=notes),
        extra=_extra(item, known=_USED_KEYS),
    )
    return filled_used(used, parameters=parameters, line=item.line, notes=notes)


def _generated(item: Item, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Generated:
    name = notes.name(item.name, line=item.line, what="result")
    texts = _texts(item, "role", "type", "multiplicity", "default", "content_type", notes=notes)
    generated = Generated(
        **texts,
        name=name,
        description=_annotation(item.facts, notes=notes, line=item.line, what=name),
        ref=_reference(item, parameters=parameters, notes=notes),
        extra=_extra(item, known=_GENERATED_KEYS),
    )
    return filled_generated(generated, parameters=parameters, line=item.line, notes=notes)


def _texts(item: Item, *keys: str, notes: Notes) -> dict[str, Any]:
    return {key: notes.text(item.facts.get(key), line=item.line, what=f"{key} of {item.name}") for key in keys}


def _url(item: Item, *, notes: Notes) -> str:
    """Give the address template; a ``datatype`` of an input only says whether it is a file."""
    url = notes.text(item.facts.get("url") or item.facts.get("location"), line=item.line, what=f"url of {item.name}")
    datatype = item.facts.get("datatype", "").removeprefix("xs:")
    if datatype == "file" and not url:
        notes.add(item.line, f"input {item.name} is a file without a url", f"read as {FILE_URL}")
        return FILE_URL
    if datatype not in _PLAIN_TYPES | {"file"}:
        notes.add(item.line, f"datatype {datatype!r:.80} of input {item.name}", "left out")
    return url


def _reference(item: Item, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> str:
    ref = item.facts.get("ref", "")
    return read_reference(ref, name=item.name, parameters=parameters, line=item.line, notes=notes)


def _extra(item: Item, *, known: frozenset[str]) -> tuple[Extra, ...]:
    return tuple(Extra(name=key, value=value) for key, value in item.facts.items() if key not in known)
