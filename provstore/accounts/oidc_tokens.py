"""Tokens of OpenID Connect providers, judged: signature, issuer, audience and time. Nothing here talks to anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwk, jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key

from provstore.accounts.oidc_attempts import Claims
from provstore.errors import Unauthenticated

__all__ = [
    "ALGORITHMS",
    "Expected",
    "check_access_token",
    "check_id_token",
    "key_id",
    "keys_of",
    "suitable",
    "verify",
]

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519"),
)
"""Signatures by private keys only: with ``none`` and ``HS…`` who knows the public key could sign (RFC 8725 §3.1)."""


def _signatures() -> jws.JWSRegistry:
    """Header members that nobody here knows are ignored (RFC 7515 §4), unless the token calls them critical."""
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = 8192  # a provider may put its certificate there
    return registry


_REGISTRY: Final = _signatures()
_LEEWAY: Final = timedelta(seconds=60)
"""How far the clock of a provider may be off."""

_ID_TOKEN_MARKS: Final = ("at_hash", "c_hash")
"""Claims that only ID tokens have (OpenID Connect Core §3.3.2.11): they tell the client who signed in, no more."""

_REASONS: Final[Mapping[str, str]] = {
    "iss": "its issuer (iss) is not {issuer}",
    "aud": "its audience (aud) is not {audience}",
    "exp": "it has expired, or does not say when it does (exp)",
    "nbf": "it is not valid yet (nbf)",
    "iat": "it was issued in the future (iat)",
    "sub": "it does not say whom it is about (sub)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to say: by whom it is, for whom, and that it is valid at this instant."""

    issuer: str
    audience: str
    at: datetime


def key_id(token: str) -> str:
    """Read the name of the key with which a token says it was signed, "" if it says none.

    Raises:
        Unauthenticated: it is no JWT.
    """
    try:
        named = jws.extract_compact(token.encode(), registry=_REGISTRY).headers().get("kid")
    except (JoseError, ValueError, RecursionError) as error:
        raise Unauthenticated("the token is no JSON Web Token that can be read here") from error
    return named if isinstance(named, str) else ""


def keys_of(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """Read a provider's JWK set; keys of a kind that is not understood are passed over (RFC 7517 §5)."""
    found = []
    listed = document.get("keys")
    for item in (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)):
        try:
            key = jwk.import_key(item)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if key.key_type != "oct" and key.get("use", "sig") == "sig":
            found.append(key)
    return tuple(found)


def suitable(keys: Iterable[Key], name: str) -> tuple[Key, ...]:
    """Choose the keys that a token may be signed with: the one that it names, or all if it names none."""
    return tuple(key for key in keys if not name or key.kid == name)


def verify(token: str, keys: Sequence[Key], expected: Expected) -> Claims:
    """Give the claims of a token of which everything is right.

    Raises:
        Unauthenticated: something is not; the message says what.
    """
    claims = _signed(token, keys)
    rules = jwt.JWTClaimsRegistry(
        now=int(expected.at.timestamp()),
        leeway=int(_LEEWAY.total_seconds()),
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        rules.validate(claims)
    except ClaimError as error:
        first = error.claim.partition(",")[0]
        reason = _REASONS[first].format(issuer=expected.issuer, audience=expected.audience)
        raise Unauthenticated(f"the token is refused: {reason}") from error
    return claims


def _signed(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    """Give the claims if one of the keys has signed them."""
    reason: Exception | None = None
    for key in keys:
        try:
            return jwt.decode(token, key, registry=_REGISTRY).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            reason = error
    raise Unauthenticated("the token is refused: no key of its issuer has signed it in a way accepted here") from reason


def check_id_token(claims: Claims, *, client_id: str, nonce: str) -> None:
    """Check what an ID token has to say besides (OpenID Connect Core §3.1.3.7).

    Raises:
        Unauthenticated: it belongs to another log-in, or to another client.
    """
    if claims.get("nonce") != nonce:
        raise Unauthenticated("the ID token is refused: it belongs to another log-in (nonce)")
    named, several = claims.get("azp"), isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if named != client_id and (several or named is not None):
        raise Unauthenticated("the ID token is refused: it was made for another client (azp)")


def check_access_token(claims: Claims) -> None:
    """Refuse an ID token where an access token is needed."""
    if claims.get("typ") == "ID" or any(mark in claims for mark in _ID_TOKEN_MARKS):
        raise Unauthenticated("the token is refused: it is an ID token, and an access token is needed")
