"""The catalogue of services: revisions of their descriptions as immutable nodes of the graph."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid, NotFound
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Relation, Value, now, stable_local
from provstore.graph.store import Change, Condition, Create, Filter, Find, GraphStore, Op, Order, Upsert
from provstore.uws.descriptions.jsonform import from_json, to_json
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.jobs import integer, text

__all__ = ["Catalog", "Revision", "find_revision", "part_local"]

_READERS: Final = frozenset({PUBLIC})
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable revision of a service's description, as it stands in the graph."""

    node: NodeId
    number: int
    description: Description

    @property
    def name(self) -> str:
        """The revision's name: ``service@number``."""
        return f"{self.description.name}@{self.number}"


def part_local(revision: str, part: str, name: str) -> str:
    """Give the local part of the id of a part (parameter, usage, generation, entity) of a revision."""
    return stable_local("d", revision, part, name)


class Catalog:
    """The services on offer: the newest revision of each, and every older one by name."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._newest: dict[str, Revision] = {}
        self._by_name: dict[str, Revision] = {}
        self.reload()

    def reload(self) -> None:
        """Read the newest revision of every service from the graph."""
        self._newest = {}
        after: str | None = ""
        while after is not None:
            page = self._store.find(
                Find(
                    condition=Condition(label=Label.ACTIVITY_DESCRIPTION),
                    order=Order("revision", descending=True),
                    limit=1000,
                    after=after or None,
                )
            )
            for node in page.items:
                self._newest.setdefault(text(node.properties, "name"), _revision_of(node))
            after = page.next

    def services(self) -> tuple[Revision, ...]:
        """Give the newest revision of every service, by name."""
        return tuple(self._newest[name] for name in sorted(self._newest))

    def newest(self, service: str) -> Revision:
        """Give the newest revision of a service.

        Raises:
            NotFound: there is no such service.
        """
        if service not in self._newest:
            known = ", ".join(sorted(self._newest)) or "none"
            raise NotFound(f"no service {service!r}; known services: {known}", field="service", value=service)
        return self._newest[service]

    def revision(self, name: str) -> Revision:
        """Give a revision by its name ``service@number``.

        Raises:
            NotFound: there is no such revision.
        """
        newest = self._newest.get(name.partition("@")[0])
        if newest is not None and newest.name == name:
            return newest
        if name not in self._by_name:
            self._by_name[name] = find_revision(self._store, name)
        return self._by_name[name]

    def publish(self, description: Description) -> Revision | None:
        """Make a description the newest revision of its service, unless its content was one before.

        Returns:
            The new revision, or None if this content is known already.
        """
        digest = _digest(description)
        filters = (Filter("name", Op.EQ, description.name), Filter("digest", Op.EQ, digest))
        if self._store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters))).items:
            return None
        current = self._newest.get(description.name)
        number = current.number + 1 if current else 1
        node = NodeId(self._store.namespace + stable_local("d", description.name, str(number), digest))
        revision = Revision(node=node, number=number, description=description)
        self._store.write(list(_changes(revision, current, digest, namespace=self._store.namespace)))
        self._newest[description.name] = revision
        return revision


def find_revision(store: GraphStore, name: str) -> Revision:
    """Read a revision by its name ``service@number`` from the graph.

    Raises:
        NotFound: there is no such revision.
    """
    service, _, number = name.partition("@")
    found: tuple[Node, ...] = ()
    if _NUMBER.match(number):
        filters = (Filter("name", Op.EQ, service), Filter("revision", Op.EQ, int(number)))
        found = store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters))).items
    if not found:
        raise NotFound(f"no description {name!r}", field="description", value=name)
    return _revision_of(found[0])


def _digest(description: Description) -> str:
    return hashlib.sha256(_definition(description).encode()).hexdigest()


def _definition(description: Description) -> str:
    return json.dumps(to_json(description), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _revision_of(node: Node) -> Revision:
    number = integer(node.properties, "revision")
    definition = text(node.properties, "definition")
    if number is None or not definition:
        raise Invalid(f"description {node.id} has no definition: the graph was changed by hand")
    return Revision(node=node.id, number=number, description=from_json(json.loads(definition)))


def _present(properties: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in properties.items() if value is not None and value != ""}


def _changes(revision: Revision, older: Revision | None, digest: str, *, namespace: str) -> Iterable[Change]:
    described = revision.description
    properties: dict[str, Value | None] = {
        "name": described.name,
        "label": described.label,
        "revision": revision.number,
        "version": described.version,
        "description": described.description,
        "docurl": described.doculink,
        "type": described.type,
        "subtype": described.subtype,
        "script_sha256": described.script_sha256,
        "definition": _definition(described),
        "digest": digest,
        "created_at": now(),
    }
    labels = frozenset({Label.ACTIVITY_DESCRIPTION})
    yield Create(Node(revision.node, labels, _present(properties), readers=_READERS))
    if older:
        yield Create(_relation(Kind.IS_RELATED_TO, revision.node, older.node, role="wasRevisionOf"))
    yield from _contact(revision, namespace)
    for parameter in described.parameters:
        yield from _part(revision, "parameter", parameter.name, properties=_parameter(parameter), namespace=namespace)
    for used in described.used:
        yield from _part(revision, "usage", used.name, properties=_usage(used), namespace=namespace)
        yield from _entity(revision, "usage", used.name, used.content_types[:1], namespace=namespace)
    for generated in described.generated:
        facts = _generation(generated)
        yield from _part(revision, "generation", generated.name, properties=facts, namespace=namespace)
        types = (generated.content_type,) if generated.content_type else ()
        yield from _entity(revision, "generation", generated.name, types, namespace=namespace)


_PART_LABELS: Final = {
    "parameter": Label.PARAMETER_DESCRIPTION,
    "usage": Label.USAGE_DESCRIPTION,
    "generation": Label.GENERATION_DESCRIPTION,
}


def _relation(kind: Kind, source: NodeId, target: NodeId, *, role: str | None = None) -> Relation:
    return Relation(stable_local("r", kind, source, target), kind, source, target, role)


def _part(
    revision: Revision, part: str, name: str, *, properties: Mapping[str, Value | None], namespace: str
) -> Iterable[Change]:
    node = NodeId(namespace + part_local(revision.node, part, name))
    yield Create(Node(node, frozenset({_PART_LABELS[part]}), _present(properties), readers=_READERS))
    yield Create(_relation(Kind.IS_RELATED_TO, node, revision.node))


def _entity(
    revision: Revision, part: str, name: str, content_types: tuple[str, ...], *, namespace: str
) -> Iterable[Change]:
    owner = NodeId(namespace + part_local(revision.node, part, name))
    node = NodeId(namespace + part_local(revision.node, f"{part}-entity", name))
    properties = _present({"name": name, "content_type": next(iter(content_types), "")})
    yield Create(Node(node, frozenset({Label.ENTITY_DESCRIPTION}), properties, readers=_READERS))
    yield Create(_relation(Kind.IS_RELATED_TO, node, owner))


def _contact(revision: Revision, namespace: str) -> Iterable[Change]:
    described = revision.description
    if not described.contact_name:
        return
    node = NodeId(namespace + stable_local("a", "contact", described.contact_name, described.contact_email))
    properties = _present({"name": described.contact_name, "email": described.contact_email})
    yield Upsert(Node(node, frozenset({Label.AGENT}), properties, readers=_READERS))
    yield Create(_relation(Kind.WAS_ATTRIBUTED_TO, revision.node, node, role="contact"))


def _parameter(parameter: ParameterDefinition) -> dict[str, Value | None]:
    return {
        "name": parameter.name,
        "value_type": parameter.datatype,
        "arraysize": parameter.arraysize,
        "xtype": parameter.xtype,
        "description": parameter.description,
        "unit": parameter.unit,
        "ucd": parameter.ucd,
        "utype": parameter.utype,
        "min": parameter.min,
        "max": parameter.max,
        "options": json.dumps(parameter.options, ensure_ascii=False) if parameter.options else None,
        "default": parameter.default,
    }


def _usage(used: Used) -> dict[str, Value | None]:
    return {
        "name": used.name,
        "role": used.role or used.name,
        "description": used.description,
        "type": used.type,
        "multiplicity": used.multiplicity,
        "content_type": ",".join(used.content_types),
    }


def _generation(generated: Generated) -> dict[str, Value | None]:
    return {
        "name": generated.name,
        "role": generated.role or generated.name,
        "description": generated.description,
        "type": generated.type,
        "multiplicity": generated.multiplicity,
        "content_type": generated.content_type,
    }
