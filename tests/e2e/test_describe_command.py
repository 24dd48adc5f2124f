"""``provstore describe``: definitions looked at, proposed, decided on, compared; beside a server and without one."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from provstore.errors import NotFound
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served, until

GREET: Final = Description(
    name="greet",
    description="Greets.",
    version="1",
    parameters=(ParameterDefinition(name="who", default="you", required=False),),
    generated=(Generated(name="greeting", default="greeting.txt", content_type="text/plain"),),
    script='# Greets.\necho "hello $who" >"$rs/$greeting"\n',
)
LOUDER: Final = replace(
    GREET,
    parameters=(replace(GREET.parameters[0], default="all"),),
    script=GREET.script.replace("hello", "HELLO"),
)
WRONG: Final = replace(
    GREET,
    parameters=(ParameterDefinition(name="emin", datatype="double", min="1", default="0"),),
    script="if true\n",
)


@pytest.fixture(scope="module")
def alone(make_served: MakeServed) -> Served:
    """A data directory on which no server runs."""
    return make_served()


@pytest.fixture
def fresh(make_served: MakeServed) -> Served:
    """A data directory of the test's own."""
    return make_served()


def written(folder: Path, description: Description) -> str:
    file = folder / f"{description.name}_vot.xml"
    file.write_bytes(write_votable(description))
    return str(file)


def done(served: Served, *arguments: str) -> str:
    """Run a command that goes well; give what it printed."""
    run = served.command("describe", *arguments)
    assert run.returncode == 0, run.stderr
    return run.stdout


def answer(served: Served, *arguments: str) -> Any:
    return json.loads(done(served, *arguments, "--json"))


def accepted(served: Served, folder: Path, description: Description) -> str:
    proposal = done(served, "propose", written(folder, description)).strip()
    return done(served, "accept", proposal).strip()


def test_a_service_is_shown_in_every_format(alone: Served) -> None:
    shown = json.loads(done(alone, "sleep"))
    assert [one["name"] for one in shown["parameters"]] == ["duration", "exit_code", "text"]
    assert json.loads(done(alone, "show", "sleep@1")) == shown
    read = read_votable(done(alone, "sleep", "--format", "votable").encode(), source="x").description
    assert to_json(read) == shown
    assert done(alone, "--format", "script", "sleep") == read.script
    form = json.loads(done(alone, "sleep", "--format", "form"))
    assert [form["service"], form["revision"]] == ["sleep", "sleep@1"]
    assert [answer(alone, "sleep")[key] for key in ("revision", "author", "withdrawn")] == ["sleep@1", None, None]


def test_services_are_listed_without_a_name(alone: Served) -> None:
    assert {line.split()[0] for line in done(alone).splitlines()} >= {"sleep", "copy", "one"}
    assert {one["name"] for one in answer(alone)["items"]} >= {"sleep", "copy", "one"}


def test_a_file_is_checked_with_all_that_is_wrong(alone: Served, tmp_path: Path) -> None:
    assert done(alone, "check", written(tmp_path, GREET)).splitlines() == [
        "greet: dialect D2; 1 parameters, 0 inputs, 1 results",
        "nothing is wrong",
    ]
    wrong = alone.command("describe", "check", written(tmp_path, WRONG))
    assert wrong.returncode == 1
    assert "error: parameters.emin.default: " in wrong.stdout
    assert "error: script:" in wrong.stdout
    assert wrong.stdout.splitlines()[-1] == "2 errors, 0 warnings"
    assert not alone.data.joinpath("nothing").exists()


def test_a_repair_is_told_and_refused_where_all_must_be_exact(alone: Served, tmp_path: Path) -> None:
    file = tmp_path / "greet_vot.xml"
    file.write_bytes(write_votable(GREET).replace(b'name="greet"', b'name="tmp/greet"'))
    assert any(line.startswith("repair: line ") for line in done(alone, "check", str(file)).splitlines())
    strict = alone.command("describe", "check", "--strict", str(file))
    assert strict.returncode == 1
    assert re.fullmatch(r"provstore: .*not exact, in \d places: .*\n", strict.stderr)


