"""Keep-alive clients that spend next to nothing: one loop over their connections, in a process of its own."""

from __future__ import annotations

import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final, Self

__all__ = ["Answers", "Clients", "request"]

_PATIENCE: Final = 60


@dataclass(kw_only=True)
class Answers:
    """What some clients got in some time. ``locations``: where the answers led, if that was asked for."""

    count: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    locations: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.count / self.seconds


def request(method: str, path: str, *, form: str = "") -> bytes:
    """Write a request."""
    body = form.encode()
    length = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n" if form else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n".encode() + body


class Clients:
    """Clients of one server, at work in a process of their own."""

    def __init__(self, address: str, *, count: int) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._place = (host, int(port))
        self._count = count
        self._process = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown()

    def hammer(self, requests: Sequence[bytes], *, seconds: float, once: bool = False, tell: bool = False) -> Answers:
        """Send requests one after the other, each client as soon as it was answered.

        Args:
            requests: What is sent, again from the start when all were sent.
            seconds: For so long.
            once: Stop when all were sent.
            tell: Keep the locations of the answers.
        """
        stream = list(requests)
        return self._process.submit(_hammer, self._place, self._count, stream, seconds, once, tell).result()


def _hammer(
    place: tuple[str, int],
    count: int,
    requests: Sequence[bytes],
    seconds: float,
    once: bool,  # noqa: FBT001
    tell: bool,  # noqa: FBT001
) -> Answers:
    answers = Answers()
    todo: Iterator[bytes] = iter(requests) if once else cycle(requests)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(place, timeout=_PATIENCE))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if (first := next(todo, None)) is not None:
                connection.sendall(first)
                selector.register(connection, selectors.EVENT_READ, bytearray())
        begin = time.perf_counter()
        while selector.get_map():
            ready = selector.select(_PATIENCE)
            assert ready, "the server does not answer"
            going_on = time.perf_counter() - begin < seconds
            for key, _ in ready:
                if _take(key.fileobj, key.data, answers, tell=tell):  # type: ignore[arg-type]
                    following = next(todo, None) if going_on else None
                    if following is None:
                        selector.unregister(key.fileobj)
                    else:
                        key.fileobj.sendall(following)  # type: ignore[union-attr]
        answers.seconds = time.perf_counter() - begin
    return answers


def _take(connection: socket.socket, received: bytearray, answers: Answers, *, tell: bool) -> bool:
    """Receive something; count the answer when it is whole."""
    received += connection.recv(1 << 20)
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    if len(received) < head + 4 + int(_header(received, b"content-length:", head) or 0):
        return False
    answers.count += 1
    answers.statuses[int(received[9:12])] += 1
    if tell:
        answers.locations.append(_header(received, b"location:", head))
    received.clear()
    return True


def _header(received: bytearray, name: bytes, head: int) -> str:
    begin = received.find(b"\r\n" + name, 0, head)
    return received[begin + 2 + len(name) : received.find(b"\r\n", begin + 2)].decode().strip() if begin >= 0 else ""
