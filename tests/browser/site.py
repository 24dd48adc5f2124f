"""A running server for the browser's tests: its people, its jobs, and windows in which to look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from provstore.client import Client, RemoteJob
from tests.e2e.served import PATIENCE, Served
from tests.parts import AXE

__all__ = ["PASSWORD", "Site", "Window"]

PASSWORD: Final = "a password of this test run"
_PATIENCE_MS: Final = 1000 * PATIENCE
_SERIOUS: Final = frozenset({"serious", "critical"})


class Site:
    """A server, and people with accounts on it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.address = served.address
        self.tokens: dict[str, str] = {}

    def account(self, name: str, *roles: str, admin: bool = False) -> str:
        """Make an account with a password, if it is not there yet; give its name."""
        if name not in self.tokens:
            self.ask("POST", "/accounts", json={"name": name, "admin": admin})
            made = self.ask("POST", f"/accounts/{name}/tokens", json={"name": "tests"})
            self.tokens[name] = made["token"]
            for role in roles:
                self.ask("POST", f"/accounts/{name}/roles", json={"role": role})
            self.ask("POST", "/account/password", by=name, json={"password": PASSWORD})
        return name

    def ask(self, method: str, path: str, *, by: str = "", **sent: Any) -> Any:
        """Ask the server as somebody, the first administrator by default; give its JSON."""
        token = self.tokens[by] if by else self.served.admin_token
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"} | sent.pop("headers", {})
        answer = httpx.request(method, self.address + path, headers=headers, timeout=PATIENCE, **sent)
        assert answer.is_success, answer.text
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def client(self, by: str = "") -> Client:
        """Give a client of the server, to be closed: of somebody, or of an anonymous visitor."""
        return self.served.client(token=self.tokens[by] if by else "")

    def finished(self, service: str, *, by: str = "", **parameters: Any) -> RemoteJob:
        """Run a job to its end."""
        with self.client(by) as client:
            return client.wait(client.run(service, parameters=parameters))


class Window:
    """A browser of one person, whose pages must be silent: nothing on the console, no request to another host.

    What a test expects to be said on the console, it adds to ``allowed``.
    """

    def __init__(self, browser: Browser, site: Site, **options: Any) -> None:
        self.site = site
        self.context: BrowserContext = browser.new_context(base_url=site.address, **options)
        self.context.set_default_timeout(_PATIENCE_MS)
        self.faults: list[str] = []
        self.allowed: list[str] = []
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.context.on("request", self._asked)

    def sign_in(self, name: str) -> Window:
        """Sign in by password, as the log-in page does."""
        body = json.dumps({"name": name, "password": PASSWORD})
        kind = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = self.context.request.post("/session", data=body, headers=kind)
        assert answer.ok, answer.text()
        return self

    def open(self, path: str) -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        page.goto(path)
        return page

    def barriers(self, page: Page, *, rules: Sequence[str] = ()) -> list[str]:
        """Give what axe-core finds serious or critical in a page, by some of its rules or by all, with the element.

        What it does to the page itself, and its policy forbids, is not the page's fault.
        """
        before = len(self.faults)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text(encoding="utf-8"))
        how = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": list(rules)} if rules else {})
        found = page.evaluate("(how) => axe.run(document, how)", how)
        del self.faults[before:]
        return [
            f"{one['id']}: {one['help']}: {node['target']} {node['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in _SERIOUS
            for node in one["nodes"]
        ]

    def close(self) -> None:
        """Close it, and fail if a page was not silent."""
        self.context.close()
        loud = [one for one in self.faults if not any(word in one for word in self.allowed)]
        assert not loud, "\n".join(loud)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text} ({message.location})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.site.address, "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")


Open = Callable[..., Window]
"""``window()`` or ``window("curie", viewport={...}, color_scheme="dark", java_script_enabled=False)``."""
