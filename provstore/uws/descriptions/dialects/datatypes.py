"""Names of types in the dialects, and the VOTable datatype and xtype that each stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.votable_names import DATATYPES
from provstore.uws.descriptions.model import FILE

__all__ = ["XS_TYPES", "read_datatype"]

XS_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "": ("char", ""),
    "string": ("char", ""),
    "anyURI": ("char", "uri"),
    "file": ("char", FILE),
    "integer": ("int", ""),
} | {name: (name, "") for name in DATATYPES}
"""Names without the prefix, as VOTable datatype and xtype."""


def read_datatype(given: str, *, notes: Notes, line: int, name: str) -> tuple[str, str]:
    """Give datatype and xtype for a type of XML schema (``xs:double``), of VOTable (``double``) or ``file``."""
    found = XS_TYPES.get(given.removeprefix("xs:").removeprefix("xsd:"))
    if found is None:
        notes.add(line, f"datatype {given!r} of {name} is unknown", "read as text")
    return found or ("char", "")
