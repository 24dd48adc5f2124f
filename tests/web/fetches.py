"""Fetching in the test's hand: begun by a tick, or by the test itself with a fetch of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provstore.settings import Settings
from provstore.uws.files import Files, Measured
from provstore.uws.inputs.download import Downloads, Fetched, Wanted
from provstore.uws.inputs.fetch_rules import fetch_rules
from provstore.uws.inputs.fetching import Fetching, FetchingParts
from provstore.uws.jobs import Job
from tests.archive import PATIENCE
from tests.downloading import LOCAL
from tests.web.served import Served, job_id

__all__ = ["arrived", "ended", "error", "fetch", "files_of", "job_of", "local_fetch", "own_fetching", "queued"]


def ended(fetching: Fetching, job: str) -> None:
    """Return when nothing is fetched for a job any more."""
    task = fetching._tasks.get(job_id(job))
    assert task is None or task.ended.wait(PATIENCE)


def fetch(served: Served, job: str) -> None:
    """Let the supervisor begin to fetch, and look again when it has ended."""
    served.tick()
    ended(served.provstore.fetching, job)
    served.tick(2)


def job_of(served: Served, job: str) -> Job:
    return served.provstore.records.read(job_id(job))


def files_of(served: Served, job: str) -> list[str]:
    folder = served.provstore.files.job(job_id(job))
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def error(served: Served, job: str) -> tuple[str, str]:
    assert served.phase(job) == "ERROR"
    summary = served.json(job)["errorSummary"]
    return summary["type"], summary["message"]


def own_fetching(served: Served, fetch: Any, **parts: Any) -> Fetching:
    """A second one over the same graph, that does not pause between tries."""
    provstore = served.provstore
    given: dict[str, Any] = {
        "records": provstore.records,
        "files": provstore.files,
        "fetch": fetch,
        "wake": lambda _job_id: None,
        "timeout": timedelta(seconds=30),
        "pauses": (0.0, 0.0, 0.0),
    }
    return Fetching(FetchingParts(**given | parts))


def local_fetch(served: Served) -> Any:
    return Downloads(fetch_rules(Settings(fetch_networks=LOCAL)), served.provstore.files).fetch


def arrived(files: Files, wanted: Wanted, body: bytes = b"x") -> Fetched:
    wanted.folder.mkdir(parents=True)
    file = wanted.folder / "x"
    file.write_bytes(body)
    assert file.is_relative_to(files.data)
    return Fetched(file=file, measured=Measured(size=len(body), sha256="0" * 64), content_type="")


def queued(served: Served, url: str = "https://archive.example.org/x", **options: Any) -> Job:
    return job_of(served, served.create("copy", input=url, PHASE="RUN", **options))
