"""What a reader of a description hands back: the description, and everything it had to repair or to assume."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.model import NAME, Description

__all__ = ["Notes", "Reading", "Repair"]

_REPAIR_MAX: Final = 300
_REASON_MAX: Final = 4000
"""Most characters of a message: what it cites may be megabytes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Something that was not as it should be, and how it was read; ``line`` is 0 where there is none."""

    line: int
    what: str
    how: str

    def __str__(self) -> str:
        """One line for a list or a log."""
        return f"line {self.line}: {self.what}: {self.how}" if self.line else f"{self.what}: {self.how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A description as it was read, its dialect, and the repairs in file order.

    The dialects are those of VOTable (D0, D1, slides, D2), json, opus-json, wadl, par and form.
    """

    description: Description
    repairs: tuple[Repair, ...] = ()
    dialect: str = ""


@dataclass(slots=True)
class Notes:
    """Collects repairs while a file is read; ``exact`` marks a file that we wrote, in which nothing is assumed."""

    source: str
    exact: bool = False
    repairs: list[Repair] = field(default_factory=list)

    def add(self, line: int, what: str, how: str) -> None:
        """Note one repair."""
        self.repairs.append(Repair(line=line, what=_short(what, _REPAIR_MAX), how=_short(how, _REPAIR_MAX)))

    def refuse(self, line: int, reason: str) -> Invalid:
        """Make the error that names file, line and reason."""
        where = f"{self.source}:{line}" if line else self.source
        return Invalid(f"{where}: {_short(reason, _REASON_MAX)}", field="description")

    def name(self, value: str, *, line: int, what: str) -> str:
        """Read a name, without the ``tmp/`` that proposed descriptions had.

        Raises:
            Invalid: it can't be a name.
        """
        name = value.removeprefix("tmp/")
        if name != value:
            self.add(line, f"{what} name {value!r}", f"read as {name!r}")
        if not NAME.match(name):
            rule = "a letter or '_', then letters, digits, '_', '.' or '-'"
            raise self.refuse(line, f"{what} name {name!r} is not {rule}")
        return name

    def text(self, value: str | None, *, line: int, what: str) -> str:
        """Read a text in which old writers left Python's ``None`` for an empty one."""
        if value == "None" and not self.exact:
            self.add(line, f"{what} is 'None'", "read as empty")
            return ""
        return value or ""


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
