"""The file in which a script tells of its run: found, read, and never a danger to the job."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.graph.model import Label, Node, NodeId
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Create
from provstore.ingest.provjson_lenient import MOST_BYTES
from provstore.uws.jobs import JobParameter
from provstore.uws.ports import REQUEST_FILE
from provstore.uws.running.internal_provenance import (
    FILE_NAME,
    read_internal_provenance,
    remarks_text,
    scene_of,
    without,
)
from provstore.uws.running.told.scene import Told
from tests.unit.uws.told_scene import JOB, N, ends, nid, scene

ASSOCIATED = {
    "agent": {"swarp": {}},
    "wasAssociatedWith": {"_:1": {"prov:activity": "current_job", "prov:agent": "swarp"}},
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a job that has run."""
    for folder in ("work", "results"):
        (tmp_path / folder).mkdir()
    return tmp_path


def written(run: Path, content: bytes, *, folder: str = "work") -> Told:
    (run / folder / FILE_NAME).write_bytes(content)
    return read_internal_provenance(scene(), run)


def test_no_file_is_no_word(run: Path) -> None:
    assert read_internal_provenance(scene(), run) == Told()
    assert not Told().says_something


@pytest.mark.parametrize("folder", ["work", "results"])
def test_the_file_is_found_in_the_working_directory_or_among_the_results(run: Path, folder: str) -> None:
    told = written(run, json.dumps(ASSOCIATED).encode(), folder=folder)
    assert (len(ends(told)), told.remarks, told.says_something) == (1, (), True)


def test_of_two_files_the_one_in_the_working_directory_is_read_and_that_is_told(run: Path) -> None:
    written(run, b"[]", folder="results")
    told = written(run, json.dumps(ASSOCIATED).encode())
    assert len(ends(told)) == 1
    assert told.remarks == (
        f"{FILE_NAME}: it stands in the working and in the results directory; the latter was not read",
    )


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (b"", "no JSON: Expecting value"),
        (b"\xff\xfe\x00", "no JSON: "),
        (b"{", "no JSON: "),
        (b"[" * 100_000, "no JSON: "),
        (b'{"agent": ' + b"9" * 5000 + b"}", "agent: an object is needed"),
        (b"[]", "an object is needed"),
        (b"null", "an object is needed"),
        (b'{"agent": []}', "agent: an object is needed"),
        (b'{"wasAssociatedWith": 1}', "wasAssociatedWith: an object is needed"),
        (b'{"\\ud800": {}}', "\ufffd: this section is not read"),
        (b'{"agent": {"a": null}}', "agent.a: an object, or a list of objects, is needed"),
        (b" " * (MOST_BYTES + 1), "it was not read: no regular file, or larger than 4194304 bytes"),
    ],
)
def test_garbage_is_harmless_and_becomes_a_remark(run: Path, content: bytes, remark: str) -> None:
    told = written(run, content)
    assert told.changes == ()
    assert len(told.remarks) == 1
    assert told.remarks[0].startswith(f"{FILE_NAME}: {remark}")
    told.remarks[0].encode()


def test_a_link_is_not_followed(run: Path) -> None:
    (run / "secret").write_text(json.dumps(ASSOCIATED), encoding="utf-8")
    (run / "work" / FILE_NAME).symlink_to(run / "secret")
    assert read_internal_provenance(scene(), run).remarks[0].startswith(f"{FILE_NAME}: it was not read: ")


def test_a_pipe_or_a_folder_of_that_name_keeps_nobody_waiting(run: Path) -> None:
    unread = f"{FILE_NAME}: it was not read: no regular file, or larger than 4194304 bytes"
    os.mkfifo(run / "work" / FILE_NAME)
    assert read_internal_provenance(scene(), run) == Told(remarks=(unread,))
    (run / "work" / FILE_NAME).unlink()
    (run / "work" / FILE_NAME).mkdir()
    assert read_internal_provenance(scene(), run).remarks == (f"{FILE_NAME}: it was not read: Is a directory",)


def test_remarks_without_end_are_counted(run: Path) -> None:
    lines = remarks_text(f"remark {number}" for number in range(1000)).splitlines()
    assert lines[0] == "remark 0"
    assert len("\n".join(lines)) <= 4010
    assert lines[-1] == f"{1000 - len(lines) + 1} more"
    assert remarks_text(["one", "two"]) == "one\ntwo"


