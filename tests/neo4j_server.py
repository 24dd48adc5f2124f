"""A real Neo4j Community server for the tests, without Docker: jars from Maven, started by Java.

The server belongs to a *keeper* process, not to a test process. Whoever needs the server of a place holds a shared lock
there; the keeper waits for the exclusive lock. The kernel lets go of a lock when its process ends, however it ends, so
nothing is left behind when a test process is killed. Each worker has a place, and a server, of its own: none waits for
another's tests.

By hand: ``python tests/neo4j_server.py start`` prints the settings that provstore needs, ``stop`` ends the server.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from neo4j import GraphDatabase

__all__ = ["Neo4jServer", "NoServer", "jars", "main", "running_server", "wipe"]

VERSION: Final = "5.26.30"
POM: Final = Path(__file__).parent / "neo4j" / "pom.xml"
USER: Final = "neo4j"
START_LIMIT: Final = 180.0
_CONFIG: Final = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.bolt.connection_keep_alive=1s
server.bolt.connection_keep_alive_probes=3
server.memory.pagecache.size=256m
dbms.usage_report.enabled=false
db.tx_log.rotation.retention_policy=keep_none
"""
_OPENED: Final = ("java.nio", "java.io", "sun.nio.ch", "java.lang", "java.util.concurrent")


class NoServer(Exception):
    """Neo4j can't be had here: Java or Maven is missing, or the server does not start."""


class Neo4jServer(NamedTuple):
    """Where the running server is, and who may enter."""

    url: str
    user: str
    password: str


@contextmanager
def running_server(place: Path) -> Iterator[Neo4jServer]:
    """Share the server of this place, starting it if nobody has; the keeper ends it after the last user.

    Raises:
        NoServer: it can't be downloaded or started.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / "users.lock").open("a") as users:
        with (place / "start.lock").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            server = _known(place) or _launch_keeper(place)
        yield server


def wipe(server: Neo4jServer) -> None:
    """Remove all nodes, the store's own included; constraints and indexes stay."""
    with GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n", database_="neo4j")


def jars() -> Path:
    """Give the folder with the server's jars, downloaded once by Maven into the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provstore"
    folder = cache / f"neo4j-{VERSION}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServer("Maven (mvn) is not installed")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "jars"
        command = [maven, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not fresh.is_dir():
            raise NoServer(f"Maven could not get the jars: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        _rename_first(fresh, folder)
    return folder


def _rename_first(fresh: Path, folder: Path) -> None:
    """Whoever is first wins: another process may have downloaded the same in the meantime."""
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _known(place: Path) -> Neo4jServer | None:
    try:
        return Neo4jServer(**json.loads((place / "server.json").read_text()))
    except FileNotFoundError:
        return None


def _launch_keeper(place: Path, *, until: str = "unused") -> Neo4jServer:
    if shutil.which("java") is None:
        raise NoServer("Java is not installed")
    jars()
    keeper = _spawn([sys.executable, __file__, "keep", str(place), until], log=place / "keeper.log")
    deadline = time.monotonic() + START_LIMIT
    while (server := _known(place)) is None:
        ended, _ = os.waitpid(keeper, os.WNOHANG)
        if ended or time.monotonic() > deadline:
            raise NoServer(f"the server did not start:\n{_tail(place / 'keeper.log')}")
        time.sleep(0.1)
    return server


def _spawn(command: list[str], *, log: Path) -> int:
    """Start a process that outlives this one; a Popen object would complain about that."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsid=True)


def _keep(place: Path, *, until: str) -> None:
    """Run the server until nobody uses it, or until a signal says so; then remove what it wrote."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (place / "keeper.pid").write_text(str(os.getpid()))
    home = Path(tempfile.mkdtemp(prefix="home-", dir=place))
    port = _free_port()
    java = _start_java(home, port=port)
    with (place / "users.lock").open("a") as users:
        try:
            _wait_until_ready(java, home)
            _publish(place, _change_password(f"bolt://127.0.0.1:{port}"))
            if until == "unused":
                fcntl.flock(users, fcntl.LOCK_EX)
            else:
                java.wait()
        finally:
            (place / "server.json").unlink(missing_ok=True)
            java.kill()  # an orderly end takes ten seconds, and its data goes with it
            java.wait()
            shutil.rmtree(home, ignore_errors=True)
            (place / "keeper.pid").unlink()


def _free_port() -> int:
    """Neo4j can choose a port itself, but does not tell which."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _start_java(home: Path, *, port: int) -> subprocess.Popen[bytes]:
    (home / "conf").mkdir()
    (home / "conf" / "neo4j.conf").write_text(_CONFIG.format(port=port))
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    command = ["java", "-Xms256m", "-Xmx512m", "-XX:+UseParallelGC", *opens, "-cp", f"{jars()}/*"]
    command += ["org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}", f"--config-dir={home / 'conf'}"]
    with (home / "out.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def _wait_until_ready(java: subprocess.Popen[bytes], home: Path) -> None:
    log = home / "logs" / "neo4j.log"
    deadline = time.monotonic() + START_LIMIT
    while not (log.exists() and " Started." in log.read_text()):
        if java.poll() is not None or time.monotonic() > deadline:
            raise NoServer(f"Java said:\n{_tail(home / 'out.log')}\n{_tail(log)}")
        time.sleep(0.1)


def _change_password(url: str) -> Neo4jServer:
    """A new server has a well-known password and demands another one first."""
    password = secrets.token_urlsafe(24)
    with GraphDatabase.driver(url, auth=(USER, "neo4j")) as driver:
        driver.execute_query(
            "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password", password=password, database_="system"
        )
    return Neo4jServer(url, USER, password)


def _publish(place: Path, server: Neo4jServer) -> None:
    for name, text in (("password", server.password), ("server.json", json.dumps(server._asdict()))):
        fresh = place / f"{name}.new"
        with open(fresh, "w", opener=_owner_only) as file:
            file.write(text)
        fresh.rename(place / name)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tail(file: Path) -> str:
    return file.read_text(errors="replace")[-4000:] if file.exists() else f"(no {file.name})"


def _by_hand() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"provstore-neo4j-{os.getuid()}"


def _start(out: IO[str]) -> None:
    place = _by_hand()
    place.mkdir(mode=0o700, exist_ok=True)
    server = _known(place) or _launch_keeper(place, until="stopped")
    out.write(f"PROVSTORE_GRAPH_URL={server.url}\nPROVSTORE_GRAPH_USER={server.user}\n")
    out.write(f"PROVSTORE_GRAPH_PASSWORD_FILE={place / 'password'}\n")


def _stop() -> None:
    place = _by_hand()
    pid = place / "keeper.pid"
    if not _known(place) or not pid.exists():
        return
    os.kill(int(pid.read_text()), signal.SIGTERM)
    while pid.exists():
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    """Do what the command line says: ``start``, ``stop``, or ``keep PLACE unused|stopped`` (the keeper itself)."""
    match arguments:
        case ["start"]:
            _start(sys.stdout)
        case ["stop"]:
            _stop()
        case ["keep", place, until]:
            _keep(Path(place), until=until)
        case _:
            sys.stderr.write("usage: neo4j_server.py start|stop\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
