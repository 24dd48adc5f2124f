"""Several curators and processes at once, and processes that die: each step happens once, and whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import Conflict
from provstore.graph.model import NodeId
from provstore.graph.store import GraphStore
from provstore.uws.catalog import Catalog
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.proposals import State
from provstore.uws.publishing.publication import Publication
from tests.contract.conftest import OpenStore
from tests.publishing_bench import ADMIN, AUTHOR, CURATOR, FIRST, SECOND, THIRD, Meddled, open_publication

MANY = 6


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def meddled(store: GraphStore) -> Meddled:
    return Meddled(store)


@pytest.fixture
def mine(meddled: Meddled, tmp_path: Path) -> Publication:
    """The workflow as the process sees it that is disturbed."""
    return open_publication(meddled, tmp_path)


@pytest.fixture
def other(open_store: OpenStore, store: GraphStore, tmp_path: Path) -> Publication:
    """The same graph as another process sees it."""
    return open_publication(open_store(""), tmp_path)


def state_of(store: GraphStore) -> tuple[dict[NodeId, object], set[str]]:
    graph = store.scan()
    nodes: dict[NodeId, object] = {node.id: (node.properties, node.readers) for node in graph.nodes()}
    return nodes, {edge.key for edge in graph.relations()}


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Let so many threads act at the same moment; give what each returned, or its Conflict."""
    gate = threading.Barrier(count)

    def run(number: int) -> object:
        gate.wait()
        try:
            return act(number)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def numbered(number: int) -> Description:
    return replace(FIRST, script=f"cat image > s.fits # {number}\n")


def test_a_proposal_that_many_accept_at_once_becomes_one_revision(
    open_store: OpenStore, store: GraphStore, tmp_path: Path
) -> None:
    processes = [open_publication(open_store(""), tmp_path) for _ in range(MANY)]
    proposal = processes[0].propose(AUTHOR, FIRST)
    results = at_once(MANY, lambda number: processes[number].accept(CURATOR, proposal.id))
    assert [isinstance(one, Conflict) for one in results].count(False) == 1
    assert [one.name for one in Catalog(store).history("stack")] == ["stack@1"]


def test_proposals_accepted_at_once_get_one_number_each_and_leave_none_out(
    open_store: OpenStore, store: GraphStore, tmp_path: Path
) -> None:
    processes = [open_publication(open_store(""), tmp_path) for _ in range(MANY)]
    proposals = [processes[0].propose(AUTHOR, numbered(number)) for number in range(MANY)]

    def accept(number: int) -> str:
        """As a curator does who looks again after each conflict."""
        publication = processes[number]
        while True:
            newest = publication.catalog.look("stack")
            try:
                return publication.accept(CURATOR, proposals[number].id, against=newest.name if newest else "").name
            except Conflict:
                continue

    names = at_once(MANY, accept)
    assert sorted(map(str, names)) == [f"stack@{number}" for number in range(1, MANY + 1)]
    history = Catalog(store).history("stack")
    assert [one.number for one in history] == list(range(MANY, 0, -1))
    assert {one.description.script for one in history} == {numbered(number).script for number in range(MANY)}
    told = {
        one.description.script: one.published_as for one in processes[0].proposals(ADMIN, states=frozenset(State)).items
    }
    assert told == {one.description.script: one.name for one in history}


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "different files"])
def test_processes_that_start_at_once_publish_each_content_once(
    open_store: OpenStore, store: GraphStore, tmp_path: Path, *, same: bool
) -> None:
    processes = [open_publication(open_store(""), tmp_path) for _ in range(MANY)]
    results = at_once(MANY, lambda number: processes[number].publish_file(FIRST if same else numbered(number)))
    history = Catalog(store).history("stack")
    assert not [one for one in results if isinstance(one, Conflict)]
    assert [one.number for one in history] == ([1] if same else list(range(MANY, 0, -1)))
    assert len({one.digest for one in history}) == len(history)


def test_what_another_process_accepts_meanwhile_is_not_undone_unseen(
    mine: Publication, other: Publication, meddled: Meddled
) -> None:
    one, two = mine.propose(AUTHOR, FIRST), mine.propose(AUTHOR, SECOND)
    meddled.before = lambda: other.accept(CURATOR, two.id)
    with pytest.raises(Conflict, match="was changed by somebody else just now: look again"):
        mine.accept(CURATOR, one.id)
    assert mine.proposal(AUTHOR, one.id).state is State.PROPOSED
    assert [each.description for each in other.catalog.history("stack")] == [SECOND]
    with pytest.raises(Conflict, match="stack@1 is the newest now"):
        mine.accept(CURATOR, one.id)


