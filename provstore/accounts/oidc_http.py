"""A provider over HTTP: the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636), and access tokens judged."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # it ships no types
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]  # it ships no types
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]  # it ships no types

from provstore.accounts.oidc_attempts import Answer, Claims, Secrets
from provstore.accounts.oidc_published import Published, connect, read_json
from provstore.accounts.oidc_tokens import Expected, check_access_token, check_id_token, key_id, verify
from provstore.errors import Unauthenticated, Unavailable
from provstore.settings import OidcProvider

__all__ = ["HttpProvider"]

_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"})
"""Errors of the token endpoint (RFC 6749 §5.2) that the user can't mend: the settings here are wrong."""


class _ClientAuth(httpx.Auth, ClientAuth):  # type: ignore[misc]  # authlib ships no types
    """Authenticates the client at the token endpoint; authlib's own class for httpx is about to go."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the credentials in the way that was chosen."""
        url, headers, body = self.prepare(request.method, str(request.url), request.headers, request.content.decode())
        headers.pop("Content-Length", None)  # the body may have grown
        yield httpx.Request(request.method, url, headers=headers, content=body, extensions=request.extensions)


class _Client(OAuth2Client):  # type: ignore[misc]  # authlib ships no types
    client_auth_class = _ClientAuth


class HttpProvider:
    """A provider of the settings, as a ``Remote``.

    Args:
        provider: Its settings.
        clock: The present instant.
        opened: Opens connections.
    """

    def __init__(
        self,
        provider: OidcProvider,
        *,
        clock: Callable[[], datetime],
        opened: Callable[[], httpx.Client] = connect,
    ) -> None:
        self._provider = provider
        self._published = Published(provider.issuer, clock=clock, opened=opened)
        self._clock = clock
        self._opened = opened

    def check_reachable(self) -> None:
        """Do nothing if the provider's addresses are known, or can be read."""
        self._published.addresses()

    def address(self, chosen: Secrets, *, redirect_uri: str) -> str:
        """Give the address at the provider to which the browser is sent."""
        endpoint = self._published.addresses().authorization_endpoint
        address, _state = self._client(None, redirect_uri).create_authorization_url(
            endpoint, state=chosen.state, code_verifier=chosen.verifier, nonce=chosen.nonce
        )
        return str(address)

    def claims(self, answer: Answer, chosen: Secrets, *, redirect_uri: str) -> Claims:
        """Exchange the code, and give what the provider says of the person: ID token and user info together."""
        self._check_issuer(answer.issuer)
        if answer.error or not answer.code:
            raise Unauthenticated(f"{self._provider.name} refuses the log-in: {answer.error or 'it gave no code'}")
        with self._opened() as session:
            given = self._exchange(session, answer.code, verifier=chosen.verifier, redirect_uri=redirect_uri)
            claims = self._id_token(str(given.get("id_token", "")), nonce=chosen.nonce)
            return self._with_user_info(session, claims, access_token=str(given.get("access_token", "")))

    def access_claims(self, token: str) -> Claims:
        """Give the claims of an access token that the provider has made for this server."""
        claims = self._verified(token, audience=self._provider.audience or self._provider.client_id)
        check_access_token(claims)
        return claims

    def end_address(self, *, return_to: str) -> str:
        """Give the address that ends the session at the provider (RP-Initiated Logout 1.0), "" if it has none."""
        end = self._published.addresses().end_session_endpoint
        query = urlencode({"client_id": self._provider.client_id, "post_logout_redirect_uri": return_to})
        return f"{end}{'&' if '?' in end else '?'}{query}" if end else ""

    def _check_issuer(self, named: str) -> None:
        """Check who answers (RFC 9207), against an answer that another provider was tricked into giving."""
        must = self._published.addresses().names_itself
        if named != self._provider.issuer and (named or must):
            raise Unauthenticated(f"the answer comes from {named!r}, not from {self._provider.issuer}", field="iss")

    def _client(self, session: httpx.Client | None, redirect_uri: str) -> OAuth2Client:
        secret = _secret(self._provider)
        by_body = secret and self._published.addresses().takes_secret_in_body_only
        return _Client(
            session,
            client_id=self._provider.client_id,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_post" if by_body else None,
            scope=" ".join(self._provider.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _exchange(self, session: httpx.Client, code: str, *, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        endpoint = self._published.addresses().token_endpoint
        try:
            found: Mapping[str, Any] = self._client(session, redirect_uri).fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
            )
        except OAuth2Error as error:
            if error.error in _OUR_FAULT:
                raise Unavailable(f"{self._provider.name} does not accept this server as a client: {error}") from error
            raise Unauthenticated(f"{self._provider.name} refuses the code: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unavailable(f"{endpoint} does not answer as it should: {type(error).__name__}") from error
        return found

    def _id_token(self, token: str, *, nonce: str) -> Claims:
        claims = self._verified(token, audience=self._provider.client_id)
        check_id_token(claims, client_id=self._provider.client_id, nonce=nonce)
        return claims

    def _verified(self, token: str, *, audience: str) -> Claims:
        keys = self._published.keys(key_id(token))
        return verify(token, keys, Expected(issuer=self._provider.issuer, audience=audience, at=self._clock()))

    def _with_user_info(self, session: httpx.Client, claims: Claims, *, access_token: str) -> Claims:
        """Many providers tell names and groups only there (Core §5.3); what the signed token says wins."""
        endpoint = self._published.addresses().userinfo_endpoint
        if not endpoint or not access_token:
            return claims
        told = read_json(session, endpoint, token=access_token)
        if told.get("sub") != claims["sub"]:
            raise Unauthenticated("the user info is refused: it is about somebody else (sub)")
        return {**told, **claims}


def _secret(provider: OidcProvider) -> str | None:
    """Read the client's secret each time, so that it can be changed while the server runs."""
    if provider.client_secret_file is None:
        return None
    try:
        return provider.client_secret_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unavailable(f"{provider.name}: {provider.client_secret_file}: {error.strerror}") from error
