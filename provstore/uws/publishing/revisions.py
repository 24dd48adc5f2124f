"""Revisions of descriptions as immutable nodes of the graph, with the parts they describe around them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Attribute, Kind, Label, Node, NodeId, Relation, Value, stable_local
from provstore.graph.store import Change, Create, Update, Upsert
from provstore.uws.descriptions.dialects.jsonform import from_json, to_json
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.jobs import instant, integer, text

__all__ = [
    "DESCRIPTION",
    "MAPS",
    "REVISION",
    "Revision",
    "changes_of_revision",
    "definition_of",
    "digest_of",
    "part_local",
    "read_definition",
    "revision_id",
    "revision_of",
    "said",
]

_READERS: Final = frozenset({PUBLIC})
DESCRIPTION: Final = frozenset({Label.ACTIVITY_DESCRIPTION})
_PROV: Final = "http://www.w3.org/ns/prov#"
REVISION: Final = Attribute(f"{_PROV}type", f"{_PROV}Revision", "http://www.w3.org/2001/XMLSchema#QName")
"""Marks a derivation as a revision: PROV-DM 5.2.2, prov:wasRevisionOf."""

_MEANINGFUL_WHEN_EMPTY: Final = frozenset({"default", "derived_from"})
MAPS: Final = frozenset({"controls", "files", "obscore"})
"""Members of a description's JSON that are texts by name, in no order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable revision of a service's description, as it stands in the graph.

    ``author`` and ``validator`` are local ids of agents, "" for a file that came with the server; ``message`` is what
    the validator said. ``withdrawn_at``: since then no jobs are made of it.
    """

    node: NodeId
    number: int
    description: Description
    digest: str
    created_at: datetime
    author: str = ""
    validator: str = ""
    message: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawal: str = ""

    @property
    def name(self) -> str:
        """The revision's name: ``service@number``."""
        return f"{self.description.name}@{self.number}"


def part_local(revision: str, part: str, name: str) -> str:
    """Give the local part of the id of a part (parameter, usage, generation, entity) of a revision."""
    return stable_local("d", revision, part, name)


def revision_id(namespace: str, service: str, number: int) -> NodeId:
    """Give the id of a revision: two that would be the same revision of a service can't both be written."""
    return NodeId(namespace + stable_local("d", service, str(number)))


def definition_of(description: Description) -> str:
    """Give the text in which a description is kept in the graph; every order in it is kept."""
    return json.dumps(to_json(description), ensure_ascii=False, separators=(",", ":"))


def read_definition(definition: str, *, node: NodeId) -> Description:
    """Read the text in which a node keeps a description.

    Raises:
        Invalid: it is none.
    """
    try:
        return from_json(json.loads(definition))
    except (ValueError, RecursionError, Invalid) as error:
        why = f"description {node} has a broken definition ({error}): the graph was changed by hand"
        raise Invalid(why) from error


