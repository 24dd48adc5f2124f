"""A real nginx, set up as docs/proxy.md says, in front of a real server."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pyvo.io.vosi import parse_capabilities

from provstore.client import Client
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, ROOT, Served, until
from tests.parts import NGINX

pytestmark = pytest.mark.nginx

EXAMPLE = re.compile(r"```nginx\n(.*?)```", re.DOTALL)
MAIN = """\
daemon off;
{user}
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    {example}
}}
"""
SPOOFED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-For": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(place: Path, behind: str) -> Iterator[str]:
    """Run nginx with the example of the documentation, but for its ports; give the address of the site."""
    port = free_port()
    found = EXAMPLE.search((ROOT / "docs" / "proxy.md").read_text(encoding="utf-8"))
    assert found
    example = found[1].replace("listen 80;", f"listen 127.0.0.1:{port};").replace("127.0.0.1:8080", behind)
    assert example.count(str(port)) == example.count(behind) == 1
    user = "user root;" if os.geteuid() == 0 else ""
    (place / "nginx.conf").write_text(MAIN.format(place=place, user=user, example=example))
    process = subprocess.Popen(
        [str(NGINX), "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log")]
    )
    try:
        until(lambda: listens(port), what="nginx listens")
        yield f"http://127.0.0.1:{port}/prov"
    finally:
        process.send_signal(signal.SIGQUIT if process.poll() is None else 0)
        process.wait(timeout=PATIENCE)


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def behind(make_served: MakeServed) -> Served:
    """A server that believes a proxy on this machine."""
    return make_served(PROVSTORE_TRUSTED_PROXIES="127.0.0.1", PROVSTORE_ANONYMOUS="true").start()


@pytest.fixture(scope="module")
def site(behind: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server behind nginx."""
    with nginx(tmp_path_factory.mktemp("nginx"), urlsplit(behind.address).netloc) as address:
        yield address


def ask(
    address: str,
    method: str = "GET",
    *,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    source: str = "127.0.0.1",
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask once, follow nothing, from one of the addresses of this machine."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(
        str(parts.hostname), parts.port, timeout=PATIENCE, source_address=(source, 0)
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    with closing(connection):
        query = f"?{parts.query}" if parts.query else ""
        connection.request(method, parts.path + query, body, {**form, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def test_every_address_is_that_of_the_site(site: str) -> None:
    status, headers, _ = ask(f"{site}/uws/sleep", "POST", body="duration=0&PHASE=RUN")
    job = headers["Location"]
    assert (status, job.startswith(f"{site}/uws/sleep/j")) == (303, True)
    ask(f"{job}?WAIT=20")
    places = [f"{site}/uws/sleep", job, f"{job}/prov?format=svg", f"{site}/", f"{site}/jdl", f"{site}/openapi.json"]
    texts = [ask(place, headers={"Accept": "*/*"})[2].decode() for place in places]
    texts += [ask(place, headers={"Accept": "application/json"})[2].decode() for place in places]
    port = urlsplit(site).netloc
    found = {address for text in texts for address in re.findall(rf'http://{port}[^"<\s]*', text)}
    assert f"{job}/results/result" in found
    assert {address for address in found if not address.startswith(site)} == set()


def test_no_answer_names_the_address_behind(site: str, behind: Served) -> None:
    _, headers, _ = ask(f"{site}/uws/sleep", "POST", body="duration=0")
    hidden = urlsplit(behind.address).netloc
    for place in ("/uws/sleep", "/capabilities", "/openapi.json", "/", "/jdl", "/availability"):
        answer = ask(site + place)
        assert hidden not in f"{answer[1]}{answer[2].decode()}{headers}", place


def test_the_capabilities_lead_to_the_services(site: str) -> None:
    found = list(parse_capabilities(io.BytesIO(ask(f"{site}/capabilities")[2]), pedantic=True))
    addresses = {one.interfaces[0].accessurls[0].content for one in found}
    assert f"{site}/uws/sleep" in addresses
    by_id = f"{site}/provsap"  # without an ID it has nothing to tell
    assert {ask(address)[0] for address in addresses - {by_id}} == {200}
    assert (by_id in addresses, ask(by_id)[0]) == (True, 400)


def test_our_client_runs_a_job_with_a_file_through_it(site: str, tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(os.urandom(1 << 20) * 8)
    with Client(site) as client:
        job = client.wait(client.run("copy", parameters={}, files={"input": file}))
        assert client.fetch(job.results["output"].href) == file.read_bytes()


def test_a_waiting_client_gets_its_answer_when_the_job_ends(site: str) -> None:
    job = ask(f"{site}/uws/sleep", "POST", body="duration=1&PHASE=RUN")[1]["Location"]
    began, phase = time.monotonic(), "QUEUED"
    while phase in {"QUEUED", "EXECUTING"}:
        phase = json.loads(ask(f"{job}?WAIT=25", headers={"Accept": "application/json"})[2])["phase"]
    assert (phase, time.monotonic() - began < 15) == ("COMPLETED", True)


def test_events_come_as_they_happen(site: str) -> None:
    parts = urlsplit(site)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    with closing(connection):
        connection.request("GET", f"{parts.path}/uws/sleep/events")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type", "").startswith("text/event-stream")
        answer.readline()  # the stream has begun
        job = ask(f"{site}/uws/sleep", "POST", body="duration=0&PHASE=RUN")[1]["Location"]
        seen: list[str] = []
        while "COMPLETED" not in seen:
            line = answer.readline().decode()  # a line that is held back fails by the time limit
            if line.startswith("data:") and (facts := json.loads(line[5:]))["href"] == job:
                seen.append(facts["phase"])
    assert seen[-1] == "COMPLETED"


def test_what_a_client_says_of_itself_does_not_pass_nginx(site: str) -> None:
    status, headers, _ = ask(f"{site}/uws/sleep", "POST", body="duration=0", headers=SPOOFED)
    assert (status, headers["Location"].startswith(f"{site}/uws/sleep/j")) == (303, True)
    assert b"evil" not in ask(f"{site}/capabilities", headers=SPOOFED)[2]


def test_a_client_that_reaches_the_server_itself_is_not_believed(behind: Served) -> None:
    status, headers, _ = ask(
        f"{behind.address}/uws/sleep", "POST", body="duration=0", headers=SPOOFED, source="127.0.0.2"
    )
    assert (status, headers["Location"].startswith(f"{behind.address}/uws/sleep/j")) == (303, True)


def test_a_header_in_another_dress_does_not_pass_either(site: str) -> None:
    dressed = {name.replace("-", "_"): value for name, value in SPOOFED.items()}
    status, _, body = ask(f"{site}/capabilities", headers=dressed)
    assert (status, b"evil" in body) == (200, False)


def test_a_path_that_is_written_badly_leads_to_the_site_and_nowhere_else(site: str) -> None:
    status, headers, _ = ask(f"{site}//uws//sleep")
    assert status in {200, 301, 302, 308}
    assert headers.get("Location", f"{site}/").startswith((f"{site}/", "/prov/"))
