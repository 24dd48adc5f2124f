"""Scripts in files of their own: found beside a description, or sent along with it."""

from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.sidecars import script_beside, with_script

EMPTY = Reading(description=Description(name="s"))


@pytest.mark.parametrize(("name", "language"), [("s.py", "python"), ("s.sh", "bash"), ("script", "bash")])
def test_the_file_s_name_tells_the_language_of_a_script_that_is_sent(name: str, language: str) -> None:
    found = with_script(EMPTY, b"x = 1\n", name=name).description
    assert (found.script, found.script_language) == ("x = 1\n", language)


def test_a_script_without_an_ending_keeps_the_language_of_the_description() -> None:
    python = Reading(description=Description(name="s", script_language="python"))
    assert with_script(python, b"x = 1\n", name="script").description.script_language == "python"


def test_a_script_that_is_sent_is_taken_and_what_it_replaces_is_told() -> None:
    embedded = Reading(description=Description(name="s", script="false\n"))
    read = with_script(embedded, b"true\r\n", name="s.sh")
    assert read.description.script == "true\n"
    assert [repair.how for repair in read.repairs] == ["read with Unix line ends", "the one sent is taken"]


def test_a_script_that_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match=r"s\.sh: not UTF-8: .* at byte 1"):
        with_script(EMPTY, b"a\xff", name="s.sh")


@pytest.mark.parametrize("description", ["s_vot.xml", "s.xml", "s.json"])
def test_the_script_beside_a_description_has_its_name(tmp_path: Path, description: str) -> None:
    (tmp_path / "s_vot.sh").write_text("")
    assert script_beside(tmp_path / description, language="bash") is None
    (tmp_path / "s.py").write_text("")
    assert script_beside(tmp_path / description, language="bash") == tmp_path / "s.py"
    (tmp_path / "s.sh").write_text("")
    assert script_beside(tmp_path / description, language="bash") == tmp_path / "s.sh"
    assert script_beside(tmp_path / description, language="python") == tmp_path / "s.py"
