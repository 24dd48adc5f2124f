"""A service is edited while its jobs run, and after: what a past job says of itself stays as it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Final

from provstore.accounts.callers import Caller, Grant, Role
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition
from provstore.uws.publishing.revisions import Revision
from tests.web.served import Served, job_id

EDITOR: Final = Caller(
    agent="a-editor", name="editor", grants=frozenset({Grant(Role.AUTHOR, "*"), Grant(Role.CURATOR, "*")})
)
PLAIN: Final = Description(
    name="plain",
    label="Plain",
    contact_name="Vera Rubin",
    script="echo plain\n",
    parameters=(ParameterDefinition(name="threshold", datatype="double", default="5"),),
    generated=(Generated(name="made", default="made.txt", content_type="text/plain"),),
)
EDITED: Final = replace(
    PLAIN,
    label="Edited",
    contact_name="Henrietta Leavitt",
    script="exit 1\n",
    parameters=(ParameterDefinition(name="threshold", datatype="int", default="7"),),
    generated=(replace(PLAIN.generated[0], role="another", content_type="image/fits"),),
)
MADE: Final = {"results/made.txt": b"made"}
FORMATS: Final = ("", "prov-json", "prov-n", "prov-xml", "votable", "dot", "svg")


def edited(served: Served, description: Description) -> Revision:
    workflow = served.provstore.publication
    return workflow.accept(EDITOR, workflow.propose(EDITOR, description, message="m").id, message="fine")


def exports(served: Served, job: str) -> dict[str, bytes]:
    """Give all that is told of a job: its lineage in every direction, depth and format, and what is said about it."""
    told = {}
    for name, descriptions, direction, model in product(
        FORMATS, ("0", "1", "2"), ("up", "down", "both"), ("IVOA", "W3C")
    ):
        query = {"id": job_id(job), "descriptions": descriptions, "direction": direction, "model": model}
        accept = {"Accept": "application/json"}
        chosen = {"format": name} if name else {}
        answer = served.admin.get("/prov/lineage", query_string={**query, **chosen}, headers=accept)
        assert answer.status_code == 200, answer.text
        told[f"{name} {descriptions} {direction} {model}"] = answer.data
    own = served.admin.get(f"{job}/prov", query_string={"descriptions": "2", "format": "prov-n"})
    return {**told, "its own": own.data}


def test_a_past_job_is_told_to_the_byte_as_before_whatever_becomes_of_its_service(served: Served) -> None:
    first = edited(served, PLAIN)
    job = served.completed("plain", MADE, threshold="4")
    before = exports(served, job)
    second = edited(served, EDITED)
    assert exports(served, job) == before
    served.provstore.publication.restore(EDITOR, first.name)
    served.provstore.publication.withdraw(EDITOR, "plain", message="gone")
    assert exports(served, job) == before
    assert (first.name, second.name) == ("plain@1", "plain@2")
    assert b"Vera Rubin" in before["prov-n 1 up IVOA"]


def test_the_lineage_of_a_job_does_not_grow_by_the_history_of_its_service(served: Served) -> None:
    for number in range(3):
        edited(served, replace(PLAIN, label=f"Edit {number}"))
    job = served.completed("plain", MADE)
    newest = served.provstore.catalog.newest("plain")
    for direction in ("up", "down", "both"):
        query = {"id": job_id(job), "direction": direction, "descriptions": "2"}
        found = served.json(f"/prov/lineage?{'&'.join(f'{key}={value}' for key, value in query.items())}")
        described = {one["id"] for one in found["nodes"] if "ActivityDescription" in one["class"]}
        names = {one["label"] for one in found["nodes"]}
        assert described == {newest.node}
        assert names.isdisjoint({"acceptance", "proposal", "publication"})


def test_a_job_runs_what_it_was_made_of_though_its_service_is_edited_meanwhile(served: Served) -> None:
    edited(served, PLAIN)
    job = served.create("plain")
    edited(served, EDITED)
    served.execute(job)
    scripts = [file.read_text() for file in served.directory(job).rglob("*") if file.is_file() and file.suffix == ".sh"]
    assert any("echo plain" in text for text in scripts)
    assert not any("exit 1" in text for text in scripts)
    served.finish(job, MADE)
    assert served.phase(job) == "COMPLETED"


def test_no_jobs_are_made_of_a_withdrawn_service_but_those_there_are_go_on(served: Served) -> None:
    edited(served, PLAIN)
    job = served.create("plain")
    served.provstore.publication.withdraw(EDITOR, "plain", message="broken")
    answer = served.anonymous.post("/uws/plain")
    assert answer.status_code == 403
    assert "(broken): no new jobs are made of it" in answer.text
    served.execute(job)
    served.finish(job, MADE)
    assert served.phase(job) == "COMPLETED"
