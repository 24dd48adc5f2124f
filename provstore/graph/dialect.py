"""The sections that documents of voprov 0.0.4 and OPUS have for what only IVOA knows, in the words of plain PROV.

Readers make plain PROV of them, writers make them of plain PROV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["CLASSES", "INFLUENCES", "ROLES", "Influence"]

CLASSES: Final[Mapping[str, str]] = {
    "valueEntity": "ValueEntity",
    "datasetEntity": "DatasetEntity",
    "parameter": "Parameter",
    "configFile": "ConfigFile",
    "activityDescription": "ActivityDescription",
    "entityDescription": "EntityDescription",
    "valueDescription": "ValueDescription",
    "datasetDescription": "DatasetDescription",
    "usageDescription": "UsageDescription",
    "generationDescription": "GenerationDescription",
    "parameterDescription": "ParameterDescription",
    "configFileDescription": "ConfigFileDescription",
}
"""Section -> IVOA's class; in plain PROV an entity of that type."""

ROLES: Final = frozenset({"usageDescription", "generationDescription"})
"""Sections whose elements have a role."""


class Influence(NamedTuple):
    """A relation of IVOA: its type as a plain influence, and how the dialect calls influencee and influencer."""

    type: str
    effect: str
    cause: str


INFLUENCES: Final[Mapping[str, Influence]] = {
    "isDescribedBy": Influence("DescriptionRelation", "described", "descriptor"),
    "isRelatedTo": Influence("RelatedToRelation", "related", "relator"),
    "wasConfiguredBy": Influence("ConfigurationRelation", "configured", "configurator"),
    "hadReference": Influence("HadReference", "referenced", "referrer"),
}
"""Section -> the influence that it is in plain PROV."""
