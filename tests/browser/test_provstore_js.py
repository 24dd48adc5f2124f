"""provstore.js in pages of another site: the example of the documentation, and every line of its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Open, Site, Window
from tests.e2e.served import PATIENCE, ROOT, Served, write_services

DOCUMENTED: Final = "https://prov.example.org"
PAGE: Final = (ROOT / "docs" / "provstore-js.md").read_text(encoding="utf-8")
EXAMPLE: Final = "/docs/examples/portal.html"
EMPTY: Final = '<!doctype html><link rel="icon" href="data:,">'
OWN_COPY: Final = "/provstore/web/static/provstore.js"
LONG: Final = 1000 * PATIENCE
"""Milliseconds that a busy machine may take."""

TELLS: Final = re.compile(r"console\.log\(.*\); // (.+)$", re.MULTILINE)


class Portal(ThreadingHTTPServer):
    """Another site, that serves the files of the repository; the example knows where the server is."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), partial(Pages, directory=str(ROOT)))
        self.server = DOCUMENTED
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.unlisted = f"http://localhost:{self.server_port}"


class Pages(SimpleHTTPRequestHandler):
    """Its pages: / is empty."""

    server: Portal

    def do_GET(self) -> None:
        """Send a file."""
        if self.path not in {"/", EXAMPLE}:
            return super().do_GET()
        text = EMPTY if self.path == "/" else (ROOT / EXAMPLE[1:]).read_text("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.replace(DOCUMENTED, self.server.server).encode())
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """Give the other site."""
    with Portal() as served:
        thread = Thread(target=served.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Iterator[Site]:
    """Give a server that lists the other site by one of its two names."""
    place = tmp_path_factory.mktemp("listing")
    services = str(write_services(place / "services"))
    served = Served(place, {"PROVSTORE_DESCRIPTIONS": services, "PROVSTORE_CORS_ORIGINS": portal.origin})
    try:
        site = Site(served.start())
        portal.server = site.address
        site.account("curie")
        yield site
    finally:
        served.clear()


@pytest.fixture
def abroad(window: Open, portal: Portal) -> Callable[..., tuple[Window, Page]]:
    """Open a page of the other site: ``abroad("/", "said on the console")``."""

    def open_page(path: str = "/", *allowed: str, origin: str = portal.origin) -> tuple[Window, Page]:
        opened = window(accept_downloads=True)
        opened.allowed.extend((f"another host: {origin}/", *allowed))
        return opened, opened.open(origin + path)

    return open_page


Abroad = Callable[..., tuple[Window, Page]]


def run(page: Page, script: str, *, module: str, server: str, token: str = "") -> Any:
    """Run lines in a page that has imported the client from somewhere, as ``server``; give what they return."""
    return page.evaluate(
        """async ([module, address, token, script]) => {
             const { Provstore } = await import(module);
             const Lines = Object.getPrototypeOf(async function () {}).constructor;
             const told = ({ name, status, message, field }) => [name, status, message, field];
             return new Lines("server", "told", script)(new Provstore(address, { token }), told);
           }""",
        [module, server, token, script],
    )


# --- the example


def test_a_page_of_another_site_runs_a_job_from_a_file_to_its_product(site: Site, abroad: Abroad) -> None:
    reader, page = abroad(EXAMPLE)
    page.get_by_label("Token").fill(site.tokens["curie"])
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#told")).to_have_text("Connected", timeout=LONG)
    page.get_by_label("Service").select_option("reads")
    page.get_by_label("code").fill('echo begin; cp "$input" made.dat; echo end')
    page.get_by_label("input").set_input_files({"name": "sun.txt", "mimeType": "text/plain", "buffer": b"a star"})
    page.get_by_role("button", name="Run").click()
    expect(page.locator("output")).to_have_text("COMPLETED", timeout=LONG)
    expect(page.get_by_label("What it prints")).to_have_text("begin\nend\n", timeout=LONG)
    expect(page.locator("#lineage")).to_contain_text("sun.txt", timeout=LONG)
    assert reader.barriers(page) == []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save data").click()
    assert Path(saved.value.path()).read_bytes() == b"a star"
    assert site.ask("GET", f"/uws/reads/{page.locator('h2 code').inner_text()}")["ownerId"] == "curie"


def test_a_page_of_another_site_says_a_mistake_beside_its_field_and_ends_a_job(site: Site, abroad: Abroad) -> None:
    _, page = abroad(EXAMPLE, "status of 400", "status of 404")
    page.get_by_role("button", name="Connect").click()
    page.get_by_label("Service").select_option("sleep")
    page.get_by_label("exit_code").fill("700")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("label", has_text="exit_code").locator(".wrong")).to_contain_text("700", timeout=LONG)
    expect(page.get_by_label("exit_code")).to_be_focused()
    page.get_by_label("exit_code").fill("0")
    page.get_by_label("duration").fill("600")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("output")).to_have_text("EXECUTING", timeout=LONG)
    page.get_by_role("button", name="Abort").click()
    expect(page.locator("output")).to_have_text("ABORTED", timeout=LONG)
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#told")).to_have_text("Deleted; its provenance stays.", timeout=LONG)
    assert page.locator("#job").is_hidden()


