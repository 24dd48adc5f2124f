"""Our words in PROV's words, as tables: classes, properties, relations (IVOA Provenance DM 1.0 over W3C PROV)."""

from __future__ import annotations

from typing import Final, NamedTuple

from provstore.export.names import PROV, PROVSTORE, QNAME, VOPROV, XSD
from provstore.export.records import Literal
from provstore.graph.model import Kind, Label

__all__ = [
    "AGENT_TYPES",
    "CLASSES",
    "DATATYPES",
    "DESCRIPTIONS",
    "KEYS",
    "LABEL",
    "LOCATION",
    "RELATIONS",
    "ROLE",
    "TYPE",
    "VALUE",
    "Class",
    "Rule",
    "is_internal",
    "is_internal_key",
    "keys_of",
    "rank",
]

LABEL: Final = f"{PROV}label"
LOCATION: Final = f"{PROV}location"
ROLE: Final = f"{PROV}role"
TYPE: Final = f"{PROV}type"
VALUE: Final = f"{PROV}value"

_RANKS: Final = {LABEL: 0, LOCATION: 1, ROLE: 2, TYPE: 3, VALUE: 4}


def rank(key: str) -> tuple[int, str]:
    """Give the place of an attribute in a record, as PROV-XML wants it."""
    return _RANKS.get(key, 5), key


def _type(uri: str) -> Literal:
    return (TYPE, uri, QNAME, None)


class Class(NamedTuple):
    """How nodes with a label are written: which kind of record, with which types.

    ``instead_of``: labels whose types are dropped where this class has its own.
    """

    record: str
    types: tuple[Literal, ...]
    instead_of: frozenset[Label] = frozenset()


_PLAIN_ENTITY: Final = frozenset({Label.ENTITY})


def _description(*names: str) -> Class:
    return Class("entity", tuple(_type(VOPROV + name) for name in names))


CLASSES: Final[dict[Label, Class]] = {
    Label.ACTIVITY: Class("activity", (_type(f"{VOPROV}Activity"),)),
    Label.ENTITY: Class("entity", (_type(f"{VOPROV}Entity"),)),
    Label.DATASET: Class("entity", (_type(f"{VOPROV}DatasetEntity"),), _PLAIN_ENTITY),
    Label.VALUE: Class("entity", (_type(f"{VOPROV}ValueEntity"),), _PLAIN_ENTITY),
    Label.COLLECTION: Class("entity", (_type(f"{VOPROV}Collection"), _type(f"{PROV}Collection")), _PLAIN_ENTITY),
    Label.AGENT: Class("agent", (_type(f"{VOPROV}Agent"),)),
    Label.PARAMETER: Class("entity", (_type(f"{VOPROV}Parameter"),)),
    Label.CONFIG_FILE: Class("entity", (_type(f"{VOPROV}ConfigFile"),)),
    Label.ACTIVITY_DESCRIPTION: Class("entity", (_type(f"{VOPROV}ActivityDescription"), _type(f"{PROV}Plan"))),
    Label.USAGE_DESCRIPTION: _description("UsageDescription"),
    Label.GENERATION_DESCRIPTION: _description("GenerationDescription"),
    Label.ENTITY_DESCRIPTION: _description("EntityDescription"),
    Label.PARAMETER_DESCRIPTION: _description("ParameterDescription"),
    Label.CONFIG_FILE_DESCRIPTION: _description("ConfigFileDescription"),
    Label.BUNDLE: Class("", (_type(f"{PROV}Bundle"),)),
}
"""Labels that are written. A bundle is an entity only where it is described as one; Void and Job add nothing."""

DESCRIPTIONS: Final = frozenset(
    {
        Label.ACTIVITY_DESCRIPTION,
        Label.USAGE_DESCRIPTION,
        Label.GENERATION_DESCRIPTION,
        Label.ENTITY_DESCRIPTION,
        Label.PARAMETER_DESCRIPTION,
        Label.CONFIG_FILE_DESCRIPTION,
    }
)

AGENT_TYPES: Final = {name: _type(PROV + name) for name in ("Person", "Organization", "SoftwareAgent")}

