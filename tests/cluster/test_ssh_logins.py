"""What keeps people out of a real sshd, each with a sentence that helps."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import join
from threading import Barrier

import pytest

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.logins import Login, login_of
from provstore.uws.executors.ssh.shell import Shell
from tests.slurm_accounts import ANN
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm


@pytest.fixture
def login(slurm: SlurmCluster) -> Login:
    return login_of(slurm.cluster_settings())


@pytest.fixture
def jumping(slurm: SlurmCluster) -> Login:
    return login_of(slurm.cluster_settings(jump=f"{slurm.user}@{slurm.host}:{slurm.jump_port}"))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def make_key(file: Path, *options: str, passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", *options, "-N", passphrase, "-f", str(file)], check=True)
    return file


def let_in(slurm: SlurmCluster, key: Path) -> None:
    with (slurm.folder / "keys" / f"{slurm.user}.authorized").open("a") as keys:
        keys.write(f"restrict {key.with_name(f'{key.name}.pub').read_text()}")


def who(login: Login) -> str:
    shell = Shell(login)
    try:
        return shell.run("id", "-un").out.strip()
    finally:
        shell.close()


def accepted(server: socket.socket) -> Iterator[None]:
    """Take, and end, all connections that wait."""
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            yield


def refusal(login: Login) -> str:
    with pytest.raises(Unavailable) as told:
        who(login)
    return told.value.message


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "ecdsa"),
        ("-t", "ecdsa", "-b", "521"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "rsa", "-b", "2048", "-m", "PEM"),
    ],
    ids=join,
)
@pytest.mark.parametrize("passphrase", ["", "söme thing"])
def test_a_key_lets_in(
    login: Login, slurm: SlurmCluster, tmp_path: Path, options: tuple[str, ...], passphrase: str
) -> None:
    key = make_key(tmp_path / "key", *options, passphrase=passphrase)
    let_in(slurm, key)
    (tmp_path / "passphrase").write_text(f"{passphrase}\n")
    assert who(replace(login, key_file=key, key_passphrase_file=tmp_path / "passphrase")) == slurm.user


def test_a_key_with_a_passphrase_that_nobody_gave_is_told(login: Login, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "-t", "ed25519", passphrase="secret")
    said = refusal(replace(login, key_file=key))
    assert said == (
        f"{login.place}: the key {key} has a passphrase: write it to a file that only the server may read, "
        "and name that in key_passphrase_file"
    )


def test_a_wrong_passphrase_is_told_but_not_shown(login: Login, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "-t", "ed25519", passphrase="secret")
    (tmp_path / "passphrase").write_text("another")
    said = refusal(replace(login, key_file=key, key_passphrase_file=tmp_path / "passphrase"))
    assert said == (
        f"{login.place}: the key {key} can't be used: the passphrase in {tmp_path}/passphrase does not open it"
    )


def test_a_key_that_is_not_there_is_told(login: Login, tmp_path: Path) -> None:
    assert "the key can't be read: [Errno 2]" in refusal(replace(login, key_file=tmp_path / "none"))


def test_a_file_that_is_no_key_is_told(login: Login, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    assert "it is no private key of the types" in refusal(replace(login, key_file=tmp_path / "key"))


def test_the_public_half_of_a_key_is_told_to_be_it(login: Login, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "-t", "ed25519")
    said = refusal(replace(login, key_file=key.with_name("key.pub")))
    assert (
        said == f"{login.place}: the key {key}.pub can't be used: it is the public half: key_file names the private one"
    )


def test_a_refused_key_is_told_with_its_fingerprint(login: Login, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "-t", "ed25519")
    shown = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True).stdout.split()
    assert refusal(replace(login, key_file=key)) == (
        f"{login.place}: the key {key} ({shown[1]}) is refused for {login.user}: "
        "is its public part in the account's authorized_keys, is the account open?"
    )


def test_a_certificate_beside_its_key_lets_in(login: Login, slurm: SlurmCluster) -> None:
    certificate = slurm.certificate(ANN)
    assert who(replace(login, user=ANN, key_file=certificate.with_name("signed"))) == ANN


def test_a_named_certificate_lets_in(login: Login, slurm: SlurmCluster, tmp_path: Path) -> None:
    certificate = slurm.certificate(ANN)
    key = certificate.with_name("signed").rename(tmp_path / "key")
    assert who(replace(login, user=ANN, key_file=key, certificate_file=certificate)) == ANN


def test_an_expired_certificate_is_a_clear_state(login: Login, slurm: SlurmCluster) -> None:
    certificate = slurm.certificate(ANN, valid="20200101000000Z:20210203040506Z")
    said = refusal(replace(login, user=ANN, key_file=certificate.with_name("signed")))
    assert said.endswith(f"the certificate {certificate} expired at 2021-02-03T04:05:06Z: have the key signed again")


def test_a_certificate_that_is_not_valid_yet_is_told(login: Login, slurm: SlurmCluster) -> None:
    certificate = slurm.certificate(ANN, valid="20900101000000Z:20910101000000Z")
    said = refusal(replace(login, user=ANN, key_file=certificate.with_name("signed")))
    assert "is valid only from 2090-01-01T00:00:00Z on" in said


def test_a_certificate_of_another_account_is_refused(login: Login, slurm: SlurmCluster) -> None:
    certificate = slurm.certificate(ANN)
    said = refusal(replace(login, key_file=certificate.with_name("signed")))
    assert f"with the certificate {certificate} is refused for {slurm.user}" in said


def test_a_public_key_is_no_certificate(login: Login, slurm: SlurmCluster) -> None:
    public = slurm.key.with_name(f"{slurm.key.name}.pub")
    assert "it is a public key, not a certificate" in refusal(replace(login, certificate_file=public))


def test_an_unknown_host_is_let_in_after_the_command_that_was_told(login: Login, tmp_path: Path) -> None:
    stranger = replace(login, known_hosts=tmp_path / "known hosts")
    said = refusal(stranger)
    subprocess.run(said.partition("then run: ")[2], shell=True, check=True, capture_output=True)  # noqa: S602 - it is told to be run
    assert who(stranger) == login.user


def test_a_changed_host_key_is_told_and_nobody_logs_in(login: Login, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other", "-t", "ed25519").with_name("other.pub").read_text()
    (tmp_path / "known").write_text(f"[{login.host}]:{login.port} {other}")
    said = refusal(replace(login, known_hosts=tmp_path / "known"))
    assert said.startswith(f"{login.place}: THE HOST KEY HAS CHANGED: it shows ssh-ed25519 SHA256:")


def test_the_file_of_known_hosts_is_read_at_each_connection(login: Login, slurm: SlurmCluster, tmp_path: Path) -> None:
    known = tmp_path / "known"
    shell = Shell(replace(login, known_hosts=known))
    with pytest.raises(Unavailable, match="the host is not known"):
        shell.run("true")
    known.write_bytes(slurm.known_hosts.read_bytes())
    assert shell.run("true").code == 0
    shell.close()


def test_a_host_key_of_the_settings_is_enough(login: Login, slurm: SlurmCluster) -> None:
    assert who(replace(login, known_hosts=None, host_keys=(slurm.host_key,))) == slurm.user


def test_a_closed_port_is_told_at_once(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    begun_at = time.monotonic()
    said = refusal(replace(login, port=port))
    assert (said, time.monotonic() - begun_at < 2) == (
        f"cluster test ({login.user}@127.0.0.1:{port}): no connection: Connection refused",
        True,
    )


def test_a_host_without_an_address_is_told(login: Login) -> None:
    assert "no connection: " in refusal(replace(login, host="no-such-host.invalid"))


def test_a_host_that_says_nothing_is_given_up(login: Login, silent_port: int) -> None:
    assert "no SSH connection" in refusal(replace(login, port=silent_port, limit=0.3))


def test_a_jump_host_leads_to_the_cluster(jumping: Login) -> None:
    assert who(jumping) == jumping.user


def test_a_connection_through_a_jump_host_is_made_again(jumping: Login, slurm: SlurmCluster) -> None:
    shell = Shell(jumping)
    shell.run("true")
    slurm.drop_connections()
    assert shell.run("true").code == 0
    shell.close()


def test_trouble_at_the_jump_host_names_it(jumping: Login, tmp_path: Path) -> None:
    assert jumping.jump is not None
    stranger = replace(jumping, jump=replace(jumping.jump, known_hosts=tmp_path / "none"))
    said = refusal(stranger)
    assert said.startswith(f"{jumping.place}: its jump host 127.0.0.1:{jumping.jump.port} fails: ")
    assert "the host is not known" in said


def test_a_jump_host_that_does_not_lead_on_is_told(jumping: Login, login: Login) -> None:
    said = refusal(replace(jumping, jump=login))  # the cluster's own server forwards nothing
    assert f"the jump host does not lead to {login.host}:{login.port}" in said


def test_who_waits_for_a_connection_shares_its_failure(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        shell = Shell(replace(login, port=silent.getsockname()[1], limit=1.0))
        together = Barrier(8)

        def attempt(_: int) -> None:
            together.wait()
            with pytest.raises(Unavailable, match="no SSH connection"):
                shell.run("true")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(attempt, range(8)))
        silent.settimeout(0)
        assert len(list(accepted(silent))) == 1
