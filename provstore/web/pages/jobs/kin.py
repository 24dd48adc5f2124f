"""The jobs that a job runs again, and those that run it again: each can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provstore.graph.model import Kind, Label, NodeId
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from provstore.uws.jobs import Job, text
from provstore.web.pages.curating.rows import Named, named
from provstore.web.site import caller, site

__all__ = ["Kin", "kin_of"]

_MOST: Final = 8
_EARLIER: Final = (Step(Kind.WAS_INFORMED_BY, expand=False, most=_MOST),)
_LATER: Final = (Step(Kind.WAS_INFORMED_BY, backwards=True, expand=False, most=_MOST),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Jobs of the same service. ``earlier``: those that it runs again; ``later``: the newest that run it again."""

    earlier: tuple[Named, ...]
    later: tuple[Named, ...]


def kin_of(job: Job) -> Kin:
    """Give the jobs that were run as this one was, as far as the caller may see them."""
    return Kin(earlier=_near(job, _EARLIER), later=_near(job, _LATER))


def _near(job: Job, steps: tuple[Step, ...]) -> tuple[Named, ...]:
    start = NodeId(site().store.namespace + job.id)
    found = site().store.walk(Walk(starts=(start,), steps=steps, depth=1, limit=2 * _MOST), caller().viewer)
    near = (one.node for one in found.reached if one.distance and Label.JOB in one.node.labels)
    return tuple(named(one) for one in near if text(one.properties, "service") == job.service)
