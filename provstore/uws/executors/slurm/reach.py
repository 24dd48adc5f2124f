"""How a cluster is reached: a connection for each account, SLURM's commands over it, and whether it answers at all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.clusters import Cluster
from provstore.errors import Invalid, Unavailable
from provstore.uws.executors.slurm import packing, parsing
from provstore.uws.executors.slurm.refusals import Refusal, why_refused
from provstore.uws.executors.ssh.logins import Login
from provstore.uws.executors.ssh.remote_files import RemoteFiles
from provstore.uws.executors.ssh.shell import Ran, Shell

__all__ = ["Asked", "Reach", "Refused", "login_of"]

WRAPPER: Final = Path(__file__).parents[1] / "wrapper"


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


class Refused(Exception):
    """A command of SLURM's ended with an error."""

    def __init__(self, refusal: Refusal, code: int) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.code = code


class Reach:
    """The connections to one cluster, for as many threads as like.

    Args:
        cluster: Its settings.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        self.trouble = ""
        self._guard = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._preparing: dict[str, threading.Lock] = {}
        self._prepared: dict[str, str] = {}

    def directory(self, account: str, job: str) -> PurePosixPath:
        """Give the directory of a job on the cluster."""
        return self.cluster.directory(account) / job

    def wrapper(self, account: str) -> PurePosixPath:
        """Give the folder that holds the wrapper on the cluster."""
        return self.cluster.directory(account) / ".provstore" / packing.wrapper(WRAPPER).name

    def prepare(self, account: str) -> str:
        """Make the folders of an account and send the wrapper, once; give SLURM's release.

        Raises:
            Unavailable: the cluster can't be reached, or its folder not be made.
        """
        with self._guard:
            lock = self._preparing.setdefault(account, threading.Lock())
        with lock:
            if account not in self._prepared:
                sent = packing.wrapper(WRAPPER)
                folder = str(self.cluster.directory(account))
                ran = self.script(Asked.PREPARE, account, packing.PREPARE, folder, sent.name, stdin=sent.archive)
                if ran.code:
                    said = ran.err.strip() or f"exit status {ran.code}"
                    raise Unavailable(f"cluster {self.cluster.name}: {folder} can't be made ready: {said}")
                self._prepared[account] = parsing.version(ran.out)
            return self._prepared[account]

    def script(self, kind: Asked, account: str, text: str, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run a shell text of ours.

        Raises:
            Unavailable: no answer; whether it ran is unknown.
        """
        return self._told(kind, lambda: self.shell(account).script(text, *arguments, stdin=stdin))

    def ask(self, kind: Asked, account: str, command: tuple[str, ...]) -> str:
        """Run a command of SLURM's and give what it printed.

        Raises:
            Refused: it ended with an error.
            Unavailable: no answer.
        """
        ran = self._told(kind, lambda: self.shell(account).run(*command))
        if ran.code:
            raise Refused(why_refused(ran.err, ran.code), ran.code)
        return ran.out

    def files(self, account: str) -> AbstractContextManager[RemoteFiles]:
        """Give a session for files."""
        return self.shell(account).files()

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
            self._told(Asked.FILES, lambda: self.shell("").run("true"))

    def failed(self, error: Unavailable) -> None:
        """Note that it did not answer."""
        self.trouble = error.message

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            shells, self._shells = self._shells, {}
        for shell in shells.values():
            shell.close()

    def _told(self, kind: Asked, act: Callable[[], Ran]) -> Ran:
        self.counts[kind] += 1
        try:
            ran = act()
        except Unavailable as error:
            self.failed(error)
            raise
        self.trouble = ""
        return ran


def _shell(cluster: Cluster, account: str) -> Shell:
    login = login_of(cluster, account)
    return Shell(login, run_as=account if account and login.user != account else "")


def login_of(cluster: Cluster, account: str) -> Login:
    """Say how to log in for an account: with its own key, or as the service's account, which enters it by sudo.

    Raises:
        Invalid: the settings name no such account (any more).
    """
    known = {one.user: one for one in cluster.accounts.values()}
    if account and account not in known:
        raise Invalid(f"cluster {cluster.name}: account {account!r} is not in the settings", field="accounts")
    key = known[account].key_file if account else None
    own: Mapping[str, str] = {"user": account} if key else {"user": cluster.user}
    return Login(
        name=cluster.name,
        host=cluster.host,
        port=cluster.port,
        user=own["user"],
        key_file=key or cluster.key_file,
        key_passphrase_file=None if key else cluster.key_passphrase_file,
        certificate_file=None if key else cluster.certificate_file,
        known_hosts=cluster.known_hosts,
        host_keys=cluster.host_keys,
        jump=_jump(cluster),
    )


def _jump(cluster: Cluster) -> Login | None:
    """Read ``user@host:port``; the key is the service's."""
    if not cluster.jump:
        return None
    user, _, place = cluster.jump.rpartition("@")
    host, _, port = place.partition(":")
    return Login(
        name=cluster.name,
        host=host,
        port=int(port or 22),
        user=user or cluster.user,
        key_file=cluster.key_file,
        key_passphrase_file=cluster.key_passphrase_file,
        certificate_file=cluster.certificate_file,
        known_hosts=cluster.known_hosts,
        host_keys=cluster.host_keys,
    )
