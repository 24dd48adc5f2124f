"""How a notation that follows PROV calls the records, their arguments and their ids: W3C's own words, or others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provstore.export.names import PROV
from provstore.export.records import ELEMENTS, FORMALS, TIMES

__all__ = ["W3C", "Dialect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The words of PROV-JSON and PROV-XML, or of a dialect of them.

    Args:
        namespace: Of XML elements that are records, and of their ids and references.
        arguments: Kind of record -> full URIs of its arguments, in the order of `Record.arguments`.
        elements: Kinds that need an id.
        times: Arguments that are times.
        name_type: What PROV-JSON says of a value that is a name.
    """

    namespace: str
    arguments: Mapping[str, tuple[str, ...]]
    elements: frozenset[str]
    times: frozenset[str]
    name_type: str


W3C: Final = Dialect(
    namespace=PROV,
    arguments={kind: tuple(PROV + formal for formal in formals) for kind, formals in FORMALS.items()},
    elements=ELEMENTS,
    times=frozenset(PROV + time for time in TIMES),
    name_type="xsd:QName",
)
"""W3C's submission of PROV-JSON and note of PROV-XML (2013)."""
