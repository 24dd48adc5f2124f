"""Whether answers slow down as jobs pile up: the same answers out of 1,000 jobs and out of 100,000.

    python -m bench.many_jobs [JOBS]

On SQLite, and on the Neo4j of ``PROVSTORE_GRAPH_URL`` if that is set (empty, to be wiped afterwards). Each question is
asked over HTTP of one client; the jobs are written straight to the store.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.serving import Visitor, row, server, typical
from provstore.accounts.callers import ANONYMOUS
from provstore.app import open_provstore
from provstore.graph.model import new_local
from provstore.graph.store import Change
from provstore.settings import load_settings
from provstore.uws.creation import changes_of_new_job
from provstore.uws.jobs import JobId
from provstore.uws.submissions import Submission

_FEW: Final = 1000
_AT_ONCE: Final = 4000
_TIMES: Final = 100
_CHOSEN: Final = 50
"""So many jobs carry the run id that is asked for, in both stores."""
_BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)


def main(many: int) -> None:
    """Measure and print."""
    graph = os.environ.get("PROVSTORE_GRAPH_URL", "")
    print(f"{'milliseconds: out of ' + str(many) + ' : out of ' + str(_FEW):<56} {'many':>9} {'few':>9}   ratio target")
    with tempfile.TemporaryDirectory() as folder:
        few = _measured(Path(folder) / "few", 0 if graph else _FEW, _FEW)
        taken = _measured(Path(folder) / ("few" if graph else "many"), _FEW if graph else 0, many)
    for name, spent in taken.items():
        print(row(name, spent, few[name], most=1.5))


def _measured(data: Path, present: int, wanted: int) -> dict[str, float]:
    begin = time.perf_counter()
    newest = _fill(data, present if present < wanted else 0, wanted)
    print(f"  {wanted} jobs after {time.perf_counter() - begin:.0f} s", flush=True)
    with server(data) as address:
        visitor = Visitor(address)
        newest_at = (_BEGIN + timedelta(seconds=wanted - 101)).strftime("%Y-%m-%dT%H:%M:%SZ")
        questions = {
            "GET job": f"/uws/sleep/{newest}",
            "GET phase": f"/uws/sleep/{newest}/phase",
            "LAST=100": "/uws/sleep?LAST=100",
            f"RUNID of {_CHOSEN} jobs": "/uws/sleep?RUNID=chosen",
            "AFTER with 100 jobs": f"/uws/sleep?AFTER={newest_at}",
            "PHASE=QUEUED LAST=10, none": "/uws/sleep?PHASE=QUEUED&LAST=10",
        }
        for path in questions.values():
            visitor.get(path)
        spent = typical(*(lambda path=path: visitor.get(path) for path in questions.values()), times=_TIMES)
    return dict(zip(questions, spent, strict=True))


def _fill(data: Path, present: int, wanted: int) -> str:
    """Write jobs, a second apart; the oldest carry the run id. Give the newest."""
    settings = load_settings({**os.environ, "PROVSTORE_DATA": str(data), "PROVSTORE_ANONYMOUS": "true"})
    newest = ""
    with open_provstore(settings) as provstore:
        revision = provstore.catalog.newest("sleep")

        def jobs() -> Iterator[tuple[JobId, tuple[Change, ...]]]:
            for number in range(present, wanted):
                local = JobId(new_local("j"))
                values = {"duration": "0.5", **({"RUNID": "chosen"} if number < _CHOSEN else {})}
                job = provstore.parts.submissions.job(ANONYMOUS, revision, Submission(values=values), local=local)
                dated = replace(job, created_at=_BEGIN + timedelta(seconds=number))
                yield local, changes_of_new_job(dated, namespace=provstore.store.namespace)

        batch: list[Change] = []
        for local, changes in jobs():
            newest = local
            batch += changes
            if len(batch) > _AT_ONCE:
                provstore.store.write(batch)
                batch = []
        provstore.store.write(batch)
    return newest


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
