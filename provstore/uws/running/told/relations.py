"""Relations of a script's file, as relations of the graph: of its own it may say anything, to all else only relate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from provstore.errors import Invalid
from provstore.graph.documents import KINDS
from provstore.graph.model import PROV, VOPROV, Attribute, Kind, Label, NodeId, Relation
from provstore.graph.rules import check_ends
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Argument, Sort, Statement, instant_of
from provstore.ingest.problems import ReadDocument, shown
from provstore.uws.jobs import told_key
from provstore.uws.running.told.circles import circles
from provstore.uws.running.told.elements import Elements
from provstore.uws.running.told.scene import Generation, Remarks, Scene
from provstore.uws.running.told.things import OWN, Standing, Thing, Things, short_names
from provstore.uws.running.told.words import Words, words_of_relation

__all__ = ["Relations"]

_KINDS: Final = {name: kind for name, kind in KINDS.items() if kind is not Kind.MENTION_OF}
_OWN_TARGET: Final = frozenset({Kind.WAS_GENERATED_BY, Kind.WAS_INVALIDATED_BY, Kind.HAD_MEMBER, Kind.ALTERNATE_OF})
"""Kinds that say something of their target too: who made what, or a way that is walked from there."""
_NO_CIRCLE: Final = (Kind.WAS_DERIVED_FROM, Kind.SPECIALIZATION_OF)
_BARE: Final = frozenset({Kind.SPECIALIZATION_OF, Kind.ALTERNATE_OF, Kind.HAD_MEMBER})
"""Kinds without attributes."""
_LOCATED: Final = frozenset(
    {Kind.USED, Kind.WAS_GENERATED_BY, Kind.WAS_INVALIDATED_BY, Kind.WAS_STARTED_BY, Kind.WAS_ENDED_BY}
)
"""Kinds that have a location (PROV-DM 5.7.2.2)."""
_ROLED: Final = _LOCATED | {Kind.WAS_ASSOCIATED_WITH}
"""Kinds that have a role (PROV-DM 5.7.2.3)."""
_ROLED_BY_IVOA: Final = frozenset({Kind.WAS_ATTRIBUTED_TO, Kind.ACTED_ON_BEHALF_OF})
_UNFIT: Final = {f"{PROV}location": _LOCATED, f"{PROV}role": _ROLED}
"""Attributes of PROV that some kinds alone have."""
_MOMENTS: Final = {
    "wasGeneratedBy": "generated_at",
    "wasInvalidatedBy": "invalidated_at",
    "wasStartedBy": "started_at",
    "wasEndedBy": "ended_at",
}
"""Statements of which the time is also a property of what they speak of."""
_OF_THE_SERVER: Final = frozenset({Kind.WAS_STARTED_BY, Kind.WAS_ENDED_BY})
"""Kinds of which the server knows the time, where they speak of the job."""
_JOINING: Final = frozenset({Kind.WAS_INFORMED_BY, Kind.WAS_STARTED_BY, Kind.WAS_INFLUENCED_BY})
"""Kinds by which a script itself says how a step belongs to the job."""
_SOFTWARE, _SOFTWARE_ROLE = "SoftwareAgent", "Software"
_NAMED: Final = 5


class _RefusedError(Exception):
    """A relation can't be taken; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """A statement whose ends are found. ``further``: its arguments behind them."""

    statement: Statement
    kind: Kind
    source: Thing
    target: Thing
    further: Sequence[Argument]
    at: datetime | None
    words: Words


class _Draft(NamedTuple):
    """A relation that is taken, and where it was said."""

    relation: Relation
    place: str


