"""From a login to an authenticated connection, through a jump host where there is one."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from paramiko import AuthenticationException, Channel, PKey, SSHException, Transport

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.credentials import certificate_of, read_key
from provstore.uws.executors.ssh.host_keys import judge, preferred, written_down
from provstore.uws.executors.ssh.logins import Login

__all__ = ["Connection", "connect"]

_KEEP_ALIVE: Final = 30
_SILENCE_MS: Final = 90_000
"""A packet that nobody confirms for so long ends the connection; the keep-alives see to it that there are packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An authenticated connection, and the one to the jump host that carries it."""

    transport: Transport
    jump: Connection | None = None

    @property
    def alive(self) -> bool:
        """Tell whether it can be used, as far as is known."""
        return self.transport.is_active() and (self.jump is None or self.jump.alive)

    def close(self) -> None:
        """End it. Commands that run on it end with an error."""
        self.transport.close()
        if self.jump is not None:
            self.jump.close()


def connect(login: Login) -> Connection:
    """Log in. The host key is checked before anything of ours is sent.

    Raises:
        Unavailable: with what is wrong and what to do; nothing is left open.
    """
    key = read_key(login)
    known = written_down(login)
    with ExitStack() as opened:
        jump = None if login.jump is None else opened.enter_context(closing(_through(login, login.jump)))
        transport = _agreed(login, _dialled(login) if jump is None else _carried(login, jump), known)
        opened.callback(transport.close)
        _authenticate(login, transport, key)
        opened.pop_all()
    transport.set_keepalive(_KEEP_ALIVE)
    return Connection(transport=transport, jump=jump)


def _through(login: Login, jump: Login) -> Connection:
    try:
        return connect(jump)
    except Unavailable as error:
        raise Unavailable(f"{login.place}: its jump host {jump.host}:{jump.port} fails: {error.message}") from error


def _dialled(login: Login) -> socket.socket:
    """Open the TCP connection, without the delay that costs 40 ms per exchange."""
    try:
        link = socket.create_connection((login.host, login.port), timeout=login.limit)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_MS)
    except TimeoutError as error:
        raise Unavailable(
            f"{login.place}: no answer within {login.limit:g} s: is the host on, the port open?"
        ) from error
    except OSError as error:
        raise Unavailable(f"{login.place}: no connection: {error.strerror or error}") from error
    return link


def _carried(login: Login, jump: Connection) -> Channel:
    """Open the way from the jump host to the cluster."""
    target = f"{login.host}:{login.port}"
    with _lost(login, f"the jump host does not lead to {target} (is AllowTcpForwarding on there?)"):
        return jump.transport.open_channel(
            "direct-tcpip", (login.host, login.port), ("127.0.0.1", 0), timeout=login.limit
        )


def _agreed(login: Login, link: socket.socket | Channel, known: tuple[PKey, ...]) -> Transport:
    """Agree on keys with the host, and see that it is the right one."""
    transport = Transport(link)
    transport.set_log_channel(_quiet_log())
    transport.banner_timeout = transport.handshake_timeout = login.limit
    transport.auth_timeout = transport.channel_timeout = login.limit
    options = transport.get_security_options()
    options.key_types = preferred(known, tuple(options.key_types))
    with ExitStack() as opened, _lost(login, "no SSH connection"):
        opened.callback(transport.close)
        transport.start_client(timeout=login.limit)
        if not transport.initial_kex_done:
            raise Unavailable(f"{login.place}: no SSH connection: no answer within {login.limit:g} s")
        judge(login, known, transport.get_remote_server_key())
        opened.pop_all()
    return transport


def _authenticate(login: Login, transport: Transport, key: PKey) -> None:
    """Prove who we are."""
    try:
        with _lost(login, "the login failed"):
            missing = transport.auth_publickey(login.user, key)
    except AuthenticationException as error:
        certificate = certificate_of(login)
        signed = f" with the certificate {certificate}" if certificate else ""
        raise Unavailable(
            f"{login.place}: the key {login.key_file} ({key.fingerprint}){signed} is refused for {login.user}: "
            "is its public part in the account's authorized_keys, is the account open?"
        ) from error
    if missing:
        raise Unavailable(
            f"{login.place}: the key is not enough, {', '.join(missing)} is asked for: nobody can give it"
        )


def _quiet_log() -> str:
    """Name the library's logger: what it complains of is raised here too. Who wants to read it sets its level."""
    log = logging.getLogger("provstore.ssh")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)
    return log.name


@contextmanager
def _lost(login: Login, what: str) -> Iterator[None]:
    """Turn what the library raises when the other side is slow, strange or gone; a refused key is left alone."""
    try:
        yield
    except AuthenticationException as error:
        if "timeout" in str(error).lower():
            raise Unavailable(f"{login.place}: {what}: no answer within {login.limit:g} s") from error
        raise
    except (SSHException, EOFError, OSError) as error:
        raise Unavailable(f"{login.place}: {what}: {str(error) or type(error).__name__}") from error
