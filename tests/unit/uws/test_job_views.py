from datetime import UTC, datetime, timedelta

import pytest

from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Relation, Value
from provstore.uws.jobs import (
    INPUT_NAME,
    Change,
    Failure,
    JobParameter,
    JobResult,
    add_change,
    changes_of,
    input_name,
    job_of,
    main_result,
    reference_of,
)
from provstore.uws.phases import Phase

NOON = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
NAMESPACE = "urn:t#"
JOB = NodeId("urn:t#j1")


def node(local: str, *labels: Label, **properties: str | int | bool) -> Node:
    return Node(NodeId(NAMESPACE + local), frozenset(labels), properties)


def job_node(**more: Value) -> Node:
    facts: dict[str, Value] = {"service": "s", "phase": "ERROR", "owner": "a1", "created_at": NOON}
    return Node(JOB, frozenset({Label.ACTIVITY, Label.JOB}), facts | more, readers=frozenset({"user:a1"}))


def test_a_history_grows_by_one_change_at_a_time_and_reads_back() -> None:
    text = ""
    changes = [Change(phase=phase, at=NOON + timedelta(minutes=1), cause=f'user "é" {phase}') for phase in Phase]
    for change in changes:
        text = add_change(text, change.phase, at=change.at, cause=change.cause)
    assert changes_of(text) == tuple(changes)


def test_no_history_is_no_change() -> None:
    assert changes_of("") == ()


def test_a_change_is_written_in_few_characters() -> None:
    assert add_change("", Phase.PENDING, at=NOON, cause="c") == '[["PENDING","2026-03-01T12:00:00.000001Z","c"]]'


def test_a_bare_job_has_nothing_that_was_not_written() -> None:
    job = job_of(job_node(), NAMESPACE, around={}, relations=())
    assert (job.id, job.node, job.service, job.phase, job.owner) == ("j1", JOB, "s", Phase.ERROR, "a1")
    assert (job.started_at, job.ended_at, job.quote_at, job.destruction_at) == (None, None, None, None)
    assert (job.failure, job.history, job.exit_code, job.open, job.deleted) == (None, (), None, False, False)
    assert (job.parameters, job.inputs, job.results, job.remarks) == ((), (), (), "")
    assert job.execution_duration == timedelta(0)
    assert job.readers == {"user:a1"}


def test_facts_of_another_type_than_theirs_are_not_believed() -> None:
    job = job_of(
        job_node(exit_code=True, host=3, execution_duration="5", open="yes"), NAMESPACE, around={}, relations=()
    )
    assert (job.exit_code, job.host, job.execution_duration, job.open) == (None, "", timedelta(0), False)


@pytest.mark.parametrize(("kind", "transient"), [("fatal", False), ("transient", True), ("", False)])
def test_a_failure_has_its_message_type_and_detail(kind: str, transient: bool) -> None:  # noqa: FBT001 - an expectation
    found = job_of(
        job_node(error_message="m", error_type=kind, error_detail="d"), NAMESPACE, around={}, relations=()
    ).failure
    assert found == Failure(message="m", transient=transient, detail="d")


def test_what_stands_around_a_job_is_sorted_by_the_keys_of_its_relations() -> None:
    around = [
        node("p", Label.PARAMETER, name="p", value="1", given=False),
        node("q", Label.PARAMETER, name="q", value="2"),
        node("k", Label.PARAMETER, name="sky.ra", value="3", config_file="cfg"),
        node("f", Label.CONFIG_FILE, name="cfg", file_name="a.cfg", location="x/a.cfg", content_type="text/plain"),
        node("e", Label.ENTITY, name="raw.fits", location="x/raw", content_type="image/fits"),
        node("i", Label.ENTITY, name="33794"),
        node("r", Label.ENTITY, name="out", size=5, sha256="00", location="x/out"),
    ]
    named = (Attribute(INPUT_NAME, "image"),)
    relations = [
        Relation("j1.u1", Kind.USED, JOB, NodeId("urn:t#i"), "run"),
        Relation("j1.g0", Kind.WAS_GENERATED_BY, NodeId("urn:t#r"), JOB, "stack"),
        Relation("j1.c1", Kind.WAS_CONFIGURED_BY, JOB, NodeId("urn:t#q")),
        Relation("j1.c0", Kind.WAS_CONFIGURED_BY, JOB, NodeId("urn:t#p")),
        Relation("j1.f0", Kind.WAS_CONFIGURED_BY, JOB, NodeId("urn:t#f")),
        Relation("j1.k0", Kind.WAS_CONFIGURED_BY, JOB, NodeId("urn:t#k")),
        Relation("j1.u0", Kind.USED, JOB, NodeId("urn:t#e"), "science", attributes=named),
        Relation("j2.u0", Kind.USED, NodeId("urn:t#j2"), NodeId("urn:t#r"), "other"),
    ]
    job = job_of(job_node(), NAMESPACE, around={one.id: one for one in around}, relations=relations)
    config = JobParameter(
        name="cfg",
        value="a.cfg",
        by_reference=True,
        entity=NodeId("urn:t#f"),
        content_type="text/plain",
        location="x/a.cfg",
        configures=True,
    )
    image = JobParameter(
        name="image",
        value="raw.fits",
        by_reference=True,
        entity=NodeId("urn:t#e"),
        content_type="image/fits",
        location="x/raw",
    )
    run = JobParameter(name="run", value="33794", entity=NodeId("urn:t#i"))
    assert job.parameters == (
        JobParameter(name="p", value="1", given=False),
        JobParameter(name="q", value="2"),
        config,
        image,
        run,
    )
    assert job.inputs == (config, image, run)
    assert job.results == (JobResult(name="out", entity=NodeId("urn:t#r"), size=5, sha256="00", location="x/out"),)


def test_a_parameter_whose_value_is_the_id_of_an_input_is_shown_once() -> None:
    around = [node("p", Label.PARAMETER, name="obs", value="7"), node("i", Label.ENTITY, name="7")]
    relations = [
        Relation("c", Kind.WAS_CONFIGURED_BY, JOB, NodeId("urn:t#p")),
        Relation("u", Kind.USED, JOB, NodeId("urn:t#i"), "obs"),
    ]
    job = job_of(job_node(), NAMESPACE, around={one.id: one for one in around}, relations=relations)
    assert [one.entity for one in job.parameters] == [None]
    assert [one.name for one in job.inputs] == ["obs"]


def test_an_input_goes_by_its_written_name_else_by_its_role() -> None:
    plain = Relation("u", Kind.USED, JOB, JOB, "role")
    assert input_name(plain) == "role"
    assert input_name(plain._replace(attributes=(Attribute("x", "y"), Attribute(INPUT_NAME, "name")))) == "name"
    assert input_name(plain._replace(role=None)) == ""


def test_the_main_result_is_the_named_one_else_the_first() -> None:
    results = [JobResult(name=name, entity=NodeId(name)) for name in "ab"]
    assert main_result(results, "b").name == "b"
    assert main_result(results, "c").name == "a"


def test_a_reference_needs_no_neighbours() -> None:
    found = reference_of(job_node(run_id="r"), NAMESPACE)
    assert (found.id, found.service, found.phase, found.owner, found.run_id, found.created_at) == (
        "j1",
        "s",
        Phase.ERROR,
        "a1",
        "r",
        NOON,
    )
