"""Reading descriptions from VOTable, in all dialects."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid, TooLarge
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.votable import SIZE_MAX, read_votable
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used

DATA: Final = Path(__file__).parents[2] / "data" / "descriptions"
SHARED: Final = Path(__file__).parents[4] / "shared" / "reference" / "jdl"

STACK: Final = Description(
    name="stack",
    description="Add up images",
    version="1.5",
    type="analysis",
    doculink="https://example.org/stack",
    contact_name="A. Contact",
    contact_email="contact@example.org",
    execution_duration=300,
    quote=60,
    parameters=(
        ParameterDefinition(
            name="clip", datatype="double", default="3.5", description="Limit of the clipping", min="0", max="10"
        ),
        ParameterDefinition(
            name="method", default="mean", required=False, description="How to combine", options=("mean", "median")
        ),
        ParameterDefinition(name="sum", default="sum.fits", description="Name of the result"),
    ),
    used=(
        Used(
            name="frames",
            content_types=("image/fits",),
            default="frame.fits",
            url="file://$ID",
            description="Images to add",
        ),
    ),
    generated=(Generated(name="sum", content_type="image/fits", default="sum.fits", description="The sum", ref="sum"),),
)


def read(name: str) -> Reading:
    return read_votable((DATA / "dialects" / name).read_bytes(), source=name)


def resource(inside: str) -> bytes:
    return f'<VOTABLE><RESOURCE name="a">\n{inside}\n</RESOURCE></VOTABLE>'.encode()


def generated(inside: str, *, attributes: str = "") -> Reading:
    group = f'<GROUP name="Generated"><GROUP name="x" {attributes}>{inside}</GROUP></GROUP>'
    return read_votable(resource(group), source="x")


def test_the_dialect_is_told_by_the_shape_of_the_file() -> None:
    names = ["stack_d0.xml", "stack_d1.xml", "stack_slides.xml", "stack_d2.xml"]
    assert [read(name).dialect for name in names] == ["D0", "D1", "slides", "D2"]


def test_a_file_of_2018_gives_the_whole_model() -> None:
    expected = replace(STACK, script="stack $frames > $sum\n")
    assert read("stack_d2.xml").description == expected


def test_a_file_of_2017_gives_the_same_but_for_the_script() -> None:
    assert read("stack_d1.xml").description == STACK


def test_a_file_like_the_slides_gives_the_same_and_keeps_the_service_descriptor() -> None:
    extra = (Extra(name="accessURL", value="https://example.org/rest/stack"),)
    expected = replace(STACK, standard_id="ivo://ivoa.net/std/SODA#1.0", extra=extra)
    assert read("stack_slides.xml").description == expected


def test_a_file_of_2016_gives_the_same_but_for_the_address_of_the_input() -> None:
    used = (replace(STACK.used[0], url=""),)
    assert read("stack_d0.xml").description == replace(STACK, used=used)


def test_every_repair_is_told_with_its_line() -> None:
    assert [str(repair) for repair in read("stack_d0.xml").repairs] == [
        "line 6: subtype is 'None': read as empty",
        "line 14: parameter clip is no_query in a file of 2016: read as required",
        "line 16: MIN of clip has its value as text: read as '0'",
        "line 16: MAX of clip has its value as text: read as '10'",
        "line 22: parameter sum is no_query in a file of 2016: read as required",
    ]
    assert [str(repair) for repair in read("stack_d1.xml").repairs] == [
        "line 2: service name 'tmp/stack': read as 'stack'",
        "line 33: sum has the name of a parameter: read as a reference to it",
    ]
    assert [str(repair) for repair in read("stack_d2.xml").repairs] == [
        "line 12: the script has DOS line ends: read with Unix line ends"
    ]


@pytest.mark.parametrize("file", sorted((DATA / "broken").iterdir()), ids=lambda file: str(file.name))
def test_a_broken_file_is_refused_with_its_name_the_line_and_the_reason(file: Path) -> None:
    with pytest.raises(Invalid, match=rf"{file.name}:\d+: \w+"):
        read_votable(file.read_bytes(), source=file.name)


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(TooLarge, match=r"big\.xml"):
        read_votable(b" " * (SIZE_MAX + 1), source="big.xml")


def test_an_unknown_group_is_reported_and_not_fatal() -> None:
    reading = read_votable(resource('<GROUP name="Other"/>'), source="x")
    assert [str(repair) for repair in reading.repairs] == ["line 2: unknown GROUP 'Other': left out"]


def test_another_resource_is_reported() -> None:
    data = b'<VOTABLE><RESOURCE name="b"/><RESOURCE name="a"><GROUP name="Used"/></RESOURCE></VOTABLE>'
    reading = read_votable(data, source="x")
    assert reading.description.name == "a"
    assert [str(repair) for repair in reading.repairs] == ["line 1: another RESOURCE 'b': left out"]


def test_description_wins_over_annotation_and_the_difference_is_told() -> None:
    inside = '<DESCRIPTION> one </DESCRIPTION><PARAM name="annotation" value="two"/><PARAM name="label" value="three"/>'
    reading = read_votable(resource(inside), source="x")
    assert (reading.description.description, reading.description.label) == ("one", "three")
    assert len(reading.repairs) == 1


def test_a_label_alone_is_the_description() -> None:
    description = read_votable(resource('<PARAM name="label" value="three"/>'), source="x").description
    assert (description.description, description.label) == ("three", "")


def test_a_dangling_reference_is_dropped_and_told() -> None:
    reading = generated('<PARAM name="default" value="a.png"/>', attributes='ref="nobody"')
    assert reading.description.generated[0].ref == ""
    assert "names no parameter: 'nobody'" in str(reading.repairs[0])


def test_a_missing_content_type_is_guessed_from_the_file_name() -> None:
    reading = generated('<PARAM name="default" value="a*.png"/>')
    assert reading.description.generated[0].content_type == "image/png"
    assert [repair.how for repair in reading.repairs] == ["taken as image/png"]
    assert generated("").description.generated[0].content_type == "application/octet-stream"


def test_of_several_content_types_a_result_has_the_first() -> None:
    reading = generated('<PARAM name="content_type" value="image/png, image/jpeg"/>')
    assert reading.description.generated[0].content_type == "image/png"
    assert len(reading.repairs) == 1


def test_an_input_may_have_several_content_types() -> None:
    inside = '<GROUP name="Used"><PARAM name="x" xtype="image/fits , text/xml" value="None"/></GROUP>'
    reading = read_votable(resource(inside), source="x")
    assert reading.description.used[0].content_types == ("image/fits", "text/xml")
    assert reading.description.used[0].default == ""


def test_an_optional_result_may_be_absent() -> None:
    reading = generated('<PARAM name="optional" value="true"/><PARAM name="content_type" value="a/b"/>')
    assert reading.description.generated[0].multiplicity == "0..1"
    assert reading.repairs == ()


def parameter(attributes: str) -> ParameterDefinition:
    inside = f'<GROUP name="InputParams"><PARAM name="p" {attributes}/></GROUP>'
    return read_votable(resource(inside), source="x").description.parameters[0]


def test_an_empty_value_is_no_default_except_for_optional_text() -> None:
    assert parameter('datatype="double" value=""').default is None
    assert parameter('datatype="double"').default is None
    assert parameter('datatype="char" value=""').default is None
    assert parameter('datatype="char" value="" type="no_query"').default == ""
    assert parameter('datatype="char" xtype="uri" value="" type="no_query"').default is None


def test_the_text_none_is_a_default_only_among_the_options() -> None:
    inside = (
        '<GROUP name="InputParams"><PARAM name="p" value="None"><VALUES><OPTION value="None"/></VALUES></PARAM></GROUP>'
    )
    assert read_votable(resource(inside), source="x").description.parameters[0].default == "None"
    assert parameter('value="None"').default is None


@pytest.mark.parametrize(
    ("written", "datatype", "xtype"),
    [
        ("xs:anyURI", "char", "uri"),
        ("file", "char", "application/octet-stream"),
        ("xs:integer", "int", ""),
        ("xs:double", "double", ""),
        ("strange", "char", ""),
    ],
)
def test_names_of_types_from_elsewhere_are_understood(written: str, datatype: str, xtype: str) -> None:
    definition = parameter(f'datatype="{written}" value=""')
    assert (definition.datatype, definition.xtype) == (datatype, xtype)


def test_a_duration_that_is_no_number_is_not_given_and_told() -> None:
    reading = read_votable(resource('<PARAM name="executionDuration" value="long"/>'), source="x")
    assert reading.description.execution_duration is None
    assert len(reading.repairs) == 1


def test_a_hash_that_is_not_that_of_the_script_is_told() -> None:
    inside = '<PARAM name="script" value="true"/><PARAM name="script_sha256" value="00"/>'
    reading = read_votable(resource(inside), source="x")
    assert [repair.what for repair in reading.repairs] == ["script_sha256 is not that of the script"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder with real descriptions is not here")
@pytest.mark.parametrize(
    ("name", "dialect", "repairs"),
    [("ctbin_current_vot.xml", "D2", 0), ("ctbin_old_vot.xml", "D1", 0), ("gammapy_maps.xml", "slides", 3)],
)
def test_real_files_are_read(name: str, dialect: str, repairs: int) -> None:
    reading = read_votable((SHARED / name).read_bytes(), source=name)
    assert (reading.dialect, len(reading.repairs)) == (dialect, repairs)
    assert len(reading.description.parameters) in {6, 12}


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = (DATA / "dialects" / data.draw(st.sampled_from(["stack_d0.xml", "stack_d2.xml"]))).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = start + data.draw(st.integers(0, 200))
    patch = data.draw(
        st.sampled_from([b"", b"\xff", b"<", b'"', b"&#0;", b"None", b"<GROUP/>", b"</PARAM>", b"<PARAM>"])
    )
    with contextlib.suppress(Invalid):
        read_votable(whole[:start] + patch + whole[end:], source="damaged")


def test_options_that_are_text_as_bounds_were_in_2016_are_read_and_told() -> None:
    values = "<VALUES><OPTION>LOG</OPTION>\n<OPTION>LIN</OPTION></VALUES>"
    param = f'<PARAM name="p" datatype="char" arraysize="*" value="LOG">{values}</PARAM>'
    reading = read_votable(resource(f'<GROUP name="InputParams">{param}</GROUP>'), source="x")
    assert reading.description.parameters[0].options == ("LOG", "LIN")
    assert [str(repair) for repair in reading.repairs] == [
        "line 2: OPTION of p has its value as text: read as 'LOG'",
        "line 3: OPTION of p has its value as text: read as 'LIN'",
    ]
