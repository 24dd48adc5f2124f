"""Answers of DataLink, read by astropy at its strictest and by pyvo."""

from __future__ import annotations

import io
from typing import Any, Final

from astropy.io import votable
from flask.testing import FlaskClient
from pyvo.dal.adhoc import DatalinkResults
from werkzeug.test import TestResponse

__all__ = ["COLUMNS", "TYPE", "Row", "of", "read", "results", "rows"]

TYPE: Final = "application/x-votable+xml;content=datalink"
COLUMNS: Final = {
    "ID": ("unicodeChar", "meta.id;meta.main"),
    "access_url": ("char", "meta.ref.url"),
    "service_def": ("char", "meta.ref"),
    "error_message": ("unicodeChar", "meta.code.error"),
    "description": ("unicodeChar", "meta.note"),
    "semantics": ("char", "meta.code"),
    "content_type": ("char", "meta.code.mime"),
    "content_length": ("long", "phys.size;meta.file"),
    "content_qualifier": ("char", "meta.code"),
    "local_semantics": ("char", "meta.id.assoc"),
    "link_auth": ("char", "meta.code"),
    "link_authorized": ("boolean", "meta.code"),
}
Row = dict[str, Any]


def read(answer: TestResponse) -> votable.tree.VOTableFile:
    assert (answer.status_code, answer.content_type) == (200, TYPE), answer.text
    return votable.parse(io.BytesIO(answer.data), verify="exception")


def results(client: FlaskClient, **query: Any) -> DatalinkResults:
    """What pyvo makes of an answer."""
    return DatalinkResults(read(client.get("/datalink", query_string=query)))


def rows(client: FlaskClient, **query: Any) -> list[Row]:
    """The filled cells of each link; every one leads to exactly one thing."""
    table = results(client, **query).to_table()
    found = [{name: one[name] for name in COLUMNS if str(one[name]) not in {"", "--"}} for one in table]
    assert all(len({"access_url", "service_def", "error_message"} & row.keys()) == 1 for row in found)
    assert all(row["semantics"].startswith("#") for row in found)
    return found


def of(found: list[Row], semantics: str) -> list[Row]:
    return [row for row in found if row["semantics"] == semantics]
