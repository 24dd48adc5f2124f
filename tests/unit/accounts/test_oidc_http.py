"""What is sent to a provider's token endpoint, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import pytest

from provstore.accounts.oidc_attempts import Answer, Secrets
from provstore.accounts.oidc_http import HttpProvider
from provstore.errors import Unauthenticated, Unavailable
from provstore.settings import OidcProvider
from tests.oidc_fake import CLIENT, SECRET, FakeProvider

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
ISSUER: Final = "https://login.example.org"
CHOSEN: Final = Secrets.of("a browser's secret", state="s")
BACK: Final = "https://jobs.example.org/oidc/lab/callback"


class Exchange:
    """The provider's side of one log-in."""

    def __init__(self) -> None:
        self.fake = FakeProvider(issuer=ISSUER, now=lambda: NOW)
        self.metadata: dict[str, Any] = {}
        self.asked: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(200, json=self.right())

    def right(self, **changes: Any) -> dict[str, Any]:
        token = self.fake.sign(self.fake.claims(nonce=CHOSEN.nonce))
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": token, **changes}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        document = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize"}
        document |= {"token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys"}
        pages: dict[str, Callable[[], httpx.Response]] = {
            "/.well-known/openid-configuration": lambda: httpx.Response(200, json={**document, **self.metadata}),
            "/keys": lambda: httpx.Response(200, json={"keys": [self.fake.key.as_dict(private=False)]}),
            "/userinfo": lambda: httpx.Response(200, json=self.fake.person),
            "/token": self.answer,
        }
        return pages[request.url.path]()

    def claims(self, secret: Path | None = None) -> Mapping[str, Any]:
        provider = OidcProvider(name="lab", issuer=ISSUER, client_id=CLIENT, client_secret_file=secret)
        remote = HttpProvider(provider, clock=lambda: NOW, opened=self.opened)
        return remote.claims(Answer(state="s", code="c"), CHOSEN, redirect_uri=BACK)

    def opened(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self), timeout=5)

    def to_token_endpoint(self) -> httpx.Request:
        return next(request for request in self.asked if request.url.path == "/token")


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET + "\n")
    return tmp_path / "secret"


FORM: Final = {
    "grant_type": ["authorization_code"],
    "code": ["c"],
    "redirect_uri": [BACK],
    "code_verifier": [CHOSEN.verifier],
}


def test_the_secret_is_sent_by_basic(exchange: Exchange, secret: Path) -> None:
    exchange.claims(secret)
    request = exchange.to_token_endpoint()
    assert request.headers["Authorization"] == httpx.BasicAuth(CLIENT, SECRET)._auth_header
    assert parse_qs(request.content.decode()) == FORM


def test_the_secret_is_sent_in_the_body_where_nothing_else_is_taken(exchange: Exchange, secret: Path) -> None:
    exchange.metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}
    exchange.claims(secret)
    request = exchange.to_token_endpoint()
    assert "Authorization" not in request.headers
    assert parse_qs(request.content.decode()) == FORM | {"client_id": [CLIENT], "client_secret": [SECRET]}


def test_a_public_client_sends_its_name_only(exchange: Exchange) -> None:
    exchange.claims()
    request = exchange.to_token_endpoint()
    assert "Authorization" not in request.headers
    assert parse_qs(request.content.decode()) == FORM | {"client_id": [CLIENT]}


def test_every_request_has_a_time_out(exchange: Exchange, secret: Path) -> None:
    exchange.metadata = {"userinfo_endpoint": f"{ISSUER}/userinfo"}
    exchange.claims(secret)
    assert [request.url.path for request in exchange.asked] == [
        "/.well-known/openid-configuration",
        "/keys",
        "/token",
        "/userinfo",
    ]
    for request in exchange.asked:
        assert request.extensions["timeout"] == {"connect": 5, "read": 5, "write": 5, "pool": 5}


def stalled() -> httpx.Response:
    raise httpx.ReadTimeout("nothing came")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (stalled, Unavailable, "ReadTimeout"),
        (lambda: httpx.Response(502, text="<html>"), Unavailable, "does not answer as it should"),
        (lambda: httpx.Response(200, text="<html>"), Unavailable, "does not answer as it should"),
        (lambda: httpx.Response(200, json=[1]), Unavailable, "does not answer as it should"),
        (lambda: httpx.Response(401, json={"error": "invalid_client"}), Unavailable, "does not accept this server"),
        (lambda: httpx.Response(400, json={"error": "invalid_grant"}), Unauthenticated, "refuses the code"),
        (lambda: httpx.Response(200, json={"access_token": "x"}), Unauthenticated, "no JSON Web Token"),
        (lambda: httpx.Response(200, json={"id_token": 3}), Unauthenticated, "no JSON Web Token"),
    ],
)
def test_what_is_no_right_answer_signs_nobody_in(
    exchange: Exchange, answer: Callable[[], httpx.Response], error: type[Exception], words: str
) -> None:
    exchange.answer = answer
    with pytest.raises(error, match=words):
        exchange.claims()


def test_a_secret_that_can_not_be_read_any_more_is_the_site_s_fault(exchange: Exchange, secret: Path) -> None:
    secret.unlink()
    with pytest.raises(Unavailable, match="No such file"):
        exchange.claims(secret)


def test_what_is_signed_wins_over_the_user_info(exchange: Exchange) -> None:
    exchange.metadata = {"userinfo_endpoint": f"{ISSUER}/userinfo"}
    answer = exchange.right()
    exchange.answer = lambda: httpx.Response(200, json=answer)
    exchange.fake.person = {"sub": "1234", "preferred_username": "other", "groups": ["staff"], "iss": "evil"}
    claims = exchange.claims()
    assert (claims["preferred_username"], claims["groups"], claims["iss"]) == ("vera", ["staff"], ISSUER)
