from datetime import timedelta

import pytest

from provstore.accounts.people import Accounts
from provstore.errors import Unauthenticated
from tests.unit.accounts.conftest import Clock, Open

HOUR = timedelta(hours=1)


@pytest.fixture
def curie(accounts: Accounts) -> str:
    return accounts.make("curie").agent


def over(accounts: Accounts, secret: str) -> bool:
    with pytest.raises(Unauthenticated, match=r"^this session is over: sign in again$"):
        accounts.sessions.of(secret)
    return not accounts.sessions.lasts(secret)


def test_a_session_tells_whose_it_is_and_how_long(accounts: Accounts, curie: str, clock: Clock) -> None:
    secret = accounts.sessions.begin(curie, duration=HOUR)
    session = accounts.sessions.of(secret)
    assert (session.caller.name, session.expires_at) == ("curie", clock() + HOUR)
    assert accounts.sessions.lasts(secret)


def test_a_session_ends_by_itself(accounts: Accounts, curie: str, clock: Clock) -> None:
    secret = accounts.sessions.begin(curie, duration=HOUR)
    clock.advance(HOUR)
    assert over(accounts, secret)
    accounts.sessions.begin(curie, duration=HOUR)
    with accounts.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,), "what is over is swept away"


def test_csrf_tokens_differ_by_session_and_are_no_session(accounts: Accounts, curie: str) -> None:
    secrets = [accounts.sessions.begin(curie, duration=HOUR) for _ in range(2)]
    tokens = {accounts.sessions.of(secret).csrf for secret in secrets}
    assert len(tokens) == 2
    assert all(over(accounts, token) for token in tokens)


def test_a_new_session_ends_the_one_before_it(accounts: Accounts, curie: str) -> None:
    before = accounts.sessions.begin(curie, duration=HOUR)
    after = accounts.sessions.begin(curie, duration=HOUR, instead_of=before)
    assert over(accounts, before)
    assert accounts.sessions.lasts(after)


def test_a_session_can_be_ended_twice(accounts: Accounts, curie: str) -> None:
    secret = accounts.sessions.begin(curie, duration=HOUR)
    accounts.sessions.end(secret)
    accounts.sessions.end(secret)
    assert over(accounts, secret)


def test_a_new_password_ends_all_sessions_of_its_person(accounts: Accounts, curie: str) -> None:
    mine = [accounts.sessions.begin(curie, duration=HOUR) for _ in range(2)]
    other = accounts.sessions.begin(accounts.administrator().agent, duration=HOUR)
    accounts.passwords.set(accounts.person("curie"), "correct horse battery")
    assert [over(accounts, one) for one in mine] == [True, True]
    assert accounts.sessions.lasts(other)


def test_a_deactivated_person_is_signed_out_for_good(accounts: Accounts, curie: str) -> None:
    secret = accounts.sessions.begin(curie, duration=HOUR)
    assert accounts.sessions.lasts(secret)
    accounts.set_active("curie", active=False)
    assert over(accounts, secret)
    accounts.set_active("curie", active=True)
    assert over(accounts, secret)


def test_a_session_ended_by_another_process_is_over(accounts: Accounts, open_accounts: Open, curie: str) -> None:
    secret = accounts.sessions.begin(curie, duration=HOUR)
    assert accounts.sessions.lasts(secret)
    open_accounts().sessions.end(secret)
    accounts.database.look()
    assert over(accounts, secret)


@pytest.mark.parametrize("secret", ["", "x", "\udc80", "' OR 1=1 --"])
def test_what_is_no_session_is_over(accounts: Accounts, secret: str) -> None:
    assert over(accounts, secret)
