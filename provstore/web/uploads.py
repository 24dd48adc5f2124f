"""A file that a request brings as its body, or as the part ``file`` of a form, kept aside while it is looked at."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final, cast

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from provstore.errors import Invalid, Malformed, TooLarge
from provstore.ingest.documents import Source
from provstore.uws.files import safe_name
from provstore.web.errors import too_large
from provstore.web.forms import body_stream, one_value, read_form

__all__ = ["kept_body"]

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 4 << 20
_MULTIPART: Final = "multipart/form-data"
_PART: Final = "file"


@contextmanager
def kept_body() -> Iterator[tuple[BinaryIO, Source, str]]:
    """Take the document of a request aside: the body, or the part ``file`` of a form; with its media type.

    Raises:
        Invalid: there is none, or it could break off unnoticed.
        TooLarge: it is larger than an upload may be.
    """
    if request.mimetype == _MULTIPART:
        read_form()
        sent = request.files.get(_PART)
        if sent is None:
            raise Invalid(f"a form needs the document as its part {_PART!r}", field=_PART)
        with _kept(sent.stream, sent.filename or "") as kept:
            yield (*kept, sent.mimetype)
    else:
        with _kept(body_stream(), one_value(request.args, "name") or "") as kept:
            yield (*kept, request.mimetype)


@contextmanager
def _kept(stream: IO[bytes], name: str) -> Iterator[tuple[BinaryIO, Source]]:
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=current_app.config["PROVSTORE_SPOOL"]) as kept:
        try:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                kept.write(chunk)
        except RequestEntityTooLarge as error:
            raise TooLarge(too_large()) from error
        kept.seek(0)
        if not size:
            raise Malformed("it is empty; a document is needed as the body of the request", place="document")
        source = Source(name=safe_name(name) if name else "", notation="", size=size, sha256=digest.hexdigest())
        yield cast("BinaryIO", kept), source
