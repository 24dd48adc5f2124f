"""The steps of the check in their order: each needs those before it, so the first fault ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from provstore.clusters import Cluster
from provstore.errors import ProvstoreError
from provstore.uws.executors.slurm.check import entry, site
from provstore.uws.executors.slurm.check.trial import Trial
from provstore.uws.executors.slurm.reach import Reach
from provstore.uws.findings import Finding, Level, fault
from provstore.uws.ports import Clock
from provstore.uws.start_up import make_data_directory, secret
from provstore.uws.tokens import JobTokens

__all__ = ["check"]


def check(cluster: Cluster, *, data: Path, account: str, patience: timedelta, clock: Clock) -> Iterator[Finding]:
    """Look at everything that jobs of a cluster need; nothing of it is left there but the folders and the wrapper.

    Args:
        cluster: Its settings.
        data: The data directory, for the secret that signals are signed with.
        account: In which of the cluster's accounts the trial job runs; "" for the first.
        patience: How long the trial job is waited for.
        clock: The present instant.
    """
    chosen = account or next((one.user for one in cluster.accounts.values()), "")

    def trial() -> Iterable[Finding]:
        make_data_directory(data)
        tokens = JobTokens(secret(data / "secret"))
        return Trial(cluster, chosen, tokens=tokens, patience=patience, clock=clock).findings()

    with closing(Reach(cluster)) as reach:
        steps: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
            ("key", lambda: entry.keys(cluster)),
            ("host", lambda: entry.host(cluster)),
            ("login", lambda: entry.logins(cluster)),
            ("SLURM", lambda: site.programs(reach)),
            ("controller", lambda: site.scheduler(reach, clock)),
            ("accounts", lambda: site.accounts(reach)),
            ("work directory", lambda: site.folders(reach)),
            ("callback", lambda: entry.callback(cluster)),
            ("trial job", trial),
        )
        for part, step in steps:
            found = list[Finding]()
            for one in _told(part, step):
                found.append(one)
                yield one
            if any(one.level is Level.FAULT for one in found):
                return


def _told(part: str, step: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Tell what a step finds, and what keeps it from finding more."""
    try:
        yield from step()
    except ProvstoreError as error:
        yield entry.refused(part, error)
    except OSError as error:
        yield fault(part, str(error), "correct this on the machine that provstore runs on")
