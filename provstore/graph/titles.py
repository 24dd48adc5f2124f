"""What people call a node: its name, or what documents call it, or the last part of its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provstore.graph.documents import VOPROV_NAMESPACES, local_part
from provstore.graph.model import PROV, Node

__all__ = ["NAMES", "called", "local_part", "title", "value"]

NAMES: Final = (f"{PROV}name", *(f"{space}name" for space in VOPROV_NAMESPACES), f"{PROV}label")
"""Keys of attributes that hold a name, the best first."""


def called(node: Node) -> str:
    """Give the name that a node has or documents give it, "" for none."""
    name = node.properties.get("name")
    return str(name) if name else _told(node, NAMES)


def title(node: Node) -> str:
    """Give the name of a node, else the last part of its id; never empty."""
    return called(node) or local_part(node.id)


def value(node: Node) -> str:
    """Give the value of a parameter or entity as text, "" for none."""
    own = node.properties.get("value")
    return _told(node, (f"{PROV}value",)) if own is None else str(own)


def _told(node: Node, keys: Sequence[str]) -> str:
    told = {one.key: one.lexical for one in reversed(node.attributes)} if node.attributes else {}
    return next((told[key] for key in keys if told.get(key)), "")
