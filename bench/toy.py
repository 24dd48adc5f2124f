"""A toy job service to be measured against: what Flask, this server and one table of SQLite cost by themselves.

Nothing is validated, no provenance is kept, nobody is asked who he is; but what is acknowledged is on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, redirect, request

__all__ = ["toy"]

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS node (id TEXT PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, phase TEXT, value TEXT,
    created_at TEXT);
CREATE INDEX IF NOT EXISTS node_job ON node (job);
CREATE INDEX IF NOT EXISTS node_created ON node (kind, created_at);
"""
_SEE_OTHER: Final = 303
_HEAD: Final = '<uws:jobs xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink">\n'


def toy(file: Path) -> Blueprint:
    """Make the toy's routes, below ``/toy``, over a file of its own."""
    table = _Table(file)
    blueprint = Blueprint("toy", __name__, url_prefix="/toy")
    routes: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("POST", "", lambda: _create(table)),
        ("GET", "", lambda: _list(table)),
        ("GET", "/<job>", lambda job: _show(table, job)),
        ("GET", "/<job>/phase", lambda job: _phase(table, job)),
        ("DELETE", "/<job>", lambda job: _delete(table, job)),
    )
    for number, (method, rule, view) in enumerate(routes):
        blueprint.add_url_rule(rule, f"route{number}", view, methods=[method])
    return blueprint


class _Table:
    """A connection for each thread that reads, and one for all that write, one after the other."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        self._writing = threading.Lock()
        self._writer = self._connect()
        self._writer.executescript(f"PRAGMA journal_mode = WAL; {_TABLE}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def read(self, text: str, *values: Any) -> list[Any]:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        rows: list[Any] = self._local.connection.execute(text, values).fetchall()
        return rows

    def write(self, text: str, rows: list[Any]) -> None:
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.executemany(text, rows)
            self._writer.execute("COMMIT")


def _create(table: _Table) -> Any:
    job = f"j{uuid.uuid4().hex}"
    now = datetime.now(UTC).isoformat()
    rows = [(job, job, "job", "PENDING", "", now), (f"{job}.a", job, "agent", "", "", now)]
    rows += [(f"{job}.{name}", job, "parameter", "", value, now) for name, value in request.form.items()]
    rows += [(f"{job}.d", job, "description", "", "", now)]
    table.write("INSERT INTO node VALUES (?, ?, ?, ?, ?, ?)", rows)
    return redirect(f"{request.root_url}toy/{job}", _SEE_OTHER)


def _list(table: _Table) -> Response:
    last = int(request.args.get("LAST", "1000"))
    base = f"{request.root_url}toy"
    rows = table.read(
        "SELECT id, phase, created_at FROM node WHERE kind = 'job' ORDER BY created_at DESC LIMIT ?", last
    )
    references = "".join(
        f'<uws:jobref id="{id_}" xlink:type="simple" xlink:href="{base}/{id_}"><uws:phase>{phase}</uws:phase>'
        f"<uws:creationTime>{created_at}</uws:creationTime></uws:jobref>\n"
        for id_, phase, created_at in rows
    )
    return Response(f"{_HEAD}{references}</uws:jobs>\n", content_type="text/xml; charset=utf-8")


def _show(table: _Table, job: str) -> Response:
    rows = table.read("SELECT id, kind, phase, value, created_at FROM node WHERE job = ? ORDER BY rowid", job)
    parts = "".join(
        f"<uws:phase>{phase}</uws:phase><uws:creationTime>{created_at}</uws:creationTime>\n"
        if kind == "job"
        else f'<uws:parameter id="{id_}">{value}</uws:parameter>\n'
        for id_, kind, phase, value, created_at in rows
    )
    return Response(f"<uws:job><uws:jobId>{job}</uws:jobId>{parts}</uws:job>\n", content_type="text/xml; charset=utf-8")


def _phase(table: _Table, job: str) -> Response:
    [(phase,)] = table.read("SELECT phase FROM node WHERE id = ?", job)
    return Response(phase, content_type="text/plain; charset=utf-8")


def _delete(table: _Table, job: str) -> Any:
    table.write("DELETE FROM node WHERE job = ?", [(job,)])
    return redirect(f"{request.root_url}toy?LAST=100", _SEE_OTHER)
