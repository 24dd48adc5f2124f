"""The service descriptor beside a description is what DataLink 1.1 wants, and what its clients find."""

import io
import warnings
from dataclasses import replace
from typing import Final

import pytest
from astropy.io import votable
from astropy.io.votable.tree import Param, Resource, VOTableFile
from hypothesis import given, settings
from lxml import etree
from pyvo.dal.adhoc import AdhocServiceResultsMixin, DatalinkQuery

from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.unit.descriptions.strategies_of_descriptions import descriptions
from tests.unit.descriptions.test_round_trips import FULL, SCHEMAS, shipped

URL: Final = "https://example.org/ui/new?service=stack&a=%20b"
STACK: Final = Description(
    name="stack",
    description="Add up images",
    parameters=(
        ParameterDefinition(
            name="clip",
            datatype="double",
            default="3.5",
            description="Limit",
            unit="deg/pixel",
            ucd="em.energy;stat.max",
            utype="a:b",
            min="0",
            max="10",
        ),
        ParameterDefinition(name="count", datatype="int", options=("1", "2"), required=False),
        ParameterDefinition(name="box", datatype="float", arraysize="4", xtype="polygon"),
        ParameterDefinition(name="flag", datatype="boolean", default="yes"),
        ParameterDefinition(name="sum", default="sum.fits", description="Name of the result"),
        ParameterDefinition(name="dark", default="dark.fits"),
        ParameterDefinition(name="stack-service"),
    ),
    used=(
        Used(name="frames", content_types=("image/fits", "image/png"), url="file://$ID", description="Images to add"),
        Used(name="run", default="42"),
        Used(name="background", ref="dark", url="file://$ID"),
        Used(name="dark_two", multiplicity="0..1", url="https://example.org/$ID"),
    ),
    generated=(Generated(name="sum", ref="sum", content_type="image/fits"),),
)


class Results(AdhocServiceResultsMixin):  # type: ignore[misc]  # pyvo has no types
    """The part of pyvo's results that finds services, without a query before it."""

    def __init__(self, document: VOTableFile) -> None:
        self._adhocservices = [one for one in document.resources if one.type == "meta" and one.utype == "adhoc:service"]


def parsed(description: Description) -> VOTableFile:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return votable.parse(io.BytesIO(write_votable(description, access_url=URL)), verify="exception")


def service(description: Description) -> Resource:
    (found,) = Results(parsed(description)).iter_adhocservices()
    return found


def inputs(description: Description) -> dict[str, Param]:
    (group,) = service(description).groups
    assert group.name == "inputParams"
    return {param.name: param for param in group.entries}


def test_a_client_finds_the_service_and_where_it_is() -> None:
    found = service(STACK)
    assert (found.name, found.ID, found.type) == ("stack", "stack-service_", "meta")
    assert found.description == "Add up images"
    assert {param.name: param.value for param in found.params} == {"accessURL": URL, "contentType": "text/html"}


def test_a_client_finds_what_the_service_takes_with_limits_and_options() -> None:
    found = inputs(STACK)
    assert list(found) == [one.name for one in STACK.parameters] + ["frames", "run", "dark_two"]
    clip = found["clip"]
    assert (clip.datatype, clip.ucd, clip.utype) == ("double", "em.energy;stat.max", "a:b")
    assert clip.unit.to_string("vounit") == "deg.pixel**-1"
    assert (clip.values.min, clip.values.max) == (0, 10)
    assert [value for _, value in found["count"].values.options] == ["1", "2"]
    assert (found["box"].arraysize, found["box"].xtype) == ("4", "polygon")


def test_no_value_is_given_because_a_client_would_have_to_send_it() -> None:
    root = etree.fromstring(write_votable(STACK, access_url=URL))
    params = root.findall("{*}RESOURCE[2]/{*}GROUP/{*}PARAM")
    assert {param.get("value") for param in params} == {""}
    assert {param.get("ref") for param in params} == {None}
    query = DatalinkQuery.from_resource({}, service(STACK), sum="a.fits")
    assert (query.baseurl, dict(query)) == (URL, {"SUM": "a.fits"})


def test_the_description_says_what_is_needed_and_what_is_taken_otherwise() -> None:
    assert {name: str(param.description) for name, param in inputs(STACK).items()} == {
        "clip": "Limit (optional; default: 3.5)",
        "count": "(optional)",
        "box": "(required)",
        "flag": "(optional; default: yes)",
        "sum": "Name of the result (optional; default: sum.fits)",
        "dark": "(optional; default: dark.fits)",
        "stack-service": "(required)",
        "frames": "Images to add (required; an address or the id of an entity; of type image/fits or image/png)",
        "run": "(optional; default: 42)",
        "dark_two": "(optional; an address or the id of an entity)",
    }


def test_a_standard_is_named_only_where_the_service_declares_it() -> None:
    standard = "ivo://example.org/std/stack#1.0"
    declared = replace(STACK, standard_id=standard)
    found = Results(parsed(declared)).get_adhocservice_by_ivoid(standard)
    assert found.ID == "stack-service_"
    assert "standardID" not in {param.name for param in service(STACK).params}


def test_without_an_address_there_is_no_descriptor() -> None:
    alone, both = write_votable(STACK), write_votable(STACK, access_url=URL)
    first = etree.tostring(etree.fromstring(both)[0])
    assert first.strip() == etree.tostring(etree.fromstring(alone)[0]).strip()
    assert len(etree.fromstring(alone)) == 1


@pytest.mark.parametrize("datatype", ["boolean", "bit", "unsignedByte", "short", "int", "long", "float", "double"])
@pytest.mark.parametrize("arraysize", ["", "3", "*", "3*", "2x*"])
def test_a_parameter_of_any_type_may_have_no_value(datatype: str, arraysize: str) -> None:
    item = ParameterDefinition(name="p", datatype=datatype, arraysize=arraysize)
    description = Description(name="a", parameters=(item,))
    assert list(inputs(description)) == ["p"]
    assert dict(DatalinkQuery.from_resource({}, service(description))) == {}


every_kind = pytest.mark.parametrize("description", [FULL, STACK, *shipped()], ids=lambda item: str(item.name))


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the shared folder with the schemas is not here")
@pytest.mark.parametrize("version", ["1.4", "1.5"])
@every_kind
def test_the_whole_document_is_valid_by_the_schema(description: Description, version: str) -> None:
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / f"VOTable-{version}.xsd"), etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(write_votable(description, access_url=URL)))


@every_kind
def test_the_description_is_read_back_and_nothing_is_said_of_the_descriptor(description: Description) -> None:
    reading = read_votable(write_votable(description, access_url=URL), source="written")
    assert (reading.description, reading.repairs) == (description, ())


@given(descriptions())
@settings(deadline=None)
def test_any_description_is_read_back_from_beside_its_descriptor(description: Description) -> None:
    written = write_votable(description, access_url=URL)
    reading = read_votable(written, source="written")
    assert (reading.description, reading.repairs) == (description, ())
    ids = [element.get("ID") for element in etree.fromstring(written).iter() if element.get("ID")]
    assert len(ids) == len(set(ids))


def test_the_descriptor_of_somebody_else_is_told() -> None:
    data = (
        b'<VOTABLE><RESOURCE name="a"><GROUP name="Used"/></RESOURCE>'
        b'<RESOURCE name="a" type="meta" utype="adhoc:service"/></VOTABLE>'
    )
    assert [repair.what for repair in read_votable(data, source="x").repairs] == ["another RESOURCE 'a'"]
