"""What a trial job brought back, in words: the cases that no cluster of the tests has."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from provstore.clusters import Account, Cluster
from provstore.uws.executors.slurm.check.site import is_new_enough
from provstore.uws.executors.slurm.check.tidings import isolation, node, signals
from provstore.uws.findings import Finding, Level

CALLBACK: Final = "https://prov.example.org"


def cluster(*, callback: str = "", accounts: bool = False) -> Cluster:
    return Cluster(
        name="meso",
        host="login",
        user="provstore",
        key_file=Path("key"),
        work_directory=PurePosixPath("/scratch/provstore"),
        host_keys=("ssh-ed25519 AAAA",),
        callback=callback,
        accounts={"ann": Account(user="astro12")} if accounts else {},
    )


def run_of(place: Path, *, isolated: bool | None = True, said: str = "", log: str = "") -> Path:
    (place / "status.json").write_text(json.dumps({"isolated": isolated, "seq": 2}))
    (place / "stdout").write_text(said)
    if log:
        (place / "callback.log").write_text(log)
    return place


# --- signals


@pytest.mark.parametrize(
    ("callback", "dropped", "log", "level", "found"),
    [
        ("", ["j.1", "j.2"], "", Level.OK, "they come by files in the spool folder"),
        ("", ["j.1"], "", Level.FAULT, "none came: the spool folder is empty"),
        ("", [], "2026-11-23T03:00:00Z No space left", Level.FAULT, "none came: No space left"),
        (CALLBACK, [], "", Level.OK, f"they come by {CALLBACK}"),
        (CALLBACK, ["j.1"], "T timed out", Level.OK, f"they come by {CALLBACK} (not at once: timed out)"),
        (CALLBACK, ["j.2"], "T 401", Level.NOTE, f"they come by files: the node can't call {CALLBACK}: it answers 401"),
        (CALLBACK, ["j.2"], "", Level.NOTE, f"they come by files: the node can't call {CALLBACK}: no word why"),
    ],
)
def test_the_way_of_the_last_signal_is_told(
    tmp_path: Path, callback: str, dropped: list[str], log: str, level: Level, found: str
) -> None:
    told = signals(run_of(tmp_path, log=log), cluster(callback=callback), dropped=dropped)
    assert (told.part, told.level, told.found) == ("signals", level, found)


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        ("401", "another server answers there, or one with another data directory: its secret is not ours"),
        ("404", "does a proxy in between pass on POST /signals/…, with its Authorization?"),
        ("Connection refused", "start the server, open the way from the nodes, or leave callback out"),
    ],
)
def test_each_problem_of_calling_has_its_remedy(tmp_path: Path, problem: str, remedy: str) -> None:
    run = run_of(tmp_path, log=f"T {problem}\n")
    assert signals(run, cluster(callback=CALLBACK), dropped=["j.2"]).remedy.startswith(remedy)


# --- isolation


def isolated(place: Path, *, was: bool | None = False, why: str = "", accounts: bool = False) -> Finding:
    return isolation(run_of(place, isolated=was, said=f"bubblewrap={why}\n"), cluster(accounts=accounts))


def test_a_script_that_saw_its_own_files_only_is_isolated(tmp_path: Path) -> None:
    assert isolated(tmp_path, was=True).level is Level.OK


def test_no_isolation_by_the_settings_is_a_note(tmp_path: Path) -> None:
    told = isolated(tmp_path, was=None)
    assert (told.level, told.found) == (
        Level.NOTE,
        "none, by the settings: scripts see the files of all jobs of their account",
    )


@pytest.mark.parametrize(
    ("why", "found", "remedy"),
    [
        ("script.sh: line 6: bwrap: command not found", "bubblewrap is not there", "install bubblewrap on the nodes"),
        ("bwrap: No permissions", "bubblewrap fails (bwrap: No permissions)", "user namespaces must be allowed"),
        ("", "bubblewrap fails (without a word)", "user namespaces must be allowed"),
    ],
)
def test_why_nothing_isolates_is_told(tmp_path: Path, why: str, found: str, remedy: str) -> None:
    told = isolated(tmp_path, why=why)
    assert told.level is Level.NOTE
    assert told.found == f"none: {found}; scripts can read and change what other jobs have"
    assert told.remedy.startswith(remedy)


def test_where_persons_have_accounts_of_their_own_less_is_open(tmp_path: Path) -> None:
    told = isolated(tmp_path, why="bwrap: command not found", accounts=True)
    assert told.found == "none: bubblewrap is not there"


# --- the node


def test_what_the_node_has_is_listed() -> None:
    said = "node=n7\npartition=short\npython=3.9.2\ntool=srun\ntool=curl\n"
    assert [(one.level, one.found) for one in node(said)] == [
        (Level.OK, "n7, partition short; there are srun, curl"),
        (Level.OK, "3.9.2 on the node"),
    ]


def test_an_old_python_before_scripts_is_a_note() -> None:
    [_, told] = node("node=n7\npartition=short\npython=2.7.18\n")
    assert (told.level, told.found) == (Level.NOTE, "2.7.18 on the node")


@pytest.mark.parametrize(
    ("version", "is_so"),
    [
        ("3.6.0", True),
        ("3.11.2", True),
        ("4.0.1", True),
        ("3.5.9", False),
        ("2.7.18", False),
        ("", False),
        ("3", False),
    ],
)
def test_the_wrapper_needs_python_3_6(version: str, is_so: bool) -> None:  # noqa: FBT001
    assert is_new_enough(version) is is_so
