"""Each constraint of PROV-CONSTRAINTS, 22 to 56, and two of ours: what breaks it, and what looks alike and does not."""

from __future__ import annotations

import pytest

from provstore.queries.constraints.violation import RULES
from tests.unit.queries.constraints.notation import rules

BROKEN: dict[int, tuple[str, ...]] = {
    22: ("activity(a, 1, -) activity(a, 2, -)", "activity(a, -, 5) activity(a, 1, 6)"),
    23: (
        "used(u; a, e) used(u; a, f)",
        "wasGeneratedBy(g; e, a, 1) wasGeneratedBy(g; e, -, 2)",
        "wasInvalidatedBy(i; e, a) wasInvalidatedBy(i; f, a)",
        "wasStartedBy(s; a, e, b) wasStartedBy(s; a, f, b)",
        "wasEndedBy(s; a, e, b) wasEndedBy(s; a, e, c)",
        "wasInformedBy(i; a, b) wasInformedBy(i; a, c)",
        "wasDerivedFrom(d; e, f) wasDerivedFrom(d; e, g)",
        "wasDerivedFrom(d; e, f, a) wasDerivedFrom(d; e, f)",
        "wasAttributedTo(t; e, x) wasAttributedTo(t; e, y)",
        "wasAssociatedWith(s; a, x, p) wasAssociatedWith(s; a, x, -)",
        "actedOnBehalfOf(d; x, y, a) actedOnBehalfOf(d; x, y, -)",
        "wasInfluencedBy(i; x, y) wasInfluencedBy(i; x, z)",
        "wasInfluencedBy(i; x, y) used(i; a, e)",
        "used(u; a, e) wasDerivedFrom(f, e, b, -, u)",
        "used(u; a, e, 1) used(a, e, 2)",
    ),
    24: (
        "wasGeneratedBy(g; e, a) wasGeneratedBy(h; e, a)",
        "wasGeneratedBy(e, a, 1) wasGeneratedBy(e, a, 2)",
        "wasGeneratedBy(g; e, a) wasDerivedFrom(e, f, a, h, -)",
    ),
    25: (
        "wasInvalidatedBy(g; e, a) wasInvalidatedBy(h; e, a)",
        "wasInvalidatedBy(e, a, 1) wasInvalidatedBy(e, a, 2)",
    ),
    26: (
        "wasStartedBy(s; a, e, b) wasStartedBy(t; a, e, b)",
        "wasStartedBy(a, e, b) wasStartedBy(a, f, b)",
        "wasStartedBy(s; a, e, b, 1) wasStartedBy(a, e, b, 2)",
        "wasStartedBy(s; a, e, -) wasStartedBy(s; a, -, b) wasStartedBy(a, f, b)",
    ),
    27: ("wasEndedBy(s; a, e, b) wasEndedBy(t; a, e, b)", "wasEndedBy(a, e, b, 1) wasEndedBy(a, e, b, 2)"),
    28: ("activity(a, 1, -) wasStartedBy(a, -, -, 2)", "wasStartedBy(s; a, e, b, 2) activity(a, 1, -)"),
    29: ("activity(a, -, 1) wasEndedBy(a, -, -, 2)",),
    30: (
        "activity(a, 2, 1)",
        "wasStartedBy(a, -, -, 2) wasEndedBy(a, -, -, 1)",
        "activity(a, 2, -) wasEndedBy(a, e, -, 1)",
    ),
    31: (
        "wasStartedBy(a, -, b, 1) wasStartedBy(a, -, c, 2)",
        "wasStartedBy(s; a, e, -, 1) wasStartedBy(t; a, f, -, 2)",
    ),
    32: ("wasEndedBy(a, -, b, 1) wasEndedBy(a, -, c, 2)",),
    33: ("activity(a, 2, 5) used(a, e, 1)", "activity(a, 2, 5) used(a, e, 6)", "activity(a, 2, 5) used(a, -, 6)"),
    34: ("activity(a, 2, 5) wasGeneratedBy(e, a, 1)", "activity(a, 2, 5) wasGeneratedBy(e, a, 6)"),
    35: ("activity(a, 1, 2) activity(b, 3, 4) wasInformedBy(a, b)",),
    36: ("wasGeneratedBy(e, -, 2) wasInvalidatedBy(e, -, 1)",),
    37: ("wasGeneratedBy(e, -, 2) used(a, e, 1)",),
    38: ("used(a, e, 2) wasInvalidatedBy(e, -, 1)",),
    39: ("wasGeneratedBy(e, a, 1) wasGeneratedBy(e, b, 2)", "wasGeneratedBy(g; e, -, 1) wasGeneratedBy(h; e, -, 2)"),
    40: ("wasInvalidatedBy(e, a, 1) wasInvalidatedBy(e, b, 2)",),
    41: (
        "used(u; a, f, 2) wasGeneratedBy(g; e, a, 1) wasDerivedFrom(e, f, a, g, u)",
        "used(u; a, f, 2) wasGeneratedBy(e, -, 1) wasDerivedFrom(e, f, a, -, u)",
    ),
    42: (
        "wasDerivedFrom(e, f) wasDerivedFrom(f, e)",
        "wasDerivedFrom(e, e)",
        "wasDerivedFrom(e, f) wasDerivedFrom(f, g) wasDerivedFrom(g, e)",
        "wasDerivedFrom(e, f) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 2)",
        "wasDerivedFrom(e, f) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 1)",
        "wasDerivedFrom(e, f) specializationOf(f, e)",
        "wasDerivedFrom(e, f) wasDerivedFrom(f, g) wasGeneratedBy(e, -, 1) wasGeneratedBy(g, -, 1)",
    ),
    43: (
        "wasGeneratedBy(e, -, 2) wasStartedBy(a, e, -, 1)",
        "wasInvalidatedBy(e, -, 1) wasStartedBy(a, e, -, 2)",
        "activity(b, 2, -) wasStartedBy(a, -, b, 1)",
        "activity(a, 1, -) activity(b, 2, -) wasStartedBy(a, -, b) wasStartedBy(b, -, a)",
    ),
    44: (
        "wasGeneratedBy(e, -, 2) wasEndedBy(a, e, -, 1)",
        "wasInvalidatedBy(e, -, 1) wasEndedBy(a, e, -, 2)",
        "activity(b, 2, -) wasEndedBy(a, -, b, 1)",
    ),
    45: (
        "specializationOf(e, f) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 2)",
        "specializationOf(e, g) specializationOf(g, f) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 2)",
        "mentionOf(e, f, b) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 2)",
    ),
    46: ("specializationOf(e, f) wasInvalidatedBy(e, -, 2) wasInvalidatedBy(f, -, 1)",),
    47: (
        "wasAssociatedWith(a, x, -) entity(x) activity(a, 2, -) wasInvalidatedBy(x, -, 1)",
        "wasAssociatedWith(a, x, -) entity(x) activity(a, -, 1) wasGeneratedBy(x, -, 2)",
        "wasAssociatedWith(a, x, -) activity(x, -, 1) activity(a, 2, -)",
        "wasAssociatedWith(a, x, -) activity(x, 2, -) activity(a, -, 1)",
        "actedOnBehalfOf(x, y, a) wasGeneratedBy(y, -, 2) activity(a, -, 1)",
    ),
    48: (
        "wasAttributedTo(e, x) wasGeneratedBy(e, -, 1) wasGeneratedBy(x, -, 2)",
        "wasAttributedTo(e, x) wasGeneratedBy(e, -, 1) activity(x, 2, -)",
    ),
    49: (
        "actedOnBehalfOf(x, y, -) wasGeneratedBy(y, -, 2) wasInvalidatedBy(x, -, 1)",
        "actedOnBehalfOf(x, y, -) activity(y, 2, -) activity(x, -, 1)",
    ),
    50: (
        "entity(x) activity(x)",
        "entity(x) used(x, e)",
        "used(a, x) wasGeneratedBy(e, x)",
        "wasAssociatedWith(a, -, x) wasInformedBy(x, a)",
        "hadMember(c, x) activity(x)",
        "wasStartedBy(a, x) wasEndedBy(a, -, x)",
        "actedOnBehalfOf(p, q, x) entity(x)",
        "wasAttributedTo(x, p) activity(x)",
        "alternateOf(x, e) activity(x)",
        "specializationOf(e, x) activity(x)",
        "wasDerivedFrom(e, x) activity(x)",
    ),
    51: ("wasDerivedFrom(e, f, -, g, u)", "wasDerivedFrom(e, f, -, g, -)", "wasDerivedFrom(e, f, -, -, u)"),
    52: (
        "specializationOf(e, e)",
        "specializationOf(e, f) specializationOf(f, e)",
        "specializationOf(e, f) mentionOf(f, g, b) specializationOf(g, e)",
    ),
    53: (
        "used(x; a, e) wasGeneratedBy(x; f, a)",
        "wasInformedBy(x; a, b) wasAttributedTo(x; e, p)",
        "wasDerivedFrom(e, f, a, x, -) used(x; a, f)",
    ),
    54: ("entity(x) used(x; a, e)", "agent(x) wasDerivedFrom(x; e, f)", "activity(x) wasInfluencedBy(x; e, f)"),
    55: ("entity(x) activity(x)",),
    56: (
        "entity(c):EmptyCollection hadMember(c, e)",
        "hadMember(c, e) entity(c) entity(c):EmptyCollection",
        "entity(c):EmptyCollection specializationOf(d, c) hadMember(d, e)",
    ),
    57: (
        "wasGeneratedBy(g; -, a)",
        "used(u; -, e)",
        "wasInformedBy(a, -)",
        "wasStartedBy(-, e)",
        "wasEndedBy(-, e)",
        "wasInvalidatedBy(-, a)",
        "wasDerivedFrom(e, -)",
        "wasAttributedTo(e, -)",
        "wasAttributedTo(t; e, x) wasAttributedTo(t; e, -)",
        "wasAssociatedWith(-, x, -)",
        "actedOnBehalfOf(x, -, a)",
        "actedOnBehalfOf(d; x, -, a)",
        "wasInfluencedBy(x, -)",
        "specializationOf(-, e)",
        "alternateOf(e, -)",
        "hadMember(c, -)",
        "mentionOf(e, f, -)",
    ),
    58: ("mentionOf(e, f, b) mentionOf(e, g, b)", "mentionOf(e, f, b) mentionOf(e, f, c)"),
}
"""Number of a rule -> documents that break it and no other (for 50 and 55: these two)."""

