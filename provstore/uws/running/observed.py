"""ObsCore records of results: what the client and the description say, and what they say is to be inherited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from provstore.graph.model import Attribute
from provstore.graph.obscore import COLUMNS, record_of
from provstore.graph.store import GraphStore
from provstore.ingest.fits_obscore import fits_record
from provstore.queries.obscore import obscore_attributes
from provstore.uws.descriptions.model import Generated
from provstore.uws.descriptions.obscore import HEADER, described_record
from provstore.uws.jobs import Job

__all__ = ["Observed"]

_OURS: Final = frozenset({"access_url", "access_format", "access_estsize", "obs_publisher_did"})
"""Columns that we fill in: nobody else knows where a result of ours is to be had."""


class Observed:
    """Makes the records of the results of one job.

    Args:
        job: The job.
        store: Where its inputs are.
    """

    def __init__(self, job: Job, store: GraphStore) -> None:
        self._job = job
        ids = {one.name: one.entity for one in reversed(job.inputs) if one.entity is not None}
        nodes = {node.id: node for node in store.get([job.node, *ids.values()])}
        self._said = record_of(nodes[job.node].attributes) if job.node in nodes else {}
        self._inputs = {name: record_of(nodes[one].attributes) for name, one in ids.items() if one in nodes}
        self._values = {one.name: one.value for one in job.parameters}

    def attributes(self, generated: Generated, file: Path) -> tuple[Attribute, ...]:
        """Give the attributes of a result: none where neither the description nor the client says anything of it."""
        described = described_record(generated.obscore, lambda name: self._record(name, file))
        record = {**described, **self._said}
        if not record:
            return ()
        known = {"obs_id": self._job.id, "obs_collection": self._job.service}
        found = {**known, **{column: text for column, text in record.items() if column not in _OURS}}
        return obscore_attributes({column: found[column] for column in COLUMNS if column in found})

    def _record(self, name: str, file: Path) -> Mapping[str, str]:
        """Give what a reference refers to."""
        if name == HEADER:
            return fits_record(file) if file.is_file() else {}
        if name in self._inputs:
            return self._inputs[name]
        return dict.fromkeys(COLUMNS, self._values[name].strip()) if name in self._values else {}
