"""Whether the store answers: asked aside, so that a store that hangs never makes the question hang.

While it is known to be gone, requests that need it are refused at once instead of each finding out for itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Flask, Response, request

from provstore.errors import ProvstoreError, Unavailable
from provstore.uws.ports import Clock

__all__ = ["Health", "Probe", "install_health"]

_LOG: Final = logging.getLogger(__name__)
PATIENCE_SECONDS: Final = 3.0
_UNAVAILABLE: Final = 503
_WITHOUT_STORE: Final = (
    "/account",
    "/availability",
    "/capabilities",
    "/healthz",
    "/login",
    "/metrics",
    "/oidc",
    "/openapi.json",
    "/session",
    "/signals/",
    "/static/",
)
"""Addresses below which something can be done without the graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of the store: whether it answers, since when that is so, and "" or what is wrong."""

    well: bool
    since_at: datetime
    trouble: str


class _Asking:
    """One question under way: when it was asked, and what came back once it is done."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.done = threading.Event()
        self.trouble = ""


class Probe:
    """Asks the store in a thread, one question at a time however many want to know.

    Args:
        ask: Returns when the store is well; raises `ProvstoreError` when it is not. It may hang.
        clock: The present instant.
        patience: Seconds until no answer is an answer.
    """

    def __init__(self, ask: Callable[[], None], *, clock: Clock, patience: float = PATIENCE_SECONDS) -> None:
        self._ask = ask
        self._clock = clock
        self._patience = patience
        self._guard = threading.Lock()
        self._asking: _Asking | None = None
        self._known = Health(well=True, since_at=clock(), trouble="")
        self._suspected = False

    def suspect(self) -> None:
        """Ask before the next request that needs the store: one has failed."""
        self._suspected = True

    def check(self) -> None:
        """Do nothing while the store is thought to be well, which costs nothing; else ask.

        Raises:
            Unavailable: it is not well.
        """
        if self._known.well and not self._suspected:
            return
        health = self.look()
        if not health.well:
            raise Unavailable(health.trouble)

    def look(self) -> Health:
        """Tell how the store is now; within the patience of one question, whatever happens to it."""
        asking = self._question()
        in_time = asking.done.wait(max(0.0, asking.asked + self._patience - time.monotonic()))
        return self._learn(asking.trouble if in_time else f"the store gives no answer within {self._patience:g} s")

    def _question(self) -> _Asking:
        """Join the question under way, or ask a new one."""
        with self._guard:
            if self._asking is None or self._asking.done.is_set():
                self._asking = _Asking(time.monotonic())
                threading.Thread(target=self._put, args=(self._asking,), name="probe", daemon=True).start()
            return self._asking

    def _put(self, asking: _Asking) -> None:
        asking.trouble = "the question to the store failed; the log has the details"
        try:
            self._ask()
            asking.trouble = ""
        except ProvstoreError as error:
            asking.trouble = error.message
        finally:  # whatever else went wrong is shown by the thread's own traceback
            asking.done.set()

    def _learn(self, trouble: str) -> Health:
        with self._guard:
            before = self._known
            well = not trouble
            since_at = before.since_at if before.well is well else self._clock()
            self._known = Health(well=well, since_at=since_at, trouble=trouble)
            self._suspected = False
            if before.well is not well:
                _LOG.warning("the store %s", "is well again" if well else f"is in trouble: {trouble}")
            return self._known


def install_health(app: Flask, probe: Probe) -> None:
    """Refuse at once what needs the store while it is gone, and become suspicious of it when a request has failed."""

    @app.before_request
    def check() -> None:
        if not request.path.startswith(_WITHOUT_STORE):
            probe.check()

    @app.after_request
    def learn(response: Response) -> Response:
        if response.status_code == _UNAVAILABLE:
            probe.suspect()
        return response
