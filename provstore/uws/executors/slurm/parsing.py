"""What SLURM's commands print, read line by line. Text only: its JSON differs from release to release, and errs.

A line that can't be read, or that tells of a job that is not ours, is passed over: a stranger's job name or one damaged
line hides no other. Names are the users': a job is ours by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from provstore.errors import Invalid
from provstore.uws.executors.slurm.commands import ACCOUNTING_FIELDS, QUEUE_FIELDS
from provstore.uws.executors.slurm.states import by_whom, full_word, meaning
from provstore.uws.ports import State

__all__ = ["Row", "accounted", "queue", "shown", "submitted", "version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job as SLURM tells of it. What it does not tell is None or "".

    ``word`` is the long word of the state, ``cancelled_by`` a user id. ``reason``: why it waits, or why it ended. A
    job that has not begun has no ``started_at``: what SLURM expects then is ``expected_at``. ``exit_signal`` is 0 where
    no signal ended it. ``max_rss`` in bytes is the largest of its steps. ``limit_text`` is the time limit and
    ``memory_text`` the memory that it may use, as SLURM writes them.
    """

    number: int
    name: str
    word: str
    cancelled_by: str = ""
    reason: str = ""
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expected_at: datetime | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    nodes: str = ""
    partition: str = ""
    elapsed: timedelta | None = None
    max_rss: int | None = None
    limit_text: str = ""
    memory_text: str = ""

    @property
    def job(self) -> str:
        """Our id of it."""
        return self.name.removeprefix("uws-")


_OURS: Final = re.compile(r"uws-[A-Za-z0-9_.-]{1,200}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_DURATION: Final = re.compile(
    r"(?:(?P<days>[0-9]{1,6})-)?(?:(?P<hours>[0-9]{1,2}):)?(?P<minutes>[0-9]{1,2}):(?P<seconds>[0-9]{1,2})", re.ASCII
)
_SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([KMGTP]?)", re.ASCII)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_PAIR: Final = re.compile(r"(?:(?<=\s)|^)([A-Za-z][A-Za-z0-9_/:]*)=", re.ASCII)
_NOTHING: Final = frozenset({"", "Unknown", "N/A", "None", "(null)", "None assigned", "NONE", "INVALID"})
_NO_BEGIN: Final = frozenset({State.WAITING, State.HELD})

_SHOWN: Final[Mapping[str, str]] = {
    "JobId": "number",
    "JobName": "name",
    "JobState": "state",
    "Reason": "reason",
    "SubmitTime": "submitted",
    "StartTime": "started",
    "EndTime": "ended",
    "ExitCode": "exit",
    "NodeList": "nodes",
    "Partition": "partition",
    "RunTime": "elapsed",
    "TimeLimit": "limit",
    "MinMemoryNode": "memory",
    "MinMemoryCPU": "memory",
}
"""Key of ``scontrol show job`` -> our word for the column."""


def submitted(out: str) -> int:
    """Give the job number that ``sbatch --parsable`` printed: ``17`` or ``17;cluster``, on its last line.

    Raises:
        Invalid: there is none.
    """
    for line in reversed(out.splitlines()):
        number = line.strip().partition(";")[0]
        if _NUMBER.fullmatch(number):
            return int(number)
    raise Invalid(f"sbatch printed {out[-200:]!r}: a job number was expected")


def queue(out: str) -> tuple[Row, ...]:
    """Read what `commands.queue` and `commands.find` make squeue print."""
    return tuple(row for line in out.splitlines() if (row := _row(_columns(line, QUEUE_FIELDS))))


def accounted(out: str) -> tuple[Row, ...]:
    """Read what `commands.accounting` makes sacct print: a line for each job, followed by those of its steps."""
    rows: dict[int, Row] = {}
    for line in out.splitlines():
        told = _columns(line, ACCOUNTING_FIELDS)
        number, dot, _ = told.get("number", "").partition(".")
        row = None if dot else _row(told)
        if row:
            rows[row.number] = row
        elif dot and _NUMBER.fullmatch(number) and int(number) in rows:
            rows[int(number)] = _with_step(rows[int(number)], _size(told["memory used"]))
    return tuple(rows.values())