KEPT: dict[int, tuple[str, ...]] = {
    22: ("activity(a, 1, -) activity(a, -, 2) activity(a)", "activity(a, 1) activity(b, 2)", "entity(e) entity(e)"),
    23: (
        "used(u; a, e) used(u; a, -, 1)",
        "used(u; a, e, 1) used(v; a, e, 2)",
        "used(u; a, e) used(a, e, 2)",
        "used(u; a, e, 1) used(v; a, e, 2) used(a, e, 2)",
        "used(u; a, e, 2026-01-01T01:00:00) used(u; a, e, 2026-01-01T02:00:00+01:00)",
        "used(u; a, e, yesterday) used(u; a, e, yesterday)",
        "wasAssociatedWith(s; a, x, p) wasAssociatedWith(s; a, -, p)",
        "wasDerivedFrom(d; e, f, a, g, u) wasDerivedFrom(d; e, f, a)",
        "actedOnBehalfOf(d; x, y, a) actedOnBehalfOf(d; x, -, a)",
        "wasInfluencedBy(u; a, e) used(u; a, e)",
        "wasInfluencedBy(s; a, e) wasStartedBy(s; a, -, b)",
        "used(u; a, _:b) used(u; a, e)",
        "wasDerivedFrom(e, f, a, g, u) used(u; a, f) wasGeneratedBy(g; e, -, 1)",
    ),
    24: (
        "wasGeneratedBy(g; e, a) wasGeneratedBy(e, a, 1)",
        "wasGeneratedBy(g; e, a) wasGeneratedBy(h; e, b)",
        "wasGeneratedBy(g; e, a) wasGeneratedBy(h; e, -)",
        "wasGeneratedBy(_:g; e, a) wasGeneratedBy(h; e, a)",
        "wasGeneratedBy(g; e, a) wasDerivedFrom(e, f, a)",
    ),
    25: (
        "wasInvalidatedBy(g; e, a, 1) wasInvalidatedBy(e, a, 1)",
        "wasInvalidatedBy(g; e, a) wasInvalidatedBy(h; f, a)",
    ),
    26: (
        "wasStartedBy(s; a, e, b) wasStartedBy(a, -, b, 1)",
        "wasStartedBy(s; a, e, b) wasStartedBy(t; a, f, c)",
        "wasStartedBy(s; a, e) wasStartedBy(t; a, f)",
    ),
    27: ("wasEndedBy(s; a, e, b) wasEndedBy(a, -, b, 1)", "wasEndedBy(s; a, e, b) wasEndedBy(t; a, f, c)"),
    28: ("activity(a, 1, -) wasStartedBy(a, -, -, 2026-01-01T02:00:00+01:00) wasStartedBy(a, e)",),
    29: ("activity(a, -, 2) wasEndedBy(a, -, -, 2) wasEndedBy(a, e)",),
    30: ("activity(a, 1, 2)", "activity(a, 1, 1)"),
    31: ("wasStartedBy(a, -, b, 1) wasStartedBy(a, -, c, 1)",),
    32: ("wasEndedBy(a, -, b, 1) wasEndedBy(a, -, c, 1)",),
    33: ("activity(a, 2, 5) used(u; a, e, 2) used(v; a, e, 5)",),
    34: ("activity(a, 2, 5) wasGeneratedBy(e, a, 2) wasGeneratedBy(f, a, 5)",),
    35: ("activity(a, 1, 3) activity(b, 3, 4) wasInformedBy(a, b) wasInformedBy(b, a)",),
    36: ("wasGeneratedBy(e, -, 1) wasInvalidatedBy(e, -, 1)",),
    37: ("wasGeneratedBy(e, -, 1) used(a, e, 1)",),
    38: ("used(a, e, 1) wasInvalidatedBy(e, -, 1)",),
    39: ("wasGeneratedBy(e, a, 1) wasGeneratedBy(e, b, 1)",),
    40: ("wasInvalidatedBy(e, a, 1) wasInvalidatedBy(e, b, 1)",),
    41: (
        "used(u; a, f, 1) wasGeneratedBy(g; e, a, 1) wasDerivedFrom(e, f, a, g, u)",
        "used(u; a, f, 2) wasGeneratedBy(e, -, 1) wasDerivedFrom(e, f, a)",
    ),
    42: (
        "wasDerivedFrom(e, f) wasGeneratedBy(e, -, 2) wasGeneratedBy(f, -, 1)",
        "wasDerivedFrom(e, f) wasDerivedFrom(e, f) wasDerivedFrom(f, g) wasDerivedFrom(e, g)",
    ),
    43: (
        "wasGeneratedBy(e, -, 1) wasStartedBy(a, e, -, 1) wasInvalidatedBy(e, -, 1)",
        "activity(a, 1, -) activity(b, 1, -) wasStartedBy(a, -, b) wasStartedBy(b, -, a)",
    ),
    44: ("wasGeneratedBy(e, -, 1) wasEndedBy(a, e, -, 1) wasInvalidatedBy(e, -, 1)",),
    45: ("specializationOf(e, f) wasGeneratedBy(e, -, 1) wasGeneratedBy(f, -, 1)",),
    46: ("specializationOf(e, f) wasInvalidatedBy(e, -, 1) wasInvalidatedBy(f, -, 1)",),
    47: ("wasAssociatedWith(a, x, -) activity(a, 1, 2) wasGeneratedBy(x, -, 2) wasInvalidatedBy(x, -, 2)",),
    48: ("wasAttributedTo(e, x) wasGeneratedBy(e, -, 1) wasGeneratedBy(x, -, 1)",),
    49: ("actedOnBehalfOf(x, y, -) wasGeneratedBy(y, -, 1) wasInvalidatedBy(x, -, 1)",),
    50: ("entity(x) agent(x)", "activity(x) agent(x) wasAssociatedWith(x, x, -)", "wasInfluencedBy(x, y) activity(y)"),
    51: ("wasDerivedFrom(e, f)", "wasDerivedFrom(e, f, a)", "wasDerivedFrom(e, f, a, g, -)"),
    52: ("specializationOf(e, f) specializationOf(f, g) specializationOf(e, g)", "alternateOf(e, e)"),
    53: ("used(x; a, e) used(y; a, f)", "used(x; a, e) wasInfluencedBy(x; a, e)"),
    54: ("entity(x) agent(x) used(y; a, x)",),
    55: ("entity(x) agent(x)",),
    56: ("entity(c):EmptyCollection", "entity(c):Collection hadMember(c, e)"),
    57: (
        "used(a, -)",
        "wasGeneratedBy(e, -)",
        "wasStartedBy(a)",
        "wasAssociatedWith(a, -, p)",
        "actedOnBehalfOf(x, y)",
    ),
    58: ("mentionOf(e, f, b) mentionOf(e, f, b) mentionOf(g, f, c)",),
}
"""Number of a rule -> documents near its border that break none."""

TOGETHER = {50: {50, 55}, 55: {50, 55}}


@pytest.mark.parametrize(("rule", "document"), [(rule, one) for rule, several in BROKEN.items() for one in several])
def test_a_document_that_breaks_a_rule_breaks_this_one_only(rule: int, document: str) -> None:
    assert rules(document) == TOGETHER.get(rule, {rule})


@pytest.mark.parametrize(("rule", "document"), [(rule, one) for rule, several in KEPT.items() for one in several])
def test_a_document_near_the_border_of_a_rule_breaks_none(rule: int, document: str) -> None:
    assert rules(document) == set()


def test_every_rule_has_its_documents() -> None:
    assert BROKEN.keys() == KEPT.keys() == RULES.keys()
