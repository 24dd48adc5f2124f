"""Which tokens of a provider are taken: one that is right in everything, and none of a table of wrong ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from provstore.accounts.oidc_tokens import (
    ALGORITHMS,
    Expected,
    check_access_token,
    check_id_token,
    key_id,
    keys_of,
    suitable,
    verify,
)
from provstore.errors import Unauthenticated

NOW: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
ISSUER: Final = "https://login.example.org"
EXPECTED: Final = Expected(issuer=ISSUER, audience="here", at=NOW)
RIGHT: Final[Mapping[str, Any]] = {
    "iss": ISSUER,
    "aud": "here",
    "sub": "1234",
    "iat": SECONDS,
    "exp": SECONDS + 300,
}
KEY: Final = RSAKey.generate_key(2048, {"kid": "k"})
OTHER: Final = RSAKey.generate_key(2048, {"kid": "k"})


def token(key: Key = KEY, alg: str = "RS256", **changes: Any) -> str:
    told = {name: value for name, value in {**RIGHT, **changes}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "k"}, told, key, algorithms=[alg])


def public(key: Key = KEY) -> tuple[Key, ...]:
    return keys_of({"keys": [key.as_dict(private=False)]})


def part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


KEYS_OF: Final[Mapping[str, Callable[[], Key]]] = {
    "RS": lambda: KEY,
    "PS": lambda: KEY,
    "ES256": lambda: ECKey.generate_key("P-256"),
    "ES384": lambda: ECKey.generate_key("P-384"),
    "ES512": lambda: ECKey.generate_key("P-521"),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_right_token_is_taken_with_each_algorithm(alg: str) -> None:
    key = KEYS_OF[alg if alg in KEYS_OF else alg[:2]]()
    assert verify(token(key, alg), public(key), EXPECTED) == RIGHT


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "https://evil.example.org"}, "its issuer (iss) is not https://login.example.org"),
        ({"iss": ISSUER + "/"}, "its issuer (iss) is not https://login.example.org"),
        ({"iss": None}, "its issuer (iss) is not https://login.example.org"),
        ({"aud": "elsewhere"}, "its audience (aud) is not here"),
        ({"aud": ["elsewhere", "there"]}, "its audience (aud) is not here"),
        ({"aud": None}, "its audience (aud) is not here"),
        ({"aud": []}, "its audience (aud) is not here"),
        ({"exp": SECONDS - 61}, "it has expired, or does not say when it does (exp)"),
        ({"exp": None}, "it has expired, or does not say when it does (exp)"),
        ({"exp": str(SECONDS + 300)}, "it has expired, or does not say when it does (exp)"),
        ({"exp": True}, "it has expired, or does not say when it does (exp)"),
        ({"nbf": SECONDS + 61}, "it is not valid yet (nbf)"),
        ({"iat": SECONDS + 61}, "it was issued in the future (iat)"),
        ({"sub": None}, "it does not say whom it is about (sub)"),
        ({"sub": ""}, "it does not say whom it is about (sub)"),
        ({"sub": 1234}, "it does not say whom it is about (sub)"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(changes: Mapping[str, Any], words: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        verify(token(**changes), public(), EXPECTED)
    assert caught.value.message == f"the token is refused: {words}"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["there", "here"]},
        {"exp": SECONDS - 59},
        {"nbf": SECONDS + 59},
        {"iat": SECONDS + 59},
        {"iat": None},
    ],
)
def test_clocks_may_differ_by_a_minute_and_a_token_may_be_for_several(changes: Mapping[str, Any]) -> None:
    assert verify(token(**changes), public(), EXPECTED)["sub"] == "1234"


def pem() -> OctKey:
    return OctKey.import_key(base64.urlsafe_b64encode(KEY.as_pem(private=False)).decode())


FORGED: Final[Mapping[str, Callable[[], str]]] = {
    "another key of the same name": lambda: token(OTHER),
    "no signature": lambda: f"{part({'alg': 'none'})}.{part(RIGHT)}.",
    "no signature, in capitals": lambda: f"{part({'alg': 'NONE', 'kid': 'k'})}.{part(RIGHT)}.",
    "HS256 with the public key": lambda: jwt.encode({"alg": "HS256", "kid": "k"}, dict(RIGHT), pem()),
    "other claims under the signature": lambda: _with_claims(token(), {**RIGHT, "sub": "admin"}),
    "the signature cut off": lambda: token().rpartition(".")[0] + ".",
    "a key of its own in the header": lambda: jwt.encode(
        {"alg": "RS256", "kid": "k", "jwk": OTHER.as_dict(private=False)}, dict(RIGHT), OTHER
    ),
    "an unknown critical header": lambda: _with_header(token(), {"alg": "RS256", "kid": "k", "crit": ["x"], "x": 1}),
    "an algorithm of another kind of key": lambda: _with_header(token(), {"alg": "ES256", "kid": "k"}),
    "an unknown algorithm": lambda: _with_header(token(), {"alg": "RS1", "kid": "k"}),
    "claims that are no object": lambda: jws.serialize_compact({"alg": "RS256", "kid": "k"}, b"[1]", KEY),
    "claims that are no JSON": lambda: jws.serialize_compact({"alg": "RS256", "kid": "k"}, b"x", KEY),
}


def _with_claims(text: str, claims: Mapping[str, Any]) -> str:
    head, _, signature = text.split(".")
    return f"{head}.{part(claims)}.{signature}"


def _with_header(text: str, header: Mapping[str, Any]) -> str:
    return f"{part(header)}.{text.partition('.')[2]}"


@pytest.mark.parametrize("made", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(made: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated, match=r"^the token is refused: no key of its issuer has signed it"):
        verify(made(), public(), EXPECTED)


def test_without_keys_no_token_is_taken() -> None:
    with pytest.raises(Unauthenticated, match="no key of its issuer"):
        verify(token(), (), EXPECTED)


@pytest.mark.parametrize("text", ["", "x", "..", "a.b.c", "eyJ.eyJ.x", f"{part({'kid': 'k'})}.e30.x", "é.b.c"])
def test_what_is_no_token_is_told_so(text: str) -> None:
    with pytest.raises(Unauthenticated, match="is no JSON Web Token"):
        key_id(text)


def test_the_name_of_the_key_is_read_and_may_be_missing() -> None:
    assert key_id(token()) == "k"
    assert key_id(_with_header(token(), {"alg": "RS256"})) == ""
    assert key_id(_with_header(token(), {"alg": "RS256", "kid": "k", "x5c": ["x" * 5000], "of-ours": 1})) == "k"


def test_a_token_that_names_no_key_is_tried_with_all_of_them() -> None:
    unnamed = jwt.encode({"alg": "RS256"}, dict(RIGHT), KEY)
    keys = (*public(ECKey.generate_key("P-256")), *public(OTHER), *public())
    assert suitable(keys, key_id(unnamed)) == keys
    assert verify(unnamed, keys, EXPECTED) == RIGHT


def test_of_a_key_set_only_what_can_verify_is_read() -> None:
    known = KEY.as_dict(private=False)
    document = {
        "keys": [
            {"kty": "FUTURE", "kid": "a"},
            {"kty": "RSA"},
            "no object",
            {**known, "kid": "b", "use": "enc"},
            OctKey.generate_key(256, {"kid": "c"}).as_dict(private=True),
            {**known, "kid": "d", "use": "sig"},
            {**known, "kid": "e"},
        ]
    }
    assert [key.kid for key in keys_of(document)] == ["d", "e"]
    assert [keys_of(document) for document in ({}, {"keys": 3}, {"keys": None}, {"keys": {"kid": "a"}})] == [()] * 4


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "another"}, "it belongs to another log-in (nonce)"),
        ({"nonce": None}, "it belongs to another log-in (nonce)"),
        ({"azp": "another"}, "it was made for another client (azp)"),
        ({"aud": ["here", "there"]}, "it was made for another client (azp)"),
        ({"aud": ["here", "there"], "azp": "there"}, "it was made for another client (azp)"),
    ],
)
def test_an_id_token_of_another_log_in_or_client_is_refused(claims: Mapping[str, Any], words: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        check_id_token({**RIGHT, "nonce": "n", **claims}, client_id="here", nonce="n")
    assert caught.value.message == f"the ID token is refused: {words}"


@pytest.mark.parametrize("claims", [{}, {"aud": ["here"]}, {"azp": "here"}, {"aud": ["here", "there"], "azp": "here"}])
def test_an_id_token_of_this_log_in_is_taken(claims: Mapping[str, Any]) -> None:
    check_id_token({**RIGHT, "nonce": "n", **claims}, client_id="here", nonce="n")


@pytest.mark.parametrize("mark", [{"at_hash": "x"}, {"c_hash": "x"}, {"typ": "ID"}])
def test_an_id_token_opens_nothing(mark: Mapping[str, str]) -> None:
    check_access_token({**RIGHT, "typ": "Bearer"})
    with pytest.raises(Unauthenticated, match="it is an ID token"):
        check_access_token({**RIGHT, **mark})


def test_the_leeway_is_that_of_this_test() -> None:
    late = Expected(issuer=ISSUER, audience="here", at=NOW + timedelta(seconds=359))
    assert verify(token(), public(), late)["sub"] == "1234"
    with pytest.raises(Unauthenticated, match="it has expired"):
        verify(token(), public(), Expected(issuer=ISSUER, audience="here", at=NOW + timedelta(seconds=360)))
