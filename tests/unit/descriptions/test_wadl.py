"""Reading WADL."""

import contextlib
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.wadl import read_wadl
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used

WHOLE: Final = (Path(__file__).parents[2] / "data" / "descriptions" / "ctbin" / "ctbin.wadl").read_bytes()
NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"


def document(inside: str, *, attributes: str = "") -> bytes:
    resource = f'<resource id="joblist" path="a" {attributes}>\n{inside}\n</resource>'
    return f'<application xmlns="{NAMESPACE}"><resources>{resource}</resources></application>'.encode()


def read(inside: str, *, attributes: str = "") -> Reading:
    return read_wadl(document(inside, attributes=attributes), source="a.wadl")


def request(inside: str) -> Reading:
    return read(f'<method name="POST"><request id="create_job_parameters">\n{inside}\n</request></method>')


def results(inside: str, *, parameters: str = "") -> Reading:
    given = f'<request id="create_job_parameters">{parameters}</request>'
    return read(f'{given}<request><param name="result-id">\n{inside}\n</param></request>')


def told(reading: Reading) -> list[str]:
    return [str(repair) for repair in reading.repairs]


def test_the_service_and_its_contact_stand_at_the_resource_of_jobs() -> None:
    attributes = (
        'doculink="https://example.org/" contact_name="A. Contact" contact_email="a@example.org" contact_affil="Obs"'
    )
    inside = (
        '<doc>jobs</doc><doc title="description">Two&#13;\nlines </doc><request id="create_job_parameters"/>'
        '<request><param name="EXECUTIONDURATION" default="60"/></request>'
        '<response><representation id="quote" default="20"/></response>'
    )
    reading = read(inside, attributes=attributes)
    assert reading == Reading(
        dialect="wadl",
        description=Description(
            name="a",
            description="Two\nlines",
            doculink="https://example.org/",
            contact_name="A. Contact",
            contact_email="a@example.org",
            execution_duration=60,
            quote=20,
            extra=(Extra(name="contact_affil", value="Obs"),),
        ),
    )


def test_the_older_url_is_the_link_to_the_documentation() -> None:
    reading = read('<request id="create_job_parameters"/>', attributes='url="https://example.org/"')
    assert reading.description.doculink == "https://example.org/"


def test_a_parameter_has_type_default_bounds_and_text() -> None:
    reading = request(
        '<param name="PHASE" type="xs:string" fixed="RUN"/><!-- a comment -->'
        '<param style="query" name="p" type="xs:double" required="True" default="1" min="0" max="2">'
        "<doc> Text</doc></param>"
    )
    assert reading.description.parameters == (
        ParameterDefinition(name="p", datatype="double", default="1", min="0", max="2", description="Text"),
    )
    assert reading.repairs == ()


@pytest.mark.parametrize(
    "options",
    ['choices="a|b, c"', 'options="a|b, c"'],
)
def test_choices_are_separated_by_vertical_bars(options: str) -> None:
    assert request(f'<param name="p" required="true" {options}/>').description.parameters[0].options == ("a", "b, c")


def test_choices_are_separated_by_commas_where_there_is_no_bar_and_may_be_elements() -> None:
    assert request('<param name="p" choices="a, b"/>').description.parameters[0].options == ("a", "b")
    inside = '<param name="p"><option value="a"/><option value="b"/></param>'
    assert request(inside).description.parameters[0].options == ("a", "b")


def test_choices_without_the_default_are_dropped_and_told_with_the_line() -> None:
    reading = request('\n<param name="p" required="false" default="cntmap_" choices="0"/>')
    assert reading.description.parameters[0].options == ()
    assert told(reading) == ["line 4: the choices '0' of p lack its default 'cntmap_': the choices are left out"]


def test_a_parameter_that_does_not_say_it_is_optional_as_in_wadl() -> None:
    reading = request('<param name="p"/>')
    assert not reading.description.parameters[0].required
    assert told(reading) == ["line 3: p does not say whether it is required: read as optional, as WADL does"]


def test_an_unknown_attribute_of_a_parameter_is_told() -> None:
    assert told(request('<param name="p" required="true" colour="red"/>')) == [
        "line 3: unknown attribute 'colour' of p: 'red': left out"
    ]


@pytest.mark.parametrize("kind", ["xs:anyURI", "file"])
@pytest.mark.parametrize(
    ("attributes", "multiplicity"),
    [
        ('required="true"', ""),
        ('required="false"', "0..1"),
        ('required="true" repeating="true"', "1..*"),
        ('required="false" repeating="true"', "*"),
    ],
)
def test_a_parameter_that_is_a_file_is_an_input(kind: str, attributes: str, multiplicity: str) -> None:
    reading = request(f'<param name="f" type="{kind}" {attributes} default="a.fits"><doc>Text</doc></param>')
    assert reading.description.parameters == ()
    assert reading.description.used == (
        Used(
            name="f",
            content_types=("application/fits",),
            multiplicity=multiplicity,
            default="a.fits",
            url="file://$ID",
            description="Text",
        ),
    )


def test_results_are_the_options_of_the_result_id() -> None:
    reading = results(
        '<option value="a" mediaType="image/fits" default="a.fits"><doc>A</doc></option>'
        '<option value="b" content_type="text/plain" default="b.txt"/>'
        "<option/>"
    )
    assert reading.description.generated == (
        Generated(name="a", content_type="image/fits", default="a.fits", description="A"),
        Generated(name="b", content_type="text/plain", default="b.txt"),
    )


def test_a_parameter_of_the_same_name_gives_the_file_name_of_a_result() -> None:
    reading = results(
        '<option value="out" mediaType="image/fits"/>',
        parameters='<param name="out" required="false" type="xs:string" default="x.fits"><doc>The file</doc></param>',
    )
    assert reading.description.generated == (
        Generated(name="out", content_type="image/fits", default="x.fits", description="The file", ref="out"),
    )


def test_a_file_that_is_not_well_formed_is_read_and_told_with_the_line() -> None:
    reading = read(
        '<doc title="description">a < b</doc>\n'
        '<request id="create_job_parameters">\n<param name="p" required="true"/></request>'
    )
    assert [item.name for item in reading.description.parameters] == ["p"]
    assert reading.repairs[0].line == 2
    assert reading.repairs[0].what.startswith("not well-formed XML: ")


def test_a_file_without_parameters_says_so() -> None:
    assert told(read("")) == ["line 1: no request with the id 'create_job_parameters': read as no parameters"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not XML"),
        (b"no xml", "not XML"),
        (b'<application xmlns="x"/>', "no resource with the id 'joblist'"),
        (document("").replace(b'path="a"', b""), "service name '' is not a letter"),
        (document("").replace(b'path="a"', b'path="a b"'), "service name 'a b' is not a letter"),
        (b'<!DOCTYPE application SYSTEM "http://localhost:1/x.dtd">' + document(""), "document type declaration"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + document("<doc>&e;</doc>"), "document type"),
        (document('<request id="create_job_parameters"><param name="x y"/></request>'), "parameter name 'x y'"),
        (
            document('<request id="create_job_parameters"><param name="x"/>\n<param name="x"/></request>'),
            "a.wadl:3: the name",
        ),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_wadl(data, source="a.wadl")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE)))
    patch = data.draw(
        st.binary(max_size=4)
        | st.sampled_from([b"<", b'"', b"&#0;", b"&x;", b"<param>", b"</request>", b"<!DOCTYPE a>"])
    )
    with contextlib.suppress(Invalid):
        read_wadl(WHOLE[:start] + patch + WHOLE[start + data.draw(st.integers(0, 200)) :], source="damaged")
