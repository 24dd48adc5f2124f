"""Making jobs and sweeps, and bringing documents."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provstore.client.connection import JSON, Call, Connection
from provstore.client.documents import Receipt, receipt_of
from provstore.client.refusals import facts_of
from provstore.client.uploads import Input, Source, Value, opened_files, opened_source, texts_of

__all__ = ["bring", "make", "make_sweep"]

_NO_TYPE: Final = "application/octet-stream"
"""So that the server looks at the document itself."""


def make(
    connection: Connection, path: str, values: Mapping[str, Value], *, files: Mapping[str, Input], key: str
) -> str:
    """Make a job and give its id.

    Raises:
        Invalid: a value or a file is not as it should be.
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    texts = {name: list(found) for name, value in values.items() if (found := texts_of(value))}
    with opened_files(files) as parts:
        body = {"data": texts, "files": list(parts)} if parts else {"data": texts}
        response = connection.send(Call(method="POST", path=path, headers=_keyed(key), body=lambda: body))
    return _last_part(response.headers["Location"])


def make_sweep(
    connection: Connection,
    path: str,
    rows: Sequence[Mapping[str, Value]],
    *,
    common: Mapping[str, Value],
    key: str,
) -> str:
    """Make a sweep and give its id.

    Raises:
        Invalid: a value of a row is not as it should be.
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    sweep = {"sweep": [_plain(row) for row in rows], "common": _plain(common), "run": True}
    response = connection.send(Call(method="POST", path=path, headers=_keyed(key), body=lambda: {"json": sweep}))
    return _last_part(response.headers["Location"])


def bring(connection: Connection, document: Source, query: Mapping[str, str]) -> Receipt:
    """Bring a document; one that is a text is a path.

    Raises:
        Invalid: the document can't be read: the message tells where, and why.
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    with opened_source(document, name="") as (name, file):
        told = {**query, "name": name} if name else query
        headers = {**JSON, "Content-Type": _NO_TYPE}
        call = Call(
            method="POST", path="/prov/documents", query=told, headers=headers, body=lambda: {"content": _rewound(file)}
        )
        return receipt_of(facts_of(connection.send(call)))


def _keyed(key: str) -> Mapping[str, str]:
    return {**JSON, "Idempotency-Key": key} if key else JSON


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    found = {name: texts_of(value) for name, value in values.items()}
    return {name: texts[0] if len(texts) == 1 else list(texts) for name, texts in found.items() if texts}


def _rewound(file: Any) -> Any:
    """An upload needs its length beforehand, which httpx finds out of a file; what has none is read as a whole."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    if file.seekable():
        file.seek(0)
        return file
    return file.read()


def _last_part(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[-1]
