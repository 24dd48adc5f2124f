from datetime import timedelta

import pytest

from provstore.accounts.callers import EVERY_SERVICE, Grant, Role
from provstore.accounts.people import Accounts
from provstore.accounts.persons import Among, parse_grant
from provstore.errors import Conflict, Invalid, NotFound

CURATOR = Grant(Role.CURATOR, "stack")
AUTHOR = Grant(Role.AUTHOR, EVERY_SERVICE)


@pytest.fixture
def curie(accounts: Accounts) -> str:
    accounts.make("curie")
    return "curie"


def test_a_role_is_given_once_and_one_of_several_can_be_taken(accounts: Accounts, curie: str) -> None:
    for grant in (CURATOR, AUTHOR, CURATOR):
        accounts.grant(curie, grant)
    assert accounts.person(curie).grants == {CURATOR, AUTHOR}
    accounts.ungrant(curie, CURATOR)
    assert accounts.person(curie).grants == {AUTHOR}


def test_a_role_that_is_not_there_can_not_be_taken(accounts: Accounts, curie: str) -> None:
    with pytest.raises(NotFound, match="curie does not have the role curator:stack"):
        accounts.ungrant(curie, CURATOR)


def test_the_role_of_another_service_stays(accounts: Accounts, curie: str) -> None:
    other = Grant(Role.CURATOR, "sleep")
    accounts.grant(curie, CURATOR)
    accounts.grant(curie, other)
    accounts.ungrant(curie, CURATOR)
    assert accounts.person(curie).grants == {other}


def test_a_role_that_a_provider_gave_too_is_taken_as_a_whole(accounts: Accounts, curie: str) -> None:
    accounts.grant(curie, CURATOR)
    with accounts.database.writing() as connection:
        connection.execute(
            "INSERT INTO granted VALUES (?, 'curator', 'stack', 'somewhere')", (accounts.agent_of(curie),)
        )
    accounts.ungrant(curie, CURATOR)
    assert accounts.person(curie).grants == frozenset()


def test_a_provider_can_make_an_administrator_who_is_so_until_it_is_taken(accounts: Accounts, curie: str) -> None:
    with accounts.database.writing() as connection:
        connection.execute("INSERT INTO granted VALUES (?, 'admin', '*', 'somewhere')", (accounts.agent_of(curie),))
    person = accounts.person(curie)
    assert (person.admin, person.grants, person.caller().admin) == (True, frozenset(), True)
    accounts.set_admin(curie, admin=False)
    assert not accounts.person(curie).admin


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("curator:stack", CURATOR),
        ("author:*", AUTHOR),
        ("run:a-b_c.d", Grant(Role.RUN, "a-b_c.d")),
    ],
)
def test_roles_are_written_with_a_colon(text: str, grant: Grant) -> None:
    assert parse_grant(text) == grant


@pytest.mark.parametrize("text", ["", "curator", "curator:", "admin:*", "Curator:stack", "curator:a b", "curator:a:b"])
def test_other_words_are_no_roles(text: str) -> None:
    with pytest.raises(Invalid, match=r"curator\|author\|run, a colon and a service or \* are needed"):
        parse_grant(text)


def test_the_last_administrator_can_neither_go_nor_stop_being_one(accounts: Accounts, curie: str) -> None:
    with pytest.raises(Conflict, match="admin is the last administrator"):
        accounts.set_active("admin", active=False)
    with pytest.raises(Conflict, match="admin is the last administrator"):
        accounts.set_admin("admin", admin=False)
    assert accounts.administrator().name == "admin"
    accounts.set_admin(curie, admin=True)
    accounts.set_active("admin", active=False)
    assert accounts.administrator().name == "curie"


@pytest.mark.parametrize(
    "name", ["", "Public", "anonymous", "a b", "a:b", "a/b", "é", "x" * 65, "-a", ".a", "a\n", '"']
)
def test_a_name_that_would_need_escapes_or_means_others_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(Invalid, match=r"1 to 64 letters, digits|stands for"):
        accounts.make(name)


def test_names_of_all_kinds_stand_on_their_own(accounts: Accounts) -> None:
    for name in ("test_", "m.curie@example.org", "a+b", "_", "7"):
        accounts.make(name)
    assert accounts.agent_of("test_") != accounts.agent_of("_")


def test_people_come_in_pages(accounts: Accounts) -> None:
    for number in range(5):
        accounts.make(f"p{number}")
    first = accounts.persons(most=3)
    assert [one.name for one in first] == ["admin", "p0", "p1"]
    assert [one.name for one in accounts.persons(after="p1")] == ["p2", "p3", "p4"]


def test_people_of_a_kind_are_listed_and_counted(accounts: Accounts, curie: str) -> None:
    for name in ("boss", "gone", "vera"):
        accounts.make(name, admin=name == "boss")
    accounts.grant("vera", AUTHOR)
    accounts.set_active("gone", active=False)
    accounts.sessions.begin(accounts.agent_of("vera"), duration=timedelta(days=1))
    found = {these: [one.name for one in accounts.persons(these=these)] for these in Among}
    assert found[Among.ADMINISTRATORS] == ["admin", "boss"]
    assert found[Among.WITH_ROLES] == ["vera"]
    assert found[Among.DEACTIVATED] == ["gone"]
    assert "vera" not in found[Among.NEVER_SEEN]
    assert set(found[Among.NEVER_SEEN]) >= {"boss", "gone"}
    assert {these: accounts.count(these=these) for these in Among} == {these: len(found[these]) for these in Among}
    assert (accounts.count(part="O"), accounts.count(part="o", these=Among.ADMINISTRATORS)) == (2, 1)


def test_an_unknown_account_is_told_as_such(accounts: Accounts) -> None:
    for change in (
        lambda: accounts.person("nobody"),
        lambda: accounts.grant("nobody", CURATOR),
        lambda: accounts.set_active("nobody", active=False),
    ):
        with pytest.raises(NotFound, match="there is no account 'nobody'"):
            change()
    assert accounts.agent_of("nobody") == ""


def test_who_is_behind_a_name_is_known_also_of_people_of_another_process(accounts: Accounts, curie: str) -> None:
    agent = accounts.agent_of(curie)
    assert accounts.name_of(agent) == curie
