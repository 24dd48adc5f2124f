"""The command line, beside a server and without one: what it does, prints, and exits with."""

from __future__ import annotations

import io
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from astropy.io.votable import parse as parse_votable
from lxml import etree
from prov.model import ProvDocument

from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served, write_services

LINE: Final = re.compile(r"(?P<id>j[0-9a-f]{32})  (?P<phase>[A-Z]+)  (?P<service>\w+)")
HELLO: Final = ("run", "one", "-p", 'code=echo hello >"$rs/out.txt"', "--wait")


@pytest.fixture(scope="module")
def alone(make_served: MakeServed) -> Served:
    """A data directory on which no server runs."""
    return make_served()


@pytest.fixture(scope="module")
def product(alone: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of the copy of a copy of a file."""
    file = tmp_path_factory.mktemp("input") / "a file.txt"
    file.write_text("text")
    first = json.loads(alone.command("run", "copy", "-i", f"input={file}", "--wait", "--json").stdout)
    entity = first["results"]["output"]["entity"]
    second = json.loads(alone.command("run", "copy", "-i", f"input={entity}", "--wait", "--json").stdout)
    found: str = second["results"]["output"]["entity"]
    return found


def test_run_supervises_itself_where_no_server_does(alone: Served) -> None:
    done = alone.command(*HELLO)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    found = LINE.fullmatch(first)
    assert found
    assert found["phase"] == "COMPLETED"
    assert second == f"  result: jobs/{found['id']}/run/results/out.txt (6 bytes)"


@pytest.mark.parametrize(
    ("arguments", "code", "phase"),
    [
        (("-p", "code=echo no such star >&2; exit 3"), 1, "ERROR"),
        (("-p", "code=sleep 9", "-p", "EXECUTIONDURATION=1"), 2, "ABORTED"),
    ],
)
def test_run_exits_with_the_fate_of_its_job(alone: Served, arguments: tuple[str, ...], code: int, phase: str) -> None:
    done = alone.command("run", "one", "--wait", *arguments)
    assert done.returncode == code
    assert f"  {phase}  one\n" in done.stdout


def test_run_leaves_the_job_to_the_server_that_supervises(make_served: MakeServed) -> None:
    served = make_served().start()
    done = served.command(*HELLO, "--json")
    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)
    task = json.loads((served.data / "jobs" / job["jobId"] / "run" / "task.json").read_text())
    assert task["callback"].startswith(served.address)
    assert [job["phase"], job["errorSummary"]] == ["COMPLETED", None]


def test_a_server_takes_over_what_a_command_has_started(make_served: MakeServed) -> None:
    served = make_served()
    done = served.command("run", "one", "-p", 'code=sleep 0.3; echo late >"$rs/out.txt"', "--json")
    job = json.loads(done.stdout)
    served.start()
    with served.client(token=served.admin_token) as client:
        assert client.wait(client.job("one", job["jobId"])).phase == "COMPLETED"


def test_jobs_are_listed_newest_first_and_by_phase(make_served: MakeServed) -> None:
    alone = make_served()
    ids = [json.loads(alone.command(*HELLO, "--json").stdout)["jobId"] for _ in range(2)]
    failed = json.loads(alone.command("run", "one", "-p", "code=exit 1", "--wait", "--json").stdout)["jobId"]
    listed = [line.split()[:2] for line in alone.command("jobs").stdout.splitlines()]
    assert listed == [[failed, "ERROR"], [ids[1], "COMPLETED"], [ids[0], "COMPLETED"]]
    assert [line.split()[0] for line in alone.command("jobs", "--phase", "ERROR").stdout.splitlines()] == [failed]
    as_json = json.loads(alone.command("jobs", "--last", "1", "--service", "one", "--json").stdout)
    assert [item["jobId"] for item in as_json["items"]] == [failed]


def test_no_jobs_yet_is_said_on_stderr(make_served: MakeServed) -> None:
    done = make_served().command("jobs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no jobs yet" in done.stderr


def test_describe_lists_services_and_shows_one(alone: Served) -> None:
    names = [line.split()[0] for line in alone.command("describe").stdout.splitlines()]
    assert {"sleep", "copy", "one", "many"} <= set(names)
    shown = json.loads(alone.command("describe", "sleep").stdout)
    assert [one["name"] for one in shown["parameters"]] == ["duration", "exit_code", "text"]


def _prov(form: str) -> Callable[[bytes], object]:
    return lambda data: ProvDocument.deserialize(content=data, format=form).get_records()


READERS: Final[Mapping[str, Callable[[bytes], object]]] = {
    "prov-json": _prov("json"),
    "prov-xml": _prov("xml"),
    "prov-n": _prov("provn"),
    "votable": lambda data: list(parse_votable(io.BytesIO(data), verify="exception").iter_tables()),
    "svg": lambda data: etree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg",
    "dot": lambda data: data.decode().startswith("digraph"),
}


@pytest.mark.parametrize("form", READERS)
@pytest.mark.usefixtures("product")
def test_the_whole_graph_is_exported_to_a_file_in_every_format(alone: Served, tmp_path: Path, form: str) -> None:
    done = alone.command("export", "--format", form, "-o", str(tmp_path / "out"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert READERS[form]((tmp_path / "out").read_bytes())
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_an_export_goes_to_standard_output_and_reaches_the_origin(alone: Served, product: str) -> None:
    done = alone.command("export", product, "--format", "prov-json")
    document = json.loads(done.stdout)
    assert len(document["wasGeneratedBy"]) == 2
    assert "a_file.txt" in done.stdout


def test_lineage_is_a_tree_of_jobs_and_products(alone: Served, product: str) -> None:
    lines = alone.command("lineage", product).stdout.splitlines()
    assert len([line for line in lines if "copy" in line]) == 2
    assert any("a_file.txt" in line for line in lines)


def test_lineage_as_json_is_what_http_would_answer(alone: Served, product: str) -> None:
    answer = json.loads(alone.command("lineage", product, "--depth", "1", "--json").stdout)
    assert set(answer) == {"nodes", "relations", "truncated", "restricted"}
    assert {node["distance"] for node in answer["nodes"]} >= {0, 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "missing", "--wait"), "no service 'missing'"),
        (("run", "sleep", "-p", "duration=fast"), "duration"),
        (("run", "sleep", "-p", "duration"), "NAME=VALUE is needed"),
        (("run", "copy", "-i", "input=missing.fits"), "missing.fits"),
        (("describe", "missing"), "no service 'missing'"),
        (("export", "--format", "word"), "word"),
        (("export", "--format", "dot", "-o", "missing/folder/file"), "missing/folder"),
        (("export", "e01a20469a18e73aeae206592a3defec3.nothing"), "e01a20469a18e73aeae206592a3defec3.nothing"),
        (("lineage", "e01a20469a18e73aeae206592a3defec3.nothing"), "e01a20469a18e73aeae206592a3defec3.nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_ends_in_one_line_that_names_it(alone: Served, arguments: tuple[str, ...], said: str) -> None:
    done = alone.command(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"provstore: .*\n", done.stderr), done.stderr
    assert said in done.stderr


def test_a_person_gets_a_token_that_opens_the_server(make_served: MakeServed) -> None:
    served = make_served(PROVSTORE_ANONYMOUS="false").start()
    added = served.command("user", "add", "ada")
    token = added.stdout.strip()
    assert (added.returncode, len(token) > 30) == (0, True)
    with served.client(token=token) as client:
        job = client.wait(client.run("sleep", parameters={"duration": "0"}))
        assert job.phase == "COMPLETED"
    again = served.command("user", "add", "ada")
    assert (again.returncode, again.stderr) == (1, "provstore: there is an account 'ada' already\n")
    assert [line.split() for line in served.command("user", "list").stdout.splitlines()] == [
        ["NAME", "KIND", "PASSWORD", "ROLES"],
        ["ada", "user", "-", "-"],
        ["admin", "administrator", "-", "-"],
    ]


# --- check


def test_check_finds_a_good_set_up_good(alone: Served) -> None:
    done = alone.command("check")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout


def _broken_descriptions(folder: Path) -> str:
    (write_services(folder) / "broken_vot.xml").write_text("<VOTABLE>")
    return str(folder)


def _no_database(folder: Path) -> str:
    (folder / "graph").write_text("this is no database, however long it may be" * 100)
    return f"sqlite:///{folder / 'graph'}"


FAULTS: Final[Mapping[str, tuple[str, Callable[[Path], str], str]]] = {
    "a setting that is none": ("PROVSTORE_PROT", lambda _: "8080", "settings: unknown setting 'prot'"),
    "a value that is none": (
        "PROVSTORE_PORT",
        lambda _: "http",
        "settings: setting port: 'http' is not a whole number",
    ),
    "a data directory that can't be": (
        "PROVSTORE_DATA",
        lambda _: "/proc/provstore",
        "data directory: /proc/provstore",
    ),
    "a store that does not answer": (
        "PROVSTORE_GRAPH_URL",
        lambda _: "bolt://127.0.0.1:1",
        "graph store: bolt://127.0.0.1:1",
    ),
    "a store of no kind": ("PROVSTORE_GRAPH_URL", lambda _: "mysql://host", "graph store: mysql://host"),
    "a file that is no database": ("PROVSTORE_GRAPH_URL", _no_database, "graph store: sqlite:"),
    "descriptions that are not there": ("PROVSTORE_DESCRIPTIONS", lambda _: "/nowhere", "descriptions: "),
    "a broken description": ("PROVSTORE_DESCRIPTIONS", _broken_descriptions, "broken_vot.xml"),
    "no bash": ("PROVSTORE_JOB_PATH", str, "bash: not in "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_check_tells_what_is_wrong_and_what_to_do(alone: Served, tmp_path: Path, fault: str) -> None:
    variable, value, said = FAULTS[fault]
    done = alone.command("check", **{variable: value(tmp_path)})
    lines = done.stdout.splitlines()
    faults = [number for number, line in enumerate(lines) if line.startswith("FAIL")]
    assert (done.returncode, done.stderr) == (1, "")
    assert said in lines[faults[0]]
    assert all(re.match(r" {6}\S", lines[number + 1]) for number in faults)


def test_check_does_without_graphviz_and_says_so(alone: Served, tmp_path: Path) -> None:
    done = alone.command("check", PATH=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "note  graphviz: no dot program" in done.stdout


# --- a server that can't serve


def test_a_second_server_on_a_port_says_so_and_ends(make_served: MakeServed) -> None:
    first, second = make_served().start(), make_served()
    port = first.address.rpartition(":")[2]
    done = second.command("serve", "--port", port)
    assert done.returncode == 1
    said = f"provstore: can't listen on 127.0.0.1 port {port}: Address already in use; choose another with --port\n"
    assert (done.stdout, done.stderr) == ("", said)


@pytest.mark.parametrize("command", ["serve", "jobs", "user list"])
def test_a_data_directory_that_can_not_be_is_said_in_one_line(alone: Served, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("")
    done = alone.command(*command.split(), PROVSTORE_DATA=str(tmp_path / "file"))
    assert done.returncode == 1
    assert re.fullmatch(r"provstore: .*\n", done.stderr), done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_a_server_stops_at_once_while_clients_wait(make_served: MakeServed) -> None:
    served = make_served().start()
    with served.client() as client:
        job = client.run("sleep", parameters={"duration": "100"})
    host, _, port = served.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as waiting:
        waiting.sendall(f"GET /uws/sleep/{job.id}?WAIT=60 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 20
    assert "Traceback" not in served.log.read_text()


def test_a_broken_description_is_refused_loudly_and_the_others_are_served(
    make_served: MakeServed, tmp_path: Path
) -> None:
    served = make_served(PROVSTORE_DESCRIPTIONS=_broken_descriptions(tmp_path / "services")).start()
    assert "description refused: " in served.log.read_text()
    assert "broken_vot.xml" in served.log.read_text()
    with served.client() as client:
        assert client.wait(client.run("one", parameters={"code": 'touch "$rs/out.txt"'})).phase == "COMPLETED"


def test_a_jobs_directory_that_can_not_be_written_is_an_error_and_not_a_stuck_job(make_served: MakeServed) -> None:
    served = make_served().start()
    (served.data / "jobs").write_text("in the way")
    with served.client() as client:
        job = client.wait(client.run("sleep", parameters={"duration": "0"}))
        assert (job.phase, job.error) == ("ERROR", "the job could not be staged: Not a directory")
        (served.data / "jobs").unlink()
        assert client.wait(client.run("sleep", parameters={"duration": "0"})).phase == "COMPLETED"


def test_jobs_may_lie_on_another_disk(make_served: MakeServed, tmp_path: Path) -> None:
    served = make_served()
    served.data.mkdir()
    (served.data / "jobs").symlink_to(tmp_path)
    served.start()
    with served.client() as client:
        job = client.wait(client.run("sleep", parameters={"duration": "0"}))
        assert client.fetch(f"/uws/sleep/{job.id}/results/result") == b"hello"


def test_nothing_is_written_outside_of_the_data_directory(make_served: MakeServed) -> None:
    served = make_served().start()
    with served.client() as client:
        client.wait(client.run("sleep", parameters={"duration": "0"}))
    assert served.stop() == 0
    assert {one.name for one in served.log.parent.iterdir()} == {"data", "server.log"}
