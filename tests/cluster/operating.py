"""What an operator does, for the tests of his commands: settings are written, partitions closed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.slurm_cluster import SlurmCluster

__all__ = ["closed", "settings_of"]


def settings_of(cluster: SlurmCluster, changes: Mapping[str, object]) -> Path:
    """Write settings that call the cluster ``meso``; changes are keys of its table."""
    table: dict[str, object] = {
        "host": cluster.host,
        "port": cluster.port,
        "user": cluster.user,
        "key_file": str(cluster.key),
        "known_hosts": str(cluster.known_hosts),
        "work_directory": str(cluster.work),
        "defaults.partition": "test",
        "defaults.mem": "64M",
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in (table | dict(changes)).items()]
    file = Path(tempfile.mkdtemp(dir=cluster.folder)) / "settings.toml"
    file.write_text("\n".join(["[clusters.meso]", *lines]))
    return file


@contextmanager
def closed(cluster: SlurmCluster, partition: str) -> Iterator[None]:
    """Let a partition start nothing for a while."""
    cluster.scontrol("update", f"partitionname={partition}", "state=down")
    try:
        yield
    finally:
        cluster.scontrol("update", f"partitionname={partition}", "state=up")
