"""Tokens, passwords, accounts and roles over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.web.served import Served

PASSWORD: Final = "correct horse battery"


def error(message: str, *, kind: str = "Invalid", **facts: str) -> dict[str, dict[str, str]]:
    return {"error": {"kind": kind, "message": message, **facts}}


def test_a_token_is_made_shown_once_listed_used_and_revoked(served: Served) -> None:
    answer = served.curie.post("/account/tokens", data={"name": "laptop", "scope": "jobs", "days": "30"})
    made: Any = answer.json
    secret = made.pop("token")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.location == f"http://localhost/account/tokens/{made['id']}"
    assert made == {
        "id": made["id"],
        "name": "laptop",
        "scope": "jobs",
        "created": "2026-03-01T12:00:00.000Z",
        "expires": "2026-03-31T12:00:00.000Z",
        "lastUsed": None,
    }
    assert served.client(secret).get("/session").json == served.json("/session", by=served.curie) | {"scope": "jobs"}
    listed = served.curie.get("/account/tokens")
    assert secret not in listed.text
    found: Any = listed.json
    assert found["next"] is None
    assert made | {"lastUsed": "2026-03-01T12:00:00.000Z"} in found["items"]
    assert served.curie.delete(answer.location).status_code == 204
    assert served.client(secret).get("/session").status_code == 401
    assert served.curie.delete(answer.location).status_code == 404


def test_a_token_can_be_asked_for_in_json(served: Served) -> None:
    made: Any = served.curie.post("/account/tokens", json={"name": "x", "days": 1}).json
    assert (made["scope"], made["expires"]) == ("all", "2026-03-02T12:00:00.000Z")
    served.clock.advance(timedelta(days=1).total_seconds())
    assert served.client(made["token"]).get("/session").status_code == 401


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, error("name is needed", field="name")),
        (
            {"name": "x", "scope": "everything"},
            error("scope='everything': one of read, jobs, all is needed", field="scope", value="everything"),
        ),
        (
            {"name": "x", "days": "0"},
            error("days='0': a whole number, 1 or above, is needed", field="days", value="0"),
        ),
        (
            {"name": "x", "color": "red"},
            error("'color' is not known here; known: name, scope, days", field="color"),
        ),
    ],
)
def test_a_malformed_token_is_told_as_such(lasting: Served, fields: dict[str, str], expected: object) -> None:
    answer = lasting.curie.post("/account/tokens", data=fields)
    assert (answer.status_code, answer.json) == (400, expected)


def test_a_visitor_has_neither_tokens_nor_a_password(lasting: Served) -> None:
    words = error(
        "sign in first: visitors without an account have neither tokens nor a password", kind="Unauthenticated"
    )
    for answer in (lasting.anonymous.get("/account/tokens"), lasting.anonymous.post("/account/password")):
        assert (answer.status_code, answer.json) == (401, words)


def test_a_password_is_set_and_changed_by_who_knows_the_one_before(served: Served) -> None:
    assert served.curie.post("/account/password", data={"password": PASSWORD}).status_code == 204
    answer = served.curie.post("/account/password", data={"password": "another one, longer"})
    assert (answer.status_code, answer.json) == (400, error("current is needed", field="current"))
    answer = served.curie.post("/account/password", data={"password": "another one, longer", "current": "wrong"})
    assert answer.status_code == 403
    answer = served.curie.post("/account/password", data={"password": "another one, longer", "current": PASSWORD})
    assert answer.status_code == 204
    signs_in = {"name": "curie", "password": "another one, longer"}
    assert served.anonymous.post("/session", data=signs_in).status_code == 303


def test_a_short_password_is_refused_and_not_repeated(lasting: Served) -> None:
    answer = lasting.curie.post("/account/password", data={"password": "short"})
    assert (answer.status_code, answer.json) == (
        400,
        error("a password of 5 characters: 12 to 1024 are needed", field="password"),
    )


def test_a_new_password_ends_every_other_session_and_renews_ones_own(served: Served) -> None:
    served.curie.post("/account/password", data={"password": PASSWORD})
    here, there = served.app.test_client(), served.app.test_client()
    answers: list[Any] = [
        client.post("/session", json={"name": "curie", "password": PASSWORD}).json for client in (here, there)
    ]
    before = here.get_cookie("provstore_session")
    changed = here.post(
        "/account/password",
        data={"password": "another one, longer", "current": PASSWORD},
        headers={"X-CSRF-Token": answers[0]["csrf_token"]},
    )
    after = here.get_cookie("provstore_session")
    assert before
    assert after
    assert before.value != after.value
    names: list[Any] = [client.get("/session").json for client in (here, there)]
    assert [one["name"] for one in names] == ["curie", ""]
    told: Any = changed.json
    assert told["csrf_token"] == names[0]["csrf_token"] != answers[0]["csrf_token"]


def test_an_administrator_makes_an_account_and_hands_over_a_token(served: Served) -> None:
    answer = served.admin.post("/accounts", json={"name": "meitner", "admin": False})
    assert (answer.status_code, answer.location) == (201, "http://localhost/accounts/meitner")
    expected = {
        "name": "meitner",
        "admin": False,
        "active": True,
        "roles": [],
        "password": False,
        "created": "2026-03-01T12:00:00.000Z",
    }
    assert answer.json == expected
    assert served.json("/accounts/meitner") == expected
    token: Any = served.admin.post("/accounts/meitner/tokens", data={"name": "first", "scope": "read"}).json
    whoami: Any = served.client(token["token"]).get("/session").json
    assert (whoami["name"], whoami["scope"]) == ("meitner", "read")
    assert [one["name"] for one in served.json("/accounts/meitner/tokens")["items"]] == ["first"]
    assert served.admin.delete(f"/accounts/meitner/tokens/{token['id']}").status_code == 204
    assert served.client(token["token"]).get("/session").status_code == 401


def test_a_name_is_taken_once_and_must_be_one(served: Served) -> None:
    assert served.admin.post("/accounts", data={"name": "curie"}).status_code == 409
    assert served.admin.post("/accounts", data={"name": "a b"}).status_code == 400


def test_accounts_are_listed_a_page_at_a_time(served: Served) -> None:
    for name in ("a1", "b1", "d1"):
        served.admin.post("/accounts", data={"name": name})
    first = served.json("/accounts?limit=3")
    assert ([one["name"] for one in first["items"]], first["next"]) == (["a1", "admin", "b1"], "b1")
    second = served.json("/accounts?limit=3&next=b1")
    assert ([one["name"] for one in second["items"]], second["next"]) == (["curie", "d1"], None)


def test_a_deactivated_person_is_out_until_he_is_let_in_again(served: Served) -> None:
    job = served.create(by=served.curie)
    answer = served.admin.patch("/accounts/curie", json={"active": False})
    changed: Any = answer.json
    assert (answer.status_code, changed["active"]) == (200, False)
    assert served.curie.get(job).status_code == 401
    assert served.admin.get(f"{job}/owner").text == "curie"
    served.admin.patch("/accounts/curie", data={"active": "true"})
    assert served.curie.get(job).status_code == 200


def test_an_administrator_is_made_by_another_and_the_last_one_stays(served: Served) -> None:
    answer = served.admin.patch("/accounts/admin", json={"admin": False})
    assert (answer.status_code, answer.json) == (
        409,
        error("admin is the last administrator: make another one first", kind="Conflict", field="name", value="admin"),
    )
    served.admin.patch("/accounts/curie", json={"admin": True})
    assert served.curie.get("/accounts").status_code == 200
    assert served.admin.patch("/accounts/admin", json={"admin": False}).status_code == 200
    assert served.admin.get("/accounts").status_code == 403


def test_a_role_is_given_works_and_is_taken(served: Served) -> None:
    job = served.create(by=served.curie)
    reader = served.client(served.provstore.accounts.add("meitner"))
    assert reader.get(job).status_code == 403
    answer = served.admin.post("/accounts/meitner/roles", json={"role": "curator:sleep"})
    given: Any = answer.json
    assert (answer.status_code, given["roles"]) == (200, ["curator:sleep"])
    assert served.json("/session", by=reader)["roles"] == ["curator:sleep"]
    assert reader.get(job).status_code == 200
    assert reader.delete(job).status_code == 403
    served.admin.post("/accounts/meitner/roles", json={"role": "run:stack"})
    taken: Any = served.admin.delete("/accounts/meitner/roles?role=curator:sleep").json
    assert taken["roles"] == ["run:stack"]
    assert reader.get(job).status_code == 403
    assert served.admin.delete("/accounts/meitner/roles", json={"role": "curator:sleep"}).status_code == 404
    assert served.admin.post("/accounts/meitner/roles", json={"role": "king:sleep"}).status_code == 400


def test_who_is_no_administrator_learns_nothing_of_accounts(lasting: Served) -> None:
    words = error("accounts are for administrators", kind="Forbidden")
    for place in ("/accounts", "/accounts/admin", "/accounts/nobody"):
        answer = lasting.curie.get(place)
        assert (answer.status_code, answer.json) == (403, words)


def test_an_account_that_is_not_there_is_told_to_the_administrator(lasting: Served) -> None:
    for answer in (
        lasting.admin.get("/accounts/nobody"),
        lasting.admin.patch("/accounts/nobody", data={"active": "false"}),
        lasting.admin.post("/accounts/nobody/tokens", data={"name": "x"}),
    ):
        assert (answer.status_code, answer.json) == (
            404,
            error("there is no account 'nobody'", kind="NotFound", field="name", value="nobody"),
        )
    answer = lasting.admin.patch("/accounts/curie", data={"active": "perhaps"})
    assert (answer.status_code, answer.json) == (
        400,
        error("active='perhaps': true or false is needed", field="active", value="perhaps"),
    )
