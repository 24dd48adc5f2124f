"""Where to log in, as whom, with which key, and which host keys are believed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from provstore.clusters import Account, Cluster
from provstore.errors import Invalid

__all__ = ["USUAL_KNOWN_HOSTS", "Login", "login_of"]

USUAL_KNOWN_HOSTS: Final = Path("~/.ssh/known_hosts")
"""Where host keys are looked for when the settings name neither a file nor a key."""

_JUMP: Final = re.compile(r"(?:([^@\s]+)@)?(\[[^]\s]+\]|[^:\s@]+)(?::(\d{1,5}))?")
"""As ``user@host:port``: user and port may be missing, an IPv6 address stands in brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An account on a host. ``name`` is the cluster's, for messages; ``host_keys`` are lines as ``ssh-ed25519 AAAA…``.

    A certificate beside the key (``KEY-cert.pub``) is used without being named, as OpenSSH does. ``limit``: seconds for
    each step: the TCP connection, the banner, the agreement on keys, the proof of who we are, the opening of a channel.
    """

    name: str
    host: str
    user: str
    key_file: Path
    port: int = 22
    key_passphrase_file: Path | None = None
    certificate_file: Path | None = None
    known_hosts: Path | None = None
    host_keys: tuple[str, ...] = ()
    jump: Login | None = None
    limit: float = 10.0

    @property
    def place(self) -> str:
        """Name it for people: ``cluster NAME (user@host:port)``."""
        return f"cluster {self.name} ({self.user}@{self.host}:{self.port})"

    @property
    def known_as(self) -> str:
        """Give the host's name in files of known hosts."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"

    @property
    def known_hosts_file(self) -> Path:
        """Give the file where a host key belongs."""
        return (self.known_hosts or USUAL_KNOWN_HOSTS).expanduser()


def login_of(cluster: Cluster, account: Account | None = None) -> Login:
    """Give the way into a cluster: to the service's account, or to one that has a key of its own.

    An account without a key is entered by sudo from the service's: `Shell` takes it as ``run_as``.

    Raises:
        Invalid: the jump host can't be read.
    """
    service = Login(
        name=cluster.name,
        host=cluster.host,
        port=cluster.port,
        user=cluster.user,
        key_file=cluster.key_file,
        key_passphrase_file=cluster.key_passphrase_file,
        certificate_file=cluster.certificate_file,
        known_hosts=cluster.known_hosts,
        host_keys=cluster.host_keys,
    )
    login = replace(service, jump=_jump(cluster, service)) if cluster.jump else service
    if account is None or account.key_file is None:
        return login
    return replace(login, user=account.user, key_file=account.key_file, key_passphrase_file=None, certificate_file=None)


def _jump(cluster: Cluster, service: Login) -> Login:
    """Give the way into the jump host: the same key, but host keys only from the file."""
    found = _JUMP.fullmatch(cluster.jump)
    if found is None:
        raise Invalid(
            f"cluster {cluster.name}: jump {cluster.jump!r} is not 'user@host:port'", field="jump", value=cluster.jump
        )
    user, host, port = found.groups()
    return replace(service, user=user or cluster.user, host=host.strip("[]"), port=int(port or 22), host_keys=())