@pytest.mark.parametrize("first", ["accept", "reject", "retract"])
@pytest.mark.parametrize("second", ["accept", "reject", "retract"])
def test_of_two_decisions_at_once_the_first_counts(
    mine: Publication, other: Publication, meddled: Meddled, first: str, second: str
) -> None:
    proposal = mine.propose(AUTHOR, FIRST)
    deeds: dict[str, Callable[[Publication], object]] = {
        "accept": lambda publication: publication.accept(CURATOR, proposal.id),
        "reject": lambda publication: publication.reject(CURATOR, proposal.id, message="no"),
        "retract": lambda publication: publication.retract(AUTHOR, proposal.id),
    }
    meddled.before = lambda: deeds[first](other)
    with pytest.raises(Conflict, match="by somebody else just now"):
        deeds[second](mine)
    expected = {"accept": State.ACCEPTED, "reject": State.REJECTED, "retract": State.RETRACTED}[first]
    assert mine.proposal(AUTHOR, proposal.id).state is expected
    assert bool(Catalog(meddled).services()) is (first == "accept")


def test_a_service_revised_meanwhile_is_not_withdrawn_by_half(
    mine: Publication, other: Publication, meddled: Meddled
) -> None:
    mine.publish_file(FIRST)
    proposal = mine.propose(AUTHOR, SECOND)
    meddled.before = lambda: other.accept(CURATOR, proposal.id)
    with pytest.raises(Conflict, match="withdrawn or changed by somebody else"):
        mine.withdraw(CURATOR, "stack")
    assert Catalog(meddled).offered("stack").name == "stack@2"
    assert Catalog(meddled).revision("stack@1").withdrawn_at is None


@pytest.mark.parametrize("step", ["accept", "restore"])
def test_a_service_withdrawn_meanwhile_does_not_come_back_unseen(
    mine: Publication, other: Publication, meddled: Meddled, step: str
) -> None:
    mine.publish_file(FIRST)
    mine.publish_file(SECOND)
    proposal = mine.propose(AUTHOR, THIRD)
    steps: dict[str, Callable[[], object]] = {
        "accept": lambda: mine.accept(CURATOR, proposal.id),
        "restore": lambda: mine.restore(CURATOR, "stack@1"),
    }
    meddled.before = lambda: other.withdraw(CURATOR, "stack")
    with pytest.raises(Conflict):
        steps[step]()
    assert Catalog(meddled).services() == ()


STEPS: dict[str, Callable[[Publication, str], object]] = {
    "propose": lambda publication, _: publication.propose(AUTHOR, THIRD, files={"table.txt": b"1 2 3"}),
    "accept": lambda publication, proposal: publication.accept(CURATOR, proposal, message="fine"),
    "reject": lambda publication, proposal: publication.reject(CURATOR, proposal, message="no"),
    "retract": lambda publication, proposal: publication.retract(AUTHOR, proposal),
    "restore": lambda publication, _: publication.restore(CURATOR, "stack@1"),
    "withdraw": lambda publication, _: publication.withdraw(CURATOR, "stack"),
    "publish_file": lambda publication, _: publication.publish_file(THIRD),
}


def die() -> None:
    raise Killed


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_before_it_writes_a_step_has_done_nothing(
    mine: Publication, meddled: Meddled, tmp_path: Path, step: str
) -> None:
    proposal = prepared(mine)
    before, offered = state_of(meddled), mine.catalog.services()
    meddled.before = die
    with pytest.raises(Killed):
        STEPS[step](mine, proposal)
    assert state_of(meddled) == before
    assert mine.catalog.services() == offered
    STEPS[step](open_publication(meddled, tmp_path), proposal)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_one_batch_so_that_who_is_killed_after_it_has_done_all(
    mine: Publication, meddled: Meddled, tmp_path: Path, step: str
) -> None:
    proposal = prepared(mine)
    batches, meddled.after = meddled.batches, die
    with pytest.raises(Killed):
        STEPS[step](mine, proposal)
    assert meddled.batches == batches + 1
    fresh = open_publication(meddled, tmp_path)
    states = {one.description.script: one.state for one in fresh.proposals(ADMIN, states=frozenset(State)).items}
    expected = {
        "propose": (["stack@2"], {"mv image s.fits\n": State.PROPOSED}),
        "accept": (["stack@3"], {"tac image\n": State.ACCEPTED}),
        "reject": (["stack@2"], {"tac image\n": State.REJECTED}),
        "retract": (["stack@2"], {"tac image\n": State.RETRACTED}),
        "restore": (["stack@3"], {}),
        "withdraw": ([], {}),
        "publish_file": (["stack@3"], {}),
    }
    names, changed = expected[step]
    assert [one.name for one in fresh.catalog.services()] == names
    assert states == {"tac image\n": State.PROPOSED} | changed


def prepared(publication: Publication) -> str:
    """Publish two revisions and propose a third; give the proposal."""
    publication.publish_file(FIRST)
    publication.publish_file(SECOND)
    return publication.propose(AUTHOR, replace(FIRST, script="tac image\n")).id
