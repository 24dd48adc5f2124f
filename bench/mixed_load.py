"""Eight clients who create, run, poll, list and delete jobs that do nothing: no 5xx, no lost or doubled job.

    python -m bench.mixed_load [SECONDS]

On SQLite, or on the store of ``PROVSTORE_GRAPH_URL``.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.serving import server
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated

_NOOP: Final = Description(name="noop", generated=(Generated(name="result", default="out.txt"),))
_CLIENTS: Final = 8
_JOB: Final = re.compile(rb'<uws:jobref id="(j[0-9a-f]{32})"')
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_PATIENCE: Final = 120


@dataclass
class _Client:
    """One client with his connection, what he made and deleted, and what he was answered."""

    address: str
    made: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=_PATIENCE)
        self._random = random.Random(id(self))  # noqa: S311 - no secret

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, bytes, str]:
        """Send a request; give status, body and location."""
        self._connection.request(method, path, body, _FORM if body else {})
        answer = self._connection.getresponse()
        content = answer.read()
        self.statuses[answer.status] += 1
        return answer.status, content, answer.headers["Location"] or ""

    def work(self, seconds: float) -> None:
        """Do one thing after the other."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, _, location = self.ask(
                "POST", "/uws/noop", "PHASE=RUN" if self._random.random() < 0.2 else "RUNID=x"
            )
            assert status == 303, status
            self.made.append(location.rsplit("/", 1)[-1])
            for _ in range(3):
                job = self._random.choice(self.made)
                gone = job in self.deleted
                assert self.ask("GET", f"/uws/noop/{job}/phase")[0] == (404 if gone else 200)
                assert self.ask("GET", f"/uws/noop/{job}")[0] == (404 if gone else 200)
            assert self.ask("GET", "/uws/noop?LAST=10")[0] == 200
            if self._random.random() < 0.3 and job not in self.deleted:
                assert self.ask("DELETE", f"/uws/noop/{job}")[0] == 303
                self.deleted.add(job)


def main(seconds: float) -> None:
    """Work, then count."""
    with tempfile.TemporaryDirectory() as folder:
        services = Path(folder) / "services"
        services.mkdir()
        (services / "noop_vot.xml").write_bytes(write_votable(_NOOP))
        (services / "noop.sh").write_text(': >"$rs/out.txt"\n')
        os.environ.update(PROVSTORE_DESCRIPTIONS=str(services), PROVSTORE_ANONYMOUS="true")
        with server(Path(folder) / "data") as address:
            clients = [_Client(address) for _ in range(_CLIENTS)]
            threads = [threading.Thread(target=one.work, args=(seconds,)) for one in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            _judge(clients)


def _judge(clients: list[_Client]) -> None:
    made = [job for one in clients for job in one.made]
    kept = set(made).difference(*(one.deleted for one in clients))
    listed = _JOB.findall(clients[0].ask("GET", "/uws/noop")[1])
    statuses = sum((one.statuses for one in clients), Counter[int]())
    open_ = b"QUEUED"
    deadline = time.monotonic() + _PATIENCE
    while open_ and time.monotonic() < deadline:
        open_ = b"".join(_JOB.findall(clients[0].ask("GET", "/uws/noop?PHASE=QUEUED&PHASE=EXECUTING")[1]))
        time.sleep(0.2)
    failed = _JOB.findall(clients[0].ask("GET", "/uws/noop?PHASE=ERROR&PHASE=ABORTED&PHASE=UNKNOWN")[1])
    print(
        f"{sum(statuses.values())} requests, {len(made)} jobs made, {len(made) - len(kept)} deleted: {dict(statuses)}"
    )
    faults = {
        "answers of 5xx": sum(count for status, count in statuses.items() if status >= 500),
        "ids that came twice": len(made) - len(set(made)),
        "jobs lost": len(kept - {job.decode() for job in listed}),
        "jobs too many": len(listed) - len(kept),
        "jobs that never ended": len(open_),
        "jobs that failed": len(failed),
    }
    for name, count in faults.items():
        print(f"  {name}: {count}{'  MISSED' if count else ''}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
