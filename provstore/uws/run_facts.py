"""What is known of how a job went through a cluster: properties of its node, and their names for UWS clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provstore.graph.model import Value

__all__ = ["RUN_FACTS", "run_facts"]

RUN_FACTS: Final[Mapping[str, str]] = {
    "cluster": "cluster",
    "slurm_job_id": "slurmJobId",
    "slurm_partition": "slurmPartition",
    "slurm_nodes": "slurmNodes",
    "queue_seconds": "queueSeconds",
    "elapsed_seconds": "elapsedSeconds",
    "status_queries": "statusQueries",
    "modules": "modules",
    "isolated": "isolated",
}
"""Property -> name in jobInfo, in the order in which they are told."""


def run_facts(properties: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """Give those of a job's properties that tell of its way, as pairs of name and value."""
    return tuple((name, properties[key]) for key, name in RUN_FACTS.items() if key in properties)
