"""Definitions that clients send: as the body, as an upload with script and files, or as the fields of OPUS's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict

from provstore.errors import Invalid, TooLarge, UnsupportedType
from provstore.uws.descriptions.dialects.opus_form import read_form as read_fields_of_opus
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.dialects.votable import SIZE_MAX
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.sidecars import with_script
from provstore.uws.files import safe_name
from provstore.web.fields import flag
from provstore.web.forms import read_bytes, read_form

__all__ = ["Sent", "message_of", "read_definition"]

_MULTIPART: Final = "multipart/form-data"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_DOCUMENTS: Final = frozenset(
    {"", "text/plain", "text/xml", "application/xml", "application/json", "application/octet-stream"}
)
_ALSO: Final = ("+xml", "+json")
_PARTS: Final = ("file", "jdl", "description")
_SCRIPT: Final = "script"
_FILES: Final = "files"
_NAME: Final = "name"
"""Of the file that a bare body was: a .par file says nowhere else which service it describes."""
_OWN_FIELDS: Final = frozenset({"message", "strict", "base"})
_ALL_FILES_MAX: Final = 64 << 20
"""Bytes of all default files of a definition: they are kept for good, whoever sends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What somebody sends to be proposed or checked: the definition as it was read, and its default files by name.

    ``base`` is the revision from which it was made, "" if it is new, None if that is not said.
    """

    reading: Reading
    message: str = ""
    base: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_definition(*also: str) -> Sent:
    """Read the definition that the present request brings, in whatever dialect and wrapping.

    Args:
        also: Further names that the address may hold.

    Raises:
        UnsupportedType: the body is of a type that no definition has.
        Invalid: it can't be read as one, with the place; or, where strict, something had to be repaired.
        TooLarge: it is larger than a definition may be.
    """
    if request.mimetype == _MULTIPART or (request.mimetype == _URLENCODED and not _is_bare()):
        return _of_form(frozenset(also))
    if request.mimetype not in _DOCUMENTS | {_URLENCODED} and not request.mimetype.endswith(_ALSO):
        raise UnsupportedType(
            f"a body of type {request.mimetype!r} is no definition: send a VOTable, JSON, WADL or .par file as it is, "
            f"or as the part `file` of {_MULTIPART}",
            field="Content-Type",
            value=request.mimetype,
        )
    given = request.args
    _refuse_unknown(given, _OWN_FIELDS | {_NAME, *also})
    source = safe_name(given.get(_NAME) or "definition")
    reading = read_description(read_bytes(SIZE_MAX), source=source, strict=flag(given, "strict"))
    return Sent(reading=reading, message=message_of(given), base=given.get("base"))


def _is_bare() -> bool:
    """Tell whether a body called urlencoded is a document: curl calls everything so."""
    return read_bytes(SIZE_MAX).lstrip()[:1] in {b"<", b"{"}


def message_of(given: Mapping[str, str]) -> str:
    """Give what somebody says with a step; a browser sends the lines of a text with DOS ends."""
    return given.get("message", "").replace("\r\n", "\n").strip()


def _refuse_unknown(given: Iterable[str], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise Invalid(f"{unknown[0]!r} is not known here; known: {', '.join(sorted(known))}", field=unknown[0])


def _of_form(also: frozenset[str]) -> Sent:
    """Read a form that holds a definition, or is one in the fields of OPUS."""
    values, uploads, own = read_form(), _uploads(), _OWN_FIELDS | also
    source, document = _document(values, uploads)
    script = uploads.pop(_SCRIPT, None)
    if document is None:
        reading = _of_opus(values, own)
    else:
        _refuse_unknown(values, own | {_SCRIPT, *_PARTS})
        reading = read_description(document, source=source, strict=flag(values, "strict"))
        if script is None and values.get(_SCRIPT):
            reading = with_script(reading, values[_SCRIPT].encode(), name=_SCRIPT)
    if script is not None:
        reading = with_script(reading, _bytes(script, SIZE_MAX), name=safe_name(script.filename or _SCRIPT))
    files = _files(uploads, reading.description)
    return Sent(reading=reading, message=message_of(values), base=values.get("base"), files=files)


def _of_opus(values: MultiDict[str, str], own: frozenset[str]) -> Reading:
    """Read the fields that OPUS and its clients send."""
    fields = {name: values.getlist(name)[-1] for name in values if name not in own}
    if set(fields) <= {_SCRIPT}:
        raise Invalid(f"no definition was sent: the part `{_PARTS[0]}` is to hold it", field=_PARTS[0])
    reading = read_fields_of_opus(fields)
    if flag(values, "strict") and reading.repairs:
        raise Invalid(f"not exact: {'; '.join(map(str, reading.repairs))}", field="description")
    return reading


def _document(values: MultiDict[str, str], uploads: dict[str, FileStorage]) -> tuple[str, bytes | None]:
    """Take the definition out of an upload, with the name under which messages tell of it."""
    found = [name for name in _PARTS if name in uploads or values.get(name)]
    if len(found) > 1:
        raise Invalid(f"two definitions were sent, as {found[0]} and {found[1]}: send one", field=found[1])
    if not found:
        return "", None
    upload = uploads.pop(found[0], None)
    if upload is None:
        return found[0], values[found[0]].encode()
    return safe_name(upload.filename or found[0]), _bytes(upload, SIZE_MAX)


def _uploads() -> dict[str, FileStorage]:
    """Give the files of an upload by the names of their parts, or under `files` by their own; none may come twice.

    A field of a page's form in which no file was chosen has no file name.
    """
    found: dict[str, FileStorage] = {}
    for part, uploads in request.files.lists():
        for one in uploads:
            name = safe_name(one.filename or "") if part == _FILES else part
            if one.filename and name in found:
                raise Invalid(f"two files were sent as {name!r}: send each once", field=name)
            if one.filename:
                found[name] = one
    return found


def _files(uploads: Mapping[str, FileStorage], description: Description) -> dict[str, bytes]:
    """Read the default files of inputs, by the names of their parts or their own."""
    defaults = description.default_names
    found: dict[str, bytes] = {}
    left = _ALL_FILES_MAX
    for part, upload in uploads.items():
        name = part if part in defaults else safe_name(upload.filename or "")
        if name not in defaults:
            right = ", ".join(sorted(defaults)) or "there are none"
            raise Invalid(f"the file {part!r} is the default of no input; defaults: {right}", field=part)
        found[name] = _bytes(upload, left)
        left -= len(found[name])
    return found


def _bytes(upload: FileStorage, most: int) -> bytes:
    content = upload.stream.read(most + 1)
    if len(content) > most:
        raise TooLarge(f"{upload.filename}: more than the {most} bytes that are read here", field=upload.name)
    return content
