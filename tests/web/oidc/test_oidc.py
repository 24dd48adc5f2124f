"""Signing in at OpenID Connect providers, and out again."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from provstore.settings import OidcProvider
from tests.oidc_fake import CLIENT, SECRET
from tests.web.oidc_site import MakeSite, Site


def test_the_providers_are_listed_to_everybody(make_site: MakeSite) -> None:
    other = OidcProvider(name="other", issuer="https://login.example.org", client_id="x")
    answer = make_site(other, anonymous=False).browser.get("/oidc")
    assert answer.json == {
        "items": [
            {"name": "lab", "label": "The Lab", "login": "http://localhost/oidc/lab/login"},
            {"name": "other", "label": "other", "login": "http://localhost/oidc/other/login"},
        ],
        "next": None,
    }


def test_a_log_in_leads_to_the_provider_with_state_nonce_and_a_challenge(site: Site) -> None:
    answer = site.begin(next="/jobs")
    place = urlsplit(answer.location)
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert answer.status_code == 302
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{site.provider.issuer}/authorize"
    assert {name: asked.pop(name) for name in ("state", "nonce", "code_challenge")}.keys() == {
        "state",
        "nonce",
        "code_challenge",
    }
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": "http://localhost/oidc/lab/callback",
        "scope": "openid profile email",
        "code_challenge_method": "S256",
    }
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(r"provstore_sign_in=[\w-]{43}", name)
    assert {one for one in attributes if not one.startswith("Expires=")} == {
        "HttpOnly",
        "Max-Age=600",
        "Path=/oidc",
        "SameSite=Lax",
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_comes_back_has_a_session_and_goes_on(site: Site) -> None:
    answer = site.sign_in(next="/jobs?PHASE=EXECUTING")
    assert (answer.status_code, answer.location) == (303, "http://localhost/jobs?PHASE=EXECUTING")
    assert (site.session()["name"], site.session()["roles"]) == ("vera", [])
    job = site.browser.post("/uws/sleep", headers={"X-CSRF-Token": site.session()["csrf_token"]}).location.removeprefix(
        "http://localhost"
    )
    assert site.browser.get(f"{job}/owner").text == "vera"


def test_no_two_log_ins_are_alike(site: Site) -> None:
    asked = [parse_qs(urlsplit(site.begin().location).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]


def test_two_tabs_of_one_browser_may_sign_in_at_the_same_time(site: Site) -> None:
    tabs = [site.begin(next=f"/{number}").location for number in "12"]
    answers = [site.browser.get(site.at_provider(tab)) for tab in tabs]
    assert [answer.location for answer in answers] == ["http://localhost/1", "http://localhost/2"]


def test_the_same_person_gets_the_same_account_and_nobody_else_s(site: Site) -> None:
    site.provider.person = {"sub": "1", "preferred_username": "curie", "email": "curie@example.org"}
    names = []
    for _ in range(2):
        site.sign_in()
        names.append(site.session()["name"])
    assert names == ["curie-2", "curie-2"]
    site.provider.person = {"sub": "2", "email": "curie@example.org", "email_verified": True}
    site.sign_in()
    assert site.session()["name"] == "curie-3"


def test_an_administrator_may_say_who_somebody_is(site: Site) -> None:
    identity = {"provider": "lab", "subject": "1234"}
    item = {"provider": "lab", "issuer": site.provider.issuer, "subject": "1234"}
    assert site.served.admin.post("/accounts/curie/identities", json=identity).json == {"items": [item], "next": None}
    site.sign_in()
    assert site.session()["name"] == "curie"
    assert site.served.admin.delete("/accounts/curie/identities", query_string=identity).status_code == 204
    assert site.served.admin.get("/accounts/curie/identities").json == {"items": [], "next": None}
    site.sign_in()
    assert site.session()["name"] == "vera"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"provider": "lab"}, 400),
        ({"subject": "x"}, 400),
        ({"provider": "none", "subject": "x"}, 404),
        ({"provider": "lab", "subject": "x", "name": "y"}, 400),
    ],
)
def test_a_link_needs_a_provider_and_a_subject(site: Site, fields: dict[str, str], status: int) -> None:
    assert site.served.admin.post("/accounts/curie/identities", json=fields).status_code == status


def test_identities_are_shown_to_administrators_only(site: Site) -> None:
    for method in ("GET", "POST", "DELETE"):
        for name in ("curie", "nobody"):
            place = f"/accounts/{name}/identities"
            assert site.served.curie.open(place, method=method).status_code == 403
            assert site.served.anonymous.open(place, method=method).status_code == 401
    assert site.served.admin.get("/accounts/nobody/identities").status_code == 404


def test_groups_give_roles_anew_at_each_log_in(site: Site) -> None:
    seen = []
    for groups in (["astronomers", "cyclists"], ["chiefs"], [], None):
        site.provider.user_info = {"groups": groups}
        site.sign_in()
        seen.append((site.session()["roles"], site.session()["admin"]))
    assert seen == [(["curator:sleep"], False), ([], True), ([], False), ([], False)]


def test_groups_may_stand_within_another_claim(make_site: MakeSite) -> None:
    site = make_site(lab={"groups_claim": "realm_access.roles"})
    seen = []
    for value in ({"roles": ["astronomers"]}, {"roles": None}, "text"):
        site.provider.id_token = {"realm_access": value}
        site.sign_in()
        seen.append(site.session()["roles"])
    assert seen == [["curator:sleep"], [], []]


def refused(answer: TestResponse, words: str) -> None:
    assert answer.status_code == 403
    assert words in answer.text
    assert "WWW-Authenticate" not in answer.headers
    assert not any(cookie.startswith("provstore_session=") for cookie in answer.headers.getlist("Set-Cookie"))


NOT_BEGUN: Final = "this log-in was not begun in this browser, is over already, or took longer than 10 minutes"


def test_an_answer_is_taken_once(site: Site) -> None:
    back = site.at_provider(site.begin().location)
    assert site.browser.get(back).status_code == 303
    refused(site.browser.get(back), NOT_BEGUN)


def test_an_answer_is_taken_in_the_browser_that_asked_only(site: Site) -> None:
    back = site.at_provider(site.begin().location)
    other = site.served.app.test_client()
    refused(other.get(back), NOT_BEGUN)
    other.get("/oidc/lab/login")
    refused(other.get(back), NOT_BEGUN)
    assert site.browser.get(back).status_code == 303


def test_an_answer_is_taken_for_ten_minutes(site: Site) -> None:
    early, late = (site.at_provider(site.begin().location) for _ in range(2))
    site.served.clock.advance(599)
    assert site.browser.get(early).status_code == 303
    site.served.clock.advance(1)
    refused(site.browser.get(late), NOT_BEGUN)


@pytest.mark.parametrize("query", ["", "?state=", "?state=invented&code=x", "?code=x", "?error=access_denied"])
def test_an_answer_to_nothing_is_refused(site: Site, query: str) -> None:
    site.begin()
    refused(site.browser.get(f"/oidc/lab/callback{query}"), NOT_BEGUN)


def test_an_answer_that_names_no_or_another_issuer_is_refused(site: Site) -> None:
    for issuer in ("", "&iss=https://evil.example.org"):
        back = site.at_provider(site.begin().location)
        refused(site.browser.get(back.rpartition("&iss=")[0] + issuer), "the answer comes from ")


def test_who_declines_at_the_provider_is_told_so(site: Site) -> None:
    site.provider.refusal = "access_denied"
    refused(site.sign_in(), "lab refuses the log-in: access_denied")


def test_a_code_that_the_provider_does_not_know_is_refused(site: Site) -> None:
    back = site.at_provider(site.begin().location)
    refused(site.browser.get(back.replace("code=code-0", "code=stolen")), "lab refuses the code: invalid_grant")


def test_an_answer_of_one_provider_is_none_of_another(make_site: MakeSite) -> None:
    site = make_site(OidcProvider(name="other", issuer="https://login.example.org", client_id="x"))
    back = site.at_provider(site.begin().location)
    refused(site.browser.get(back.replace("/lab/", "/other/")), NOT_BEGUN)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://evil.example.org"}, "its issuer (iss)"),
        ({"aud": "another"}, "its audience (aud)"),
        ({"exp": 1}, "it has expired"),
        ({"nonce": "another"}, "it belongs to another log-in (nonce)"),
        ({"nonce": None}, "it belongs to another log-in (nonce)"),
        ({"azp": "another"}, "it was made for another client (azp)"),
        ({"sub": "another"}, "it is about somebody else (sub)"),
    ],
)
def test_a_wrong_id_token_signs_nobody_in(site: Site, claims: dict[str, Any], words: str) -> None:
    site.provider.id_token = claims
    refused(site.sign_in(), words)
    assert site.session()["name"] == ""


def test_who_is_not_active_does_not_sign_in_nor_use_a_token(site: Site) -> None:
    site.sign_in()
    site.served.provstore.accounts.set_active("vera", active=False)
    refused(site.sign_in(), "the account 'vera' is not active")
    assert site.use(site.provider.access_token()).status_code == 401


@pytest.mark.parametrize(
    "place", ["https://evil.example.org", "//evil.example.org", "/\\evil", "jobs", "/\n", "javascript:x"]
)
def test_a_log_in_leads_on_to_paths_of_this_server_only(site: Site, place: str) -> None:
    assert site.begin(next=place).status_code == 400


def test_a_provider_that_there_is_not_is_not_found(site: Site) -> None:
    for end in ("login", "callback"):
        assert site.browser.get(f"/oidc/none/{end}").status_code == 404


def test_a_provider_that_is_away_is_told_as_such(site: Site) -> None:
    back = site.at_provider(site.begin().location)
    site.provider.down = True
    answer = site.browser.get(back)
    assert answer.status_code == 503
    assert f"{site.provider.issuer}/token does not answer as it should" in answer.text


def test_before_anything_was_read_a_provider_that_is_away_is_asked_once(site: Site) -> None:
    site.provider.down = True
    token = site.provider.access_token()
    assert [site.begin().status_code, site.use(token).status_code, site.use(token).status_code] == [503, 503, 503]
    assert site.provider.asked == ["/.well-known/openid-configuration"]
    site.provider.down = False
    site.served.clock.advance(10)
    assert site.use(token).status_code == 200


def test_a_wrong_client_secret_is_the_site_s_fault(site: Site, tmp_path: Path) -> None:
    (tmp_path / "client-secret").write_text("old")
    answer = site.sign_in()
    assert answer.status_code == 503
    assert "lab does not accept this server as a client" in answer.text
    assert SECRET not in answer.text


def sign_out(site: Site, **fields: str) -> TestResponse:
    token = site.session()["csrf_token"]
    return site.browser.post("/session/end", data=fields, headers={"X-CSRF-Token": token})


def test_signing_out_leads_to_the_provider_once(site: Site) -> None:
    site.sign_in()
    answer = sign_out(site, next="/jobs")
    home = "http%3A%2F%2Flocalhost%2F"
    end = f"{site.provider.issuer}/end?theme=dark&client_id={CLIENT}&post_logout_redirect_uri={home}"
    assert (answer.status_code, answer.location) == (303, end)
    assert site.session()["name"] == ""
    site.served.provstore.accounts.passwords.set(site.served.provstore.accounts.person("curie"), "radium and polonium")
    site.browser.post("/session", data={"name": "curie", "password": "radium and polonium"})
    assert sign_out(site, next="/jobs").location == "http://localhost/jobs"


def test_a_browser_is_led_to_the_provider_by_a_page_for_no_form_may_be_redirected_there(site: Site) -> None:
    site.sign_in()
    token = site.session()["csrf_token"]
    answer = site.browser.post("/session/end", data={"csrf_token": token}, headers={"Accept": "text/html"})
    end = f"{site.provider.issuer}/end?theme=dark&client_id={CLIENT}&post_logout_redirect_uri=http%3A%2F%2Flocalhost%2F"
    assert (answer.status_code, answer.headers["Refresh"]) == (200, f"0;url={end}")
    assert end.replace("&", "&amp;") in answer.text
    assert site.session()["name"] == ""


def test_signing_out_works_while_the_provider_is_away(make_site: MakeSite) -> None:
    site = make_site(session_duration=timedelta(days=3))
    site.sign_in()
    site.provider.down = True
    site.served.clock.advance(25 * 3600)  # its addresses are no longer known
    answer = sign_out(site)
    assert (answer.status_code, answer.location) == (303, "http://localhost/")
    assert site.session()["name"] == ""


def test_behind_https_the_cookies_are_secure_and_the_address_is_the_one_that_is_set(
    make_site: MakeSite,
) -> None:
    site = make_site(base_url="https://jobs.example.org/prov")
    answer = site.browser.get("/oidc/lab/login", headers={"Host": "jobs.example.org"})
    assert parse_qs(urlsplit(answer.location).query)["redirect_uri"] == [
        "https://jobs.example.org/prov/oidc/lab/callback"
    ]
    assert "; Secure; " in answer.headers["Set-Cookie"]
    assert "Path=/prov/oidc;" in answer.headers["Set-Cookie"]


def test_no_secret_is_logged_or_kept(site: Site, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    back = site.at_provider(site.begin().location)
    caplog.set_level(logging.DEBUG)
    site.browser.get(back)
    token = site.provider.access_token()
    site.use(token)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("accounts.sqlite*"))
    assert b"vera" in kept
    for secret in (SECRET, token, "code-0"):
        assert secret not in caplog.text
        assert secret.encode() not in kept


def test_a_log_in_under_way_is_kept_as_hashes_only(site: Site, tmp_path: Path) -> None:
    answer = site.begin()
    asked = parse_qs(urlsplit(answer.location).query)
    cookie = answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("accounts.sqlite*"))
    assert b"/oidc/lab/callback" in kept
    for secret in (asked["state"][0], asked["nonce"][0], cookie):
        assert secret.encode() not in kept
