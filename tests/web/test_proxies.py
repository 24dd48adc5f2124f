"""Behind a reverse proxy: what a listed one says is believed, what anybody else says is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from provstore.errors import Invalid
from provstore.web.proxies import PROXIED, Proxies
from tests.web.conftest import Serve

PROXY = "10.1.2.3"
SAID = {
    "HTTP_X_FORWARDED_FOR": "192.0.2.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "prov.example.org",
    "HTTP_X_FORWARDED_PREFIX": "/prov",
}
DIRECT = ("http", "localhost:8080", "", False)


def seen(
    said: Mapping[str, str],
    *,
    remote: str = PROXY,
    trusted: tuple[str, ...] = ("10.1.0.0/16",),
    base_url: str = "",
) -> dict[str, Any]:
    """The environment that the application gets to see."""
    caught: dict[str, Any] = {}

    def app(environ: dict[str, Any], _start: object) -> Iterable[bytes]:
        caught.update(environ)
        return []

    environ = {"REMOTE_ADDR": remote, "HTTP_HOST": "localhost:8080", "wsgi.url_scheme": "http", "SCRIPT_NAME": ""}
    Proxies(app, trusted=trusted, base_url=base_url)({**environ, **said}, lambda *_: None)
    return caught


def place(environ: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    return environ["wsgi.url_scheme"], environ["HTTP_HOST"], environ["SCRIPT_NAME"], environ[PROXIED]


def test_a_listed_proxy_is_believed() -> None:
    found = seen(SAID)
    assert (place(found), found["REMOTE_ADDR"]) == (("https", "prov.example.org", "/prov", True), "192.0.2.7")


@pytest.mark.parametrize("trusted", [(), ("10.2.0.0/16",), ("10.1.2.4", "::1")])
def test_anybody_else_is_not(trusted: tuple[str, ...]) -> None:
    found = seen(SAID, trusted=trusted)
    assert (place(found), found["REMOTE_ADDR"]) == (DIRECT, PROXY)


@pytest.mark.parametrize("trusted", [(), ("10.1.0.0/16",)])
def test_no_forwarding_header_is_left_for_anybody_to_believe(trusted: tuple[str, ...]) -> None:
    further = {"HTTP_FORWARDED": "for=1.2.3.4;host=evil", "HTTP_X_REAL_IP": "1.2.3.4", "HTTP_X_FORWARDED_PORT": "1"}
    assert [name for name in seen({**SAID, **further}, trusted=trusted) if "FORWARD" in name or "REAL" in name] == []


def test_a_header_without_rules_against_invention_is_not_believed_even_from_a_listed_proxy() -> None:
    assert place(seen({"HTTP_FORWARDED": "for=192.0.2.7;host=evil.example;proto=https"})) == (*DIRECT[:3], True)


def test_a_request_of_a_listed_address_without_such_headers_is_not_proxied() -> None:
    assert place(seen({})) == DIRECT


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),  # the left one is what the client has made up
        ("192.0.2.7, 10.1.9.9", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.1.9.9", "192.0.2.7"),
        ("192.0.2.7:5123", "192.0.2.7"),
        ("[2001:db8::7]:5123", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", PROXY),
        ("_hidden, 10.1.9.9", "10.1.9.9"),
        ("", PROXY),
        ("10.1.9.9", "10.1.9.9"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_listed_proxy(chain: str, client: str) -> None:
    assert seen({**SAID, "HTTP_X_FORWARDED_FOR": chain})["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("chain", "hosts", "host"),
    [
        ("192.0.2.7", "prov.example.org", "prov.example.org"),
        ("192.0.2.7", "evil.example, prov.example.org", "prov.example.org"),
        ("192.0.2.7, 10.1.9.9", "prov.example.org, inner.example", "prov.example.org"),
        ("192.0.2.7, 10.1.9.9", "evil.example, prov.example.org, inner.example", "prov.example.org"),
        ("192.0.2.7, 10.1.9.9", "inner.example", "inner.example"),
    ],
)
def test_of_several_values_that_of_the_farthest_listed_proxy_counts(chain: str, hosts: str, host: str) -> None:
    assert seen({**SAID, "HTTP_X_FORWARDED_FOR": chain, "HTTP_X_FORWARDED_HOST": hosts})["HTTP_HOST"] == host


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("PROTO", "javascript"),
        ("PROTO", "HTTPS://"),
        ("HOST", "evil.example/path"),
        ("HOST", "a b"),
        ("HOST", "user@evil.example"),
        ("HOST", "evil.example:port"),
        ("HOST", "[::1"),
        ("PREFIX", "prov"),
        ("PREFIX", "//evil.example"),
        ("PREFIX", "/prov/../admin"),
        ("PREFIX", "/%2e%2e"),
        ("PREFIX", '/"><script>'),
    ],
)
def test_what_is_no_scheme_host_or_path_is_not_believed(header: str, value: str) -> None:
    assert place(seen({"HTTP_X_FORWARDED_FOR": "192.0.2.7", f"HTTP_X_FORWARDED_{header}": value})) == (
        *DIRECT[:3],
        True,
    )


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("PREFIX", "/prov/", ("http", "localhost:8080", "/prov", True)),
        ("PREFIX", "/", (*DIRECT[:3], True)),
        ("PREFIX", "/a/b-c_d~1.2", ("http", "localhost:8080", "/a/b-c_d~1.2", True)),
        ("HOST", "[2001:db8::1]:8443", ("http", "[2001:db8::1]:8443", "", True)),
        ("HOST", "prov.example.org:8443", ("http", "prov.example.org:8443", "", True)),
    ],
)
def test_each_header_is_believed_alone(header: str, value: str, expected: tuple[str, str, str, bool]) -> None:
    assert place(seen({f"HTTP_X_FORWARDED_{header}": value})) == expected


def test_the_address_of_the_site_wins_over_what_a_proxy_says() -> None:
    base = "https://site.example.org:444/a/"
    assert place(seen(SAID, base_url=base)) == ("https", "site.example.org:444", "/a", True)


def test_the_address_of_the_site_does_not_hide_for_which_host_a_direct_request_came() -> None:
    found = seen({**SAID, "HTTP_HOST": "rebound.example"}, trusted=(), base_url="https://site.example.org/a")
    assert place(found) == ("https", "rebound.example", "/a", False)


@pytest.mark.parametrize("remote", ["::ffff:10.1.2.3", "10.1.2.3"])
def test_an_address_is_the_same_in_the_dress_of_ipv6(remote: str) -> None:
    assert seen(SAID, remote=remote)[PROXIED] is True


@pytest.mark.parametrize("remote", ["", "unix:", "nonsense"])
def test_who_has_no_address_is_no_proxy(remote: str) -> None:
    assert place(seen(SAID, remote=remote)) == DIRECT


@pytest.mark.parametrize("wrong", ["10.1.0.0/33", "proxy.example.org", "10.1"])
def test_what_is_no_address_of_a_proxy_is_refused_at_the_start(serve: Serve, wrong: str) -> None:
    with pytest.raises(Invalid, match=f"trusted_proxies: '{wrong}' is no address and no network"):
        serve(trusted_proxies=(wrong,))


@pytest.mark.parametrize("wrong", ["prov.example.org", "ftp://prov.example.org", "https://", "https://a.org/?x=1"])
def test_what_is_no_address_of_a_site_is_refused_at_the_start(serve: Serve, wrong: str) -> None:
    with pytest.raises(Invalid, match=r"base_url: .* is no address of a site"):
        serve(base_url=wrong)


def test_addresses_in_answers_are_those_that_the_client_has_used(serve: Serve) -> None:
    served = serve(trusted_proxies=("10.1.0.0/16",), anonymous=True)
    options: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": PROXY, **SAID}}
    created = served.app.test_client().post("/uws/sleep", **options)
    job = created.location
    assert job.startswith("https://prov.example.org/prov/uws/sleep/j")
    listed = served.app.test_client().get("/uws/sleep", **options).text
    assert f'xlink:href="{job}"' in listed
    assert "https://prov.example.org/prov/uws/sleep<" in served.app.test_client().get("/capabilities", **options).text


def test_a_client_that_plays_a_proxy_changes_nothing(serve: Serve) -> None:
    served = serve(trusted_proxies=("10.1.0.0/16",), anonymous=True)
    options: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "127.0.0.1", **SAID}}
    assert served.app.test_client().post("/uws/sleep", **options).location.startswith("http://localhost/uws/sleep/j")
