"""Files over TLS: the certificate is checked against the name, although the connection goes to a checked address."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.archive import Archive, archive
from tests.downloading import Fetch, failure, fetcher


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return fetcher(tmp_path)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, ssl.SSLContext]]:
    """A server whose certificate is for ``archive.example.org``, and a context that trusts it."""
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    file.write_bytes(certificate("archive.example.org"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with archive(tls) as running:
        running.serve("/x", b"safe")
        yield running, ssl.create_default_context(cafile=str(file))


def certificate(host: str) -> bytes:
    """Make a key and a certificate that signs itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    at = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + built.public_bytes(serialization.Encoding.PEM)


def test_a_certificate_that_nobody_has_signed_is_refused(
    certified: tuple[Archive, ssl.SSLContext], fetch: Fetch
) -> None:
    told = failure(
        fetch, certified[0].url("/x", host="archive.example.org"), resolve=lambda _host, _port: ("127.0.0.1",)
    )
    assert told == ("its certificate is not trusted: self-signed certificate", False)


def test_a_trusted_certificate_counts_for_the_name_although_the_address_is_fixed(
    certified: tuple[Archive, ssl.SSLContext], fetch: Fetch
) -> None:
    url = certified[0].url("/x", host="archive.example.org")
    found = fetch(url, resolve=lambda _host, _port: ("127.0.0.1",), tls=certified[1])
    assert found.file.read_bytes() == b"safe"


def test_a_trusted_certificate_of_another_name_is_refused(
    certified: tuple[Archive, ssl.SSLContext], fetch: Fetch
) -> None:
    url = certified[0].url("/x", host="other.example.org")
    reason, transient = failure(fetch, url, resolve=lambda _host, _port: ("127.0.0.1",), tls=certified[1])
    assert reason.startswith("its certificate is not trusted: Hostname mismatch")
    assert not transient
