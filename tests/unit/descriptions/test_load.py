"""Directories of descriptions."""

import hashlib
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.load import load_directory, load_file
from provstore.uws.descriptions.model import Description, Generated, Used
from provstore.uws.descriptions.votable import write_votable

ROOT = Path(__file__).parents[3]
PLAIN = Description(name="plain", script="true\n", generated=(Generated(name="g", default="g", content_type="a/b"),))


def put(folder: Path, name: str, description: Description = PLAIN) -> Path:
    path = folder / name
    path.write_bytes(write_votable(description))
    return path


def test_the_shipped_descriptions_are_all_served_without_a_repair() -> None:
    shipped, refusals = load_directory(ROOT / "descriptions")
    assert refusals == ()
    assert [item.description.name for item in shipped] == [
        "copy",
        "gammapy_maps",
        "gammapy_spectra",
        "image_summary",
        "simulate_events",
        "sleep",
    ]
    assert [(item.repairs, item.warnings) for item in shipped] == [((), ())] * 6
    assert all(item.description.script.startswith("#!/bin/bash\n") for item in shipped)


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