class Relations:
    """Makes relations of statements, once all elements are known.

    ``generations``: what is added to the generation of a result by its job, which is written anyway.
    """

    def __init__(self, scene: Scene, things: Things, remarks: Remarks, elements: Elements) -> None:
        self.generations: dict[NodeId, Generation] = {}
        self._scene = scene
        self._things = things
        self._remarks = remarks
        self._nodes = elements.nodes
        self._drafts: list[_Draft] = []
        self._ids: dict[str, str] = {}

    def take(self, document: ReadDocument, statements: Sequence[Statement]) -> tuple[Relation, ...]:
        """Take all relations of the file; give those that are to be written."""
        self._ids = self._relation_ids(statements, document.locals)
        for number, one in enumerate(statements):
            if one.kind in ELEMENTS:
                continue
            try:
                self._take(one, told_key(self._scene.job.id, number))
            except _RefusedError as error:
                self._remarks.tell(one.place, str(error))
            except Invalid as error:
                self._remarks.tell(one.place, error.message)
        self._refuse_circles()
        relations = tuple(self._with_known_ids())
        return (*relations, *self._joins(relations, len(statements)))

    def _relation_ids(self, statements: Iterable[Statement], locals_: Mapping[str, str]) -> dict[str, str]:
        """Mint the ids of relations: of those that have one, and of blank ones that others refer to.

        The id is this job's own: each run of a script says the same names, and means other relations.
        """
        held = [one for one in statements if one.kind not in ELEMENTS]
        referred = {one.arguments.get(name, "") for one in held for name in ("generation", "usage")}
        named = [one.id for one in held if one.id in referred or not one.id.startswith(BLANK)]
        names = short_names(dict.fromkeys(named), locals_)
        return {uri: self._scene.namespace + self._scene.local("r", name) for uri, name in names.items()}

    def _take(self, statement: Statement, key: str) -> None:
        saying = self._saying(statement)
        if saying is None:
            return
        _check(saying)
        relation = self._relation(saying, key)
        check_ends(relation, saying.source.labels, saying.target.labels)
        self._remarks.tell_refused(statement.place, saying.words.refused)
        if not self._is_said(relation, saying):
            arguments = dict(self._arguments(saying))
            self._drafts.append(_Draft(relation._replace(arguments=arguments), statement.place))

    def _saying(self, statement: Statement) -> _Saying | None:
        """Find the ends of a statement; None for one that only tells the time of something new."""
        kind = _KINDS.get(statement.kind)
        if kind is None:
            raise _RefusedError("what mentions bundles is not taken")
        first, second, *further = ARGUMENTS[statement.kind]
        source = self._end(statement, first)
        at = instant_of(statement.arguments.get("time", ""))
        has_moment = self._note_moment(statement, source, at)
        if second.name not in statement.arguments:
            if statement.kind == "wasStartedBy" and "starter" in statement.arguments:
                kind, second, further = Kind.WAS_INFORMED_BY, further[0], []
            elif has_moment:
                return None
        return _Saying(
            statement=statement,
            kind=kind,
            source=source,
            target=self._end(statement, second),
            further=[one for one in further if one.sort is not Sort.TIME],
            at=at,
            words=words_of_relation(statement.attributes, namespace=self._scene.namespace),
        )

    def _end(self, statement: Statement, argument: Argument) -> Thing:
        uri = statement.arguments.get(argument.name)
        if uri is None:
            raise _RefusedError(f"prov:{argument.name} is missing: nothing can be related to nothing")
        thing = self._things.find(uri, argument.sort)
        if thing is None:
            raise _RefusedError(self._unknown(argument, uri))
        return thing

    def _unknown(self, argument: Argument, uri: str) -> str:
        reason = "there is nothing of this id that the job's owner may see" if self._things.is_ours(uri) else ""
        name = shown(self._things.local(uri))
        return f"prov:{argument.name} {name!r}: {reason or 'it is declared nowhere, and no name of this job'}"

    def _note_moment(self, statement: Statement, source: Thing, at: datetime | None) -> bool:
        """Keep the time of a beginning or end of something new with the thing itself; tell whether it was one."""
        name, node = _MOMENTS.get(statement.kind), self._nodes.get(source.node)
        if not (name and at and node):
            return False
        self._nodes[node.id] = node._replace(properties={name: at, **node.properties})
        return True

    def _relation(self, saying: _Saying, key: str) -> Relation:
        words, kind = saying.words, saying.kind
        attributes, role = _attributes(words, kind)
        if kind is Kind.WAS_ASSOCIATED_WITH and not role and self._is_software(saying.target):
            role = _SOFTWARE_ROLE
        at = saying.at
        if at and saying.source.standing is Standing.JOB and kind in _OF_THE_SERVER:
            words.refused.append("prov:time")
            at = None
        return Relation(
            key,
            kind,
            saying.source.node,
            saying.target.node,
            role,
            at,
            self._ids.get(saying.statement.id),
            attributes=attributes,
        )

    def _is_software(self, agent: Thing) -> bool:
        node = self._nodes.get(agent.node)
        return agent.standing is Standing.SHARED or (node is not None and node.properties.get("type") == _SOFTWARE)

    def _is_said(self, relation: Relation, saying: _Saying) -> bool:
        """Tell whether the job's own record says this already: its uses of inputs, and how its results came to be."""
        ends = (saying.kind, saying.source.standing, saying.target.standing)
        if ends == (Kind.USED, Standing.JOB, Standing.INPUT):
            return not (relation.role or relation.time or relation.relation_id or relation.attributes)
        if ends != (Kind.WAS_GENERATED_BY, Standing.RESULT, Standing.JOB):
            return False
        given = {"prov:role": relation.role, "prov:time": relation.time}
        self._remarks.tell_refused(saying.statement.place, (name for name, value in given.items() if value))
        before = self.generations.get(relation.source, Generation())
        self.generations[relation.source] = Generation(
            relation_id=before.relation_id or relation.relation_id,
            attributes=tuple(dict.fromkeys((*before.attributes, *relation.attributes))),
        )
        return True

    def _arguments(self, saying: _Saying) -> Iterator[tuple[str, str]]:
        for argument in saying.further:
            uri = saying.statement.arguments.get(argument.name)
            if uri is None:
                continue
            thing = None if argument.sort is Sort.RELATION else self._things.find(uri, argument.sort)
            found = self._ids.get(uri) if argument.sort is Sort.RELATION else thing and thing.node
            if found:
                yield argument.name, found
            else:
                self._remarks.tell(saying.statement.place, f"{self._unknown(argument, uri)}; it was left out")

    def _refuse_circles(self) -> None:
        """Leave out each relation that is part of a circle: which one of them is wrong, nobody can know."""
        for kind in _NO_CIRCLE:
            here = [one for one in self._drafts if one.relation.kind is kind]
            found = circles((one.relation.source, one.relation.target) for one in here)
            group_of = {node: group for group in found for node in group}
            for group in found:
                names = ", ".join(sorted(node.removeprefix(self._scene.namespace) for node in group)[:_NAMED])
                place = next(one.place for one in here if one.relation.source in group)
                self._remarks.tell(place, f"{kind} goes in a circle, and none of it was taken: {names}")
            self._drafts = [one for one in self._drafts if not _is_in_circle(one.relation, kind, group_of)]

    def _with_known_ids(self) -> Iterator[Relation]:
        """Give the relations, each once; a reference to a relation that was not taken is left out."""
        known: set[str | None] = {one.relation.relation_id for one in self._drafts}
        known |= {one.relation_id for one in self.generations.values()}
        minted = set(self._ids.values())
        given: set[tuple[object, ...]] = set()
        for relation, place in self._drafts:
            lost = {name for name, uri in relation.arguments.items() if uri in minted and uri not in known}
            for name in sorted(lost):
                self._remarks.tell(place, f"prov:{name}: that relation was not taken; it was left out")
            arguments = {name: uri for name, uri in relation.arguments.items() if name not in lost}
            words = (*relation[1:7], *sorted(arguments.items()), *relation.attributes)
            if words not in given:
                given.add(words)
                yield relation._replace(arguments=arguments)

    def _joins(self, relations: Iterable[Relation], number: int) -> Iterator[Relation]:
        """Say of each step inside the job that the job led to it, unless the script says how they belong together."""
        job = self._scene.job.node
        joined = {
            end
            for one in relations
            if one.kind in _JOINING
            for end in (one.source, one.target)
            if job in {one.source, one.target, one.arguments.get("starter")}
        }
        steps = [node for node in self._nodes.values() if Label.ACTIVITY in node.labels and node.id not in joined]
        for place, step in enumerate(steps, start=number):
            yield Relation(told_key(self._scene.job.id, place), Kind.WAS_INFORMED_BY, step.id, job)


