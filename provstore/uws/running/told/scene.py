"""The job of which a script tells, and what came of it: the two ends of the merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provstore.graph.model import PROVSTORE, Attribute, Label, Node, NodeId
from provstore.graph.store import Change
from provstore.ingest.problems import shown
from provstore.uws.jobs import Job

__all__ = [
    "CURRENT_JOB",
    "FILE_NAME",
    "UNQUALIFIED",
    "Generation",
    "Remarks",
    "Scene",
    "Told",
    "known_prefixes",
    "spellings",
    "unambiguous",
]

FILE_NAME: Final = "internal_provenance.json"
"""What a script writes of its run."""
CURRENT_JOB: Final = "current_job"
"""What a script calls its own job, in whatever namespace."""
UNQUALIFIED: Final = "urn:provstore:told#"
"""Namespace of names that a script gives without one."""

Spelt = Iterable[tuple[str, NodeId]]
"""Words for things; a word for two things stands for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A job that has ended, and by which words its script may call what is there already.

    ``results`` and ``inputs``: by name, file name, path, address; ``files``: both, by file name and path alone.
    ``look`` gives nodes of the store, as far as the job's owner may see them. ``labels``: classes of the inputs.
    """

    job: Job
    namespace: str
    results: Mapping[str, NodeId]
    inputs: Mapping[str, NodeId]
    files: Mapping[str, NodeId]
    look: Callable[[Sequence[NodeId]], Sequence[Node]]
    labels: Mapping[NodeId, frozenset[Label]] = field(default_factory=dict)

    def local(self, prefix: str, name: str) -> str:
        """Give the local part of something of this job that has a name in the script's file only.

        No parameter, input or result is called so: their names begin with a letter.
        """
        return f"{prefix}{self.job.id[1:]}.-{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a script adds to the generation of a result: an id that others refer to, and attributes."""

    relation_id: str | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a script told: changes for the graph, and remarks on what could not be taken, a line each.

    ``words``: further attributes of results; ``generations``: of their generation. ``derived``: results of which the
    script says itself what they were derived from.
    """

    changes: tuple[Change, ...] = ()
    remarks: tuple[str, ...] = ()
    words: Mapping[NodeId, tuple[Attribute, ...]] = field(default_factory=dict)
    generations: Mapping[NodeId, Generation] = field(default_factory=dict)
    derived: frozenset[NodeId] = frozenset()

    @property
    def says_something(self) -> bool:
        """Whether anything of it is to be written, besides remarks."""
        return bool(self.changes or self.words or self.generations)


class Remarks(list[str]):
    """Sentences on what could not be taken, in the order of their finding."""

    def tell(self, place: str, text: str) -> None:
        """Add one."""
        self.append(f"{place}: {text}")

    def tell_refused(self, place: str, keys: Iterable[str]) -> None:
        """Say which attributes are not a script's to tell."""
        names = ", ".join(shown(key) for key in dict.fromkeys(keys))
        if names:
            self.tell(place, f"not taken, for it is not the script's to tell: {names}")


def known_prefixes(namespace: str) -> Mapping[str, str]:
    """Give the prefixes that a script need not declare: those of our own documents."""
    return {"id": namespace, "provstore": PROVSTORE}


def spellings(file: Path, run: Path, seen_as: Path) -> Iterator[str]:
    """Give what a script may call a file of its job: its name, its path from anywhere, its address.

    ``run``: the job's directory here; ``seen_as``: the same as its script saw it.
    """
    below = file.relative_to(run)
    yield file.name
    for place in dict.fromkeys((file, seen_as / below)):
        yield str(place)
        yield place.as_uri()
    yield below.as_posix()
    if len(below.parts) > 1:
        yield below.relative_to(below.parts[0]).as_posix()


def unambiguous(*ranks: Spelt) -> dict[str, NodeId]:
    """Tell which word stands for which thing; earlier ranks win, and a word for two things of one rank is none."""
    found: dict[str, NodeId] = {}
    for rank in reversed(ranks):
        pairs = set(rank)
        counted = Counter(word for word, _ in pairs)
        found.update({word: thing for word, thing in pairs if counted[word] == 1})
    return found
