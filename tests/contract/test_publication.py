"""The workflow of descriptions, over every store: what each step leaves in the graph, and who sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provstore.accounts.callers import Caller
from provstore.errors import Conflict, Forbidden, Invalid, NotFound, WrongDescription
from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import TO_CAUSES, Step
from provstore.graph.store import Condition, Find, GraphStore, Update, Walk
from provstore.uws.catalog import Catalog
from provstore.uws.publishing.conditions import LONGEST_MESSAGE
from provstore.uws.publishing.proposals import State
from provstore.uws.publishing.publication import Publication
from provstore.uws.publishing.revisions import REVISION, Revision
from tests.publishing_bench import ADMIN, AUTHOR, CURATOR, FIRST, PEOPLE, SECOND, THIRD, open_publication

HOSTILE = "\"; DROP TABLE node; --\n$(rm -rf ~) `id` <script>alert('x')</script> ]]> &amp; \t\x01 {{ 7*7 }} %s \u202e 🜨"
"""A message that breaks whatever does not quote."""


@pytest.fixture
def publication(store: GraphStore, tmp_path: Path) -> Publication:
    return open_publication(store, tmp_path)


def accepted(publication: Publication, *descriptions: object) -> list[Revision]:
    """Propose and accept one after the other."""
    return [
        publication.accept(CURATOR, publication.propose(AUTHOR, one).id)  # type: ignore[arg-type]  # Descriptions
        for one in descriptions
    ]


def one(store: GraphStore, node: NodeId, viewer: Viewer = EVERYBODY) -> Node:
    (found,) = store.get([node], viewer)
    return found


def edges(store: GraphStore, start: NodeId, kind: Kind, *, backwards: bool = False) -> tuple[Relation, ...]:
    return store.walk(Walk(starts=(start,), steps=(Step(kind, backwards=backwards),), depth=1)).edges


def deed_of(store: GraphStore, node: NodeId) -> Node:
    """Give the activity that made a proposal or a revision."""
    (made,) = edges(store, node, Kind.WAS_GENERATED_BY)
    return one(store, made.target)


def attributed(store: GraphStore, node: NodeId) -> dict[str | None, str]:
    namespace = store.namespace
    return {edge.role: edge.target.removeprefix(namespace) for edge in edges(store, node, Kind.WAS_ATTRIBUTED_TO)}


def associated(store: GraphStore, deed: Node) -> list[tuple[str, str | None]]:
    found = edges(store, deed.id, Kind.WAS_ASSOCIATED_WITH)
    return [(edge.target.removeprefix(store.namespace), edge.role) for edge in found]


def test_what_is_proposed_is_not_live_until_it_is_accepted(publication: Publication, store: GraphStore) -> None:
    proposal = publication.propose(AUTHOR, FIRST, message="please")
    for catalog in (publication.catalog, Catalog(store)):
        catalog.refresh()
        assert catalog.services() == ()
        with pytest.raises(NotFound):
            catalog.offered("stack")
        with pytest.raises(NotFound):
            catalog.revision("stack@1")
    revision = publication.accept(CURATOR, proposal.id, message="fine")
    for catalog in (publication.catalog, Catalog(store)):
        assert catalog.offered("stack") == revision == catalog.revision("stack@1")


def test_the_graph_tells_who_proposed_and_who_accepted_and_when(publication: Publication, store: GraphStore) -> None:
    proposal = publication.propose(AUTHOR, FIRST, message="please")
    revision = publication.accept(CURATOR, proposal.id, message="fine")
    acceptance = deed_of(store, revision.node)
    assert (acceptance.properties["name"], acceptance.properties["comment"]) == ("acceptance", "fine")
    assert acceptance.properties["started_at"] == acceptance.properties["ended_at"] == revision.created_at
    assert associated(store, acceptance) == [(CURATOR.agent, "Validator")]
    (use,) = edges(store, acceptance.id, Kind.USED)
    assert (use.target, use.role) == (proposal.node, "proposal")
    proposing = deed_of(store, proposal.node)
    assert (proposing.properties["name"], proposing.properties["comment"]) == ("proposal", "please")
    assert associated(store, proposing) == [(AUTHOR.agent, "Author")]
    roles = attributed(store, revision.node)
    assert (roles.pop("Author"), roles.pop("Validator")) == (AUTHOR.agent, CURATOR.agent)
    assert list(roles) == ["contact"]
    assert attributed(store, proposal.node) == {"Author": AUTHOR.agent}
    kept = publication.proposal(AUTHOR, proposal.id)
    assert (kept.state, kept.decided_by, kept.decision) == (State.ACCEPTED, CURATOR.agent, "fine")
    assert (kept.decided_at, kept.published_as) == (revision.created_at, "stack@1")


def test_who_accepts_his_own_proposal_is_named_once(publication: Publication, store: GraphStore) -> None:
    revision = publication.accept(CURATOR, publication.propose(CURATOR, FIRST).id)
    assert {key: who for key, who in attributed(store, revision.node).items() if key != "contact"} == {
        "Author": CURATOR.agent
    }


def test_an_accepted_change_is_a_revision_of_the_one_before(publication: Publication, store: GraphStore) -> None:
    first, second = accepted(publication, FIRST, SECOND)
    assert (first.name, second.name) == ("stack@1", "stack@2")
    (edge,) = edges(store, second.node, Kind.WAS_DERIVED_FROM)
    assert (edge.target, edge.attributes) == (first.node, (REVISION,))
    assert [one.name for one in publication.catalog.history("stack")] == ["stack@2", "stack@1"]
    assert publication.catalog.revision("stack@1").description == FIRST


def test_a_proposal_and_its_deed_are_seen_by_author_and_curators_alone(
    publication: Publication, store: GraphStore
) -> None:
    proposal = publication.propose(AUTHOR, FIRST, message="secret")
    deed = deed_of(store, proposal.node)
    insiders = {"author", "curator", "curator of all", "administrator"}
    for who, caller in PEOPLE.items():
        seen = store.get([proposal.node, deed.id], caller.viewer)
        question = Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION))
        found = store.find(question, caller.viewer).items
        whole = {node.id for node in store.scan(caller.viewer).nodes()}
        agent = NodeId(store.namespace + AUTHOR.agent)
        steps = (
            Step(Kind.WAS_ATTRIBUTED_TO, backwards=True),
            Step(Kind.WAS_ASSOCIATED_WITH, backwards=True),
        )
        walked = {one.node.id for one in store.walk(Walk(starts=(agent,), steps=steps), caller.viewer).reached}
        hits = {node.id for node in seen}
        expected = {proposal.node, deed.id} if who in insiders else set()
        assert (who, hits) == (who, expected)
        assert (who, {node.id for node in found}) == (who, expected - {deed.id})
        assert (who, whole & {proposal.node, deed.id}) == (who, expected)
        assert (who, walked & {proposal.node, deed.id}) == (who, expected)
        assert [one.id for one in publication.proposals(caller).items] == ([proposal.id] if who in insiders else [])
        assert publication.open_by_service(caller) == ({"stack": 1} if who in insiders else {})


def test_strangers_see_that_something_was_accepted_but_not_the_proposal(
    publication: Publication, store: GraphStore
) -> None:
    proposal = publication.propose(AUTHOR, FIRST)
    revision = publication.accept(CURATOR, proposal.id)
    answer = store.walk(Walk(starts=(revision.node,), steps=TO_CAUSES), Viewer())
    assert {one.node.properties.get("name") for one in answer.reached} >= {"stack", "acceptance"}
    assert proposal.node not in {one.node.id for one in answer.reached}


def test_proposals_are_listed_page_by_page_and_only_those_that_one_sees(publication: Publication) -> None:
    made = [publication.propose(AUTHOR, replace(FIRST, version=str(number))) for number in range(3)]
    other = publication.propose(ADMIN, replace(FIRST, name="copy"))
    page = publication.proposals(AUTHOR, limit=2)
    assert [one.id for one in page.items] == [made[2].id, made[1].id]
    publication.propose(AUTHOR, replace(FIRST, version="added in between"))
    last = publication.proposals(AUTHOR, limit=2, after=page.next)
    assert ([one.id for one in last.items], last.next) == ([made[0].id], None)
    first = publication.proposals(ADMIN, limit=2)
    assert other.id in [one.id for one in first.items]
    with pytest.raises(Invalid, match="next='nonsense': the key that came with the page before is needed"):
        publication.proposals(ADMIN, after="nonsense")


def test_proposals_are_listed_by_service_and_state_the_newest_first(publication: Publication) -> None:
    one, two = publication.propose(AUTHOR, FIRST), publication.propose(AUTHOR, SECOND)
    other = publication.propose(ADMIN, replace(FIRST, name="copy"))
    publication.reject(CURATOR, one.id, message="no")
    assert [each.id for each in publication.proposals(ADMIN).items] == [other.id, two.id]
    assert [each.id for each in publication.proposals(ADMIN, service="stack").items] == [two.id]
    assert [each.id for each in publication.proposals(AUTHOR, states=frozenset(State)).items] == [two.id, one.id]
    rejected = publication.proposals(AUTHOR, states=frozenset({State.REJECTED})).items
    assert [(each.id, each.decision) for each in rejected] == [(one.id, "no")]


def test_a_rejection_tells_why_and_leaves_nothing_live(publication: Publication, store: GraphStore) -> None:
    proposal = publication.propose(AUTHOR, FIRST)
    for empty in ("", " \n"):
        with pytest.raises(Invalid, match="needs a message"):
            publication.reject(CURATOR, proposal.id, message=empty)
    rejected = publication.reject(CURATOR, proposal.id, message="the unit is wrong")
    assert (rejected.state, rejected.decision, rejected.published_as) == (State.REJECTED, "the unit is wrong", "")
    (use,) = edges(store, proposal.node, Kind.USED, backwards=True)
    rejection = one(store, use.source)
    assert rejection.properties["name"] == "rejection"
    assert associated(store, rejection) == [(CURATOR.agent, "Validator")]
    assert store.get([rejection.id], PEOPLE["user"].viewer) == ()
    assert len(store.get([rejection.id], AUTHOR.viewer)) == 1
    assert Catalog(store).services() == ()


def test_a_proposal_is_taken_back_by_its_author_only(publication: Publication) -> None:
    proposal = publication.propose(AUTHOR, FIRST)
    for other in (CURATOR, ADMIN):
        with pytest.raises(Forbidden, match="is not yours"):
            publication.retract(other, proposal.id)
    with pytest.raises(NotFound):
        publication.retract(PEOPLE["user"], proposal.id)
    assert publication.retract(AUTHOR, proposal.id).state is State.RETRACTED
    with pytest.raises(Conflict, match="was retracted on 2026-03-01"):
        publication.accept(CURATOR, proposal.id)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.RETRACTED])
def test_what_was_decided_on_is_not_decided_on_again(publication: Publication, state: State) -> None:
    proposal = publication.propose(AUTHOR, FIRST)
    if state is State.ACCEPTED:
        publication.accept(CURATOR, proposal.id)
    elif state is State.REJECTED:
        publication.reject(CURATOR, proposal.id, message="no")
    else:
        publication.retract(AUTHOR, proposal.id)
    with pytest.raises(Conflict, match=f"was {state} on"):
        publication.accept(CURATOR, proposal.id)
    with pytest.raises(Conflict, match=f"was {state} on"):
        publication.reject(CURATOR, proposal.id, message="no")
    with pytest.raises(Conflict, match=f"was {state} on"):
        publication.retract(AUTHOR, proposal.id)
    assert publication.proposal(AUTHOR, proposal.id).state is state


def test_of_two_proposals_the_second_must_be_compared_with_the_first(publication: Publication) -> None:
    one, two = publication.propose(AUTHOR, FIRST), publication.propose(AUTHOR, SECOND)
    publication.accept(CURATOR, one.id)
    with pytest.raises(Conflict, match="stack@1 is the newest now, the proposal was compared with nothing"):
        publication.accept(CURATOR, two.id)
    with pytest.raises(Conflict, match="compared with stack@7"):
        publication.accept(CURATOR, two.id, against="stack@7")
    assert publication.accept(CURATOR, two.id, against="stack@1").name == "stack@2"


def test_the_same_content_twice_is_no_second_revision(publication: Publication) -> None:
    one, two = publication.propose(AUTHOR, FIRST), publication.propose(AUTHOR, FIRST)
    publication.accept(CURATOR, one.id)
    with pytest.raises(Conflict, match="nothing is different from stack@1"):
        publication.accept(CURATOR, two.id, against="stack@1")
    with pytest.raises(Conflict, match="nothing is different from stack@1"):
        publication.propose(AUTHOR, FIRST)
    assert len(publication.catalog.history("stack")) == 1


def test_an_older_revision_is_restored_as_a_new_one(publication: Publication, store: GraphStore) -> None:
    accepted(publication, FIRST, SECOND)
    restored = publication.restore(CURATOR, "stack@1")
    assert (restored.name, restored.description, restored.message) == ("stack@3", FIRST, "restored from stack@1")
    assert (restored.author, restored.validator) == (AUTHOR.agent, CURATOR.agent)
    deed = deed_of(store, restored.node)
    assert deed.properties["name"] == "restoration"
    assert associated(store, deed) == [(CURATOR.agent, "Validator")]
    with pytest.raises(Conflict, match="stack@3 is live, and says what stack@1 says"):
        publication.restore(CURATOR, "stack@1")
    for unknown in ("stack@9", "stack@", "stack@x"):
        with pytest.raises(NotFound):
            publication.restore(CURATOR, unknown)


def test_of_a_withdrawn_service_no_jobs_are_made_but_all_else_stays(
    publication: Publication, store: GraphStore
) -> None:
    (first,) = accepted(publication, FIRST)
    withdrawn = publication.withdraw(CURATOR, "stack", message="broken")
    assert (withdrawn.withdrawn_by, withdrawn.withdrawal) == (CURATOR.agent, "broken")
    for catalog in (publication.catalog, Catalog(store)):
        assert catalog.services() == ()
        assert catalog.newest("stack") == withdrawn == catalog.revision("stack@1")
        with pytest.raises(Forbidden, match=r"withdrawn on 2026-03-01 \(broken\)"):
            catalog.offered("stack")
    (edge,) = edges(store, first.node, Kind.WAS_INVALIDATED_BY)
    assert (edge.time, one(store, edge.target).properties["name"]) == (withdrawn.withdrawn_at, "withdrawal")
    with pytest.raises(Conflict, match="is withdrawn already, since 2026-03-01"):
        publication.withdraw(CURATOR, "stack")


@pytest.mark.parametrize("way", ["restore", "restore by service", "propose the same", "propose another"])
def test_a_withdrawn_service_comes_back_as_a_new_revision(
    publication: Publication, store: GraphStore, way: str
) -> None:
    accepted(publication, FIRST)
    publication.withdraw(CURATOR, "stack")
    if way.startswith("restore"):
        back = publication.restore(CURATOR, "stack@1" if way == "restore" else "stack")
    else:
        back = accepted(publication, FIRST if way == "propose the same" else SECOND)[0]
    assert (back.name, back.withdrawn_at) == ("stack@2", None)
    assert Catalog(store).offered("stack") == back == publication.catalog.offered("stack")
    assert Catalog(store).revision("stack@1").withdrawn_at is not None


@pytest.mark.parametrize("caller", [AUTHOR, ADMIN], ids=["author", "admin"])
def test_a_hostile_message_is_kept_to_the_letter(publication: Publication, caller: Caller) -> None:
    proposal = publication.propose(caller, FIRST, message=HOSTILE)
    assert publication.proposal(caller, proposal.id).message == HOSTILE
    assert publication.reject(CURATOR, proposal.id, message=HOSTILE).decision == HOSTILE
    revision = publication.accept(ADMIN, publication.propose(caller, FIRST).id, message=HOSTILE)
    assert publication.catalog.look("stack") == revision
    assert publication.withdraw(ADMIN, "stack", message=HOSTILE).withdrawal == HOSTILE
    assert publication.catalog.look("stack") == publication.catalog.newest("stack")


@pytest.mark.parametrize("message", ["x" * (LONGEST_MESSAGE + 1), "a\0b", "\ud800"])
def test_a_message_that_cannot_be_kept_is_refused_and_nothing_is_written(
    publication: Publication, store: GraphStore, message: str
) -> None:
    proposal = publication.propose(AUTHOR, FIRST)
    before = {node.id for node in store.scan().nodes()}
    with pytest.raises(Invalid):
        publication.propose(AUTHOR, SECOND, message=message)
    with pytest.raises(Invalid):
        publication.accept(CURATOR, proposal.id, message=message)
    with pytest.raises(Invalid):
        publication.reject(CURATOR, proposal.id, message=message)
    assert {node.id for node in store.scan().nodes()} == before
    assert publication.proposal(AUTHOR, proposal.id).state is State.PROPOSED


def test_all_that_is_wrong_with_a_definition_is_told_at_once(publication: Publication, store: GraphStore) -> None:
    wrong = replace(FIRST, script="", parameters=(replace(FIRST.parameters[0], default="-1"),), files=(("x", "00"),))
    with pytest.raises(WrongDescription) as caught:
        publication.propose(AUTHOR, wrong)
    places = {place for level, place, _ in caught.value.problems if level == "error"}
    assert places >= {"script", "parameters.threshold.default", "files.x"}
    assert publication.proposals(ADMIN).items == ()


def test_a_revision_read_back_says_all_that_was_proposed_in_its_order(
    publication: Publication, store: GraphStore
) -> None:
    told = replace(FIRST, controls=(("slurm_time", "10"), ("slurm_mem", "1G")), keywords=("z", "a"))
    (revision,) = accepted(publication, told)
    assert Catalog(store).newest("stack") == revision
    assert revision.description == told


@pytest.mark.parametrize("definition", [None, "", "{", "[]", '{"name": "stack", "nonsense": 1}', "[" * 100_000])
def test_a_description_broken_by_hand_is_refused_at_start_but_stops_nobody_who_runs(
    publication: Publication, store: GraphStore, definition: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    (first,) = accepted(publication, FIRST)
    running = Catalog(store)
    (second,) = accepted(publication, SECOND)
    accepted_copy = publication.accept(ADMIN, publication.propose(ADMIN, replace(THIRD, name="copy")).id)
    store.write([Update(node=second.node, expected={}, put={"definition": definition})])
    with pytest.raises(Invalid, match="the graph was changed by hand"):
        Catalog(store)
    for _ in range(3):
        running.refresh()
    assert running.offered("stack") == first
    assert running.offered("copy") == accepted_copy
    assert len([one for one in caplog.records if "changed by hand" in one.getMessage()]) == 1
