"""References of jobs, over every store: read once, and yet with the present phase."""

from __future__ import annotations

from datetime import timedelta

from provstore.graph.model import Label, Node
from provstore.graph.store import Condition, Find, GraphStore, Order, Update
from provstore.uws.jobs import JobId, JobReference
from provstore.uws.phases import Phase
from provstore.uws.references import References
from tests.contract.graph_builders import NAMESPACE, add, at, job, nid


def listed(store: GraphStore) -> tuple[Node, ...]:
    question = Find(condition=Condition(label=Label.JOB), order=Order("created_at"), fields=("phase",))
    return store.find(question).items


def made(store: GraphStore, *locals_: str) -> None:
    for minutes, local in enumerate(locals_):
        add(store, job(local, created_at=at(minutes), service="sleep", phase="PENDING", owner="a1"))


def ids(references: tuple[JobReference, ...]) -> list[str]:
    return [one.id.removeprefix(NAMESPACE) for one in references]


def test_a_reference_has_the_phase_that_was_found_and_all_else_of_the_job(store: GraphStore) -> None:
    made(store, "j1")
    references = References(store)
    [before] = references.of(listed(store))
    store.write([Update(node=nid("j1"), expected={}, put={"phase": "QUEUED"})])
    [after] = references.of(listed(store))
    assert before == JobReference(JobId(nid("j1")), "sleep", Phase.PENDING, "a1", "", at(0))
    assert after == before._replace(phase=Phase.QUEUED)


def test_a_job_that_went_after_it_was_found_is_left_out(store: GraphStore) -> None:
    made(store, "j1", "j2")
    found = listed(store)
    store.delete([nid("j1")])
    assert ids(References(store).of(found)) == ["j2"]


def test_more_jobs_than_are_kept_are_listed_all_the_same(store: GraphStore) -> None:
    made(store, *(f"j{number}" for number in range(5)))
    references = References(store, most=2)
    found = listed(store)
    assert ids(references.of(found)) == [f"j{number}" for number in range(5)]
    assert ids(references.of(found[3:])) == ["j3", "j4"]
    assert references.of(found[:1])[0].created_at + timedelta(minutes=4) == references.of(found)[4].created_at
