"""Plans of replays as tables: what each job would use, what became of it, and what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from provstore.graph.model import NodeId
from provstore.queries.replay import LeftOut, Plan, PlannedInput, PlannedJob, Source
from provstore.uws.phases import FINAL, Phase
from provstore.uws.replaying.comparing import Compared
from provstore.uws.replaying.replays import Status
from provstore.uws.replaying.steps import Progress, Standing
from provstore.web.pages.curating.rows import Named, local_of, named
from provstore.web.site import caller, site

__all__ = ["Left", "Line", "Product", "Tally", "Use", "left_of", "lines_of", "replaced_in", "tally"]

_BATCH: Final = 1_000
_SOURCES: Final = {
    Source.KEPT: "as before",
    Source.REPLACED: "instead of the bad one",
    Source.REVISED: "accepted instead of the old one",
    Source.PRODUCT: "made anew",
}


class Use(NamedTuple):
    """What a planned job would use under a name: in words, and which thing; ``is_made``: which job makes it anew."""

    name: str
    words: str
    thing: Named
    changed: bool
    is_made: bool


class Product(NamedTuple):
    """A product that was made again, beside the old one; ``new`` is None where it was not made."""

    told: Compared
    old: Named
    new: Named | None


class Line(NamedTuple):
    """A planned job as a row; ``again`` is the job that runs instead, once it was made."""

    job: PlannedJob
    ran: Named
    owner: str
    uses: Sequence[Use]
    again: Named | None = None
    progress: Progress | None = None
    products: Sequence[Product] = ()


class Left(NamedTuple):
    """An affected activity that does not run again."""

    told: LeftOut
    activity: Named


class Tally(NamedTuple):
    """How many jobs of a replay are over (``failed`` of them not COMPLETED), under way, and not made."""

    total: int
    over: int
    failed: int
    going: int
    dropped: int


Links = Mapping[str, Named]


def lines_of(plan: Plan, status: Status | None = None) -> Sequence[Line]:
    """Give the jobs of a plan as rows, in an order in which they can run; of a replay with what became of them."""
    again = (
        {} if status is None else {one.job: site().store.namespace + status.replay.again(one.job) for one in plan.jobs}
    )
    compared = {} if status is None else status.compared
    links = _links([*_named_in(plan), *again.values(), *(one.new for some in compared.values() for one in some)])
    return [
        Line(
            job=job,
            ran=_link(links, job.job),
            owner=site().accounts.name_of(job.owner),
            uses=[_use(one, links) for one in job.inputs],
            again=links.get(again.get(job.job, "")),
            progress=None if status is None else _without_namespace(status.progress[job.job]),
            products=[Product(one, _link(links, one.old), links.get(one.new)) for one in compared.get(job.job, ())],
        )
        for job in plan.jobs
    ]


def left_of(plan: Plan) -> Sequence[Left]:
    """Give what is left out as rows."""
    links = _links([one.activity for one in plan.left_out])
    return [Left(one, _link(links, one.activity)._replace(label=one.label)) for one in plan.left_out]


def replaced_in(plan: Plan) -> Sequence[tuple[Named, Named]]:
    """Give what is bad with what replaces it."""
    pairs = plan.wanted.replacements
    links = _links([one for pair in pairs for one in pair])
    return [(_link(links, old), _link(links, new)) for old, new in pairs]


def tally(status: Status) -> Tally:
    """Count how far the jobs of a replay are."""
    made = [one.phase for one in status.progress.values() if one.standing is Standing.MADE]
    over = sum(phase in FINAL for phase in made)
    failed = over - made.count(Phase.COMPLETED)
    dropped = sum(one.standing is Standing.DROPPED for one in status.progress.values())
    return Tally(len(status.progress), over, failed, len(made) - over, dropped)


def _without_namespace(progress: Progress) -> Progress:
    """Name what a reason names as people write it."""
    return progress._replace(text=progress.text.replace(site().store.namespace, ""))


def _use(one: PlannedInput, links: Links) -> Use:
    thing = one.of if one.source is Source.PRODUCT else one.new or one.old
    return Use(
        one.name, _SOURCES[one.source], _link(links, thing), one.source is not Source.KEPT, one.source is Source.PRODUCT
    )


def _named_in(plan: Plan) -> Sequence[str]:
    """Give the ids of every thing that the jobs of a plan name."""
    return [
        each
        for job in plan.jobs
        for each in (
            job.job,
            *(one.new or one.old for one in job.inputs),
            *(one.old for one in job.outputs),
        )
    ]


def _links(ids: Sequence[str]) -> Links:
    """Give things as links, as far as they are there and may be seen."""
    wanted = [NodeId(one) for one in dict.fromkeys(ids) if one]
    parts = (wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
    return {node.id: named(node) for part in parts for node in site().store.get(part, caller().viewer)}


def _link(links: Links, node: str) -> Named:
    return links.get(node) or Named(local_of(node), "", local_of(node))
