"""Commands and files on one host by one connection, for many threads at once."""

from __future__ import annotations

import random
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Final

from paramiko import Channel, ChannelException, SFTPClient, SSHException
from paramiko.sftp import SFTPError

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.commands import Ran, converse, written
from provstore.uws.executors.ssh.connecting import Connection, connect
from provstore.uws.executors.ssh.logins import Login
from provstore.uws.executors.ssh.places import Places
from provstore.uws.executors.ssh.remote_files import RemoteFiles

__all__ = ["Ran", "Shell"]

_JITTER: Final = 0.3
"""Seconds at most before a lost connection is made again: not all who lost one come back in the same instant."""

_PAUSE: Final = 0.02
"""Seconds at most before a channel that the host refused is asked for again."""

_FILE_TIMEOUT: Final = 60.0
"""Seconds that a file session waits for an answer."""

_SFTP_SERVERS: Final = tuple(
    f"/usr/{folder}/sftp-server"
    for folder in ("lib/openssh", "libexec/openssh", "lib/ssh", "libexec", "lib/misc", "local/libexec")
)
"""Where systems keep the program that serves files."""

_BY_SHELL: Final = ("/bin/sh", "-c", 'exec "$@"', "sh")
"""In front of what runs in another account: one program for sudo's rule to name."""

_FIRST_PROGRAM: Final = 'for name in "$@"; do if [ -x "$name" ]; then printf %s "$name"; exit 0; fi; done; exit 1'


