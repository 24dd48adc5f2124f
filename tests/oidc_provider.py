"""A real OpenID Connect provider for the tests: Canaille, in a virtual environment of its own, and a browser's part."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

__all__ = ["NoProvider", "RealProvider", "agree", "environment", "running_provider"]

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements-oidc.lock"
SERVER: Final = Path(__file__).parent / "oidc" / "canaille_server.py"
PASSWORD: Final = "galaxies rotate too fast"


class NoProvider(Exception):
    """Canaille can't be had here."""


def environment() -> Path:
    """Give the Python of the virtual environment, made once in the user's cache for each content of the lock file.

    Raises:
        NoProvider: it can't be made, as without a package registry.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provstore"
    cache.mkdir(parents=True, exist_ok=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = cache / f"canaille-{version}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with (cache / "canaille.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two test processes make it once
        if not (place / "complete").exists():
            _run(sys.executable, "-m", "venv", "--clear", str(place))
            _run(str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(LOCK))
            (place / "complete").touch()
    return place / "bin" / "python"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoProvider(f"{' '.join(command[:4])} failed: {done.stderr[-1000:]}")


class RealProvider:
    """A running provider; ``issuer`` is its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.issuer = self._read()

    def user(self, name: str, *, display: str, mail: str) -> None:
        """Make a user, whose preferred_username is the name for display."""
        self._do("user", name, password=PASSWORD, display=display, mail=mail)

    def groups(self, name: str, **groups: bool) -> None:
        """Put a user into groups, or out of them."""
        self._do("groups", name, groups=groups)

    def client(self, client_id: str, *, redirect_uri: str, secret: str = "", home: str = "") -> None:
        """Register a client, a public one without a secret; browsers that sign out are led to its home."""
        self._do("client", client_id, redirect_uri=redirect_uri, secret=secret, home=home)

    def _do(self, action: str, name: str, **facts: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": action, "name": name, "with": facts}) + "\n")
        self._process.stdin.flush()
        assert self._read() == "done"

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        if not line:
            raise NoProvider("the provider has ended; see its log")
        return line


@contextmanager
def running_provider(folder: Path) -> Iterator[RealProvider]:
    """Run a provider with its database and its log in a folder.

    Raises:
        NoProvider: it can't be had or started.
    """
    python = environment()
    folder.mkdir()
    with (folder / "log").open("a") as errors:
        process = subprocess.Popen(
            [str(python), str(SERVER), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        try:
            yield RealProvider(process)
        finally:
            process.kill()


def agree(browser: httpx.Client, address: str, *, user: str, answer: str = "accept") -> httpx.Response:
    """Do what a person does at the provider: name, password, consent. Give the redirect that leads away from there."""
    facts = {"login": user, "password": PASSWORD, "answer": answer}
    home = httpx.URL(address).netloc
    page = browser.get(address)
    for _ in range(12):
        if page.has_redirect_location:
            target = urljoin(str(page.url), page.headers["Location"])
            if httpx.URL(target).netloc != home:
                return page
            page = browser.get(target)
        else:
            page = _fill_in(browser, page, facts)
    raise AssertionError(f"the provider never led away: {page.status_code} {page.url}")


def _fill_in(browser: httpx.Client, page: httpx.Response, facts: Mapping[str, str]) -> httpx.Response:
    """Send the form of a page back, with what it asks for."""
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text))
    known = {name: value for name, value in facts.items() if f'name="{name}"' in page.text}
    words = " ".join(unescape(re.sub("<[^>]*>", " ", page.text)).split())
    assert known, f"{page.status_code} {page.url}: {words[:2000]}"
    return browser.post(str(page.url), data=fields | known)