def test_what_is_no_definition_is_refused_in_one_line(alone: Served, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    run = alone.command("describe", "check", str(tmp_path / "x"))
    assert (run.returncode, run.stdout) == (1, "")
    assert re.fullmatch(r"provstore: .*/x: .*\n", run.stderr)


def test_definitions_are_converted_there_and_back(alone: Served, tmp_path: Path) -> None:
    as_json, again = tmp_path / "greet.json", tmp_path / "again_vot.xml"
    done(alone, "convert", written(tmp_path, GREET), "--to", "json", "-o", str(as_json))
    assert json.loads(as_json.read_text()) == to_json(GREET)
    done(alone, "convert", str(as_json), "--to", "votable", "-o", str(again))
    assert read_votable(again.read_bytes(), source="x").description == GREET
    assert done(alone, "convert", str(as_json), "--to", "votable").encode() == again.read_bytes()


def test_a_proposal_with_errors_lists_them_all_and_changes_nothing(fresh: Served, tmp_path: Path) -> None:
    run = fresh.command("describe", "propose", written(tmp_path, WRONG))
    assert (run.returncode, run.stdout) == (1, "")
    lines = run.stderr.splitlines()
    assert lines[0] == "provstore: description greet: 2 errors"
    assert [line.split(": ")[0] for line in lines[1:]] == ["  error", "  error"]
    assert [line.split(": ")[1].partition(":")[0] for line in lines[1:]] == ["script", "parameters.emin.default"]
    assert answer(fresh, "proposals", "--all") == {"items": [], "next": None}


def test_the_whole_way_of_a_definition_beside_a_server(make_served: MakeServed, tmp_path: Path) -> None:
    served = make_served().start()
    with served.client(token=served.admin_token) as client:
        proposal = done(served, "propose", written(tmp_path, GREET), "-m", "a first one").strip()
        with pytest.raises(NotFound, match="no service 'greet'"):
            client.run("greet", parameters={})
        assert done(served, "accept", proposal, "-m", "fine").strip() == "greet@1"
        until(lambda: "greet" in {one["name"] for one in answer(served)["items"]})
        until(lambda: httpx.get(f"{served.address}/jdl/greet@1").status_code == 200)
        assert client.wait(client.run("greet", parameters={})).phase == "COMPLETED"
        headers = {"Authorization": f"Bearer {served.admin_token}"}
        for path, command in (("proposals?state=all", ("proposals", "--all")), ("greet/history", ("history", "greet"))):
            told = httpx.get(f"{served.address}/jdl/{path}", headers=headers).text
            ours = json.dumps(answer(served, *command)).replace("http://127.0.0.1:8080", served.address)
            assert json.loads(ours) == json.loads(told)
        assert done(served, "withdraw", "greet", "-m", "enough").strip() == "greet@1 withdrawn"
        until(lambda: httpx.post(f"{served.address}/uws/greet", headers=headers).status_code == 403)


def test_revisions_are_compared_listed_and_restored(fresh: Served, tmp_path: Path) -> None:
    assert accepted(fresh, tmp_path, GREET) == "greet@1"
    assert accepted(fresh, tmp_path, LOUDER) == "greet@2"
    expected = [
        "from greet@1 to greet@2",
        "",
        "parameters.who.default",
        '- "you"',
        '+ "all"',
        "",
        "--- greet@1",
        "+++ greet@2",
        "@@ -1,2 +1,2 @@",
        " # Greets.",
        '-echo "hello $who" >"$rs/$greeting"',
        '+echo "HELLO $who" >"$rs/$greeting"',
    ]
    for arguments in (("greet",), ("greet@1",), ("greet@1", "greet@2")):
        assert done(fresh, "diff", *arguments).splitlines() == expected
    file = written(tmp_path, GREET)
    assert answer(fresh, "diff", file)["from"] == "greet@2"
    assert done(fresh, "diff", "greet@1", file).splitlines()[-1] == "no differences"
    assert done(fresh, "restore", "greet@1", "-m", "too loud").strip() == "greet@3"
    lines = done(fresh, "history", "greet").splitlines()
    assert [line.split()[0] for line in lines] == ["REVISION", "greet@3", "greet@2", "greet@1"]
    assert lines[1].endswith("too loud")
    assert json.loads(done(fresh, "greet")) == json.loads(done(fresh, "greet@1"))


def test_a_proposal_is_compared_with_what_is_live_now(fresh: Served, tmp_path: Path) -> None:
    proposal = done(fresh, "propose", written(tmp_path, GREET)).strip()
    assert answer(fresh, "diff", proposal)["from"] is None
    accepted(fresh, tmp_path, LOUDER)
    assert answer(fresh, "diff", proposal)["from"] == "greet@1"
    stale = fresh.command("describe", "accept", proposal)
    assert stale.returncode == 1
    assert "accept it against greet@1" in stale.stderr
    assert done(fresh, "accept", proposal, "--against", "greet@1").strip() == "greet@2"


def test_proposals_are_rejected_with_a_reason_and_taken_back(fresh: Served, tmp_path: Path) -> None:
    file = written(tmp_path, GREET)
    first, second = (done(fresh, "propose", file).strip() for _ in range(2))
    assert fresh.command("describe", "reject", first).returncode == 2
    assert done(fresh, "reject", first, "-m", "not so").strip() == f"{first} rejected"
    assert answer(fresh, "retract", second)["state"] == "retracted"
    again = fresh.command("describe", "accept", first)
    assert (again.returncode, "was rejected on" in again.stderr) == (1, True)
    assert [line.split()[2] for line in done(fresh, "proposals", "--all").splitlines()[1:]] == ["retracted", "rejected"]
    assert fresh.command("describe", "proposals").stderr.startswith("no open proposals")


def test_script_and_default_files_come_along(fresh: Served, tmp_path: Path) -> None:
    script = tmp_path / "other.sh"
    script.write_text(LOUDER.script)
    proposal = answer(fresh, "propose", written(tmp_path, GREET), "--script", str(script))
    assert [one["how"] for one in proposal["repairs"]] == ["the one sent is taken"]
    done(fresh, "accept", proposal["id"])
    assert done(fresh, "greet", "--format", "script") == LOUDER.script
    wrong = fresh.command("describe", "propose", written(tmp_path, GREET), "--file", str(script))
    assert wrong.stderr == f"provstore: {script}: other.sh is the default of no input; defaults: there are none\n"


def test_a_script_beside_the_file_is_found_and_a_different_one_told_of(fresh: Served, tmp_path: Path) -> None:
    (tmp_path / "greet.sh").write_text(LOUDER.script)
    run = fresh.command("describe", "propose", written(tmp_path, GREET))
    assert "greet.sh differs from the embedded script; --script" in run.stderr
    written(tmp_path, replace(GREET, script=""))
    assert accepted(fresh, tmp_path, replace(GREET, script="")) == "greet@1"
    assert done(fresh, "greet", "--format", "script") == LOUDER.script


def test_a_hostile_script_plays_no_tricks_with_the_screen(fresh: Served, tmp_path: Path) -> None:
    hostile = replace(GREET, script=GREET.script + "rm -rf x #\u202e\n", description="x\u009b2Jy")
    text = done(fresh, "diff", written(tmp_path, hostile))
    assert "+rm -rf x #\\u202e" in text
    assert "\u009b" not in text


def test_differences_are_coloured_on_a_terminal(fresh: Served, tmp_path: Path) -> None:
    accepted(fresh, tmp_path, GREET)
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "provstore", "describe", "diff", written(tmp_path, LOUDER)]
    subprocess.run(command, env=fresh.environment, stdout=follower, check=True, timeout=60)
    os.close(follower)
    shown = b""
    while not shown.endswith(b"\n") or b"HELLO" not in shown:
        shown += os.read(leader, 4096)
    os.close(leader)
    assert b'\x1b[31m- "you"\x1b[0m' in shown
    assert b"\x1b[32m\x1b[1m+ \x1b[0m" in shown
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode()
    assert '+ echo "HELLO $who" >"$rs/$greeting"' in plain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing",), "no service 'missing'"),
        (("sleep@9",), "no description 'sleep@9'"),
        (("accept", "d00"), "no proposal 'd00'"),
        (("reject", "d00", "-m", " "), "a rejection needs a message"),
        (("restore", "sleep"), "a revision is needed, as sleep@1"),
        (("restore", "sleep@1"), "sleep@1 is live"),
        (("withdraw", "missing"), "no service 'missing'"),
        (("history", "missing"), "no service 'missing'"),
        (("diff", "missing"), "no service 'missing'"),
        (("diff", "./missing"), "missing: No such file or directory"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_ends_in_one_line(alone: Served, arguments: tuple[str, ...], said: str) -> None:
    run = alone.command("describe", *arguments)
    assert (run.returncode, run.stdout) == (1, "")
    assert re.fullmatch(r"provstore: .*\n", run.stderr), run.stderr
    assert said in run.stderr
