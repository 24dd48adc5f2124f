"""What of a document could not be read, and what a lenient reader gives of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from provstore.graph.statements import Statement

__all__ = ["Problem", "ReadDocument", "shown"]

_SHOWN: Final = 80


class Problem(NamedTuple):
    """Something that could not be read, and where it stands."""

    place: str
    text: str

    def __str__(self) -> str:
        """Tell both in one line."""
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document as it was read: what could be, and what could not.

    ``prefixes``: as declared, the default namespace as ``default``. ``locals``: the local part of each URI that was
    written as a name.
    """

    statements: tuple[Statement, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)
    locals: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def shown(text: str) -> str:
    """Give a text of a stranger as a message may hold it: one line, short, nothing that turns the writing round."""
    plain = "".join(one if one.isprintable() else "\ufffd" for one in text[: _SHOWN + 1])
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
