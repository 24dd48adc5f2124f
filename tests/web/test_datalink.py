"""DataLink 1.1 over HTTP: its columns, rows, parameters and errors, judged by readers and the published schema."""

from __future__ import annotations

import re

import pytest
from pyvo.dal.adhoc import DatalinkQuery
from werkzeug.test import TestResponse

from provstore.export.registry import FORMATS
from tests.web.chains import Chain
from tests.web.datalink_rows import COLUMNS, TYPE, of, read, results, rows
from tests.web.documents import assert_valid, votable_error
from tests.web.served import BASE, Served, job_id


def statuses(answer: TestResponse) -> list[str]:
    """What an answer says of itself, and where: an overflow stands behind the table."""
    return re.findall(r'(?<=QUERY_STATUS" value=")\w+|(?<=</)TABLE(?=>)', answer.text)


@pytest.fixture
def stacked(chain: Chain) -> str:
    return chain.entity(chain.second, "stacked")


@pytest.fixture
def output(chain: Chain) -> str:
    return chain.entity(chain.first, "output")


def test_the_columns_are_those_of_the_standard(chain: Chain, stacked: str) -> None:
    answer = chain.served.anonymous.get(f"/datalink?ID={stacked}")
    (table,) = read(answer).iter_tables()
    assert {field.name: (field.datatype, field.ucd) for field in table.fields} == COLUMNS
    assert table.get_field_by_id("content_length").unit == "byte"
    assert '<INFO name="standardID" value="ivo://ivoa.net/std/DataLink#links-1.1"/>' in answer.text
    assert statuses(answer) == ["OK", "TABLE"]


def test_an_answer_is_valid_by_the_schema_of_votable(chain: Chain, stacked: str) -> None:
    for query in (f"ID={stacked}&ID=nothing&MAXREC=3", "", "MAXREC=x", f"ID={stacked}"):
        assert_valid(chain.served.anonymous.get(f"/datalink?{query}").data, schema="VOTable-1.4.xsd")


def test_a_file_its_source_and_what_it_came_from(chain: Chain, stacked: str, output: str) -> None:
    found = rows(chain.served.anonymous, ID=stacked)
    assert of(found, "#this") == [
        {
            "ID": stacked,
            "access_url": f"{BASE}/store/{stacked}",
            "description": "the file itself",
            "semantics": "#this",
            "content_type": "image/fits",
            "content_length": 7,
            "link_auth": "optional",
            "link_authorized": True,
        }
    ]
    assert [row["access_url"] for row in of(found, "#progenitor")] == [f"{BASE}/store/{output}"]
    assert of(found, "#derivation") == []
    assert {row["ID"] for row in found} == {stacked}


def test_every_address_leads_to_what_it_says(chain: Chain, stacked: str) -> None:
    for row in rows(chain.served.anonymous, ID=stacked):
        if "access_url" in row:
            answer = chain.served.anonymous.get(row["access_url"].removeprefix(BASE))
            assert (row["access_url"], answer.status_code) == (row["access_url"], 200)
            assert answer.content_type == row["content_type"]
            assert len(answer.data) == row.get("content_length", len(answer.data))


def test_what_was_made_of_a_file_is_its_derivation(chain: Chain, output: str, stacked: str) -> None:
    found = rows(chain.served.anonymous, ID=output)
    assert [row["access_url"] for row in of(found, "#derivation")] == [f"{BASE}/store/{stacked}"]
    (raw,) = of(found, "#progenitor")
    assert (raw["description"], raw["content_type"]) == ("used to make it: raw.fits", "image/fits")


def test_provenance_is_documentation_in_each_format(chain: Chain, stacked: str) -> None:
    found = [row for row in rows(chain.served.anonymous, ID=stacked) if "local_semantics" in row]
    assert {row["local_semantics"]: (row["semantics"], row["content_type"]) for row in found} == {
        f"provenance-{form.name}": ("#documentation", form.media_type) for form in FORMATS
    }


def test_a_job_has_what_it_used_and_made(chain: Chain, stacked: str, output: str) -> None:
    found = rows(chain.served.anonymous, ID=job_id(chain.second))
    assert of(found, "#this") == []
    assert [row["access_url"] for row in of(found, "#progenitor")] == [f"{BASE}/store/{output}"]
    log = chain.entity(chain.second, "log")
    assert [row["access_url"] for row in of(found, "#derivation")] == [f"{BASE}/store/{one}" for one in (stacked, log)]


def test_a_service_that_takes_the_type_is_described_so_that_pyvo_can_ask_it(chain: Chain, stacked: str) -> None:
    found = results(chain.served.anonymous, ID=stacked)
    (row,) = [one for one in found if one["service_def"] and "Stack" in one["description"]]
    descriptor = found.get_adhocservice_by_id(row["service_def"])
    facts = {one.name: one.value for one in descriptor.params}
    assert facts == {
        "accessURL": f"{BASE}/uws/stack",
        "standardID": "ivo://ivoa.net/std/UWS#rest-1.1",
        "contentType": "text/xml",
    }
    (group,) = descriptor.groups
    assert [one.name for one in group.entries] == [
        *("image", "threshold", "mode", "count", "note", "flats", "observation", "config"),
    ]
    query = DatalinkQuery.from_resource(row, descriptor, threshold=7.5)
    assert (query.baseurl, query["IMAGE"]) == (f"{BASE}/uws/stack", stacked)
    sent = {name: str(value) for name, value in query.items()}
    created = chain.served.anonymous.post("/uws/stack", data=sent | {"count": "3"})
    assert created.status_code == 303, created.text


