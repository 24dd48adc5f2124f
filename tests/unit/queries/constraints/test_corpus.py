"""Documents that other people wrote to test validators, judged as their names say."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest

from provstore.ingest.provxml import read_provxml
from provstore.queries.constraints.validator import violations
from tests.parts import require

CORPUS: Final = Path(__file__).parents[5] / "shared" / "corpus"
EXPECTED: Final = {"success": 31, "fail": 29}


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    manifest = CORPUS / "manifest.json"
    require("corpus", present=manifest.is_file(), reason="the folder shared/corpus is not beside the clone")
    rows: list[dict[str, Any]] = json.loads(manifest.read_text(encoding="utf-8"))
    return [row for row in rows if row["path"].startswith("constraints/")]


def broken(row: dict[str, Any]) -> set[int]:
    reading = read_provxml(BytesIO((CORPUS / row["path"]).read_bytes()), unqualified="urn:unqualified:")
    return {one.rule for one in violations(reading.statements)}


@pytest.mark.parametrize("expected", EXPECTED)
def test_documents_come_out_as_their_names_say(documents: list[dict[str, Any]], expected: str) -> None:
    found = {row["path"]: bool(broken(row)) for row in documents if row["expected"] == expected}
    assert found == dict.fromkeys(found, expected == "fail")
    assert len(found) == EXPECTED[expected]


def test_the_rules_in_the_names_are_among_those_found(documents: list[dict[str, Any]]) -> None:
    named = {row["path"]: set(row["constraints"]) for row in documents if row.get("constraints")}
    found = {row["path"]: broken(row) for row in documents if row["path"] in named}
    assert {path: found[path] & rules for path, rules in named.items()} == named
