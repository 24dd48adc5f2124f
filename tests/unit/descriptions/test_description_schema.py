"""The JSON schema in the documentation says exactly what is written and what is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.jsonform import from_json, to_json
from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.model import Description
from tests.unit.descriptions.strategies_of_descriptions import descriptions

ROOT: Final = Path(__file__).parents[3]
SCHEMA: Final = json.loads((ROOT / "docs" / "description.schema.json").read_text(encoding="utf-8"))
JUDGE: Final = Draft202012Validator(SCHEMA)
SHIPPED: Final = [
    read_description(path.read_bytes(), source=path.name).description
    for path in sorted((ROOT / "descriptions").glob("*_vot.xml"))
]

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([10**12, 1.0, 0.5, "60", "a", "a b", "", "1" * 13]),
    st.lists(st.sampled_from(["a", 1, None]), max_size=2),
    st.dictionaries(st.sampled_from(["a", "name", "value"]), st.sampled_from(["a", 1, None]), max_size=2),
)


def containers(value: object) -> Iterator[dict[str, Any] | list[Any]]:
    """Give everything in a document of which a member can be changed."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from containers(member)
    elif isinstance(value, list):
        yield from [value] if value else []
        for member in value:
            yield from containers(member)


def is_read(document: object) -> bool:
    try:
        from_json(document)
    except Invalid:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("description", SHIPPED, ids=lambda item: str(item.name))
def test_shipped_descriptions_are_valid_and_read_back_equal(description: Description) -> None:
    document = json.loads(json.dumps(to_json(description)))
    assert [error.message for error in JUDGE.iter_errors(document)] == []
    assert from_json(document) == description


@given(descriptions())
@settings(deadline=None, max_examples=50)
def test_what_is_written_is_valid(description: Description) -> None:
    assert [error.message for error in JUDGE.iter_errors(to_json(description))] == []


def test_the_schema_names_every_member_that_is_written() -> None:
    document = to_json(Description(name="a"))
    passed_over = {name for name, of in SCHEMA["properties"].items() if of.get("$ref") == "#/$defs/passed_over"}
    assert SCHEMA["properties"].keys() - passed_over == document.keys()


def test_what_is_told_of_a_revision_is_passed_over() -> None:
    told = {"revision": 3, "created": "2026-01-01T00:00:00Z", "author": "a", "validator": None, "withdrawn": False}
    assert from_json({"name": "a", "message": "", **told}) == Description(name="a")
    assert JUDGE.is_valid({"name": "a", "message": "", **told})


@given(st.sampled_from(SHIPPED), st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_document_is_read_if_and_only_if_the_schema_allows_it(
    description: Description, data: st.DataObject
) -> None:
    document = json.loads(json.dumps(to_json(description)))
    place = data.draw(st.sampled_from(list(containers(document))))
    if isinstance(place, dict):
        key = data.draw(st.sampled_from([*place, "name", "unknown"]))
        if data.draw(st.booleans()):
            place[key] = data.draw(values)
        else:
            place.pop(key, None)
    else:
        place[data.draw(st.integers(0, len(place) - 1))] = data.draw(values)
    assert is_read(document) == JUDGE.is_valid(document)
