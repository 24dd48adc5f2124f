"""What a trial job brought back, in words: the cases that no cluster of the tests has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from provstore.clusters import Account, Cluster, FileWay
from provstore.uws.executors.slurm.check.site import is_new_enough
from provstore.uws.executors.slurm.check.tidings import inputs, isolation, node, signals
from provstore.uws.findings import Finding, Level

CALLBACK: Final = "https://prov.example.org"
TLS: Final = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"


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
        ("callback_ca /x.pem: No such file or directory", "correct callback_ca"),
        (f"{TLS} self-signed certificate (_ssl.c:992)", "let callback_ca name a file on the cluster"),
        (f"{TLS} unable to get local issuer certificate", "let callback_ca name a file on the cluster"),
        (f"{TLS} Hostname mismatch, certificate is not valid for 'h'", "let callback have the name"),
        (f"{TLS} certificate has expired (_ssl.c:992)", "have the server's certificate renewed"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "write http:// in callback"),
        ("that is no HTTP server: it says 'Debian'", "correct callback, its port above all"),
    ],
)
def test_each_problem_of_calling_has_its_remedy(tmp_path: Path, problem: str, remedy: str) -> None:
    run = run_of(tmp_path, log=f"T {problem}\n")
    assert signals(run, cluster(callback=CALLBACK), dropped=["j.2"]).remedy.startswith(remedy)


def test_a_path_in_the_callback_may_be_what_is_wrong(tmp_path: Path) -> None:
    told = signals(run_of(tmp_path, log="T 401\n"), cluster(callback=f"{CALLBACK}/uws/"), dropped=["j.2"])
    assert told.remedy.startswith("is provstore below /uws there?")


# --- folders of inputs


@pytest.mark.parametrize(
    ("said", "level", "found"),
    [
        ("", Level.OK, "is open to the account on the node"),
        ("closed=/there", Level.NOTE, "closed to the account"),
        ("other=/there", Level.NOTE, "/there on the node has not what is in"),
    ],
)
def test_a_folder_of_inputs_is_judged_by_what_the_job_saw(tmp_path: Path, said: str, level: Level, found: str) -> None:
    shared = replace(cluster(), files=FileWay.SHARED, shared_inputs={tmp_path: PurePosixPath("/there")})
    [told] = inputs(run_of(tmp_path, said=f"{said}\n"), shared)
    assert (told.part, told.level) == ("shared inputs", level)
    assert told.found.startswith(f"{tmp_path} = /there")
    assert found in told.found


def test_a_folder_of_inputs_that_is_not_here_is_told_of(tmp_path: Path) -> None:
    shared = replace(cluster(), files=FileWay.SHARED, shared_inputs={tmp_path / "no": PurePosixPath("/there")})
    [told] = inputs(run_of(tmp_path), shared)
    assert told.found == f"{tmp_path}/no = /there: {tmp_path}/no is no folder here"


def test_folders_of_inputs_are_of_no_use_where_inputs_are_sent(tmp_path: Path) -> None:
    assert list(inputs(run_of(tmp_path), replace(cluster(), shared_inputs={tmp_path: PurePosixPath("/there")}))) == []


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


def test_a_modules_init_that_is_not_there_is_a_note() -> None:
    [_, _, told] = node("node=n7\npartition=short\npython=3.9.2\nmodules_init=/no/lmod.sh\n")
    assert (told.level, told.found) == (Level.NOTE, "modules_init /no/lmod.sh is not there on the node")


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
