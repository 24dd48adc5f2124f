"""People on a real server: made by commands beside it, known to it at once, and their secrets nowhere to be read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.served import Served, until

PASSWORD = "correct horse battery"


@pytest.fixture
def web(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address) as client:
        yield client


def status(web: httpx.Client, token: str) -> int:
    return web.get("/uws/sleep", headers={"Authorization": f"Bearer {token}"}).status_code


def test_what_a_command_changes_a_running_server_knows(served: Served, web: httpx.Client) -> None:
    made = served.command("user", "add", "curie", "--scope", "jobs", "--expires", "1")
    token = made.stdout.strip()
    assert (made.returncode, made.stderr, token[:4]) == (0, "", "pvs_")
    assert status(web, token) == 200
    served.command("user", "deactivate", "curie")
    until(lambda: status(web, token) == 401, seconds=2, what="a deactivated person is refused")
    served.command("user", "activate", "curie")
    until(lambda: status(web, token) == 200, seconds=2, what="an activated person is let in")
    (listed,) = json.loads(served.command("user", "tokens", "curie", "--json").stdout)["items"]
    served.command("user", "revoke", "curie", listed["id"])
    until(lambda: status(web, token) == 401, seconds=2, what="a revoked token is refused")


def test_a_password_set_by_a_command_signs_in(served: Served, web: httpx.Client) -> None:
    served.command("user", "add", "meitner")
    command = [sys.executable, "-m", "provstore", "user", "password", "meitner"]
    subprocess.run(command, input=f"{PASSWORD}\n", env=served.environment, text=True, check=True, capture_output=True)
    answer = web.post("/session", data={"name": "meitner", "password": PASSWORD, "next": "/jobs"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{served.address}/jobs")
    assert web.get("/session").json()["name"] == "meitner"


def test_roles_are_given_and_taken_by_commands(served: Served) -> None:
    served.command("user", "add", "hahn")
    served.command("user", "grant", "hahn", "curator:one", "run:*")
    served.command("user", "ungrant", "hahn", "run:*")
    assert json.loads(served.command("user", "show", "hahn", "--json").stdout)["roles"] == ["curator:one"]
    wrong = served.command("user", "grant", "hahn", "king")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("provstore: role 'king': curator|author|run, a colon and a service or * are needed")


def test_what_a_list_says_fits_its_columns(served: Served) -> None:
    served.command("user", "add", "a-very-long-name-of-somebody@example.org")
    head, *rows = served.command("user", "list").stdout.splitlines()
    kind = head.index("KIND")
    assert all(row[kind - 1] == " " and row[kind] != " " for row in rows)


def test_the_files_of_the_data_directory_hold_no_secret_but_the_first_token(served: Served) -> None:
    token = served.command("user", "add", "noether").stdout.strip()
    hits = [
        file.name
        for file in Path(served.data).rglob("*")
        if file.is_file() and any(secret.encode() in file.read_bytes() for secret in (token, served.admin_token))
    ]
    assert hits == ["admin-token"]
    assert token not in served.log.read_text()