_SAME_NAME: Final = (
    *("comment", "email", "affiliation", "phone", "address", "url", "version", "type", "subtype", "docurl"),
    *("description", "multiplicity", "unit", "ucd", "utype", "min", "max", "default", "role", "options"),
)
"""IVOA attributes whose property has their name."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "name": (LABEL, f"{VOPROV}name"),
    "location": (LOCATION,),
    "value": (VALUE,),
    "datatype": (f"{VOPROV}valueType",),
    **{name: (VOPROV + name,) for name in _SAME_NAME},
    "content_type": (f"{VOPROV}contentType",),
    "value_type": (f"{VOPROV}valueType",),
}
"""Property -> attribute keys; every other property gets a key of our own namespace."""

_INTERNAL: Final = frozenset(
    {
        "author",
        "brought_by",
        "changed_at",
        "cluster_account",
        "decided_by",
        "definition",
        "deleted",
        "digest",
        "disk_bytes",
        "embargo_at",
        "error_detail",
        "expires_at",
        "history",
        "lapses_at",
        "local",
        "number",
        "open",
        "owner",
        "request_sha256",
        "revised_at",
        "sharing",
        "sweep",
        "validator",
        "waits_for",
        "withdrawal",
        "withdrawn_at",
        "withdrawn_by",
    }
)


def is_internal(name: str) -> bool:
    """Tell whether a property is the server's own business and never leaves it."""
    return name in _INTERNAL or name.startswith("_")


def is_internal_key(key: str) -> bool:
    """Tell whether an attribute is the server's own business, such as a help for look-ups."""
    return key.startswith(f"{PROVSTORE}_")


def keys_of(name: str) -> tuple[str, ...]:
    """Give the attribute keys of a property: ``exit_code`` is ``provstore:exitCode``, ``created_at`` ``createdAt``."""
    if name in KEYS:
        return KEYS[name]
    first, *others = name.split("_")
    return (PROVSTORE + first + "".join(word.capitalize() for word in others),)


DATATYPES: Final = {
    "boolean": f"{XSD}boolean",
    "unsignedByte": f"{XSD}int",
    "short": f"{XSD}int",
    "int": f"{XSD}int",
    "long": f"{XSD}long",
    "float": f"{XSD}double",
    "double": f"{XSD}double",
}
"""VOTable datatype of a parameter -> type of its prov:value; the others are plain strings."""


class Rule(NamedTuple):
    """How a kind of relation is written: its record, and the types it carries.

    ``ivoa_only``: left out of the W3C form.
    """

    record: str
    types: tuple[Literal, ...] = ()
    ivoa_only: bool = False


def _influence(name: str) -> Rule:
    return Rule("wasInfluencedBy", (_type(VOPROV + name),), ivoa_only=True)


RELATIONS: Final[dict[Kind, Rule]] = {
    Kind.USED: Rule("used"),
    Kind.WAS_GENERATED_BY: Rule("wasGeneratedBy"),
    Kind.WAS_ASSOCIATED_WITH: Rule("wasAssociatedWith"),
    Kind.WAS_ATTRIBUTED_TO: Rule("wasAttributedTo"),
    Kind.WAS_DERIVED_FROM: Rule("wasDerivedFrom"),
    Kind.WAS_INFORMED_BY: Rule("wasInformedBy"),
    Kind.WAS_CONFIGURED_BY: _influence("ConfigurationRelation"),
    Kind.HAD_MEMBER: Rule("hadMember"),
    Kind.HAD_REFERENCE: _influence("HadReference"),
    Kind.IS_DESCRIBED_BY: _influence("DescriptionRelation"),
    Kind.IS_RELATED_TO: _influence("RelatedToRelation"),
    Kind.WAS_INVALIDATED_BY: Rule("wasInvalidatedBy"),
    Kind.ALTERNATE_OF: Rule("alternateOf"),
    Kind.ACTED_ON_BEHALF_OF: Rule("actedOnBehalfOf"),
    Kind.WAS_STARTED_BY: Rule("wasStartedBy"),
    Kind.WAS_ENDED_BY: Rule("wasEndedBy"),
    Kind.WAS_INFLUENCED_BY: Rule("wasInfluencedBy"),
    Kind.SPECIALIZATION_OF: Rule("specializationOf"),
    Kind.MENTION_OF: Rule("mentionOf"),
}
"""SAME_CONTENT is missing on purpose: a hint is no provenance."""
