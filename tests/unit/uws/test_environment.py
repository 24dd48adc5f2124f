"""The words that start a script, and the helper that obeys them: nothing of them is ever shell text."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Description
from provstore.uws.running.environment import HELPER, helper_text, needs_helper, reason_not_entered, shell_of

RUN = PurePosixPath("/data/jobs/j1/run")
ENTER = ("bash", "/data/jobs/j1/run/enter.sh")
APPTAINER = ("apptainer", "exec", "--home", f"{RUN}/work", "--bind", str(RUN), "--pwd", f"{RUN}/work")
SIF = "/images/ctools.sif"


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (Description(name="a"), ("bash",)),
        (Description(name="a", script_language=""), ("bash",)),
        (Description(name="a", script_language="python"), ("python3",)),
        (Description(name="a", modules=("gcc/12.2", "ctools")), (*ENTER, "", "gcc/12.2", "ctools", "--", "bash")),
        (
            Description(name="a", container=SIF, script_language="python"),
            (*ENTER, "", "--", *APPTAINER, SIF, "python3"),
        ),
        (
            Description(name="a", modules=("apptainer",), container="docker://python:3.12"),
            (*ENTER, "", "apptainer", "--", *APPTAINER, "docker://python:3.12", "bash"),
        ),
    ],
)
def test_the_words_before_a_script_follow_from_its_description(description: Description, words: Sequence[str]) -> None:
    assert shell_of(description, RUN) == words
    assert needs_helper(description) is (HELPER in " ".join(words))


def test_a_site_names_the_file_that_brings_the_command_module() -> None:
    words = shell_of(Description(name="a", modules=("x",)), RUN, modules_init="/opt/a b/init")
    assert words == (*ENTER, "/opt/a b/init", "x", "--", "bash")


@pytest.mark.parametrize("name", ["", "-h", "--", "a b", "a\nb", "$(x)", "a;b", "a'b", "x" * 201])
def test_what_can_be_no_module_is_refused_by_name(name: str) -> None:
    with pytest.raises(Invalid, match=r"^module .*: a name like gcc/12\.2 is needed$") as caught:
        shell_of(Description(name="a", modules=("gcc", name)), RUN)
    assert caught.value.value == name


@pytest.mark.parametrize(
    "image", ["-x", "--bind=/:/mnt", "mine.sif", "../a.sif", "/a b.sif", "/a\n", "http//x", "://x"]
)
def test_an_image_that_a_user_could_bring_or_apptainer_misread_is_refused(image: str) -> None:
    with pytest.raises(Invalid, match=r"^container '.*': a whole path or address without blanks is needed"):
        shell_of(Description(name="a", container=image), RUN)


@pytest.mark.parametrize("place", ["/a:b", "/a,b", '/a"b'])
def test_a_directory_that_no_bind_can_name_is_refused(place: str) -> None:
    with pytest.raises(Invalid, match="can't be bound in a container"):
        shell_of(Description(name="a", container=SIF), PurePosixPath(place))
    assert shell_of(Description(name="a", modules=("x",)), PurePosixPath(place))


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Invalid, match=r"^script_language 'fortran': one of bash, python is needed$"):
        shell_of(Description(name="a", script_language="fortran"), RUN)


@pytest.mark.parametrize(
    ("exit_code", "stderr", "reason"),
    [
        (125, "ERROR: no file\nprovstore: module x can't be loaded\n", "module x can't be loaded"),
        (125, "provstore: why", "why"),
        (125, "provstore: why\nand more\n", ""),
        (125, "", ""),
        (1, "provstore: why\n", ""),
        (None, "provstore: why\n", ""),
    ],
)
def test_only_the_helper_s_own_words_are_the_reason(exit_code: int | None, stderr: str, reason: str) -> None:
    assert reason_not_entered(exit_code, stderr) == reason


# --- the helper


def enter(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / HELPER).write_text(helper_text(), encoding="utf-8")
    env = {"PATH": f"{folder}:/usr/bin:/bin", **environment}
    return subprocess.run(
        ["bash", str(folder / HELPER), *words], env=env, cwd=folder, capture_output=True, text=True, check=False
    )


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


LISTS = '#!/bin/sh\necho "$0" | sed "s|.*/||"\nfor one in "$@"; do echo "<$one>"; done\n'
HARD = ["a b", "", "$(touch x)", "*", "it's", '"', "\\", "--", "`x`"]


def test_every_argument_of_the_command_arrives_as_it_was(tmp_path: Path) -> None:
    program(tmp_path, "lists", LISTS)
    done = enter(tmp_path, "", "--", "lists", *HARD)
    assert done.stdout.splitlines() == ["lists", *(f"<{one}>" for one in HARD)]
    assert done.returncode == 0


def test_the_helper_changes_no_variable_of_the_job(tmp_path: Path) -> None:
    given = {"init": "1", "image": "2", "modules": "3", "command": "4", "place": "5", "name": "6", "shell": "7"}
    (tmp_path / "init").write_text(
        'module() { case "$*" in "load x") export LOADEDMODULES=x ;; *) return 1 ;; esac; }\n'
    )
    done = enter(tmp_path, str(tmp_path / "init"), "x", "--", "env", **given)
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert given.items() <= seen.items()
    assert [name for name in seen if name.startswith("PROVSTORE")] == []


def test_where_apptainer_is_still_called_singularity_that_is_run(tmp_path: Path) -> None:
    program(tmp_path, "singularity", LISTS)
    done = enter(tmp_path, "", "--", "apptainer", "exec", SIF)
    assert done.stdout.splitlines()[0] in {"singularity", "apptainer"}
    assert done.stdout.splitlines()[1:] == ["<exec>", f"<{SIF}>"]


def test_a_module_that_is_silently_not_loaded_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "init").write_text("module() { echo no such module >&2; return 0; }\n")
    done = enter(tmp_path, str(tmp_path / "init"), "old/1", "--", "echo", "run")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr == "no such module\nprovstore: module old/1 can't be loaded\n"


def test_a_program_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    done = enter(tmp_path, "", "--", "nobody-has-this", "x")
    assert done.returncode == 125
    assert reason_not_entered(125, done.stderr).startswith("the program nobody-has-this is not installed on ")
