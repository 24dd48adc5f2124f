"""Every shipped service is documented with all its names, and its description is as good as we ask of others."""

import re
from pathlib import Path

import pytest
from astropy.io import votable
from lxml import etree

from provstore.uws.descriptions.checking.checks import problems
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.load import Shipped, load_directory
from provstore.uws.descriptions.model import Description
from tests.parts import require

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
SHIPPED = {one.description.name: one for one in load_directory(ROOT / "descriptions")[0]}
SCHEMAS = ROOT.parent / "shared" / "schemas"
ROW = re.compile(
    r"^\| (?P<kinds>(?:parameters?|inputs?|results?| and )+) (?P<names>`[^|]+`) \| (?P<what>.+) \|$", re.MULTILINE
)


@pytest.fixture(params=sorted(SHIPPED))
def shipped(request: pytest.FixtureRequest) -> Shipped:
    return SHIPPED[request.param]


def section(name: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {name}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def documented(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"parameter": set(), "input": set(), "result": set()}
    for row in ROW.finditer(section(name)):
        assert len(row["what"]) > 2
        for kind in found:
            if kind in row["kinds"]:
                found[kind] |= set(re.findall(r"`([^`]+)`", row["names"]))
    return found


def test_the_page_has_a_section_for_every_service_and_for_no_other() -> None:
    assert sorted(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == sorted(SHIPPED)
    assert set(re.findall(r"\(#(\w+)\)", PAGE)) == SHIPPED.keys()


def test_the_section_names_every_parameter_input_and_result(shipped: Shipped) -> None:
    description = shipped.description
    inputs = {item.name for item in description.used}
    files = {item.name for item in description.inputs}
    found = documented(description.name)
    assert found["parameter"] == {item.name for item in description.parameters}
    assert found["result"] == {item.name for item in description.generated}
    assert inputs <= found["input"] <= files | inputs


def test_the_section_has_an_example_that_the_service_would_take(shipped: Shipped) -> None:
    description = shipped.description
    (example,) = re.findall(rf"^provstore run {description.name} (.*)$", section(description.name), re.MULTILINE)
    assert set(re.findall(r"-p (\w+)=", example)) <= {item.name for item in description.parameters}
    assert set(re.findall(r"-i (\w+)=", example)) <= {item.name for item in description.inputs}


def test_a_shipped_description_is_published_without_a_word(shipped: Shipped) -> None:
    assert (shipped.repairs, shipped.warnings, problems(shipped.description)) == ((), (), ())


def test_a_shipped_description_says_what_people_ask_for(shipped: Shipped) -> None:
    description = shipped.description
    texts = ("label", "description", "version", "group", "type", "subtype", "contact_name", "main_result")
    assert [text for text in texts if not getattr(description, text)] == []
    assert description.keywords
    assert description.execution_duration
    assert description.quote
    assert (description.execution_duration or 0) >= (description.quote or 0)
    helps = [(item.name, item.description) for item in description.parameters]
    helps += [(item.name, item.description) for item in description.used]
    helps += [(item.name, item.description) for item in description.generated]
    assert [name for name, text in helps if not text] == []


def test_what_a_shipped_service_uses_and_makes_has_a_type(shipped: Shipped) -> None:
    for used in shipped.description.used:
        assert used.type, used.name
        assert used.role, used.name
    for made in shipped.description.generated:
        assert made.type in {"Main", "Preview", "Log"}, made.name
        assert made.role
        assert made.content_type
        guessed = guess_content_type(made.default)
        assert guessed in {
            made.content_type,
            made.content_type.replace("image/fits", "application/fits"),
            "application/octet-stream",
        }


def test_a_shipped_file_is_of_the_current_dialect_and_valid(shipped: Shipped) -> None:
    data = shipped.path.read_bytes()
    assert read_description(data, source=shipped.path.name, strict=True).dialect == "D2"
    votable.parse(shipped.path, verify="exception")
    file = SCHEMAS / "VOTable-1.4.xsd"
    require("schemas", present=file.is_file(), reason="the folder shared/schemas is not beside the clone")
    parser = etree.XMLParser(no_network=True)
    etree.XMLSchema(etree.parse(file, parser)).assertValid(etree.fromstring(data))


def test_a_shipped_description_reads_back_equal_and_in_its_order(shipped: Shipped) -> None:
    description = shipped.description
    again = read_description(write_votable(description), source="again").description
    assert again == description
    assert order(again) == order(description)
    names = re.findall(r'<(?:PARAM ID|GROUP name)="(\w+)"', shipped.path.read_text(encoding="utf-8"))
    groups = ("InputParams", "Used", "Generated")
    assert [name for name in names if name not in groups] == order(description)


def order(description: Description) -> list[str]:
    parts = (description.parameters, description.used, description.generated)
    return [item.name for part in parts for item in part]
