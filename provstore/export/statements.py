"""A graph as a stream of PROV records: the one translation that all W3C formats share.

IVOA meaning travels in standard PROV, marked by `prov:type`; the W3C form leaves descriptions out and says of each
parameter that it was used. What only the whole graph can tell is kept until it is needed: the times of birth and death
of entities, and the plan of each activity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from provstore.export.document import Document, Model
from provstore.export.elements import Elements
from provstore.export.escapes import instant
from provstore.export.names import PROVSTORE, QNAME, VOPROV, XSD
from provstore.export.records import FORMALS, WITHOUT_ATTRIBUTES, Literal, Record
from provstore.export.vocabulary import DESCRIPTIONS, RELATIONS, ROLE, TYPE, Rule, rank
from provstore.graph.documents import only_follows
from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Relation

__all__ = ["ANSWER", "statements"]

ANSWER = f"{PROVSTORE}answer"
"""Id of the entity that tells what is missing in an answer."""

_ROLE_KEYS = {"wasAttributedTo": f"{VOPROV}role", "actedOnBehalfOf": f"{VOPROV}role"}
"""Where PROV-DM 5.7.2.3 knows no prov:role, and the schema of PROV-XML refuses it."""

_TIMED = {Kind.WAS_GENERATED_BY: "generated_at", Kind.WAS_INVALIDATED_BY: "invalidated_at"}


def statements(document: Document) -> Iterator[Record]:
    """Give the records of a document: elements first, then relations."""
    return _Translation(document).records()


class _Translation:
    """One pass over the nodes, one or two over the relations."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._ivoa = document.model is Model.IVOA
        self._voids: set[NodeId] = set()
        self._descriptions: set[NodeId] = set()
        self._activity_descriptions: set[NodeId] = set()
        self._config_files: set[NodeId] = set()
        self._names: dict[NodeId, str] = {}
        self._times: dict[Kind, dict[NodeId, datetime | str]] = {kind: {} for kind in _TIMED}
        self._plans: dict[NodeId, str] = {}
        self._associated: set[NodeId] = set()

    def records(self) -> Iterator[Record]:
        """Give everything, in order."""
        yield from self._answer()
        elements = Elements()
        for node in self._document.nodes():
            shape = elements.shape(node)
            if not shape.noticed or self._notice(node):
                yield from elements.of(node, shape)
        if self._activity_descriptions:
            self._find_plans()
        for relation in self._document.graph.relations():
            record = self._relation(relation)
            if record is not None:
                yield record
        yield from self._left_over()

    def _answer(self) -> Iterator[Record]:
        told: list[Literal] = [
            (PROVSTORE + name, "true", f"{XSD}boolean", None)
            for name in ("restricted", "truncated")
            if getattr(self._document, name)
        ]
        told = [*((f"{PROVSTORE}note", note, None, None) for note in self._document.notes), *told]
        if told:
            yield Record("entity", ANSWER, (), ((TYPE, f"{PROVSTORE}Answer", QNAME, None), *told))

    def _notice(self, node: Node) -> bool:
        """Remember what relations will need of a node; tell whether it is written."""
        node_id, labels, properties, _, _ = node
        for kind, name in _TIMED.items():
            time = properties.get(name)
            if isinstance(time, datetime) and Label.ENTITY in labels:
                self._times[kind][node_id] = time
        if Label.VOID in labels:
            self._voids.add(node_id)
        if Label.CONFIG_FILE in labels:
            self._config_files.add(node_id)
        if not self._ivoa and not labels.isdisjoint(_CONFIGURATION):
            self._names[node_id] = str(properties.get("name", ""))
        return self._notice_description(node_id, labels)

    def _notice_description(self, node_id: NodeId, labels: frozenset[Label]) -> bool:
        if labels.isdisjoint(DESCRIPTIONS):
            return True
        if not self._ivoa:
            self._descriptions.add(node_id)
        elif Label.ACTIVITY_DESCRIPTION in labels:
            self._activity_descriptions.add(node_id)
        return self._ivoa

    def _find_plans(self) -> None:
        for relation in self._document.graph.relations():
            if relation.kind is Kind.IS_DESCRIBED_BY and relation.target in self._activity_descriptions:
                self._plans[relation.source] = relation.target

    def _relation(self, relation: Relation) -> Record | None:
        _, kind, source, target, _, _, relation_id, _, _, bundle = relation
        rule = RELATIONS.get(kind)
        if rule is None or source in self._descriptions or target in self._descriptions or only_follows(relation):
            return None
        if rule.ivoa_only and not self._ivoa:
            return self._use_of_parameter(relation) if kind is Kind.WAS_CONFIGURED_BY else None
        record = rule.record
        formals = FORMALS[record]
        ends: tuple[str | None, ...] = (source, target)
        if self._voids:
            ends = (self._end(source), self._end(target))
        if len(formals) > 2:
            ends += (self._time(relation),) if formals[2] == "time" else self._further(relation, formals)
        if record in WITHOUT_ATTRIBUTES:
            return Record(record, None, ends, (), bundle)
        return Record(record, relation_id, ends, self._attributes(relation, rule, formals), bundle)

    def _attributes(self, relation: Relation, rule: Rule, formals: tuple[str, ...]) -> tuple[Literal, ...]:
        attributes = rule.types
        role, kind = relation.role, relation.kind
        if role is not None:
            attributes = ((_ROLE_KEYS.get(rule.record, ROLE), role, None, None), *attributes)
        if relation.attributes or relation.arguments or kind is Kind.WAS_CONFIGURED_BY:
            attributes = self._further_attributes(relation, attributes, formals)
        return attributes

    def _end(self, node: NodeId) -> str | None:
        return None if node in self._voids else node

    def _further(self, relation: Relation, formals: tuple[str, ...]) -> tuple[str | None, ...]:
        """Give the arguments behind the two ends."""
        return tuple(
            self._time(relation)
            if name == "time"
            else self._plan(relation)
            if name == "plan"
            else relation.arguments.get(name)
            for name in formals[2:]
        )

    def _time(self, relation: Relation) -> str | None:
        """Give a relation's time; where it has none, the one its entity knows, which is then told."""
        times = self._times.get(relation.kind)
        known = times.get(relation.source) if times and relation.bundle is None else None
        if times and known is not None:
            told = instant(known) if isinstance(known, datetime) else known
            times[relation.source] = told
            return told if relation.time is None else instant(relation.time)
        return None if relation.time is None else instant(relation.time)

    def _plan(self, relation: Relation) -> str | None:
        if relation.bundle is None and self._plans:
            self._associated.add(relation.source)
            return relation.arguments.get("plan") or self._plans.get(relation.source)
        return relation.arguments.get("plan")

    def _further_attributes(
        self, relation: Relation, attributes: tuple[Literal, ...], formals: tuple[str, ...]
    ) -> tuple[Literal, ...]:
        found: list[Literal] = [*attributes, *map(_plain, relation.attributes)]
        found += [(VOPROV + name, uri, QNAME, None) for name, uri in relation.arguments.items() if name not in formals]
        if relation.kind is Kind.WAS_CONFIGURED_BY:
            artefact = "ConfigFile" if relation.target in self._config_files else "Parameter"
            found.append((f"{VOPROV}artefactType", artefact, None, None))
        return tuple(sorted(dict.fromkeys(found), key=_by_rank))

    def _use_of_parameter(self, relation: Relation) -> Record:
        """Say in plain W3C words that a parameter or configuration file was used (its role is its name)."""
        name = relation.role or self._names.get(relation.target) or None
        role: tuple[Literal, ...] = () if name is None else ((ROLE, name, None, None),)
        setup: Literal = (f"{VOPROV}usageType", "Setup", None, None)
        ends = (self._end(relation.source), self._end(relation.target), None)
        return Record("used", relation.relation_id, ends, (*role, setup), relation.bundle)

    def _left_over(self) -> Iterator[Record]:
        """Say what no relation could carry: times of entities without maker, plans of activities without agent."""
        for kind, times in self._times.items():
            for entity, time in times.items():
                if isinstance(time, datetime):
                    yield Record(RELATIONS[kind].record, None, (entity, None, instant(time)))
        for activity, plan in self._plans.items():
            if activity not in self._associated:
                yield Record("wasAssociatedWith", None, (activity, None, plan))


_CONFIGURATION = frozenset({Label.PARAMETER, Label.CONFIG_FILE})


def _plain(attribute: Attribute) -> Literal:
    return (attribute.key, attribute.lexical, attribute.type or None, attribute.lang or None)


def _by_rank(attribute: Literal) -> tuple[int, str]:
    return rank(attribute[0])
