"""What a client says of a job's products in the words of ObsCore: given as a row, and kept when the job runs again."""

from __future__ import annotations

import io
from typing import Any

import pytest
from astropy.table import Table
from werkzeug.test import TestResponse

from provstore.graph.obscore import record_of
from tests.web.replay_line import COPIED, bad_line
from tests.web.served import Served, job_id

ROW = {"target_name": "Crab", "s_ra": 83.63, "s_dec": 22.01, "calib_level": 2}
KEPT = {"calib_level": "2", "target_name": "Crab", "s_ra": "83.63", "s_dec": "22.01"}
HEAD = "<VOTABLE><RESOURCE><TABLE><FIELD name='target_name' datatype='char' arraysize='*'/><DATA><TABLEDATA>"
FOOT = "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"


def table(*rows: dict[str, Any], form: str = "tabledata") -> bytes:
    out = io.BytesIO()
    Table(rows=list(rows) or [ROW]).write(out, format="votable", tabledata_format=form)
    return out.getvalue()


def file(content: bytes) -> tuple[io.BytesIO, str, str]:
    return io.BytesIO(content), "row.vot", "application/x-votable+xml"


def small(*names: str) -> str:
    return HEAD + "".join(f"<TR><TD>{name}</TD></TR>" for name in names) + FOOT


def post(served: Served, service: str = "sleep", **values: Any) -> TestResponse:
    return served.anonymous.post(f"/uws/{service}", data=values)


def kept(served: Served, job: str) -> dict[str, str]:
    (node,) = served.provstore.store.get([served.node(job_id(job))])
    return record_of(node.attributes)


def made(served: Served, **values: Any) -> dict[str, str]:
    answer = post(served, **values)
    assert answer.status_code == 303, answer.text
    return kept(served, answer.location)


def test_a_row_comes_with_a_job_and_its_results_have_it(served: Served) -> None:
    job = served.completed(obscore=file(table()))
    assert kept(served, job) == KEPT
    (result,) = served.provstore.store.get([served.node(f"e{job_id(job)[1:]}.result")])
    record = record_of(result.attributes)
    assert record == {**KEPT, "obs_id": job_id(job), "obs_collection": "sleep"}


@pytest.mark.parametrize(
    "values",
    [
        {"obscore": table().decode()},
        {"OBSCORE": table().decode()},
        {"obscore": "param:sent", "sent": table().decode()},
        {"UPLOAD": "obscore,param:sent", "sent": table().decode()},
        {"UPLOAD": "obscore,param:obscore", "obscore": table().decode()},
    ],
    ids=["value", "capitals", "part", "upload", "upload of itself"],
)
def test_a_row_may_be_a_value_or_another_part(served: Served, values: dict[str, str]) -> None:
    assert made(served, **values) == KEPT


def test_a_row_may_be_a_file_in_another_part(served: Served) -> None:
    assert made(served, UPLOAD="obscore,param:sent", sent=file(table())) == KEPT
    assert made(served, UPLOAD="obscore,param:obscore", obscore=file(table())) == KEPT


def test_a_row_may_be_a_value_of_json_and_common_to_a_sweep(served: Served) -> None:
    one = served.anonymous.post("/uws/sleep", json={"parameters": {"obscore": small("Véla")}})
    assert kept(served, one.location) == {"target_name": "Véla"}
    sweep = {"sweep": [{"obscore.target_name": "M 1"}, {}], "common": {"obscore": small("Vela")}}
    assert served.anonymous.post("/uws/sleep", json=sweep).status_code == 303
    jobs = [one["jobId"] for one in served.json("/uws/sleep", by=served.anonymous)["items"]]
    assert sorted(kept(served, one).get("target_name", "") for one in jobs) == ["M 1", "Vela", "Véla"]


def test_a_column_given_by_itself_wins_over_the_row_and_an_empty_one_takes_it_away(served: Served) -> None:
    own = {"obscore.target_name": "M 1", "obscore.s_ra": "", "obscore.obs_title": "night"}
    record = made(served, obscore=file(table()), **own)
    assert record == {"calib_level": "2", "target_name": "M 1", "obs_title": "night", "s_dec": "22.01"}


def test_a_declaration_of_another_encoding_does_not_change_the_text_of_a_form(served: Served) -> None:
    assert made(served, obscore=f"<?xml version='1.0' encoding='latin-1'?>{small('Véla')}") == {"target_name": "Véla"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (small(), "has no row"),
        (small("a", "b"), "has several rows"),
        (b"", "no VOTable of one row"),
        (b"SIMPLE  =", "no VOTable of one row"),
        (small("a")[:-40], "malformed XML"),
        (table(form="binary2"), "TABLEDATA is read here"),
        (table({"s_ra": 400.0}), "400 is not within 0 to 360"),
        (table({"colour": "red"}), "is no column of ObsCore"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + small("&b;"), "DOCTYPE"),
    ],
    ids=["none", "two", "empty", "other", "cut", "binary", "value", "column", "entity"],
)
def test_what_is_no_row_is_refused_in_words(served: Served, row: str | bytes, words: str) -> None:
    answer = post(served, obscore=file(row.encode() if isinstance(row, str) else row))
    assert answer.status_code == 400, answer.text
    assert "obscore" in answer.text
    assert words in answer.text
    assert served.json("/uws/sleep", by=served.anonymous)["items"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"obscore": "param:none"},
        {"UPLOAD": "obscore,https://archive.example/row.vot"},
        {"UPLOAD": "obscore,param:obscore"},
    ],
)
def test_a_row_that_is_not_in_the_request_is_refused(served: Served, values: dict[str, str]) -> None:
    answer = post(served, **values)
    assert answer.status_code == 400
    assert "is no part of the request" in answer.text


def test_a_row_is_not_larger_than_one_may_be(served: Served) -> None:
    answer = post(served, obscore=small("x" * (1 << 20)))
    assert answer.status_code == 413
    assert "at most 1048576 bytes" in answer.text


def test_a_row_is_given_once(served: Served) -> None:
    answer = post(served, obscore=[file(table()), file(table())])
    assert answer.status_code == 400
    assert "given 2 times" in answer.text


# --- once more


def test_a_job_that_runs_again_has_the_record_of_the_old_one(served: Served) -> None:
    job = served.completed(obscore=file(table()))
    place = f"/uws/sleep?from={job_id(job)}"
    again = served.anonymous.post(place)
    assert kept(served, again.location) == KEPT
    refined = served.anonymous.post(place, data={"obscore": small("M 1"), "Obscore.calib_level": "3"})
    assert kept(served, refined.location) == {**KEPT, "target_name": "M 1", "calib_level": "3"}
    without = served.anonymous.post(place, data={"obscore.s_ra": "", "obscore.s_dec": ""})
    assert kept(served, without.location) == {"calib_level": "2", "target_name": "Crab"}


def test_the_jobs_of_a_replay_have_the_records_of_the_old_ones(served: Served) -> None:
    line = bad_line(served)
    observed = served.completed("copy", {COPIED: b"BAD"}, input=line.bad, **{"obscore.target_name": "Crab"})
    replay = line.kept()
    line.post(replay, "run")
    served.tick(2)
    new = next(one["again"] for one in line.status(replay)["jobs"] if line.local(one["job"]) == job_id(observed))
    assert kept(served, new) == {"target_name": "Crab"}
