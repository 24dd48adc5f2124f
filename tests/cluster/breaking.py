"""How the tests of this folder break things between a server and its cluster, and what they count meanwhile."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import httpx

from provstore.client import RemoteJob
from tests.e2e.served import Served
from tests.slurm_cluster import SlurmCluster

__all__ = ["SlowSubmission", "commands_sent", "job_names", "parents", "read_job", "sessions", "trouble_of"]

_COMMAND: Final = re.compile(r'provstore_cluster_commands_total\{cluster="[^"]*",command="(\w+)"\} (\S+)')
_TROUBLE: Final = re.compile(r'provstore_executor_trouble\{executor="([^"]*)"\} 1')


class SlowSubmission:
    """A ``sbatch`` in front of the real one, which thinks before and after it; its ``events`` tell how far it is.

    Args:
        cluster: One's own: its sshd is started anew, with another PATH.
    """

    def __init__(self, cluster: SlurmCluster) -> None:
        self._folder = cluster.folder / "slow"
        self._folder.mkdir()
        self._folder.chmod(0o777)
        program = self._folder / "sbatch"
        program.write_text(_SLOW.replace("@FOLDER@", shlex.quote(str(self._folder))))
        program.chmod(0o755)
        self.think()
        change_sshd(cluster, "SetEnv ", f"SetEnv PATH={self._folder}:/usr/local/bin:/usr/bin:/bin ")

    def think(self, *, before: float = 0.0, after: float = 0.0) -> None:
        """Let each submission from now on take so many seconds more."""
        part = self._folder / "pauses.part"
        part.write_text(f"{before} {after}\n")
        part.replace(self._folder / "pauses")

    def events(self, word: str) -> int:
        """Count the submissions that have got so far: ``came``, ``taken``, ``over``."""
        return len(list(self._folder.glob(f"{word}.*")))


_SLOW: Final = """\
#!/bin/sh
case $* in --version) exec /usr/bin/sbatch --version ;; esac
cd @FOLDER@
read -r before after <pauses
: >came.$$
sleep "$before"
cd "$OLDPWD"
/usr/bin/sbatch "$@"
code=$?
: >@FOLDER@/taken.$$
sleep "$after"
: >@FOLDER@/over.$$
exit $code
"""


def change_sshd(cluster: SlurmCluster, old: str, new: str) -> None:
    """Change a text in the configuration of a cluster of one's own, and start its sshd anew; all are thrown out."""
    file = cluster.folder / f"sshd_config.{cluster.port}"
    text = file.read_text()
    assert old in text
    cluster.stop_sshd()
    file.write_text(text.replace(old, new))
    cluster.drop_connections()
    cluster.start_sshd()


def parents() -> dict[int, int]:
    """Give the parent of every process."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def sessions(cluster: SlurmCluster) -> list[int]:
    """Find the processes of sshd that serve who is in, on one cluster."""
    keeper = int((cluster.folder / "keeper.pid").read_text())
    known = parents()
    return [
        pid for pid in known if keeper in _above(pid, known) and _title(pid).startswith("sshd: ") and "@" in _title(pid)
    ]


def _above(pid: int, known: dict[int, int]) -> Iterator[int]:
    while pid := known.get(pid, 0):
        yield pid


def _title(pid: int) -> str:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).rstrip("\0")
    return ""


def job_names(cluster: SlurmCluster) -> Counter[str]:
    """Count the jobs of each name that SLURM knows, those that are over too."""
    return Counter(cluster.run("squeue", "--noheader", "--states=all", "--format=%j").split())


class Asking(httpx.Client):
    """Asks a server as its administrator, for what the client for everybody leaves out."""

    def __init__(self, served: Served) -> None:
        headers = {"Authorization": f"Bearer {served.admin_token}", "Accept": "application/json"}
        super().__init__(base_url=served.address, headers=headers, timeout=30)

    def __enter__(self) -> Self:
        super().__enter__()
        return self


def _get(served: Served, address: str) -> httpx.Response:
    with Asking(served) as asking:
        answer = asking.get(address)
    answer.raise_for_status()
    return answer


def read_job(served: Served, job: RemoteJob) -> dict[str, Any]:
    """Read all that the server tells of a job."""
    facts: dict[str, Any] = _get(served, f"/uws/{job.service}/{job.id}").json()
    return facts


def why_waiting(served: Served, job: RemoteJob) -> str:
    """Give the server's word why a job does not go on, "" if it does."""
    return read_job(served, job)["jobInfo"]["waitsFor"] or ""


def commands_sent(served: Served) -> Counter[str]:
    """Count the commands that a server has sent to its cluster since its start, by what for."""
    found = _COMMAND.findall(_get(served, "/metrics").text)
    return Counter({name: int(float(number)) for name, number in found})


def trouble_of(served: Served) -> tuple[list[str], str]:
    """Give the executors that the metrics call unreachable, and what the availability says."""
    return _TROUBLE.findall(_get(served, "/metrics").text), _get(served, "/availability").text
