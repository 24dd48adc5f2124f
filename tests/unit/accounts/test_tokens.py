import re
from datetime import timedelta
from pathlib import Path

import pytest

from provstore.accounts.callers import EVERY_SERVICE, Caller, Grant, Role, Scope
from provstore.accounts.people import Accounts
from provstore.errors import Invalid, NotFound, Unauthenticated
from tests.unit.accounts.conftest import Clock, Open

DAY = timedelta(days=1)


@pytest.fixture
def curie(accounts: Accounts) -> str:
    accounts.add("curie")
    return accounts.agent_of("curie")


def test_a_token_is_recognised_by_its_prefix_and_holds_256_random_bits(accounts: Accounts, curie: str) -> None:
    secrets = {accounts.tokens.issue(curie, name="x").secret for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"pvs_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_a_token_is_listed_without_its_secret(accounts: Accounts, curie: str, clock: Clock) -> None:
    issued = accounts.tokens.issue(curie, name="laptop", scope=Scope.READ, expires_at=clock() + DAY)
    first, listed = accounts.tokens.of(curie)
    assert (first.name, first.scope, first.expires_at) == ("first", Scope.ALL, None)
    assert listed == issued.token
    assert (listed.name, listed.scope, listed.created_at) == ("laptop", Scope.READ, clock())
    assert issued.secret not in repr(listed)


def test_the_caller_has_the_scope_of_his_token_and_the_roles_of_the_person(accounts: Accounts, curie: str) -> None:
    grant = Grant(Role.CURATOR, EVERY_SERVICE)
    accounts.grant("curie", grant)
    secret = accounts.tokens.issue(curie, name="x", scope=Scope.JOBS).secret
    assert accounts.authenticate(secret) == Caller(
        agent=curie, name="curie", grants=frozenset({grant}), scope=Scope.JOBS
    )


def test_a_token_ends_at_its_instant(accounts: Accounts, curie: str, clock: Clock) -> None:
    secret = accounts.tokens.issue(curie, name="short", expires_at=clock() + DAY).secret
    clock.advance(DAY - timedelta(seconds=1))
    accounts.authenticate(secret)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match=r"^the token 'short' expired at 2026-03-02T12:00:00Z$"):
        accounts.authenticate(secret)


def test_an_end_in_the_past_is_refused(accounts: Accounts, curie: str, clock: Clock) -> None:
    with pytest.raises(Invalid, match="an instant to come is needed"):
        accounts.tokens.issue(curie, name="x", expires_at=clock())


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb"])
def test_a_token_needs_a_name_that_can_be_shown(accounts: Accounts, curie: str, name: str) -> None:
    with pytest.raises(Invalid, match="characters are needed"):
        accounts.tokens.issue(curie, name=name)


def test_a_revoked_token_is_worth_nothing_at_once(accounts: Accounts, curie: str) -> None:
    issued = accounts.tokens.issue(curie, name="x")
    accounts.authenticate(issued.secret)
    accounts.tokens.revoke(curie, issued.token.id)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(issued.secret)


def test_a_token_revoked_by_another_process_is_worth_nothing(
    accounts: Accounts, open_accounts: Open, curie: str
) -> None:
    issued = accounts.tokens.issue(curie, name="x")
    accounts.authenticate(issued.secret)
    open_accounts().tokens.revoke(curie, issued.token.id)
    accounts.database.look()
    with pytest.raises(Unauthenticated):
        accounts.authenticate(issued.secret)


def test_nobody_revokes_the_token_of_another(accounts: Accounts, curie: str) -> None:
    issued = accounts.tokens.issue(curie, name="x")
    with pytest.raises(NotFound, match=f"there is no token '{issued.token.id}'"):
        accounts.tokens.revoke(accounts.administrator().agent, issued.token.id)
    assert accounts.authenticate(issued.secret).name == "curie"


def test_a_name_that_comes_with_a_token_must_be_its_owners(accounts: Accounts, curie: str) -> None:
    secret = accounts.tokens.issue(curie, name="x").secret
    assert accounts.authenticate(secret, name="curie").agent == curie
    for name in ("admin", "Curie", "curie "):
        with pytest.raises(Unauthenticated, match="not known here"):
            accounts.authenticate(secret, name=name)


def test_the_last_use_is_known_and_written_once_a_minute(
    accounts: Accounts, open_accounts: Open, curie: str, clock: Clock
) -> None:
    secret = accounts.tokens.issue(curie, name="x").secret
    elsewhere = open_accounts()
    accounts.authenticate(secret)
    assert elsewhere.tokens.of(curie)[-1].last_used_at is None
    clock.advance(timedelta(minutes=1))
    accounts.authenticate(secret)
    assert elsewhere.tokens.of(curie)[-1].last_used_at == clock()
    clock.advance(timedelta(seconds=1))
    accounts.authenticate(secret)
    assert accounts.tokens.of(curie)[-1].last_used_at == clock()


def test_a_deactivated_person_is_refused_and_comes_back_with_his_tokens(accounts: Accounts, curie: str) -> None:
    secret = accounts.tokens.issue(curie, name="x").secret
    accounts.authenticate(secret)
    accounts.set_active("curie", active=False)
    with pytest.raises(Unauthenticated, match="the account 'curie' is not active"):
        accounts.authenticate(secret)
    accounts.set_active("curie", active=True)
    assert accounts.authenticate(secret).name == "curie"


def test_no_secret_is_in_the_file(accounts: Accounts, curie: str, tmp_path: Path) -> None:
    accounts.passwords.set(accounts.person("curie"), "correct horse battery")
    session = accounts.sessions.begin(curie, duration=DAY)
    secrets = [accounts.tokens.issue(curie, name="x").secret, session, accounts.sessions.of(session).csrf]
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("accounts"))
    assert [one for one in [*secrets, "correct horse battery"] if one.encode() in stored] == []
