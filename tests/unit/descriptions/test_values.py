"""Values of a job against its description."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Description, ParameterDefinition, Used
from provstore.uws.descriptions.values import EffectiveParameter, check_items, check_value, complete, split_text


def definition(datatype: str, arraysize: str = "", **facts: object) -> ParameterDefinition:
    return ParameterDefinition(name="p", datatype=datatype, arraysize=arraysize, **facts)  # type: ignore[arg-type] # a table


RIGHT = [
    (definition("unsignedByte"), ["0", "255", "+7", "007"]),
    (definition("short"), ["-32768", "32767"]),
    (definition("int"), ["-2147483648", "2147483647"]),
    (definition("long"), ["-9223372036854775808", "9223372036854775807"]),
    (definition("float"), ["1", "-1.5e-3", ".5", "5.", "3.4e38"]),
    (definition("double"), ["329.71693790000001", "1e308", "-0"]),
    (definition("double", default="NaN"), ["NaN", "inf", "1"]),
    (definition("double", min="0", max="360"), ["0", "360", "0.0", "3.6e2"]),
    (definition("int", options=("1", "2")), ["1", "2", "02"]),
    (definition("double", options=("1", "2.5")), ["1.0", "2.50"]),
    (definition("boolean"), ["true", "false", "1", "0", "yes", "no", "T", "F", "TRUE"]),
    (definition("bit"), ["0", "1"]),
    (definition("char"), ["", "any text\n", "é", "'; rm -rf /"]),
    (definition("char", "3"), ["", "abc"]),
    (definition("char", options=("LIN", "LOG")), ["LIN"]),
    (definition("char", xtype="uri"), ["https://example.org/a?b=c", "ivo://x/y", "urn:a:b"]),
    (definition("char", xtype="application/octet-stream"), ["anything"]),
    (definition("double", "3"), ["1 2 3", " 1\t2\n3 "]),
    (definition("int", "*"), ["", "1", "1 2 3 4"]),
    (definition("int", "3*"), ["", "1", "1 2 3"]),
    (definition("int", "2x*"), ["1 2", "1 2 3 4"]),
    (definition("float", "2x2", max="4"), ["1 2 3 4"]),
    (definition("doubleComplex", "1x1"), ["1 2"]),
    (definition("boolean", "2"), ["true no"]),
]

WRONG = [
    (definition("unsignedByte"), ["-1", "256"]),
    (definition("short"), ["32768"]),
    (definition("int"), ["2147483648", "1.0", "1e3", "", " 1", "1 ", "1_000", "0x10", "٣", "9" * 5000]),
    (definition("long"), ["9223372036854775808"]),
    (definition("float"), ["1e39", "nan", "1,5", "--1", "1e", "."]),
    (definition("double"), ["1e309", "Infinity", "abc", "1 2", "329,7169379", "1d3"]),
    (definition("double", min="0", max="360"), ["-0.0001", "360.1"]),
    (definition("long", min="0", max="9007199254740993"), ["9007199254740994"]),
    (definition("int", options=("1", "2")), ["3"]),
    (definition("boolean"), ["maybe", "", "2"]),
    (definition("bit"), ["2"]),
    (definition("char"), ["a\0b"]),
    (definition("char", "3"), ["abcd"]),
    (definition("char", options=("LIN", "LOG")), ["lin", ""]),
    (definition("char", xtype="uri"), ["/a/b", "", "example.org", "http:", "http://a b"]),
    (definition("double", "3"), ["1 2", "1 2 3 4", "1 2 x", "1,2,3"]),
    (definition("int", "3*"), ["1 2 3 4"]),
    (definition("int", "2x*"), ["1 2 3"]),
    (definition("float", "2x2", max="4"), ["1 2 3 5"]),
]


@pytest.mark.parametrize(("item", "text"), [(item, text) for item, texts in RIGHT for text in texts])
def test_a_right_value_is_given_back_unchanged(item: ParameterDefinition, text: str) -> None:
    assert check_value(item, text) == text


@pytest.mark.parametrize(("item", "text"), [(item, text) for item, texts in WRONG for text in texts])
def test_a_wrong_value_is_refused_with_its_name_and_itself(item: ParameterDefinition, text: str) -> None:
    with pytest.raises(Invalid, match=r"parameter p: .* is not ") as caught:
        check_value(item, text)
    assert (caught.value.field, caught.value.value) == ("p", text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_long_is_a_right_long(value: int) -> None:
    assert check_value(definition("long"), str(value)) == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_is_a_right_double(value: float) -> None:
    assert check_value(definition("double"), repr(value)) == repr(value)


SERVICE = Description(
    name="s",
    parameters=(
        ParameterDefinition(name="b", datatype="int", default="1"),
        ParameterDefinition(name="A", datatype="double"),
        ParameterDefinition(name="c", required=False),
        ParameterDefinition(name="x", default="low"),
        ParameterDefinition(name="X", default="high"),
    ),
)


def values(**given_values: str) -> dict[str, str]:
    return {item.definition.name: item.value for item in complete(SERVICE, given_values, known=("file", "RUNID"))}


def test_values_are_completed_in_the_order_of_the_description() -> None:
    b, a, *_ = SERVICE.parameters
    assert complete(SERVICE, {"A": "2.50"})[:2] == (
        EffectiveParameter(definition=b, value="1", given=False),
        EffectiveParameter(definition=a, value="2.50", given=True),
    )
    assert list(values(A="1", c="t")) == ["b", "A", "c", "x", "X"]


def test_an_optional_parameter_without_value_or_default_is_left_out() -> None:
    assert values(A="1") == {"b": "1", "A": "1", "x": "low", "X": "high"}


def test_an_unambiguous_other_case_is_accepted() -> None:
    assert values(a="1", B="5", FILE="f", runId="r")["b"] == "5"


def test_names_that_differ_by_case_are_told_apart() -> None:
    assert values(A="1", x="one", X="two") == {"b": "1", "A": "1", "x": "one", "X": "two"}


def test_a_required_parameter_without_default_must_be_given() -> None:
    with pytest.raises(Invalid, match="parameter A is required and has no default") as caught:
        values()
    assert caught.value.field == "A"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"unknown name 'z'; known: b, A, c, x, X, file, RUNID$"):
        values(A="1", z="2")


def test_a_value_given_under_two_spellings_is_refused() -> None:
    with pytest.raises(Invalid, match="given twice"):
        values(A="1", a="2")


@pytest.mark.parametrize(
    ("multiplicity", "text", "items"),
    [
        ("1", "a b, c", ("a b, c",)),
        ("", " a ", ("a",)),
        ("*", "a b\n c", ("a", "b", "c")),
        ("1..*", "a b,c", ("a b", "c")),
        ("*", "", ()),
        ("0..1", "", ()),
        ("2..3", "a,b,", ("a", "b")),
        ("n", "a", ("a",)),
    ],
)
def test_a_plural_value_is_split_at_commas_or_blanks(multiplicity: str, text: str, items: tuple[str, ...]) -> None:
    assert split_text(Used(name="u", multiplicity=multiplicity), text) == items


@pytest.mark.parametrize(
    ("multiplicity", "text"), [("1", ""), ("", " "), ("2", "a"), ("2..3", "a b c d"), ("1..*", ",")]
)
def test_a_wrong_number_of_items_is_refused(multiplicity: str, text: str) -> None:
    used = Used(name="u", multiplicity=multiplicity)
    with pytest.raises(Invalid, match=r"input u: . items; right is"):
        check_items(used, len(split_text(used, text)), text)
