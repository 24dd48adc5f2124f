"""Nothing of a VOTable is dropped without a word: what we don't know is kept, or its loss is told with its line."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.votable_names import read_list, write_list
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used

TYPE = '<PARAM name="content_type" value="a/b"/>'


def read(inside: str) -> Reading:
    return read_votable(f'<VOTABLE>\n<RESOURCE name="a">{inside}</RESOURCE></VOTABLE>'.encode(), source="x")


def generated(inside: str) -> Reading:
    return read(f'<GROUP name="Generated"><GROUP name="x">{TYPE}{inside}</GROUP></GROUP>')


def used(inside: str) -> Reading:
    return read(f'<GROUP name="Used"><GROUP name="x">{TYPE}{inside}</GROUP></GROUP>')


def parameter(inside: str, attributes: str = "") -> Reading:
    return read(f'<GROUP name="InputParams"><PARAM name="p" value="" {attributes}>{inside}</PARAM></GROUP>')


def test_unknown_attributes_are_kept_in_their_order_with_all_that_they_say() -> None:
    facets = 'datatype="float" unit="mag" ucd="phot.mag" utype="a:b" xtype="c"'
    reading = read(f'<PARAM name="z" {facets} value="1.50"><DESCRIPTION>d</DESCRIPTION></PARAM><PARAM name="y"/>')
    assert reading.description.extra == (
        Extra(
            name="z",
            value="1.50",
            datatype="float",
            arraysize="",
            unit="mag",
            ucd="phot.mag",
            utype="a:b",
            xtype="c",
            description="d",
        ),
        Extra(name="y", value=""),
    )
    assert reading.repairs == ()


@pytest.mark.parametrize("reader", [used, generated])
def test_unknown_attributes_of_an_item_are_kept(reader: Callable[[str], Reading]) -> None:
    reading = reader('<PARAM name="colour" datatype="int" value="7" ucd="meta.note"/>')
    items: list[Used | Generated] = [*reading.description.used, *reading.description.generated]
    colour = Extra(name="colour", value="7", datatype="int", arraysize="", ucd="meta.note")
    assert [item.extra for item in items] == [(colour,)]
    assert reading.repairs == ()


def test_control_parameters_of_slurm_have_params_of_their_own() -> None:
    reading = read('<PARAM name="slurm_mem" value="2G"/><PARAM name="slurm_nodes" datatype="int" value="1"/>')
    assert reading.description.controls == (("slurm_mem", "2G"), ("slurm_nodes", "1"))
    assert reading.description.extra == ()


def test_of_two_values_of_a_control_parameter_its_own_param_wins() -> None:
    reading = read('<PARAM name="controls" value="a=1 slurm_mem=2G"/><PARAM name="slurm_mem" value="4G"/>')
    assert reading.description.controls == (("a", "1"), ("slurm_mem", "4G"))
    assert [str(repair) for repair in reading.repairs] == ["line 2: slurm_mem is '2G' in controls: read as '4G'"]


def test_a_standard_and_keywords_are_read_from_files_of_others() -> None:
    inside = '<PARAM name="standardID" value="ivo://x/y"/><PARAM name="keywords" value="gamma rays, 5%20more"/>'
    description = read(inside).description
    assert (description.standard_id, description.keywords) == ("ivo://x/y", ("gamma rays", "5%20more"))


def test_obscore_columns_are_written_by_their_names() -> None:
    item = Generated(name="g", content_type="a/b", obscore=(("calib_level", "3"), ("a b", "")))
    root = etree.fromstring(write_votable(Description(name="a", generated=(item,))))
    params = [(one.get("name"), one.get("value"), one.get("utype")) for one in root.iterfind(".//{*}GROUP//{*}PARAM")]
    assert params[-2:] == [
        ("obscore_calib_level", "3", "provstore:obscore.calib_level"),
        ("obscore_a%20b", "", "provstore:obscore.a b"),
    ]


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (read("words"), "text in RESOURCE: left out"),
        (read("<TABLE/>"), "unknown element TABLE in RESOURCE: left out"),
        (read('<PARAM value="1"/>'), "a PARAM without a name: '1': left out"),
        (read('<PARAM name="type" value="a" unit="m"/>'), "attribute unit='m' of PARAM type: left out"),
        (read('<PARAM name="b" precision="F1"/>'), "attribute precision='F1' of PARAM b: left out"),
        (read('<PARAM name="b"><VALUES/></PARAM>'), "unknown element VALUES in PARAM b: left out"),
        (read('<LINK href="b"/><LINK href="c"/>'), "another LINK 'c': left out"),
        (read("<DESCRIPTION>b</DESCRIPTION><DESCRIPTION>c</DESCRIPTION>"), "another DESCRIPTION in RESOURCE: left out"),
        (read('<GROUP name="Used" ucd="b"/>'), "attribute ucd='b' of GROUP Used: left out"),
        (read('<GROUP name="Used"><DESCRIPTION>b</DESCRIPTION></GROUP>'), "unknown element DESCRIPTION in GROUP Used"),
        (read('<GROUP name="InputParams"><GROUP name="b"/></GROUP>'), "unknown GROUP 'b': left out"),
        (parameter("", 'ref="b"'), "attribute ref='b' of parameter p: left out"),
        (parameter("", 'type="trigger"'), "type 'trigger' of parameter p: left out"),
        (parameter('<LINK href="b"/>'), "unknown element LINK in parameter p: left out"),
        (parameter('<VALUES><MIN value="1" inclusive="no"/></VALUES>'), "attribute inclusive='no' of MIN of p"),
        (parameter('<VALUES><MIN value="1"/><MIN value="2"/></VALUES>'), "another MIN in VALUES of p: left out"),
        (parameter('<VALUES/><VALUES type="actual"/>'), "another VALUES in parameter p: left out"),
        (parameter('<VALUES><OPTION value="1" name="one"/></VALUES>'), "attribute name='one' of OPTION of p: left out"),
        (generated('<PARAM name="role" value="b"><DESCRIPTION>c</DESCRIPTION></PARAM>'), "DESCRIPTION in role of x"),
        (generated("<FIELDref/>"), "unknown element FIELDref in x: left out"),
        (
            used('<PARAM name="url" value="b"/><PARAM name="location" value="c"/>'),
            "location of x differs from url: 'c'",
        ),
        (
            used('<PARAM name="optional" value="yes"/><PARAM name="multiplicity" value="2"/>'),
            "x is optional and has the multiplicity 2: multiplicity is kept",
        ),
        (
            read('<GROUP name="Used"><PARAM name="x" xtype="a/b"><LINK content-role="doc" href="b"/></PARAM></GROUP>'),
            "LINK of x with the role 'doc': left out",
        ),
    ],
)
def test_what_is_left_out_is_told_with_its_line(reading: Reading, told: str) -> None:
    assert [repair.line for repair in reading.repairs] == [2]
    assert told in str(reading.repairs[0])


def test_an_element_of_another_namespace_is_none_of_ours() -> None:
    inside = b'<RESOURCE name="a"><PARAM xmlns="u:v"/></RESOURCE>'
    reading = read_votable(b'<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3">%b</VOTABLE>' % inside, source="x")
    assert [repair.what for repair in reading.repairs] == ["unknown element {u:v}PARAM in RESOURCE"]


def test_what_says_nothing_new_is_not_told() -> None:
    inside = '<VALUES type="legal"><MIN value="1" inclusive="yes"/><OPTION name="1" value="1"/></VALUES>'
    assert parameter(inside, 'ID="other" unit=""').repairs == ()
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"'
    assert read_votable(f'<VOTABLE {schema}><RESOURCE name="a"/></VOTABLE>'.encode(), source="x").repairs == ()


def test_a_long_value_is_cited_in_part() -> None:
    reading = parameter("", f'ref="{"b" * 100_000}"')
    assert len(str(reading.repairs[0])) < 400


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (Description(name="a", extra=(Extra(name="version", value="1"),)), "extra: 'version' has a meaning of its own"),
        (Description(name="a", extra=(Extra(name="slurm_mem", value="1"),)), "extra: 'slurm_mem' has a meaning"),
        (Description(name="a", extra=(Extra(name="b", value="1"),) * 2), "extra: 'b' is given twice"),
        (Description(name="a", extra=(Extra(name="", value="v"),)), "extra: 'v' has no name"),
        (Description(name="a", extra=(Extra(name="b", value="", datatype="string"),)), "datatype 'string' of b"),
        (Description(name="a", controls=(("b", "1"), ("b", "2"))), "controls: 'b' is given twice"),
        (Description(name="a", quote=-1), "quote -1 is no number of seconds"),
        (Description(name="a", parameters=(ParameterDefinition(name="p"),) * 2), "parameters: 'p' is given twice"),
        (Description(name="a", used=(Used(name="u"),), generated=(Generated(name="u"),)), "'u' is given twice"),
        (
            Description(name="a", used=(Used(name="u", extra=(Extra(name="location", value=""),)),)),
            "extra of u: 'location' has a meaning",
        ),
        (
            Description(name="a", generated=(Generated(name="g", extra=(Extra(name="obscore_x", value=""),)),)),
            "extra of g: 'obscore_x' has a meaning",
        ),
        (
            Description(name="a", generated=(Generated(name="g", obscore=(("x", "1"), ("x", "2"))),)),
            "obscore of g: 'x' is given twice",
        ),
        (Description(name="a", label="\ud800"), "value of PARAM label: the character U\\+D800 can't stand in XML"),
        (Description(name="a", keywords=("\x00",)), "value of PARAM keywords: the character U\\+0000"),
        (Description(name="a", description="\ufffe"), "text of DESCRIPTION: the character U\\+FFFE"),
        (Description(name="a", files=(("\ud800", ""),)), "description a"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(description: Description, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        write_votable(description)


def test_an_input_of_a_type_with_a_comma_comes_back() -> None:
    item = Used(name="u", content_types=('a/b; c="d,e"', "f/g", ""))
    description = Description(name="a", used=(item,))
    assert read_votable(write_votable(description), source="x").description == description


def test_texts_in_one_value_are_readable_where_they_can_be() -> None:
    assert write_list(("gamma rays", "a,b", "", " x"), ",") == "gamma rays,a%2Cb,%,%20x"
    assert write_list(("numpy>=1,<2", "a b"), " ") == "numpy>=1,<2 a%20b"
    assert read_list(" a%20b , c,", ",", exact=False) == ("a%20b", "c")


def test_what_was_read_with_unknown_attributes_is_written_with_them() -> None:
    group = f'<GROUP name="Used"><GROUP name="x">{TYPE}<PARAM name="k" value="v"/></GROUP></GROUP>'
    inside = f'<PARAM name="z" unit="m" value=" 1 "/>{group}'
    description = replace(read(inside).description, script="true\n")
    assert (len(description.extra), len(description.used[0].extra)) == (1, 1)
    again = read_votable(write_votable(description), source="x")
    assert (again.description, again.repairs) == (description, ())
