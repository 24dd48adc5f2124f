import sqlite3
from pathlib import Path

import pytest

from provstore.accounts.database import Database, Recent
from provstore.accounts.people import Accounts
from provstore.accounts.schema import STEPS
from provstore.accounts.tokens import digest
from provstore.errors import Unavailable


def test_accounts_of_the_first_version_are_taken_over_with_their_tokens(tmp_path: Path) -> None:
    file = tmp_path / "accounts.sqlite"
    with sqlite3.connect(file) as old:
        for statement in STEPS[0]:
            old.execute(statement)
        old.execute("INSERT INTO person VALUES ('a1', 'admin', 1), ('a2', 'curie', 0)")
        old.execute("INSERT INTO token VALUES (?, 'a1'), (?, 'a2')", (digest("one"), digest("two")))
    old.close()
    accounts = Accounts(file)
    assert (accounts.authenticate("one").admin, accounts.authenticate("two").name) == (True, "curie")
    assert [(one.name, one.active, one.has_password) for one in accounts.persons()] == [
        ("admin", True, False),
        ("curie", True, False),
    ]
    tokens = {token.id for agent in ("a1", "a2") for token in accounts.tokens.of(agent)}
    assert len(tokens) == 2
    assert all(tokens)
    assert not (tmp_path / "admin-token").exists()


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "accounts.sqlite"
    with sqlite3.connect(file) as newer:
        newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()
    with pytest.raises(Unavailable, match="made by a newer provstore"):
        Database(file)


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "accounts.sqlite"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable, match=r"accounts in .*: file is not a database"):
        Database(file)


def test_only_the_owner_of_the_file_may_read_it(tmp_path: Path) -> None:
    Database(tmp_path / "accounts.sqlite")
    assert (tmp_path / "accounts.sqlite").stat().st_mode & 0o077 == 0


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "accounts.sqlite")
    statements = ("INSERT INTO person (agent, name, admin) VALUES ('a1', 'x', 0)", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(Unavailable, match="no such table"), database.writing() as connection:
        [connection.execute(one) for one in statements]
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)


def test_what_was_read_is_kept_until_this_process_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "accounts.sqlite", ticks=lambda: 0.0)
    recent: Recent[str] = Recent(database)
    assert [recent.get("a", lambda text=text: text) for text in ("one", "two")] == ["one", "one"]  # type: ignore[misc]  # a default binds the loop's value
    with database.writing():
        pass
    assert recent.get("a", lambda: "three") == "three"


def test_the_write_of_another_process_is_seen_a_fiftieth_of_a_second_later(tmp_path: Path) -> None:
    seconds = [0.0]
    database = Database(tmp_path / "accounts.sqlite", ticks=lambda: seconds[0])
    recent: Recent[str] = Recent(database)
    recent.get("a", lambda: "before")
    with Database(tmp_path / "accounts.sqlite").writing() as connection:
        connection.execute("INSERT INTO person (agent, name, admin) VALUES ('a1', 'x', 0)")
    seconds[0] = 0.021
    assert recent.get("a", lambda: "after") == "after"


def test_what_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    recent: Recent[str] = Recent(Database(tmp_path / "accounts.sqlite", ticks=lambda: 0.0))
    assert recent.get("a", lambda: None) is None
    assert recent.get("a", lambda: "there") == "there"


def test_memory_is_bounded(tmp_path: Path) -> None:
    recent: Recent[int] = Recent(Database(tmp_path / "accounts.sqlite", ticks=lambda: 0.0))
    for number in range(5000):
        recent.get(str(number), lambda: 1)
    assert len(recent._state[1]) <= 2000
