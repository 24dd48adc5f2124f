from typing import Literal

import pytest
from argon2 import PasswordHasher

from provstore.accounts.passwords import Passwords
from provstore.accounts.people import Accounts
from provstore.accounts.persons import Person
from provstore.errors import Forbidden, Invalid, TooMany
from tests.unit.accounts.conftest import Clock

RIGHT = "correct horse battery"
HERE = "192.0.2.1"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
DEARER = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)


@pytest.fixture
def passwords(accounts: Accounts, clock: Clock) -> Passwords:
    """The passwords of these accounts, by a hash that costs little."""
    return Passwords(accounts.database, clock=clock, failures_max=10, hasher=CHEAP)


@pytest.fixture
def curie(accounts: Accounts, passwords: Passwords) -> Person:
    passwords.set(accounts.make("curie"), RIGHT)
    return accounts.person("curie")


def wrong(passwords: Passwords, name: str = "curie") -> None:
    with pytest.raises(Forbidden, match=r"^the name or the password is wrong$"):
        passwords.check(name, "wrong", address=HERE)


def test_the_right_password_tells_who_it_is(passwords: Passwords, curie: Person) -> None:
    assert curie.has_password
    assert passwords.check("curie", RIGHT, address=HERE) == curie


def test_wrong_unknown_without_a_password_and_inactive_get_the_same_words(
    accounts: Accounts, passwords: Passwords, curie: Person
) -> None:
    wrong(passwords)
    wrong(passwords, "nobody")
    wrong(passwords, "admin")
    accounts.set_active("curie", active=False)
    with pytest.raises(Forbidden, match=r"^the name or the password is wrong$"):
        passwords.check("curie", RIGHT, address=HERE)


def test_an_unknown_name_costs_a_check_like_a_known_one(accounts: Accounts, curie: Person, clock: Clock) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(accounts.database, clock=clock, failures_max=10, hasher=hasher)
    for name in ("curie", "nobody", "admin"):
        wrong(passwords, name)
    assert checked == ["$argon2id$v=19$m=8,t=1,p=1"] * 3


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1025])
def test_a_password_has_a_least_length(passwords: Passwords, curie: Person, password: str) -> None:
    with pytest.raises(Invalid, match=f"a password of {len(password)} characters") as caught:
        passwords.set(curie, password)
    assert caught.value.value is None, "it is not repeated"
    passwords.check("curie", RIGHT, address=HERE)


def test_the_name_is_no_password(accounts: Accounts, passwords: Passwords) -> None:
    person = accounts.make("maria.sklodowska")
    for password in ("maria.sklodowska", "MARIA.SKLODOWSKA", "akswodolks.airam"):
        with pytest.raises(Invalid, match="the account's name"):
            passwords.set(person, password)


def test_a_password_is_the_same_however_it_is_composed(passwords: Passwords, curie: Person) -> None:
    passwords.set(curie, "caf\u00e9 caf\u00e9 caf\u00e9")
    passwords.check("curie", "cafe\u0301 cafe\u0301 cafe\u0301", address=HERE)


def test_a_removed_password_opens_nothing(passwords: Passwords, curie: Person) -> None:
    passwords.remove(curie)
    with pytest.raises(Forbidden):
        passwords.check("curie", RIGHT, address=HERE)


def test_a_hash_of_a_weaker_kind_is_renewed_when_its_password_comes(
    accounts: Accounts, passwords: Passwords, curie: Person, clock: Clock
) -> None:
    dearer = Passwords(accounts.database, clock=clock, failures_max=10, hasher=DEARER)
    dearer.check("curie", RIGHT, address=HERE)
    with accounts.database.reading() as connection:
        (found,) = connection.execute("SELECT password FROM person WHERE name = 'curie'").fetchone()
    assert (CHEAP.check_needs_rehash(found), DEARER.check_needs_rehash(found)) == (True, False)
    dearer.check("curie", RIGHT, address=HERE)


def test_the_profile_of_servers_is_the_one_of_rfc_9106(accounts: Accounts) -> None:
    accounts.passwords.set(accounts.make("curie"), RIGHT)
    with accounts.database.reading() as connection:
        (found,) = connection.execute("SELECT password FROM person WHERE name = 'curie'").fetchone()
    assert found.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_failures_are_counted_and_a_success_is_none(accounts: Accounts, curie: Person, clock: Clock) -> None:
    passwords = Passwords(accounts.database, clock=clock, failures_max=2, hasher=CHEAP)
    wrong(passwords)
    passwords.check("curie", RIGHT, address=HERE)
    wrong(passwords)
    with pytest.raises(TooMany):
        passwords.check("curie", RIGHT, address=HERE)


def test_odd_characters_are_only_wrong(passwords: Passwords, curie: Person) -> None:
    for name, password in (("curie", "\x00" * 20), ("'; DROP TABLE person; --", "x"), ("curie", "x" * 100_000)):
        with pytest.raises(Forbidden):
            passwords.check(name, password, address="no address")
