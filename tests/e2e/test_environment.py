"""What a script gets to see, and in which form: parameters as data, no secret, no way around."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from provstore.client import Client
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition
from provstore.uws.running.staging import LONGEST_VARIABLE
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served, finish, write_services

SECRET = "do-not-tell-anyone"
DUMP = 'tr "\\0" "\\n" </proc/self/environ >"$rs/out.txt"'
MEASURES = Description(
    name="measures", parameters=(ParameterDefinition(name="text"),), generated=(Generated(name="result", default="r"),)
)
MEASURE = """python3 -c 'import json, os, sys
seen = json.load(open(os.environ["PROVSTORE_PARAMETERS"]))["text"]
json.dump([len(seen), "text" in os.environ], open(os.environ["rs"] + "/r", "w"))'
"""
TEXTS = {
    "quotes": """it's "quoted" \\ 'twice' """,
    "commands": "$(touch x) `touch x` ; touch x | touch x & touch x > x",
    "variables": "$HOME ${HOME} $((1+1)) !! ~ * ? [a]",
    "newlines": "one\ntwo\n\nthree\n",
    "scripts": "Σουρσα 源 \U0001f52d é",
    "empty": "",
    "option": "-rf --help",
    "markup": "<a href='x'>&amp;</a> ]]>",
    "blanks": "  leading and trailing  ",
}


@pytest.fixture(scope="module")
def served(make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A server with secrets in its environment."""
    folder = write_services(tmp_path_factory.mktemp("services"))
    write_services(folder, (MEASURES,), script=MEASURE)
    variables = {"MY_PASSWORD": SECRET, "PROVSTORE_ORGANIZATION": SECRET, "PROVSTORE_DESCRIPTIONS": str(folder)}
    return make_served(**variables).start()


def environment(client: Client, code: str = DUMP, **values: str) -> Mapping[str, str]:
    job = finish(client, "named", code, **values)
    assert job.phase == "COMPLETED", job.error
    lines = client.fetch(f"/uws/named/{job.id}/results/result").decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_script_sees_its_own_variables_and_nothing_else(client: Client) -> None:
    seen = environment(client, 'tr "\\0" "\\n" </proc/$$/environ >"$rs/$file"', file="f.txt")
    assert set(seen) == {
        *("code", "file", "result"),
        *("PATH", "HOME", "TMPDIR", "LANG", "rs", "wd", "jd"),
        *("PROVSTORE_JOB", "PROVSTORE_RESULTS", "PROVSTORE_PARAMETERS"),
    }


@pytest.mark.parametrize("process", ["$$", "$PPID"])
def test_no_secret_of_the_server_is_in_the_environment_of_script_or_wrapper(
    served: Served, client: Client, process: str
) -> None:
    code = f'cat /proc/{process}/environ /proc/{process}/cmdline >"$rs/out.txt"'
    job = finish(client, "one", code)
    seen = client.fetch(f"/uws/one/{job.id}/results/result")
    assert len(seen) > 10
    assert SECRET.encode() not in seen
    assert served.admin_token.encode() not in seen
    assert (served.data / "jobs" / job.id / "run" / "token").read_bytes() not in seen


def test_a_script_starts_in_its_working_directory_with_files_of_its_own(served: Served, client: Client) -> None:
    job = finish(client, "one", 'umask >"$rs/out.txt"; pwd >>"$rs/out.txt"; readlink /proc/self/fd/0 >>"$rs/out.txt"')
    seen = client.fetch(f"/uws/one/{job.id}/results/result").decode().split()
    assert seen == ["0077", str(served.run_directory(job) / "work"), "/dev/null"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_parameter_arrives_as_it_was_sent(served: Served, client: Client, text: str) -> None:
    job = client.wait(client.run("sleep", parameters={"duration": "0", "text": text}))
    assert client.fetch(f"/uws/sleep/{job.id}/results/result").decode() == text
    assert client.fetch(f"/uws/sleep/{job.id}/parameters/text").decode() == text
    assert not (served.run_directory(job) / "work" / "x").exists()


def test_a_long_value_reaches_the_script_in_the_file_only(client: Client) -> None:
    for length, expected in ((LONGEST_VARIABLE, [LONGEST_VARIABLE, True]), (100_000, [100_000, False])):
        job = client.wait(client.run("measures", parameters={"text": "x" * length}))
        assert job.phase == "COMPLETED", job.error
        assert json.loads(client.fetch(f"/uws/measures/{job.id}/results/result")) == expected


def test_numbers_have_their_type_in_the_parameters_file(served: Served, client: Client) -> None:
    job = client.wait(client.run("sleep", parameters={"duration": "0.25", "exit_code": "0", "text": "1"}))
    seen = json.loads((served.run_directory(job) / "parameters.json").read_text())
    assert (seen["duration"], seen["exit_code"], seen["text"]) == (0.25, 0, "1")


def test_the_copy_of_an_input_is_the_script_s_own(client: Client, tmp_path: Path) -> None:
    (tmp_path / "with blank & quote'.dat").write_text("stored")
    code = 'echo changed >"$input"; cp "$input" "$rs/new.dat"'
    files = {"input": tmp_path / "with blank & quote'.dat"}
    job = client.wait(client.run("reads", parameters={"code": code}, files=files))
    assert client.fetch(f"/uws/reads/{job.id}/results/data") == b"changed\n"
    assert client.fetch(f"/uws/reads/{job.id}/parameters/input") == b"stored"
