"""The classes and properties of PROV-O (W3C Recommendation 2013) for each kind of record, as tables."""

from __future__ import annotations

from typing import Final, NamedTuple

from provstore.export.names import PROV

__all__ = ["CLASSES", "DERIVATIONS", "QUALIFIED", "SUBCLASSES", "TIMES", "Qualified"]

CLASSES: Final = {"entity": "Entity", "activity": "Activity", "agent": "Agent"}
"""Element -> its class."""

TIMES: Final = ("startedAtTime", "endedAtTime")
"""Properties for the two arguments of an activity."""


class Qualified(NamedTuple):
    """How a kind of relation is written.

    ``name`` is the class of its node, and behind ``qualified`` the property that leads there. ``properties`` are those
    of the node, for each argument behind the first. ``both``: the plain property is written beside every node. The
    others have the plain property only where it says everything: the PROV library reads it as a second relation.
    """

    name: str
    properties: tuple[str, ...]
    both: bool = False


QUALIFIED: Final[dict[str, Qualified]] = {
    "used": Qualified("Usage", ("entity", "atTime")),
    "wasGeneratedBy": Qualified("Generation", ("activity", "atTime")),
    "wasInvalidatedBy": Qualified("Invalidation", ("activity", "atTime")),
    "wasStartedBy": Qualified("Start", ("entity", "hadActivity", "atTime")),
    "wasEndedBy": Qualified("End", ("entity", "hadActivity", "atTime")),
    "wasDerivedFrom": Qualified("Derivation", ("entity", "hadActivity", "hadGeneration", "hadUsage")),
    "wasInformedBy": Qualified("Communication", ("activity",), both=True),
    "wasAttributedTo": Qualified("Attribution", ("agent",), both=True),
    "wasAssociatedWith": Qualified("Association", ("agent", "hadPlan"), both=True),
    "actedOnBehalfOf": Qualified("Delegation", ("agent", "hadActivity"), both=True),
    "wasInfluencedBy": Qualified("Influence", ("influencer",), both=True),
    "specializationOf": Qualified("Specialization", ("generalEntity",)),
    "alternateOf": Qualified("Alternate", ("alternate2",)),
    "hadMember": Qualified("Membership", ("entity",)),
}
"""PROV-O knows no nodes for the last three: theirs are of the PROV library, and only where there is an id, an
attribute or a missing end. mentionOf is two plain properties (PROV-LINKS)."""

SUBCLASSES: Final = frozenset(
    PROV + name
    for name in ("Plan", "Collection", "EmptyCollection", "Bundle", "Person", "Organization", "SoftwareAgent")
)
"""Values of prov:type that are classes of elements in PROV-O."""

DERIVATIONS: Final = {PROV + name: name for name in ("Revision", "Quotation", "PrimarySource")}
"""Values of prov:type that are classes of derivations."""
