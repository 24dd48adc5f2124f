"""The client: jobs, files, questions and documents of one server."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from urllib.parse import quote

from provstore.client.answers import Answer, RemoteGraph, RemoteNode, RemotePage
from provstore.client.asking import ask, expect, given, provenance, stream
from provstore.client.connection import ANYTHING, JSON, Call, Connection, lines_of
from provstore.client.documents import Receipt, RemoteDocument, document_of
from provstore.client.downloads import Wanted, download, opened
from provstore.client.events import JobEvent, events_of
from provstore.client.jobs import (
    OPEN_PHASES,
    ListedJob,
    RemoteJob,
    RemoteService,
    RemoteSweep,
    job_of,
    listed_of,
    service_of,
    sweep_of,
)
from provstore.client.pictures import Picture
from provstore.client.replays import Replays
from provstore.client.submissions import bring, make, make_sweep
from provstore.client.tokens import find_address, find_token
from provstore.client.uploads import Input, Source, Value, texts_of

__all__ = ["Client"]

_WAIT: Final = 30.0
_TOO_SOON: Final = 1.0
_PAGE: Final = "500"
_PARTS: Final = frozenset({"LAST", "LIMIT", "NEXT"})
"""Whoever asks for so many of a list gets no more."""

Nodes = str | RemoteJob | RemoteNode | Sequence[str]
"""A node by its id (local part, QName or URI), a job, something found, or several ids."""


class Client:
    """Talks to a provstore server. Every method raises a `ProvstoreError` of the kind that the server's answer tells.

    Args:
        url: The server's address; by default ``PROVSTORE_URL``.
        token: A personal token; "" for the anonymous visitor; by default ``PROVSTORE_TOKEN``, else what ``~/.netrc``
            has for that host.
        patience: So many seconds are waited, in all, for a server that answers 503 and says when to come back.
    """

    def __init__(self, url: str = "", *, token: str | None = None, patience: float = 60.0) -> None:
        address = find_address(url, os.environ)
        proof = find_token(address, os.environ) if token is None else token
        self._connection = Connection(address, token=proof, patience=patience)
        self.replays = Replays(self._connection, self._wait_for)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self._connection.address}>"

    def close(self) -> None:
        """Close its connections."""
        self._connection.close()

    # --- jobs

    def services(self, words: str = "") -> tuple[RemoteService, ...]:
        """List the services on offer, of which name, label, description, group or keywords hold all the words."""
        query = {"q": words} if words else {}
        return tuple(service_of(one) for one in self._connection.facts("/jdl", query)["items"])

    def description(self, service: str) -> dict[str, Any]:
        """Give the description of a service (``name``, or ``name@revision``): parameters, inputs, results."""
        found: dict[str, Any] = self._connection.facts(f"/jdl/{quote(service, safe='@')}", {"format": "json"})
        return found

    def run(
        self,
        service: str,
        *,
        parameters: Mapping[str, Value] | None = None,
        files: Mapping[str, Input] | None = None,
        run_id: str = "",
        key: str = "",
    ) -> RemoteJob:
        """Make a job and start it.

        Args:
            service: Name of the service.
            parameters: Values by name; an id of an entity for an input, several of one name as a list.
            files: Files to upload, by the name of the input.
            run_id: A word of the caller's, by which jobs are found again.
            key: Idempotency-Key: the same call with the same key gives the same job.
        """
        values = {"PHASE": "RUN", "RUNID": run_id or None, **(parameters or {})}
        return self.job(service, make(self._connection, _tree(service), values, files=files or {}, key=key))

    def create(
        self, service: str, *, parameters: Mapping[str, Value] | None = None, files: Mapping[str, Input] | None = None
    ) -> RemoteJob:
        """Make a job that waits to be started."""
        return self.job(service, make(self._connection, _tree(service), parameters or {}, files=files or {}, key=""))

    def rerun(
        self,
        job: RemoteJob,
        *,
        parameters: Mapping[str, Value] | None = None,
        files: Mapping[str, Input] | None = None,
        key: str = "",
    ) -> RemoteJob:
        """Make a job with the revision, parameters, inputs and run id of another and start it; refine what is given."""
        values = {"PHASE": "RUN", **(parameters or {}), "from": job.id}
        return self.job(job.service, make(self._connection, _tree(job.service), values, files=files or {}, key=key))

    def start(self, job: RemoteJob) -> RemoteJob:
        """Start a job."""
        return self._moved(job, "RUN")

    def abort(self, job: RemoteJob) -> RemoteJob:
        """Abort a job."""
        return self._moved(job, "ABORT")

    def delete(self, job: RemoteJob) -> None:
        """Delete a job with its files; its place in the graph stays."""
        self._connection.send(Call(method="DELETE", path=_tree(job.service, job.id)))

    def _moved(self, job: RemoteJob, phase: str) -> RemoteJob:
        path = _tree(job.service, job.id, "phase")
        self._connection.send(Call(method="POST", path=path, headers=JSON, body=lambda: {"data": {"PHASE": phase}}))
        return self.job(job.service, job.id)

    def run_sweep(
        self,
        service: str,
        rows: Sequence[Mapping[str, Value]],
        *,
        common: Mapping[str, Value] | None = None,
        key: str = "",
    ) -> RemoteSweep:
        """Make a job of each row of values and start them; ``common`` is what all have."""
        return self.sweep(service, make_sweep(self._connection, _tree(service), rows, common=common or {}, key=key))

    def jobs(self, service: str, **conditions: Value) -> tuple[str, ...]:
        """List the ids of the jobs that meet all conditions (``PHASE``, a parameter's name…), newest first."""
        return tuple(one.id for one in self.listed(service, **conditions))

    def listed(self, service: str = "", **conditions: Value) -> Iterator[ListedJob]:
        """Give the jobs that meet all conditions, newest first; of all services if none is named."""
        asked = {name: texts for name, value in conditions.items() if (texts := texts_of(value))}
        is_part = any(name.upper() in _PARTS for name in asked)
        while True:
            page = self._connection.facts(_tree(service), asked if is_part else {**asked, "LIMIT": (_PAGE,)})
            yield from map(listed_of, page["items"])
            if page["next"] is None or is_part:
                return
            asked["NEXT"] = (page["next"],)

    def sweep(self, service: str, sweep_id: str) -> RemoteSweep:
        """Read a sweep: how many of its jobs are in which phase."""
        return sweep_of(self._connection.facts(_tree(service, "sweeps", sweep_id)), service)

    def job(self, service: str, job_id: str, *, wait: float = 0, phase: str = "") -> RemoteJob:
        """Read a job, after waiting so many seconds at most for its phase to change; only while it is in ``phase``."""
        path = _tree(service, job_id)
        query = {"WAIT": f"{wait:g}"} if wait else {}
        facts = self._connection.facts(path, query | ({"PHASE": phase} if wait and phase else {}))
        return job_of(facts, service, self._connection.address + path)

    def wait(
        self, job: RemoteJob, *, seconds: float | None = None, told: Callable[[RemoteJob], None] = lambda _job: None
    ) -> RemoteJob:
        """Wait until a job is over, or so many seconds; ``told`` is called with every phase on the way.

        The server tells as soon as a phase changes, it is not asked again and again.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while not job.is_over:
            began = time.monotonic()
            left = _WAIT if end is None else min(_WAIT, end - began)
            if left <= 0:
                break
            seen, job = job.phase, self.job(job.service, job.id, wait=left, phase=job.phase)
            if job.phase != seen:
                told(job)
            elif time.monotonic() - began < min(_TOO_SOON, left):
                time.sleep(min(_TOO_SOON, left))  # too many wait already: the server answers at once
        return job

    def _wait_for(self, service: str, job_id: str, seconds: float) -> RemoteJob:
        return self.wait(self.job(service, job_id), seconds=seconds)

    def wait_sweep(self, sweep: RemoteSweep, *, told: Callable[[RemoteJob], None] = lambda _job: None) -> RemoteSweep:
        """Wait until all jobs of a sweep are over; ``told`` is called with each that was waited for."""
        while not sweep.is_over:
            for one in self.jobs(sweep.service, SWEEP=sweep.id, PHASE=sorted(OPEN_PHASES), LIMIT="1"):
                told(self.wait(self.job(sweep.service, one)))
            sweep = self.sweep(sweep.service, sweep.id)
        return sweep

    def events(self, service: str = "", *, since: str = "", seconds: float | None = None) -> Iterator[JobEvent]:
        """Listen to changes of jobs as they happen, for so many seconds or until the server stops.

        Args:
            service: Only of its jobs.
            since: The id of an event, or an instant, after which to begin; what happened meanwhile is told first.
            seconds: 0: only what happened since then.
        """
        query = ({"since": since} if since else {}) | ({} if seconds is None else {"WAIT": f"{seconds:g}"})
        path = _tree(service, "events") if service else "/events"
        with self._connection.stream(Call(path=path, query=query, headers=ANYTHING)) as response:
            yield from events_of(lines_of(response))

    def log(self, job: RemoteJob, stream: str = "stdout") -> str:
        """Give what a job has printed so far (``stdout`` or ``stderr``)."""
        return self._connection.send(Call(path=_tree(job.service, job.id, stream), headers=ANYTHING)).text

    def follow_log(self, job: RemoteJob, stream: str = "stdout") -> Iterator[str]:
        """Give the lines that a job prints, as it prints them, until it is over."""
        call = Call(path=_tree(job.service, job.id, stream), query={"follow": "true"}, headers=ANYTHING)
        with self._connection.stream(call) as response:
            yield from lines_of(response)

    # --- files

    def download(self, wanted: Wanted, target: Path | str = ".") -> Path:
        """Write a result, or an entity by its id, to a file, or into a folder; its SHA-256 is checked."""
        return download(self._connection, wanted, Path(target))

    def open(self, wanted: Wanted) -> BinaryIO:
        """Give a result, or an entity by its id, as an open file for those who read; its SHA-256 is checked."""
        return opened(self._connection, wanted)

    def read(self, wanted: Wanted) -> bytes:
        """Give the bytes of a result, or of an entity by its id; their SHA-256 is checked."""
        with self.open(wanted) as file:
            return file.read()

    def fetch(self, address: str, *, query: Mapping[str, str] | None = None) -> bytes:
        """Fetch the bytes at an address of the server."""
        return self._connection.send(Call(path=address, query=query or {}, headers=ANYTHING)).content

    # --- questions

    def ask(self, question: str, /, **parameters: Value) -> Answer:
        """Ask a question of the catalogue (docs/queries.md): ``ask("search", class_="entity", name="*.fits")``.

        Args:
            question: Its name; ``_`` may stand for ``-``, here as in the names of parameters.
            parameters: By name, with ``_`` behind a word of Python (``class_``, ``from_``); several values as a list.
        """
        return ask(self._connection, question, given(parameters))

    def rows(self, question: str, /, **parameters: Value) -> Iterator[RemoteNode]:
        """Ask a question whose answer is long (``impact``), and give all its rows, each as soon as it is known."""
        return stream(self._connection, question, given(parameters))

    def lineage(self, node: Nodes, *, direction: str = "up", **parameters: Value) -> RemoteGraph:
        """Ask where something came from (``up``) or what came of it (``down``), as the question ``lineage`` does."""
        return expect(self.ask("lineage", id=_ids(node), direction=direction, **parameters), RemoteGraph)

    def search(self, class_: str = "entity", **parameters: Value) -> RemotePage:
        """Find entities, activities or agents; a loop over the answer goes through all pages."""
        return expect(self.ask("search", class_=class_, **parameters), RemotePage)

    def find(self, file: Path | str) -> RemotePage:
        """Find the entities whose content is that of a file here."""
        with Path(file).open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        return self.search("entity", sha256=digest)

    def diff(self, a: str, b: str, **parameters: Value) -> dict[str, Any]:
        """Tell in what two jobs, or the ways to two products, differ."""
        return expect(self.ask("diff", a=a, b=b, **parameters), dict)

    # --- provenance and documents

    def provenance(self, node: Nodes, *, format: str = "prov-json", **how: Value) -> bytes:
        """Give the provenance of a job, or what led to some nodes, in any format; ``how``: direction, depth, model."""
        asked = given({"format": format, **how})
        if isinstance(node, RemoteJob):
            return provenance(self._connection, _tree(node.service, node.id, "prov"), asked)
        return provenance(self._connection, "lineage", {**asked, **given({"id": _ids(node)})})

    def svg(self, node: Nodes, **how: Value) -> Picture:
        """Give the provenance of a job, or what led to some nodes, as a picture, which notebooks show."""
        drawn = self.provenance(node, format="svg", **how).decode()
        return Picture(drawn, f"Provenance of {', '.join(_ids(node))}")

    def import_document(
        self, document: Source, *, format: str = "", public: bool = False, strict: bool = False, dry_run: bool = False
    ) -> Receipt:
        """Bring a provenance document, whole or not at all.

        Args:
            document: A path, the bytes, or a file that is open.
            format: The name or media type of its notation; by default it is told by the document.
            public: Everybody may see it.
            strict: Refuse what would have to be repaired, or breaks PROV-CONSTRAINTS.
            dry_run: Only tell what would be stored.
        """
        flags = {"public": public, "strict": strict, "dry_run": dry_run}
        query = {name: "true" for name, wanted in flags.items() if wanted}
        return bring(self._connection, document, query | ({"format": format} if format else {}))

    def documents(self) -> Iterator[RemoteDocument]:
        """Give the documents that one may see, the newest first."""
        after: dict[str, str] = {}
        while True:
            page = self._connection.facts("/prov/documents", after)
            yield from map(document_of, page["items"])
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def document(self, document_id: str, *, format: str = "prov-json") -> bytes:
        """Give a document back, in any format."""
        return provenance(self._connection, _document(document_id), {"format": (format,)})

    def forget_document(self, document_id: str) -> None:
        """Remove a document with all it says (administrators)."""
        self._connection.send(Call(method="DELETE", path=_document(document_id)))


def _tree(*parts: str) -> str:
    return "/".join(("/uws", *(quote(one, safe="") for one in parts if one)))


def _ids(nodes: Nodes) -> Sequence[str]:
    if isinstance(nodes, str):
        return (nodes,)
    return (nodes.id,) if isinstance(nodes, RemoteJob | RemoteNode) else nodes


def _document(document_id: str) -> str:
    return f"/prov/documents/{quote(document_id, safe='')}"
