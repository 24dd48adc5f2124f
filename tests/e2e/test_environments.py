"""What scripts run in: a language, modules of a real module system, a container; and what is told where that fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from provstore.app import open_provstore
from provstore.client import Client, RemoteJob
from provstore.settings import load_settings
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served
from tests.parts import MODULES_INIT

TEXT = ParameterDefinition(name="text", default="plain")
OUT = (Generated(name="result", default="out.txt", content_type="text/plain"),)
SHELL = 'printf "%s|%s|%s" "$GREETING" "$(greeter)" "$text" >"$rs/out.txt"\n'
PYTHON = "import os, pathlib, sys\npathlib.Path(os.environ['rs'], 'out.txt').write_text(os.environ['text'])\n"
MODULEFILE = """#%Module
setenv GREETING "hello from a module"
prepend-path PATH {bin}
"""
CONTAINERS = bool(shutil.which("apptainer") or shutil.which("singularity"))
IMAGE = "/images/nobody-has.sif"


def service(name: str, script: str = SHELL, **more: object) -> Description:
    parts: dict[str, object] = {"parameters": (TEXT,), "generated": OUT, "script": script} | more
    return Description(name=name, **parts)  # type: ignore[arg-type]  # a test's own fields


SERVICES = (
    service("loads", modules=("greet/1.0",)),
    service("loads-two", modules=("greet/1.0", "after")),
    service("loads-python", PYTHON, modules=("greet/1.0",), script_language="python"),
    service("loads-nothing", modules=("nobody/has.this",)),
    service("loads-code", modules=("$(touch x)",)),
    service("python", PYTHON, script_language="python"),
    service("python-fails", "raise SystemExit('no such table')\n", script_language="python"),
    service("cobol", script_language="cobol"),
    service("contained", container=IMAGE),
    service("own-125", "echo 'the end' >&2; exit 125\n"),
)


@pytest.fixture(scope="module")
def modules_init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site's own file: the module system of Debian, and modules of this test."""
    place = tmp_path_factory.mktemp("modules")
    (place / "greet").mkdir()
    (place / "greet" / "1.0").write_text(MODULEFILE.format(bin=place))
    (place / "after").write_text("#%Module\nprereq greet\nappend-path LIST 1\n")
    (place / "greeter").write_text("#!/bin/sh\necho from a program\n")
    (place / "greeter").chmod(0o755)
    init = place / "init"
    init.write_text(f". {MODULES_INIT}\nmodule use {place}\n")
    return init


@pytest.fixture(scope="module")
def served(make_served: MakeServed, modules_init: Path) -> Served:
    served = make_served(PROVSTORE_MODULES_INIT=str(modules_init), PROVSTORE_JOB_PATH="/usr/bin:/bin")
    ours = {name: value for name, value in served.environment.items() if name.startswith("PROVSTORE_")}
    with open_provstore(load_settings(ours)) as provstore:
        for one in SERVICES:
            provstore.publication.publish_file(one)
    return served.start()


def run(client: Client, name: str, text: str = "plain") -> RemoteJob:
    return client.wait(client.run(name, parameters={"text": text}))


def said(client: Client, job: RemoteJob) -> str:
    assert job.phase == "COMPLETED", job.error
    return client.fetch(f"/uws/{job.service}/{job.id}/results/result").decode()


def failed(job: RemoteJob) -> str:
    """Why a job failed, without the last lines of its stderr."""
    assert job.phase == "ERROR"
    return job.error.partition("\n")[0]


def stderr(client: Client, job: RemoteJob) -> str:
    return client.fetch(f"/uws/{job.service}/{job.id}/stderr").decode()


@pytest.mark.modules
def test_a_script_sees_what_its_modules_bring(client: Client) -> None:
    text = """it's "quoted" $(touch x) \\ *"""
    assert said(client, run(client, "loads", text)) == f"hello from a module|from a program|{text}"


@pytest.mark.modules
def test_modules_are_loaded_in_their_order(client: Client) -> None:
    assert said(client, run(client, "loads-two")).startswith("hello from a module|")


@pytest.mark.modules
def test_a_python_script_may_have_modules_too(client: Client) -> None:
    assert said(client, run(client, "loads-python", "é")) == "é"


@pytest.mark.modules
def test_a_module_that_is_not_there_is_an_error_that_names_it(client: Client) -> None:
    job = run(client, "loads-nothing")
    assert failed(job) == "module nobody/has.this can't be loaded"
    assert "Unable to locate a modulefile for 'nobody/has.this'" in stderr(client, job)


def test_a_site_without_a_module_system_says_so(make_served: MakeServed) -> None:
    served = make_served(PROVSTORE_MODULES_INIT="/nowhere/init")
    ours = {name: value for name, value in served.environment.items() if name.startswith("PROVSTORE_")}
    with open_provstore(load_settings(ours)) as provstore:
        provstore.publication.publish_file(SERVICES[0])
    with served.start().client() as client:
        job = run(client, "loads")
        assert failed(job).startswith("modules greet/1.0: no module system on ")
        assert failed(job).endswith("; looked for /nowhere/init")
        assert stderr(client, job) == f"provstore: {failed(job)}\n"


def test_what_is_no_name_of_a_module_never_reaches_a_shell(served: Served, client: Client) -> None:
    job = run(client, "loads-code")
    assert failed(job) == "module '$(touch x)': a name like gcc/12.2 is needed"
    assert not served.run_directory(job).exists()


def test_a_script_may_be_python(client: Client) -> None:
    assert said(client, run(client, "python", "Σ")) == "Σ"


def test_a_python_script_fails_like_any_other(client: Client) -> None:
    job = run(client, "python-fails")
    assert failed(job) == "the script ended with exit code 1"
    assert stderr(client, job) == "no such table\n"


def test_a_language_that_nobody_speaks_here_is_an_error(client: Client) -> None:
    job = run(client, "cobol")
    assert failed(job) == "script_language 'cobol': one of bash, python is needed"


@pytest.mark.skipif(CONTAINERS, reason="apptainer or singularity is installed")
def test_a_container_without_the_program_for_it_is_an_error_that_names_both(client: Client) -> None:
    job = run(client, "contained")
    words = "the container can't be entered: neither apptainer nor singularity is installed on "
    assert failed(job).startswith(words)
    assert failed(job).endswith("(PATH=/usr/bin:/bin)")


def test_a_script_may_end_with_the_same_code_for_reasons_of_its_own(client: Client) -> None:
    job = run(client, "own-125")
    assert failed(job) == "the script ended with exit code 125"
