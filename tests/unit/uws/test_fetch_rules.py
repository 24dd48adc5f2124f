"""Which addresses may be fetched: told by their text, and by the machine behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provstore.errors import Invalid
from provstore.settings import Settings
from provstore.uws.inputs.fetch_rules import FetchRules, fetch_rules, is_url, shown

OPEN = fetch_rules(Settings())


@pytest.mark.parametrize(
    "url",
    [
        "https://archive.example.org/m31.fits",
        "HTTP://Archive.Example.ORG:8080/a%20b?ID=ivo%3A%2F%2Fx&y=1",
        "https://archive.example.org.",
        "https://archive_1.example.org/",
        "https://192.0.33.8/",
        "https://[2606:4700::1111]/x",
        "https://xn--mnchen-3ya.example/",
    ],
)
def test_an_ordinary_address_may_be_fetched(url: str) -> None:
    assert OPEN.refusal(url) == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.example.org/x", "its scheme is not fetched here; allowed: https, http"),
        ("file:///etc/passwd", "its scheme is not fetched here; allowed: https, http"),
        ("//a.example.org/x", "its scheme is not fetched here; allowed: https, http"),
        ("https://u:p@a.example.org/x", "it holds a user name or a password"),
        ("https://a.example.org@127.0.0.1/", "it holds a user name or a password"),
        ("https://a.example.org/x#hdu1", "it has a fragment (#…), which no server is sent"),
        ("https://a.example.org/a b", "it holds ' ', which must be percent-encoded"),
        ("https://a.example.org/a\nb", r"it holds '\n', which must be percent-encoded"),
        ("https://a.example.org\\@b/", r"it holds '\\', which must be percent-encoded"),
        ("https://münchen.example/", "it holds 'ü', which must be percent-encoded"),
        ("https://a.example.org/" + "x" * 4096, "it is longer than 4096 characters"),
        ("https://a.example.org:99999/", "it is malformed: Port out of range 0-65535"),
        ("https://[::1/", "it is malformed: Invalid IPv6 URL"),
        ("https:///x", "'' is no host name"),
        ("https://-a.example.org/", "'-a.example.org' is no host name"),
        ("https://a..b/", "'a..b' is no host name"),
        (f"https://{'a' * 64}.org/", f"'{'a' * 64}.org' is no host name"),
        ("http://2130706433/", "'2130706433' is no host name"),
        ("http://0x7f.1/", "'0x7f.1' is no host name"),
        ("http://127.1/", "'127.1' is no host name"),
        ("http://0177.0.0.1/", "'0177.0.0.1' is no host name"),
        ("http://127.0.0.1/", "127.0.0.1 is a private or reserved address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a private or reserved address"),
        ("http://[::1]:80/", "::1 is a private or reserved address"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1 is a private or reserved address"),
    ],
)
def test_an_address_that_may_not_be_fetched_is_refused_with_the_reason(url: str, reason: str) -> None:
    assert OPEN.refusal(url) == reason


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_a_public_address_is_allowed_also_as_wrapped_in_ipv6(address: str) -> None:
    assert OPEN.allows(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "172.16.0.1"),  # noqa: S104 - refused
        *(
            "169.254.1.1",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "100::1"),
        *("2001:db8::1", "4000::1", "::127.0.0.1", "64:ff9b:1::a00:1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:192.168.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:a00:1::",
        ),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "", "localhost"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not OPEN.allows(address)


def test_a_private_network_may_be_allowed_and_no_other_with_it() -> None:
    rules = fetch_rules(Settings(fetch_networks=("127.0.0.0/8", "fd12::/16")))
    told = {
        one: rules.allows(one) for one in ("127.0.0.1", "::ffff:127.9.9.9", "fd12::1", "::1", "10.0.0.1", "8.8.8.8")
    }
    assert told == {
        "127.0.0.1": True,
        "::ffff:127.9.9.9": True,
        "fd12::1": True,
        "::1": False,
        "10.0.0.1": False,
        "8.8.8.8": True,
    }
    assert rules.refusal("http://127.0.0.1/x") == ""


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("archive.eso.org", True),
        ("Archive.ESO.org.", True),
        ("a.b.esa.int", True),
        ("esa.int", False),
        ("archive.eso.org.evil.example", False),
        ("evil-archive.eso.org", False),
        ("8.8.8.8", False),
    ],
)
def test_where_hosts_are_listed_no_others_are_asked(host: str, *, allowed: bool) -> None:
    rules = fetch_rules(Settings(fetch_hosts=("*.esa.int", "archive.ESO.org")))
    reason = f"nothing is fetched from {host.lower()}; allowed: *.esa.int, archive.eso.org"
    assert rules.refusal(f"https://{host}/x") == ("" if allowed else reason)


def test_a_site_may_fetch_over_tls_only() -> None:
    rules = fetch_rules(Settings(fetch_schemes=("HTTPS",)))
    assert rules.refusal("http://a.example.org/") == "its scheme is not fetched here; allowed: https"
    assert rules.refusal("https://a.example.org/") == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(fetch_schemes=("https", "ftp")), "setting fetch_schemes: 'ftp' can't be fetched; http and https can"),
        (Settings(fetch_networks=("10.0.0.0/33",)), "setting fetch_networks: '10.0.0.0/33' does not appear to be"),
        (Settings(fetch_networks=("10.0.0.1/8",)), "setting fetch_networks: 10.0.0.1/8 has host bits set"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_at_the_start(settings: Settings, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        fetch_rules(settings)
    assert caught.value.message.startswith(words)


def test_limits_come_from_the_settings() -> None:
    rules = fetch_rules(Settings(fetch_max=7, fetch_timeout=timedelta(seconds=3)))
    assert rules == FetchRules(schemes=("https", "http"), hosts=(), networks=(), most=7, timeout=timedelta(seconds=3))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://a.example.org/x.fits", "https://a.example.org/x.fits"),
        ("https://a.example.org/x?sig=secret", "https://a.example.org/x?…"),
        ("https://user:secret@a.example.org/x", "https://…@a.example.org/x"),
        ("https://a.example.org/@x?", "https://a.example.org/@x?…"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret(url: str, text: str) -> None:
    assert shown(url) == text


@pytest.mark.parametrize(("text", "told"), [("http://a", True), ("ivo://a/b", True), ("a:b", False), ("1://", False)])
def test_an_address_is_told_by_its_beginning(text: str, *, told: bool) -> None:
    assert is_url(text) is told
