"""What things are called in a crate: entities of schema.org, as RO-Crate 1.1 and its Process Run profile use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provstore.export.iris import is_iri, legal
from provstore.export.rocrate_things import Thing

__all__ = [
    "FORMAL",
    "Entity",
    "agent",
    "data",
    "formal_parameter",
    "identifier_of_person",
    "is_a",
    "present",
    "reference",
    "software",
]

Entity = dict[str, object]
"""An entity of the crate: JSON-LD, flattened."""

FORMAL: Final = {
    "ParameterDescription": "input",
    "ConfigFileDescription": "input",
    "UsageDescription": "input",
    "GenerationDescription": "output",
}
"""Class of a description -> the property of the software that leads to its formal parameter."""

_ORCID: Final = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])/?", re.ASCII)
_PROFILE: Final = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_FILE_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "contentSize": ("size", "contentSize"),
    "sha256": ("sha256",),
    "sha512": ("sha512",),
    "sha1": ("sha1",),
    "md5": ("md5",),
    "encodingFormat": ("contentType", "encodingFormat"),
    "description": ("comment", "description"),
}
"""Property of a file in the crate -> facts that tell it."""

_VALUE_TYPES: Final = {
    **dict.fromkeys(("int", "long", "short", "unsignedByte"), "Integer"),
    **dict.fromkeys(("float", "double"), "Float"),
    "boolean": "Boolean",
}
_AGENT_TYPES: Final = ("Person", "Organization")


def reference(entity_id: str) -> dict[str, str]:
    """Point to an entity."""
    return {"@id": entity_id}


def present(entity: Entity) -> Entity:
    """Leave out what is not known."""
    return {key: value for key, value in entity.items() if value not in ("", None, [])}


def is_a(entity: Entity, name: str) -> bool:
    """Tell whether an entity is of a type."""
    types = entity["@type"]
    return name in types if isinstance(types, list) else name == types


def _title(thing: Thing) -> str:
    return thing.fact("label", "name") or thing.id


def identifier_of_person(thing: Thing) -> str:
    """Give the ORCID address of a person, "" where none is known."""
    for text in (thing.id, thing.fact("orcid"), thing.fact("url"), thing.fact("identifier")):
        found = _ORCID.fullmatch(text)
        if found:
            return f"https://orcid.org/{found[1]}"
    return ""


def agent(thing: Thing, entity_id: str) -> Entity:
    """Describe an agent: a person, an organization, or software."""
    kind = next((name for name in _AGENT_TYPES if name in thing.types), None)
    if kind is None and "SoftwareAgent" in thing.types:
        return software(thing, entity_id)
    return present(
        {
            "@id": entity_id,
            "@type": kind or "Person",
            "name": _title(thing),
            "email": thing.fact("email"),
            "telephone": thing.fact("phone", "telephone"),
            "url": thing.fact("url"),
            "identifier": thing.id if thing.id != entity_id else "",
        }
    )


def software(thing: Thing, entity_id: str, *, page: str = "") -> Entity:
    """Describe what did the work; ``page``: where one reads of it, if its own documentation is not known."""
    kind = next((name for name in ("ComputationalWorkflow", "SoftwareSourceCode") if name in thing.types), None)
    address = thing.fact("docurl", "url") or page
    return present(
        {
            "@id": entity_id,
            "@type": ["File", "SoftwareSourceCode", kind] if kind == "ComputationalWorkflow" else "SoftwareApplication",
            "name": _title(thing),
            "version": thing.fact("version", "softwareVersion") or thing.fact("revision"),
            "url": reference(address) if is_iri(address) else "",
            "description": thing.fact("description", "comment"),
        }
    )


def formal_parameter(thing: Thing, entity_id: str) -> Entity:
    """Describe a parameter, an input or an output as the description declares it."""
    is_value = "ParameterDescription" in thing.types
    return present(
        {
            "@id": entity_id,
            "@type": "FormalParameter",
            "conformsTo": reference(_PROFILE),
            "additionalType": _VALUE_TYPES.get(thing.fact("valueType"), "Text") if is_value else "File",
            "name": thing.fact("label", "name", "role") or thing.id,
            "description": thing.fact("description"),
            "defaultValue": thing.fact("default"),
            "encodingFormat": thing.fact("contentType"),
            "unitText": thing.fact("unit"),
        }
    )


def data(thing: Thing, entity_id: str, *, is_file: bool) -> Entity:
    """Describe what was used or made: a value, a collection, a file, or something that is only known by name."""
    base: Entity = {"@id": entity_id, "name": _title(thing)}
    if is_file:
        facts = {key: thing.fact(*names) for key, names in _FILE_FACTS.items()}
        address = thing.fact("location", "url", "contentUrl")
        web = address if address.startswith(("http://", "https://")) else ""
        named = thing.id if thing.id != entity_id else ""
        return present(
            {
                **base,
                "@type": "File",
                **facts,
                "identifier": named,
                "contentUrl": "" if web == entity_id else legal(web),
            }
        )
    if "Collection" in thing.types:
        return {**base, "@type": "Collection"}
    if thing.fact("value") or not thing.types.isdisjoint({"Parameter", "ValueEntity"}):
        value = {"value": thing.fact("value"), "unitText": thing.fact("unit")}
        return {**base, "@type": "PropertyValue", "value": value["value"], **present({"unitText": value["unitText"]})}
    return present({**base, "@type": "CreativeWork", "description": thing.fact("comment", "description")})
