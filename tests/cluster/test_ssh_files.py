"""Files by SFTP on a real sshd: whole or not at all, gone on with after a break."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provstore.errors import Conflict, NotFound, Unavailable
from provstore.uws.executors.ssh.logins import login_of
from provstore.uws.executors.ssh.remote_files import RemoteFiles
from provstore.uws.executors.ssh.shell import Shell
from provstore.uws.executors.ssh.transfers import sent
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

LARGE = 48 << 20


@pytest.fixture
def shell(slurm: SlurmCluster) -> Iterator[Shell]:
    shell = Shell(login_of(slurm.cluster_settings()))
    yield shell
    shell.close()


@pytest.fixture
def files(shell: Shell) -> Iterator[RemoteFiles]:
    with shell.files() as files:
        yield files


@pytest.fixture
def place(slurm: SlurmCluster, shell: Shell) -> Iterator[Path]:
    """Give a folder of the cluster's account; here it is seen as root."""
    place = slurm.work / "place"
    with shell.files() as files:
        files.make_folder(str(place))
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.bin"
    file.write_bytes(os.urandom(LARGE))
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def eventually(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def begun(part: Path) -> bool:
    return part.exists() and part.stat().st_size > 1 << 20


def put(shell: Shell, local: Path, remote: Path) -> str:
    with shell.files() as files:
        return files.put(local, str(remote))


def get(shell: Shell, remote: Path, local: Path, digest: str, *, size: int = LARGE) -> None:
    with shell.files() as files:
        files.get(str(remote), local, size=size, sha256=digest)


def cut_in_the_middle(slurm: SlurmCluster, part: Path, transfer: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(transfer)
        eventually(lambda: begun(part) or done.done())
        slurm.drop_connections()
        with pytest.raises(Unavailable):
            done.result()


@pytest.mark.parametrize("data", [b"", b"short", bytes(range(256)) * 1024], ids=["empty", "short", "long"])
def test_what_was_written_is_read(files: RemoteFiles, place: Path, data: bytes) -> None:
    files.write(f"{place}/a b'ü\n", data)
    assert files.read(f"{place}/a b'ü\n") == data


def test_a_written_file_has_its_mode_and_leaves_nothing_else(files: RemoteFiles, place: Path) -> None:
    files.write(f"{place}/token", b"secret")
    files.write(f"{place}/script", b"#!", mode=0o700)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()}
    assert modes == {"token": 0o600, "script": 0o700}


def test_writing_again_replaces(files: RemoteFiles, place: Path) -> None:
    files.write(f"{place}/a", b"a longer text")
    files.write(f"{place}/a", b"short")
    assert files.read(f"{place}/a") == b"short"


def test_only_the_beginning_of_a_long_file_is_read(files: RemoteFiles, place: Path) -> None:
    files.write(f"{place}/a", b"0123456789")
    assert files.read(f"{place}/a", most=4) == b"0123"


def test_what_is_not_there_has_no_content_size_or_names(files: RemoteFiles, place: Path) -> None:
    missing = f"{place}/none"
    files.remove(missing)
    assert (files.read(missing), files.size(missing), files.names(missing)) == (None, None, ())


def test_what_may_not_be_entered_is_an_error(files: RemoteFiles, slurm: SlurmCluster) -> None:
    with pytest.raises(Unavailable, match=r"/provstore-ann/note: Permission denied"):
        files.read(f"{slurm.homes}/provstore-ann/note")


def test_a_pipe_or_a_link_is_no_file(files: RemoteFiles, shell: Shell, place: Path) -> None:
    shell.script('mkfifo "$1/pipe" && ln -s /etc/passwd "$1/link"', str(place))
    assert [files.read(f"{place}/{name}") for name in ("pipe", "link")] == [None, None]


def test_folders_are_made_with_those_above_them(files: RemoteFiles, place: Path) -> None:
    files.make_folder(f"{place}/a/b")
    files.make_folder(f"{place}/a/b")
    files.write(f"{place}/a/z", b"")
    assert files.names(f"{place}/a") == ("b", "z")
    assert stat.S_IMODE((place / "a/b").stat().st_mode) == 0o700


def test_a_folder_in_the_place_of_a_file_is_an_error(files: RemoteFiles, place: Path) -> None:
    files.write(f"{place}/a", b"")
    with pytest.raises(Unavailable, match=f"{place}/a"):
        files.make_folder(f"{place}/a")


def test_renaming_replaces(files: RemoteFiles, place: Path) -> None:
    files.write(f"{place}/a", b"a")
    files.write(f"{place}/b", b"b")
    files.rename(f"{place}/a", f"{place}/b")
    assert (files.names(str(place)), files.read(f"{place}/b")) == (("b",), b"a")


@pytest.mark.parametrize("size", [0, 1, 32768, 32769, 5_000_000])
def test_a_file_travels_there_and_back(shell: Shell, place: Path, tmp_path: Path, size: int) -> None:
    local = tmp_path / "local"
    local.write_bytes(os.urandom(size))
    os.utime(local, (1_600_000_000, 1_500_000_000))
    digest = put(shell, local, place / "file")
    get(shell, place / "file", tmp_path / "back", digest, size=size)
    assert digest == sha256(local) == sha256(tmp_path / "back")
    assert (place / "file").stat().st_mtime == 1_500_000_000
    assert sorted(file.name for file in [*place.iterdir(), *tmp_path.iterdir()]) == ["back", "file", "local"]


def test_sending_goes_on_after_a_dropped_connection(
    shell: Shell, slurm: SlurmCluster, place: Path, large: Path
) -> None:
    cut_in_the_middle(slurm, place / "big.part", lambda: put(shell, large, place / "big"))
    assert put(shell, large, place / "big") == sha256(large) == sha256(place / "big")
    assert [file.name for file in place.iterdir()] == ["big"]


def test_what_was_sent_before_is_not_sent_again(shell: Shell, place: Path, large: Path) -> None:
    (place / "big.part").write_bytes(b"x" * 1000)
    shutil.chown(place / "big.part", shell.login.user)
    with shell.files() as files:
        believed = hashlib.sha256(large.read_bytes()[:1000]).hexdigest()
        sent(files._session, large, f"{place}/big", digest=lambda _: believed)
    assert (place / "big").read_bytes() == b"x" * 1000 + large.read_bytes()[1000:]


@pytest.mark.parametrize("rest", [b"other", b""], ids=["other content", "longer"])
def test_what_does_not_agree_is_sent_anew(shell: Shell, place: Path, tmp_path: Path, rest: bytes) -> None:
    (tmp_path / "local").write_bytes(b"content")
    (place / "file.part").write_bytes(rest or b"content and more")
    shutil.chown(place / "file.part", shell.login.user)
    put(shell, tmp_path / "local", place / "file")
    assert (place / "file").read_bytes() == b"content"


def test_a_full_disk_is_told(shell: Shell, large: Path) -> None:
    with pytest.raises(Unavailable, match="/dev/full"):
        put(shell, large, Path("/dev/full/file"))


def test_fetching_goes_on_after_a_dropped_connection(
    shell: Shell, slurm: SlurmCluster, place: Path, large: Path, tmp_path: Path
) -> None:
    digest = put(shell, large, place / "big")
    cut_in_the_middle(slurm, tmp_path / "big.part", lambda: get(shell, place / "big", tmp_path / "big", digest))
    with (place / "big").open("r+b") as changed:  # where it was fetched already
        changed.write(b"changed")
    get(shell, place / "big", tmp_path / "big", digest)
    assert sha256(tmp_path / "big") == digest
    assert [file.name for file in tmp_path.iterdir()] == ["big"]


def test_a_wrong_beginning_is_fetched_again(shell: Shell, place: Path, large: Path, tmp_path: Path) -> None:
    digest = put(shell, large, place / "big")
    (tmp_path / "big.part").write_bytes(b"wrong")
    get(shell, place / "big", tmp_path / "big", digest)
    assert sha256(tmp_path / "big") == digest


def test_another_hash_is_an_error_that_names_both(shell: Shell, place: Path, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"content")
    found = put(shell, tmp_path / "local", place / "file")
    with pytest.raises(Conflict, match=f"its sha256 should be {'0' * 64}.* {found}"):
        get(shell, place / "file", tmp_path / "back", "0" * 64, size=7)
    assert [file.name for file in tmp_path.iterdir()] == ["local"]


@pytest.mark.parametrize(("size", "found"), [(8, "it has 7 bytes"), (6, "it has 7 bytes")])
def test_another_size_is_an_error(shell: Shell, place: Path, tmp_path: Path, size: int, found: str) -> None:
    (tmp_path / "local").write_bytes(b"content")
    digest = put(shell, tmp_path / "local", place / "file")
    with pytest.raises(Conflict, match=f"{size} bytes are expected, {found}"):
        get(shell, place / "file", tmp_path / "back", digest, size=size)


def test_what_is_not_there_cannot_be_fetched(shell: Shell, place: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no plain file is there"):
        get(shell, place / "none", tmp_path / "back", "0" * 64, size=7)


def test_what_is_new_in_a_file_is_brought(files: RemoteFiles, place: Path, tmp_path: Path) -> None:
    log, here = place / "stdout", tmp_path / "stdout"
    came = [files.append(str(log), here, most=100)]
    files.write(str(log), b"one\n")
    came += [files.append(str(log), here, most=100), files.append(str(log), here, most=100)]
    files.write(str(log), b"one\ntwo\n")
    came += [files.append(str(log), here, most=3), files.append(str(log), here, most=100)]
    assert (came, here.read_bytes()) == ([0, 4, 0, 3, 1], b"one\ntwo\n")
