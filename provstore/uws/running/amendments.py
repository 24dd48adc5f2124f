"""What is learnt of a job's run when the job is over already: added to its activity, never in place of anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from provstore.errors import Conflict, NotFound
from provstore.graph.model import Value
from provstore.uws.phases import FINAL
from provstore.uws.records import Records

__all__ = ["Amendments"]

_LARGER: Final = frozenset({"max_rss"})
"""Of these the larger value holds: each witness has seen a part of the run."""


class Amendments:
    """Adds late facts to jobs.

    Args:
        records: The jobs.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def take(self, directory: Path, facts: Mapping[str, Value]) -> None:
        """Add facts to the job of a run directory; of a job that is gone, or not over, nothing is written.

        Raises:
            Unavailable: the store does not answer.
        """
        try:
            job = self._records.read(directory.parent.name)
            known = self._records.node(job.id).properties
            put = {name: value for name, value in facts.items() if _is_news(name, known.get(name), value)}
            if put and job.phase in FINAL:
                self._records.put(job, put)
        except (Conflict, NotFound):  # it was deleted or archived this instant: its place in the graph stays as it is
            return


def _is_news(name: str, known: Value | None, value: Value) -> bool:
    if known is None:
        return True
    numbers = isinstance(known, int | float) and isinstance(value, int | float)
    return name in _LARGER and numbers and value > known  # type: ignore[operator]  # both are numbers
