"""Access tokens of OpenID Connect providers on the API, and the settings of providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provstore.errors import Invalid
from provstore.settings import OidcProvider
from tests.oidc_fake import CLIENT, new_key
from tests.web.conftest import Serve
from tests.web.oidc_site import MakeSite, Site
from tests.web.served import Served, told


def test_an_access_token_works_as_bearer_and_as_password_and_makes_the_account(site: Site) -> None:
    site.provider.person |= {"groups": ["astronomers"]}
    token = site.provider.access_token()
    client = site.served.client(token)
    job = site.served.create(by=client)
    assert client.get(f"{job}/owner").text == "vera"
    assert client.get("/session").json["roles"] == ["curator:sleep"]  # type: ignore[index]  # it is JSON
    seen = [site.served.app.test_client().get("/session", auth=(name, token)) for name in ("vera", "curie")]
    assert [answer.status_code for answer in seen] == [200, 401]
    site.sign_in()
    assert site.session()["name"] == "vera"


def test_a_token_that_tells_no_groups_leaves_the_roles_and_one_that_tells_others_changes_them(site: Site) -> None:
    seen = []
    told: tuple[dict[str, Any], ...] = ({"groups": ["astronomers"]}, {}, {"groups": []})
    for changes in told:
        answer = site.use(site.provider.access_token(**changes), "/session")
        seen.append(answer.json["roles"])  # type: ignore[index]  # it is JSON
    assert seen == [["curator:sleep"], ["curator:sleep"], []]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "https://evil.example.org"}, "is no provider known here"),
        ({"aud": "another"}, f"its audience (aud) is not {CLIENT}"),
        ({"exp": 1}, "it has expired"),
        ({"nbf": 4_000_000_000}, "it is not valid yet"),
        ({"sub": None}, "it does not say whom it is about"),
        ({"at_hash": "x"}, "it is an ID token"),
    ],
)
def test_a_wrong_access_token_is_refused(site: Site, changes: dict[str, Any], words: str) -> None:
    answer = site.use(site.provider.access_token(**changes))
    assert answer.status_code == 401
    assert words in answer.text
    assert "WWW-Authenticate" in answer.headers


def test_a_token_may_be_made_for_another_audience_than_the_client(make_site: MakeSite) -> None:
    site = make_site(lab={"audience": "api"})
    tokens = [site.provider.access_token(aud=audience) for audience in ("api", ["x", "api"], CLIENT)]
    assert [site.use(token).status_code for token in tokens] == [200, 200, 401]


@pytest.mark.parametrize("token", ["opaque", "eyJ.eyJ.x", "eyJhbGciOiJub25lIn0.e30.", "eyJ.[.x", "eyJ..", "eyJé.é.é"])
def test_a_token_of_no_provider_is_refused(site: Site, token: str) -> None:
    assert site.use(token).status_code == 401
    assert site.provider.asked == []


def test_a_new_key_is_found_and_a_forged_one_asked_for_once_a_minute(site: Site) -> None:
    old, key = site.provider.access_token(), site.provider.key
    assert site.use(old).status_code == 200
    site.served.clock.advance(60)
    site.provider.key = new_key("second")
    assert site.use(site.provider.access_token()).status_code == 200
    count = len(site.provider.asked)
    forged = [site.provider.sign(site.provider.claims(), key=new_key(f"forged-{number}")) for number in range(3)]
    assert [site.use(token).status_code for token in (*forged, old)] == [401] * 4
    assert len(site.provider.asked) == count
    site.provider.key = key


def test_a_provider_that_goes_away_later_keeps_nobody_out(site: Site) -> None:
    assert site.use(site.provider.access_token()).status_code == 200
    site.provider.down = True
    site.served.clock.advance(7200)
    assert site.use(site.provider.access_token()).status_code == 200
    unknown = site.provider.sign(site.provider.claims(), key=new_key("unknown"))
    assert site.use(unknown).status_code == 503


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "The Lab"}, "a name of lower-case letters"),
        ({"issuer": "http://login.example.org"}, "is no https:// address"),
        ({"issuer": "login.example.org"}, "is no https:// address"),
        ({"client_id": ""}, "client_id"),
        ({"scopes": ("profile",)}, "'openid' is needed"),
        ({"client_secret_file": Path("none")}, "there is no file none"),
        ({"roles": (("users", ("boss",)),)}, "role 'boss'"),
    ],
)
def test_a_wrong_setting_of_a_provider_is_told_at_the_start(serve: Serve, wrong: dict[str, Any], words: str) -> None:
    right: dict[str, Any] = {"name": "lab", "issuer": "https://login.example.org", "client_id": "x"}
    with pytest.raises(Invalid, match=words):
        serve(oidc=(OidcProvider(**{**right, **wrong}),))


def test_two_providers_with_one_issuer_are_refused(serve: Serve) -> None:
    one, two = (OidcProvider(name=name, issuer="https://login.example.org", client_id="x") for name in ("a", "b"))
    with pytest.raises(Invalid, match="an issuer of its own"):
        serve(oidc=(one, two))


def test_without_providers_a_jwt_is_refused_like_any_unknown_token(lasting: Served) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.x"
    answer = lasting.app.test_client().get("/uws/sleep", headers={"Authorization": f"Bearer {token}"})
    assert told(answer) == (401, "the token is refused: its issuer 'https://a' is no provider known here")
