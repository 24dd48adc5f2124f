"""A real server process for the tests: started, stopped, killed and started again, and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from provstore.app import open_store
from provstore.client import Client, RemoteJob
from provstore.settings import load_settings
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.records import Records

PATIENCE: Final = 30.0
"""Seconds until something that should happen at once is given up: two busy cores."""

ROOT: Final = Path(__file__).parents[2]
QUICK: Final[Mapping[str, str]] = {
    "PROVSTORE_TICK": "0.1",
    "PROVSTORE_KILL_GRACE": "0.5",
    "PROVSTORE_LOCAL_SLOTS": "8",
    "PROVSTORE_LOG_MAX": str(1 << 20),
}

_CODE: Final = ParameterDefinition(name="code", description="what the script does")
_FILE: Final = ParameterDefinition(name="file", required=False, default="named.txt")
_TEXT: Final = Generated(name="result", default="out.txt", content_type="text/plain")
SERVICES: Final = (
    Description(name="one", parameters=(_CODE,), generated=(_TEXT,)),
    Description(
        name="many", parameters=(_CODE,), generated=(Generated(name="data", default="*.dat", multiplicity="*"),)
    ),
    Description(name="only", parameters=(_CODE,), generated=(Generated(name="data", default="*.dat"),)),
    Description(name="named", parameters=(_CODE, _FILE), generated=(Generated(name="result", ref="file"),)),
    Description(
        name="reads",
        parameters=(_CODE,),
        used=(Used(name="input", url="file://$ID", multiplicity="1"),),
        generated=(Generated(name="data", default="*.dat"),),
    ),
    Description(
        name="twins",
        parameters=(_CODE,),
        generated=(Generated(name="a", default="*.dat", multiplicity="*"), Generated(name="a-2", default="b.txt")),
    ),
)
"""Services whose script does what the parameter ``code`` says; they differ in what they promise to make."""


def write_services(folder: Path, services: Sequence[Description] = SERVICES, *, script: str = 'eval "$code"\n') -> Path:
    """Write descriptions with their scripts, for ``PROVSTORE_DESCRIPTIONS``."""
    folder.mkdir(parents=True, exist_ok=True)
    for service in services:
        (folder / f"{service.name}_vot.xml").write_bytes(write_votable(service))
        (folder / f"{service.name}.sh").write_text(script)
    return folder


def until(holds: Callable[[], bool], *, seconds: float = PATIENCE, what: str = "") -> None:
    """Return when the condition holds; fail the test when it does not in good time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or holds}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Tell whether a process runs (one that ended and was not yet waited for does not)."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def processes_of(directory: Path) -> list[int]:
    """Find the processes, wrappers and scripts, that carry this directory in their arguments or environment."""
    mark, found = os.fsencode(directory), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if mark in known and int(process.name) != os.getpid() and alive(int(process.name)):
                found.append(int(process.name))
    return found


class Served:
    """A data directory and the server on it, if one runs.

    Args:
        place: A folder of this test; the data directory and the server's log are in it.
        environment: Further variables of the server, ``PROVSTORE_GRAPH_URL`` among them.
    """

    def __init__(self, place: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = place / "data"
        self.log = place / "server.log"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PROVSTORE_")}
        path = {"PYTHONPATH": str(ROOT)}
        self.environment = clean | dict(QUICK) | path | {"PROVSTORE_DATA": str(self.data)} | dict(environment or {})
        self.address = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, port: int = 0) -> Served:
        """Start the server and wait for its greeting."""
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "provstore", "serve", "--port", str(port)]
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.log.parent
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert "http://" in line, f"the server did not start:\n{self.log.read_text()}"
        self.address = next(word for word in line.split() if word.startswith("http://"))
        return self

    def stop(self) -> int:
        """Stop the server by SIGTERM; give its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server by SIGKILL: it can't do anything about it."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None
        return code

    def clear(self) -> None:
        """End the server and every process of its jobs."""
        self.kill()
        while left := processes_of(self.data):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of provstore on the same data directory."""
        return subprocess.run(
            [sys.executable, "-m", "provstore", *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
            cwd=self.log.parent,
        )

    def client(self, *, token: str = "") -> Client:
        """Give a client of the running server."""
        return Client(self.address, token=token)

    @property
    def admin_token(self) -> str:
        """The administrator's token."""
        return (self.data / "admin-token").read_text().strip()

    @contextmanager
    def records(self) -> Iterator[Records]:
        """Open the graph beside the server, to see what really stands there."""
        ours = {name: value for name, value in self.environment.items() if name.startswith("PROVSTORE_")}
        store = open_store(load_settings(ours))
        try:
            yield Records(store)
        finally:
            store.close()

    def run_directory(self, job: RemoteJob) -> Path:
        """Give the directory in which a job runs."""
        return self.data / "jobs" / job.id / "run"


def start(client: Client, service: str, code: str, **values: str) -> RemoteJob:
    """Start a job of one of the services above."""
    return client.run(service, parameters={"code": code, **values})


def finish(client: Client, service: str, code: str, **values: str) -> RemoteJob:
    """Run a job of one of the services above to its end."""
    return client.wait(start(client, service, code, **values))
