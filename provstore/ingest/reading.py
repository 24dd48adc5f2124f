"""What every reader of a notation gives: statements as a stream, and the prefixes of each bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from provstore.graph.statements import Statement
from provstore.ingest.problems import Problem

__all__ = ["Reader", "Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document while it is read.

    Args:
        statements: Once, in the order of the document. Raises Malformed at the first thing that is wrong; what came
            before must then be forgotten.
        namespaces: Bundle (full URI, "" for the document itself) -> prefix -> namespace, the default one as
            ``default``. Every bundle is in it, also an empty one. Complete when the statements are exhausted.
        remarks: What was understood in another way than it was written, as it is met.
    """

    statements: Iterator[Statement]
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)


class Reader(Protocol):
    """A notation that can be read."""

    def __call__(self, source: BinaryIO, *, unqualified: str) -> Reading:
        """Begin to read.

        Args:
            source: Seekable, at its beginning; must stay open while statements are taken.
            unqualified: The namespace of names without prefix where the document declares no default, and of names
                with an undeclared prefix.

        Raises:
            Malformed: it is not of this notation at all.
            TooLarge: more than the notation's limit.
        """
