"""What a provider publishes is read when it is needed, kept for a while, and never asked for too often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from joserfc.jwk import RSAKey

from provstore.accounts.oidc_published import Published
from provstore.errors import Unavailable

ISSUER: Final = "https://login.example.org/realm"
DISCOVERY: Final = "/realm/.well-known/openid-configuration"
KEYS: Final = {name: RSAKey.generate_key(2048, {"kid": name}).as_dict(private=False) for name in ("old", "new")}


class Site:
    """The provider's side, and the clock."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, tzinfo=UTC)
        self.asked: list[str] = []
        self.document: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": "https://keys.example.org/keys",
        }
        self.names = ["old"]
        self.answer: Callable[[httpx.Request], httpx.Response] = self.well

    def well(self, request: httpx.Request) -> httpx.Response:
        keys = {"keys": [KEYS[name] for name in self.names]}
        return httpx.Response(200, json=self.document if request.url.path == DISCOVERY else keys)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return self.answer(request)

    def published(self) -> Published:
        return Published(
            ISSUER, clock=lambda: self.at, opened=lambda: httpx.Client(transport=httpx.MockTransport(self))
        )

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def site() -> Site:
    return Site()


def names(published: Published, key_id: str) -> list[str | None]:
    return [key.kid for key in published.keys(key_id)]


def test_nothing_is_asked_before_it_is_needed_and_then_once_an_hour(site: Site) -> None:
    published = site.published()
    assert site.asked == []
    for _ in range(3):
        assert published.addresses().token_endpoint == f"{ISSUER}/token"
        assert names(published, "old") == ["old"]
    assert site.asked == [DISCOVERY, "/keys"]
    site.later(minutes=59, seconds=59)
    published.addresses()
    assert len(site.asked) == 2
    site.later(seconds=1)
    published.addresses()
    assert len(site.asked) == 4


def test_an_unknown_key_is_looked_for_at_once_and_then_once_a_minute(site: Site) -> None:
    published = site.published()
    published.addresses()
    site.names = ["new"]
    site.later(minutes=1)
    assert names(published, "new") == ["new"]
    assert names(published, "old") == []
    assert len(site.asked) == 4
    site.later(seconds=59)
    for name in ("invented-1", "invented-2"):
        assert names(published, name) == []
    assert len(site.asked) == 4
    site.later(seconds=1)
    for name in ("invented-3", "invented-4"):
        assert names(published, name) == []
    assert len(site.asked) == 6


def refused(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def slow(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow")


BROKEN: Final[dict[str, Callable[[httpx.Request], httpx.Response]]] = {
    "refused": refused,
    "slow": slow,
    "500": lambda _request: httpx.Response(500),
    "404": lambda _request: httpx.Response(404),
    "elsewhere": lambda _request: httpx.Response(302, headers={"Location": "https://evil.example.org"}),
    "no JSON": lambda _request: httpx.Response(200, text="<html>"),
    "no object": lambda _request: httpx.Response(200, json=[1]),
    "deep": lambda _request: httpx.Response(200, text="[" * 100_000),
    "endless": lambda _request: httpx.Response(200, content=b"x" * (1 << 20) + b"x"),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_provider_that_was_never_read_and_does_not_answer_is_unavailable_and_asked_every_ten_seconds(
    site: Site, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    site.answer = answer
    published = site.published()
    for _ in range(3):
        with pytest.raises(Unavailable):
            published.keys("old")
    assert site.asked == [DISCOVERY]
    site.answer = site.well
    site.later(seconds=9)
    with pytest.raises(Unavailable):
        published.addresses()
    site.later(seconds=1)
    assert names(published, "old") == ["old"]


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_while_a_provider_is_away_what_was_read_is_used_for_a_day(
    site: Site, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    published = site.published()
    published.addresses()
    site.answer = answer
    site.later(hours=23)
    assert names(published, "old") == ["old"]
    with pytest.raises(Unavailable):
        published.keys("new")
    site.later(hours=1)
    with pytest.raises(Unavailable):
        published.keys("old")


@contextmanager
def asked_by_another_thread(site: Site, published: Published) -> Iterator[None]:
    """Within, somebody else waits for the provider, which then says 500."""
    begun, go_on = threading.Event(), threading.Event()

    def answer(_request: httpx.Request) -> httpx.Response:
        begun.set()
        assert go_on.wait(30)
        return httpx.Response(500)

    def ask() -> None:
        with suppress(Unavailable):
            published.addresses()

    site.answer = answer
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        assert begun.wait(30)
        yield
    finally:
        go_on.set()
        thread.join()


def test_while_one_asks_again_the_others_use_what_was_read(site: Site) -> None:
    published = site.published()
    published.addresses()
    site.later(hours=1)
    with asked_by_another_thread(site, published):
        assert names(published, "old") == ["old"]


def test_while_one_asks_a_provider_that_failed_lately_the_others_do_not_wait(site: Site) -> None:
    published = site.published()
    site.answer = refused
    with pytest.raises(Unavailable):
        published.addresses()
    site.later(seconds=10)
    with asked_by_another_thread(site, published), pytest.raises(Unavailable, match="is being asked again"):
        published.addresses()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example.org"),
        ("issuer", ISSUER + "/"),
        ("issuer", None),
        ("jwks_uri", "http://keys.example.org/keys"),
        ("jwks_uri", None),
        ("token_endpoint", "file:///etc/passwd"),
        ("authorization_endpoint", ""),
        ("authorization_endpoint", "https://["),
        ("jwks_uri", "https://login.example.org:port/keys"),
        ("userinfo_endpoint", "http://login.example.org/userinfo"),
    ],
)
def test_a_document_with_a_wrong_issuer_or_address_is_not_used(site: Site, name: str, value: str | None) -> None:
    site.document = {key: text for key, text in {**site.document, name: value}.items() if text is not None}
    with pytest.raises(Unavailable, match=r"well-known|:port/keys can't be read"):
        site.published().addresses()


def test_optional_addresses_may_be_missing(site: Site) -> None:
    addresses = site.published().addresses()
    assert (addresses.userinfo_endpoint, addresses.end_session_endpoint, addresses.names_itself) == ("", "", False)
