"""RO-Crate 1.1 metadata after the profile Process Run Crate 0.5: jobs as actions of schema.org."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.escapes import encode, instant
from provstore.export.iris import is_iri, legal
from provstore.export.names import Namespaces
from provstore.export.records import BUNDLE, Record
from provstore.export.rocrate_entities import (
    FORMAL,
    Entity,
    agent,
    data,
    formal_parameter,
    identifier_of_person,
    is_a,
    present,
    reference,
    software,
)
from provstore.export.rocrate_things import Link, Thing, Things
from provstore.export.statements import statements
from provstore.graph.model import now

__all__ = ["METADATA", "Crate", "crate_of", "write", "write_records"]

METADATA: Final = "ro-crate-metadata.json"
_CRATE: Final = "https://w3id.org/ro/crate/1.1"
_PROCESS: Final = "https://w3id.org/ro/wfrun/process/0.5"
_CONTEXT: Final = (f"{_CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context")
_LICENCE: Final = "#no-licence"
_STATUS: Final = {
    **dict.fromkeys(("PENDING", "QUEUED", "HELD"), "PotentialActionStatus"),
    **dict.fromkeys(("EXECUTING", "SUSPENDED"), "ActiveActionStatus"),
    "COMPLETED": "CompletedActionStatus",
    **dict.fromkeys(("ERROR", "ABORTED"), "FailedActionStatus"),
}
_TIES: Final = (
    ("wasDerivedFrom", "isBasedOn", ""),
    ("hadMember", "hasPart", ""),
    ("wasAttributedTo", "author", ""),
    ("actedOnBehalfOf", "affiliation", "Person"),
)
"""Kind of relation -> property of its first end, which must be of this type ("": any)."""

_DESCRIPTIONS: Final = frozenset({*FORMAL, "ActivityDescription", "EntityDescription"})
_SOFTWARE: Final = frozenset({"ActivityDescription", "Plan", "SoftwareAgent", "SoftwareApplication"})
_FILES: Final = ("size", "contentSize", "sha256", "location", "contentType", "encodingFormat")


def write(document: Document, out: BinaryIO) -> None:
    """Write the metadata document of a crate without files of its own: they are named by their addresses."""
    crate_of(document).write(out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write the metadata document for any stream of records; bundles are taken together."""
    told = (record for record in records if record.kind != BUNDLE)
    Crate(Things(told), title="Provenance", own=namespaces.main).write(out)


def crate_of(document: Document) -> Crate:
    """Gather a document for a crate. Holds it in memory: a crate has each thing in one place."""
    things = Things(statements(document))
    return Crate(things, title=document.title or "Provenance", own=document.own_namespace, site=document.site)


