"""What is written is read back equal, and foreign judges find nothing wrong with it."""

import io
import json
import warnings
from pathlib import Path
from typing import Final

import pytest
from astropy.io import votable
from hypothesis import given, settings
from lxml import etree

from provstore.errors import Invalid
from provstore.uws.descriptions.jsonform import from_json, to_json
from provstore.uws.descriptions.load import load_directory
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.votable import read_votable, write_votable
from tests.unit.descriptions.strategies_of_descriptions import descriptions

ROOT: Final = Path(__file__).parents[3]
SCHEMAS: Final = ROOT.parent / "shared" / "schemas"

FULL: Final = Description(
    name="full",
    label="Full",
    description="Everything at once: <&> é\n\ttwo lines",
    version="2",
    type="analysis",
    subtype="all",
    doculink="https://example.org/?a=1&b=2",
    group="tests",
    contact_name="A. Contact",
    contact_email="a@example.org",
    execution_duration=60,
    quote=5,
    script="echo \"$a\" >'b' # <&>\n\techo\n",
    software=("python3", "numpy"),
    main_result="all",
    parameters=(
        ParameterDefinition(name="full", default="the service has this name too"),
        ParameterDefinition(name="must", datatype="double", unit="TeV", ucd="em.energy", min="0.1", max="1e3"),
        ParameterDefinition(name="may", datatype="int", required=False, options=("1", "2")),
        ParameterDefinition(name="flag", datatype="boolean", default="yes"),
        ParameterDefinition(name="none", datatype="boolean", required=False),
        ParameterDefinition(name="where", xtype="uri", required=False),
        ParameterDefinition(name="box", datatype="float", arraysize="4", default="1 2 3 4", unit="deg"),
        ParameterDefinition(name="empty", default=""),
        ParameterDefinition(name="nothing", required=False),
    ),
    used=(
        Used(name="in", role="DL3", type="Main", content_types=("image/fits", "text/xml"), url="file://$ID"),
        Used(name="empty", ref="empty", multiplicity="0..*"),
    ),
    generated=(Generated(name="all", type="Main", content_type="text/plain", default="*.txt", derived_from=("in",)),),
    extra=(("description_version", "3"), ("slurm_mem", "2G"), ("license", "CC0")),
    files=(("a b=c.cfg", "00ff"),),
)


@given(descriptions())
@settings(deadline=None)
def test_what_is_written_as_votable_is_read_back_equal(description: Description) -> None:
    reading = read_votable(write_votable(description), source="written")
    assert reading.description == description
    assert reading.repairs == ()


@given(descriptions())
@settings(deadline=None)
def test_what_is_written_as_json_is_read_back_equal(description: Description) -> None:
    assert from_json(json.loads(json.dumps(to_json(description)))) == description


def test_a_description_with_everything_comes_back_equal() -> None:
    assert read_votable(write_votable(FULL), source="written").description == FULL
    assert from_json(to_json(FULL)) == FULL


def shipped() -> list[Description]:
    return [item.description for item in load_directory(ROOT / "descriptions")[0]]


every_kind = pytest.mark.parametrize("description", [FULL, *shipped()], ids=lambda item: str(item.name))


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the shared folder with the schemas is not here")
@pytest.mark.parametrize("version", ["1.4", "1.5"])
@every_kind
def test_written_votable_is_valid_by_the_schema(description: Description, version: str) -> None:
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / f"VOTable-{version}.xsd"), etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(write_votable(description)))


@every_kind
def test_astropy_reads_written_votable_without_a_warning(description: Description) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = votable.parse(io.BytesIO(write_votable(description)), verify="exception")
    assert document.resources[0].name == description.name


def test_booleans_are_written_as_votable_wants_them() -> None:
    assert b'name="flag" datatype="boolean" value="true"' in write_votable(FULL)


def test_all_attributes_of_items_are_written_even_when_empty() -> None:
    root = etree.fromstring(
        write_votable(Description(name="a", used=(Used(name="b"),), generated=(Generated(name="c"),)))
    )
    groups = root.findall(".//{*}GROUP/{*}GROUP")
    assert [[param.get("name") for param in group] for group in groups] == [
        ["role", "multiplicity", "default", "content_type", "url"],
        ["role", "multiplicity", "default", "content_type"],
    ]


def test_a_text_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(Invalid, match="description a"):
        write_votable(Description(name="a", script="\x00"))


def test_a_reference_to_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="ref 'c' names no parameter"):
        write_votable(Description(name="a", used=(Used(name="b", ref="c"),)))
