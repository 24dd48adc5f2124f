"""What the names in a script's file stand for: the job, its results and inputs, what is stored, or something new."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import Label, NodeId, stable_local
from provstore.graph.statements import BLANK, Sort
from provstore.ingest.problems import ReadDocument
from provstore.uws.running.told.scene import CURRENT_JOB, Scene

__all__ = ["OWN", "Standing", "Thing", "Things", "short_names"]

_UNSAFE: Final = re.compile("[^A-Za-z0-9._-]+")
_LONGEST: Final = 60
_HASH: Final = 12
_JOB: Final = frozenset({Label.ACTIVITY, Label.JOB})
_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})
_ACTIVITIES: Final = frozenset({Sort.ACTIVITY, Sort.ANYTHING})
_ENTITIES: Final = frozenset({Sort.ENTITY, Sort.MEMBER, Sort.ANYTHING})


class Standing(StrEnum):
    """How a thing stands to the job whose script speaks of it."""

    JOB = "the job"
    RESULT = "a result"
    NEW = "new with this job"
    INPUT = "an input"
    STORED = "stored already"
    SHARED = "shared by all jobs"


OWN: Final = frozenset({Standing.JOB, Standing.RESULT, Standing.NEW})
"""Of what is the script's own it may say anything; to all else it may only relate."""


class Thing(NamedTuple):
    """A node that a name stands for."""

    node: NodeId
    labels: frozenset[Label]
    standing: Standing


class Things:
    """Finds what is there already, and remembers what is new.

    Args:
        scene: The job.
        document: What its script has written.
    """

    def __init__(self, scene: Scene, document: ReadDocument) -> None:
        self._scene = scene
        self._locals = document.locals
        self._new: dict[str, Thing] = {}
        self._stored = self._look(document)
        self._ids = dict.fromkeys(scene.inputs.values(), Standing.INPUT)
        self._ids |= dict.fromkeys(scene.results.values(), Standing.RESULT)

    def local(self, uri: str) -> str:
        """Give the local part of a URI, as the file has it."""
        return self._locals.get(uri, uri)

    def is_ours(self, uri: str) -> bool:
        """Tell whether a URI lies in the store's own namespace, where only the store mints."""
        return uri.startswith(self._scene.namespace)

    def put(self, uri: str, thing: Thing) -> None:
        """Remember what a name stands for."""
        self._new[uri] = thing

    def find(self, uri: str, sort: Sort, words: Iterable[str] = ()) -> Thing | None:
        """Give what a name stands for; ``words``: what else the file calls it, name and location.

        None: nothing that is known (in our own namespace: nothing that the job's owner may see).
        """
        if uri in self._new:
            return self._new[uri]
        job = self._scene.job
        if uri == job.node or (self.local(uri) == CURRENT_JOB and sort in _ACTIVITIES):
            return Thing(job.node, _JOB, Standing.JOB)
        if self.is_ours(uri):
            return self._known(NodeId(uri)) or self._stored.get(uri)
        return self._among(uri, words) if sort in _ENTITIES else None

    def _among(self, uri: str, words: Iterable[str]) -> Thing | None:
        """Look for an entity among results and inputs, by its own name, then by what it is called besides: a file."""
        scene = self._scene
        spelt = (self.local(uri), uri)
        found = [known[word] for known in (scene.results, scene.inputs) for word in spelt if word in known]
        found += [scene.files[word] for word in words if word in scene.files]
        return self._known(found[0]) if found else None

    def _known(self, node: NodeId) -> Thing | None:
        standing = self._ids.get(node)
        return None if standing is None else Thing(node, self._scene.labels.get(node, _DATASET), standing)

    def _look(self, document: ReadDocument) -> Mapping[str, Thing]:
        """Ask the store once for all that the file names in our own namespace."""
        named = (uri for one in document.statements for uri in (one.id, *one.arguments.values()))
        ours = [NodeId(uri) for uri in dict.fromkeys(named) if self.is_ours(uri)]
        found = self._scene.look(ours) if ours else ()
        return {node.id: Thing(node.id, node.labels, Standing.STORED) for node in found}


def short_names(uris: Iterable[str], locals_: Mapping[str, str]) -> dict[str, str]:
    """Give each name of the file a local part for our namespace: always the same, and no other name's.

    A plain name is its own; one with other characters, and one that occurs in two namespaces, gets a hash behind it.
    """
    plain = {uri: _UNSAFE.sub("_", locals_.get(uri, uri)).strip(".")[:_LONGEST] or "_" for uri in uris}
    counted = Counter(plain.values())
    return {
        uri: name
        if name == locals_.get(uri) and counted[name] == 1
        else f"{name}-{stable_local('', uri.removeprefix(BLANK))[:_HASH]}"
        for uri, name in plain.items()
    }
