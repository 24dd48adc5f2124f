"""The keys of a configuration file, as names with dots and values as they are written.

Files come from anybody. Nothing in one is an error for a job; none of them takes long, or much memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.uws.inputs.config_formats import READERS, Format, Scalar, Tree, scalar_of

__all__ = ["MOST_KEYS", "ConfigKey", "Keys", "keys_of", "read_keys"]

MOST_KEYS: Final = 1000
"""Of one job, in all its files."""

LARGEST: Final = 1 << 20
LONGEST_VALUE: Final = 4000
LONGEST_NAME: Final = 250
_DEEPEST: Final = 32
_MOST_VISITS: Final = 20_000
"""So many parts of a file are looked at: YAML may name one part many times."""

_BY_CONTENT_TYPE: Final[Mapping[str, Format]] = {
    "application/json": Format.JSON,
    "application/toml": Format.TOML,
    "text/toml": Format.TOML,
    "application/yaml": Format.YAML,
    "application/x-yaml": Format.YAML,
    "text/yaml": Format.YAML,
    "text/x-yaml": Format.YAML,
    "text/x-ini": Format.INI,
}
_BY_NAME: Final[Mapping[str, Format]] = {
    ".json": Format.JSON,
    ".toml": Format.TOML,
    ".yaml": Format.YAML,
    ".yml": Format.YAML,
    ".ini": Format.INI,
}
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One value of a configuration file; ``name`` is its path, as ``section.key``."""

    name: str
    value: str
    datatype: str = "char"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What was read of a file: ``format`` is None if it can't be; ``remark`` tells why, or what is left out."""

    format: Format | None = None
    keys: tuple[ConfigKey, ...] = ()
    remark: str = ""

    def first(self, most: int) -> Keys:
        """Give the same with so many keys at most."""
        if len(self.keys) <= most:
            return self
        return replace(self, keys=self.keys[:most], remark=_TOO_MANY)


_TOO_MANY: Final = f"more than {MOST_KEYS} keys: the others are left out"


def read_keys(file: Path, *, name: str, content_type: str) -> Keys:
    """Read the keys of a file; ``name`` is what its user calls it."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        return Keys(remark=f"it can't be read: {error.strerror}")
    return keys_of(content, name=name, content_type=content_type)


def keys_of(content: bytes, *, name: str, content_type: str) -> Keys:
    """Give the keys of a content, in the format that its type, its name or it itself tells."""
    if len(content) > LARGEST:
        return Keys(remark=f"larger than {LARGEST} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Keys(remark="not UTF-8")
    if "\0" in text:
        return Keys(remark="no text: it holds NUL characters")
    told = _told(name, content_type)
    if told is not None:
        return _keys(told, text)
    tried = (_keys(form, text) for form in Format)
    return next((found for found in tried if found.keys), Keys(remark="neither JSON nor TOML, YAML or INI"))


def _told(name: str, content_type: str) -> Format | None:
    bare = content_type.partition(";")[0].strip().lower()
    return _BY_CONTENT_TYPE.get(bare) or _BY_NAME.get(PurePosixPath(name).suffix.lower())


def _keys(form: Format, text: str) -> Keys:
    try:
        tree = READERS[form](text)
    except RecursionError:
        return Keys(remark=f"not {form.value.upper()}: nested too deeply")
    except ValueError as error:
        return Keys(remark=f"not {form.value.upper()}: {_clean(' '.join(str(error).split()))[:200]}")
    leaves = _Leaves()
    found = tuple(islice(leaves.of(tree), MOST_KEYS + 1))
    return Keys(format=form, keys=found, remark=leaves.left_out).first(MOST_KEYS)


def _clean(text: str) -> str:
    """Give text that the graph can keep: formats with escapes may bring NUL and halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class _Leaves:
    """Goes through a tree in order; ``left_out`` tells of the first thing that gets no place in the graph."""

    def __init__(self) -> None:
        self.left_out = ""
        self._visits = 0

    def of(self, tree: Tree) -> Iterator[ConfigKey]:
        """Give every value with its path."""
        return self._below("", tree.items(), depth=1)

    def _below(self, path: str, parts: Iterable[tuple[object, object]], *, depth: int) -> Iterator[ConfigKey]:
        for key, value in parts:
            self._visits += 1
            if self._visits > _MOST_VISITS:
                self._leave_out(f"more than {_MOST_VISITS} parts: the others are left out")
                return
            name = f"{path}.{key}" if path else str(key)
            if not 0 < len(name) <= LONGEST_NAME:
                self._leave_out(f"{_clean(name)[:40]!r}: a name of more than {LONGEST_NAME} characters, or of none")
            elif depth > _DEEPEST:
                self._leave_out(f"{_clean(name)}: nested deeper than {_DEEPEST} levels")
            else:
                yield from self._at(name, value, depth)

    def _at(self, name: str, value: object, depth: int) -> Iterator[ConfigKey]:
        if isinstance(value, dict):
            yield from self._below(name, value.items(), depth=depth + 1)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            yield from self._below(name, enumerate(value), depth=depth + 1)
        else:
            yield from self._leaf(name, _listed(value) if isinstance(value, list) else scalar_of(value))

    def _leaf(self, name: str, value: Scalar | None) -> Iterator[ConfigKey]:
        if value is None or len(value.text) > LONGEST_VALUE:
            self._leave_out(f"{_clean(name)}: a value of more than {LONGEST_VALUE} characters")
        else:
            yield ConfigKey(name=_clean(name), value=_clean(value.text), datatype=value.datatype)

    def _leave_out(self, reason: str) -> None:
        self.left_out = self.left_out or reason


def _listed(items: Iterable[object]) -> Scalar | None:
    """Write a list of scalars as JSON; None if it is too long."""
    texts, length = [], 0
    for item in items:
        scalar = scalar_of(item) or Scalar("")
        length += len(scalar.text)
        if length > LONGEST_VALUE:
            return None
        texts.append(_as_json(scalar))
    return Scalar(f"[{', '.join(texts)}]")


def _as_json(scalar: Scalar) -> str:
    plain = scalar.datatype != "char" and (scalar.text in {"true", "false"} or _JSON_NUMBER.match(scalar.text))
    return scalar.text if plain else json.dumps(scalar.text, ensure_ascii=False)
