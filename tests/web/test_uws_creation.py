"""Making jobs: the ways in which clients send values, files and control parameters."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from provstore.uws.descriptions.model import Description
from tests.web.served import Served, job_id, told


def file(content: bytes = b"IMAGE", name: str = "m31.fits") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def test_a_new_job_is_pending_and_its_address_starts_with_that_of_the_server(served: Served) -> None:
    answer = served.anonymous.post("/uws/sleep")
    assert answer.status_code == 303
    assert answer.location.startswith("http://localhost/uws/sleep/j")
    assert served.anonymous.get(f"{answer.location}/phase").text == "PENDING"


def test_an_address_set_for_the_server_is_the_one_in_every_link(serve: Any) -> None:
    served = serve(base_url="https://jobs.example.org/prov/", anonymous=True)
    answer = served.anonymous.post("/uws/sleep")
    assert answer.location.startswith("https://jobs.example.org/prov/uws/sleep/j")


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/uws/sleep", {"PHASE": "RUN"}),
        ("/uws/sleep", {"phase": "RUN"}),
        ("/uws/sleep?PHASE=RUN", {}),
        ("/uws/sleep?PHASE=RUN", {"PHASE": "RUN"}),
    ],
)
def test_a_job_can_be_run_with_its_creation(served: Served, address: str, body: dict[str, str]) -> None:
    answer = served.anonymous.post(address, data=body)
    assert served.anonymous.get(f"{answer.location}/phase").text == "QUEUED"


def test_values_of_the_address_and_of_the_body_make_one_job(served: Served) -> None:
    answer = served.anonymous.post("/uws/sleep?duration=3", data={"text": "both"})
    assert served.json(answer.location)["parameters"] == {"duration": "3", "exit_code": "0", "text": "both"}


def test_names_count_in_any_case(served: Served) -> None:
    job = served.create("stack", COUNT=3, IMAGE=file(), Config=file(b"sigma = 9\n", "my.cfg"), RunId="r")
    assert served.json(job)["runId"] == "r"
    assert served.json(job)["parameters"] | {"config": ""} == {
        "threshold": "5", "mode": "mean", "count": "3", "image": "m31.fits", "config": ""
    }  # fmt: skip
    assert served.anonymous.get(f"{job}/parameters/config").text == "sigma = 9\n"


def test_an_input_named_in_another_case_is_not_replaced_by_the_default(served: Served) -> None:
    stored = f"e{job_id(served.completed())[1:]}.result"
    job = served.create("stack", count=3, image=file(), CONFIG=stored)
    assert served.anonymous.get(f"{job}/parameters/config").text == "hello"


def test_a_value_sent_several_times_is_joined(served: Served) -> None:
    answer = served.anonymous.post("/uws/sleep", data=MultiDict([("text", "a"), ("text", "b")]))
    assert served.json(answer.location)["parameters"]["text"] == "a b"


def test_a_value_is_kept_to_the_letter(served: Served) -> None:
    text = " Größe <&> \"'\t\r\n 星\u2028 $(id) `id` %41 + \U0001f52d "
    job = served.create(text=text)
    assert served.anonymous.get(f"{job}/parameters/text").data.decode() == text
    assert served.json(job)["parameters"]["text"] == text


def test_a_value_of_a_megabyte_is_a_value(served: Served) -> None:
    text = "x" * (1 << 20)
    job = served.create(text=text)
    assert served.anonymous.get(f"{job}/parameters/text").text == text


def test_control_characters_are_kept_and_the_document_stays_xml(served: Served) -> None:
    job = served.create(text="a\x01b", RUNID="r\x02")
    assert served.anonymous.get(f"{job}/parameters/text").data == b"a\x01b"
    assert "a\ufffdb" in served.anonymous.get(job).text
    assert "r\ufffd" in served.anonymous.get("/uws/sleep").text


def test_an_upload_is_stored_and_served_as_the_parameter_of_its_name(served: Served) -> None:
    job = served.create("copy", input=(io.BytesIO(b"\x00bytes"), "../../etc/pass wd", "application/fits"))
    answer = served.anonymous.get(f"{job}/parameters/input")
    assert (answer.data, answer.content_type) == (b"\x00bytes", "application/fits")
    assert served.json(job)["parameters"] == {"input": "pass_wd"}


def test_a_content_type_that_is_none_is_not_repeated(served: Served) -> None:
    job = served.create("copy", input=(io.BytesIO(b"x"), "a.txt", "tex\u661ft/plain; x=y"))
    assert served.anonymous.get(f"{job}/parameters/input").content_type == "application/octet-stream"


@pytest.mark.parametrize("place", ["body", "address"])
def test_an_upload_can_be_run_at_once(served: Served, place: str) -> None:
    run = {"PHASE": "RUN"}
    sent: dict[str, Any] = {"input": file(b"abc", "a.dat")} | (run if place == "body" else {})
    answer = served.anonymous.post("/uws/copy", data=sent, query_string=run if place == "address" else {})
    job = answer.location.removeprefix(served.base)
    served.tick(2)
    assert (served.directory(job) / "work" / "a.dat").read_bytes() == b"abc"


@pytest.mark.parametrize(
    "values",
    [
        {"input": "param:sent"},
        {"INPUT": "param:sent"},
        {"UPLOAD": "input,param:sent"},
        {"upload": " input , param:sent ;"},
    ],
)
def test_a_value_may_refer_to_another_part_of_the_request(served: Served, values: dict[str, Any]) -> None:
    job = served.create("copy", **values, sent=file(b"abc", "a.dat"))
    assert served.anonymous.get(f"{job}/parameters/input").data == b"abc"


def test_one_part_may_serve_two_inputs(served: Served) -> None:
    job = served.create("stack", count=1, image="param:x", flats="param:x", x=file(b"abc"))
    assert served.anonymous.get(f"{job}/parameters/image").data == b"abc"
    assert served.anonymous.get(f"{job}/parameters/flats").data == b"abc"


def test_uploads_may_name_stored_entities_and_be_several(served: Served) -> None:
    first = f"http://localhost{served.completed()}/results/result"
    answer = served.anonymous.post(
        "/uws/stack",
        data=MultiDict([("count", "1"), ("UPLOAD", f"image,{first}"), ("UPLOAD", f"flats,{first}")]),
    )
    assert told(served.anonymous.get(f"{answer.location}/parameters/image")) == (200, "hello")
    assert told(served.anonymous.get(f"{answer.location}/parameters/flats")) == (200, "hello")


@pytest.mark.parametrize("text", ["input", "input,", ",param:x", "input param:x"])
def test_a_malformed_upload_is_refused_with_the_right_form(served: Served, text: str) -> None:
    answer = served.anonymous.post("/uws/copy", data={"UPLOAD": text, "x": file()})
    assert told(answer) == (400, f"UPLOAD={text!r}: NAME,param:PART or NAME,URI is needed")


def test_a_stored_entity_can_be_named_in_every_spelling(served: Served) -> None:
    made = served.completed("copy", {"results/output.dat": b"abc"}, input=file(b"abc"))
    entity = f"e{job_id(made)[1:]}.output"
    spellings = [
        entity,
        f"id:{entity}",
        served.node(entity),
        f"http://localhost/store/{entity}",
        f"http://localhost{made}/results/output",
        f"http://localhost{made}/results/result",
        f"http://localhost{made.replace('/uws/', '/rest/')}/results/output",
    ]
    jobs = [served.create("copy", input=spelling) for spelling in spellings]
    stored = [served.provstore.records.read(job_id(job)).inputs[0].entity for job in jobs]
    assert stored == [served.node(entity)] * len(spellings)


def test_the_limits_of_the_site_are_kept(serve: Any) -> None:
    served = serve(execution_duration_max=timedelta(seconds=500), destruction_max=timedelta(days=2))
    asked = served.create(EXECUTIONDURATION=300, DESTRUCTION="2026-03-02T12:00:00Z")
    above = served.create(executionDuration=501, destruction="2026-04-01")
    unlimited = served.create(EXECUTIONDURATION=0)
    default = served.create()
    shown = [served.json(job) for job in (asked, above, unlimited, default)]
    assert [(one["executionDuration"], one["destruction"]) for one in shown] == [
        (300, "2026-03-02T12:00:00.000Z"),
        (500, "2026-03-03T12:00:00.000Z"),
        (500, "2026-03-03T12:00:00.000Z"),
        (120, "2026-03-03T12:00:00.000Z"),
    ]


def test_no_limit_on_the_duration_lets_it_be_unlimited(serve: Any) -> None:
    served = serve(execution_duration_max=timedelta(0))
    assert served.json(served.create(EXECUTIONDURATION=0))["executionDuration"] == 0


def test_a_run_id_of_64_characters_is_the_longest(served: Served) -> None:
    assert served.json(served.create(RUNID="x" * 64))["runId"] == "x" * 64
    answer = served.anonymous.post("/uws/sleep", data={"RUNID": "x" * 65})
    assert told(answer) == (400, "RUNID has 65 characters; at most 64 are allowed")


def test_a_person_whose_account_is_younger_than_the_server_can_make_jobs(served: Served) -> None:
    late = served.client(served.provstore.accounts.add("late"))
    assert late.get(f"{served.create(by=late)}/owner").text == "late"


@pytest.mark.parametrize(
    ("service", "values", "quote"),
    [
        ("stack", {}, "2026-03-01T12:00:30.000Z"),
        ("stack", {"uws_quote": "90"}, "2026-03-01T12:01:30.000Z"),
        ("stack", {"UWS_QUOTE": "2026-03-02T00:00:00Z"}, "2026-03-02T00:00:00.000Z"),
        ("stack", {"uws_quote": ""}, "2026-03-01T12:00:30.000Z"),
        ("sleep", {"uws_quote": "5"}, "2026-03-01T12:00:05.000Z"),
    ],
)
def test_the_quote_is_what_the_client_says_else_what_the_service_does(
    served: Served, service: str, values: dict[str, str], quote: str
) -> None:
    needed: dict[str, Any] = {"count": "3", "image": file()} if service == "stack" else {}
    job = served.create(service, **needed | values)
    assert served.anonymous.get(f"{job}/quote").text == quote
    assert served.json(job)["quote"] == quote


def test_a_job_says_what_its_script_is_to_run_in(served: Served) -> None:
    described = Description(name="boxed", script="true\n", modules=("gcc/12", "ctools"), container="/images/a.sif")
    served.provstore.publication.publish_file(described)
    (job,) = served.provstore.store.get([served.node(job_id(served.create("boxed")))])
    assert (job.properties["modules"], job.properties["container"]) == ("gcc/12 ctools", "/images/a.sif")
    (plain,) = served.provstore.store.get([served.node(job_id(served.create("sleep")))])
    assert {"modules", "container"}.isdisjoint(plain.properties)
