"""A real SAMP hub with its web profile, its user's consent given by the test, and a program that takes images."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient, conf

from tests.e2e.served import until
from tests.parts import require

__all__ = ["Desktop", "desktop"]

_PORT: Final = 21012
"""Of the web profile: pages know no other (IVOA SAMP 1.3 §5.2.1)."""


class _Consent(threading.Thread):
    """The user of the hub, who answers its questions."""

    def __init__(self, *, consents: bool) -> None:
        super().__init__(daemon=True)
        self.consents = consents
        self.queue_request: queue.Queue[Any] = queue.Queue()
        self.queue_result: queue.Queue[bool] = queue.Queue()
        self.asked: list[str] = []

    def run(self) -> None:
        while True:
            identity, _, origin = self.queue_request.get()
            self.asked.append(f"{identity['samp.name']} of {origin}")
            self.queue_result.put(self.consents)


class Desktop:
    """What stands on a reader's machine: the hub, and a program that fetches what it is told of."""

    def __init__(self, consent: _Consent) -> None:
        self._consent = consent
        self.got: queue.Queue[tuple[str, Mapping[str, str], bytes]] = queue.Queue()

    @property
    def asked(self) -> list[str]:
        """Who has asked to be let in, and from which page."""
        return self._consent.asked

    def receive(self, _key: str, _sender: str, mtype: str, params: Mapping[str, str], _extra: object) -> None:
        """Do as Aladin does: fetch the file, without any session."""
        answer = httpx.get(params["url"])
        self.got.put((mtype, dict(params), answer.content if answer.is_success else b""))


@contextmanager
def desktop(place: Path, *mtypes: str, consents: bool = True) -> Iterator[Desktop]:
    """Start a hub, and a program called Aladin that takes such messages."""
    _wait_until_free()
    conf.use_internet = False  # else it looks for its own name in the world
    consent = _Consent(consents=consents)
    hub = SAMPHubServer(addr="127.0.0.1", lockfile=str(place / "samp"), web_profile_dialog=consent, web_port=_PORT)
    hub.start()  # gives the user the queues of questions and answers
    consent.start()
    client = SAMPIntegratedClient(name="Aladin", metadata={"samp.name": "Aladin"})
    made = Desktop(consent)
    try:
        client.connect(hub_params=hub.params)
        for mtype in mtypes:
            client.bind_receive_notification(mtype, made.receive)
        yield made
    finally:
        client.disconnect()
        hub.stop()


def _is_free() -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("localhost", _PORT)) != 0


def _wait_until_free() -> None:
    with suppress(AssertionError):
        until(_is_free)  # another test's hub, or another run's
    reason = f"another SAMP hub has the port {_PORT}, and pages may call no other"
    require("browser", present=_is_free(), reason=reason)
