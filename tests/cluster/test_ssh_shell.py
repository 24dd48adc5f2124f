"""Commands by SSH on a real sshd."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.commands import KEPT, Ran
from provstore.uws.executors.ssh.logins import Login, login_of
from provstore.uws.executors.ssh.shell import Shell
from tests.slurm_accounts import ANN
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm


@pytest.fixture
def login(slurm: SlurmCluster) -> Login:
    return login_of(slurm.cluster_settings())


@pytest.fixture
def shell(login: Login) -> Iterator[Shell]:
    shell = Shell(login)
    yield shell
    shell.close()


@pytest.mark.parametrize(
    "word",
    ["", "a b", "'", '"', "$(id)", "`id`", "$HOME", "a\nb", "-n", "*", "ü 漢 🚀", "\\", "!", "\x01", "a;b&c|d>e"],
)
def test_each_word_arrives_as_it_is(shell: Shell, word: str) -> None:
    assert shell.run("printf", "<%s>", word) == Ran(code=0, out=f"<{word}>", err="")


def test_values_reach_a_script_as_its_arguments(shell: Shell) -> None:
    ran = shell.script('printf "%s/%s" "$1" "$2"; printf "%s" "$#" >&2', "$(id)", "b'c")
    assert ran == Ran(code=0, out="$(id)/b'c", err="2")


def test_the_exit_code_and_both_outputs_are_told(shell: Shell) -> None:
    assert shell.script("echo out; echo err >&2; exit 3") == Ran(code=3, out="out\n", err="err\n")


def test_a_megabyte_of_input_comes_back_unchanged(shell: Shell) -> None:
    data = secrets.token_hex(1 << 19).encode()
    assert shell.run("cat", stdin=data).out == data.decode()


def test_input_that_nobody_reads_does_no_harm(shell: Shell) -> None:
    assert shell.run("echo", "done", stdin=b"x" * (8 << 20)) == Ran(code=0, out="done\n", err="")


def test_much_output_on_both_ways_does_not_block(shell: Shell) -> None:
    ran = shell.script("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; head -c 5000000 /dev/zero")
    assert (ran.code, len(ran.out), len(ran.err)) == (0, 10_000_000, 5_000_000)


def test_output_that_is_not_utf_8_is_replaced(shell: Shell) -> None:
    assert shell.script("printf 'a\\377b'").out == "a\N{REPLACEMENT CHARACTER}b"


def test_a_command_that_says_too_much_is_stopped(shell: Shell) -> None:
    with pytest.raises(Unavailable, match="says more than 16 MiB"):
        shell.run("head", "-c", str(KEPT + 1), "/dev/zero")
    assert shell.run("true").code == 0


def test_a_command_that_takes_too_long_is_given_up(shell: Shell) -> None:
    with pytest.raises(Unavailable, match=r"cluster test .*: sleep: no answer within 0.1 s"):
        shell.run("sleep", "1", timeout=0.1)
    assert shell.run("true").code == 0


@pytest.mark.parametrize("stdin", [b"", b"some"])
def test_a_command_that_a_signal_ends_has_its_number(shell: Shell, stdin: bytes) -> None:
    assert shell.script("kill -9 $$", stdin=stdin).code == 137


def test_channels_that_given_up_commands_hold_are_waited_for(login: Login) -> None:
    shell = Shell(login)
    for _ in range(12):
        with pytest.raises(Unavailable):
            shell.run("sleep", "1", timeout=0.01)
    assert shell.run("true").code == 0
    shell.close()


def test_a_connection_that_opens_no_channel_any_more_is_replaced(login: Login) -> None:
    shell = Shell(replace(login, limit=0.5))
    for _ in range(10):
        with pytest.raises(Unavailable):
            shell.run("sleep", "3", timeout=0.01)
    with pytest.raises(Unavailable, match="opens no channel"):
        shell.run("true")
    assert shell.run("true").code == 0
    shell.close()


def test_many_threads_share_a_connection(login: Login) -> None:
    sent: list[str] = []
    shell = Shell(login, counted=sent.append)

    def talk(thread: int) -> list[str]:
        return [shell.run("cat", stdin=f"{thread}.{turn}\n".encode()).out for turn in range(20)]

    with ThreadPoolExecutor(16) as threads:
        said = list(threads.map(talk, range(16)))
    connections = {shell.script('echo "$SSH_CONNECTION"').out for _ in range(3)}
    shell.close()
    assert said == [[f"{thread}.{turn}\n" for turn in range(20)] for thread in range(16)]
    assert (sent.count("cat"), len(connections)) == (320, 1)


def test_commands_and_files_together_stay_below_the_servers_limit(login: Login, slurm: SlurmCluster) -> None:
    shell = Shell(login)

    def work(thread: int) -> bytes | None:
        path = f"{slurm.work}/thread{thread}"
        for _ in range(5):
            shell.run("true")
            with shell.files() as files:
                files.write(path, str(thread).encode())
        with shell.files() as files:
            return files.read(path)

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(work, range(16)))
    shell.close()
    assert found == [str(thread).encode() for thread in range(16)]


def test_a_dropped_connection_is_made_again(shell: Shell, slurm: SlurmCluster) -> None:
    shell.run("true")
    slurm.drop_connections()
    assert shell.run("echo", "again").out == "again\n"


def test_files_work_again_after_a_dropped_connection(shell: Shell, slurm: SlurmCluster) -> None:
    with shell.files() as files:
        files.write(f"{slurm.work}/kept", b"kept")
    slurm.drop_connections()
    with shell.files() as files:
        assert files.read(f"{slurm.work}/kept") == b"kept"


def test_a_lost_answer_is_told_and_the_command_not_repeated(shell: Shell, slurm: SlurmCluster) -> None:
    marks = slurm.work / "marks"
    script = 'echo once >> "$1"; echo started; read answer'
    with ThreadPoolExecutor(1) as thread:
        ran = thread.submit(shell.script, script, str(marks), stdin=b"")
        ran.result()
        asked = thread.submit(shell.script, 'echo twice >> "$1"; kill -9 "$PPID"; sleep 1', str(marks))
        with pytest.raises(Unavailable, match=r"it ended without an exit code|answer is lost"):
            asked.result()
    assert shell.run("cat", str(marks)).out == "once\ntwice\n"


def test_a_restarted_server_is_found_again(login: Login, slurm: SlurmCluster) -> None:
    shell = Shell(login)
    shell.run("true")
    slurm.stop_sshd()
    slurm.drop_connections()
    try:
        with pytest.raises(Unavailable, match="Connection refused"):
            shell.run("true")
    finally:
        slurm.start_sshd()
    assert shell.run("true").code == 0
    shell.close()


def test_a_closed_shell_connects_again(shell: Shell) -> None:
    shell.run("true")
    shell.close()
    assert shell.run("true").code == 0


def test_another_account_is_entered_by_sudo(login: Login, slurm: SlurmCluster) -> None:
    shell = Shell(login, run_as=ANN)
    path = f"{slurm.homes}/{ANN}/note"
    with shell.files() as files:
        files.write(path, b"hers")
    owner = shell.script('stat -c "%U %a" "$1"; id -un', path).out
    shell.close()
    assert owner == f"{ANN} 600\n{ANN}\n"


def test_an_account_that_sudo_refuses_is_told(login: Login) -> None:
    shell = Shell(login, run_as="root")
    with pytest.raises(Unavailable, match=r"sudo -n -u root --: sudo: a password is required"):
        shell.script("true")
    with pytest.raises(Unavailable, match="sudo"), shell.files():
        pass
    shell.close()
