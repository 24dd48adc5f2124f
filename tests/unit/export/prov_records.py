"""Documents of the reference library as records of ours: other people's documents for tests of writers."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prov.constants import PROV_N_MAP
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvDocument, canonical_xsd_datatype
from prov.model.records import _xsd_datetime_text, _xsd_double_text

from provstore.export.names import QNAME, XSD, Namespaces
from provstore.export.records import Literal as Value
from provstore.export.records import Record

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
ROWS: list[dict[str, Any]] = (
    json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8")) if CORPUS.is_dir() else []
)

every_valid_document = pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row["path"])
        for row in ROWS
        if row["path"].startswith("valid/") and row.get("records") is not None and row["format"] != "rdf"
    ]
    or [pytest.param({}, marks=pytest.mark.skip(reason="the folder shared/corpus is not beside the clone"))],
)


def document(row: dict[str, Any]) -> ProvDocument:
    """Read a document of the corpus."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ProvDocument.deserialize(str(CORPUS / row["path"]), format=row["format"])
    assert isinstance(found, ProvDocument)
    return found


def records(document: ProvDocument) -> Iterator[Record]:
    """Give the records of a document and of its bundles."""
    for bundle in (document, *document.bundles):
        place = None if bundle is document else uri(bundle.identifier)
        for one in bundle.get_records():
            arguments = (_argument(value) for _, value in one.formal_attributes)
            attributes = tuple(_literal(uri(key) or "", value) for key, value in one.extra_attributes)
            yield Record(PROV_N_MAP[one.get_type()], uri(one.identifier), tuple(arguments), attributes, place)


def namespaces(document: ProvDocument) -> Namespaces:
    """Give the prefixes of a document and of its bundles."""
    found = [(one.prefix, one.uri) for bundle in (document, *document.bundles) for one in bundle.namespaces]
    return Namespaces([("id", "urn:uuid:01975c3e-0000-7000-8000-000000000000#"), *found])


def written(writer: Callable[..., None], document: ProvDocument) -> str:
    """Write a document with one of our writers."""
    out = io.BytesIO()
    writer(records(document), namespaces(document), out)
    return out.getvalue().decode()


def read(text: str, name: str, **options: str) -> ProvDocument:
    """Read a text with the reference library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ProvDocument.deserialize(content=text, format=name, **options)
    assert isinstance(found, ProvDocument)
    return found


def uri(name: Any) -> str | None:
    """Give the full URI of a name of the library."""
    return None if name is None else str(name.uri)


def _argument(value: Any) -> str | None:
    return _xsd_datetime_text(value) if isinstance(value, datetime) else uri(value)


def _literal(key: str, value: Any) -> Value:
    if isinstance(value, Literal):
        return (key, str(value.value), None if value.langtag else uri(value.datatype), value.langtag)
    if isinstance(value, Identifier):
        return (key, str(value.uri), QNAME if isinstance(value, QualifiedName) else f"{XSD}anyURI", None)
    if isinstance(value, str):
        return (key, value, None, None)
    return (key, _text(value), _type(value), None)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return str(_xsd_datetime_text(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(_xsd_double_text(value) if isinstance(value, float) else value)


def _type(value: Any) -> str | None:
    if isinstance(value, datetime):
        return f"{XSD}dateTime"
    return f"{XSD}boolean" if isinstance(value, bool) else uri(canonical_xsd_datatype(value))