class Shell:
    """One login's connection, made when it is first needed and again after it was lost.

    Args:
        login: Where.
        channels: At most so many commands and file sessions at a time (sshd's MaxSessions is 10); more wait.
        sessions: At most so many of them are file sessions.
        run_as: An account that commands and files belong to, by ``sudo -n -u … -- /bin/sh``; "" for the login's own.
        counted: Called with the first word of each command that is sent, with ``sftp`` for each use of files.
    """

    def __init__(
        self,
        login: Login,
        *,
        channels: int = 6,
        sessions: int = 3,
        run_as: str = "",
        counted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.login = login
        self._sudo = ("sudo", "-n", "-u", run_as, "--") if run_as else ()
        self._become = (*self._sudo, *_BY_SHELL) if run_as else ()
        self._counted = counted
        self._places: Places[SFTPClient] = Places(channels, most=sessions, close=_let_go)
        self._connecting = threading.Lock()
        self._connection: Connection | None = None
        self._failed: tuple[float, str] = (0.0, "")
        self._sftp_server = ""

    def run(self, *command: str, stdin: bytes = b"", timeout: float = 60.0) -> Ran:
        """Run a command; each word arrives as it is, whatever is in it.

        Raises:
            Invalid: a word that can't be passed on.
            Unavailable: the host can't be reached (nothing was run), or the answer was lost (it may have been).
        """
        text = written((*self._become, *command), fed=bool(stdin))
        asked_at = time.monotonic()
        with self._told(command[0]), self._places.place():
            channel = self._channel(asked_at)
            try:
                self._counted(command[0])
                ran = converse(channel, text, stdin=stdin, timeout=timeout)
            finally:
                _let_go(channel)
        if self._become and ran.code == 1 and ran.err.startswith("sudo: "):
            raise Unavailable(f"{self.login.place}: {command[0]}: {' '.join(self._sudo)}: {ran.err.strip()}")
        return ran

    def script(self, text: str, *arguments: str, stdin: bytes = b"", timeout: float = 60.0) -> Ran:
        """Run lines of ``sh`` that find values in ``$1``, ``$2``…: nothing of a caller's belongs into the text."""
        return self.run("sh", "-c", text, "sh", *arguments, stdin=stdin, timeout=timeout)

    def files(self) -> AbstractContextManager[RemoteFiles]:
        """Lend a file session; after an error in the block it is not used again.

        Raises:
            Unavailable: the host can't be reached, or the connection broke.
        """
        return self._files()

    def close(self) -> None:
        """End the connection; the next use makes it again."""
        self._places.empty()
        with self._connecting:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _files(self) -> Iterator[RemoteFiles]:
        server = self._found_sftp_server() if self._become else ""
        open_session = partial(self._session, server, time.monotonic())
        with self._told("files"), self._places.lent(open_session, good=_answers) as session:
            self._counted("sftp")
            yield RemoteFiles(session, digest=self._digest)

    def _session(self, server: str, asked_at: float) -> SFTPClient:
        """Open a file session: sshd's own, or the server program as another account."""
        channel = self._channel(asked_at)
        channel.settimeout(_FILE_TIMEOUT)
        try:
            if server:
                channel.exec_command(shlex.join((*self._become, server)))
            else:
                channel.invoke_subsystem("sftp")
            return SFTPClient(channel)
        except (SSHException, EOFError, OSError) as error:
            _let_go(channel)
            why = f"{' '.join(self._sudo)} {server}" if server else "is its sftp subsystem on?"
            raise Unavailable(f"no file session ({why}): {str(error) or type(error).__name__}") from error

    def _found_sftp_server(self) -> str:
        """Look once where the server program is."""
        if not self._sftp_server:
            ran = self.script(_FIRST_PROGRAM, *_SFTP_SERVERS)
            if ran.code:
                raise Unavailable(f"{self.login.place}: no sftp-server found in {', '.join(_SFTP_SERVERS)}")
            self._sftp_server = ran.out
        return self._sftp_server

    def _digest(self, path: str) -> str:
        """Ask the host for the sha256 of a file; "" where it can't tell."""
        ran = self.script('exec sha256sum -- "$1"', path, timeout=3600.0)
        return ran.out.removeprefix("\\")[:64] if ran.code == 0 else ""

    def _channel(self, asked_at: float) -> Channel:
        """Open a channel, if need be on a new connection: nothing was sent yet, so it may be tried again.

        A connection on which none can be opened for long is ended: commands that were given up may hold its channels.
        """
        ends = time.monotonic() + self.login.limit
        lost = False
        while True:
            connection = self._connected(asked_at)
            try:
                return connection.transport.open_session(timeout=self.login.limit)
            except ChannelException as error:  # sshd counts a channel for a moment, or its command's life, longer
                if time.monotonic() > ends:
                    connection.close()
                    raise Unavailable(f"the host opens no channel: {error.text}: too many are open") from error
                time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - nobody is to guess it
            except (SSHException, EOFError, OSError) as error:
                connection.close()
                if lost:
                    raise Unavailable(f"no channel: {str(error) or type(error).__name__}") from error
                lost = True

    def _connected(self, asked_at: float) -> Connection:
        """Give the connection, made anew if it is lost. Where it failed since it was asked for, it fails again."""
        with self._connecting:
            if self._connection is not None:
                if self._connection.alive:
                    return self._connection
                self._connection.close()
                self._connection = None
                time.sleep(random.uniform(0, _JITTER))  # noqa: S311 - nobody is to guess it
            failed_at, message = self._failed
            if failed_at > asked_at:
                raise Unavailable(message)
            try:
                self._connection = connect(self.login)
            except Unavailable as error:
                self._failed = (time.monotonic(), error.message)
                raise
            self._failed = (0.0, "")
            return self._connection

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Name the place and the command in an error that does not."""
        try:
            yield
        except Unavailable as error:
            if self.login.place in error.message:
                raise
            raise Unavailable(f"{self.login.place}: {what}: {error.message}") from error


def _answers(session: SFTPClient) -> bool:
    """Ask for next to nothing: a connection that was just cut looks well until something is sent."""
    try:
        session.normalize(".")
    except (SSHException, SFTPError, EOFError, OSError):
        return False
    return True


def _let_go(opened: SFTPClient | Channel) -> None:
    """Close it; that the connection is gone already is no news."""
    with suppress(SSHException, EOFError, OSError):
        opened.close()
