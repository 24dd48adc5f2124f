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
from provstore.uws.descriptions.dialects.jsonform import from_json, to_json
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.load import load_directory
from provstore.uws.descriptions.model import CONFIG_FILE, FILE, Description, Extra, Generated, ParameterDefinition, Used
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
    keywords=("gamma rays", "maps, and more"),
    standard_id="ivo://example.org/std/stack#1.0",
    script="echo \"$a\" >'b' # <&>\n\techo\n",
    software=("python3", "numpy>=2,<3"),
    modules=("gcc/13", "cfitsio"),
    container="example/image:1",
    controls=(("slurm_mem", "2G"), ("walltime", "1 h"), ("slurm_partition", "")),
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
        ParameterDefinition(name="settings", xtype=FILE, type=CONFIG_FILE, default="a.ini"),
        ParameterDefinition(name="scale", datatype="double", default="0.02", unit="deg/pixel"),
    ),
    used=(
        Used(
            name="in",
            role="Ergebnis für später",
            type="Main",
            content_types=("image/fits", "text/xml"),
            url="file://$ID",
            extra=(Extra(name="colour", value="red", ucd="meta.note", description="of the line"),),
        ),
        Used(name="empty", ref="empty", multiplicity="0..*"),
    ),
    generated=(
        Generated(
            name="all",
            type="Main",
            content_type="text/plain",
            default="*.txt",
            derived_from=("in",),
            obscore=(("dataproduct_type", "image"), ("calib_level", "3")),
            extra=(Extra(name="depth", value="3", datatype="int", arraysize="", unit="mag", utype="a:b"),),
        ),
    ),
    extra=(
        Extra(name="description_version", value="3", datatype="int", arraysize=""),
        Extra(name="accessURL", value="https://example.org/elsewhere", ucd="meta.ref.url", xtype="uri"),
        Extra(name="author", value="Müller", datatype="unicodeChar", description="who wrote it"),
    ),
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


@every_kind
def test_opus_finds_nothing_at_which_it_stumbles(description: Description) -> None:
    """It parses text, takes the first RESOURCE, GROUPs by name, and whatever is in Used for an item."""
    root = etree.fromstring(write_votable(description, access_url="https://example.org/a").decode())
    resource = root.find(f".//{{{root.nsmap[None]}}}RESOURCE")
    assert resource is not None
    assert resource.get("name") == description.name
    groups = resource.findall("{*}GROUP")
    assert [group.get("name") for group in groups] == ["InputParams", "Used", "Generated"]
    assert {etree.QName(item).localname for group in groups[1:] for item in group} <= {"GROUP"}
    names = {param.get("name") for param in resource.findall("{*}PARAM")}
    assert not names & {"name", "parameters", "used", "generated", "control_parameters", "control_parameters_keys"}
    known = {param.get("name") for param in groups[0]}
    assert {item.get("ref") for group in groups[1:] for item in group} - {None} <= known
    params = [param for param in root.iter("{*}PARAM") if param.getparent() is not resource]
    assert all("value" in param.attrib for param in params)