def shown(line: str) -> Row | None:
    """Read what ``scontrol show job -o`` prints of one job; None where it is none of ours."""
    told: dict[str, str] = {}
    for key, value in _pairs(line):
        if key in _SHOWN:
            told.setdefault(_SHOWN[key], value)
    return _row(told)


def version(out: str) -> str:
    """Give the release that ``sbatch --version`` names: ``22.05.8`` of ``slurm-wlm 22.05.8``; "" where none is."""
    found = re.search(r"[0-9]+(?:\.[0-9]+)+\S*", out, re.ASCII)
    return found[0] if found else ""


def _columns(line: str, fields: Sequence[str]) -> dict[str, str]:
    """Split a line; the last column is free text. An incomplete line has no columns."""
    values = line.split("|", len(fields) - 1)
    return dict(zip(fields, values, strict=True)) if len(values) == len(fields) else {}


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Take ``Key=Value Key=Value`` apart. A value may hold blanks: it reaches up to the next key."""
    keys = list(_PAIR.finditer(line))
    ends = [*(key.start() for key in keys), len(line)][1:]
    for key, end in zip(keys, ends, strict=True):
        yield key[1], line[key.end() : end].strip()


def _row(told: Mapping[str, str]) -> Row | None:
    """Make a row of one job of ours out of columns by our words for them."""
    number, name, state = (told.get(key, "").strip() for key in ("number", "name", "state"))
    if not (_NUMBER.fullmatch(number) and _OURS.fullmatch(name) and state):
        return None
    at, elapsed, nodes = _instant(told.get("started", "")), _duration(told.get("elapsed", "")), _text(told, "nodes")
    waits = meaning(state).state in _NO_BEGIN
    code, signal = _exit(told.get("exit", ""))
    return Row(
        number=int(number),
        name=name,
        word=full_word(state),
        cancelled_by=by_whom(state),
        reason=_text(told, "reason"),
        submitted_at=_instant(told.get("submitted", "")),
        started_at=at if not waits and (nodes or elapsed) else None,  # cancelled in the queue: it got this time too
        ended_at=_instant(told.get("ended", "")) if _is_over(state) else None,
        expected_at=at if waits else None,
        exit_code=code,
        exit_signal=signal,
        nodes=nodes,
        partition=_text(told, "partition"),
        elapsed=elapsed,
        max_rss=_size(told.get("memory used", "")),
        limit_text=_text(told, "limit"),
        memory_text=_text(told, "memory"),
    )


def _with_step(row: Row, max_rss: int | None) -> Row:
    return row if max_rss is None else replace(row, max_rss=max(max_rss, row.max_rss or 0))


def _is_over(state: str) -> bool:
    """Whether the time of its end has been, and is not only expected."""
    return meaning(state).state in {State.ENDED, None}


def _text(told: Mapping[str, str], key: str) -> str:
    value = told.get(key, "").strip()
    return "" if value in _NOTHING else value


def _instant(text: str) -> datetime | None:
    """Read seconds since 1970, as SLURM_TIME_FORMAT=%s makes them, or a local time, which TZ=UTC makes one of UTC."""
    try:
        if _NUMBER.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC) if int(text) else None
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _duration(text: str) -> timedelta | None:
    """Read ``1-02:03:04``, ``2:03``, or seconds alone."""
    if _NUMBER.fullmatch(text):
        return timedelta(seconds=int(text))
    found = _DURATION.fullmatch(text)
    return timedelta(**{unit: int(value or 0) for unit, value in found.groupdict().items()}) if found else None


def _size(text: str) -> int | None:
    """Read ``7828K``, in bytes."""
    found = _SIZE.fullmatch(text.strip())
    return int(float(found[1]) * _UNITS[found[2]]) if found else None


def _exit(text: str) -> tuple[int | None, int | None]:
    """Read ``code:signal``."""
    code, _, signal = text.strip().partition(":")
    if _NUMBER.fullmatch(code) and _NUMBER.fullmatch(signal):
        return int(code), int(signal)
    return None, None
