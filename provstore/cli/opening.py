"""How a command opens provstore: with the settings of its environment, as the local administrator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from provstore.app import Provstore, open_provstore
from provstore.settings import load_settings

__all__ = ["opened"]


@contextmanager
def opened(*, signals_url: str = "") -> Iterator[Provstore]:
    """Open provstore for the length of a command."""
    with open_provstore(load_settings(os.environ), signals_url=signals_url) as provstore:
        yield provstore
