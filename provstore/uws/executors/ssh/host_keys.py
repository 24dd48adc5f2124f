"""Host keys: only those are believed that somebody wrote down before."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from paramiko import PKey, SSHException
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.logins import Login

__all__ = ["judge", "preferred", "written_down"]

_ALGORITHMS: Final = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""How a key type is named where the two sides agree on an algorithm, when not by its own name."""


def written_down(login: Login) -> tuple[PKey, ...]:
    """Give the keys that the host may show: those of the settings, then those of the file, which is read each time.

    Names with wildcards and certificate authorities of OpenSSH's format are not understood.

    Raises:
        Unavailable: a key of the settings, or the file, can't be read.
    """
    told = tuple(_told(login, line) for line in login.host_keys)
    if told and login.known_hosts is None:
        return told
    return (*told, *(entry.key for entry in _entries(login, marker="")))


def preferred(keys: tuple[PKey, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """Order the algorithms so that a host with several keys shows one that is written down."""
    wanted = [name for key in keys for name in _ALGORITHMS.get(key.get_name(), (key.get_name(),)) if name in offered]
    return (*dict.fromkeys(wanted), *(name for name in offered if name not in wanted))


def judge(login: Login, keys: tuple[PKey, ...], shown: PKey) -> None:
    """Accept the key that the host showed, or refuse it with what to do.

    Raises:
        Unavailable: it is not written down, another one is, or it was revoked.
    """
    mark = f"{shown.get_name()} {shown.fingerprint}"
    if any(_same(entry.key, shown) for entry in _entries(login, marker="@revoked")):
        raise Unavailable(f"{login.place}: its host key {mark} is marked as revoked in {login.known_hosts_file}")
    if any(_same(key, shown) for key in keys):
        return
    if not keys:
        scan = shlex.join(["ssh-keyscan", "-p", str(login.port), login.host])
        missing = "" if login.known_hosts_file.exists() else f", for there is no file {login.known_hosts_file}"
        raise Unavailable(
            f"{login.place}: the host is not known{missing}. Its key is {mark}: compare this with what the cluster's "
            f"administrators publish, then run: {scan} >> {shlex.quote(str(login.known_hosts_file))}"
        )
    known = ", ".join(f"{key.get_name()} {key.fingerprint}" for key in keys)
    raise Unavailable(
        f"{login.place}: THE HOST KEY HAS CHANGED: it shows {mark}, known is {known}. Either the host was set up anew, "
        "or another machine answers in its place. Nothing was sent. Ask the cluster's administrators before you "
        f"replace the known key ({'the setting host_keys' if login.host_keys else login.known_hosts_file})"
    )


def _told(login: Login, line: str) -> PKey:
    """Read a key of the settings."""
    try:
        entry = HostKeyEntry.from_line(f"host {line.strip()}")
    except (InvalidHostKey, SSHException, ValueError) as error:
        raise _no_host_key(login, line) from error
    if entry is None:
        raise _no_host_key(login, line)
    return entry.key


def _no_host_key(login: Login, line: str) -> Unavailable:
    right = "two words are needed, type and whole key, as ssh-keyscan writes them behind the name of the host"
    return Unavailable(f"{login.place}: {line!r} in host_keys is not a host key: {right}")


def _entries(login: Login, *, marker: str) -> Iterator[HostKeyEntry]:
    """Give the entries of the host in the file, those with a marker in front (``@revoked``) or those with none."""
    try:
        text = login.known_hosts_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"{login.place}: known hosts can't be read: {error}") from error
    for line in text.splitlines():
        words = line.split()
        if not words or (words[0] if words[0].startswith("@") else "") != marker:
            continue
        entry = _entry(" ".join(words[1:] if marker else words))
        if entry is not None and any(_names(name, login.known_as) for name in entry.hostnames):
            yield entry


def _entry(line: str) -> HostKeyEntry | None:
    """Read a line; None for comments and what can't be read."""
    try:
        return None if line.startswith("#") else HostKeyEntry.from_line(line)
    except (InvalidHostKey, SSHException, ValueError):
        return None


def _names(written: str, host: str) -> bool:
    """Tell whether a name of the file, plain or hashed, is the host's."""
    return written == host or (written.startswith("|1|") and HostKeys.hash_host(host, written) == written)


def _same(key: PKey, shown: PKey) -> bool:
    return key.get_name() == shown.get_name() and key.asbytes() == shown.asbytes()
