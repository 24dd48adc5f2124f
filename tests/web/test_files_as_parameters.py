"""A parameter whose value is a file: shown once, by reference, and its address gives the bytes."""

from __future__ import annotations

import io

from tests.web.served import Served, job_id


def test_a_configuration_file_is_shown_as_the_file_that_is_read(served: Served) -> None:
    job = served.create("gammapy_spectra")
    shown = served.anonymous.get(job).text
    assert shown.count('id="config_file"') == 1
    assert f'<uws:parameter id="config_file" byReference="true">{served.base}{job}/parameters/config_file<' in shown
    assert "[on_region]" in served.anonymous.get(f"{job}/parameters/config_file").text


def test_an_uploaded_configuration_file_takes_the_place_of_the_shipped_one(served: Served) -> None:
    job = served.create("gammapy_spectra", config_file=(io.BytesIO(b"[mine]\n"), "my set-up.cfg"))
    assert served.anonymous.get(f"{job}/parameters/config_file").data == b"[mine]\n"
    answer = served.admin.get(f"/prov/lineage?id={job_id(job)}&depth=0").json or {}
    classes = sorted(one["class"][0] for one in answer["nodes"] if one["label"] == "config_file")
    assert classes == ["ConfigFile", "Parameter"]


def test_an_input_given_as_identifiers_is_shown_as_it_was_given(served: Served) -> None:
    job = served.create("gammapy_spectra", obsids="33794 33795")
    assert '<uws:parameter id="obsids">33794 33795</uws:parameter>' in served.anonymous.get(job).text
