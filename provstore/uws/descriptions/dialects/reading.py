"""What a reader of a description hands back: the description, and everything it had to repair or to assume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.model import NAME, NAME_RULE, SECONDS_MAX, Description

__all__ = ["Notes", "Reading", "Repair", "unix_lines"]

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
            raise self.refuse(line, f"{what} name {name!r} is not {NAME_RULE}")
        return name

    def text(self, value: str | None, *, line: int, what: str) -> str:
        """Read a text in which old writers left Python's ``None`` for an empty one."""
        if value == "None" and not self.exact:
            self.add(line, f"{what} is 'None'", "read as empty")
            return ""
        return value or ""

    def script(self, value: str, *, line: int) -> str:
        """Read a script."""
        script = unix_lines(value)
        if script != value:
            self.add(line, "the script has DOS line ends", "read with Unix line ends")
        return script

    def seconds(self, value: str, *, line: int, what: str) -> int | None:
        """Read whole seconds; None where there are none."""
        if value in {"", "None"}:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(SECONDS_MAX))):
            self.add(line, f"{what} {value!r:.80} is no number of seconds", "read as not given")
            return None
        return int(value)

    def refuse_repeated(self, names: Iterable[tuple[str, int]], *, what: str) -> None:
        """Do nothing if no name, each given with its line, is that of two things.

        Raises:
            Invalid: one is.
        """
        seen: set[str] = set()
        for given, line in names:
            name = given.removeprefix("tmp/")
            if name in seen:
                raise self.refuse(line, f"the name {name!r} is given to two {what}")
            seen.add(name)

    def reading(self, description: Description, *, dialect: str) -> Reading:
        """Make what the reader hands back."""
        repairs = tuple(sorted(self.repairs, key=lambda repair: repair.line))
        return Reading(description=description, repairs=repairs, dialect=dialect)


def unix_lines(text: str) -> str:
    """Give a text with the line ends of Unix."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