class Crate:
    """A crate in the making.

    Args:
        things: What it is about.
        title: Name of the whole.
        own: The store's namespace.
        site: Address of the server, where its files are ("" for none).
    """

    def __init__(self, things: Things, *, title: str, own: str = "", site: str = "") -> None:
        self._things = things
        self._title = title
        self._own = own
        self._site = site.rstrip("/")
        self._activities = [one for one in things.all.values() if "activity" in one.kinds]
        self._tools_known = {tool for one in self._activities for tool in things.tools(one.id)}
        self._paths: dict[str, str] = {}
        self._graph: dict[str, Entity] = {}

    def files(self) -> list[Thing]:
        """Give what would be a file of the crate, by id."""
        return sorted((one for one in self._things.all.values() if self._is_file(one)), key=lambda one: one.id)

    def pack(self, paths: Mapping[str, str]) -> None:
        """Tell which files lie in the crate: id -> path from its root."""
        self._paths = dict(paths)

    def write(self, out: BinaryIO) -> None:
        """Write the metadata document."""
        whole = {"@context": [*_CONTEXT], "@graph": self._entities()}
        out.write(encode(json.dumps(whole, ensure_ascii=False, indent=1) + "\n"))

    def _entities(self) -> list[Entity]:
        things = self._things.all.values()
        self._graph = {}
        for thing in things:
            for entity in self._of(thing):
                self._graph.setdefault(str(entity["@id"]), entity)
        actions = [self._action(thing) for thing in self._activities]
        for kind, key, source_type in _TIES:
            self._tie(kind, key, source_type)
        self._tie_to_software()
        self._graph |= {str(one["@id"]): one for one in actions}
        return [*self._head(actions), *self._graph.values()]

    def _head(self, actions: list[Entity]) -> list[Entity]:
        files = [one for one, entity in self._graph.items() if is_a(entity, "File")]
        mentioned = [str(one["@id"]) for one in actions]
        mentioned += [one for one, entity in self._graph.items() if is_a(entity, "Collection")]
        organizations = [one for one, entity in self._graph.items() if is_a(entity, "Organization")]
        told = " ".join([f"{len(actions)} run(s), with what they used and made.", *self._things.notes])
        times = [time for thing in self._things.all.values() for time in (thing.ended, thing.started) if time]
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "name": self._title,
            "description": told,
            "datePublished": max(times, default=instant(now())),
            "license": reference(_LICENCE),
            "conformsTo": reference(_PROCESS),
            "hasPart": _one_or_more(files),
            "mentions": _one_or_more(mentioned),
            "author": _one_or_more(
                [*dict.fromkeys(one for action in self._activities for one in self._people(action))]
            ),
            "publisher": reference(organizations[0]) if organizations else None,
        }
        about = {"conformsTo": reference(_CRATE), "about": reference("./")}
        unknown = "Nobody has stated a licence: ask those who made these files before you use them."
        return [
            {"@id": METADATA, "@type": "CreativeWork", **about},
            present(root),
            {"@id": _PROCESS, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            {"@id": _LICENCE, "@type": "CreativeWork", "name": "No licence stated", "description": unknown},
        ]

    def _is_file(self, thing: Thing) -> bool:
        if "entity" not in thing.kinds or thing.id in self._tools_known:
            return False
        if not thing.types.isdisjoint({*_DESCRIPTIONS, "Parameter", "Collection"}):
            return False
        return not thing.types.isdisjoint({"DatasetEntity", "ConfigFile", "File"}) or bool(thing.fact(*_FILES))

    def _of(self, thing: Thing) -> list[Entity]:
        """Give the entities of a thing that is no activity."""
        entity_id = self._id(thing.id)
        if "agent" in thing.kinds:
            return [agent(thing, entity_id)]
        if thing.id in self._tools_known or ("entity" in thing.kinds and not thing.types.isdisjoint(_SOFTWARE)):
            return [software(thing, entity_id, page=self._page(thing.id))]
        if "entity" not in thing.kinds or "EntityDescription" in thing.types:
            return []
        if not thing.types.isdisjoint(FORMAL):
            return [formal_parameter(thing, entity_id)]
        return [data(thing, entity_id, is_file=self._is_file(thing))]

    def _id(self, thing_id: str) -> str:
        """Give the id of a thing in the crate: its path, ORCID, address on this server, or its own URI."""
        if thing_id in self._paths:
            return self._paths[thing_id]
        thing = self._things.all.get(thing_id)
        person = identifier_of_person(thing) if thing and "agent" in thing.kinds else ""
        if person:
            return person
        if thing and self._site and self._own and thing_id.startswith(self._own) and self._is_file(thing):
            return legal(f"{self._site}/store/{thing_id[len(self._own) :]}")
        return thing_id if is_iri(thing_id) else f"#{legal(thing_id)}"

    def _page(self, thing_id: str) -> str:
        known = self._site and self._own and thing_id.startswith(self._own)
        return legal(f"{self._site}/id/{thing_id[len(self._own) :]}") if known else ""

    def _action(self, thing: Thing) -> Entity:
        things = self._things
        used, made = things.ties("used", thing.id), things.ties("wasGeneratedBy", thing.id)
        tools = self._tools(thing)
        names = [str(self._graph[tool].get("name", tool)) for tool in tools]
        status = _STATUS.get(thing.fact("phase"), "")
        action: Entity = {
            "@id": self._id(thing.id),
            "@type": "CreateAction",
            "name": thing.fact("label", "name") or thing.id,
            "description": thing.fact("comment", "description") or f"A run of {', '.join(names)}",
            "instrument": _one_or_more(tools),
            "agent": _one_or_more(self._people(thing)),
            "object": _one_or_more([*dict.fromkeys(self._id(link.target) for link in used if link.target)]),
            "result": _one_or_more([*dict.fromkeys(self._id(link.target) for link in made if link.target)]),
            "startTime": _time(thing.started),
            "endTime": _time(thing.ended),
            "actionStatus": f"http://schema.org/{status}" if status else None,
            "error": thing.fact("errorMessage", "error") if status == "FailedActionStatus" else None,
        }
        self._name_examples(tools, {"input": used, "output": made})
        for link in (*used, *made):
            self._add_stub(link.target)
        return present(action)

    def _tools(self, thing: Thing) -> list[str]:
        """Find what did the work: description or plan, else software agents, else something with a name at least."""
        associated = self._things.ties("wasAssociatedWith", thing.id)
        found = [one for one in self._things.tools(thing.id) if one in self._things.all]
        agents = [link.target for link in associated if "SoftwareAgent" in self._types(link.target)]
        tools = [*dict.fromkeys(self._id(one) for one in found or agents)]
        if not tools:
            name = thing.fact("service", "label", "name") or thing.id
            unknown = f"{self._id(thing.id)}-software"
            self._graph[unknown] = {"@id": unknown, "@type": "SoftwareApplication", "name": name}
            tools = [unknown]
        return tools

    def _people(self, thing: Thing) -> list[str]:
        associated = [link.target for link in self._things.ties("wasAssociatedWith", thing.id) if link.target]
        people = [one for one in associated if one in self._things.all and "SoftwareAgent" not in self._types(one)]
        return [*dict.fromkeys(self._id(one) for one in people)]

    def _types(self, thing_id: str) -> set[str]:
        thing = self._things.all.get(thing_id)
        return thing.types if thing else set()

    def _add_stub(self, thing_id: str) -> None:
        """Describe what is used or made and nowhere described: nothing in a crate may lead to nowhere."""
        entity_id = self._id(thing_id)
        if thing_id and thing_id not in self._things.all:
            self._graph.setdefault(entity_id, {"@id": entity_id, "@type": "CreativeWork", "name": thing_id})

    def _name_examples(self, tools: list[str], links: Mapping[str, list[Link]]) -> None:
        """Join files to the formal parameters of their roles, parameters to those that describe them."""
        declared = {
            (way, self._things.all[one].fact("role")): self._id(one)
            for one, ties in self._things.kind_of_ties("related").items()
            for link in ties
            if self._id(link.target) in tools and (way := self._way(one))
        }
        for way, found in links.items():
            for link in found:
                described = [self._id(one.target) for one in self._things.ties("described", link.target)]
                formal = [one for one in described if self._graph.get(one, {}).get("@type") == "FormalParameter"]
                by_role = declared.get((way, link.role)) if link.role else None
                self._join(link.target, "exampleOfWork", formal or ([by_role] if by_role else []))

    def _way(self, thing_id: str) -> str:
        return next((way for name, way in FORMAL.items() if name in self._types(thing_id)), "")

    def _join(self, source: str, key: str, targets: Iterable[str]) -> None:
        entity = self._graph.get(self._id(source))
        if entity is not None:
            known = [str(one["@id"]) for one in _listed(entity.get(key, []))]
            joined = _one_or_more([*dict.fromkeys([*known, *targets])])
            if joined is not None:
                entity[key] = joined

    def _tie(self, kind: str, key: str, source_type: str) -> None:
        for source, links in self._things.kind_of_ties(kind).items():
            entity = self._graph.get(self._id(source), {"@type": ""})
            if source_type and not is_a(entity, source_type):
                continue
            self._join(source, key, [one for link in links if (one := self._id(link.target)) in self._graph])

    def _tie_to_software(self) -> None:
        for source, links in self._things.kind_of_ties("related").items():
            for link in links:
                if self._way(source) and "ActivityDescription" in self._types(link.target):
                    self._join(link.target, self._way(source), [self._id(source)])


def _listed(value: object) -> list[dict[str, str]]:
    return value if isinstance(value, list) else [value]  # type: ignore[list-item]  # JSON of our own making


def _time(text: str | None) -> str | None:
    """Write the zone in figures: the profile's checkers know no Z."""
    return f"{text[:-1]}+00:00" if text and text.endswith("Z") else text


def _one_or_more(ids: list[str]) -> object:
    if not ids:
        return None
    return reference(ids[0]) if len(ids) == 1 else [*map(reference, ids)]
