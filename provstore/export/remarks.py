"""What a notation could not hold: said in the written document instead of lost in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provstore.export.records import FORMALS, Record

__all__ = ["Remarks", "wording"]

_MOST: Final = 100


class Remarks:
    """Sentences, the first hundred of them; the others are counted."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._said)

    def __iter__(self) -> Iterator[str]:
        yield from self._said
        if self._more:
            yield f"and {self._more} more of this kind"

    def add(self, sentence: str) -> None:
        """Keep a sentence."""
        if len(self._said) < _MOST:
            self._said.append(sentence)
        else:
            self._more += 1


def wording(record: Record) -> str:
    """Give a record in a form close to PROV-N, with full URIs, for a remark."""
    named = dict(zip(FORMALS[record.kind], record.arguments, strict=False))
    told = ", ".join(value or "-" for value in named.values())
    given = "" if record.id is None else f"{record.id}; " if told else record.id
    where = "" if record.bundle is None else f" in bundle {record.bundle}"
    return f"{record.kind}({given}{told}){where}"
