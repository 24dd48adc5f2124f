"""Products registered over HTTP, what is added to their records, and the table of the public ones."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from astropy.io import fits, votable
from astropy.io.votable.tree import TableElement
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provstore.graph.obscore import COLUMNS, record_of
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.web.conftest import Serve
from tests.web.documents import assert_valid, votable_error
from tests.web.served import Served, job_id

URL = "https://archive.example/crab.fits"
CRAB = {
    "location": URL,
    "name": "crab.fits",
    "size": 1500,
    "content_type": "application/fits",
    "obscore": {"s_ra": 83.63, "s_dec": 22.01, "t_min": 53000, "dataproduct_type": "event", "calib_level": 2},
}
INHERITING = Description(
    name="inheriting",
    script="true\n",
    parameters=(ParameterDefinition(name="exposure", datatype="double", default="100"),),
    used=(Used(name="events", multiplicity="1", url="file://$ID"),),
    generated=(
        Generated(
            name="map",
            default="map.fits",
            content_type="image/fits",
            obscore=(
                ("dataproduct_type", "image"),
                ("calib_level", "3"),
                ("target_name", "@events"),
                ("s_ra", "@"),
                ("s_dec", "@"),
                ("t_exptime", "@exposure"),
                ("t_min", "@events"),
            ),
        ),
        Generated(name="log", default="log.txt", content_type="text/plain", multiplicity="0..1"),
    ),
)


def post(client: FlaskClient, body: Any, **query: str) -> TestResponse:
    return client.post("/prov/entities", json=body, query_string=query)


def table(answer: TestResponse) -> TableElement:
    assert answer.status_code == 200, answer.text
    return votable.parse(io.BytesIO(answer.data), verify="exception").get_first_table()


def fits_file(**cards: Any) -> bytes:
    out = io.BytesIO()
    fits.PrimaryHDU(header=fits.Header(cards)).writeto(out)
    return out.getvalue()


# --- registering


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps([CRAB]), "application/json"),
        (json.dumps(CRAB) + "\n", "application/x-ndjson"),
        (f"location,size\n{URL},1500\n", "text/csv; header=present"),
        (f"location,size\n{URL},1500\n", ""),
        (f"<TABLE><FIELD name='url'/><TR><TD>{URL}</TD></TR></TABLE>", "application/x-votable+xml"),
    ],
)
def test_a_list_is_registered_in_any_of_its_forms(served: Served, body: str, content_type: str) -> None:
    answer = served.curie.post("/prov/entities", data=body, content_type=content_type)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert (answer.json["rows"], answer.json["registered"], answer.json["known"]) == (1, 1, 0)
    again = served.curie.post("/prov/entities", data=body, content_type=content_type)
    assert again.json == {**answer.json, "registered": 0, "known": 1, "activities": []}
    assert again.status_code == 200


def test_a_dry_run_stores_nothing(served: Served) -> None:
    answer = post(served.curie, CRAB, dry_run="true")
    assert (answer.status_code, answer.json["rows"], answer.json["registered"]) == (200, 1, 0)  # type: ignore[index]
    assert post(served.curie, CRAB).status_code == 201


def test_a_file_of_a_form_is_a_list_too(served: Served) -> None:
    sent = {"file": (io.BytesIO(f"location\n{URL}\n".encode()), "list.csv", "text/csv")}
    answer = served.curie.post("/prov/entities", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.text


def test_one_wrong_row_stores_none(served: Served) -> None:
    wrong = {"location": f"{URL}?2", "s_ra": 400}
    answer = post(served.curie, [CRAB, wrong])
    assert answer.status_code == 400
    error = answer.json["error"]  # type: ignore[index]
    assert error["message"] == "row 2: s_ra: 400 is not within 0 to 360"
    assert error["field"] == "s_ra"
    assert post(served.curie, CRAB).json["known"] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"location\n", "text/csv", 400),
        (b'{"location": "a\\u0000b"}', "application/json", 400),
        (b'{"location": "https://a.example/a", "target_name": "x\xe2\x80\xaefdp"}', "application/json", 400),
        (b'{"location": "https://a.example/a", "s_ra": NaN}', "application/json", 400),
        (b'{"location": "https://a.example/a", "s_ra": 1e400}', "application/json", 400),
        (b'{"location": "https://a.example/a", "size": -5}', "application/json", 400),
        (b"[" * 20_000, "application/json", 400),
        (b"location,name\nhttps://a.example/a,\xff\n", "text/csv", 400),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><TABLE><FIELD name='url'/><TR><TD>&e;</TD></TR></TABLE>", "text/xml", 400),
        (b"location=x", "application/x-www-form-urlencoded", 415),
        (b"SIMPLE", "application/fits", 415),
        (b'{"location": "file:///etc/passwd"}', "application/json", 403),
    ],
)
def test_what_is_wrong_is_refused_in_words(served: Served, body: bytes, content_type: str, status: int) -> None:
    answer = served.curie.post("/prov/entities", data=body, content_type=content_type)
    assert (answer.status_code, bool(answer.json["error"]["message"])) == (status, True)  # type: ignore[index]


def test_an_unknown_parameter_is_refused(served: Served) -> None:
    assert post(served.curie, CRAB, publik="true").status_code == 400


def test_who_looks_for_the_file_is_led_to_where_it_is(served: Served) -> None:
    entity = post(served.curie, CRAB).json["entities"][0]  # type: ignore[index]
    answer = served.curie.get(f"/store/{entity}")
    assert (answer.status_code, answer.location) == (303, URL)
    assert served.anonymous.get(f"/store/{entity}").status_code == 404


def test_a_registered_file_can_not_be_staged_and_says_why(served: Served) -> None:
    entity = post(served.curie, CRAB).json["entities"][0]  # type: ignore[index]
    answer = served.curie.post("/uws/copy", data={"input": entity})
    assert answer.status_code == 400
    assert f"only registered here; it lies at {URL}" in answer.text


# --- annotations


def test_an_annotation_has_author_and_time_and_overwrites_nothing(served: Served) -> None:
    entity = post(served.curie, {**CRAB, "attributes": {"quality": "good"}}, public="true").json["entities"][0]  # type: ignore[index]
    place = f"/prov/entities/{entity}/annotations"
    answer = served.admin.post(place, json={"quality": "bad", "http://x.example/#seen": [1, 2.5, True]})
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert answer.json["attributes"]["http://x.example/#seen"] == ["1", "2.5", "true"]
    form = served.curie.post(place, data={"quality": "fair"}, query_string={"public": "true"})
    assert form.status_code == 201, form.text
    listed = served.json(place)
    assert [one["id"] for one in listed["items"]] == [answer.json["id"], form.json["id"]]  # type: ignore[index]
    assert served.json(place, by=served.anonymous)["items"] == [form.json]
    found = served.json("/prov/search?attribute=quality:fair&fields=attributes", by=served.anonymous)
    assert found["items"][0]["attributes"]["urn:provstore:unqualified:quality"] == ["good", "fair"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{}", "application/json"),
        (b"[1]", "application/json"),
        (b'{"k": {"a": 1}}', "application/json"),
        (b'{"k": "a\\u0000b"}', "application/json"),
        (b'{"obscore:s_ra": 400}', "application/json"),
        (b'{"a b": 1}', "application/json"),
    ],
)
def test_a_wrong_annotation_is_refused(served: Served, body: bytes, content_type: str) -> None:
    entity = post(served.curie, CRAB).json["entities"][0]  # type: ignore[index]
    answer = served.curie.post(f"/prov/entities/{entity}/annotations", data=body, content_type=content_type)
    assert answer.status_code == 400, answer.text


def test_a_stranger_learns_nothing_of_what_he_may_not_see(served: Served) -> None:
    entity = post(served.curie, CRAB).json["entities"][0]  # type: ignore[index]
    place = f"/prov/entities/{entity}/annotations"
    assert served.anonymous.get(place).status_code == 404
    assert served.anonymous.post(place, json={"k": "v"}).status_code == 404


# --- the table


def test_the_table_lists_what_is_public_with_units_and_ucds(served: Served) -> None:
    post(served.curie, CRAB, public="true")
    post(served.curie, {**CRAB, "location": f"{URL}?mine"})
    answer = served.curie.get("/obscore.vot")
    assert answer.mimetype == "application/x-votable+xml"
    assert_valid(answer.data, schema="VOTable-1.4.xsd")
    found = table(answer)
    mandatory = [name for name, column in COLUMNS.items() if column.mandatory]
    assert [one.name for one in found.fields] == mandatory
    assert all(one.ucd == COLUMNS[one.name].ucd for one in found.fields)
    assert {one.name: str(one.unit) for one in found.fields if one.unit} == {
        name: column.unit for name, column in COLUMNS.items() if column.mandatory and column.unit
    }
    (row,) = found.array
    assert (row["s_ra"], row["calib_level"], row["access_estsize"], row["access_url"]) == (83.63, 2, 2, URL)
    assert found.array["target_name"][0] == ""
    assert found.array.mask["s_fov"][0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("position=CIRCLE+83.6+22+0.1", 1),
        ("POS=CIRCLE+10+10+1", 0),
        ("TIME=53000+53001&DPTYPE=event&CALIB=2", 1),
        ("time=2003-12-26/2003-12-28", 1),
        ("dataproduct_type=image", 0),
        ("MAXREC=0", 0),
    ],
)
def test_the_table_is_chosen_from(served: Served, query: str, count: int) -> None:
    post(served.curie, CRAB, public="true")
    assert len(table(served.anonymous.get(f"/obscore.vot?{query}")).array) == count


def test_a_table_that_was_cut_off_says_so(served: Served) -> None:
    post(served.curie, [CRAB, {**CRAB, "location": f"{URL}?2"}], public="true")
    answer = served.anonymous.get("/obscore.vot?MAXREC=1")
    assert answer.text.index("OVERFLOW") > answer.text.index("</TABLE>")
    assert len(table(answer).array) == 1
    assert "OVERFLOW" not in served.anonymous.get("/obscore.vot?MAXREC=2").text


def test_all_columns_can_be_had(served: Served) -> None:
    name = "\u0633\u0631\u0637\u0627\u0646 <&>"
    post(served.curie, {**CRAB, "obs_title": name}, public="true")
    found = table(served.anonymous.get("/obscore.vot?COLUMNS=all"))
    assert [one.name for one in found.fields] == list(COLUMNS)
    assert found.array["obs_title"][0] == name


@pytest.mark.parametrize(
    "query", ["POS=POLYGON+1+1", "TIME=soon", "MAXREC=-1", "COLUMNS=colour", "DPTYPE=map", "SHAPE=x", "POS=%00"]
)
def test_a_wrong_question_to_the_table_is_told_as_a_votable(served: Served, query: str) -> None:
    answer = served.anonymous.get(f"/obscore.vot?{query}")
    assert answer.status_code == 400
    assert votable_error(answer.data)


# --- results of jobs


@pytest.fixture
def inheriting(serve: Serve) -> Served:
    served = serve()
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    publication.accept(administrator, publication.propose(administrator, INHERITING).id)
    return served


def results(served: Served, **values: Any) -> dict[str, dict[str, str]]:
    events = fits_file(OBJECT="M 1", RA_PNT=1.0, DEC_PNT=2.0)
    values = {"events": (io.BytesIO(events), "events.fits"), **values}
    answer = served.curie.post("/uws/inheriting", data=values)
    assert answer.status_code == 303, answer.text
    job = answer.location.removeprefix(served.base)
    served.execute(job, by=served.curie)
    made = fits_file(OBJECT="other", RA_PNT=10.5, DEC_PNT=-3.25)
    served.finish(job, {"results/map.fits": made, "results/log.txt": b"done"})
    names = [f"e{job_id(job)[1:]}.{name}" for name in ("map", "log")]
    nodes = served.provstore.store.get([served.node(one) for one in names])
    return {name: record_of(node.attributes) for name, node in zip(("map", "log"), nodes, strict=True)}


def test_a_result_inherits_only_what_its_description_says(inheriting: Served) -> None:
    found = results(inheriting)
    assert found["log"] == {}
    told = {name: text for name, text in found["map"].items() if name != "obs_id"}
    assert told == {
        "dataproduct_type": "image",
        "calib_level": "3",
        "obs_collection": "inheriting",
        "s_ra": "10.5",
        "s_dec": "-3.25",
        "t_exptime": "100",
    }


def test_an_input_that_has_a_record_hands_it_on(inheriting: Served) -> None:
    first = results(inheriting, **{"obscore.target_name": "Crab", "obscore.t_min": "53000"})
    assert (first["map"]["target_name"], first["log"]["t_min"]) == ("Crab", "53000")
    listed = inheriting.json("/prov/search?name=map", by=inheriting.curie)
    second = results(inheriting, events=listed["items"][0]["id"], exposure="5")
    assert (second["map"]["target_name"], second["map"]["t_min"], second["map"]["t_exptime"]) == ("Crab", "53000", "5")
    assert second["log"] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("obscore.s_ra", "400"), ("obscore.colour", "red"), ("OBSCORE.calib_level", "high"), ("obscore.obs_id", "a\0b")],
)
def test_a_wrong_column_of_a_job_is_refused(inheriting: Served, name: str, value: str) -> None:
    answer = inheriting.curie.post("/uws/sleep", data={name: value})
    assert answer.status_code == 400
    assert name in answer.text


def test_the_table_leads_to_the_file_of_a_public_result(inheriting: Served) -> None:
    results(inheriting)
    assert len(table(inheriting.anonymous.get("/obscore.vot")).array) == 0
    (job,) = (one["jobId"] for one in inheriting.json("/uws/inheriting", by=inheriting.curie)["items"])
    shared = inheriting.curie.post(f"/uws/inheriting/{job}/sharing", data={"READER": "public"})
    assert shared.status_code < 400, shared.text
    (row,) = table(inheriting.anonymous.get("/obscore.vot")).array
    assert (row["obs_id"], row["obs_collection"], row["access_format"]) == (job, "inheriting", "image/fits")
    assert row["obs_publisher_did"] == inheriting.node(f"e{job[1:]}.map")
    file = inheriting.anonymous.get(row["access_url"].removeprefix(inheriting.base))
    assert (file.status_code, file.data[:9]) == (200, b"SIMPLE  =")


def test_a_search_joins_the_place_on_the_sky_with_everything_else(lasting: Served) -> None:
    here = CRAB | {"location": "https://archive.example/joined.fits", "name": "joined.fits"}
    far = here | {"location": "https://archive.example/far.fits", "obscore": {"s_ra": 200, "s_dec": -60}}
    made = lasting.admin.post("/prov/entities", json=[here, far])
    assert made.status_code == 201, made.text
    place = {"position": "CIRCLE 83.6 22 1", "name": "joined.fits", "content-type": "application/fits"}
    found = lasting.admin.get("/prov/search", query_string=place)
    assert found.status_code == 200, found.text
    assert [one["label"] for one in found.get_json()["items"]] == ["joined.fits"]
    nowhere = lasting.admin.get("/prov/search", query_string=place | {"position": "CIRCLE 10 10 1"})
    assert nowhere.get_json()["items"] == []
    level = lasting.admin.get("/prov/search", query_string=place | {"attribute": "obscore:calib_level:>2"})
    assert level.get_json()["items"] == []
