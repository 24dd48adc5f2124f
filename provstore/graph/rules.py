"""What may be joined to what, where causes lie, and which properties are looked up: as tables.

Facts: PROV-DM (W3C 2013), IVOA Provenance Data Model 1.0.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from provstore.errors import Invalid
from provstore.graph.model import Kind, Label, Relation

__all__ = ["ENDS", "INDEXES", "TO_CAUSES", "TO_EFFECTS", "Ends", "Step", "check_ends"]

_ANYTHING: Final = frozenset(Label)
_ENTITY: Final = frozenset({Label.ENTITY})
_ACTIVITY: Final = frozenset({Label.ACTIVITY})
_AGENT: Final = frozenset({Label.AGENT})
_CONFIGURATION: Final = frozenset({Label.PARAMETER, Label.CONFIG_FILE})
_DESCRIPTIONS: Final = frozenset(
    {
        Label.ACTIVITY_DESCRIPTION,
        Label.USAGE_DESCRIPTION,
        Label.GENERATION_DESCRIPTION,
        Label.ENTITY_DESCRIPTION,
        Label.PARAMETER_DESCRIPTION,
        Label.CONFIG_FILE_DESCRIPTION,
    }
)


_THINGS: Final = _ENTITY | {Label.ACTIVITY_DESCRIPTION}
"""What activities use and make: a description is made by the one that publishes it."""


class Ends(NamedTuple):
    """Labels of which a relation's source, and target, must have at least one."""

    source: frozenset[Label]
    target: frozenset[Label]


ENDS: Final[dict[Kind, Ends]] = {
    Kind.USED: Ends(_ACTIVITY, _THINGS),
    Kind.WAS_GENERATED_BY: Ends(_THINGS, _ACTIVITY),
    Kind.WAS_ASSOCIATED_WITH: Ends(_ACTIVITY, _AGENT),
    Kind.WAS_ATTRIBUTED_TO: Ends(_ENTITY | _DESCRIPTIONS, _AGENT),
    Kind.WAS_DERIVED_FROM: Ends(_THINGS, _THINGS),
    Kind.WAS_INFORMED_BY: Ends(_ACTIVITY, _ACTIVITY),
    Kind.WAS_CONFIGURED_BY: Ends(_ACTIVITY, _CONFIGURATION),
    Kind.HAD_MEMBER: Ends(_ENTITY, _ENTITY),
    Kind.HAD_REFERENCE: Ends(_CONFIGURATION, _ENTITY),
    Kind.IS_DESCRIBED_BY: Ends(_ACTIVITY | _ENTITY | _CONFIGURATION, _DESCRIPTIONS),
    Kind.IS_RELATED_TO: Ends(_DESCRIPTIONS, _DESCRIPTIONS),
    Kind.WAS_INVALIDATED_BY: Ends(_THINGS, _ACTIVITY),
    Kind.ALTERNATE_OF: Ends(_ENTITY, _ENTITY),
    Kind.SAME_CONTENT: Ends(_ENTITY, _ENTITY),
    Kind.ACTED_ON_BEHALF_OF: Ends(_AGENT, _AGENT),
    Kind.WAS_STARTED_BY: Ends(_ACTIVITY, _ENTITY),
    Kind.WAS_ENDED_BY: Ends(_ACTIVITY, _ENTITY),
    Kind.WAS_INFLUENCED_BY: Ends(_ANYTHING, _ANYTHING),
    Kind.SPECIALIZATION_OF: Ends(_ENTITY, _ENTITY),
    Kind.MENTION_OF: Ends(_ENTITY, _ENTITY),
    Kind.ASSERTS: Ends(frozenset({Label.BUNDLE}), _ANYTHING),
    Kind.ARGUMENT: Ends(_ACTIVITY | _ENTITY, _ACTIVITY),
}
"""Binding for what the store itself says; documents (relations with a bundle) may break it, see PROV-CONSTRAINTS 50."""


class Step(NamedTuple):
    """How a walk may cross a kind of relation.

    ``backwards``: from target to source. ``expand``: whether the walk goes on behind the node so reached. ``most``: at
    each node so many of these relations are crossed, no more: those to the nodes made last, of all that the viewer may
    see (nodes made at the same moment stand in any order); None for all. A step with ``most`` does not expand.
    """

    kind: Kind
    backwards: bool = False
    expand: bool = True
    most: int | None = None


