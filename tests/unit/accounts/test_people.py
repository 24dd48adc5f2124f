from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provstore.accounts.callers import ANONYMOUS
from provstore.accounts.people import ADMIN_TOKEN_FILE, Accounts
from provstore.errors import Conflict, Unauthenticated, Unavailable
from provstore.graph.model import PUBLIC


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path / "accounts.sqlite")


def test_the_first_opening_makes_the_administrator_whose_token_only_the_owner_of_the_file_can_read(
    tmp_path: Path,
) -> None:
    accounts = Accounts(tmp_path / "accounts.sqlite")
    file = tmp_path / ADMIN_TOKEN_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    token = file.read_text(encoding="ascii").strip()
    caller = accounts.authenticate(token)
    assert (caller.name, caller.admin) == ("admin", True)
    assert caller == accounts.administrator()
    assert caller.viewer.all


def test_later_openings_make_neither_token_nor_file_again(tmp_path: Path) -> None:
    Accounts(tmp_path / "accounts.sqlite")
    file = tmp_path / ADMIN_TOKEN_FILE
    token = file.read_text(encoding="ascii")
    Accounts(tmp_path / "accounts.sqlite")
    assert file.read_text(encoding="ascii") == token
    file.unlink()
    accounts = Accounts(tmp_path / "accounts.sqlite")
    assert not file.exists()
    assert accounts.authenticate(token.strip()).admin


def test_many_first_openings_at_once_make_one_administrator(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Accounts(tmp_path / "accounts.sqlite"), range(8)))
    assert len({one.administrator() for one in opened}) == 1
    token = (tmp_path / ADMIN_TOKEN_FILE).read_text(encoding="ascii").strip()
    assert opened[0].authenticate(token).admin
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_new_account_is_known_by_its_token(accounts: Accounts) -> None:
    caller = accounts.authenticate(accounts.add("curie"))
    assert (caller.name, caller.admin, caller.viewer.all) == ("curie", False, False)
    assert caller.viewer.readers == {PUBLIC, f"user:{caller.agent}"}
    assert accounts.name_of(caller.agent) == "curie"
    assert accounts.authenticate(accounts.add("root", admin=True)).viewer.all


@pytest.mark.parametrize("token", ["", "x", "é", "' OR 1=1 --", "x" * 100_000])
def test_an_unknown_token_is_refused_and_not_repeated(accounts: Accounts, token: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        accounts.authenticate(token)
    assert (caught.value.message, caught.value.value) == ("this token is not known here, or no longer valid", None)


def test_tokens_are_not_stored(accounts: Accounts, tmp_path: Path) -> None:
    token = accounts.add("curie")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("accounts"))
    assert token.encode() not in stored


def test_a_name_can_be_taken_once(accounts: Accounts) -> None:
    token = accounts.add("curie")
    with pytest.raises(Conflict, match="there is an account 'curie' already") as caught:
        accounts.add("curie")
    assert (caught.value.field, caught.value.value) == ("name", "curie")
    assert [one.name for one in accounts.people()] == ["admin", "curie"]
    assert accounts.authenticate(token).name == "curie"


def test_names_are_found_also_of_people_added_by_another_process(accounts: Accounts, tmp_path: Path) -> None:
    assert accounts.name_of("a-unknown") == ""
    other = Accounts(tmp_path / "accounts.sqlite")
    caller = other.authenticate(other.add("late"))
    assert accounts.name_of(caller.agent) == "late"


def test_the_anonymous_visitor_has_no_name_and_the_same_agent_everywhere(accounts: Accounts) -> None:
    assert accounts.name_of(ANONYMOUS.agent) == ""
    assert (ANONYMOUS.name, ANONYMOUS.admin) == ("", False)
    assert ANONYMOUS.viewer.readers == {PUBLIC, f"user:{ANONYMOUS.agent}"}
    assert not ANONYMOUS.viewer.all


def test_accounts_that_can_not_be_opened_are_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unavailable, match="accounts in "):
        Accounts(tmp_path / "folder")
