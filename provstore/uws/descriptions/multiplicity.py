"""How many entities an input or a result may have: ``1``, ``*``, ``n``, ``0..1``, ``2..5``, ``1..*``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid

__all__ = ["Limits", "limits"]

_RANGE: Final = re.compile(r"(?P<low>\d{1,6})\.\.(?P<high>\d{1,6}|[*n])\Z", re.ASCII)
_COUNT: Final = re.compile(r"\d{1,6}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Fewest and most entities; ``high`` is None where there is no upper limit."""

    low: int
    high: int | None

    def __str__(self) -> str:
        """Say it in words, for messages."""
        if self.low == self.high:
            return f"exactly {self.low}"
        return f"at least {self.low}" if self.high is None else f"{self.low} to {self.high}"

    def allow(self, count: int) -> bool:
        """Tell whether that many entities are right."""
        return self.low <= count and (self.high is None or count <= self.high)


_WORDS: Final = {
    "": Limits(low=1, high=1),
    "*": Limits(low=0, high=None),
    "n": Limits(low=1, high=None),
}


def limits(multiplicity: str) -> Limits:
    """Read a multiplicity; the empty text is exactly one.

    Raises:
        Invalid: the text is none of the known forms, or its lower limit is above the upper one.
    """
    if multiplicity in _WORDS:
        return _WORDS[multiplicity]
    if _COUNT.match(multiplicity):
        return Limits(low=int(multiplicity), high=int(multiplicity))
    found = _RANGE.match(multiplicity)
    if found and (found["high"] in "*n" or int(found["low"]) <= int(found["high"])):
        return Limits(low=int(found["low"]), high=None if found["high"] in "*n" else int(found["high"]))
    raise Invalid(
        f"multiplicity {multiplicity!r} is none of: 1, *, n, 0..1, 0..*, 1..*, m..n",
        field="multiplicity",
        value=multiplicity,
    )
