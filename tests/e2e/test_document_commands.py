"""Documents and questions on the command line: what it does, prints, and exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from prov.model import ProvDocument

from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served
from tests.web.challenge import EX, challenge

WRONG: Final = "document\nprefix ex <http://example.org/>\nentity(ex:a\nendDocument\n"
BROKEN: Final = "document\nprefix ex <http://example.org/>\nentity(ex:a)\nactivity(ex:a)\nendDocument\n"


@pytest.fixture(scope="module")
def alone(make_served: MakeServed) -> Served:
    """A data directory on which no server runs."""
    return make_served()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a stranger."""
    file = tmp_path_factory.mktemp("run") / "run.json"
    file.write_text(json.dumps(challenge()), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def document(alone: Served, run: Path) -> str:
    """The id under which it is kept."""
    done = alone.command("import", str(run))
    assert (done.returncode, done.stderr) == (0, "")
    local, _, told = done.stdout.strip().partition("  ")
    assert told.startswith("run.json: ")
    return local


@pytest.mark.parametrize("notation", ["json", "xml", "provn"])
def test_an_imported_document_is_exported_equal(alone: Served, run: Path, document: str, notation: str) -> None:
    name = {"json": "prov-json", "xml": "prov-xml", "provn": "prov-n"}[notation]
    done = alone.command("export", document, "--format", name)
    back = ProvDocument.deserialize(content=done.stdout, format=notation)
    assert back == ProvDocument.deserialize(source=str(run), format="json")


def test_several_files_are_imported_and_the_wrong_one_is_told_with_its_place(alone: Served, tmp_path: Path) -> None:
    (tmp_path / "a.provn").write_text(WRONG)
    (tmp_path / "b.provn").write_text(BROKEN)
    done = alone.command("import", "--json", *(str(tmp_path / name) for name in ("a.provn", "b.provn")))
    assert done.returncode == 2
    assert "a.provn: line" in done.stderr
    assert json.loads(done.stdout)["records"] == 2


def test_a_dry_run_stores_nothing_and_a_strict_one_refuses(alone: Served, document: str, tmp_path: Path) -> None:
    assert document
    (tmp_path / "b.provn").write_text(BROKEN.replace("ex:a", "ex:nowhere"))
    done = alone.command("import", "--dry-run", str(tmp_path / "b.provn"))
    assert done.stdout.startswith("(dry run)")
    strict = alone.command("import", "--strict", str(tmp_path / "b.provn"))
    assert strict.returncode == 1
    assert "constraint 55" in strict.stderr
    asked = alone.command("query", "lineage", "--id", "ex:nowhere")
    assert "nothing is known" in asked.stderr


def test_questions_answer_what_http_would(alone: Served, document: str) -> None:
    assert document
    done = alone.command("query", "search", "--class", "activity", "--parameter", "m:12", "--weekday", "mon")
    items = json.loads(done.stdout)["items"]
    assert [one["id"] for one in items] == [f"{EX}align{number}" for number in range(1, 5)]
    rows = alone.command("query", "search", "--attribute", "ex:studyModality:speech", "--csv").stdout.splitlines()
    assert rows[0].startswith("id,class,label")
    assert rows[1].startswith(f"{EX}Atlas_x_Graphic,")
    wrong = alone.command("query", "search", "--weekday", "someday")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "mon, tue" in wrong.stderr


def test_the_graph_is_checked_document_by_document(alone: Served, document: str, tmp_path: Path) -> None:
    assert alone.command("check", "graph", document).stdout == "no violations\n"
    (tmp_path / "b.provn").write_text(BROKEN.replace("ex:a", "ex:both"))
    wrong = alone.command("import", str(tmp_path / "b.provn")).stdout.partition(" ")[0]
    done = alone.command("check", "graph", wrong)
    assert done.returncode == 1
    assert f"{wrong}: constraint 55: " in done.stdout
    assert json.loads(alone.command("check", "graph", wrong, "--json").stdout.splitlines()[0])["rule"] in (50, 55)
