"""The client on a real server: jobs, files, questions, pictures, tables, documents."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from astropy.table import Table
from lxml import etree
from prov.model import ProvDocument

from provstore.client import Client, RemoteGraph, RemoteJob, RemotePage, RemoteText
from provstore.errors import Invalid, NotFound, Unauthenticated, Unavailable
from provstore.notebook import digraph, job_table, multigraph, relation_table, table
from tests.e2e.served import Served, start

SENT = b"SIMPLE  =                    T"
DOCUMENT = """document
  prefix ex <http://example.org/>
  entity(ex:map, [ex:band="V" %% xsd:string])
  activity(ex:stack, 2026-03-01T12:00:00, -)
  wasGeneratedBy(ex:g; ex:map, ex:stack, -)
  agent(ex:curie)
  wasAssociatedWith(ex:stack, ex:curie, -)
endDocument
"""


@pytest.fixture(scope="module")
def chain(served: Served) -> tuple[RemoteJob, RemoteJob]:
    """A file that was sent and copied, and a copy of the copy."""
    with served.client() as client:
        first = client.wait(client.run("copy", files={"input": SENT}, run_id="night-1"))
        second = client.wait(client.run("copy", parameters={"input": first.entity("output")}))
    assert (first.phase, second.phase) == ("COMPLETED", "COMPLETED")
    return first, second


Chain = tuple[RemoteJob, RemoteJob]


# --- jobs and files


def test_a_job_tells_what_it_was_given_and_how_it_went(client: Client) -> None:
    told: list[str] = []
    job = client.run("sleep", parameters={"text": "hello", "duration": 0.3}, run_id="night-2")
    job = client.wait(job, told=lambda one: told.append(one.phase))
    assert told[-1] == job.phase == "COMPLETED"
    assert (job.parameters["text"], job.parameters["duration"], job.run_id) == ("hello", "0.3", "night-2")
    assert [one.phase for one in job.history] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert job.created_at
    assert job.started_at
    assert job.ended_at
    assert job.created_at <= job.started_at <= job.ended_at
    assert client.read(job.result()) == b"hello"
    assert "night-2" in job._repr_html_()


def test_a_job_that_waits_to_be_started_can_be_started_aborted_and_deleted(client: Client) -> None:
    job = client.create("sleep", parameters={"duration": 60})
    assert job.phase == "PENDING"
    assert client.start(job).phase in {"QUEUED", "EXECUTING"}
    assert client.wait(job, seconds=0.5).is_over is False
    assert client.wait(client.abort(job)).phase == "ABORTED"
    client.delete(job)
    with pytest.raises(NotFound, match=job.id):
        client.job("sleep", job.id)


def test_several_files_of_one_name_and_a_file_that_is_open_are_sent(client: Client, tmp_path: Path) -> None:
    sent = tmp_path / "a file.txt"
    sent.write_bytes(SENT)
    with sent.open("rb") as opened:
        opened.read(5)
        jobs = [client.wait(client.run("copy", files={"input": one})) for one in (sent, str(sent), [SENT], opened)]
    assert [client.read(job.result()) for job in jobs] == [SENT] * 4
    with pytest.raises(Invalid, match="input: /not/there can't be read: No such file"):
        client.run("copy", files={"input": Path("/not/there")})


def test_results_are_saved_opened_and_read(client: Client, chain: Chain, tmp_path: Path) -> None:
    job = chain[1]
    assert client.download(job.results["output"], tmp_path).read_bytes() == SENT
    assert client.download(job.entity("output"), tmp_path / "mine").read_bytes() == SENT
    with client.open(job.results["output"]) as file:
        assert (file.read(6), file.seek(0), file.read()) == (SENT[:6], 0, SENT)


def test_what_a_job_prints_is_read_and_followed(client: Client) -> None:
    job = start(client, "one", "echo one; echo two; echo x > out.txt")
    assert list(client.follow_log(job)) == ["one", "two"]
    assert client.log(job) == "one\ntwo\n"
    assert client.log(job, "stderr") == ""


def test_jobs_of_a_sweep_are_waited_for_and_listed(client: Client) -> None:
    sweep = client.run_sweep("sleep", [{"text": str(number)} for number in range(12)], common={"duration": 0})
    assert client.wait_sweep(sweep).phases == {"COMPLETED": 12}
    assert len(client.jobs("sleep", SWEEP=sweep.id)) == 12
    assert len(client.jobs("sleep", SWEEP=sweep.id, PHASE=["COMPLETED", "ERROR"], LAST=7)) == 7
    assert len(client.jobs("sleep", SWEEP=sweep.id, LIMIT=3)) == 3
    assert {one.service for one in client.listed()} >= {"sleep"}
    assert len(job_table(client.listed("sleep", SWEEP=sweep.id))) == 12


def test_changes_are_heard_as_they_happen_and_none_is_missed(client: Client) -> None:
    job = start(client, "one", "echo x > out.txt")
    seen = []
    with closing(client.events("one", since="2020-01-01")) as events:  # type: ignore[type-var]  # a generator
        for event in events:
            if event.job_id == job.id:
                seen.append(event)
            if event.job_id == job.id and event.phase == "COMPLETED":
                break
    assert [one.phase for one in seen] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert list(client.events(since=seen[-1].id, seconds=0)) == []


def test_services_are_found_and_described(client: Client) -> None:
    names = {one.name: one for one in client.services()}
    assert {"sleep", "copy"} <= names.keys()
    assert [one.name for one in client.services("sleep")] == ["sleep"]
    described = client.description(names["sleep"].revision)
    assert [one["name"] for one in described["parameters"]] == ["duration", "exit_code", "text"]


# --- questions


def test_lineage_is_a_graph_over_both_jobs(client: Client, chain: Chain) -> None:
    graph = client.lineage(chain[1].entity("output"))
    assert isinstance(graph, RemoteGraph)
    jobs = [graph.node(one.id) for one in chain]
    assert [one and one["label"] for one in jobs] == ["copy", "copy"]
    assert graph["nodes"][0]["id"] == graph.nodes[0].id
    assert (graph.truncated, graph.restricted) == (False, False)
    assert client.lineage(chain[0].entity("output"), direction="down", depth=2).node(chain[1].id) is not None


def test_lineage_is_a_networkx_graph_and_tables(client: Client, chain: Chain) -> None:
    graph = client.lineage(chain[1].entity("output"))
    first, second = (next(one.id for one in graph.nodes if one.id.endswith(job.id)) for job in chain)
    for found in (digraph(graph), multigraph(graph)):
        assert found.number_of_nodes() == len(graph.nodes)
        assert first in nx.descendants(found, second)
    assert multigraph(graph).number_of_edges() == len(graph.relations) == len(relation_table(graph))
    nodes = table(graph)
    assert set(nodes["phase"].compressed()) == {"COMPLETED"}
    assert set(nodes["size"][nodes["label"] == "output"]) == {len(SENT)}


def test_a_graph_in_a_notebook_is_the_picture_that_the_server_draws(client: Client, chain: Chain) -> None:
    html = client.lineage(chain[1].entity("output"))._repr_html_()
    assert html.startswith("<p>")
    assert 'src="data:image/svg+xml;base64,' in html
    for picture in (client.svg(chain[1]), client.svg(chain[1].entity("output"), depth=2, model="W3C")):
        assert etree.fromstring(picture._repr_svg_().encode()).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_search_goes_on_over_its_pages(client: Client, chain: Chain) -> None:
    page = client.search("activity", run_id="night-1", fields="attributes")
    assert [one.id.rpartition("#")[2] for one in page] == [chain[0].id]
    assert page.items[0].attributes["run_id"] == "night-1"
    small = client.search(limit=1)
    assert len(small.items) == 1
    following = small.following()
    assert following is not None
    everything = [one.id for one in small]
    assert everything[:2] == [small.items[0].id, following.items[0].id]
    assert len(everything) == len(set(everything)) == len(table(client.search()))


def test_a_file_in_hand_is_found_by_its_content(client: Client, chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "unknown").write_bytes(b"never seen")
    (tmp_path / "known").write_bytes(SENT)
    assert list(client.find(tmp_path / "unknown")) == []
    assert chain[0].entity("output") in {one.id.rpartition("#")[2] for one in client.find(tmp_path / "known")}


def test_two_runs_are_compared(client: Client, chain: Chain) -> None:
    assert client.diff(chain[0].id, chain[0].id)["summary"]["identical"] is True


def test_every_answer_has_the_shape_of_its_question(client: Client, chain: Chain) -> None:
    product = chain[0].entity("output")
    assert isinstance(client.ask("lineage", id=[product, chain[1].id], stop_before="name:none"), RemoteGraph)
    assert isinstance(client.ask("who", id=product), RemotePage)
    report = client.ask("report", id=product)
    assert isinstance(report, RemoteText)
    assert str(report) == report._repr_markdown_() != ""


def test_a_long_answer_comes_row_by_row(client: Client, chain: Chain) -> None:
    rows = list(client.rows("impact", id=chain[0].entity("output")))
    assert [one.id.rpartition("#")[2] for one in rows] == [chain[1].entity("output")]


def test_more_ids_than_an_address_holds_are_asked_about(client: Client, chain: Chain) -> None:
    ids = [chain[1].id, *(f"http://example.org/{number}/{'x' * 100}" for number in range(200))]
    assert client.lineage(ids, depth=0).node(chain[1].id) is not None
    assert client.provenance(ids, format="prov-n", depth=0).startswith(b"document")


@pytest.mark.parametrize(
    ("ask", "kind", "words", "field"),
    [
        (lambda client: client.run("nope"), NotFound, "no service 'nope'", "service"),
        (lambda client: client.run("sleep", parameters={"duration": "x"}), Invalid, "duration: 'x' is not", "duration"),
        (lambda client: client.search(limit=0), Invalid, "limit='0': a whole number", "limit"),
        (lambda client: client.lineage("jnone"), NotFound, "jnone", "id"),
        (lambda client: client.svg("jnone"), NotFound, "jnone", "id"),
        (lambda client: client.read("enone"), NotFound, "no entity 'enone'", "entity"),
        (lambda client: client.import_document(b"document\nentity(ex:a\n"), Invalid, "line 3, column 1", "document"),
        (lambda client: client.fetch("/accounts"), Unauthenticated, "token", None),
    ],
    ids=["service", "value", "condition", "node", "picture", "file", "document", "right"],
)
def test_an_error_is_the_server_s_with_its_field(
    client: Client, ask: Any, kind: type[Exception], words: str, field: str | None
) -> None:
    with pytest.raises(kind, match=words) as caught:
        ask(client)
    assert getattr(caught.value, "field", None) == field
    assert caught.value.__notes__[0].startswith("status 40")


def test_a_question_that_is_none_is_called_so(client: Client) -> None:
    with pytest.raises(NotFound) as caught:
        client.ask("meaning")
    assert "is there a question 'meaning'? docs/queries.md lists them" in caught.value.__notes__


# --- provenance and documents


@pytest.mark.parametrize(("form", "read_as"), [("prov-json", "json"), ("prov-n", "provn"), ("prov-xml", "xml")])
def test_provenance_comes_in_any_format_of_a_job_or_a_product(
    client: Client, chain: Chain, form: str, read_as: str
) -> None:
    for one in (chain[1], chain[1].entity("output"), [job.id for job in chain]):
        text = client.provenance(one, format=form).decode()
        assert len(list(ProvDocument.deserialize(content=text, format=read_as).get_records())) > 3


def test_provenance_as_votable_is_a_table_of_astropy(client: Client, chain: Chain) -> None:
    votable = client.provenance(chain[1].entity("output"), format="votable", depth="all")
    activities = Table.read(io.BytesIO(votable), format="votable", table_id="activity")
    assert len(activities) == 2


def test_a_document_is_brought_listed_asked_about_and_given_back(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "map.provn"
    file.write_text(DOCUMENT)
    trial = client.import_document(file, dry_run=True)
    assert (trial.document, trial.records) == ("", 5)
    receipts = [client.import_document(file, public=True), client.import_document(DOCUMENT.encode(), format="prov-n")]
    with file.open("rb") as opened:
        receipts.append(client.import_document(opened, strict=True))
    assert [one.records for one in receipts] == [5, 5, 5]
    listed = {one.id: one for one in client.documents()}
    assert [listed[one.document].public for one in receipts] == [True, False, False]
    assert listed[receipts[0].document].name == "map.provn"
    assert client.lineage("http://example.org/map").node("http://example.org/stack") is not None
    again = ProvDocument.deserialize(content=client.document(receipts[0].document).decode(), format="json")
    assert again == ProvDocument.deserialize(content=DOCUMENT, format="provn")


# --- who asks


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, served: Served, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PROVSTORE_URL", served.address)
    return monkeypatch


def is_admin(client: Client) -> bool:
    try:
        client.fetch("/accounts")
    except Unauthenticated:
        return False
    return True


def test_address_and_token_come_from_the_environment(environment: pytest.MonkeyPatch, served: Served) -> None:
    environment.setenv("PROVSTORE_TOKEN", served.admin_token)
    with Client() as client:
        assert is_admin(client)
    with Client(token="") as anonymous:
        assert not is_admin(anonymous)
    with Client(token="wrong") as stranger, pytest.raises(Unauthenticated):
        stranger.services()


def test_the_token_may_stand_in_a_netrc_file(environment: pytest.MonkeyPatch, served: Served, tmp_path: Path) -> None:
    environment.delenv("PROVSTORE_TOKEN", raising=False)
    file = tmp_path / ".netrc"
    file.write_text(f"machine 127.0.0.1 login admin password {served.admin_token}\n")
    file.chmod(0o600)
    with Client() as client:
        assert is_admin(client)


def test_the_commands_take_no_offence_at_the_client_s_variables(served: Served) -> None:
    done = served.command("jobs", PROVSTORE_URL=served.address, PROVSTORE_TOKEN=served.admin_token)
    assert done.returncode == 0, done.stderr


def test_a_site_that_is_drained_is_unavailable_at_once_for_what_must_not_be_done_twice(served: Served) -> None:
    served.command("drain", "new", "disks")
    try:
        with served.client() as client, pytest.raises(Unavailable, match="new disks") as caught:
            client.run("sleep")
        assert caught.value.__notes__[0].startswith("status 503 of POST")
    finally:
        served.command("drain", "--end")