def digest_of(description: Description) -> str:
    """Give the SHA-256 of all that a description says; what it does not say leaves no trace there."""
    text = json.dumps(said(description), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def said(description: Description) -> dict[str, Any]:
    """Give the JSON object of a description without what is empty: two say the same if these are equal."""
    return _said_of(to_json(description))


def _said_of(members: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: part if name in MAPS else _said(part) for name, part in members.items()}
    return {name: part for name, part in found.items() if _says(name, part)}


def _says(name: str, part: Any) -> bool:
    return part is not None and (part not in ("", [], {}) or name in _MEANINGFUL_WHEN_EMPTY)


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return _said_of(value)
    return [_said(part) for part in value] if isinstance(value, list) else value


def revision_of(node: Node) -> Revision:
    """Read a revision from its node.

    Raises:
        Invalid: the node has no definition.
    """
    properties = node.properties
    number, definition = integer(properties, "revision"), text(properties, "definition")
    created_at = instant(properties, "created_at")
    if number is None or not definition or created_at is None:
        raise Invalid(f"description {node.id} has no definition: the graph was changed by hand")
    names = ("digest", "author", "validator", "message", "withdrawn_by", "withdrawal")
    return Revision(
        node=node.id,
        number=number,
        description=read_definition(definition, node=node.id),
        created_at=created_at,
        withdrawn_at=instant(properties, "withdrawn_at"),
        **{name: text(properties, name) for name in names},
    )


def changes_of_revision(revision: Revision, older: Revision | None, *, namespace: str) -> Iterator[Change]:
    """Give everything that is written of a new revision: its node, its parts, its contact, and what it revises."""
    described = revision.description
    yield Create(Node(revision.node, DESCRIPTION, _present(_properties(revision)), readers=_READERS))
    if older:
        # The older one is locked: who withdraws it, or revises it too, at this moment must look again.
        expected = {"revised_at": None, "withdrawn_at": older.withdrawn_at}
        yield Update(node=older.node, expected=expected, put={"revised_at": revision.created_at})
        key = stable_local("r", Kind.WAS_DERIVED_FROM, revision.node, older.node)
        yield Create(Relation(key, Kind.WAS_DERIVED_FROM, revision.node, older.node, attributes=(REVISION,)))
    yield from _contact(revision, namespace)
    for parameter in described.parameters:
        yield from _part(revision, "parameter", parameter.name, _parameter(parameter), namespace=namespace)
    for used in described.used:
        yield from _part(revision, "usage", used.name, _item(used), namespace=namespace)
        yield from _entity(revision, "usage", used.name, _used_entity(used), namespace=namespace)
    for generated in described.generated:
        yield from _part(revision, "generation", generated.name, _item(generated), namespace=namespace)
        yield from _entity(revision, "generation", generated.name, _generated_entity(generated), namespace=namespace)


def _properties(revision: Revision) -> dict[str, Value | None]:
    described = revision.description
    return {
        "name": described.name,
        "label": described.label,
        "revision": revision.number,
        "version": described.version,
        "description": described.description,
        "docurl": described.doculink,
        "type": described.type,
        "subtype": described.subtype,
        "group": described.group,
        "keywords": ", ".join(described.keywords),
        "script_sha256": described.script_sha256,
        "container": described.container,
        "modules": " ".join(described.modules),
        "definition": definition_of(described),
        "digest": revision.digest,
        "created_at": revision.created_at,
        "changed_at": revision.created_at,
        "author": revision.author,
        "validator": revision.validator,
        "message": revision.message,
    }


def _present(properties: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in properties.items() if value is not None and value != ""}


_PART_LABELS: Final = {
    "parameter": Label.PARAMETER_DESCRIPTION,
    "usage": Label.USAGE_DESCRIPTION,
    "generation": Label.GENERATION_DESCRIPTION,
}


def _relation(kind: Kind, source: NodeId, target: NodeId, *, role: str | None = None) -> Relation:
    return Relation(stable_local("r", kind, source, target), kind, source, target, role)


def _part(
    revision: Revision, part: str, name: str, properties: Mapping[str, Value | None], *, namespace: str
) -> Iterable[Change]:
    node = NodeId(namespace + part_local(revision.node, part, name))
    yield Create(Node(node, frozenset({_PART_LABELS[part]}), _present(properties), readers=_READERS))
    yield Create(_relation(Kind.IS_RELATED_TO, node, revision.node))


def _entity(
    revision: Revision, part: str, name: str, properties: Mapping[str, Value | None], *, namespace: str
) -> Iterable[Change]:
    owner = NodeId(namespace + part_local(revision.node, part, name))
    node = NodeId(namespace + part_local(revision.node, f"{part}-entity", name))
    yield Create(Node(node, frozenset({Label.ENTITY_DESCRIPTION}), _present(properties), readers=_READERS))
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
        "type": parameter.type,
    }


def _item(item: Used | Generated) -> dict[str, Value | None]:
    return {
        "name": item.name,
        "role": item.role or item.name,
        "description": item.description,
        "type": item.type,
        "multiplicity": item.multiplicity,
        "content_type": ",".join(item.content_types) if isinstance(item, Used) else item.content_type,
    }


def _used_entity(used: Used) -> dict[str, Value | None]:
    return {"name": used.name, "content_type": next(iter(used.content_types), ""), "url": used.url}


def _generated_entity(generated: Generated) -> dict[str, Value | None]:
    return {"name": generated.name, "content_type": generated.content_type, **dict(generated.obscore)}
