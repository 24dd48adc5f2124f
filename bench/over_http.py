"""What HTTP costs: requests against the bare store, against an empty route, and against building the text alone.

    python -m bench.over_http [TIMES]

The server and the bare writes have a process and an embedded store each; the client keeps its connection.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from bench.serving import EMPTY, HEAD, Visitor, row, server, typical
from provstore.accounts.callers import ANONYMOUS
from provstore.app import open_provstore
from provstore.graph.model import EVERYBODY, new_local
from provstore.settings import Settings
from provstore.uws.creation import changes_of_new_job
from provstore.uws.jobs import JobId
from provstore.uws.records import JobFilter
from provstore.uws.submissions import Submission
from provstore.web.uws_xml import jobs_xml

_VALUES: Final = {"duration": "0.5", "exit_code": "0", "text": "a text of some length"}
_LIST: Final = 1000


def main(times: int) -> None:
    """Measure and print."""
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        bare = _bare_writes(Path(folder) / "bare", times)
        with server(Path(folder) / "served") as address:
            visitor = Visitor(address)
            posts, empty = typical(
                lambda: visitor.post("/uws/sleep", _VALUES), lambda: visitor.get(EMPTY), times=max(times, _LIST)
            )
            print(row("POST of a job with 3 parameters : bare store write", posts, bare, most=4))
            print(row("   the same less an empty route : bare store write", posts - empty, bare, most=4))
            job = visitor.post("/uws/sleep", _VALUES)
            _reads(visitor, job, times)
            listed = typical(lambda: visitor.get(f"/uws/sleep?LAST={_LIST}"), times=max(10, times // 20))[0]
        text = _list_text(Path(folder) / "served")
        print(row(f"GET of {_LIST} jobrefs : their text alone", listed, text, most=3))


def _reads(visitor: Visitor, job: str, times: int) -> None:
    whole, phase, empty = typical(
        lambda: visitor.get(job), lambda: visitor.get(f"{job}/phase"), lambda: visitor.get(EMPTY), times=times
    )
    print(row("GET of a job : GET of an empty route", whole, empty, most=3))
    print(row("GET of a phase : GET of an empty route", phase, empty, most=3))


def _bare_writes(data: Path, times: int) -> float:
    """Write the graph of the same job straight to a store of the same kind; the building of it does not count."""
    with open_provstore(Settings(data=data)) as provstore:
        revision = provstore.catalog.newest("sleep")
        spent = []
        for _ in range(times):
            local = JobId(new_local("j"))
            job = provstore.parts.submissions.job(ANONYMOUS, revision, Submission(values=_VALUES), local=local)
            changes = changes_of_new_job(job, namespace=provstore.store.namespace)
            begin = time.perf_counter()
            provstore.store.write(changes)
            spent.append(time.perf_counter() - begin)
    return 1000 * median(spent)


def _list_text(data: Path) -> float:
    with open_provstore(Settings(data=data)) as provstore:
        jobs = provstore.records.references(JobFilter(service="sleep", last=_LIST), EVERYBODY)
    assert len(jobs) == _LIST
    bases = (f"http://127.0.0.1/{number}" for number in count())  # another each time: what was written is kept
    return typical(lambda: "".join(jobs_xml(jobs, base=next(bases), owner_of=str)), times=50)[0]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