def test_what_the_store_refuses_is_told_instead_of_written() -> None:
    plain = without(Told(remarks=("a",), derived=frozenset({nid("e1.stack")})), "no such end")
    assert plain == Told(remarks=("a", f"{FILE_NAME}: nothing of it was taken: no such end"))


def test_a_script_may_call_what_is_there_by_all_its_names(run: Path) -> None:
    plot, flat, flat2, raw = (nid(f"e.{name}") for name in ("plot", "flat", "flat2", "raw"))
    inputs = (
        JobParameter(name="flats", value="a.fits", entity=flat, by_reference=True, location="jobs/j1/inputs/a.fits"),
        JobParameter(
            name="flats", value="a.fits", entity=flat2, by_reference=True, location="jobs/j1/b/a.fits", item=2
        ),
        JobParameter(name="raw", value="33794", entity=raw, url="http://x/raw"),
    )
    (run / "results" / "sub").mkdir()
    file = run / "results" / "sub" / "plot.png"
    with closing(open_sqlite(run / "graph.sqlite", namespace=N)) as store:
        mine = Node(nid("mine"), frozenset({Label.ENTITY}), readers=frozenset({"user:a1"}))
        store.write([Create(mine), Create(Node(nid("other"), mine.labels, readers=frozenset({"user:a2"})))])
        found = scene_of(replace(JOB, inputs=inputs), {"plot": (plot, file)}, run, store)
        assert found.look([nid("mine"), nid("other")]) == (mine,)
    below = {"plot.png", "sub/plot.png", "results/sub/plot.png", str(file), file.as_uri()}
    assert found.results == {"plot": plot, **dict.fromkeys(below, plot)}
    named: dict[str, NodeId] = {"raw": raw, "raw-1": raw, "flats-1": flat, "flats-2": flat2}
    assert {word: found.inputs[word] for word in named} == named
    assert "flats" not in found.inputs
    assert found.inputs["http://x/raw"] == found.inputs["33794"] == raw
    staged = {word: node for word, node in found.files.items() if not word.startswith(("/", "file:"))}
    assert staged == {
        **dict.fromkeys(["plot.png", "sub/plot.png", "results/sub/plot.png"], plot),
        **dict.fromkeys(["a.fits", "work/a.fits"], flat),
        **dict.fromkeys(["a-2.fits", "work/a-2.fits"], flat2),
    }


def test_a_script_on_another_machine_calls_files_by_their_paths_there(run: Path) -> None:
    there = Path("/scratch/j1")
    plot, raw, dark = (nid(f"e.{name}") for name in ("plot", "raw", "dark"))
    inputs = tuple(
        JobParameter(name=name, value="", entity=node, by_reference=True, location=f"jobs/j1/{name}.fits")
        for name, node in (("raw", raw), ("dark", dark))
    )
    (run / "task.json").write_text(json.dumps({"environment": {"jd": str(there)}}), encoding="utf-8")
    asked = [{"name": "raw.fits", "path": ""}, {"name": "dark.fits", "path": "/archive/d 7.fits"}]
    (run / REQUEST_FILE).write_text(json.dumps({"inputs": asked}), encoding="utf-8")
    with closing(open_sqlite(run / "graph.sqlite", namespace=N)) as store:
        found = scene_of(replace(JOB, inputs=inputs), {"plot": (plot, run / "results" / "plot.png")}, run, store)
    seen = {
        f"{there}/results/plot.png": plot,
        f"file://{there}/results/plot.png": plot,
        str(run / "results" / "plot.png"): plot,
        str(there / "work" / "raw.fits"): raw,
        "/archive/d 7.fits": dark,
        "file:///archive/d%207.fits": dark,
        "d 7.fits": dark,
    }
    assert {word: found.files.get(word) for word in seen} == seen


@pytest.mark.parametrize("words", ["[]", "{", '{"environment": {"jd": ""}}', '{"environment": {"jd": "j1"}}'])
def test_without_a_word_of_another_machine_paths_are_those_of_this_one(run: Path, words: str) -> None:
    (run / "task.json").write_text(words, encoding="utf-8")
    with closing(open_sqlite(run / "graph.sqlite", namespace=N)) as store:
        found = scene_of(JOB, {"plot": (nid("e.plot"), run / "work" / "plot.png")}, run, store)
    paths = {word for word in found.results if word.startswith("/")}
    assert paths == {str(run / "work" / "plot.png")}
