"""The wrapper's call-backs, heard by a real HTTP server."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provstore.uws.executors.status import WRAPPER
from tests.contract.executor_bench import eventually, stage


@dataclass(slots=True, kw_only=True)
class Heard:
    """What the server heard: path, token and body of each call; ``answers`` are the codes to come (then 204)."""

    calls: list[tuple[str, str | None, dict[str, object]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def states(self) -> list[object]:
        return [body["state"] for _, _, body in self.calls]


def listener(port: int, heard: Heard) -> ThreadingHTTPServer:
    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.calls.append((self.path, self.headers["Authorization"], body))
            self.send_response(heard.answers.pop(0) if heard.answers else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Ear)


def serve(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def url(heard: Heard) -> Iterator[str]:
    server = listener(0, heard)
    for _ in serve(server):
        yield f"http://127.0.0.1:{server.server_address[1]}/signals/j1"


def start(directory: Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", str(WRAPPER), str(directory)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def status(directory: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((directory / "status.json").read_bytes())
    return content


def test_the_server_hears_of_start_and_end_with_the_token_of_the_job(tmp_path: Path, heard: Heard, url: str) -> None:
    directory = stage(tmp_path / "j1", "until [ -e told ]; do sleep 0.01; done; exit 3", callback=url)
    process = start(directory)
    eventually(lambda: heard.states == ["EXECUTING"])
    (directory / "work" / "told").touch()
    assert process.wait(20) == 3
    assert heard.states == ["EXECUTING", "ENDED"]
    assert {(path, token) for path, token, _ in heard.calls} == {("/signals/j1", "Bearer token-of-j1")}
    assert heard.calls[-1][2] == status(directory)
    assert not (directory / "callback.log").exists()


def test_the_end_is_on_record_before_the_server_hears_of_it(tmp_path: Path, heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        directory = stage(tmp_path / "j1", "exit 0", callback=address)
        process = start(directory)
        eventually(lambda: (directory / "status.json").exists() and status(directory)["state"] == "ENDED")
        assert process.poll() is None
        process.kill()
        process.wait(20)


def test_a_server_that_is_down_at_first_hears_of_the_end_later(tmp_path: Path, heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    directory = stage(tmp_path / "j1", "exit 0", callback=f"http://127.0.0.1:{port}/x")
    process = start(directory)
    eventually((directory / "callback.log").exists)
    for _ in serve(listener(port, heard)):
        assert process.wait(20) == 0
    assert heard.states == ["ENDED"]


def test_a_server_in_trouble_is_asked_again(tmp_path: Path, heard: Heard, url: str) -> None:
    heard.answers = [503, 500]
    directory = stage(tmp_path / "j1", "exit 0", callback=url)
    (directory / "abort").touch()
    start(directory).wait(20)
    assert heard.states == ["ENDED"] * 3
    assert len((directory / "callback.log").read_text("utf-8").splitlines()) == 2


def test_a_refusal_is_final_and_changes_nothing_for_the_job(tmp_path: Path, heard: Heard, url: str) -> None:
    heard.answers = [401, 401]
    directory = stage(tmp_path / "j1", "exit 0", callback=url)
    assert start(directory).wait(20) == 0
    assert heard.states[-1] == "ENDED"
    assert heard.states.count("ENDED") == 1
    assert status(directory)["exit_code"] == 0


def test_a_payload_does_not_wait_for_a_silent_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        directory = stage(tmp_path / "j1", "echo ran", callback=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        process = start(directory)
        eventually(lambda: (directory / "stdout").exists() and (directory / "stdout").read_bytes() == b"ran\n")
        process.kill()
        process.wait(20)


def test_the_token_is_in_no_argument_and_no_environment(tmp_path: Path, heard: Heard, url: str) -> None:
    script = "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c token-of-j[1]"
    directory = stage(tmp_path / "j1", script, callback=url)
    start(directory).wait(20)
    assert (directory / "stdout").read_bytes() == b"0\n"


def test_what_is_refused_lies_in_the_spool(tmp_path: Path, heard: Heard, url: str) -> None:
    """Something between us and the server may refuse what the server would take."""
    heard.answers = [403] * 2
    directory = stage(tmp_path / "j1", "exit 0", callback=url, spool=str(tmp_path / "spool"))
    start(directory).wait(20)
    assert json.loads((tmp_path / "spool" / "j1.2").read_bytes()) == status(directory)


def test_what_was_heard_is_not_spooled(tmp_path: Path, heard: Heard, url: str) -> None:
    directory = stage(tmp_path / "j1", "exit 0", callback=url, spool=str(tmp_path / "spool"))
    start(directory).wait(20)
    assert (heard.states[-1], (tmp_path / "spool").exists()) == ("ENDED", False)


@pytest.mark.parametrize(
    ("greeting", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "that is no HTTP server: it says 'SSH-2.0-OpenSSH_9.2'"),
        (b"5 ready\r\n", "that is no HTTP server: it says '5 ready'"),
        (b"", "it hung up without an answer"),
    ],
)
def test_what_is_no_http_server_is_called_so(tmp_path: Path, greeting: bytes, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=greet_all, args=(other, greeting), daemon=True).start()
        address = f"http://127.0.0.1:{other.getsockname()[1]}/"
        directory = stage(tmp_path / "j1", "exit 0", callback=address)
        process = start(directory)
        log = directory / "callback.log"
        eventually(lambda: log.exists() and problem in log.read_text("utf-8"))
        process.kill()
        process.wait(20)


def greet_all(server: socket.socket, greeting: bytes) -> None:
    """Say the same to all who call, and hang up; the call of the start may be cut off by that of the end."""
    with suppress(OSError):
        while True:
            with server.accept()[0] as link:
                link.recv(10_000)
                link.sendall(greeting)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of localhost, and its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test")
    file = tmp_path / "certificate.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run([*words.split(), *names], check=True, capture_output=True)
    return file


@pytest.fixture
def secret_url(heard: Heard, certificate: Path) -> Iterator[str]:
    server = listener(0, heard)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for _ in serve(server):
        yield f"https://localhost:{server.server_address[1]}/x"


def test_a_server_with_a_certificate_is_called_over_tls(
    tmp_path: Path, heard: Heard, certificate: Path, secret_url: str
) -> None:
    directory = stage(tmp_path / "j1", "exit 0", callback=secret_url)
    start(directory, SSL_CERT_FILE=str(certificate)).wait(20)
    assert heard.states[-1:] == ["ENDED"]


def test_the_authority_of_the_server_can_be_named(
    tmp_path: Path, heard: Heard, certificate: Path, secret_url: str
) -> None:
    directory = stage(tmp_path / "j1", "exit 0", callback=secret_url, callback_ca=str(certificate))
    start(directory).wait(20)
    assert heard.states[-1:] == ["ENDED"]


def test_a_file_of_authorities_that_is_not_there_is_named(tmp_path: Path, heard: Heard, secret_url: str) -> None:
    directory = stage(tmp_path / "j1", "exit 0", callback=secret_url, callback_ca="/nowhere/ca.pem")
    process = start(directory)
    log = directory / "callback.log"
    eventually(lambda: log.exists() and "callback_ca /nowhere/ca.pem: No such file" in log.read_text("utf-8"))
    process.kill()
    process.wait(20)
    assert heard.calls == []


def test_a_server_whose_certificate_nobody_vouches_for_is_not_told(
    tmp_path: Path, heard: Heard, secret_url: str
) -> None:
    directory = stage(tmp_path / "j1", "exit 0", callback=secret_url)
    process = start(directory)
    log = directory / "callback.log"
    eventually(lambda: log.exists() and "CERTIFICATE_VERIFY_FAILED" in log.read_text("utf-8"))
    process.kill()
    process.wait(20)
    assert heard.calls == []
