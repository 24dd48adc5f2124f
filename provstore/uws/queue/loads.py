"""How busy each executor is: what runs on it, what waits for it, whether it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provstore.clusters import LOCAL
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import limits_of

__all__ = ["Load", "loads_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """An executor: ``slots`` jobs may run at once; ``trouble`` says why it can't be asked, "" if it can.

    ``place``: the host of a cluster, "" for this machine. ``known``: whether the settings name it.
    """

    name: str
    place: str
    slots: int
    running: int
    queued: int
    trouble: str
    known: bool


def loads_of(store: GraphStore, settings: Settings, *, troubles: Mapping[str, str]) -> tuple[Load, ...]:
    """Describe every executor of the settings, this machine first, and those that only jobs still name."""
    backlog, slots = Backlog(store), limits_of(settings).slots
    running, queued = backlog.running(), backlog.queued_by_executor()
    hosts = {one.name: one.host for one in settings.clusters}
    others = sorted({*running, *queued} - {LOCAL, *hosts, ""})
    return tuple(
        Load(
            name=name,
            place=hosts.get(name, ""),
            slots=slots.get(name, 0),
            running=running[name].total() if name in running else 0,
            queued=queued.get(name, 0),
            trouble=troubles.get(name, ""),
            known=name in slots,
        )
        for name in (LOCAL, *hosts, *others)
    )
