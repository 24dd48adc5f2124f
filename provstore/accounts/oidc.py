"""OpenID Connect providers: people sign in there with a browser, and programs show the access tokens made there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provstore.accounts.callers import Caller
from provstore.accounts.database import Database
from provstore.accounts.oidc_attempts import Answer, Attempt, Attempts, Claims, Secrets
from provstore.accounts.oidc_identities import Identities, Identity, name_of_claims, roles_of_groups
from provstore.accounts.oidc_settings import checked
from provstore.accounts.persons import Person
from provstore.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from provstore.settings import OidcProvider

__all__ = ["Providers", "Remote", "SignedIn", "is_jwt"]


class Remote(Protocol):
    """A provider as it is reached from here. Each method may raise ``Unavailable``: it does not answer as it should."""

    def check_reachable(self) -> None:
        """Do nothing if log-ins can be begun there."""

    def address(self, chosen: Secrets, *, redirect_uri: str) -> str:
        """Give the address there where a browser begins to sign in."""

    def claims(self, answer: Answer, chosen: Secrets, *, redirect_uri: str) -> Claims:
        """Give what the provider says of the person who signed in, ``sub`` at least.

        Raises:
            Unauthenticated: it refuses the log-in, or what it says can't be trusted.
        """

    def access_claims(self, token: str) -> Claims:
        """Give the claims of an access token that the provider has made for this server.

        Raises:
            Unauthenticated: it has not, or the token's time is over.
        """

    def end_address(self, *, return_to: str) -> str:
        """Give the address there where a session is ended, "" if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who has signed in, and the path where the browser goes on."""

    person: Person
    next: str


def is_jwt(token: str) -> bool:
    """Tell whether a token looks like a signed JWT: three parts, the first a JSON object in base64."""
    return token.startswith("eyJ") and token.count(".") == 2


class Providers:
    """The providers of the settings, and who their users are here.

    Args:
        settings: The providers.
        database: The accounts.
        clock: The present instant.
        remotes: Each of them, as it is reached from here, by its name.

    Raises:
        Invalid: a setting of a provider is wrong.
    """

    def __init__(
        self,
        settings: Iterable[OidcProvider],
        database: Database,
        *,
        clock: Callable[[], datetime],
        remotes: Mapping[str, Remote],
    ) -> None:
        self._providers = checked(settings)
        self._remotes = remotes
        self._names = {one.issuer: name for name, one in self._providers.items()}
        self._attempts = Attempts(database, clock=clock)
        self.identities = Identities(database, clock=clock)

    def all(self) -> tuple[OidcProvider, ...]:
        """Give the providers, in the order of the settings."""
        return tuple(self._providers.values())

    def get(self, name: str) -> OidcProvider:
        """Give a provider.

        Raises:
            NotFound: there is none of this name.
        """
        if name not in self._providers:
            raise NotFound(f"there is no provider {name!r} here", field="provider", value=name)
        return self._providers[name]

    def begin(self, attempt: Attempt, *, browser: str) -> str:
        """Begin a log-in for the browser that has this secret; give the address at the provider where it goes on.

        Raises:
            NotFound: there is no such provider.
            Unavailable: it does not answer.
        """
        remote = self._remotes[self.get(attempt.provider).name]
        remote.check_reachable()  # before anything is written
        return remote.address(self._attempts.begin(attempt, browser=browser), redirect_uri=attempt.redirect_uri)

    def finish(self, name: str, answer: Answer, *, browser: str) -> SignedIn:
        """Sign in whom the provider's answer is about.

        Raises:
            NotFound: there is no such provider.
            Forbidden: the log-in was refused, or is not one that was begun in this browser.
            Unavailable: the provider does not answer.
        """
        provider = self.get(name)
        try:
            return self._answered(provider, answer, browser=browser)
        except Unauthenticated as error:  # no challenge for the browser: only a new log-in can help
            raise Forbidden(error.message, field=error.field, value=error.value) from error

    def caller(self, token: str, *, name: str = "") -> Caller:
        """Tell who sends this access token, a JWT of one of the providers; his name must fit where one is sent.

        Raises:
            Unauthenticated: something about it is wrong; the message says what.
            Unavailable: its provider does not answer, and its keys are not known.
        """
        issuer = _issuer(token)
        if issuer not in self._names:
            raise Unauthenticated(f"the token is refused: its issuer {issuer!r} is no provider known here")
        provider = self._providers[self._names[issuer]]
        claims = self._remotes[provider.name].access_claims(token)
        person = self._sign_in(provider, claims, groups=_claim(claims, provider.groups_claim))
        if name not in {"", person.name}:
            raise Unauthenticated(f"the token is not one of {name!r}")
        return person.caller()

    def end_address(self, name: str, *, return_to: str) -> str:
        """Give the address that ends a session at its provider, "" if there is none.

        Signing out here must not fail because the provider is away: then there is none, too.
        """
        try:
            return self._remotes[name].end_address(return_to=return_to) if name in self._remotes else ""
        except Unavailable:
            return ""

    def _answered(self, provider: OidcProvider, answer: Answer, *, browser: str) -> SignedIn:
        attempt, chosen = self._attempts.take(provider.name, state=answer.state, browser=browser)
        claims = self._remotes[provider.name].claims(answer, chosen, redirect_uri=attempt.redirect_uri)
        groups = _claim(claims, provider.groups_claim) or []  # of whom it tells none, that one has none
        return SignedIn(person=self._sign_in(provider, claims, groups=groups), next=attempt.next)

    def _sign_in(self, provider: OidcProvider, claims: Claims, *, groups: object) -> Person:
        identity = Identity(issuer=provider.issuer, subject=str(claims["sub"]))
        roles = None if groups is None else roles_of_groups(groups, provider.roles)
        return self.identities.sign_in(identity, name=name_of_claims(claims), roles=roles)


def _issuer(token: str) -> str:
    """Read who a token says has made it: whose keys to try, no more."""
    part = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise Unauthenticated("the token is no JSON Web Token that can be read here") from error
    return str(claims.get("iss", "")) if isinstance(claims, dict) else ""


def _claim(claims: object, name: str) -> object:
    """Give a claim by its name, or by its path as in ``realm_access.roles``; None where it is not told."""
    if not isinstance(claims, dict) or name in claims:
        return claims.get(name) if isinstance(claims, dict) else None
    first, _, rest = name.partition(".")
    return _claim(claims.get(first), rest) if rest else None
