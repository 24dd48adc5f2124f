"""The questions of the catalogue over HTTP and on the command line, asked of two real jobs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from prov.model import ProvDocument

from provstore.cli.comparing import diff
from provstore.cli.questions import query
from provstore.queries.catalog import QUESTIONS
from tests.web.chains import Chain
from tests.web.served import Served, job_id

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def asked(chain: Chain) -> Ask:
    def ask(question: str, **given: Any) -> Any:
        answer = chain.served.anonymous.get(f"/prov/{question}", query_string=given)
        assert answer.status_code == 200, answer.text
        return answer.json

    return ask


def stacked(chain: Chain) -> str:
    return chain.entity(chain.second, "stacked")


def test_the_curators_questions_are_answered_of_real_jobs(chain: Chain, asked: Ask) -> None:
    product, first, second = stacked(chain), job_id(chain.first), job_id(chain.second)
    raw = asked("entities", name="raw.fits")["items"][0]["id"]
    assert {one["label"] for one in asked("who", id=product)["items"]} >= {"anonymous", "Vera Rubin", "provstore"}
    assert [one["revision"] for one in asked("methods", id=product)["items"]] == ["stack@1", "copy@1"]
    (configured,) = asked("configuration", id=second)["items"]
    settings = {one["name"]: (one["value"], one["given"]) for one in configured["parameters"] if not one["config_file"]}
    assert settings == {"threshold": ("7.5", True), "mode": ("mean", False), "count": ("3", True)}
    assert [one["name"] for one in configured["config_files"]] == ["stack.cfg"]
    assert {one["label"] for one in asked("impact", id=raw)["items"]} >= {"output", "stacked"}
    assert {one["by"]["service"] for one in asked("statistics")["items"]} >= {"copy", "stack"}
    assert asked("stale", id=product)["items"] == []
    assert asked("same-work", id=first)["items"] == []
    assert [one["label"] for one in asked("ancestors", id=[product, first])["items"]] == ["copy"]
    way = asked("path", **{"from": raw, "to": product})["nodes"]
    assert [one["label"] for one in way] == ["raw.fits", "output", "stacked"]


def test_two_jobs_are_compared(chain: Chain, asked: Ask) -> None:
    one, other = job_id(chain.first), job_id(chain.second)
    assert asked("diff", a=one, b=one)["summary"]["identical"]
    found = asked("diff", a=one, b=other)
    assert {each["kind"]: each["status"] for each in found["activities"]} == {"copy": "same", "stack": "only in b"}


def test_a_graph_is_given_in_any_format(chain: Chain) -> None:
    given = {"from": job_id(chain.first), "to": stacked(chain), "format": "prov-json"}
    answer = chain.served.anonymous.get("/prov/path", query_string=given)
    document = ProvDocument.deserialize(content=answer.text, format="json")
    assert {str(one.identifier.localpart) for one in document.get_records() if one.identifier} >= {stacked(chain)}
    past = {"id": stacked(chain), "time": "2999-01-01", "format": "prov-n"}
    answer = chain.served.anonymous.get("/prov/as-of", query_string=past)
    assert (answer.status_code, answer.text.startswith("document")) == (200, True)


def test_the_impact_is_streamed_as_lines(chain: Chain, asked: Ask) -> None:
    raw = asked("entities", name="raw.fits")["items"][0]["id"]
    whole = [one["id"] for one in asked("impact", id=raw)["items"]]
    lines = chain.served.anonymous.get("/prov/impact", query_string={"id": raw, "format": "ndjson"})
    assert lines.content_type.startswith("application/x-ndjson")
    assert sorted(json.loads(line)["id"] for line in lines.text.splitlines()) == sorted(whole)
    table = chain.served.anonymous.get("/prov/impact", query_string={"id": raw}, headers={"Accept": "text/csv"})
    assert sorted(row["id"] for row in csv.DictReader(io.StringIO(table.text))) == sorted(whole)


def test_the_report_is_text_where_that_is_asked_for(chain: Chain, asked: Ask) -> None:
    text = asked("report", id=stacked(chain))["text"]
    for given, kind in (({"format": "markdown"}, "text/markdown"), ({"format": "text"}, "text/plain")):
        answer = chain.served.anonymous.get("/prov/report", query_string={"id": stacked(chain), **given})
        assert (answer.content_type, answer.text) == (f"{kind}; charset=utf-8", text)
    accepted = chain.served.anonymous.get(f"/prov/report?id={stacked(chain)}", headers={"Accept": "text/markdown"})
    assert accepted.text == text


@pytest.mark.parametrize(
    ("place", "status", "message"),
    [
        ("diff?a=x", 400, "b is needed"),
        ("who?id=nothing", 404, "nothing is known of"),
        ("impact?id=nothing&format=csv", 404, "nothing is known of"),
        ("path?from=a&to=b", 404, "nothing is known of"),
        ("statistics?by=colour", 400, "by='colour'"),
        ("as-of?id=x&time=yesterday", 400, "time='yesterday'"),
        ("same-work", 400, "id (a job)"),
        ("who?id=x&colour=red", 400, "unknown parameter 'colour'"),
        ("ancestors?id=x", 400, "two ids or more"),
    ],
)
def test_what_can_t_be_answered_is_refused_in_words(chain: Chain, place: str, status: int, message: str) -> None:
    answer = chain.served.anonymous.get(f"/prov/{place}")
    assert answer.status_code == status
    assert answer.json is not None
    assert message in answer.json["error"]["message"]


def test_a_form_that_an_answer_has_not_is_refused(chain: Chain) -> None:
    for place in (f"who?id={stacked(chain)}&format=prov-n", f"who?id={stacked(chain)}&format=csv"):
        assert chain.served.anonymous.get(f"/prov/{place}").status_code == 406


def test_what_one_may_not_see_is_not_answered_of(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    hidden = job_id(job)
    for question, given in (
        ("who", {"id": hidden}),
        ("methods", {"id": hidden}),
        ("configuration", {"id": hidden}),
        ("report", {"id": hidden}),
        ("impact", {"id": hidden}),
        ("stale", {"id": hidden}),
        ("same-work", {"id": hidden}),
        ("as-of", {"id": hidden, "time": "2999-01-01"}),
        ("diff", {"a": hidden, "b": hidden}),
        ("path", {"from": hidden, "to": hidden}),
        ("ancestors", {"id": [hidden, hidden + "x"]}),
    ):
        assert served.anonymous.get(f"/prov/{question}", query_string=given).status_code == 404, question
        if question != "ancestors":
            assert served.curie.get(f"/prov/{question}", query_string=given).status_code == 200, question
    answer = served.anonymous.get("/prov/statistics").json
    assert answer is not None
    assert answer["total"]["jobs"] == 0


def test_the_command_line_answers_what_http_does(chain: Chain, asked: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVSTORE_DATA", str(chain.served.provstore.settings.data))
    runner = CliRunner()
    one, other = job_id(chain.first), job_id(chain.second)
    found = runner.invoke(query, ["methods", "--id", stacked(chain)])
    assert (found.exit_code, json.loads(found.output)) == (0, asked("methods", id=stacked(chain)))
    report = runner.invoke(query, ["report", "--id", stacked(chain)])
    assert report.output.startswith("# How stacked was made\n")
    table = runner.invoke(query, ["impact", "--id", one, "--csv"])
    assert table.output.splitlines()[0].startswith("id,class,label,distance,state")
    compared = runner.invoke(diff, [one, other, "--json"])
    assert json.loads(compared.output)["summary"] == asked("diff", a=one, b=other)["summary"]
    told = runner.invoke(diff, [one, other, "--exit-code"])
    assert (told.exit_code, "stack: only in b" in told.output) == (1, True)
    same = runner.invoke(diff, [one, one, "--exit-code"])
    assert (same.exit_code, same.output) == (0, "identical: 1 steps; nothing but ids and times differs\n")


def test_every_question_has_a_command_with_help() -> None:
    runner = CliRunner()
    for question in QUESTIONS:
        found = runner.invoke(query, [question.name, "--help"])
        assert found.exit_code == 0
        for parameter in question.parameters:
            assert f"--{parameter.name}" in found.output
