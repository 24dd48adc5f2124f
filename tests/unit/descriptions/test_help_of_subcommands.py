"""The help of a sub-command, of an interpreter, and of what asks for secrets."""

from __future__ import annotations

import pytest

from provstore.uws.descriptions.drafts.from_help import draft_from_help
from provstore.uws.descriptions.drafts.help_text import read_help
from provstore.uws.descriptions.drafts.things import Draft

STACK = """\
usage: mosaic stack [-h] [--method {mean,median}] [-o OUTPUT] frames [frames ...]

Stack several frames to one.

positional arguments:
  frames                FITS frames to stack

options:
  -h, --help            show this help message and exit
  --method {mean,median}
                        how to combine (default: median)
  -o OUTPUT, --output OUTPUT
                        output file (default: stack.fits)
"""
CLICK = """\
Usage: survey.py fields add [OPTIONS] NAME

  Add a field.

Options:
  --width FLOAT    Width in deg
  --password TEXT
  --help           Show this message and exit.
"""
INTERPRETER = """\
usage: interp [option] ... [-c cmd | -m mod | file | -] [arg] ...
Options (and corresponding environment variables):
-b     : issue warnings
-m mod : run library module as a script (terminates option list)
-W arg : warning control
--check-hash-based-pycs always|default|never:
         control how cached files are invalidated
-O     : remove assertions
"""


def drafted(text: str, *command: str) -> Draft:
    return draft_from_help(read_help(text, program=" ".join(command)), name="service", program=command)


@pytest.mark.parametrize("command", [("mosaic", "stack"), ("/opt/mosaic", "stack"), ("python", "/opt/m.py", "stack")])
def test_the_words_of_a_sub_command_are_none_of_its_arguments(command: tuple[str, ...]) -> None:
    described = drafted(STACK, *command).description
    assert [one.name for one in described.parameters] == ["method", "frames"]
    assert [(one.name, one.default) for one in described.generated] == [("output", "stack.fits")]
    assert f"command=({' '.join(command)})\n" in described.script


def test_a_sub_command_of_a_sub_command_is_called_as_it_was_asked() -> None:
    described = drafted(CLICK, "survey.py", "fields", "add").description
    assert [one.name for one in described.parameters] == ["width", "password", "name"]
    assert "command=(survey.py fields add)\n" in described.script


def test_an_argument_called_like_a_sub_command_elsewhere_is_an_argument() -> None:
    assert [one.name for one in drafted(STACK, "mosaic").description.parameters] == ["method", "stack", "frames"]


def test_that_a_secret_would_be_kept_is_told() -> None:
    assert [note for note in drafted(CLICK, "survey.py", "fields", "add").notes if "kept" in note] == [
        "password: what is sent is kept with the job, for whoever sees it; --as password=nothing leaves it out"
    ]
    assert [note for note in drafted(STACK, "mosaic", "stack").notes if "kept" in note] == []


def test_the_options_of_an_interpreter_have_their_values() -> None:
    described = drafted(INTERPRETER, "interp").description
    found = {one.name: one.options or one.datatype for one in described.parameters}
    assert found == {
        "b": "boolean",
        "m": "char",
        "W": "char",
        "check_hash_based_pycs": ("always", "default", "never"),
        "O": "boolean",
        "arg": "char",
    }
    assert [one.name for one in described.used] == ["file"]


def test_a_capital_o_is_no_result() -> None:
    described = drafted("usage: log [options]\n  -O <orderfile>  control the order of files\n", "log").description
    assert [one.name for one in described.parameters] == ["O"]