_CAUSAL: Final = (
    Kind.USED,
    Kind.WAS_GENERATED_BY,
    Kind.WAS_DERIVED_FROM,
    Kind.WAS_INFORMED_BY,
    Kind.WAS_STARTED_BY,
    Kind.WAS_ENDED_BY,
    Kind.WAS_INFLUENCED_BY,
    Kind.SPECIALIZATION_OF,
    Kind.MENTION_OF,
    Kind.ARGUMENT,
)
_ALTERNATES: Final = (Step(Kind.ALTERNATE_OF), Step(Kind.ALTERNATE_OF, backwards=True))

TO_CAUSES: Final[tuple[Step, ...]] = (
    *(Step(kind) for kind in _CAUSAL),
    *_ALTERNATES,
    Step(Kind.HAD_MEMBER, backwards=True),
    Step(Kind.WAS_INVALIDATED_BY, expand=False),
)
"""Up: towards what something was made of and by. A job that deletes a file is no cause of it: shown, not expanded."""

TO_EFFECTS: Final[tuple[Step, ...]] = (
    *(Step(kind, backwards=True) for kind in _CAUSAL),
    *_ALTERNATES,
    Step(Kind.HAD_MEMBER, backwards=True),
    Step(Kind.WAS_INVALIDATED_BY, backwards=True, expand=False),
)
"""Down: towards what was made of something."""

INDEXES: Final[tuple[tuple[Label, tuple[str, ...]], ...]] = (
    (Label.JOB, ("created_at",)),
    (Label.JOB, ("service", "created_at")),
    (Label.JOB, ("service", "phase", "created_at")),
    (Label.JOB, ("phase", "created_at")),
    (Label.JOB, ("owner", "created_at")),
    (Label.JOB, ("open", "phase", "created_at")),
    (Label.JOB, ("deleted",)),
    (Label.JOB, ("expires_at",)),
    (Label.JOB, ("run_id",)),
    (Label.JOB, ("service", "run_id", "created_at")),
    (Label.JOB, ("changed_at",)),
    (Label.JOB, ("sweep", "created_at")),
    (Label.JOB, ("embargo_at",)),
    (Label.JOB, ("owner", "disk_bytes")),
    (Label.ACTIVITY, ("name", "started_at")),
    (Label.ACTIVITY, ("created_at",)),
    (Label.ACTIVITY, ("started_at",)),
    (Label.ACTIVITY, ("brought_by",)),
    (Label.ENTITY, ("sha256",)),
    (Label.ENTITY, ("location",)),
    (Label.ENTITY, ("name",)),
    (Label.ENTITY, ("content_type", "generated_at")),
    (Label.ENTITY, ("generated_at",)),
    (Label.ENTITY, ("local",)),
    (Label.ACTIVITY, ("local",)),
    (Label.AGENT, ("local",)),
    (Label.ENTITY, ("brought_by",)),
    (Label.PARAMETER, ("name", "value")),
    (Label.PARAMETER, ("name", "number")),
    (Label.ACTIVITY_DESCRIPTION, ("name", "revision")),
    (Label.ACTIVITY_DESCRIPTION, ("state", "created_at")),
    (Label.ACTIVITY_DESCRIPTION, ("changed_at",)),
    (Label.AGENT, ("name",)),
    (Label.AGENT, ("brought_by",)),
    (Label.BUNDLE, ("document", "position")),
    (Label.BUNDLE, ("created_at",)),
    (Label.BUNDLE, ("state",)),
    (Label.NAMESPACE, ("prefix",)),
    (Label.NAMESPACE, ("uri",)),
    (Label.TERM, ("name",)),
)
"""Look-ups that must not slow down as the graph grows: (label, properties in order). Adapters make indexes of them."""


def check_ends(relation: Relation, source: frozenset[Label], target: frozenset[Label]) -> None:
    """Refuse a relation of the store's own word that joins what it may not.

    Raises:
        Invalid: naming the relation, the end and the labels that would be right.
    """
    if relation.bundle is not None:
        return
    for end, node, labels, allowed in (
        ("source", relation.source, source, ENDS[relation.kind].source),
        ("target", relation.target, target, ENDS[relation.kind].target),
    ):
        if labels.isdisjoint(allowed):
            right = " or ".join(sorted(allowed))
            raise Invalid(f"{relation.kind}: its {end} {node} is {'+'.join(sorted(labels))}; it must be {right}")
