"""Who a provider's user is here: one account for each identity, never somebody else's, with the roles of its groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from provstore.accounts.callers import Grant, Role
from provstore.accounts.oidc_identities import Identities, Identity, name_of_claims, roles_of_groups
from provstore.accounts.people import Accounts
from provstore.errors import Invalid, NotFound, Unauthenticated

VERA: Final = Identity(issuer="https://login.example.org", subject="1234")
HENRI: Final = Identity(issuer="https://login.example.org", subject="5678")
NAMESAKE: Final = Identity(issuer="https://other.example.org", subject="1234")
TABLE: Final = (
    ("staff", ("curator:*", "author:stack")),
    ("chiefs", ("admin",)),
    ("users", ("run:stack",)),
)


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = Accounts(tmp_path / "accounts.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def identities(accounts: Accounts) -> Identities:
    return accounts.providers.identities


def test_the_first_log_in_makes_an_account_and_later_ones_find_it(accounts: Accounts, identities: Identities) -> None:
    first = identities.sign_in(VERA, name="vera", roles=None)
    again = identities.sign_in(VERA, name="renamed", roles=None)
    assert first == again == accounts.person("vera")
    assert (first.name, first.admin, first.grants, first.has_password) == ("vera", False, frozenset(), False)


def test_an_account_of_the_same_name_is_never_taken_over(accounts: Accounts, identities: Identities) -> None:
    old = accounts.make("vera", admin=True)
    names = [identities.sign_in(one, name="vera", roles=None).name for one in (VERA, HENRI, NAMESAKE)]
    assert names == ["vera-2", "vera-3", "vera-4"]
    assert accounts.person("vera") == old


@pytest.mark.parametrize("name", ["admin", "Admin", "root", "public", "anonymous"])
def test_nobody_gets_a_name_that_passes_for_another(accounts: Accounts, identities: Identities, name: str) -> None:
    assert identities.sign_in(VERA, name=name, roles=None).name == f"{name}-2"


def test_names_that_differ_in_case_only_count_as_one(accounts: Accounts, identities: Identities) -> None:
    accounts.make("Vera")
    assert identities.sign_in(VERA, name="vera", roles=None).name == "vera-2"


def test_an_administrator_may_link_an_identity_to_an_account_and_take_it_away(
    accounts: Accounts, identities: Identities
) -> None:
    accounts.make("rubin")
    identities.sign_in(VERA, name="vera", roles=roles_of_groups(["chiefs"], TABLE))
    identities.link(VERA, name="rubin")
    assert identities.of("rubin") == (VERA,)
    assert identities.of("vera") == ()
    assert not accounts.person("vera").admin
    assert identities.sign_in(VERA, name="vera", roles=None).name == "rubin"
    identities.unlink(VERA, name="rubin")
    assert identities.of("rubin") == ()
    assert identities.sign_in(VERA, name="vera", roles=None).name == "vera-2"


def test_links_of_accounts_and_identities_that_are_not_there_are_refused(
    accounts: Accounts, identities: Identities
) -> None:
    identities.sign_in(VERA, name="vera", roles=None)
    accounts.make("rubin")
    with pytest.raises(NotFound, match="'nobody'"):
        identities.link(VERA, name="nobody")
    for name, identity in (("rubin", VERA), ("vera", HENRI), ("vera", NAMESAKE)):
        with pytest.raises(NotFound, match="is not linked"):
            identities.unlink(identity, name=name)
    assert identities.of("vera") == (VERA,)


def test_the_roles_of_groups_follow_the_groups_and_those_given_by_hand_stay(
    accounts: Accounts, identities: Identities
) -> None:
    identities.sign_in(VERA, name="vera", roles=roles_of_groups(["staff", "chiefs", "unknown"], TABLE))
    accounts.grant("vera", Grant(Role.AUTHOR, "stack"))
    accounts.grant("vera", Grant(Role.RUN, "sleep"))
    person = accounts.person("vera")
    assert person.admin
    assert person.grants == {Grant(Role.CURATOR, "*"), Grant(Role.AUTHOR, "stack"), Grant(Role.RUN, "sleep")}
    for _ in range(2):
        person = identities.sign_in(VERA, name="vera", roles=roles_of_groups(["users"], TABLE))
        assert person == accounts.person("vera")
        assert not person.admin
        assert person.grants == {Grant(Role.RUN, "stack"), Grant(Role.AUTHOR, "stack"), Grant(Role.RUN, "sleep")}


def test_where_no_groups_are_told_the_roles_stay_and_where_none_are_they_go(identities: Identities) -> None:
    identities.sign_in(VERA, name="vera", roles=roles_of_groups(["users"], TABLE))
    assert identities.sign_in(VERA, name="vera", roles=None).grants == {Grant(Role.RUN, "stack")}
    assert identities.sign_in(VERA, name="vera", roles=frozenset()).grants == frozenset()


def test_what_did_not_change_is_not_written(accounts: Accounts, identities: Identities) -> None:
    roles = roles_of_groups(["users"], TABLE)
    identities.sign_in(VERA, name="vera", roles=roles)
    with accounts.database.reading() as connection:
        before = connection.total_changes
        for _ in range(3):
            identities.sign_in(VERA, name="vera", roles=roles)
        assert connection.total_changes == before


def test_who_is_not_active_does_not_sign_in(accounts: Accounts, identities: Identities) -> None:
    identities.sign_in(VERA, name="vera", roles=None)
    accounts.set_active("vera", active=False)
    with pytest.raises(Unauthenticated, match="the account 'vera' is not active"):
        identities.sign_in(VERA, name="vera", roles=roles_of_groups(["chiefs"], TABLE))


def test_another_process_sees_the_same_people(tmp_path: Path) -> None:
    accounts = [Accounts(tmp_path / "accounts.sqlite", clock=lambda: datetime(2026, 3, 1, tzinfo=UTC)) for _ in "ab"]
    people = [one.providers.identities.sign_in(VERA, name="vera", roles=None) for one in accounts]
    assert people[0] == people[1]
    for one in accounts:
        one.close()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "vera", "email": "v@example.org"}, "vera"),
        ({"preferred_username": "vera@example.org"}, "vera@example.org"),
        ({"preferred_username": "Véra Rubin <x>"}, "V-ra-Rubin-x"),
        ({"preferred_username": "../../etc"}, "etc"),
        ({"preferred_username": "源", "email": "rubin@example.org"}, "rubin"),
        ({"email": "rubin@example.org"}, "rubin"),
        ({"email": "@"}, "user"),
        ({"preferred_username": "x" * 200}, "x" * 56),
        ({"preferred_username": None}, "user"),
        ({"preferred_username": ["a"]}, "a"),
        ({}, "user"),
    ],
)
def test_a_name_is_made_of_what_the_provider_says(claims: dict[str, Any], name: str) -> None:
    assert name_of_claims(claims) == name


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["users"], {("run", "stack")}),
        ("users", {("run", "stack")}),
        (["users", "staff"], {("run", "stack"), ("curator", "*"), ("author", "stack")}),
        (["chiefs"], {("admin", "*")}),
        (["user"], set()),
        (["USERS"], set()),
        ([], set()),
        (None, set()),
        ([["users"], {"users": 1}, 3], set()),
        ({"users": True}, set()),
    ],
)
def test_groups_give_the_roles_of_the_table(groups: object, roles: set[tuple[str, str]]) -> None:
    assert roles_of_groups(groups, TABLE) == roles


def test_a_role_that_there_is_not_is_an_error_of_the_table() -> None:
    with pytest.raises(Invalid, match="'boss:stack'"):
        roles_of_groups("users", (("users", ("boss:stack",)),))
