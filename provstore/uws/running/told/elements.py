"""Entities, activities and agents of a script's file: recognised as what is there, or made new nodes of the job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from provstore.graph.model import PROV, Attribute, Label, Node, NodeId, Value
from provstore.graph.statements import BLANK, ELEMENTS, Sort, Statement, instant_of
from provstore.graph.store import Change, Upsert
from provstore.ingest.problems import ReadDocument
from provstore.uws.agents import software
from provstore.uws.jobs import BROUGHT_BY
from provstore.uws.running.told.scene import CURRENT_JOB, UNQUALIFIED, Remarks, Scene
from provstore.uws.running.told.things import OWN, Standing, Thing, Things, short_names
from provstore.uws.running.told.words import Words, words_of

__all__ = ["Elements"]

_PREFIXES: Final = {"entity": "e", "activity": "j", "agent": "a"}
"""How ids of a class begin (DESIGN section 3)."""
_LABELS: Final = {
    "entity": frozenset({Label.ENTITY}),
    "activity": frozenset({Label.ACTIVITY}),
    "agent": frozenset({Label.AGENT}),
}
_SOFTWARE: Final = "SoftwareAgent"
_TIMES: Final = {"startTime": "started_at", "endTime": "ended_at"}
_LOCATION: Final = f"{PROV}location"


@dataclass(slots=True)
class _Telling:
    """All that the file says of one name, by one or more records."""

    kind: str
    uri: str
    place: str
    version: str = ""
    times: dict[str, datetime] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)


class Elements:
    """Makes nodes of what is new, and keeps what is said of the job and its results.

    ``words``: further attributes of the job and its results. ``nodes``: what is new, by id; relations may still add
    the time of an event to its properties.
    """

    def __init__(self, scene: Scene, things: Things, remarks: Remarks) -> None:
        self.words: dict[NodeId, tuple[Attribute, ...]] = {}
        self.nodes: dict[NodeId, Node] = {}
        self._scene = scene
        self._things = things
        self._remarks = remarks
        self._software: dict[NodeId, tuple[Node, str]] = {}

    def take(self, document: ReadDocument, statements: Iterable[Statement]) -> None:
        """Take all elements of the file."""
        held = list(statements)
        delegates = {one.arguments.get("delegate") for one in held if one.kind == "actedOnBehalfOf"}
        delegates |= {one.arguments.get("influencee") for one in held if one.kind == "wasInfluencedBy"}
        tellings = self._tellings(held)
        names = short_names((one.uri for one in tellings), document.locals)
        for one in tellings:
            words = words_of(one.attributes, namespace=self._scene.namespace)
            known = self._things.find(one.uri, Sort(one.kind), [*words.locations, *words.names])
            if known is not None:
                self._meet(one, words, known)
            elif self._things.is_ours(one.uri):
                self._remarks.tell(one.place, "there is nothing of this id that the job's owner may see")
            elif self._things.local(one.uri) == CURRENT_JOB:
                self._remarks.tell(one.place, f"{CURRENT_JOB} is an activity, and no {one.kind}")
            else:
                self._make(one, words, names[one.uri], is_delegate=one.uri in delegates)

    def changes(self, referred: Iterable[NodeId]) -> Iterator[Change]:
        """Give what is to be written of nodes; of software that all jobs share only what is referred to."""
        wanted = set(referred)
        for node in self.nodes.values():
            yield Upsert(node)
        for node, place in self._software.values():
            if node.id in wanted:
                yield Upsert(node)
            else:
                self._remarks.tell(place, "nothing refers to it; it was not taken")

    def _tellings(self, statements: Iterable[Statement]) -> list[_Telling]:
        """Bring together what is said of one name; it has one class only."""
        found: dict[str, _Telling] = {}
        for one in statements:
            if one.kind not in ELEMENTS:
                continue
            telling = found.setdefault(one.id, _Telling(one.kind, one.id, one.place))
            if telling.kind != one.kind:
                self._remarks.tell(one.place, f"it is an {telling.kind} already, and can't be an {one.kind} as well")
                continue
            self._read(telling, one.attributes)
            for name, property_name in _TIMES.items():
                at = instant_of(one.arguments.get(name, ""))
                if at is not None:
                    telling.times.setdefault(property_name, at)
        return list(found.values())

    def _read(self, telling: _Telling, attributes: Iterable[Attribute]) -> None:
        """Sort out the version of an agent, which goes by several names."""
        for one in attributes:
            if telling.kind == "agent" and not telling.version and self._things.local(one.key) == "version":
                telling.version = one.lexical
            else:
                telling.attributes.append(one)

    def _meet(self, telling: _Telling, words: Words, known: Thing) -> None:
        """Take what may be said of a thing that is there: further attributes of the job and its results."""
        self._things.put(telling.uri, known)
        refused = list(words.refused)
        kept = [one for one in words.kept if one.key != _LOCATION and not one.key.startswith(PROV)]
        kept += [one for one in words.kept if one.key == f"{PROV}type"]
        if known.standing in OWN:
            self.words[known.node] = tuple(dict.fromkeys((*self.words.get(known.node, ()), *kept)))
        else:
            refused += [one.key for one in kept]
        if words.value is not None:
            refused.append(words.value.key)
        refused += [f"prov:{name}" for name, property_name in _TIMES.items() if property_name in telling.times]
        self._remarks.tell_refused(telling.place, refused)

    def _make(self, telling: _Telling, words: Words, name: str, *, is_delegate: bool) -> None:
        if telling.kind == "agent" and not is_delegate and words.agent_type in {"", _SOFTWARE}:
            self._share(telling, words)
            return
        node = self._node(telling, words, name)
        if telling.kind != "entity" and words.value is not None:
            words.refused.append(words.value.key)
        self._remarks.tell_refused(telling.place, words.refused)
        self.nodes[node.id] = node
        self._things.put(telling.uri, Thing(node.id, node.labels, Standing.NEW))

    def _node(self, telling: _Telling, words: Words, name: str) -> Node:
        properties: dict[str, Value] = {
            "name": self._name(telling, words),
            BROUGHT_BY: self._scene.job.id,
            **telling.times,
        }
        if not telling.uri.startswith((UNQUALIFIED, BLANK)):
            properties["uri"] = telling.uri
        labels = _LABELS[telling.kind]
        kept = tuple(words.kept)
        if telling.kind == "agent":
            properties["type"] = words.agent_type or _SOFTWARE
            properties |= {"version": telling.version} if telling.version else {}
        if telling.kind == "entity":
            labels |= words.labels
            if words.value is not None:
                labels |= {Label.VALUE}
                kept = (*kept, words.value)
        local = self._scene.local(_PREFIXES[telling.kind], name)
        node = NodeId(self._scene.namespace + local)
        return Node(node, labels, properties, kept, readers=self._scene.job.readers)

    def _name(self, telling: _Telling, words: Words) -> str:
        return next(iter(words.names), self._things.local(telling.uri) or telling.uri)

    def _share(self, telling: _Telling, words: Words) -> None:
        """Software is one agent for all jobs: its name and version are all that a script may say of it."""
        node = software(self._scene.namespace, self._name(telling, words), telling.version)
        self._software.setdefault(node.id, (node, telling.place))
        self._things.put(telling.uri, Thing(node.id, node.labels, Standing.SHARED))
        self._remarks.tell_refused(telling.place, [*(one.key for one in words.kept), *words.refused])
