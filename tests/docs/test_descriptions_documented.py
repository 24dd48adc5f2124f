"""The page on descriptions tells of every field of the model, every dialect and every PARAM that we write."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.registry import DIALECTS
from provstore.uws.descriptions.dialects.votable_names import ATTRIBUTES, CONTROL, GENERATED_FACTS, OBSCORE
from provstore.uws.descriptions.model import DATATYPES, Description, Extra, Generated, ParameterDefinition, Used
from provstore.uws.running.environment import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "descriptions.md").read_text(encoding="utf-8")
WIRE = {"execution_duration": "executionDuration", "content_types": "content_type"}
"""Names that differ in the JSON, by which the page calls the fields."""
SECTIONS: Mapping[str, type[Any]] = {
    "The service": Description,
    "A parameter": ParameterDefinition,
    "An input (`used`)": Used,
    "A result (`generated`)": Generated,
}
OLD = {"annotation", "executionduration"}
"""PARAMs that are read in old files and never written."""


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def first_cells(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def names(model: type[Any]) -> list[str]:
    return sorted(WIRE.get(field.name, field.name) for field in fields(model))


@pytest.mark.parametrize("title", SECTIONS)
def test_a_table_tells_of_every_field_and_of_no_other(title: str) -> None:
    assert sorted(first_cells(section(title))) == names(SECTIONS[title])


def test_what_is_kept_of_an_unknown_attribute_is_told() -> None:
    assert sorted(re.findall(r"`([a-z]+)`", section("An attribute of `extra`").split(":", 1)[1])) == names(Extra)


def test_the_page_s_names_are_those_of_the_json() -> None:
    item = to_json(
        Description(
            name="s",
            parameters=(ParameterDefinition(name="p"),),
            used=(Used(name="u"),),
            generated=(Generated(name="g"),),
        )
    )
    written = (item, item["parameters"][0], item["used"][0], item["generated"][0])
    computed = {"script_sha256"}
    assert [sorted(one.keys() - computed) for one in written] == [names(model) for model in SECTIONS.values()]
    assert computed <= set(re.findall(r"`(\w+)`", section("What is written")))


def test_every_datatype_and_language_is_told() -> None:
    assert set(DATATYPES) <= set(re.findall(r"`(\w+)`", section("A parameter")))
    assert set(LANGUAGES) <= set(re.findall(r"`(\w+)`", section("The service")))


@pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])
def test_every_dialect_is_in_the_table_of_what_is_read(dialect: str) -> None:
    assert re.search(rf"^\| {re.escape(dialect)}[ |]", section("What is read"), re.MULTILINE)


def test_every_param_that_a_votable_may_have_is_told() -> None:
    said = set(re.findall(r"`([\w*]+)`", TEXT))
    own = ATTRIBUTES - OLD - {"standardID"} | {f"{CONTROL}*", f"{OBSCORE}*", *GENERATED_FACTS}
    assert own - said == set()
    assert "standardID" in said


@pytest.mark.parametrize("page", ["descriptions.md", "services.md"])
def test_every_link_of_the_page_leads_somewhere(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        file = DOCS / (target or page)
        assert file.is_file(), target
        assert not anchor or f"## {anchor}\n" in file.read_text(encoding="utf-8")
