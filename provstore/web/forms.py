"""Request bodies: urlencoded and multipart forms, read strictly, with uploads kept in the data directory."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from typing import IO, Any, Final
from urllib.parse import parse_qsl, unquote_plus

from flask import Flask, Request, current_app, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from provstore.errors import Invalid, TooLarge, UnsupportedType
from provstore.settings import Settings
from provstore.uws.control import CONTROL_NAMES
from provstore.uws.inputs.sources import Upload
from provstore.uws.submissions import Submission
from provstore.web.errors import too_large
from provstore.web.site import base_url

__all__ = [
    "body_stream",
    "csrf_field",
    "install_forms",
    "one_value",
    "read_bare",
    "read_bytes",
    "read_form",
    "read_submission",
    "read_text",
    "whole_number",
]

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_FORM_TYPES: Final = frozenset({_URLENCODED, _MULTIPART})
_ENDED_BY_THEMSELVES: Final = frozenset({_MULTIPART, "application/json"})
_BOUNDARY: Final = re.compile(r";\s*boundary=([^\s;\"]{1,70})\s*(?:;|\Z)", re.ASCII | re.IGNORECASE)
_IN_MEMORY: Final = 512 * 1024
_MOST_PARTS: Final = 2000
_LONGEST_NUMBER: Final = 1000
"""Digits: more than that Python refuses to read, to keep its time."""
_LARGEST_NUMBER: Final = (1 << 31) - 1
_CSRF: Final = "csrf_token"


class StrictParser(FormDataParser):
    """A form parser that refuses what it can't read.

    The library's gives an empty form for what is malformed, reads an urlencoded one of any size into memory, and leaves
    bytes that are no UTF-8 escaped in the values.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "silent": False})

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """Read a body; see the library."""
        if mimetype != _URLENCODED:
            return super().parse(stream, mimetype, content_length, options)
        body = _read_at_most(stream, self.max_form_memory_size or 0)
        items = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARTS)
        return stream, self.cls(items), self.cls()


def _read_at_most(stream: IO[bytes], most: int) -> bytes:
    body = bytearray()
    while chunk := stream.read(most + 1 - len(body)):
        body += chunk
        if len(body) > most:
            raise RequestEntityTooLarge
    return bytes(body)


class FormRequest(Request):
    """A request whose uploads are spooled below the data directory: the only one that provstore writes to."""

    form_data_parser_class = StrictParser

    @property
    def mimetype_params(self) -> dict[str, str]:
        """Read the parameters of the type; astroquery does not quote a boundary of ``=`` signs, which it should."""
        given = dict(super().mimetype_params)
        found = _BOUNDARY.search(self.content_type or "")
        if self.mimetype == _MULTIPART and "boundary" not in given and found:
            given["boundary"] = found[1]
        return given

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        del total_content_length, content_type, filename, content_length
        return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=current_app.config["PROVSTORE_SPOOL"])


def install_forms(app: Flask, settings: Settings) -> None:
    """Set how request bodies are read, and how large they may be."""
    spool = settings.data.absolute() / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    app.request_class = FormRequest
    app.config["PROVSTORE_SPOOL"] = str(spool)
    app.config["MAX_CONTENT_LENGTH"] = settings.upload_max
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.form_max
    app.config["MAX_FORM_PARTS"] = _MOST_PARTS


def csrf_field() -> str:
    """Give the CSRF token that a form carries, "" where there is none; in an address it does not count."""
    if request.mimetype not in _FORM_TYPES:
        return ""
    read_form()  # refuses a malformed body in the right words
    return request.form.get(_CSRF, "")


def read_form() -> MultiDict[str, str]:
    """Read the values of the query string and of a form body, without the CSRF token of a page.

    Raises:
        UnsupportedType: the body is of another type.
        Invalid: the body is malformed.
        TooLarge: it is larger than allowed.
    """
    if (request.content_length or request.mimetype) and request.mimetype not in _FORM_TYPES:
        raise UnsupportedType(
            f"a body of type {request.mimetype or 'none'!r} is not read; send {' or '.join(sorted(_FORM_TYPES))}",
            field="Content-Type",
            value=request.mimetype,
        )
    if request.mimetype == _MULTIPART and not request.mimetype_params.get("boundary"):
        raise Invalid("malformed upload: its Content-Type names no boundary", field="Content-Type")
    _refuse_unknown_end()
    try:
        values = MultiDict(request.args)
        values.update(request.form)
    except RequestEntityTooLarge as error:
        raise TooLarge(too_large()) from error
    except (ValueError, ClientDisconnected) as error:
        raise Invalid(f"malformed request body: {error}") from error
    if request.mimetype == _MULTIPART and request.content_length and not (request.form or request.files):
        raise Invalid("malformed upload: no part could be read from it")
    if request.mimetype == _MULTIPART and not all((*request.form, *request.files)):
        raise Invalid("malformed upload: a part of it has no name")
    values.poplist(_CSRF)
    return values


