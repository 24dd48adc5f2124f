"""The formats of configuration files: each reader makes the same tree of a text, of keys, lists and scalars.

Our own INI reader is that of `configparser` without interpolation, which takes hours for some files of a megabyte.
YAML is put together from the parser's events: libyaml itself ends the process where lists are nested deeply.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from enum import StrEnum
from typing import Any, Final, NamedTuple

import yaml

__all__ = ["READERS", "Format", "Scalar", "scalar_of"]


class Format(StrEnum):
    """The formats, in the order in which a text is tried that neither name nor type tells of."""

    JSON = "json"
    TOML = "toml"
    YAML = "yaml"
    INI = "ini"


class Scalar(NamedTuple):
    """A value as it is written, and its VOTable datatype."""

    text: str
    datatype: str = "char"


Tree = dict[str, Any]
"""Keys with trees, lists or values; `scalar_of` reads a value."""


def scalar_of(value: object) -> Scalar | None:
    """Give a value of a tree as text; None for a list or tree."""
    if isinstance(value, Scalar):
        return value
    if isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return Scalar("true" if value else "false", "boolean")
    if isinstance(value, int):
        return Scalar(_digits(value), "long")
    return Scalar(value.isoformat() if isinstance(value, date | time) else str("" if value is None else value))


def _digits(value: int) -> str:
    """Write a number; Python refuses to write the largest in tens, which TOML can hold in sixteens."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def _integer(text: str) -> Scalar:
    return Scalar(text, "long")


def _real(text: str) -> Scalar:
    return Scalar(text, "double")


# --- JSON


def _read_json(text: str) -> Tree:
    return _of_keys(json.loads(text, parse_int=_integer, parse_float=_real, parse_constant=_real))


def _of_keys(top: object) -> Tree:
    if not isinstance(top, dict):
        raise ValueError("no keys at its top")  # noqa: TRY004 - the file is wrong, not the program
    return top


# --- TOML

_TOML_STRINGS: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|#[^\n]*+', re.DOTALL
)
_MOST_TOML_PARTS: Final = 32
_LONG_KEY: Final = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_MOST_TOML_PARTS}}}")


def _read_toml(text: str) -> Tree:
    """Refuse keys of many parts, for which the reader of Python takes the square of their number."""
    if _LONG_KEY.search(_TOML_STRINGS.sub("s", text)):
        raise ValueError(f"a key of more than {_MOST_TOML_PARTS} parts")
    return tomllib.loads(text, parse_float=_real)


# --- YAML

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_EVENTS: Final = 20_000
_DEEPEST: Final = 32
_MERGE: Final = "<<"
_LONGEST_TYPED: Final = 100
_YAML_TYPES: Final[Mapping[str, str]] = {
    "tag:yaml.org,2002:int": "long",
    "tag:yaml.org,2002:float": "double",
    "tag:yaml.org,2002:bool": "boolean",
}
_YAML_NULL: Final = "tag:yaml.org,2002:null"


def _read_yaml(text: str) -> Tree:
    composer = _YamlComposer()
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if count >= _MOST_EVENTS:
                raise ValueError(f"more than {_MOST_EVENTS} parts")
            composer.take(event)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return _of_keys(composer.top)


class _Open(NamedTuple):
    """A list or mapping that has not ended; a mapping keeps its pending key in ``keys``."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    keys: list[str]


class _YamlComposer:
    """Puts a tree together; an alias is the very part that it names, however often."""

    def __init__(self) -> None:
        self.top: object = None
        self._open: list[_Open] = []
        self._anchors: dict[str, object] = {}
        self._documents = self._merged = 0
        self._resolver: Any = yaml.resolver.Resolver()

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            ValueError: something that no configuration needs.
        """
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ValueError("more than one document")
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor, []))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            self._put(ended.value, ended.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._put(self._named(event.anchor), None)

    def _named(self, anchor: str | None) -> object:
        if anchor is None or anchor not in self._anchors:
            raise ValueError(f"*{anchor} names nothing that is complete before it")
        return self._anchors[anchor]

    def _begin(self, started: _Open) -> None:
        if len(self._open) >= _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")
        self._open.append(started)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        tag = event.tag
        if tag is None and event.implicit[0] and len(event.value) <= _LONGEST_TYPED:
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, (True, False))
        return Scalar("" if tag == _YAML_NULL else event.value, _YAML_TYPES.get(tag or "", "char"))

    def _put(self, value: object, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self.top = value
            return
        into, _, keys = self._open[-1]
        if isinstance(into, list):
            into.append(value)
        elif not keys:
            if not isinstance(value, Scalar):
                raise ValueError("a key that is a list or mapping")  # noqa: TRY004 - the file is wrong
            keys.append(value.text)
        elif (key := keys.pop()) == _MERGE:
            self._merge(into, value)
        else:
            into[key] = value

    def _merge(self, into: dict[str, Any], value: object) -> None:
        """Bring in the keys of other mappings that are not there (YAML 1.1, merge key)."""
        for other in value if isinstance(value, list) else [value]:
            if isinstance(other, dict):
                self._merged += len(other)
                if self._merged > _MOST_EVENTS:
                    raise ValueError(f"more than {_MOST_EVENTS} parts")
                into.update({key: part for key, part in other.items() if key not in into})


# --- INI

_DELIMITER: Final = re.compile("[=:]")


def _read_ini(text: str) -> Tree:
    """Read sections with keys; keys before the first section have none. What is given again counts last."""
    found: dict[str, Any] = {}
    for section, key, lines in _options(text):
        inside = found if section is None else found.setdefault(section, {})
        inside[key] = Scalar("\n".join(lines).rstrip())
    if not found:
        raise ValueError("no keys")
    return found


def _options(text: str) -> Iterator[tuple[str | None, str, list[str]]]:
    """Give section, key and the lines of the value; a line that begins with blanks goes on with the value before."""
    section: str | None = None
    current: tuple[str | None, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare[:1] in {"#", ";"}:
            continue
        if not bare or (current and line[0] in " \t"):
            if current:
                current[2].append(bare)
            continue
        if current:
            yield current
        current = None
        if bare[0] == "[" and "]" in bare:
            section = bare[1 : bare.rindex("]")]
        else:
            current = (section, *_option(bare, number))
    if current:
        yield current


def _option(line: str, number: int) -> tuple[str, list[str]]:
    found = _DELIMITER.search(line)
    key = line[: found.start()].rstrip() if found else ""
    if found is None or not key:
        raise ValueError(f"line {number} is neither [section] nor key = value")
    return key, [line[found.end() :].strip()]


READERS: Final[Mapping[Format, Callable[[str], Tree]]] = {
    Format.JSON: _read_json,
    Format.TOML: _read_toml,
    Format.YAML: _read_yaml,
    Format.INI: _read_ini,
}
"""Each raises ValueError or RecursionError if the text is none of its format."""
