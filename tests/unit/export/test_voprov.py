"""The dialect of voprov, judged by the real voprov 0.0.4."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.records import FORMALS, Record
from provstore.export.vocabulary import rank
from provstore.export.voprov import write_json, write_json_records, write_xml, write_xml_records
from provstore.graph.dialect import CLASSES, INFLUENCES
from provstore.graph.model import PROV, QNAME, VOPROV, Attribute
from provstore.graph.statements import BLANK, ELEMENTS, Statement
from provstore.ingest import provjson
from provstore.ingest.provxml import read_provxml
from provstore.ingest.reading import Reading
from provstore.ingest.voprov import SECTIONS, read_voprov_xml
from tests.parts import require
from tests.voprov_judge import Told, told

DATA = Path(__file__).parents[2] / "data" / "voprov"
CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "valid"
EX = "http://example.org/"
TYPE = f"{PROV}type"

Writer = Callable[[Iterable[Record], Namespaces, BinaryIO], None]
WRITERS: dict[str, Writer] = {"json": write_json_records, "xml": write_xml_records}


def records(statements: Iterable[Statement]) -> list[Record]:
    """Give statements as records, those of one element one after the other."""
    found = [_record(one) for one in statements]
    places: dict[object, int] = {}
    numbers = count()
    for one in found:
        places.setdefault((one.bundle, one.kind, one.id) if one.kind in ELEMENTS else id(one), next(numbers))
    return sorted(found, key=lambda one: places[(one.bundle, one.kind, one.id) if one.kind in ELEMENTS else id(one)])


def _record(one: Statement) -> Record:
    nameless = not one.id or (one.id.startswith(BLANK) and one.kind not in ELEMENTS)
    return Record(
        one.kind,
        None if nameless else one.id,
        tuple(one.arguments.get(formal) for formal in FORMALS[one.kind]),
        tuple(sorted(one.attributes, key=lambda attribute: rank(attribute[0]))),
        one.bundle or None,
    )


def written(given: Iterable[Record], name: str, prefixes: Iterable[tuple[str, str]] = (("ex", EX),)) -> bytes:
    out = BytesIO()
    WRITERS[name](given, Namespaces(prefixes), out)
    return out.getvalue()


def rewritten(reading: Reading, name: str, file: Path) -> Path:
    """Write a document of others in our way."""
    given = records(reading.statements)
    file.write_bytes(written(given, name, reading.namespaces[""].items()))
    return file


def classes(told: Told) -> Counter[str]:
    return Counter(kind for one in told.values() for kind, _, _ in one)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("mark", [(VOPROV, QNAME), ("http://www.ivoa.net/ns/voprov#", QNAME), ("voprov:", None)])
@pytest.mark.parametrize("section", CLASSES)
def test_a_type_of_ivoa_becomes_its_section(section: str, mark: tuple[str, str | None], name: str) -> None:
    types = (Attribute(TYPE, mark[0] + CLASSES[section], mark[1]), Attribute(TYPE, f"{EX}Other", QNAME))
    text = written([Record("entity", f"{EX}e", (), types)], name)
    if name == "json":
        expected = {"ex:e": {"prov:type": {"$": "ex:Other", "type": "prov:QUALIFIED_NAME"}}}
        assert json.loads(text)[section] == expected
    else:
        reading = read_voprov_xml(BytesIO(text), unqualified="urn:nowhere#")
        assert set(next(reading.statements).attributes) == {
            Attribute(TYPE, VOPROV + CLASSES[section], QNAME),
            types[1],
        }


@pytest.mark.parametrize("section", INFLUENCES)
def test_an_influence_of_ivoa_becomes_its_section(section: str) -> None:
    one = INFLUENCES[section]
    mark = Attribute(TYPE, VOPROV + one.type, QNAME)
    text = written([Record("wasInfluencedBy", None, (f"{EX}a", f"{EX}b"), (mark,))], "json")
    expected = {f"voprov:{one.effect}": "ex:a", f"voprov:{one.cause}": "ex:b"}
    assert json.loads(text)[section] == {"_:r1": expected}


def test_any_other_influence_stays_one() -> None:
    record = Record("wasInfluencedBy", None, (f"{EX}a", f"{EX}b"), (Attribute(TYPE, f"{EX}Whim", QNAME),))
    assert list(json.loads(written([record], "json"))) == ["prefix", "wasInfluencedBy"]


def test_a_name_is_spelt_as_voprov_does_but_never_lost() -> None:
    one = Record("entity", f"{EX}e", (), (Attribute(f"{VOPROV}name", "it"),))
    two = Record("entity", f"{EX}f", (), (Attribute(f"{PROV}name", "it"), Attribute(f"{VOPROV}name", "other")))
    assert json.loads(written([one, two], "json"))["entity"] == {
        "ex:e": {"prov:name": "it"},
        "ex:f": {"prov:name": "it", "voprov:name": "other"},
    }


def test_the_prefix_voprov_may_mean_something_else_in_the_document() -> None:
    mark = Attribute(TYPE, f"{VOPROV}ConfigurationRelation", QNAME)
    record = Record("wasInfluencedBy", None, (f"{EX}a", f"{EX}b"), (mark,))
    for name, read in (("json", _read_json), ("xml", read_voprov_xml)):
        text = written([record], name, [("ex", EX), ("voprov", "http://example.org/other#")])
        (statement,) = read(BytesIO(text), unqualified="urn:nowhere#").statements
        assert statement.attributes == (mark,)
        assert statement.arguments == {"influencee": f"{EX}a", "influencer": f"{EX}b"}


def _read_json(source: BinaryIO, *, unqualified: str) -> Reading:
    return provjson.read(source, unqualified=unqualified, sections=SECTIONS)


@pytest.mark.slow
def test_voprov_understands_a_job_in_both_notations(job: Document, tmp_path: Path) -> None:
    files = []
    for name, write in (("job.json", write_json), ("job.xml", write_xml)):
        files.append(tmp_path / name)
        with files[-1].open("wb") as out:
            write(job, out)
    (from_json,), (from_xml,) = told(files[0]), told(files[1])
    assert from_json == from_xml
    assert classes(from_json) == {
        "VOProvActivity": 1,
        "VOProvDataSetEntity": 2,
        "VOProvValueEntity": 1,
        "VOProvParameter": 1,
        "VOProvConfigFile": 1,
        "VOProvAgent": 2,
        "VOProvActivityDescription": 1,
        "VOProvUsageDescription": 1,
        "VOProvParameterDescription": 1,
        "VOProvEntityDescription": 1,
        "VOProvUsage": 1,
        "VOProvGeneration": 2,
        "VOProvInvalidation": 1,
        "VOProvDerivation": 1,
        "VOProvAssociation": 1,
        "VOProvAttribution": 1,
        "VOProvDelegation": 1,
        "VOProvWasConfiguredBy": 2,
        "VOProvIsDescribedBy": 2,
        "VOProvIsRelatedTo": 3,
        "VOProvStart": 1,
        "VOProvAlternate": 1,
    }


@pytest.mark.slow
def test_what_voprov_wrote_comes_back_as_it_was(tmp_path: Path) -> None:
    (original,) = told(DATA / "all.json")
    for name in WRITERS:
        with (DATA / "all.json").open("rb") as source:
            reading = _read_json(source, unqualified="urn:nowhere#")
            assert told(rewritten(reading, name, tmp_path / f"again.{name}")) == [original]


@pytest.mark.slow
def test_what_voprov_wrote_in_xml_comes_back_as_it_was(tmp_path: Path) -> None:
    (original,) = told(DATA / "all.xml")
    for name in WRITERS:
        with (DATA / "all.xml").open("rb") as source:
            reading = read_voprov_xml(source, unqualified="urn:nowhere#")
            assert told(rewritten(reading, name, tmp_path / f"again.{name}")) == [original]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_voprov_reads_every_document_of_the_corpus(name: str, tmp_path: Path) -> None:
    require("corpus", present=CORPUS.is_dir(), reason="the folder shared/corpus is not beside the clone")
    files: dict[Path, int] = {}
    for original in sorted([*CORPUS.glob("*.json"), *CORPUS.glob("*.xml"), *CORPUS.glob("*.provx")]):
        read = _read_json if original.suffix == ".json" else read_provxml
        with original.open("rb") as source:
            reading = read(source, unqualified="urn:nowhere#")
            given = records(reading.statements)
        file = tmp_path / f"{original.name}.{name}"
        file.write_bytes(written(given, name, reading.namespaces[""].items()))
        files[file] = len(given)
    understood = [sum(map(len, one.values())) for one in told(*files)]
    assert dict(zip(files, understood, strict=True)) == files
