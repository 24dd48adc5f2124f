"""Ids as people write them: a local part, a QName of a known prefix, or a full URI."""

from __future__ import annotations

import re
from typing import Final

from provstore.graph.model import NodeId

__all__ = ["PREFIX", "expand"]

PREFIX: Final = "id"
"""The prefix of the store's own namespace."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def expand(text: str, namespace: str) -> NodeId:
    """Give the full URI that an id stands for."""
    if text.startswith(f"{PREFIX}:"):
        return NodeId(namespace + text.removeprefix(f"{PREFIX}:"))
    return NodeId(text if _SCHEME.match(text) else namespace + text)
