"""The tables of our VOTable serialisation ``provstore-1``, as docs/formats.md lays them down."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["TABLES", "Column", "Table"]


class Column(NamedTuple):
    """A column; ``target`` is the table whose ``id`` it holds, "" for none."""

    name: str
    target: str

    @property
    def is_time(self) -> bool:
        """Whether it holds instants."""
        return self.name == "time" or self.name.endswith("Time")


class Table(NamedTuple):
    """A table; its last column is always ``bundle``."""

    name: str
    utype: str
    columns: tuple[Column, ...]

    @property
    def has_id(self) -> bool:
        """Whether its rows have a key."""
        return self.columns[0].name == "id"


def _table(name: str, utype: str, columns: str) -> Table:
    """Make a table of ``column`` and ``column>target`` words."""
    pairs = (word.partition(">") for word in [*columns.split(), "bundle"])
    return Table(name, utype, tuple(Column(column, target) for column, _, target in pairs))


TABLES: Final = (
    _table("activity", "voprov:Activity", "id name startTime endTime comment activityDescription>activityDescription"),
    _table(
        "entity",
        "voprov:Entity",
        "id class name location value generatedAtTime invalidatedAtTime comment entityDescription>entityDescription",
    ),
    _table("agent", "voprov:Agent", "id name type comment email affiliation phone address url"),
    _table("used", "voprov:Used", "id activity>activity entity>entity role time usageDescription>usageDescription"),
    _table(
        "wasGeneratedBy",
        "voprov:WasGeneratedBy",
        "id entity>entity activity>activity role time generationDescription>generationDescription",
    ),
    _table(
        "wasDerivedFrom",
        "voprov:WasDerivedFrom",
        "id generatedEntity>entity usedEntity>entity activity>activity generation>wasGeneratedBy usage>used",
    ),
    _table("wasInformedBy", "voprov:WasInformedBy", "id informed>activity informant>activity"),
    _table("wasAssociatedWith", "voprov:WasAssociatedWith", "id activity>activity agent>agent plan role"),
    _table("wasAttributedTo", "voprov:WasAttributedTo", "id entity>entity agent>agent role"),
    _table("hadMember", "voprov:HadMember", "collection>entity entity>entity"),
    _table(
        "wasConfiguredBy",
        "voprov:WasConfiguredBy",
        "id activity>activity artefactType parameter>parameter configFile>configFile",
    ),
    _table(
        "parameter",
        "voprov:Parameter",
        "id name value valueEntity>entity parameterDescription>parameterDescription",
    ),
    _table(
        "configFile",
        "voprov:ConfigFile",
        "id name location comment configFileDescription>configFileDescription",
    ),
    _table("activityDescription", "voprov:ActivityDescription", "id name version description docurl type subtype"),
    _table(
        "entityDescription",
        "voprov:EntityDescription",
        "id class name description docurl type contentType valueType unit ucd utype",
    ),
    _table(
        "usageDescription",
        "voprov:UsageDescription",
        "id activityDescription>activityDescription role description type multiplicity",
    ),
    _table(
        "generationDescription",
        "voprov:GenerationDescription",
        "id activityDescription>activityDescription role description type multiplicity",
    ),
    _table(
        "parameterDescription",
        "voprov:ParameterDescription",
        "id activityDescription>activityDescription name valueType description unit ucd utype min max default",
    ),
    _table(
        "configFileDescription",
        "voprov:ConfigFileDescription",
        "id activityDescription>activityDescription name contentType description",
    ),
    _table("describedEntity", "voprov:RelatedTo", "description entityDescription>entityDescription"),
    _table(
        "parameterOption", "voprov:ParameterDescription.options", "parameterDescription>parameterDescription seq value"
    ),
    _table("wasStartedBy", "prov:Start", "id activity>activity trigger>entity starter>activity time"),
    _table("wasEndedBy", "prov:End", "id activity>activity trigger>entity ender>activity time"),
    _table("wasInvalidatedBy", "prov:Invalidation", "id entity>entity activity>activity time"),
    _table("actedOnBehalfOf", "prov:Delegation", "id delegate>agent responsible>agent activity>activity"),
    _table("wasInfluencedBy", "prov:Influence", "id influencee influencer"),
    _table("specializationOf", "prov:Specialization", "specificEntity>entity generalEntity>entity"),
    _table("alternateOf", "prov:Alternate", "alternate1>entity alternate2>entity"),
    _table("mentionOf", "prov:Mention", "specificEntity>entity generalEntity>entity mentionedBundle"),
    _table("attribute", "prov:Attribute", "owner table seq key value type lang"),
)
