"""What an operator is told of a job on a cluster, from what the connector noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from provstore.uws.executors.slurm.explaining import explained
from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.record import Record

AT: Final = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)
OFFERED: Final = Record(job="j1", cluster="meso", account="", begun_at=AT - timedelta(minutes=3))
TAKEN: Final = replace(OFFERED, number=41, submitted_at=AT - timedelta(minutes=2))
HANDED: Final = "It is job 41 of SLURM on cluster meso, handed over 2 min ago."


def row(word: str, **more: object) -> Row:
    return Row(**{"number": 41, "name": "uws-j1", "word": word, **more})  # type: ignore[arg-type]  # made by name


SECONDS: Final = {number: AT - timedelta(seconds=number) for number in (1, 3, 9, 59)}
TOLD: Final = {
    "It was offered to cluster meso 3 min ago; SLURM did not take it.": OFFERED,
    "It was offered to cluster meso in the account astro12 3 min ago; no answer came yet.": replace(
        OFFERED, account="astro12", uncertain=True
    ),
    f"{HANDED} It has not been heard of yet.": TAKEN,
    f"{HANDED} It was last heard of 9 s ago: it has begun.": replace(TAKEN, heard_at=SECONDS[9]),
    f"{HANDED} It was last heard of 1 s ago: it has ended.": replace(TAKEN, heard_at=SECONDS[1], ended_at=SECONDS[1]),
    f"{HANDED} SLURM said PENDING (JobHeldAdmin) 3 s ago. It has not been heard of yet. "
    "SLURM was asked about it once.": (
        replace(TAKEN, row=row("PENDING", reason="JobHeldAdmin"), asked_at=SECONDS[3], status_queries=1)
    ),
    f"{HANDED} SLURM said CANCELLED 3 s ago. It never said a word of its own. It was told to end 9 s ago. "
    "SLURM was asked about it 2 times.": replace(
        TAKEN, row=row("CANCELLED"), asked_at=SECONDS[3], aborted_at=SECONDS[9], status_queries=2
    ),
    f"{HANDED} SLURM has not known it for 59 s. It never said a word of its own.": replace(
        TAKEN, missing_at=SECONDS[59], brought=True
    ),
}


@pytest.mark.parametrize("text", TOLD)
def test_what_was_noted_is_told(text: str) -> None:
    assert explained(TOLD[text], at=AT) == text
