"""A real provstore over HTTP: its clock, its executor and its supervisor are in the test's hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provstore.app import Provstore
from provstore.graph.model import NodeId
from provstore.graph.store import Update
from provstore.uws.phases import Phase
from provstore.uws.ports import Cause
from tests.fakes import FakeExecutor

__all__ = ["ADMIN", "BASE", "BIRTH", "CURIE", "STACKED", "HandClock", "Served", "job_id", "told"]

BIRTH: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BASE: Final = "http://localhost"
ADMIN: Final = "admin"
CURIE: Final = "curie"

STACKED: Final = {"results/stacked.fits": b"STACKED", "results/log.txt": b"one\ntwo\n"}
"""What the service ``stack`` of these tests makes."""


class WholeAnswers(FlaskClient):
    """A client that reads each answer to its end and closes it, as a server does."""

    def open(self, *args: Any, buffered: bool = True, follow_redirects: bool = False, **options: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **options)


@dataclass
class HandClock:
    """A clock that goes only when it is told to."""

    at: datetime = BIRTH

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Served:
    """The parts of a running server, and what its users do with it. A job goes by its path, ``/uws/sleep/j…``."""

    provstore: Provstore
    app: Flask
    executor: FakeExecutor
    clock: HandClock
    tokens: Mapping[str, str]
    base: str = BASE
    anonymous: FlaskClient = field(init=False)
    admin: FlaskClient = field(init=False)
    curie: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.app.test_client_class = WholeAnswers
        self.anonymous = self.app.test_client()
        self.admin = self.client(self.tokens[ADMIN])
        self.curie = self.client(self.tokens[CURIE])

    def client(self, token: str) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def create(self, service: str = "sleep", *, by: FlaskClient | None = None, **values: Any) -> str:
        """Create a job; give its path."""
        answer = (by or self.anonymous).post(f"/uws/{service}", data=values)
        assert answer.status_code == 303, answer.text
        return answer.location.removeprefix(self.base)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.provstore.supervisor.tick()

    def directory(self, job: str) -> Path:
        return self.provstore.files.run(job_id(job))

    def execute(self, job: str, *, by: FlaskClient | None = None) -> None:
        """Bring a PENDING job to EXECUTING."""
        answer = (by or self.anonymous).post(f"{job}/phase", data={"PHASE": "RUN"})
        assert answer.status_code == 303, answer.text
        self.tick(2)

    def finish(
        self,
        job: str,
        files: Mapping[str, bytes] | None = None,
        *,
        exit_code: int | None = 0,
        cause: Cause = Cause.EXIT,
    ) -> None:
        """Let an executing job end."""
        made = {"results/result.txt": b"hello"} if files is None else files
        self.executor.finish(self.directory(job), exit_code=exit_code, cause=cause, files=made)
        self.tick()

    def completed(self, service: str = "sleep", files: Mapping[str, bytes] | None = None, **values: Any) -> str:
        """Create a job and let it run to its end."""
        job = self.create(service, **values)
        self.execute(job)
        self.clock.advance(2)
        self.finish(job, files)
        assert self.phase(job) == "COMPLETED"
        return job

    def json(self, place: str, *, by: FlaskClient | None = None) -> Any:
        """Give what is read as JSON; the administrator reads it where nobody else is named."""
        answer = (by or self.admin).get(place, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json

    def phase(self, job: str) -> str:
        return self.admin.get(f"{job}/phase").text

    def force(self, job: str, phase: Phase) -> None:
        """Write a phase as another process might: past all rules."""
        node = self.node(job_id(job))
        self.provstore.store.write([Update(node=node, expected={}, put={"phase": phase.value})])

    def node(self, local: str) -> NodeId:
        return NodeId(self.provstore.store.namespace + local)


def job_id(job: str) -> str:
    return job.rsplit("/", 1)[-1]


def told(answer: TestResponse) -> tuple[int, str]:
    """Status and words of an answer, for comparing both at once."""
    return answer.status_code, answer.text.strip()