def read_submission() -> Submission:
    """Read what a client sends to make a job.

    A parameter sent several times has its values joined by blanks; of a control (``PHASE=RUN`` in the address and in
    the body) the last one counts, and ``UPLOAD`` is a list (DALI 1.1 §3.4.5).
    """
    values = read_form()
    uploads = {name: sent for name, files in request.files.lists() if (sent := _uploads(files))}
    texts = {name: _joined(name.upper(), items) for name, items in values.lists()}
    return Submission(values=texts, uploads=uploads, base_url=base_url())


def _joined(name: str, items: list[str]) -> str:
    if name == "UPLOAD":
        return ";".join(items)
    return items[-1] if name in CONTROL_NAMES else " ".join(items)


def read_text() -> str:
    """Read a body that is one value, as it is.

    Raises:
        Invalid: it is no UTF-8, or could break off unnoticed.
        TooLarge: it is larger than a value may be.
    """
    try:
        return read_bytes(current_app.config["MAX_FORM_MEMORY_SIZE"]).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"the value is no UTF-8 text: {error.reason} at byte {error.start}") from error


def read_bytes(most: int) -> bytes:
    """Read a body of at most so many bytes, whatever it is.

    Raises:
        Invalid: it could break off unnoticed.
        TooLarge: it is larger.
    """
    _refuse_unknown_end()
    request.max_content_length = most + 1  # of a chunked body the library silently drops what is beyond
    words = too_large() if most == current_app.config["MAX_FORM_MEMORY_SIZE"] else f"at most {most} bytes are read here"
    try:
        body = request.get_data()
    except RequestEntityTooLarge as error:
        raise TooLarge(words) from error
    if len(body) > most:
        raise TooLarge(words)
    return body


def body_stream() -> IO[bytes]:
    """Give the body of a request as a stream, however large an upload may be; reading beyond that fails.

    Raises:
        Invalid: it could break off unnoticed.
    """
    _refuse_unknown_end()
    return request.stream


def read_bare() -> str:
    """Read a body that is one value, or an urlencoded form with the one name VALUE; curl calls both urlencoded.

    Raises:
        UnsupportedType: a multipart form.
        Invalid: as `read_text`.
        TooLarge: as `read_text`.
    """
    if request.mimetype == _MULTIPART:
        words = "the bare value is needed as the body of PUT; a form is read by POST"
        raise UnsupportedType(words, field="Content-Type", value=request.mimetype)
    text = read_text()
    if request.mimetype != _URLENCODED or not text.upper().startswith("VALUE="):
        return text
    return unquote_plus(text.partition("=")[2])


def _refuse_unknown_end() -> None:
    """Refuse a body of which nobody could tell whether it came whole (docs/decisions/0005).

    The connection may break off in mid-body, and then a part of it would be taken for all.
    """
    if "Transfer-Encoding" in request.headers and request.mimetype not in _ENDED_BY_THEMSELVES:
        right = "send its Content-Length, or multipart/form-data, or JSON"
        raise Invalid(
            f"a chunked body of type {request.mimetype or 'none'!r} is not read: {right}", field="Content-Length"
        )


def whole_number(text: str, *, name: str, least: int) -> int:
    """Read a number of a request; one beyond all measure is held to the largest that a store can count.

    Raises:
        Invalid: it is no whole number, or below the least.
    """
    number = int(text[:_LONGEST_NUMBER]) if text.isascii() and text.isdecimal() else least - 1
    if number < least:
        raise Invalid(f"{name}={text!r}: a whole number, {least} or above, is needed", field=name, value=text)
    return min(number, _LARGEST_NUMBER)


def _uploads(files: Iterable[Any]) -> tuple[Upload, ...]:
    """Give the files sent under one name; a field of a form in which no file was chosen is none."""
    return tuple(
        Upload(file_name=one.filename, content_type=one.mimetype, stream=one.stream) for one in files if one.filename
    )


def one_value(values: MultiDict[str, str], name: str) -> str | None:
    """Give the value of a name in any case (UWS 1.1 §2.2.3: names are not case-sensitive), None where absent."""
    found = [value for key, value in values.items(multi=True) if key.upper() == name.upper()]
    return found[-1] if found else None
