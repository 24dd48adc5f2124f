"""Documents nobody here wrote: read as the reference library reads them, refused with a place, never anything else."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prov.model import ProvException

from provstore.errors import Malformed
from provstore.ingest.foreign import read_provjsonld, read_provn, read_provxml, read_turtle
from provstore.ingest.reading import Reader
from tests.parts import require
from tests.unit.ingest.prov_judge import UNQUALIFIED, quiet, read, theirs

CORPUS: Final = Path(__file__).parents[4] / "shared" / "corpus"
READERS: Final[dict[str, Reader]] = {"xml": read_provxml, "provn": read_provn, "rdf": read_turtle}
REFUSED_BY_THE_LIBRARY: Final = {"constraints/bundle-success1.xml": 2}
"""Documents that only we read, with how many statements are in them: an old spelling of bundles."""
SEEDS: Final[dict[str, Reader]] = {
    "valid/9d0b3337-example_14.xml": read_provxml,
    "valid/d2f04c66-prov_primer_complete_example.xml": read_provxml,
    "valid/2ce76848-bundles1.provn": read_provn,
    "valid/8d824a5b-prov-dm-example1.prov-asn": read_provn,
    "valid/803742b5-primary.cwlprov.ttl": read_turtle,
}

Damage = tuple[float, int, list[tuple[float, int]]]
_PLACE = st.floats(0, 1, exclude_max=True)
DAMAGE = st.tuples(
    _PLACE,
    st.one_of(st.integers(0, 40), st.just(1 << 30)),
    st.lists(st.tuples(_PLACE, st.integers(0, 255)), max_size=5),
)

Row = dict[str, Any]


@pytest.fixture(scope="module")
def corpus() -> Path:
    require("corpus", present=CORPUS.is_dir(), reason="the folder shared/corpus is not beside the clone")
    return CORPUS


@pytest.fixture(scope="module")
def rows(corpus: Path) -> list[Row]:
    found: list[Row] = json.loads((corpus / "manifest.json").read_text(encoding="utf-8"))
    return [row for row in found if row["format"] in READERS]


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Rdflib logs what it can't make a value of."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("notation", READERS)
@pytest.mark.parametrize("folder", ["valid", "constraints"])
def test_a_document_says_what_the_library_reads_in_it(rows: list[Row], folder: str, notation: str) -> None:
    reader = READERS[notation]
    chosen = [row["path"] for row in rows if row["path"].startswith(folder) and row["format"] == notation]
    judged = [path for path in chosen if path not in REFUSED_BY_THE_LIBRARY]
    documents = {path: (CORPUS / path).read_bytes() for path in judged}
    different = [path for path, data in documents.items() if read(reader, data) != theirs(data, notation)]
    assert different == []


def test_what_the_library_refuses_is_read(rows: list[Row]) -> None:
    refused = [row["path"] for row in rows if "refuses" in str(row.get("reference_library"))]
    assert {path: len(statements(READERS["xml"], (CORPUS / path).read_bytes())) for path in refused} == (
        REFUSED_BY_THE_LIBRARY
    )


def test_a_malformed_document_is_refused_with_a_place(rows: list[Row]) -> None:
    malformed = [row for row in rows if row["path"].startswith("malformed")]
    assert {row["path"]: refusal(READERS[row["format"]], (CORPUS / row["path"]).read_bytes()) for row in malformed} == {
        "malformed/empty.xml": "line 1, column 1: no XML: no element found",
        "malformed/not_turtle.ttl": "line 1: no Turtle: expected directive or statement",
        "malformed/not_well_formed.xml": "line 2: the root is 'document' of ''; it must be prov:document",
    }


@pytest.mark.parametrize("context", ["url", "embed"])
def test_each_document_is_understood_as_the_library_writes_it_in_json_ld(rows: list[Row], context: str) -> None:
    different = []
    for row in rows:
        if not row["path"].startswith("valid") or row["path"].endswith("mention.provn"):
            continue  # JSON-LD has no mentionOf
        data = written((CORPUS / row["path"]).read_bytes(), row["format"], format="jsonld", context=context)
        if read(read_provjsonld, data) != theirs(data, "jsonld"):
            different.append(row["path"])
    assert different == []


def test_documents_are_understood_as_the_library_writes_them_in_trig(rows: list[Row]) -> None:
    small = [row for row in rows if row["path"].startswith("valid") and row["records"] < 30][::4]
    compared = different = 0
    for row in small:
        data = written((CORPUS / row["path"]).read_bytes(), row["format"], format="rdf")
        with contextlib.suppress(ProvException):  # it does not read all that it writes
            judged = theirs(data, "rdf")
            compared += 1
            different += read(read_turtle, data) != judged
    assert (compared > len(small) / 2, different) == (True, 0)


@pytest.mark.parametrize("path", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=DAMAGE)
def test_a_damaged_document_gives_statements_or_is_refused(corpus: Path, path: str, damage: Damage) -> None:
    assert is_answered(SEEDS[path], damaged((corpus / path).read_bytes(), damage))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=DAMAGE)
def test_a_damaged_document_of_json_ld_gives_statements_or_is_refused(corpus: Path, damage: Damage) -> None:
    data = written((corpus / "valid/2ce76848-bundles1.provn").read_bytes(), "provn", format="jsonld")
    assert is_answered(read_provjsonld, damaged(data, damage))


def statements(reader: Reader, data: bytes) -> list[object]:
    return list(reader(BytesIO(data), unqualified=UNQUALIFIED).statements)


def refusal(reader: Reader, data: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        statements(reader, data)
    return str(caught.value)


def is_answered(reader: Reader, data: bytes) -> bool:
    try:
        statements(reader, data)
    except Malformed as error:
        return bool(error.place)
    return True


def written(data: bytes, notation: str, **options: str) -> bytes:
    with quiet():
        return str(theirs(data, notation).serialize(**options)).encode()


def damaged(data: bytes, damage: Damage) -> bytes:
    """Change some bytes of a document, and cut out a piece or its end."""
    start, length, changes = damage
    changed = bytearray(data)
    for place, byte in changes:
        changed[int(place * len(data))] = byte
    begin = int(start * len(data))
    return bytes(changed[:begin] + changed[begin + length :])
