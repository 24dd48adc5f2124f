"""The grammar of conditions: numbers, texts and ranges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from provstore.graph.model import Value
from provstore.queries.conditions import Range, parse_clause, parse_test, parse_values


def holds(text: str, have: Value) -> bool:
    return parse_clause(text).holds([have])


def test_what_reads_as_a_number_is_one_and_quotes_make_it_a_text() -> None:
    assert [holds("ex:step=7", have) for have in (7, 7.0, "7")] == [True, True, False]
    assert [holds('ex:step="7"', have) for have in (7, 7.0, "7")] == [False, False, True]
    assert holds("parameter=p:7", "7") is False
    assert holds('parameter=p:"7"', "7") is True
    assert holds("ex:step!=7", "7") is True


@pytest.mark.parametrize("key", ["run-id", "revision", "name", "service", "owner"])
def test_values_of_some_keys_are_texts_though_they_look_like_numbers(key: str) -> None:
    assert holds(f"{key}=7", "7")
    assert not holds(f"{key}=7", 7)
    assert holds(f"{key}=1..3", "1..3")


def test_a_date_or_a_truth_value_may_be_a_text_too() -> None:
    assert holds("ex:day=2026-03-02", "2026-03-02")
    assert holds("ex:day=2026-03-02", datetime(2026, 3, 2, tzinfo=UTC))
    assert holds("ex:good=true", "true")
    assert holds("ex:good=true", True)  # noqa: FBT003 - the value of an attribute


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("ex:step=3..5", [3, 4.5, 5], [2.9, 5.1, "4", True]),
        ("ex:step=3..*", [3, 1e9], [2, "4"]),
        ("ex:step=*..-3", [-3, -9], [0]),
        ("parameter=p:3..5", [3, 5], [6]),
        ("parameter=http://x.example/#p:3..5", [4], [6]),
        ("started=2026-03-02..2026-03-03", [datetime(2026, 3, 2, 12, tzinfo=UTC)], [datetime(2026, 3, 4, tzinfo=UTC)]),
    ],
)
def test_a_range_holds_its_ends(text: str, inside: list[Value], outside: list[Value]) -> None:
    assert [have for have in inside if not holds(text, have)] == []
    assert [have for have in outside if holds(text, have)] == []


@pytest.mark.parametrize("value", ["a..f", "*..*", "../x", "night/../flat", "true..false", '"3..5"'])
def test_dots_between_what_has_no_measure_are_a_text(value: str) -> None:
    clause = parse_clause(f"ex:path={value}")
    assert clause.ranges == ()
    assert holds(f"ex:path={value}", value.strip('"'))


def test_ranges_and_values_of_one_key_are_alternatives() -> None:
    (clause,) = parse_values("parameter", "p:1..3,7,*..-1")
    assert (clause.values, clause.ranges) == (("7",), (Range("1", "3"), Range("*", "-1")))
    (inside,) = parse_test("activity[parameter=p:1..3,parameter=p:7,parameter=p:*..-1]").clauses
    assert inside == clause
    assert [have for have in (-2, 0, 1, 3, 4, 7) if clause.holds([have])] == [-2, 1, 3, 7]


def test_each_way_to_pass_a_clause_is_looked_for_by_itself() -> None:
    (clause,) = parse_values("parameter", "p:1..3,7,*..-1")
    assert [(str(one.op), one.values, one.ranges) for one in clause.alone()] == [
        ("=", ("7",), ()),
        (">=", ("1",), ()),
        ("<=", ("-1",), ()),
    ]