def _attributes(words: Words, kind: Kind) -> tuple[tuple[Attribute, ...], str | None]:
    """Give the attributes and the role that a kind of relation may have; the others are refused."""
    role = words.role
    kept = [one for one in words.kept if kind not in _BARE and kind in _UNFIT.get(one.key, {kind})]
    words.refused += [one.key for one in words.kept if one not in kept]
    if role is None or kind in _ROLED | _ROLED_BY_IVOA:
        return tuple(kept), role
    if kind in _BARE:
        words.refused.append(f"{PROV}role")
        return (), None
    return (*kept, Attribute(f"{VOPROV}role", role)), None


def _check(saying: _Saying) -> None:
    """Refuse what a script may not say, whatever the classes of its ends.

    Raises:
        _RefusedError: with the reason.
    """
    source, target = saying.source, saying.target
    if source.node == target.node:
        raise _RefusedError("it relates a thing to itself")
    if source.standing not in OWN:
        raise _RefusedError(
            f"it speaks of what is {source.standing}; a script may relate to that, and say nothing of it"
        )
    if saying.kind in _OWN_TARGET and target.standing not in OWN:
        raise _RefusedError(f"it would change what is known of something that is {target.standing}")
    if saying.kind is Kind.WAS_INVALIDATED_BY and source.standing is Standing.RESULT:
        raise _RefusedError("a result of the job is there, and not invalidated")


def _is_in_circle(relation: Relation, kind: Kind, group_of: Mapping[str, Collection[str]]) -> bool:
    return relation.kind is kind and relation.target in group_of.get(relation.source, ())
