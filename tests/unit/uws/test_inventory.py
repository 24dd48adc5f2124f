"""What a run has left behind, looked for here and told by a wrapper elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.graph.model import NodeId
from provstore.uws.descriptions.model import Description, Generated
from provstore.uws.jobs import JobParameter
from provstore.uws.ports import PRODUCTS_FILE, REQUEST_FILE
from provstore.uws.publishing.revisions import Revision
from provstore.uws.running.inventory import (
    Found,
    Inventory,
    Listed,
    Local,
    inventory_of,
    patterns_of,
)
from tests.unit.uws.told_scene import JOB

SHA = hashlib.sha256(b"x").hexdigest()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for folder in ("results", "work"):
        (tmp_path / "run" / folder).mkdir(parents=True)
    return tmp_path / "run"


def listed(run: Path, products: object) -> Inventory:
    (run / PRODUCTS_FILE).write_text(json.dumps({"products": products}), encoding="utf-8")
    return Listed(run)


def paths(found: tuple[Found, ...], run: Path) -> list[str]:
    return [one.path.relative_to(run).as_posix() for one in found]


def test_results_are_looked_for_before_the_working_directory(run: Path) -> None:
    for name in ("work/b.txt", "work/a.txt"):
        (run / name).write_bytes(b"x")
    inventory = Local(run, untouched=())
    assert paths(inventory.matches("*.txt"), run) == ["work/a.txt", "work/b.txt"]
    (run / "results" / "c.txt").write_bytes(b"x")
    measured = Found(name="c.txt", path=run / "results" / "c.txt", size=1, sha256=SHA)
    assert inventory.matches("*.txt") == (measured,)
    assert (inventory.matches(""), inventory.matches("d.txt")) == ((), ())


def test_an_untouched_input_is_no_result(run: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (run / "work" / name).write_bytes(b"x")
    inventory = Local(run, untouched={run / "work" / "a.txt"})
    assert (paths(inventory.matches("*.txt"), run), inventory.matches("a.txt")) == (["work/b.txt"], ())


def test_a_plain_name_with_brackets_of_a_glob_is_a_glob(run: Path) -> None:
    (run / "work" / "a1.txt").write_bytes(b"x")
    assert paths(Local(run, untouched=()).matches("a[0-9].txt"), run) == ["work/a1.txt"]


@pytest.mark.parametrize(("pattern", "expected"), [("a**.txt", ["results/a1.txt"]), ("**/c.txt", ["results/s/c.txt"])])
def test_two_stars_beside_other_characters_are_one(run: Path, pattern: str, expected: list[str]) -> None:
    (run / "results" / "s").mkdir()
    for name in ("a1.txt", "s/c.txt"):
        (run / "results" / name).write_bytes(b"x")
    assert paths(Local(run, untouched=()).matches(pattern), run) == expected


def test_a_link_within_the_job_stands_for_its_file(run: Path) -> None:
    (run / "work" / "real.txt").write_bytes(b"x")
    (run / "results" / "a.txt").symlink_to(run / "work" / "real.txt")
    found = Local(run, untouched=()).matches("a.txt")
    assert found == (Found(name="a.txt", path=run / "work" / "real.txt", size=1, sha256=SHA),)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda file: file.symlink_to("nowhere"), "'a' is a link that leads nowhere"),
        (lambda file: file.symlink_to("a"), "'a' is a link that leads nowhere"),
        (lambda file: file.symlink_to("/etc/hostname"), "'a' is a link to a file outside of the job"),
        (lambda file: file.mkdir(), "'a' is a directory; a result must be a file"),
        (os.mkfifo, "'a' is no regular file"),
    ],
)
def test_what_is_no_file_says_why(run: Path, make: Callable[[Path], None], problem: str) -> None:
    make(run / "results" / "a")
    assert [one.problem for one in Local(run, untouched=()).matches("a")] == [problem]


def test_a_name_that_is_no_text_is_a_problem(run: Path) -> None:
    (run / "results" / os.fsdecode(b"a\xff.txt")).write_bytes(b"x")
    assert [one.problem for one in Local(run, untouched=()).matches("a*")] == [
        r"the file name 'a\udcff.txt' is not UTF-8"
    ]


def test_a_name_too_long_for_any_file_is_not_there(run: Path) -> None:
    assert Local(run, untouched=()).matches("x" * 1000) == ()


def test_the_list_of_another_machine_is_taken_where_the_job_ran_there(run: Path) -> None:
    assert isinstance(inventory_of(run, untouched=()), Local)
    (run / REQUEST_FILE).write_text("{}", encoding="ascii")
    assert isinstance(inventory_of(run, untouched=()), Listed)


def test_without_the_list_of_another_machine_nobody_knows_what_was_made(run: Path) -> None:
    with pytest.raises(Invalid, match=f"{PRODUCTS_FILE} is missing: what the job has made is not known"):
        Listed(run).matches("*")


def test_what_is_listed_need_not_be_here(run: Path) -> None:
    entries = [
        {"path": "results/a.txt", "name": "link.txt", "size": 3, "sha256": SHA, "problem": ""},
        {"path": "work/b", "size": 0, "sha256": "", "problem": "directory"},
        {"path": "work/c", "size": 0, "sha256": "", "problem": "cursed"},
    ]
    inventory = listed(run, {"*": entries, "none": []})
    assert inventory.matches("*") == (
        Found(name="link.txt", path=run / "results" / "a.txt", size=3, sha256=SHA),
        Found(name="b", path=run / "work" / "b", problem="'b' is a directory; a result must be a file"),
        Found(name="c", path=run / "work" / "c", problem="'c' is no result: cursed"),
    )
    assert (inventory.matches("none"), inventory.matches("unasked")) == ((), ())


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "../../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"path": "results/../../x"},
        {"path": "token"},
        {"path": ""},
        {"size": -1},
        {"size": "1"},
        {"size": True},
        {"sha256": "0"},
        {"sha256": None},
    ],
)
def test_a_list_that_is_damaged_is_not_believed(run: Path, entry: Mapping[str, object]) -> None:
    good = {"path": "results/a", "size": 1, "sha256": SHA, "problem": ""}
    assert len(listed(run, {"a": [good]}).matches("a")) == 1
    with pytest.raises(Invalid, match="damaged"):
        listed(run, {"a": [{**good, **entry}]}).matches("a")


@pytest.mark.parametrize("products", [[], {"a": 1}, {"a": ["x"]}, {"a": [{}]}, None])
def test_a_list_of_another_shape_is_not_believed(run: Path, products: object) -> None:
    with pytest.raises(Invalid, match="damaged"):
        listed(run, products).matches("a")


def test_half_a_list_is_not_believed(run: Path) -> None:
    (run / PRODUCTS_FILE).write_text('{"products": {', encoding="ascii")
    with pytest.raises(Invalid, match="it is no JSON"):
        Listed(run).matches("a")


def test_a_wrapper_is_asked_for_all_that_the_description_names_and_for_what_the_script_says_of_itself() -> None:
    generated = (
        Generated(name="image", default="*.fits"),
        Generated(name="log", default="*.fits"),
        Generated(name="table", default="t.csv"),
        Generated(name="away", default="x"),
    )
    description = Description(name="s", script="true", generated=generated)
    revision = Revision(node=NodeId("s@1"), number=1, description=description, digest="", created_at=JOB.created_at)
    given = (JobParameter(name="table", value="mine.csv"), JobParameter(name="away", value="/etc/passwd"))
    assert patterns_of(revision, replace(JOB, parameters=given)) == (
        "*.fits",
        "mine.csv",
        "internal_provenance.json",
    )
