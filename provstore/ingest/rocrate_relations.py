"""How the entries of a run crate hang together, in the words of PROV and IVOA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from provstore.graph.model import PROV, QNAME, VOPROV, Attribute
from provstore.graph.statements import Statement
from provstore.ingest.rocrate_roles import AGENT_ROLES, ENVIRONMENT, MEMBERS, OBJECTS, Roles
from provstore.ingest.rocrate_terms import BIOSCHEMAS, SCHEMA
from provstore.ingest.rocrate_things import Thing

__all__ = ["crate_relations"]

_RESULT: Final = f"{SCHEMA}result"
_INSTRUMENT: Final = f"{SCHEMA}instrument"
_AGENT: Final = f"{SCHEMA}agent"
_EXAMPLE: Final = f"{SCHEMA}exampleOfWork"
_WORK: Final = f"{SCHEMA}workExample"
_BASED_ON: Final = f"{SCHEMA}isBasedOn"
_INPUT: Final = f"{BIOSCHEMAS}properties/input"
_OUTPUT: Final = f"{BIOSCHEMAS}properties/output"


def crate_relations(things: Mapping[str, Thing], roles: Roles) -> Iterator[Statement]:
    """Give the relations of all entries."""
    crate = _Crate(things, roles)
    for thing in things.values():
        yield from crate.run(thing) if thing.id in roles.actions else crate.kept(thing)


class _Crate:
    """The entries of a crate, and in whose place each stood."""

    def __init__(self, things: Mapping[str, Thing], roles: Roles) -> None:
        self._things = things
        self._roles = roles
        self._formals = _formals(things, roles)

    def run(self, action: Thing) -> Iterator[Statement]:
        """Say what was used, made and configured, by whom, and after which plan."""
        plans = action.references(_INSTRUMENT)
        yield from _associations(action, plans)
        yield from (_influence(action, action.id, plan, "DescriptionRelation") for plan in plans)
        for used in action.references(*OBJECTS):
            yield self._taken(action, used, plans)
        for parameter in action.references(*ENVIRONMENT):
            if parameter in self._roles.parameters:
                yield _configured(action, parameter)
        for made in action.references(_RESULT):
            yield self._made(action, made, plans)

    def kept(self, thing: Thing) -> Iterator[Statement]:
        """Say by what a thing is described, to whom it is attributed, what belongs to it and what it comes from."""
        for formal in self._formals.get(thing.id, ()):
            yield _influence(thing, thing.id, formal, "DescriptionRelation")
        for formal in thing.references(_INPUT, _OUTPUT):
            if formal in self._roles.formals:
                yield _influence(thing, formal, thing.id, "RelatedToRelation")
        if thing.id not in self._roles.agents:
            yield from self._attributed(thing)
            yield from self._derived(thing)

    def _taken(self, action: Thing, used: str, plans: list[str]) -> Statement:
        if used in self._roles.actions:
            return _started(action, used)
        if used in self._roles.parameters:
            return _configured(action, used)
        ends = {"activity": action.id, "entity": used}
        return Statement("used", "", ends, self._role(used, plans, _INPUT), place=action.place)

    def _made(self, action: Thing, made: str, plans: list[str]) -> Statement:
        if made in self._roles.actions:
            return _started(action, made)
        ends = {"entity": made, "activity": action.id}
        return Statement("wasGeneratedBy", "", ends, self._role(made, plans, _OUTPUT), place=action.place)

    def _role(self, thing: str, plans: list[str], key: str) -> tuple[Attribute, ...]:
        """Give the name of the formal parameter in whose place a thing stood, where only one can be meant."""
        meant = self._formals.get(thing, [])
        if len(meant) > 1:
            known = [self._things[plan] for plan in plans if plan in self._things]
            own = {formal for plan in known for formal in plan.references(key)}
            meant = [formal for formal in meant if formal in own]
        return (Attribute(f"{PROV}role", self._roles.name(meant[0])),) if len(meant) == 1 else ()

    def _attributed(self, thing: Thing) -> Iterator[Statement]:
        for key, role in AGENT_ROLES.items():
            for agent in thing.references(key):
                if agent in self._roles.agents:
                    named = (Attribute(f"{VOPROV}role", role),)
                    ends = {"entity": thing.id, "agent": agent}
                    yield Statement("wasAttributedTo", "", ends, named, place=thing.place)

    def _derived(self, thing: Thing) -> Iterator[Statement]:
        members = thing.references(*MEMBERS) if thing.id in self._roles.collections else []
        for member in members:
            if member not in self._roles.actions:
                yield Statement("hadMember", "", {"collection": thing.id, "entity": member}, place=thing.place)
        for source in thing.references(_BASED_ON):
            if source not in self._roles.actions:
                ends = {"generatedEntity": thing.id, "usedEntity": source}
                yield Statement("wasDerivedFrom", "", ends, place=thing.place)


def _formals(things: Mapping[str, Thing], roles: Roles) -> dict[str, list[str]]:
    """Give thing -> the formal parameters that it is an example of, whichever of the two says so."""
    found: dict[str, dict[str, None]] = {}
    for thing in things.values():
        for formal in thing.references(_EXAMPLE):
            if formal in roles.formals:
                found.setdefault(thing.id, {})[formal] = None
        if thing.id in roles.formals:
            for example in thing.references(_WORK):
                found.setdefault(example, {})[thing.id] = None
    return {thing: [*several] for thing, several in found.items()}


def _associations(action: Thing, plans: list[str]) -> Iterator[Statement]:
    agents = action.references(_AGENT)
    for agent in agents:
        ends = {"activity": action.id, "agent": agent, **({"plan": plans[0]} if plans else {})}
        yield Statement("wasAssociatedWith", "", ends, place=action.place)
    for plan in plans[1:] if agents else plans:
        yield Statement("wasAssociatedWith", "", {"activity": action.id, "plan": plan}, place=action.place)


def _configured(action: Thing, parameter: str) -> Statement:
    artefact = Attribute(f"{VOPROV}artefactType", "Parameter")
    return _influence(action, action.id, parameter, "ConfigurationRelation", artefact)


def _started(action: Thing, other: str) -> Statement:
    """Say that an action (of an engine, of a step) set off another, as in Provenance Run Crate."""
    return Statement("wasStartedBy", "", {"activity": other, "starter": action.id}, place=action.place)


def _influence(thing: Thing, effect: str, cause: str, mark: str, *more: Attribute) -> Statement:
    marked = (Attribute(f"{PROV}type", VOPROV + mark, QNAME), *more)
    return Statement("wasInfluencedBy", "", {"influencee": effect, "influencer": cause}, marked, place=thing.place)
