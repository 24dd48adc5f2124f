"""The script for administrators in docs/clusters.md, run by a real SLURM at ends of which no job can tell itself."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

PAGE: Final = Path(__file__).parents[2] / "docs" / "clusters.md"
ADDRESS: Final = "https://prov.example.org"
TOLD: Final = {"source": "scheduler"}

Call = tuple[str, str | None, object]


@contextmanager
def listening() -> Iterator[tuple[str, list[Call]]]:
    """Give the address of a server that only notes what it is told, and its notes."""
    calls: list[Call] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", calls
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def telling(address: str) -> Iterator[SlurmCluster]:
    """Run a cluster with the script of the page, set to this address."""
    [script] = re.findall(r"^```sh\n(#!/bin/sh\n.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert ADDRESS in script
    folder = Path(tempfile.mkdtemp(prefix="jobcomp-", dir="/tmp"))
    try:
        file = folder / "provstore-jobcomp"
        file.write_text(script.replace(ADDRESS, address))
        file.chmod(0o755)
        with running_cluster(extra=f"JobCompType=jobcomp/script\nJobCompLoc={file}") as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder)


def submit(cluster: SlurmCluster, name: str, script: str, *options: str) -> str:
    """Submit a job as provstore's account would; give its number."""
    ask = ["sbatch", "--parsable", f"--job-name=uws-{name}", "--output=slurm.out", *options]
    lines = [
        f"mkdir -p {cluster.work}/.spool {cluster.work}/{name}",
        f"cd {cluster.work}/{name}",
        "umask 077",
        f"printf %s secret-of-{name} >token",
        f"{' '.join(ask)} <<'EOF'\n#!/bin/sh\n{script}\nEOF",
    ]
    return cluster.as_user(cluster.user, "sh", "-c", "\n".join(lines)).strip()


def test_the_server_is_called_for_jobs_that_can_not_call_themselves() -> None:
    with listening() as (address, calls), telling(address) as cluster:
        submit(cluster, "killed1", "kill -9 $$")
        held = submit(cluster, "waiting1", "true", "--hold")
        cluster.as_user(cluster.user, "scancel", held)
        until(lambda: len(calls) == 2)
        assert sorted(calls, key=str) == [
            ("/signals/killed1", "Bearer secret-of-killed1", TOLD),
            ("/signals/waiting1", "Bearer secret-of-waiting1", TOLD),
        ]


def test_without_an_address_it_leaves_a_file_in_the_spool_folder() -> None:
    with telling("") as cluster:
        submit(cluster, "killed2", "kill -9 $$")
        file = cluster.work / ".spool" / "killed2.scheduler"
        until(file.exists)
        assert json.loads(file.read_text()) == TOLD
        assert file.owner() == cluster.user


def test_jobs_that_are_not_ours_are_left_alone() -> None:
    with listening() as (address, calls), telling(address) as cluster:
        submit(cluster, "odd-name", "true")
        cluster.as_user(cluster.user, "sbatch", "--output=/dev/null", "--job-name=other", "--wrap=true")
        submit(cluster, "ours3", "true")
        until(lambda: bool(calls))
        assert [path for path, _, _ in calls] == ["/signals/ours3"]