def test_the_bounds_and_options_of_a_service_are_told(chain: Chain, stacked: str) -> None:
    found = results(chain.served.anonymous, ID=stacked)
    (one,) = [one for one in found.iter_adhocservices() if one.name == "stack"]
    choices = {choice.name: choice for choice in one.groups[0].entries}
    threshold, mode = choices["threshold"], choices["mode"]
    assert (str(threshold.unit), threshold.ucd) == ("K", "phys.temperature")
    assert "(default: 5)" in str(threshold.description)
    assert (threshold.values.min, threshold.values.max) == (0.0, 100.0)
    assert [option[1] for option in mode.values.options] == ["mean", "median"]


def test_a_file_of_another_type_gets_no_such_service(chain: Chain) -> None:
    found = rows(chain.served.anonymous, ID=chain.entity(chain.second, "log"))
    assert [row for row in of(found, "#proc") if "Stack" in row["description"]] == []


def test_unknown_ids_get_a_row_each_and_spoil_nothing(chain: Chain, stacked: str) -> None:
    found = rows(chain.served.anonymous, ID=["nothing", stacked, "ivo://é/x?y", ""])
    errors = [row for row in found if "error_message" in row]
    assert errors == [
        {
            "ID": "nothing",
            "error_message": "NotFoundFault: nothing is known of nothing",
            "semantics": "#this",
        },
        {
            "ID": "ivo://é/x?y",
            "error_message": "NotFoundFault: nothing is known of ivo://é/x?y",
            "semantics": "#this",
        },
        {"error_message": "UsageFault: ID is empty", "semantics": "#this"},
    ]
    assert len(found) > len(errors)


def test_an_id_is_told_back_as_it_was_given_in_any_spelling(chain: Chain, stacked: str) -> None:
    spellings = [stacked, f"id:{stacked}", chain.served.node(stacked)]
    found = rows(chain.served.anonymous, ID=[*spellings, stacked])
    seen = [row["ID"] for row in found]
    assert list(dict.fromkeys(seen)) == spellings
    assert len({seen.count(one) for one in spellings}) == 1


def test_names_of_parameters_are_read_in_any_case_and_from_a_form(chain: Chain, stacked: str, output: str) -> None:
    by_get = chain.served.anonymous.get(f"/datalink?ID={stacked}&ID={output}&nothing=1")
    by_post = chain.served.anonymous.post(f"/datalink?id={stacked}", data={"Id": output})
    assert by_get.data == by_post.data
    assert read(by_post)


def test_without_ids_there_is_an_empty_table_and_a_description_of_itself(lasting: Served) -> None:
    found = read(lasting.anonymous.get("/datalink"))
    assert [len(table.array) for table in found.iter_tables()] == [0]
    (itself,) = [one for one in found.resources if one.utype == "adhoc:this"]
    assert {one.name: one.value for one in itself.params}["accessURL"] == f"{BASE}/datalink"


@pytest.mark.parametrize(("most", "expected"), [("0", 0), ("3", 3)])
def test_maxrec_cuts_and_says_so(chain: Chain, stacked: str, most: str, expected: int) -> None:
    answer = chain.served.anonymous.get(f"/datalink?ID={stacked}&MAXREC={most}")
    (table,) = read(answer).iter_tables()
    assert len(table.array) == expected
    assert statuses(answer) == ["OK", "TABLE", "OVERFLOW"]


def test_maxrec_above_the_number_of_links_changes_nothing(chain: Chain, stacked: str) -> None:
    place = f"/datalink?ID={stacked}"
    assert chain.served.anonymous.get(f"{place}&MAXREC=1000").data == chain.served.anonymous.get(place).data


def test_of_very_many_ids_the_first_ones_are_answered(lasting: Served) -> None:
    answer = lasting.anonymous.post("/datalink", data={"ID": [f"e{number}" for number in range(1200)]})
    (table,) = read(answer).iter_tables()
    assert len(table.array) == 1000
    assert statuses(answer)[-1] == "OVERFLOW"


@pytest.mark.parametrize(
    ("wanted", "content_type"),
    [
        ("votable", TYPE),
        ("VOTable", TYPE),
        ("application/x-votable%2Bxml", TYPE),
        ("application/x-votable+xml;serialization=tabledata", TYPE),
        ("text/xml", "text/xml"),
    ],
)
def test_responseformat_names_the_only_format(lasting: Served, wanted: str, content_type: str) -> None:
    answer = lasting.anonymous.get(f"/datalink?RESPONSEFORMAT={wanted}")
    assert (answer.status_code, answer.content_type) == (200, content_type)
    assert answer.data == lasting.anonymous.get("/datalink").data


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("RESPONSEFORMAT=csv", "RESPONSEFORMAT='csv': one of votable, application/x-votable+xml, text/xml is needed"),
        ("MAXREC=-1", "MAXREC='-1': a whole number, 0 or above, is needed"),
        ("MAXREC=1&maxrec=2", "MAXREC is given 2 times: once is right"),
    ],
)
def test_a_request_that_is_wrong_is_told_as_a_votable(lasting: Served, query: str, words: str) -> None:
    answer = lasting.anonymous.get(f"/datalink?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/x-votable+xml")
    assert votable_error(answer.data) == f"UsageFault: {words}"
