"""A small typed HTTP client: run a job, wait for it, fetch what it made and where that came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx

from provstore.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAcceptable,
    NotFound,
    ProvstoreError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
)

__all__ = ["Client", "RemoteJob", "RemoteResult", "RemoteSweep"]

_BLOCKING: Final = frozenset({"PENDING", "QUEUED", "EXECUTING"})
_TIMEOUT: Final = 120.0
_WAIT: Final = 30
_ERRORS: Final[dict[int, type[ProvstoreError]]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    406: NotAcceptable,
    409: Conflict,
    413: TooLarge,
    415: UnsupportedType,
    503: Unavailable,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteResult:
    """A result of a job on the server; ``size`` in bytes."""

    name: str
    href: str
    size: int
    mime_type: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """A job on the server, as it was when it was asked for."""

    id: str
    href: str
    service: str
    phase: str
    results: Mapping[str, RemoteResult]
    error: str

    def entity(self, name: str) -> str:
        """Give the id under which a result of this job can be the input of another.

        Raises:
            NotFound: the job has no such result.
        """
        if name not in self.results:
            raise NotFound(f"job {self.id} has no result {name!r}", field="result", value=name)
        return f"e{self.id[1:]}.{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSweep:
    """A sweep on the server: ``phases`` counts its jobs by phase, as it was when it was asked for."""

    id: str
    href: str
    service: str
    total: int
    phases: Mapping[str, int]

    @property
    def is_over(self) -> bool:
        """Whether none of its jobs is still to change by itself."""
        return not _BLOCKING & {phase for phase, count in self.phases.items() if count}


class Client:
    """Talks to a provstore server.

    Args:
        url: The server's address.
        token: A personal token; "" for the anonymous visitor.
    """

    def __init__(self, url: str, *, token: str = "") -> None:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def run(
        self,
        service: str,
        *,
        parameters: Mapping[str, str | float],
        files: Mapping[str, Path] | None = None,
        key: str = "",
    ) -> RemoteJob:
        """Make a job and start it.

        Args:
            service: Name of the service.
            parameters: Values by name.
            files: Files to upload, by the name of the input.
            key: Idempotency-Key: the same call with the same key gives the same job.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
        """
        values = {"PHASE": "RUN"} | {name: str(value) for name, value in parameters.items()}
        uploads = {name: (file.name, file.read_bytes()) for name, file in (files or {}).items()}
        headers = {"Idempotency-Key": key} if key else {}
        response = self._http.post(f"/uws/{service}", data=values, files=uploads or None, headers=headers)
        _check(response)
        return self.job(service, response.headers["Location"].rsplit("/", 1)[-1])

    def run_sweep(
        self,
        service: str,
        rows: Sequence[Mapping[str, str | float]],
        *,
        common: Mapping[str, str | float] | None = None,
        key: str = "",
    ) -> RemoteSweep:
        """Make a job of each row of values and start them; ``common`` is what all have.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
        """
        body = {"sweep": [dict(row) for row in rows], "common": dict(common or {}), "run": True}
        headers = {"Idempotency-Key": key} if key else {}
        response = self._http.post(f"/uws/{service}", json=body, headers=headers)
        _check(response)
        return self.sweep(service, response.headers["Location"].rsplit("/", 1)[-1])

    def jobs(self, service: str, **conditions: str) -> tuple[str, ...]:
        """List the ids of the jobs that meet all conditions (``PHASE``, a parameter's name…), newest first."""
        response = self._http.get(f"/uws/{service}", params=conditions)
        _check(response)
        return tuple(one["jobId"] for one in response.json()["items"])

    def sweep(self, service: str, sweep_id: str) -> RemoteSweep:
        """Read a sweep: how many of its jobs are in which phase."""
        response = self._http.get(f"/uws/{service}/sweeps/{sweep_id}")
        _check(response)
        facts = response.json()
        return RemoteSweep(
            id=facts["sweepId"], href=facts["href"], service=service, total=facts["total"], phases=facts["phases"]
        )

    def job(self, service: str, job_id: str, *, wait: int = 0) -> RemoteJob:
        """Read a job, after waiting so many seconds at most for its phase to change."""
        query = {"WAIT": str(wait)} if wait else {}
        address = f"/uws/{service}/{job_id}"
        response = self._http.get(address, params=query)
        _check(response)
        return _job(response.json(), service, str(self._http.base_url).rstrip("/") + address)

    def wait(self, job: RemoteJob, *, told: Callable[[RemoteJob], None] = lambda _job: None) -> RemoteJob:
        """Wait until a job is over; ``told`` is called with every phase on the way."""
        while job.phase in _BLOCKING:
            seen = job.phase
            job = self.job(job.service, job.id, wait=_WAIT)
            if job.phase != seen:
                told(job)
        return job

    def fetch(self, address: str, *, query: Mapping[str, str] | None = None) -> bytes:
        """Fetch the bytes at an address of the server."""
        response = self._http.get(address, params=dict(query) if query else None, headers={"Accept": "*/*"})
        _check(response)
        return response.content

    def lineage(self, node: str, *, direction: str = "up") -> dict[str, Any]:
        """Ask where something came from (``up``) or what came of it (``down``)."""
        response = self._http.get("/prov/lineage", params={"id": node, "direction": direction})
        _check(response)
        answer: dict[str, Any] = response.json()
        return answer


def _check(response: httpx.Response) -> None:
    if response.is_success or response.is_redirect:
        return
    kind = _ERRORS.get(response.status_code, ProvstoreError)
    try:
        error = response.json()["error"]
        raise kind(error["message"], field=error.get("field"), value=error.get("value"))
    except (ValueError, KeyError, TypeError) as fault:
        raise kind(response.text.strip() or f"status {response.status_code}") from fault


def _job(facts: Mapping[str, Any], service: str, href: str) -> RemoteJob:
    results = {
        one["id"]: RemoteResult(
            name=one["id"], href=one["href"], size=one["size"], mime_type=one["mimeType"], sha256=one["sha256"]
        )
        for one in facts["results"]
    }
    error = facts["errorSummary"] or {}
    message = "\n".join(text for text in (error.get("message", ""), error.get("detail", "")) if text)
    return RemoteJob(
        id=facts["jobId"], href=href, service=service, phase=facts["phase"], results=results, error=message
    )
