"""A server with a provider in the test's hand, and a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provstore.settings import OidcProvider
from tests.oidc_fake import CLIENT, SECRET, FakeProvider
from tests.web.served import Served

__all__ = ["MakeSite", "Site", "site_maker"]

ROLES: Final = (("astronomers", ("curator:sleep",)), ("chiefs", ("admin",)))


MakeSite = Callable[..., "Site"]
"""Opens a server; ``lab`` holds settings of the provider that differ, further ones are given before."""


@dataclass
class Site:
    """A server with a provider, and a browser."""

    served: Served
    provider: FakeProvider
    browser: FlaskClient

    def begin(self, **query: str) -> TestResponse:
        return self.browser.get("/oidc/lab/login", query_string=query)

    def at_provider(self, address: str) -> str:
        """Do the provider's part; give the path and query with which it sends the browser back."""
        back = httpx.get(address).headers["Location"]
        assert back.startswith("http://localhost/oidc/lab/callback?")
        return str(back.removeprefix("http://localhost"))

    def sign_in(self, **query: str) -> TestResponse:
        return self.browser.get(self.at_provider(self.begin(**query).location))

    def session(self) -> Any:
        return self.browser.get("/session").json

    def use(self, token: str, place: str = "/uws/sleep") -> TestResponse:
        return self.served.app.test_client().get(place, headers={"Authorization": f"Bearer {token}"})


def site_maker(serve: Callable[..., Served], provider: FakeProvider, folder: Path) -> MakeSite:
    """Give a function that opens a server with this provider, called ``lab`` there."""
    (folder / "client-secret").write_text(SECRET + "\n")

    def make(*more: OidcProvider, lab: dict[str, Any] | None = None, **settings: object) -> Site:
        right: dict[str, Any] = {
            "name": "lab",
            "label": "The Lab",
            "issuer": provider.issuer,
            "client_id": CLIENT,
            "client_secret_file": folder / "client-secret",
            "roles": ROLES,
        }
        served = serve(oidc=(OidcProvider(**{**right, **(lab or {})}), *more), **settings)
        provider.now = served.clock
        return Site(served, provider, served.app.test_client())

    return make
