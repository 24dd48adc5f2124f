"""A small typed HTTP client: run a job, wait for it, fetch what it made and where that came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

__all__ = ["Client", "RemoteJob", "RemoteResult"]

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
        self, service: str, *, parameters: Mapping[str, str | float], files: Mapping[str, Path] | None = None
    ) -> RemoteJob:
        """Make a job and start it.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
        """
        values = {"PHASE": "RUN"} | {name: str(value) for name, value in parameters.items()}
        uploads = {name: (file.name, file.read_bytes()) for name, file in (files or {}).items()}
        response = self._http.post(f"/uws/{service}", data=values, files=uploads or None)
        _check(response)
        return self.job(service, response.headers["Location"].rsplit("/", 1)[-1])

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
