"""What a job was given, as it is given once more: parameters, inputs, run id, ObsCore record, resources of a cluster.

What was a default is not given: a newer revision may have another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from provstore.graph.model import Node, NodeId
from provstore.graph.obscore import record_of
from provstore.settings import Settings
from provstore.uws.clusters.changes import asked_before
from provstore.uws.control import clamp_duration
from provstore.uws.descriptions.model import Description, many
from provstore.uws.inputs.sources import Upload
from provstore.uws.jobs import Job, JobParameter, text
from provstore.uws.parts import Parts
from provstore.uws.publishing.revisions import Revision
from provstore.uws.submissions import Submission

__all__ = ["Thing", "controls_again", "given_again", "used_by", "values_again"]


class Thing(NamedTuple):
    """An entity that is to be used under a name; ``kept``: as before."""

    name: str
    node: Node
    kept: bool = True


@contextmanager
def given_again(job: Job, ran: Revision, things: Iterable[Thing], parts: Parts) -> Iterator[Submission]:
    """Give a job's values, files and ObsCore record as somebody might send them; the files are open that long.

    Args:
        job: The job that ran.
        ran: With what it ran.
        things: What is to be used, in the order in which the job used it.
        parts: Where the job and its configuration files are, and the site's clusters.

    Raises:
        NotFound: a configuration file is not here any more.
    """
    values = {**controls_again(job, ran, parts.settings), **values_again(job)}
    values |= _texts(things, ran.description)
    observed = record_of(one for node in parts.records.visible([job.node]).values() for one in node.attributes)
    with ExitStack() as stack:
        uploads: defaultdict[str, list[Upload]] = defaultdict(list)
        for one in job.inputs:
            if one.configures and not _is_shipped(one.location, one.value, ran.description):
                stream = stack.enter_context(parts.files.path(one.location).open("rb"))
                uploads[one.name].append(Upload(file_name=one.value, content_type=one.content_type, stream=stream))
        given = {name: one for name, one in values.items() if name not in uploads}
        yield Submission(values=given, uploads=uploads, observed=observed)


def values_again(job: Job) -> dict[str, str]:
    """Give the values of the parameters that the job was given."""
    return {one.name: one.value for one in job.parameters if one.given and one.entity is None}


def controls_again(job: Job, ran: Revision, settings: Settings) -> dict[str, str]:
    """Give what the job was told besides its parameters, where that is not what it would get anyway."""
    usual = clamp_duration(None, revision=ran, settings=settings)
    controls = {**asked_before(job, ran.description, settings)}
    if job.run_id:
        controls["RUNID"] = job.run_id
    if job.execution_duration != usual:
        controls["EXECUTIONDURATION"] = str(int(job.execution_duration.total_seconds()))
    return controls


def _texts(things: Iterable[Thing], description: Description) -> dict[str, str]:
    plural = {one.name for one in description.inputs if many(one.multiplicity)}
    items: defaultdict[str, list[str]] = defaultdict(list)
    defaults: defaultdict[str, list[bool]] = defaultdict(list)
    for thing in things:
        location, name = text(thing.node.properties, "location"), text(thing.node.properties, "name")
        items[thing.name].append(thing.node.id if location else name)
        defaults[thing.name].append(thing.kept and _is_shipped(location, name, description))
    return {
        name: _joined(texts) if name in plural else texts[0] for name, texts in items.items() if not all(defaults[name])
    }


def _joined(texts: Sequence[str]) -> str:
    """Join items as they are split again: at commas, though there be blanks in them."""
    return ",".join(texts) + ("," if len(texts) == 1 and " " in texts[0] else "")


def _is_shipped(location: str, name: str, description: Description) -> bool:
    """Tell whether a file is one that came with the description: nobody has given it."""
    digest = dict(description.files).get(name)
    return digest is not None and location.startswith(f"files/{digest}/")


def used_by(job: Job) -> tuple[tuple[JobParameter, NodeId], ...]:
    """Give what a job used, without its configuration, with the entities."""
    return tuple((one, one.entity) for one in job.inputs if one.entity is not None and not one.configures)
