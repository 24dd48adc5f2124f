"""A real provider, a real server and a browser's part: signing in, groups, access tokens, signing out."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from provstore.accounts.oidc_attempts import Secrets
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served
from tests.oidc_provider import NoProvider, RealProvider, agree, running_provider
from tests.parts import require

SECRET: Final = "a-real-secret"
ROLES: Final = {"astronomers": ["curator:one", "author:*"], "chiefs": ["admin"]}


@dataclass
class World:
    """Two providers and a server that knows them, each by another way of proving itself."""

    served: Served
    lab: RealProvider
    campus: RealProvider

    def callback(self, name: str) -> str:
        return f"{self.served.address}/oidc/{name}/callback"

    def sign_in(self, browser: httpx.Client, name: str, *, user: str, next: str = "/") -> httpx.Response:
        begun = browser.get(f"{self.served.address}/oidc/{name}/login", params={"next": next})
        assert begun.status_code == 302, begun.text
        back = agree(browser, begun.headers["Location"], user=user)
        return browser.get(back.headers["Location"])

    def session(self, browser: httpx.Client) -> Any:
        return browser.get(f"{self.served.address}/session").json()

    def tokens(self, browser: httpx.Client, *, user: str, verifier: str = "", asked: str = "") -> httpx.Response:
        """Get tokens as a program of the user does, by its own code flow."""
        chosen = Secrets.of(secrets.token_hex(), state="s")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(chosen.verifier.encode()).digest()).decode().rstrip("=")
        query = {"client_id": "program", "response_type": "code", "redirect_uri": "http://localhost:1/back"}
        query |= {"scope": asked or "openid profile groups", "state": "s", "nonce": chosen.nonce}
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        place = f"{self.lab.issuer}/oauth/authorize?{httpx.QueryParams(query)}"
        code = httpx.URL(agree(browser, place, user=user).headers["Location"]).params["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:1/back"}
        form |= {"client_id": "program", "code_verifier": verifier or chosen.verifier}
        return browser.post(f"{self.lab.issuer}/oauth/token", data=form)

    def use(self, token: str, place: str = "/session") -> httpx.Response:
        return httpx.get(f"{self.served.address}{place}", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def world(make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "secret").write_text(SECRET)
    with ExitStack() as stack:
        lab, campus = (_provider(stack, folder / name) for name in ("lab", "campus"))
        settings = {
            "lab": {
                "issuer": lab.issuer,
                "client_id": "provstore",
                "client_secret_file": str(folder / "secret"),
                "audience": "program",
                "scopes": "openid profile email groups",
                "roles": ROLES,
            },
            "campus": {"issuer": campus.issuer, "client_id": "public", "label": "The Campus"},
        }
        world = World(make_served(PROVSTORE_OIDC=json.dumps(settings)).start(), lab, campus)
        lab.client("provstore", secret=SECRET, redirect_uri=world.callback("lab"), home=f"{world.served.address}/")
        lab.client("program", redirect_uri="http://localhost:1/back")
        campus.client("public", redirect_uri=world.callback("campus"))
        for user in ("vera", "henrietta", "cecilia", "annie", "stella"):
            lab.user(user, display=user, mail=f"{user}@example.org")
        campus.user("vera", display="vera", mail="vera@example.org")
        yield world


def _provider(stack: ExitStack, folder: Path) -> RealProvider:
    try:
        return stack.enter_context(running_provider(folder))
    except NoProvider as reason:
        require("oidc", present=False, reason=str(reason))
        raise


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client() as opened:
        yield opened


def test_a_person_signs_in_with_name_password_and_consent_and_runs_a_job(world: World, browser: httpx.Client) -> None:
    answer = world.sign_in(browser, "lab", user="vera", next="/uws/one?LAST=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{world.served.address}/uws/one?LAST=1")
    token = world.session(browser)["csrf_token"]
    made = browser.post(f"{world.served.address}/uws/one", data={"code": "true"}, headers={"X-CSRF-Token": token})
    assert made.status_code == 303, made.text
    assert browser.get(f"{made.headers['Location']}/owner").text == "vera"
    assert httpx.get(f"{made.headers['Location']}/owner").status_code == 403


def test_the_same_name_at_another_provider_is_another_person(world: World) -> None:
    names = []
    for provider in ("lab", "campus", "lab", "campus"):
        with httpx.Client() as browser:
            assert world.sign_in(browser, provider, user="vera").status_code == 303
            names.append(world.session(browser)["name"])
    assert names == ["vera", "vera-2", "vera", "vera-2"]


def test_groups_give_roles_anew_at_each_log_in(world: World) -> None:
    seen = []
    for groups in ({"astronomers": True}, {"chiefs": True, "astronomers": False}, {"chiefs": False}):
        world.lab.groups("henrietta", **groups)
        with httpx.Client() as browser:
            world.sign_in(browser, "lab", user="henrietta")
            session = world.session(browser)
            seen.append((session["roles"], session["admin"]))
    assert seen == [(["author:*", "curator:one"], False), ([], True), ([], False)]


def test_an_access_token_of_the_provider_is_taken_on_the_api(world: World, browser: httpx.Client) -> None:
    world.lab.groups("cecilia", astronomers=True)
    tokens = world.tokens(browser, user="cecilia").json()
    seen = world.use(tokens["access_token"]).json()
    assert (seen["name"], seen["roles"]) == ("cecilia", ["author:*", "curator:one"])
    with world.served.client(token=tokens["access_token"]) as client:
        job = client.wait(client.run("one", parameters={"code": "true"}))
    assert world.use(tokens["access_token"], f"/uws/one/{job.id}/owner").text == "cecilia"


def test_its_id_token_is_not(world: World, browser: httpx.Client) -> None:
    tokens = world.tokens(browser, user="cecilia").json()
    answer = world.use(tokens["id_token"])
    assert (answer.status_code, "it is an ID token" in answer.text) == (401, True)


def test_a_token_that_was_changed_is_refused(world: World, browser: httpx.Client) -> None:
    token = world.tokens(browser, user="cecilia").json()["access_token"]
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"groups": ["chiefs"]}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    for wrong in (f"{head}.{forged}.{signature}", f"{none}.{body}.", f"{head}.{body}.{signature[:-4]}"):
        assert world.use(wrong).status_code == 401


def test_the_provider_gives_no_token_for_another_verifier(world: World, browser: httpx.Client) -> None:
    answer = world.tokens(browser, user="cecilia", verifier="x" * 64)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_stolen_from_another_browser_is_worth_nothing(world: World, browser: httpx.Client) -> None:
    begun = browser.get(f"{world.served.address}/oidc/campus/login")
    stolen = agree(browser, begun.headers["Location"], user="vera").headers["Location"]
    with httpx.Client() as thief:
        assert thief.get(stolen).status_code == 403
        mine = thief.get(f"{world.served.address}/oidc/campus/login").headers["Location"]
        mixed = httpx.URL(stolen).copy_merge_params({"state": httpx.URL(mine).params["state"]})
        answer = thief.get(mixed)
        assert answer.status_code == 403
        assert "campus refuses the code: invalid_grant" in answer.text


def test_who_declines_is_told_so(world: World, browser: httpx.Client) -> None:
    begun = browser.get(f"{world.served.address}/oidc/lab/login")
    back = agree(browser, begun.headers["Location"], user="annie", answer="deny").headers["Location"]
    answer = browser.get(back)
    assert (answer.status_code, "lab refuses the log-in: access_denied" in answer.text) == (403, True)


def test_signing_out_ends_the_session_at_the_provider_too(world: World, browser: httpx.Client) -> None:
    world.sign_in(browser, "lab", user="vera")
    csrf = world.session(browser)["csrf_token"]
    left = browser.post(f"{world.served.address}/session/end", headers={"X-CSRF-Token": csrf})
    assert left.status_code == 303
    assert left.headers["Location"].startswith(f"{world.lab.issuer}/oauth/end_session?client_id=provstore&")
    assert world.session(browser)["name"] == ""
    back = agree(browser, left.headers["Location"], user="vera", answer="logout")
    assert back.headers["Location"] == f"{world.served.address}/"
    begun = browser.get(f"{world.served.address}/oidc/lab/login")
    page = browser.get(begun.headers["Location"], follow_redirects=True)
    assert 'name="login"' in page.text


def test_a_command_says_who_somebody_is_while_the_server_runs(world: World) -> None:
    world.served.command("user", "add", "rubin")
    linked = world.served.command("user", "link", "rubin", "lab", "stella")
    assert (linked.returncode, linked.stdout) == (0, "stella of lab is rubin from now on\n"), linked.stderr
    with httpx.Client() as browser:
        world.sign_in(browser, "lab", user="stella")
        assert world.session(browser)["name"] == "rubin"
    listed = json.loads(world.served.command("user", "identities", "rubin", "--json").stdout)
    assert listed["items"] == [{"provider": "lab", "issuer": world.lab.issuer, "subject": "stella"}]
    assert world.served.command("user", "unlink", "rubin", "lab", "stella").returncode == 0
    assert world.served.command("user", "identities", "rubin").stdout == ""
    refused = world.served.command("user", "unlink", "rubin", "lab", "stella")
    assert (refused.returncode, "is not linked" in refused.stderr) == (1, True)


def test_no_secret_of_a_log_in_is_in_the_server_s_log(world: World, browser: httpx.Client) -> None:
    world.sign_in(browser, "lab", user="vera")
    token = world.tokens(browser, user="vera").json()["access_token"]
    world.use(token)
    log = world.served.log.read_text()
    assert [secret for secret in (SECRET, token, token.rpartition(".")[2], "code=") if secret in log] == []
