"""The ways into a cluster, and the host keys that are believed."""

from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest
from paramiko import ECDSAKey, PKey, RSAKey
from paramiko.hostkeys import HostKeys

from provstore.clusters import Account, Cluster
from provstore.errors import Invalid, Unavailable
from provstore.uws.executors.ssh.host_keys import judge, preferred, written_down
from provstore.uws.executors.ssh.logins import Login, login_of


@pytest.fixture(scope="session")
def key() -> PKey:
    return ECDSAKey.generate()


@pytest.fixture(scope="session")
def other_key() -> PKey:
    return ECDSAKey.generate()


KEY: Final = Path("/keys/service")


def cluster(**changes: Any) -> Cluster:
    return Cluster(
        name="big", host="big.example", user="svc", key_file=KEY, work_directory=PurePosixPath("/scratch"), **changes
    )


def login(**changes: Any) -> Login:
    return Login(**{"name": "big", "host": "big.example", "user": "svc", "key_file": KEY, **changes})


def line(key: PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def test_a_cluster_is_entered_as_its_settings_say() -> None:
    settings = cluster(port=2222, known_hosts=Path("/known"), certificate_file=Path("/cert"), host_keys=("x y",))
    assert login_of(settings) == login(
        port=2222, known_hosts=Path("/known"), certificate_file=Path("/cert"), host_keys=("x y",)
    )


@pytest.mark.parametrize(
    ("jump", "user", "host", "port"),
    [
        ("ann@gate.example:2200", "ann", "gate.example", 2200),
        ("gate.example:2200", "svc", "gate.example", 2200),
        ("ann@gate", "ann", "gate", 22),
        ("gate", "svc", "gate", 22),
        ("ann@[fe80::1]:2200", "ann", "fe80::1", 2200),
    ],
)
def test_a_jump_host_is_entered_with_the_same_key_and_keys_of_the_file(
    jump: str, user: str, host: str, port: int
) -> None:
    settings = cluster(jump=jump, host_keys=("x y",))
    assert login_of(settings).jump == login(user=user, host=host, port=port)


@pytest.mark.parametrize("jump", ["a b", "@gate", "gate:port", "gate:", "a@b@c", "fe80::1"])
def test_a_jump_host_that_cannot_be_read_is_refused(jump: str) -> None:
    with pytest.raises(Invalid, match="is not 'user@host:port'"):
        login_of(cluster(jump=jump))


def test_an_account_with_a_key_is_entered_with_that_key_alone() -> None:
    settings = cluster(key_passphrase_file=Path("/secret"), certificate_file=Path("/cert"), jump="gate")
    found = login_of(settings, Account(user="ann", key_file=Path("/keys/ann")))
    service = login_of(settings)
    assert (found.user, found.key_file, found.key_passphrase_file, found.certificate_file, found.jump) == (
        "ann",
        Path("/keys/ann"),
        None,
        None,
        service.jump,
    )


def test_an_account_without_a_key_is_entered_from_the_services() -> None:
    assert login_of(cluster(), Account(user="ann")) == login_of(cluster())


@pytest.mark.parametrize("name", ["big.example", "other,big.example", "hashed"])
def test_a_key_of_the_file_is_believed(tmp_path: Path, key: PKey, name: str) -> None:
    names = HostKeys.hash_host("big.example") if name == "hashed" else name
    (tmp_path / "known").write_text(f"# a comment\n\nbroken\n{names}\t{line(key)} its comment\n")
    entry = login(known_hosts=tmp_path / "known")
    judge(entry, written_down(entry), key)


def test_a_key_of_another_port_is_not_believed(tmp_path: Path, key: PKey) -> None:
    (tmp_path / "known").write_text(f"big.example {line(key)}\n[big.example]:23 {line(key)}\n")
    entry = login(port=24, known_hosts=tmp_path / "known")
    with pytest.raises(Unavailable, match="the host is not known"):
        judge(entry, written_down(entry), key)


def test_an_unknown_host_is_refused_with_what_to_do(tmp_path: Path, key: PKey) -> None:
    (tmp_path / "known hosts").touch()
    entry = login(port=24, known_hosts=tmp_path / "known hosts")
    with pytest.raises(Unavailable) as told:
        judge(entry, written_down(entry), key)
    assert told.value.message == (
        f"cluster big (svc@big.example:24): the host is not known. Its key is ecdsa-sha2-nistp256 {key.fingerprint}: "
        "compare this with what the cluster's administrators publish, then run: "
        f"ssh-keyscan -p 24 big.example >> '{tmp_path}/known hosts'"
    )


def test_where_no_file_of_known_hosts_is_that_is_told(tmp_path: Path, key: PKey) -> None:
    entry = login(known_hosts=tmp_path / "none")
    with pytest.raises(Unavailable, match=f"the host is not known, for there is no file {tmp_path}/none. Its key is"):
        judge(entry, written_down(entry), key)


def test_one_of_several_keys_of_a_type_is_enough(tmp_path: Path, key: PKey, other_key: PKey) -> None:
    (tmp_path / "known").write_text(f"big.example {line(other_key)}\nbig.example {line(key)}\n")
    entry = login(known_hosts=tmp_path / "known")
    judge(entry, written_down(entry), key)


def test_a_changed_key_is_called_so(key: PKey, other_key: PKey) -> None:
    entry = login(host_keys=(line(other_key),))
    with pytest.raises(Unavailable, match=r"THE HOST KEY HAS CHANGED.*the setting host_keys"):
        judge(entry, written_down(entry), key)


def test_a_revoked_key_is_refused_even_if_it_is_known(tmp_path: Path, key: PKey) -> None:
    (tmp_path / "known").write_text(f"big.example {line(key)}\n@revoked big.example {line(key)}\n")
    entry = login(known_hosts=tmp_path / "known")
    with pytest.raises(Unavailable, match="marked as revoked"):
        judge(entry, written_down(entry), key)


def test_keys_of_the_settings_hide_the_usual_file_but_not_a_named_one(
    tmp_path: Path, key: PKey, other_key: PKey
) -> None:
    (tmp_path / "known").write_text(f"big.example {line(key)}\n")
    entry = login(host_keys=(line(other_key),), known_hosts=tmp_path / "known")
    assert [found.asbytes() for found in written_down(entry)] == [other_key.asbytes(), key.asbytes()]
    assert len(written_down(login(host_keys=(line(other_key),)))) == 1


@pytest.mark.parametrize("written", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 §", "no-such-type AAAA"])
def test_a_host_key_of_the_settings_that_cannot_be_read_is_told(written: str) -> None:
    with pytest.raises(Unavailable) as told:
        written_down(login(host_keys=(written,)))
    assert told.value.message == (
        f"cluster big (svc@big.example:22): {written!r} in host_keys is not a host key: "
        "two words are needed, type and whole key, as ssh-keyscan writes them behind the name of the host"
    )


def test_a_host_is_asked_for_the_key_that_is_written_down() -> None:
    rsa = RSAKey.generate(2048)
    assert preferred((rsa,), ("ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512")) == (
        "rsa-sha2-512",
        "rsa-sha2-256",
        "ssh-ed25519",
    )