def test_a_wrong_token_is_told(abroad: Abroad) -> None:
    _, page = abroad(EXAMPLE, "status of 401")
    page.get_by_label("Token").fill("pvs_wrong")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#told")).to_have_text(re.compile("this token is not known here"), timeout=LONG)
    assert page.locator("#run").is_hidden()


def test_a_page_that_is_not_listed_is_told_why_nothing_comes(site: Site, portal: Portal, abroad: Abroad) -> None:
    _, page = abroad(EXAMPLE, "CORS policy", "net::ERR_FAILED", "status of 403", origin=portal.unlisted)
    expect(page.locator("#told")).to_contain_text("does not list this page's origin", timeout=LONG)
    script = "return server.services().catch(told);"
    told = run(page, script, module=OWN_COPY, server=site.address)
    words = f"{site.address} lets no page of {portal.unlisted} read its answers"
    assert told == ["ProvstoreError", 0, f"{words}: PROVSTORE_CORS_ORIGINS does not list it there", None]


# --- what the module promises


def test_a_token_goes_to_its_server_only(site: Site, portal: Portal, abroad: Abroad) -> None:
    _, page = abroad()
    script = 'return server.read("http://127.0.0.1:1/secret").catch(told);'
    told = run(page, script, module=f"{site.address}/static/provstore.js", server=site.address, token="pvs_secret")
    assert told == ["ProvstoreError", 0, f"http://127.0.0.1:1/secret is no address of {site.address}", None]


def test_events_that_are_refused_are_not_asked_for_again(site: Site, abroad: Abroad) -> None:
    _, page = abroad("/", "status of 404")
    script = """return new Promise((done) => {
      server.events(() => {}, { service: "nothing", lost: () => done("lost"), ended: (error) => done(told(error)) });
    });"""
    told = run(page, script, module=f"{site.address}/static/provstore.js", server=site.address)
    assert told[:2] == ["ProvstoreError", 404]


def test_who_follows_a_job_misses_nothing_though_the_server_is_started_anew(
    site: Site, abroad: Abroad, tmp_path: Path
) -> None:
    _, page = abroad("/", "net::ERR")
    code = f'echo one; until [ -e "{tmp_path}/go" ]; do sleep 0.1; done; echo two; echo x > out.txt'
    script = """
      const job = await server.create("one", { code: args }, { start: true });
      window.heard = [];
      window.printed = "";
      server.events((_, facts) => heard.push(facts.phase), { service: "one", since: job.creationTime });
      window.over = server.wait("one", job.jobId);
      window.read = (async () => {
        for await (const text of server.follow("one", job.jobId)) printed += text;
      })();"""
    module = f"{site.address}/static/provstore.js"
    run(page, script.replace("args", repr(code)), module=module, server=site.address, token=site.tokens["curie"])
    page.wait_for_function('printed === "one\\n" && heard.includes("EXECUTING")')
    site.served.kill()
    (tmp_path / "go").touch()
    site.served.start(port=int(site.address.rpartition(":")[2]))
    assert page.evaluate("over.then((job) => job.phase)") == "COMPLETED"
    page.evaluate("read")
    assert page.evaluate("printed") == "one\ntwo\n"
    page.wait_for_function('heard.includes("COMPLETED")')
    told = page.evaluate("[...new Set(heard)]")
    assert told == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]


# --- the documentation


def test_all_examples_of_the_page_run_one_after_the_other(site: Site, abroad: Abroad) -> None:
    _, page = abroad("/", "status of 400", "status of 401")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
    examples = "".join(re.findall(r"^```js\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    text = examples.replace(DOCUMENTED, site.address).replace("TOKEN", repr(site.tokens["curie"]))
    page.evaluate('text => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))', text)
    assert [" ".join(one.split()) for one in said] == TELLS.findall(examples)
    methods = set(re.findall(r"^  (?:async )?(\w+)\(.*\{$", (ROOT / OWN_COPY[1:]).read_text("utf-8"), re.MULTILINE))
    assert methods - {"constructor"} <= set(re.findall(r"server\.(\w+)\(", examples))
