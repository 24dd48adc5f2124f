"""Requests per second with 8 keep-alive clients, against a toy of the same server, and beside 200 that wait.

    python -m bench.throughput [SECONDS]

Ours validates, writes provenance and is durable; the toy has one table in SQLite, as durable (see `bench.toy`). They
take turns in one process; a number of one run says little, a ratio more. The clients share the machine's processors.
"""

from __future__ import annotations

import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

from bench.clients import Answers, Clients, request
from bench.serving import EMPTY, server

_CLIENTS: Final = 8
_ROUNDS: Final = 4
_JOBS: Final = 1000
_WAITERS: Final = 200
_VALUES: Final = urlencode({"duration": "0.5", "exit_code": "0", "text": "a text of some length"})
_OURS: Final = "/uws/sleep"
_TOY: Final = "/toy"


class _Operation(NamedTuple):
    """What is asked of both: requests by their address, and the least ratio of ours to the toy's."""

    name: str
    path: str
    least: float


_READS: Final = (
    _Operation("GET job", "{job}", 0.4),
    _Operation("GET phase", "{job}/phase", 0.4),
    _Operation(f"list of {_JOBS}", f"?LAST={_JOBS}", 0.6),
    _Operation("list LAST=10", "?LAST=10", 0.4),
)


def main(seconds: float) -> None:
    """Measure and print."""
    print(f"{'requests per second, 8 clients':<34} {'ours':>8} {'toy':>8} {'ratio':>7} {'target':>7}")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address = stack.enter_context(server(Path(folder)))
        clients = stack.enter_context(Clients(address, count=_CLIENTS))
        clients.hammer([request("GET", EMPTY)], seconds=1)
        print(f"{'an empty route':<34} {clients.hammer([request('GET', EMPTY)], seconds=seconds).rate:>8.0f}")
        jobs = {tree: _made(clients, tree, _JOBS) for tree in (_OURS, _TOY)}
        for one in _READS:
            _compare(one.name, _reads(clients, jobs, one, seconds), least=one.least)
        _compare("create", _creations(clients, seconds), least=1.1)
        _compare("delete", _deletions(clients, seconds), least=0.6)
        _beside_waiters(clients, address, jobs[_OURS], seconds)


def _compare(name: str, rates: tuple[float, float], *, least: float) -> None:
    ours, toy = rates
    missed = "" if ours / toy >= least else "  MISSED"
    print(f"{name:<34} {ours:>8.0f} {toy:>8.0f} {ours / toy:>7.2f} {least:>7.1f}{missed}", flush=True)


def _rate(answers: Sequence[Answers], *, status: int) -> float:
    for one in answers:
        assert set(one.statuses) == {status}, one.statuses
    return sum(one.count for one in answers) / sum(one.seconds for one in answers)


def _made(clients: Clients, tree: str, count: int) -> list[str]:
    """Make jobs; give their paths."""
    answers = clients.hammer([request("POST", tree, form=_VALUES)] * count, seconds=600, once=True, tell=True)
    assert (answers.count, set(answers.statuses)) == (count, {303}), answers.statuses
    return ["/" + location.split("/", 3)[-1] for location in answers.locations]


def _reads(clients: Clients, jobs: dict[str, list[str]], what: _Operation, seconds: float) -> tuple[float, float]:
    found: dict[str, list[Answers]] = {_OURS: [], _TOY: []}
    for _ in range(_ROUNDS):
        for tree, answers in found.items():
            paths = [what.path.format(job=job) for job in jobs[tree]] if "{job}" in what.path else [tree + what.path]
            answers.append(clients.hammer([request("GET", path) for path in paths], seconds=seconds))
    return _rate(found[_OURS], status=200), _rate(found[_TOY], status=200)


def _creations(clients: Clients, seconds: float) -> tuple[float, float]:
    found: dict[str, list[Answers]] = {_OURS: [], _TOY: []}
    for _ in range(_ROUNDS):
        for tree, answers in found.items():
            answers.append(clients.hammer([request("POST", tree, form=_VALUES)], seconds=seconds))
    return _rate(found[_OURS], status=303), _rate(found[_TOY], status=303)


def _deletions(clients: Clients, seconds: float) -> tuple[float, float]:
    found: dict[str, list[Answers]] = {_OURS: [], _TOY: []}
    for _ in range(_ROUNDS):
        for tree, answers in found.items():
            paths = _made(clients, tree, int(500 * seconds))
            answers.append(clients.hammer([request("DELETE", path) for path in paths], seconds=600, once=True))
    return _rate(found[_OURS], status=303), _rate(found[_TOY], status=303)


def _beside_waiters(clients: Clients, address: str, jobs: Sequence[str], seconds: float) -> None:
    phases = [request("GET", f"{job}/phase") for job in jobs]
    alone: list[Answers] = []
    beside: list[Answers] = []
    for _ in range(_ROUNDS):
        alone.append(clients.hammer(phases, seconds=seconds))
        with _waiting(address, jobs[0]):
            beside.append(clients.hammer(phases, seconds=seconds))
    rates = _rate(alone, status=200), _rate(beside, status=200)
    missed = "" if rates[0] / rates[1] <= 2 else "  MISSED"
    print(f"GET phase alone {rates[0]:.0f}, beside {_WAITERS} that wait {rates[1]:.0f}: ", end="")
    print(f"{rates[0] / rates[1]:.2f} times slower (target: 2){missed}")


@contextmanager
def _waiting(address: str, job: str) -> Iterator[None]:
    host, _, port = address.removeprefix("http://").partition(":")
    with ExitStack() as stack:
        for _ in range(_WAITERS):
            waiting = stack.enter_context(socket.create_connection((host, int(port))))
            waiting.sendall(request("GET", f"{job}?WAIT=60"))
        yield


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2)
