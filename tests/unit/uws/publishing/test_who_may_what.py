"""Who may take which step of the workflow: everybody, at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from provstore.errors import Forbidden, NotFound, ProvstoreError, Unauthenticated
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from provstore.uws.publishing.publication import Publication
from tests.publishing_bench import ADMIN, FIRST, PEOPLE, SECOND, THIRD, open_publication

Step = Callable[[Publication, str, str], object]
"""Takes a step with the workflow, who calls, and a proposal of the administrator's."""

STEPS: Final[dict[str, Step]] = {
    "propose": lambda workflow, who, _: workflow.propose(PEOPLE[who], THIRD),
    "propose a new service": lambda workflow, who, _: workflow.propose(PEOPLE[who], THIRD),
    "look at": lambda workflow, who, proposal: workflow.proposal(PEOPLE[who], proposal),
    "accept": lambda workflow, who, proposal: workflow.accept(PEOPLE[who], proposal),
    "reject": lambda workflow, who, proposal: workflow.reject(PEOPLE[who], proposal, message="no"),
    "retract": lambda workflow, who, proposal: workflow.retract(PEOPLE[who], proposal),
    "restore": lambda workflow, who, _: workflow.restore(PEOPLE[who], "stack@1"),
    "withdraw": lambda workflow, who, _: workflow.withdraw(PEOPLE[who], "stack"),
}
AUTHORS: Final = {"author", "author of all", "curator", "curator of all", "administrator"}
CURATORS: Final = {"curator", "curator of all", "administrator"}
ALLOWED: Final = {
    "propose": AUTHORS,
    "propose a new service": AUTHORS,
    "look at": CURATORS,
    "accept": CURATORS,
    "reject": CURATORS,
    "retract": {"administrator"},
    "restore": CURATORS,
    "withdraw": CURATORS,
}
UNKNOWN: Final = {"anonymous", "visitor"}
ABOUT_A_PROPOSAL: Final = {"look at", "accept", "reject", "retract"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite")
    yield opened
    opened.close()


def refusal(step: str, who: str) -> type[ProvstoreError] | None:
    """Give the error with which a step is refused; who can't see a proposal does not learn that there is one."""
    if who in ALLOWED[step]:
        return None
    if step in ABOUT_A_PROPOSAL:
        return Forbidden if who in CURATORS else NotFound
    return Unauthenticated if who in UNKNOWN else Forbidden


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_open_to_those_who_have_the_role_and_leaves_no_trace_of_others(
    store: GraphStore, tmp_path: Path, step: str, who: str
) -> None:
    workflow = open_publication(store, tmp_path)
    proposal = workflow.propose(ADMIN, FIRST)
    if step not in {"propose a new service", *ABOUT_A_PROPOSAL}:
        workflow.publish_file(FIRST)
        workflow.publish_file(SECOND)
    before = {node.id: node for node in store.scan().nodes()}
    expected = refusal(step, who)
    if expected is None:
        STEPS[step](workflow, who, proposal.id)
        return
    with pytest.raises(expected) as caught:
        STEPS[step](workflow, who, proposal.id)
    assert type(caught.value) is expected
    assert {node.id: node for node in store.scan().nodes()} == before


@pytest.mark.parametrize("step", ["accept", "reject"])
def test_an_author_who_sees_his_proposal_may_not_decide_on_it(store: GraphStore, tmp_path: Path, step: str) -> None:
    workflow = open_publication(store, tmp_path)
    proposal = workflow.propose(PEOPLE["author"], FIRST)
    with pytest.raises(Forbidden, match="takes the role curator:stack"):
        STEPS[step](workflow, "author", proposal.id)
    assert workflow.catalog.services() == ()


@pytest.mark.parametrize("local", ["", "none", "d0", "../d0", "a-author", "urn:x#d1"])
def test_an_id_of_something_else_is_no_proposal(store: GraphStore, tmp_path: Path, local: str) -> None:
    workflow = open_publication(store, tmp_path)
    workflow.propose(PEOPLE["author"], FIRST)
    with pytest.raises(NotFound, match="no proposal"):
        workflow.proposal(ADMIN, local)


def test_a_revision_is_no_proposal(store: GraphStore, tmp_path: Path) -> None:
    workflow = open_publication(store, tmp_path)
    made = workflow.publish_file(FIRST)
    assert made is not None
    with pytest.raises(NotFound, match="no proposal"):
        workflow.accept(ADMIN, made.node.removeprefix(store.namespace))
