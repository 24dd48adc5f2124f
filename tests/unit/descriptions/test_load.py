"""Directories of descriptions."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.load import default_files, load_directory, load_file
from provstore.uws.descriptions.model import FILE, Description, Generated, ParameterDefinition, Used

ROOT = Path(__file__).parents[3]
PLAIN = Description(name="plain", script="true\n", generated=(Generated(name="g", default="g", content_type="a/b"),))


def put(folder: Path, name: str, description: Description = PLAIN) -> Path:
    path = folder / name
    path.write_bytes(write_votable(description))
    return path


def put_json(folder: Path, name: str, description: Description = PLAIN) -> Path:
    path = folder / name
    path.write_text(json.dumps(to_json(description)), encoding="utf-8")
    return path


def test_the_shipped_descriptions_are_all_served_without_a_repair() -> None:
    shipped, refusals = load_directory(ROOT / "descriptions")
    assert refusals == ()
    names = [item.description.name for item in shipped]
    assert names == sorted(path.name.removesuffix("_vot.xml") for path in (ROOT / "descriptions").glob("*_vot.xml"))
    assert {"copy", "ctbin", "gammapy_maps", "image_summary", "simulate_events", "sleep"} <= set(names)
    assert {item.repairs for item in shipped} == {()}
    assert {item.warnings for item in shipped} == {()}
    scripts = [item.description for item in shipped if item.description.script_language == "bash"]
    assert all(item.script.startswith("#!/bin/bash\n") for item in scripts)


def test_a_broken_description_does_not_hinder_the_others(tmp_path: Path) -> None:
    put(tmp_path, "plain_vot.xml")
    (tmp_path / "broken.xml").write_text("<VOTABLE>")
    (tmp_path / "notes.txt").write_text("nothing")
    shipped, refusals = load_directory(tmp_path)
    assert [item.description for item in shipped] == [PLAIN]
    assert [item.path.name for item in refusals] == ["broken.xml"]
    assert "broken.xml:1: not well-formed XML" in refusals[0].reason


def test_a_description_with_an_error_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "plain.xml", Description(name="plain"))
    with pytest.raises(Invalid, match="script: is empty"):
        load_file(path)


def test_a_second_description_of_one_service_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a_vot.xml")
    put(tmp_path, "b.xml")
    shipped, refusals = load_directory(tmp_path)
    assert (len(shipped), len(refusals)) == (1, 1)
    assert "a_vot.xml describes plain already" in refusals[0].reason


def test_a_script_beside_the_file_is_read_with_unix_line_ends(tmp_path: Path) -> None:
    path = put(tmp_path, "plain_vot.xml", Description(name="plain", generated=PLAIN.generated))
    (tmp_path / "plain.sh").write_bytes(b"true\r\n")
    shipped = load_file(path)
    assert shipped.description == PLAIN
    assert [repair.what for repair in shipped.repairs] == ["plain.sh has DOS line ends"]


@pytest.mark.parametrize("name", ["plain_vot.xml", "plain.xml", "plain.json"])
def test_a_script_in_python_beside_the_file_is_run_by_python(tmp_path: Path, name: str) -> None:
    (put_json if name.endswith("json") else put)(tmp_path, name, replace(PLAIN, script=""))
    (tmp_path / "plain.py").write_text("print()\n")
    assert load_file(tmp_path / name).description == replace(PLAIN, script="print()\n", script_language="python")


@pytest.mark.parametrize(("language", "script"), [("bash", "true\n"), ("python", "print()\n")])
def test_of_two_scripts_beside_the_file_the_one_in_its_language_is_taken(
    tmp_path: Path, language: str, script: str
) -> None:
    path = put(tmp_path, "plain_vot.xml", replace(PLAIN, script="", script_language=language))
    (tmp_path / "plain.py").write_text("print()\n")
    (tmp_path / "plain.sh").write_text("true\n")
    found = load_file(path).description
    assert (found.script, found.script_language) == (script, language)


def test_a_program_beside_an_embedded_script_does_not_change_its_language(tmp_path: Path) -> None:
    path = put(tmp_path, "plain_vot.xml")
    (tmp_path / "plain.py").write_text("print()\n")
    shipped = load_file(path)
    assert shipped.description == PLAIN
    assert [repair.what for repair in shipped.repairs] == ["plain.py differs from the embedded script"]


def test_the_embedded_script_wins_and_a_difference_is_told(tmp_path: Path) -> None:
    path = put(tmp_path, "plain_vot.xml")
    (tmp_path / "plain.sh").write_text("true")
    assert load_file(path).repairs == ()
    (tmp_path / "plain.sh").write_text("false\n")
    shipped = load_file(path)
    assert shipped.description.script == "true\n"
    assert [repair.how for repair in shipped.repairs] == ["the embedded one is kept"]


def test_a_script_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "plain_vot.xml")
    (tmp_path / "plain.sh").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="not UTF-8"):
        load_file(path)


@pytest.mark.parametrize("folder", ["", "plain"])
def test_files_that_are_defaults_are_recorded_with_their_hash(tmp_path: Path, folder: str) -> None:
    used = (Used(name="c", type="ConfigFile", default="c.cfg"), Used(name="d", url="file://$ID", default="none.dat"))
    path = put(tmp_path, "plain.xml", Description(name="plain", script="true", used=used))
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "c.cfg").write_text("x")
    shipped = load_file(path)
    assert shipped.description.files == (("c.cfg", hashlib.sha256(b"x").hexdigest()),)
    assert shipped.files == {"c.cfg": tmp_path / folder / "c.cfg"}


def test_the_default_of_a_parameter_that_is_a_configuration_file_is_shipped_too(tmp_path: Path) -> None:
    (tmp_path / "c.cfg").write_text("x")
    config = ParameterDefinition(name="c", type="ConfigFile", xtype=FILE, default="c.cfg")
    for used in ((), (Used(name="c", url="file://$ID", ref="c"),)):
        described = replace(PLAIN, parameters=(config,), used=used)
        assert dict(default_files(described, path=tmp_path / "plain.json")) == {"c.cfg": tmp_path / "c.cfg"}


def test_a_default_that_leads_out_of_the_folder_is_no_shipped_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    inside = tmp_path / "in"
    inside.mkdir()
    used = (Used(name="c", type="ConfigFile", default="../secret"), Used(name="d", url="file://$ID", default=".."))
    shipped = load_file(put(inside, "plain.xml", Description(name="plain", script="true", used=used)))
    assert shipped.files == {}


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        load_directory(tmp_path / "nowhere")


def test_json_is_read_too_with_its_script_beside_it(tmp_path: Path) -> None:
    put_json(tmp_path, "other.json", Description(name="plain", generated=PLAIN.generated))
    (tmp_path / "other.sh").write_text("true\n")
    opus = {"name": "opus", "script": "true", "parameters": {"p": {"datatype": "xs:int", "default": "1"}}}
    (tmp_path / "opus.json").write_text(json.dumps(opus))
    shipped, refusals = load_directory(tmp_path)
    assert refusals == ()
    assert [item.path.name for item in shipped] == ["opus.json", "other.json"]
    assert shipped[1].description == PLAIN


def test_a_votable_wins_over_json_of_the_same_service_with_a_note(tmp_path: Path) -> None:
    put(tmp_path, "plain_vot.xml")
    put_json(tmp_path, "plain.json", Description(name="plain", label="other", script="true"))
    put_json(tmp_path, "a.json", Description(name="a", script="true"))
    shipped, refusals = load_directory(tmp_path)
    assert refusals == ()
    assert [item.description.name for item in shipped] == ["a", "plain"]
    assert shipped[1].description == PLAIN
    assert [str(repair) for repair in shipped[1].repairs] == ["plain.json describes plain too: plain_vot.xml is taken"]


def test_two_json_files_of_one_service_are_one_too_many(tmp_path: Path) -> None:
    put_json(tmp_path, "a.json")
    put_json(tmp_path, "b.json")
    shipped, refusals = load_directory(tmp_path)
    assert [item.path.name for item in shipped] == ["a.json"]
    assert ["a.json describes plain already" in item.reason for item in refusals] == [True]


def test_a_json_file_that_is_an_input_is_no_broken_description(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("[1]")
    (tmp_path / "broken.json").write_text("[1]")
    used = (Used(name="c", type="ConfigFile", default="settings.json"),)
    put(tmp_path, "plain_vot.xml", Description(name="plain", script="true", used=used))
    shipped, refusals = load_directory(tmp_path)
    assert [list(item.files) for item in shipped] == [["settings.json"]]
    assert [item.path.name for item in refusals] == ["broken.json"]


def test_other_dialects_are_read_when_asked_for_and_not_at_start(tmp_path: Path) -> None:
    path = tmp_path / "tool.par"
    path.write_text("n,i,h,1,,,\nmode,s,h,ql,,,\n")
    assert load_directory(tmp_path) == ((), ())
    (tmp_path / "tool.sh").write_text("tool\n")
    found = load_file(path)
    assert found.description.name == "tool"
    assert [repair.what for repair in found.repairs] == ["tool.sh differs from the embedded script"]
