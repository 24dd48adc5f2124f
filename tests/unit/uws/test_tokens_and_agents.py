from datetime import UTC, datetime, timedelta

import pytest

from provstore import __version__
from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import Forbidden, Unauthenticated
from provstore.graph.model import PUBLIC, Kind, Node, Relation
from provstore.graph.store import Upsert
from provstore.uws import agents
from provstore.uws.tokens import JobTokens

NAMESPACE = "urn:t#"


def test_a_token_is_that_of_its_job_and_of_its_server() -> None:
    tokens = JobTokens(b"s" * 32)
    tokens.check("j1", tokens.token("j1"))
    assert tokens.token("j1") == JobTokens(b"s" * 32).token("j1")
    assert len({tokens.token("j1"), tokens.token("j2"), JobTokens(b"t" * 32).token("j1")}) == 3


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é", "\ud7ff"])
def test_a_wrong_token_is_refused_without_a_hint(token: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        JobTokens(b"s" * 32).check("j1", token)
    assert (caught.value.message, caught.value.value) == ("the token is not that of a job known here", None)


def items(changes: tuple[object, ...]) -> list[Node | Relation]:
    assert all(isinstance(change, Upsert) for change in changes)
    return [change.item for change in changes if isinstance(change, Upsert)]


def test_this_program_is_an_agent_with_its_version() -> None:
    (node,) = items(agents.provstore(NAMESPACE))
    assert isinstance(node, Node)
    assert node.id == NAMESPACE + agents.PROVSTORE_AGENT
    assert node.properties == {"name": "provstore", "type": "SoftwareAgent", "version": __version__}
    assert node.readers == {PUBLIC}


def test_software_is_the_same_agent_everywhere_and_another_in_another_version() -> None:
    one, same, other = (agents.software(NAMESPACE, "swarp", version) for version in ("2.41", "2.41", "2.42"))
    assert one == same
    assert one.id != other.id
    assert "version" not in agents.software(NAMESPACE, "swarp", "").properties


def test_an_organization_is_there_only_where_one_is_set() -> None:
    assert agents.organization(NAMESPACE, name="", url="http://x") == ()
    node, relation = items(agents.organization(NAMESPACE, name="Observatory", url=""))
    assert isinstance(node, Node)
    assert node.properties == {"name": "Observatory", "type": "Organization"}
    assert isinstance(relation, Relation)
    assert relation[1:4] == (Kind.ACTED_ON_BEHALF_OF, f"{NAMESPACE}{agents.PROVSTORE_AGENT}", node.id)
    node, _ = items(agents.organization(NAMESPACE, name="Observatory", url="https://o"))
    assert isinstance(node, Node)
    assert node.properties["url"] == "https://o"


def test_a_person_acts_on_behalf_of_the_organization_where_there_is_one() -> None:
    (alone,) = items(agents.person(NAMESPACE, "a1", name="user 1", employed=False))
    node, relation = items(agents.person(NAMESPACE, "a1", name="user 1", employed=True))
    assert alone == node
    assert isinstance(relation, Relation)
    assert (relation.kind, relation.source) == (Kind.ACTED_ON_BEHALF_OF, "urn:t#a1")
    organization, _ = items(agents.organization(NAMESPACE, name="O", url=""))
    assert isinstance(organization, Node)
    assert relation.target == organization.id


def test_a_person_goes_by_a_pseudonym_that_does_not_tell_the_account() -> None:
    curie = Caller(agent="a0123456789abcdef", name="curie")
    assert agents.pseudonym(curie) == "user 89abcdef"
    assert agents.pseudonym(Caller(agent="a1", name="root", admin=True)) == "administrator"
    assert agents.pseudonym(ANONYMOUS) == "anonymous"


def test_a_ticket_is_worth_something_for_its_file_until_its_time() -> None:
    tokens, until_at = JobTokens(b"s" * 32), datetime(2026, 3, 1, tzinfo=UTC)
    ticket = tokens.ticket("e1", until_at=until_at)
    before = until_at - timedelta(seconds=1)
    tokens.check_ticket("e1", ticket, at=before)
    for node, given, at in (
        ("e2", ticket, before),
        ("e1", ticket, until_at),
        ("e1", f"9{ticket}", before),
        ("e1", tokens.token("e1"), before),
        ("e1", "\N{SUPERSCRIPT TWO}.é", before),
    ):
        with pytest.raises(Forbidden):
            tokens.check_ticket(node, given, at=at)
