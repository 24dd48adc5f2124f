"""What is told of a violation: rule, records, nodes, bundle, one sentence."""

from __future__ import annotations

from provstore.graph.statements import Statement
from provstore.queries.constraints.validator import violations
from provstore.queries.constraints.violation import Violation
from tests.unit.queries.constraints.notation import EX, found, said, uri

E, A = uri("e"), uri("a")


def only(statements: str | list[Statement]) -> Violation:
    (violation,) = found(statements)
    return violation


def test_two_times_are_told_with_both_records_and_both_times() -> None:
    assert only("wasGeneratedBy(g; e, -, 2) used(u; a, e, 1)") == Violation(
        rule=37,
        records=(uri("u"), uri("g")),
        nodes=(E,),
        text=f"the generation of {E} at 2026-01-01T02:00:00Z must not be later than "
        f"the usage of {EX}u at 2026-01-01T01:00:00Z",
    )


def test_a_contradiction_across_events_without_time_names_what_lies_between() -> None:
    violation = only("activity(a, 5, -) wasGeneratedBy(g; e, a) used(u; b, e, 1)")
    assert (violation.rule, violation.others) == (37, (34,))
    assert violation.records == (uri("g"), uri("u"), A)
    assert violation.nodes == (A, E)


def test_a_circle_is_told_once_with_all_its_records() -> None:
    violation = only("wasDerivedFrom(x; e, f) wasDerivedFrom(y; f, g) wasDerivedFrom(z; g, e)")
    assert (violation.rule, violation.others) == (42, ())
    assert set(violation.records) == {uri("x"), uri("y"), uri("z")}
    assert set(violation.nodes) == {E, uri("f"), uri("g")}


def test_circles_that_share_events_are_told_one_by_one_and_not_without_end() -> None:
    ring = [f"wasDerivedFrom(e{at}, f{other})" for at in range(9) for other in range(9)]
    back = [f"wasDerivedFrom(f{at}, e{other})" for at in range(9) for other in range(9)]
    assert 1 < len(found(" ".join(ring + back))) <= 10


def test_a_record_without_id_is_named_by_its_place_or_by_what_it_says() -> None:
    (statement,) = said("wasDerivedFrom(_:d; e, e)")
    assert only([statement._replace(place="line 7")]).records == ("line 7",)
    assert only([statement]).records == (f"wasDerivedFrom(_:d; {E}, {E})",)


def test_missing_arguments_are_told_as_prov_n_writes_them() -> None:
    assert only("used(u; -, e, 1)").text == f"used({EX}u; -, {E}, 2026-01-01T01:00:00Z) must name its activity"


def test_each_bundle_is_a_history_of_its_own() -> None:
    first, second = said("activity(a, 1, -)"), said("activity(a, 2, -)", bundle=uri("b"))
    assert list(violations([*first, *second])) == []
    in_b = list(violations([*first, *second, *said("activity(a, 3, -)", bundle=uri("b"))]))
    assert [(one.rule, one.bundle) for one in in_b] == [(22, uri("b"))]


def test_violations_come_bundle_by_bundle_and_by_number() -> None:
    document = said("mentionOf(e, f, b) mentionOf(e, g, b) wasDerivedFrom(e, e) activity(a, 2, 1)")
    again = [one._replace(bundle=uri("x")) for one in document]
    order = [(one.bundle, one.rule) for one in violations([*document, *again])]
    assert order == [(bundle, rule) for bundle in ("", uri("x")) for rule in (30, 42, 58)]


def test_a_document_that_says_nothing_breaks_nothing() -> None:
    assert found([]) == []


def test_texts_of_strangers_are_made_safe() -> None:
    name = f"{EX}{'e' * 300}\n\u202e"
    statement = Statement("wasDerivedFrom", "", {"generatedEntity": name, "usedEntity": name})
    text = only([statement]).text
    assert text.isprintable()
    assert len(text) < 600
    assert only([statement]).nodes == (name,)


def test_times_that_are_none_are_compared_as_texts_and_order_nothing() -> None:
    assert found("activity(a, soon, later) used(a, e, never)") == []
    assert only("activity(a, soon) activity(a, later)").rule == 22


def test_a_late_event_is_not_held_against_what_is_only_after_its_victims() -> None:
    document = "activity(a, 9, -) wasGeneratedBy(g; e, a, 1) used(b, e, 2) used(c, e, 3)"
    assert [one.rule for one in found(document)] == [34]


def test_a_hundred_records_of_one_element_are_one_description() -> None:
    assert found(" ".join(["activity(a, 1, -) entity(e) wasGeneratedBy(g; e, a)"] * 100)) == []
    assert len(found("activity(a, 1, -) " * 100 + "activity(a, 2, -)")) == 1


def test_of_a_long_way_the_end_is_told() -> None:
    late = said("wasGeneratedBy(g; e0, -, 9)")
    links = said(" ".join(f"wasDerivedFrom(e{at + 1}, e{at})" for at in range(50_000)))
    early = said("wasGeneratedBy(h; e50000, -, 1)")
    violation = only([*late, *links, *early])
    assert (violation.rule, len(violation.nodes), len(violation.records)) == (42, 21, 22)
    assert (violation.nodes[0], violation.nodes[-1]) == (uri("e0"), uri("e50000"))
    assert {uri("g"), uri("h")} <= set(violation.records)


def test_of_a_long_circle_the_sentence_stays_short() -> None:
    ring = said(" ".join(f"specializationOf(e{at}, e{(at + 1) % 500})" for at in range(500)))
    violation = only(ring)
    assert len(violation.nodes) == 500
    assert violation.text.endswith("and so on, 501 in all")
