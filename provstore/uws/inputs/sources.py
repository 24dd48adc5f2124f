"""What a client gave for the inputs of a job: for each of them files, ids and addresses, in the order given."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeVar

from provstore.errors import Invalid
from provstore.graph.model import Viewer
from provstore.uws.descriptions.model import Description, Used, many
from provstore.uws.descriptions.values import check_items, split_text
from provstore.uws.files import safe_name

__all__ = ["Given", "Item", "Sources", "Upload", "given_of", "items_of"]

_PART: Final = "param:"
"""A value that begins so names another part of the request (DALI 1.1 §3.4.5)."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file sent with the request."""

    file_name: str
    content_type: str
    stream: BinaryIO


Item = Upload | str
"""A file, or the text that names one: id, address, identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a client gave, by the description's names: texts, and the items of the inputs that hold files sent along."""

    texts: Mapping[str, str]
    items: Mapping[str, tuple[Item, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What inputs are made of: items by input, the address the client knows us by, and what he may see."""

    items: Mapping[str, tuple[Item, ...]]
    base_url: str
    viewer: Viewer


def given_of(
    description: Description,
    texts: Mapping[str, str],
    *,
    parts: Mapping[str, Sequence[Upload]],
    uploads: Mapping[str, str],
) -> Given:
    """Join values, parts with files and the UPLOAD list of a request: what each name of the description is given.

    Raises:
        Invalid: a file for what takes none, an input given twice, ``param:`` of a part that is not there.
    """
    used = {one.name: one for one in description.inputs}
    given = _with_uploads(_as_declared(texts, used), _as_declared(uploads, used))
    pieces = {name: _pieces(text, used.get(name)) for name, text in given.items()}
    named = {piece.removeprefix(_PART) for some in pieces.values() for piece in some if piece.startswith(_PART)}
    referring = [name for name, some in pieces.items() if any(piece.startswith(_PART) for piece in some)]
    known = {**_values_as_parts(given, named - parts.keys() - set(referring)), **parts}
    items = {name: _follow(pieces[name], known) for name in referring}
    for name, sent in _as_declared({one: parts[one] for one in parts if one not in named}, used).items():
        if name in used and given.get(name, "").strip():
            _refuse_second(used[name], given[name])
            items.setdefault(name, pieces[name])
        items[name] = (*sent, *items.get(name, ()))
    _refuse_files(description, items)
    left = {name: text for name, text in given.items() if name not in items and name not in known}
    return Given(texts=left | _names_of_files(description, items), items=items)


def items_of(used: Used, given: Given, values: Mapping[str, str]) -> tuple[Item, ...]:
    """Give the items of one input: those sent along, else its value, else that of the parameter it refers to.

    Raises:
        Invalid: more or fewer than the multiplicity allows.
    """
    text = given.texts.get(used.name, values.get(used.name, values.get(used.ref, used.default)))
    items = given.items[used.name] if used.name in given.items else split_text(used, text)
    check_items(used, len(items), text)
    return items


def _with_uploads(texts: Mapping[str, str], uploads: Mapping[str, str]) -> dict[str, str]:
    twice = next((name for name in uploads if texts.get(name, "").strip()), None)
    if twice is not None:
        words = f"input {twice} is given twice, in UPLOAD and as the value {texts[twice]!r}"
        raise Invalid(words, field=twice, value=texts[twice])
    return {**texts, **uploads}


def _pieces(text: str, used: Used | None) -> tuple[str, ...]:
    return split_text(used, text) if used else (text,)


def _values_as_parts(given: Mapping[str, str], names: Iterable[str]) -> dict[str, Sequence[Upload]]:
    """A part without a file name is read as a value; its content is as good a file as any."""
    return {
        name: (Upload(file_name=name, content_type="", stream=io.BytesIO(given[name].encode())),)
        for name in names
        if name in given
    }


def _follow(pieces: Iterable[str], parts: Mapping[str, Sequence[Upload]]) -> tuple[Item, ...]:
    items: list[Item] = []
    for piece in pieces:
        name = piece.removeprefix(_PART)
        if name == piece:
            items.append(piece)
        elif name in parts:
            items.extend(parts[name])
        else:
            raise Invalid(f"{piece}: the request has no part {name!r}", field=name)
    return tuple(items)


def _refuse_second(used: Used, text: str) -> None:
    if not many(used.multiplicity):
        raise Invalid(f"input {used.name} is given twice, as a file and as the value {text!r}", field=used.name)


def _refuse_files(description: Description, items: Iterable[str]) -> None:
    takes = {one.name for one in description.inputs}
    unknown = sorted(set(items) - takes)
    if unknown:
        right = ", ".join(sorted(takes)) or "none"
        raise Invalid(f"{description.name} takes no file {unknown[0]!r}; files it takes: {right}", field=unknown[0])


def _names_of_files(description: Description, items: Mapping[str, Iterable[Item]]) -> dict[str, str]:
    """The value of a parameter that is a file is the file's name."""
    return {
        one.name: " ".join(_name(item, one.name) for item in items[one.name])
        for one in description.parameters
        if one.name in items
    }


def _name(item: Item, fallback: str) -> str:
    return item if isinstance(item, str) else safe_name(item.file_name or fallback)


def _as_declared(items: Mapping[str, _T], names: Iterable[str]) -> dict[str, _T]:
    """Spell names as the description does, where they differ in case only; others stay, to be refused by name."""
    declared = {name.casefold(): name for name in names}
    found: dict[str, _T] = {}
    for name, item in items.items():
        right = declared.get(name.casefold(), name)
        if right in found:
            raise Invalid(f"input {right} is given twice, in two spellings", field=right)
        found[right] = item
    return found
