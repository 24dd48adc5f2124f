"""Jobs that ask for a cluster, on a site that has two."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

import pytest
from lxml import etree, html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from provstore.accounts.callers import Caller
from provstore.cli.jobs import _facts, _line
from provstore.clusters import Account, Cluster
from provstore.errors import Conflict
from provstore.graph.model import Value
from provstore.uws.clusters.changes import change_of_duration, change_of_resources
from provstore.uws.descriptions.model import Description
from provstore.uws.ports import State
from tests.web.conftest import Serve
from tests.web.served import CURIE, Served, job_id, told

MESO: Final = Cluster(
    name="meso",
    host="login.example.org",
    user="provstore",
    key_file=Path("/keys/meso"),
    work_directory=PurePosixPath("/scratch/provstore"),
    defaults={"partition": "test"},
    maxima={"mem": "4G", "time": "1:00:00"},
    allowed={"partition": ("test", "long")},
)
OWN: Final = replace(
    MESO,
    name="own",
    defaults={"partition": "all"},
    maxima={},
    allowed={},
    accounts={CURIE: Account(user="m_curie")},
    services=("sleep", "boxed"),
)
NS: Final = {"u": "http://www.ivoa.net/xml/UWS/v1.0", "p": "urn:provstore:terms#"}
TOO_SHORT: Final = (
    "is shorter than the job may run: its execution duration and the time to end it are 125 s; "
    "ask for more, or for a shorter EXECUTIONDURATION"
)
BROWSER: Final = {"Accept": "text/html"}


@pytest.fixture
def site(serve: Serve) -> Served:
    return serve(clusters=(MESO, OWN))


def properties(served: Served, job: str) -> dict[str, Value | None]:
    (node,) = served.provstore.store.get([served.node(job_id(job))])
    names = ("executor", "resources", "cluster_account")
    return {name: node.properties[name] for name in names if name in node.properties}


def test_a_job_gets_the_cluster_and_the_resources_that_it_asks_for(site: Served) -> None:
    job = site.create(SLURM_MEM="2G", slurm_partition="long")
    assert properties(site, job) == {"executor": "meso", "resources": '{"mem": "2G", "partition": "long"}'}
    assert properties(site, site.create()) == {"executor": "local"}


def test_a_job_in_json_and_in_a_form_asks_for_the_same(site: Served) -> None:
    answer = site.anonymous.post("/uws/sleep", json={"parameters": {"slurm_mem": "2G", "slurm_ntasks": 2}})
    found = properties(site, answer.location.removeprefix(site.base))
    assert json.loads(str(found["resources"])) == {"mem": "2G", "ntasks": "2", "partition": "test"}


def test_the_job_tells_its_executor_and_resources(site: Served) -> None:
    job = site.create(slurm_mem="2G")
    document = etree.fromstring(site.anonymous.get(job).data)
    told_xml = [(one.get("name"), one.text) for one in document.iterfind("u:jobInfo/p:resource", NS)]
    assert (document.findtext("u:jobInfo/p:executor", None, NS), told_xml) == (
        "meso",
        [("mem", "2G"), ("partition", "test")],
    )
    info = site.json(job)["jobInfo"]
    assert (info["executor"], info["resources"]) == ("meso", {"mem": "2G", "partition": "test"})
    assert "slurm_mem" not in site.json(f"{job}/parameters")


def test_a_job_runs_in_the_account_of_its_owner(site: Served) -> None:
    job = site.create(by=site.curie, slurm_cluster="own")
    found = {"executor": "own", "resources": '{"partition": "all"}', "cluster_account": "m_curie"}
    assert properties(site, job) == found


def test_a_job_goes_to_the_executor_that_it_got(site: Served) -> None:
    job = site.create(slurm_mem="2G", PHASE="RUN")
    site.tick(2)
    assert [one.parent.name for one in site.executor.started] == [job_id(job)]
    assert site.json(job)["jobInfo"]["history"][-1]["cause"] == "executor meso"


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"slurm_mem": "$(x)"}, 400, "slurm_mem='$(x)' is not a size, as 4G or 500M"),
        ({"slurm_mem": "8G"}, 400, "slurm_mem='8G': the cluster meso gives its jobs 4G at most"),
        ({"slurm_partition": "x"}, 400, "slurm_partition='x': the cluster meso allows its jobs test, long"),
        ({"slurm_time": "1"}, 400, f"slurm_time='1' {TOO_SHORT}"),
        (
            {"slurm_cluster": "own"},
            403,
            "the anonymous visitor has no account on the cluster own; its operator enters people in accounts",
        ),
    ],
)
def test_what_the_cluster_does_not_give_is_refused_and_nothing_is_stored(
    site: Served, values: dict[str, str], status: int, words: str
) -> None:
    assert told(site.anonymous.post("/uws/sleep", data=values)) == (status, words)
    assert site.json("/uws/sleep")["items"] == []
    assert [*site.provstore.files.data.joinpath("jobs").glob("*")] == []


def test_a_row_of_a_sweep_asks_for_itself(site: Served) -> None:
    rows = [{"slurm_mem": "1G"}, {"slurm_mem": "8G"}]
    answer = site.anonymous.post("/uws/sleep", json={"sweep": rows})
    assert told(answer) == (400, "row 2: slurm_mem='8G': the cluster meso gives its jobs 4G at most")
    answer = site.anonymous.post("/uws/sleep", json={"sweep": rows[:1], "common": {"slurm_ntasks": 2}})
    assert answer.status_code == 303, answer.text
    (reference,) = site.json("/uws/sleep")["items"]
    found = properties(site, f"/uws/sleep/{reference['jobId']}")
    assert found["resources"] == '{"mem": "1G", "ntasks": "2", "partition": "test"}'


def test_the_execution_duration_is_held_to_the_time_of_the_cluster(serve: Serve) -> None:
    site = serve(clusters=(MESO,), executor="meso", execution_duration_max=timedelta(hours=9))
    job = site.create(EXECUTIONDURATION=7200)
    assert site.json(job)["executionDuration"] == 3595
    site.anonymous.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "9999"})
    assert site.json(job)["executionDuration"] == 3595


# --- changing it


def change(served: Served, job: str, **values: Any) -> tuple[int, str]:
    answer = served.curie.post(f"{job}/parameters", data=values)
    return (303, "") if answer.status_code == 303 else told(answer)


def test_resources_of_a_pending_job_can_be_changed(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G")
    assert change(site, job, SLURM_PARTITION="long", text="new") == (303, "")
    assert properties(site, job) == {"executor": "meso", "resources": '{"mem": "2G", "partition": "long"}'}
    assert site.json(f"{job}/parameters")["text"] == "new"
    assert site.curie.put(f"{job}/parameters/slurm_mem", data="3G", content_type="text/plain").status_code == 303
    assert properties(site, job)["resources"] == '{"mem": "3G", "partition": "long"}'


def test_a_pending_job_can_go_to_a_cluster_and_to_another_one(site: Served) -> None:
    job = site.create(by=site.curie)
    assert change(site, job, slurm_mem="2G") == (303, "")
    assert properties(site, job) == {"executor": "meso", "resources": '{"mem": "2G", "partition": "test"}'}
    assert change(site, job, slurm_cluster="own") == (303, "")
    found = {"executor": "own", "resources": '{"mem": "2G", "partition": "all"}', "cluster_account": "m_curie"}
    assert properties(site, job) == found
    assert change(site, job, slurm_cluster="meso") == (303, "")
    assert "cluster_account" not in properties(site, job)


def test_a_resource_of_a_pending_job_is_taken_back_by_an_empty_value(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G", slurm_ntasks="2")
    assert change(site, job, slurm_mem="", slurm_ntasks="3") == (303, "")
    assert properties(site, job) == {"executor": "meso", "resources": '{"ntasks": "3", "partition": "test"}'}
    assert site.curie.put(f"{job}/parameters/slurm_ntasks", data="", content_type="text/plain").status_code == 303
    assert properties(site, job) == {"executor": "meso", "resources": '{"partition": "test"}'}
    assert change(site, job, slurm_cluster="") == (303, "")
    assert properties(site, job) == {"executor": "local"}
    assert change(site, job, slurm_mem="2G") == (303, "")
    assert change(site, job, slurm_cluster="local", slurm_mem="") == (303, "")
    assert properties(site, job) == {"executor": "local"}


def test_what_a_job_asks_for_is_read_where_it_is_changed(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G")
    read = [site.curie.get(f"{job}/parameters/{name}") for name in ("slurm_mem", "SLURM_partition", "slurm_cluster")]
    assert [(one.status_code, one.text) for one in read] == [(200, "2G"), (200, "test"), (200, "meso")]
    assert told(site.curie.get(f"{job}/parameters/slurm_qos"))[0] == 404


def test_the_account_on_the_cluster_is_told_to_the_owner_and_administrators(site: Served) -> None:
    job = site.create(by=site.curie, slurm_cluster="own")
    document = etree.fromstring(site.curie.get(job).data)
    assert document.findtext("u:jobInfo/p:clusterAccount", None, NS) == "m_curie"
    assert site.json(job, by=site.admin)["jobInfo"]["clusterAccount"] == "m_curie"
    assert site.curie.post(f"{job}/sharing", data={"READER": "public"}).status_code == 200
    assert site.json(job, by=site.anonymous)["jobInfo"]["clusterAccount"] is None


def test_a_refused_change_changes_nothing(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G")
    before = properties(site, job)
    wrong = "slurm_mem='8G': the cluster meso gives its jobs 4G at most"
    assert change(site, job, slurm_mem="8G", text="new") == (400, wrong)
    assert (properties(site, job), site.json(f"{job}/parameters")["text"]) == (before, "hello")
    site.curie.post(f"{job}/phase", data={"PHASE": "RUN"})
    assert change(site, job, slurm_mem="3G")[0] == 403
    assert properties(site, job) == before


def test_an_administrator_changes_what_a_job_asks_for_and_not_whose_account_it_uses(site: Served) -> None:
    job = site.create(by=site.curie, slurm_cluster="own")
    assert site.admin.post(f"{job}/parameters", data={"slurm_mem": "9G"}).status_code == 303
    assert properties(site, job)["cluster_account"] == "m_curie"
    job = site.create(by=site.curie, slurm_mem="1G")
    answer = site.admin.post(f"{job}/parameters", data={"slurm_cluster": "own"})
    words = f"job {job_id(job)}: only its owner can send it to own, where people have accounts of their own"
    assert told(answer) == (403, words)
    assert properties(site, job)["executor"] == "meso"


def test_a_longer_execution_duration_than_the_time_asked_for_is_refused(site: Served) -> None:
    job = site.create(by=site.curie, slurm_time="5")
    answer = site.curie.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "600"})
    assert told(answer)[1].startswith("slurm_time='5' is shorter than the job may run")
    assert change(site, job, slurm_time="11") == (303, "")
    assert site.curie.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "600"}).status_code == 303
    assert site.json(job)["executionDuration"] == 600


def test_who_was_slower_with_a_change_begins_again_from_what_is_there_now(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G")
    read = site.provstore.records.read(job_id(job))
    assert change(site, job, slurm_ntasks="2") == (303, "")
    settings = site.provstore.settings
    caller = Caller(agent=read.owner, name=CURIE)
    late = (
        change_of_resources(read, Description(name="sleep"), {"slurm_mem": "3G"}, caller=caller, settings=settings),
        change_of_duration(read, timedelta(seconds=9), settings),
    )
    for one in late:
        with pytest.raises(Conflict):
            site.provstore.store.write([one])


# --- forms


def shown(answer: TestResponse) -> HtmlElement:
    return cast("HtmlElement", html.document_fromstring(answer.text))


def test_the_form_of_a_service_that_runs_on_a_cluster_has_its_resources(site: Served) -> None:
    described = Description(name="boxed", script="true\n", controls=(("slurm_mem", "2G"),))
    site.provstore.publication.publish_file(described)
    groups = {one["name"]: one for one in site.json("/jdl/boxed/form")["groups"]}
    assert groups["cluster"]["label"] == "Resources of the cluster meso"
    found = {one["name"]: one for one in groups["cluster"]["fields"]}
    assert (found["slurm_mem"]["value"], found["slurm_mem"]["default"], found["slurm_mem"]["folded"]) == (
        "",
        "2G",
        True,
    )
    assert found["slurm_partition"]["options"] == ["test", "long"]
    assert found["slurm_cluster"]["options"] == ["meso", "own"]
    assert (found["slurm_ntasks"]["widget"], found["slurm_ntasks"]["min"]) == ("number", "1")
    assert [one["name"] for one in site.json("/jdl/sleep/form")["groups"]] == ["parameters", "control"]


def test_the_page_of_a_new_job_sends_what_is_filled_in_and_nothing_else(site: Served) -> None:
    page = shown(site.curie.get("/jobs/new?service=sleep&slurm_mem=3G", headers=BROWSER))
    values = dict(page.xpath("//main//form")[0].form_values())
    assert (values["slurm_mem"], values["slurm_partition"], values["slurm_cluster"]) == ("3G", "", "")
    answer = site.curie.post("/uws/sleep", data=values, headers=BROWSER, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    (reference,) = site.json("/uws/sleep", by=site.curie)["items"]
    found = properties(site, f"/uws/sleep/{reference['jobId']}")
    assert found["resources"] == '{"mem": "3G", "partition": "test"}'


@pytest.mark.parametrize("controls", [(), (("slurm_mem", "2G"), ("slurm_partition", "long"))])
def test_all_fields_of_a_form_as_it_is_rendered_make_the_job_that_asks_for_nothing(
    serve: Serve, controls: tuple[tuple[str, str], ...]
) -> None:
    site = serve(clusters=(MESO, OWN), executor="meso")
    site.provstore.publication.publish_file(Description(name="boxed", script="true\n", controls=controls))
    form = shown(site.curie.get("/jobs/new?service=boxed", headers=BROWSER)).forms[-1]
    values = {one.get("name"): one.value or "" for one in form.iter("input", "select", "textarea")}
    assert {"slurm_mem", "slurm_partition", "slurm_cluster", "slurm_ntasks", "RUNID", "DESTRUCTION"} <= values.keys()
    assert {value for name, value in values.items() if name.startswith("slurm_")} == {""}
    answer = site.curie.post("/uws/boxed", data=values, headers=BROWSER, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    nothing = properties(site, site.create("boxed", by=site.curie))
    assert properties(site, answer.location.removeprefix(site.base)) == nothing
    empty = {name: value for name, value in values.items() if name.startswith("slurm_")}
    assert properties(site, site.create("boxed", by=site.curie, **empty)) == nothing


def test_a_list_of_a_form_shows_what_a_job_gets_once(site: Served) -> None:
    page = shown(site.curie.get("/jobs/new?service=sleep&slurm_mem=3G", headers=BROWSER))
    assert [(one.get("value"), one.text) for one in page.get_element_by_id("f-slurm_partition")] == [
        ("", "test (default)"),
        (None, "long"),
    ]
    chosen = shown(site.curie.get("/jobs/new?service=sleep&slurm_cluster=own", headers=BROWSER))
    assert [(one.text, one.get("selected")) for one in chosen.get_element_by_id("f-slurm_cluster")] == [
        ("local (default)", None),
        ("meso", None),
        ("own", "selected"),
    ]


def test_a_hint_of_a_form_says_a_limit_once(site: Served) -> None:
    page = shown(site.curie.get("/jobs/new?service=sleep&slurm_mem=3G", headers=BROWSER))
    said = [page.get_element_by_id(f"help-{name}").text_content() for name in ("slurm_ntasks", "slurm_partition")]
    assert said == ["How many tasks. (at least 1)", "The partition of the cluster."]


def test_who_has_no_account_on_the_cluster_sees_it_on_the_form(site: Served) -> None:
    words = "has no account on the cluster own"
    address = "/jobs/new?service=sleep&slurm_cluster=own"
    assert f"the anonymous visitor {words}" in site.anonymous.get(address, headers=BROWSER).text
    assert words not in site.curie.get(address, headers=BROWSER).text


def test_a_refused_form_is_shown_again_with_the_error_beside_the_field(site: Served) -> None:
    values = {"text": "x", "slurm_mem": "8G"}
    answer = site.anonymous.post("/jobs/new?service=sleep", data=values, headers=BROWSER)
    page = shown(answer)
    assert answer.status_code == 400
    assert page.get_element_by_id("f-slurm_mem").get("value") == "8G"
    beside = page.get_element_by_id("help-slurm_mem").text_content()
    assert "slurm_mem='8G': the cluster meso gives its jobs 4G at most" in beside


# --- provenance


def test_provenance_tells_the_resources_and_not_the_account(site: Served) -> None:
    job = site.create(by=site.curie, slurm_cluster="own", slurm_mem="2G")
    document = site.curie.get(f"{job}/provjson").text
    assert "m_curie" not in document
    (activity,) = (one for name, one in json.loads(document)["activity"].items() if name.endswith(job_id(job)))
    assert activity["provstore:executor"] == "own"
    assert activity["provstore:resources"] == '{"mem": "2G", "partition": "all"}'


# --- the page of a job


def test_the_page_of_a_job_that_its_cluster_holds_says_so_and_has_no_button_that_can_not_help(site: Served) -> None:
    job = site.create(by=site.curie, slurm_mem="2G", PHASE="RUN")
    site.tick()
    held = "it is held by an administrator of the cluster (JobHeldAdmin)"
    site.executor.see(site.directory(job), state=State.HELD, message=held, facts={"slurm_job_id": 41})
    site.tick()
    page = shown(site.curie.get(f"/jobs/{job_id(job)}", headers=BROWSER))
    (where,) = page.find_class("where")
    said = " ".join(where.text_content().split())
    assert said == (
        f"Where it runs Waits on cluster meso as SLURM job 41: {held}. It goes on when it is released there. "
        "Partitiontest Asked formem 2G".replace("Partitiontest Asked", "PartitiontestAsked")
    )
    assert page.xpath("//input[@name='PHASE']/@value") == ["ABORT"]


def test_a_job_that_waits_for_its_owner_has_a_button_to_run_it(site: Served) -> None:
    job = site.create(by=site.curie)
    page = shown(site.curie.get(f"/jobs/{job_id(job)}", headers=BROWSER))
    assert "Run" in [one.text for one in page.iter("button")]


def test_results_that_stay_on_a_cluster_are_not_said_to_be_here(site: Served) -> None:
    job = site.completed()
    files, found = site.provstore.files, replace(site.provstore.records.read(job_id(job)), executor="meso")
    (result,) = found.results
    assert _line(found, files).endswith(f"  result: {result.location} (5 bytes)")
    files.path(result.location).unlink()
    assert _line(found, files).endswith("  result: on meso, fetched from there when its address is opened (5 bytes)")
    assert _facts(found, files)["results"] == {"result": {"entity": result.entity, "location": None}}
