"""A line of jobs below a bad file, for tests of replays."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from flask.testing import FlaskClient

from tests.web.served import STACKED, Served, job_id

__all__ = ["COPIED", "Line", "bad_line", "copied", "entity", "upload"]

COPIED: Final = "results/output.dat"


@dataclass
class Line:
    """A bad file, its copy, a copy of that, and what was stacked of it; and a good file to replace the bad one."""

    served: Served
    jobs: list[str]
    bad: str
    good: str

    def plan(self, *, by: FlaskClient | None = None, status: int = 200, **values: Any) -> Any:
        sent = {"replace": f"{self.bad}={self.good}", **values}
        answer = (by or self.served.admin).post("/prov/replays", json=sent)
        assert answer.status_code == status, answer.text
        return answer.json

    def kept(self, **values: Any) -> str:
        return str(self.plan(status=201, dry_run=False, **values)["replay"])

    def post(self, replay: str, action: str, *, by: FlaskClient | None = None, **values: Any) -> Any:
        answer: Any = (by or self.served.admin).post(f"/prov/replays/{replay}/{action}", json=values)
        return answer.json if answer.status_code == 200 else (answer.status_code, answer.json["error"]["message"])

    def status(self, replay: str) -> Any:
        return self.served.json(f"/prov/replays/{replay}")

    def local(self, uri: str) -> str:
        return uri.removeprefix(self.served.provstore.store.namespace)

    def order(self, plan: Any) -> list[tuple[int, str]]:
        return [(one["level"], self.local(one["job"])) for one in plan["jobs"]]

    def left(self, plan: Any) -> list[tuple[str, str]]:
        return [(self.local(one["activity"]), one["reason"]) for one in plan["leftOut"]]

    def finish(self, replay: str, number: int, files: dict[str, bytes]) -> None:
        """Let the job that replays a job of the line run to its end."""
        self.served.tick(2)
        job = self.status(replay)["jobs"][number]
        path = f"/uws/{job['service']}/{job['again']}"
        assert self.served.phase(path) == "EXECUTING"
        self.served.clock.advance(1)
        self.served.finish(path, files)


def entity(job: str, name: str = "output") -> str:
    return f"e{job_id(job)[1:]}.{name}"


def copied(served: Served, content: bytes, **values: Any) -> str:
    return served.completed("copy", {COPIED: content}, **values)


def upload(content: bytes) -> tuple[io.BytesIO, str, str]:
    return io.BytesIO(content), "raw.fits", "image/fits"


def used(served: Served, job: str) -> str:
    """The entity that a job has used."""
    (one,) = served.provstore.records.read(job_id(job)).inputs
    return str(one.entity)


def bad_line(served: Served) -> Line:
    """Make a bad file, three jobs one below the other, and a good file."""
    first = copied(served, b"BAD", input=upload(b"BAD"), RUNID="night")
    second = copied(served, b"BAD", input=entity(first))
    third = served.completed("stack", STACKED, image=entity(second), count=3, threshold="7.5")
    good = copied(served, b"GOOD", input=upload(b"GOOD"))
    return Line(served, [first, second, third], used(served, first), entity(good))
