"""How a cluster is reached: a connection for each account, SLURM's commands over it, and whether it answers at all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from provstore.clusters import Cluster
from provstore.errors import Busy, Unavailable
from provstore.uws.executors.slurm import packing, parsing
from provstore.uws.executors.slurm.record import Record
from provstore.uws.executors.slurm.refusals import Refusal, why_refused
from provstore.uws.executors.ssh.logins import Login, login_of
from provstore.uws.executors.ssh.remote_files import RemoteFiles
from provstore.uws.executors.ssh.shell import Ran, Shell

__all__ = ["Asked", "Reach", "Refused", "login_for"]

_SERVICE: Final = ""
"""The account of the service itself."""

_USUAL: Final = 60.0


class Asked(StrEnum):
    """What a command is sent for; counted by these words."""

    PREPARE = "prepare"
    SUBMIT = "submit"
    LOOKUP = "lookup"
    STATUS = "status"
    ACCOUNTING = "accounting"
    CANCEL = "cancel"
    FILES = "files"
    NOTIFY = "notify"
    PROBE = "probe"
    """Whether the cluster answers at all."""


class Refused(Exception):
    """A command of SLURM's ended with an error."""

    def __init__(self, refusal: Refusal, code: int) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.code = code


class Reach:
    """The connections to one cluster, for as many threads as like.

    ``trouble``: why the cluster can't be reached, "" while it can; ``unanswered``: why SLURM did not answer when it was
    asked last.

    Args:
        cluster: Its settings.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        self.trouble = ""
        self.unanswered = ""
        self._guard = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._preparing: dict[str, threading.Lock] = {}
        self._prepared: dict[str, str] = {}

    def directory(self, account: str, job: str) -> PurePosixPath:
        """Give the directory of a job on the cluster."""
        return self.cluster.directory(account) / job

    def folder(self, record: Record) -> PurePosixPath:
        """Give the folder in which the directory of a job lies, wherever the settings put new ones."""
        return PurePosixPath(record.folder) if record.folder else self.cluster.directory(record.account)

    def there(self, record: Record) -> PurePosixPath:
        """Give the directory on the cluster of a job that was sent."""
        return self.folder(record) / record.job

    def wrapper(self, account: str) -> PurePosixPath:
        """Give the folder that holds the wrapper on the cluster."""
        return self.cluster.directory(account) / ".provstore" / packing.wrapper().name

    def prepare(self, account: str) -> str:
        """Make the folders of an account and send the wrapper, once; give SLURM's release.

        Raises:
            Unavailable: the cluster can't be reached, or its folder not be made.
        """
        with self._guard:
            lock = self._preparing.setdefault(account, threading.Lock())
        with lock:
            if account not in self._prepared:
                sent = packing.wrapper()
                folder = str(self.cluster.directory(account))
                ran = self.script(Asked.PREPARE, account, packing.PREPARE, folder, sent.name, stdin=sent.archive)
                if ran.code:
                    said = "; ".join(dict.fromkeys(ran.err.strip().splitlines())) or f"exit status {ran.code}"
                    raise Unavailable(f"cluster {self.cluster.name}: {folder} can't be made ready: {said}")
                self._prepared[account] = parsing.version(ran.out)
            return self._prepared[account]

    def script(
        self, kind: Asked, account: str, text: str, *arguments: str, stdin: bytes = b"", timeout: float = _USUAL
    ) -> Ran:
        """Run a shell text of ours, for so many seconds at most.

        Raises:
            Unavailable: no answer; whether it ran is unknown.
        """
        return self._told(
            kind, account, lambda: self.shell(account).script(text, *arguments, stdin=stdin, timeout=timeout)
        )

    def ask(self, kind: Asked, account: str, command: tuple[str, ...]) -> str:
        """Run a command of SLURM's and give what it printed.

        Raises:
            Refused: it ended with an error.
            Unavailable: no answer.
        """
        ran = self._told(kind, account, lambda: self.shell(account).run(*command))
        if ran.code:
            raise Refused(why_refused(ran.err if ran.err.strip() else ran.out, ran.code), ran.code)
        return ran.out

    @contextmanager
    def files(self, account: str) -> Iterator[RemoteFiles]:
        """Lend a session for files.

        Raises:
            Unavailable: no answer.
        """
        with self._asking(account), self.shell(account).files() as files:
            yield files

    def shell(self, account: str) -> Shell:
        """Give the connection of an account."""
        with self._guard:
            if account not in self._shells:
                self._shells[account] = _shell(self.cluster, account)
            return self._shells[account]

    def check(self) -> None:
        """Do nothing while the cluster answers; else try whether it does again.

        Raises:
            Unavailable: it does not.
        """
        if self.trouble:
            self._told(Asked.PROBE, _SERVICE, lambda: self.shell(_SERVICE).run("true"))

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            shells, self._shells = self._shells, {}
        for shell in shells.values():
            shell.close()

    def _told(self, kind: Asked, account: str, act: Callable[[], Ran]) -> Ran:
        self.counts[kind] += 1
        with self._asking(account):
            ran = act()
        self.trouble = ""
        return ran

    @contextmanager
    def _asking(self, account: str) -> Iterator[None]:
        """Use an account's connection, and note it if the cluster does not answer.

        Raises:
            Busy: only this account can't be entered; the others go on.
            Unavailable: the cluster does not answer.
        """
        try:
            yield
        except Busy:
            raise
        except Unavailable as error:
            if account != _SERVICE and self._answers_otherwise():
                raise Busy(f"account {account}: {error.message}") from error
            self.trouble = error.message
            raise

    def _answers_otherwise(self) -> bool:
        """Tell whether the service's own account gets an answer."""
        self.counts[Asked.PROBE] += 1
        with suppress(Unavailable):
            return self.shell(_SERVICE).run("true").code == 0
        return False


def _shell(cluster: Cluster, account: str) -> Shell:
    login = login_for(cluster, account)
    return Shell(login, run_as=account if account and login.user != account else "")


def login_for(cluster: Cluster, account: str) -> Login:
    """Say how to log in for an account, "" for the service's own.

    Raises:
        Busy: the settings name no such account (any more).
    """
    known = {one.user: one for one in cluster.accounts.values()}
    if account and account not in known:
        raise Busy(f"cluster {cluster.name}: the settings name no account {account!r} any more")
    return login_of(cluster, known.get(account))
