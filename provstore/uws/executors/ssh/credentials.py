"""The key that opens a login, with its certificate: read, opened and looked at before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity
from paramiko import PKey, SSHException
from paramiko.pkey import UnknownKeyType

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.logins import Login

__all__ = ["certificate_of", "expired_at", "is_public", "read_key"]

_PUBLIC: Final = (b"ssh-", b"ecdsa-", b"sk-")
"""How public keys begin in OpenSSH's format."""


def read_key(login: Login) -> PKey:
    """Read the private key, open it with its passphrase, and add the certificate if there is one.

    Raises:
        Unavailable: what is missing or wrong, and with a certificate, if it is not valid now.
    """
    key = _opened(login)
    certificate = certificate_of(login)
    if certificate is not None:
        _check(login, certificate)
        try:
            key.load_certificate(str(certificate))
        except (OSError, ValueError, SSHException) as error:
            raise Unavailable(
                f"{login.place}: the certificate {certificate} does not fit {login.key_file}: {error}"
            ) from error
    return key


def certificate_of(login: Login) -> Path | None:
    """Give the certificate's file: the one of the settings, or the one beside the key."""
    beside = login.key_file.with_name(f"{login.key_file.name}-cert.pub")
    return login.certificate_file or (beside if beside.is_file() else None)


def is_public(file: Path) -> bool:
    """Tell whether a file holds the public half of a key.

    Raises:
        OSError: it can't be read.
    """
    with file.open("rb") as stream:
        return stream.read(8).startswith(_PUBLIC)


def expired_at(certificate: Path) -> datetime | None:
    """Tell when a certificate ends; None for one that does not.

    Raises:
        OSError: it can't be read.
        ValueError: it is no certificate.
    """
    ends = _parsed(certificate).valid_before
    return None if ends >= 1 << 40 else datetime.fromtimestamp(ends, UTC)


def _parsed(certificate: Path) -> SSHCertificate:
    identity = load_ssh_public_identity(certificate.read_bytes())
    if not isinstance(identity, SSHCertificate):
        raise ValueError("it is a public key, not a certificate")  # noqa: TRY004 - the file's content is wrong
    return identity


def _check(login: Login, certificate: Path) -> None:
    """Refuse a certificate outside of its time: the server would only say that the key is refused."""
    try:
        starts_at = datetime.fromtimestamp(min(_parsed(certificate).valid_after, 1 << 37), UTC)
        ends_at = expired_at(certificate)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{login.place}: the certificate {certificate} can't be read: {error}") from error
    now = datetime.now(UTC)
    if ends_at is not None and ends_at <= now:
        raise Unavailable(
            f"{login.place}: the certificate {certificate} expired at {ends_at:%Y-%m-%dT%H:%M:%SZ}: "
            "have the key signed again"
        )
    if starts_at > now:
        raise Unavailable(
            f"{login.place}: the certificate {certificate} is valid only from {starts_at:%Y-%m-%dT%H:%M:%SZ} on: "
            "wait, or set the clock right"
        )


def _passphrase(login: Login) -> bytes | None:
    """Read the passphrase: the first line of its file."""
    if login.key_passphrase_file is None:
        return None
    try:
        lines = login.key_passphrase_file.read_bytes().splitlines()
    except OSError as error:
        raise Unavailable(f"{login.place}: the passphrase of the key can't be read: {error}") from error
    return lines[0] or None if lines else None


def _opened(login: Login) -> PKey:
    """Load the key. The library tells wrong from missing passphrases by the kinds of its errors."""
    passphrase = _passphrase(login)
    try:
        try:
            return PKey.from_path(login.key_file, passphrase)  # type: ignore[arg-type]  # it wants bytes, the stubs str
        except TypeError:
            if not passphrase:
                raise Unavailable(
                    f"{login.place}: the key {login.key_file} has a passphrase: write it to a file that only the "
                    "server may read, and name that in key_passphrase_file"
                ) from None
            return PKey.from_path(login.key_file)  # a passphrase for a key that needs none
    except OSError as error:
        raise Unavailable(f"{login.place}: the key can't be read: {error}") from error
    except (ValueError, SSHException, UnknownKeyType) as error:
        raise Unavailable(
            f"{login.place}: the key {login.key_file} can't be used: {_why(login, passphrase, error)}"
        ) from error


def _why(login: Login, passphrase: bytes | None, error: Exception) -> str:
    """Say what is wrong with the content of the key's file."""
    if is_public(login.key_file):
        return "it is the public half: key_file names the private one"
    if passphrase:
        return f"the passphrase in {login.key_passphrase_file} does not open it"
    return f"it is no private key of the types ed25519, ecdsa or rsa in OpenSSH's format ({error})"
