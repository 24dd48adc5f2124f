"""A real single-node SLURM and a real sshd for the tests, without systemd: own ports, own folder, own munge.

A keeper owns the daemons, so that nothing is left behind when a test process is killed (`slurm_keeper`); the cluster
as tests see it is in `slurm_machine`, its configuration in `slurm_config`, its accounts in `slurm_accounts`.

By hand, as root: ``python -m tests.slurm_cluster start DIR`` prints the settings that provstore needs for this
cluster, ``stop DIR`` ends it and removes DIR.
"""

from __future__ import annotations

import json
import os
import pwd
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Final

from tests.slurm_accounts import PEOPLE, SERVICE, are_there, make_accounts, make_keys
from tests.slurm_config import DATABASE_TABLES, Ports, slurm_conf, slurmdbd_conf, sshd_config
from tests.slurm_keeper import Keeper
from tests.slurm_machine import HOST, PATH, NoCluster, SlurmCluster, answers, environment

__all__ = ["ACCOUNTING_PROGRAMS", "PROGRAMS", "NoCluster", "SlurmCluster", "main", "running_cluster", "why_missing"]

PROGRAMS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "sshd", "sudo", "setpriv", "ssh-keygen")
ACCOUNTING_PROGRAMS: Final = ("slurmdbd", "sacctmgr", "mariadbd", "mariadb-install-db")
LIGHT: Final = ("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0")
"""A database that is thrown away may forget."""


def why_missing(*, programs: tuple[str, ...] = PROGRAMS, required: bool) -> str:
    """Say why no cluster can run here; "" if one can. Where it is not required, accounts of a machine are its own."""
    if os.geteuid() != 0:
        return "only root can start sshd and SLURM for several accounts"
    lacking = [program for program in programs if not shutil.which(program, path=PATH)]
    if lacking:
        return f"{', '.join(lacking)} not installed (.ci/run installs all)"
    if not required and not are_there():
        return (
            f"it needs the accounts {SERVICE}, {', '.join(PEOPLE)} on this machine:"
            " PROVSTORE_REQUIRE=slurm lets the tests make them"
        )
    return ""


@contextmanager
def running_cluster(place: Path | None = None, *, accounting: bool = False, extra: str = "") -> Iterator[SlurmCluster]:
    """Run a cluster of one's own, in a folder that goes when it ends.

    Args:
        place: an empty folder with a short name that all accounts may enter (paths of sockets end at 107 characters);
            a new one below /tmp unless given.
        accounting: whether slurmdbd runs, and with it sacct, accounts and QOS.
        extra: further lines of slurm.conf.
    """
    cluster = _start(place or Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")), accounting=accounting, extra=extra)
    try:
        yield cluster
    finally:
        cluster.keeper.end()


def _start(folder: Path, *, accounting: bool, extra: str) -> SlurmCluster:
    make_accounts()
    _make_folders(folder)
    keeper = Keeper(folder, environment=environment(folder / "slurm.conf"))
    cluster = SlurmCluster(folder=folder, ports=_free_ports(), keeper=keeper)
    try:
        _configure(cluster, accounting=accounting, extra=extra)
        _start_daemons(cluster, accounting=accounting)
    except BaseException:
        cluster.keeper.end()
        raise
    return cluster


def _make_folders(folder: Path) -> None:
    """Everybody may enter; the keys are each account's own."""
    folder.chmod(0o755)
    for name in ("run", "log", "controller", "node", "keys", "work", "homes"):
        (folder / name).mkdir(mode=0o755)
    for name, user in (("work", SERVICE), *((f"homes/{user}", user) for user in (SERVICE, *PEOPLE))):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        shutil.chown(folder / name, user, pwd.getpwnam(user).pw_gid)
    (folder / "work").chmod(0o711)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


def _free_ports() -> Ports:
    """Choose ports below those that the kernel gives to clients: none of these is taken by chance meanwhile."""
    wanted = random.SystemRandom().sample(range(10_000, 32_000), 100)
    return Ports(*islice(filter(_is_free, wanted), len(Ports._fields)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def _configure(cluster: SlurmCluster, *, accounting: bool, extra: str) -> None:
    folder, ports = cluster.folder, cluster.ports
    make_keys(folder / "keys")
    known = "".join(f"[{HOST}]:{port} {cluster.host_key}\n" for port in (cluster.port, cluster.jump_port))
    cluster.known_hosts.write_text(known)
    for port in (cluster.port, cluster.jump_port):
        (folder / f"sshd_config.{port}").write_text(sshd_config(folder, port=port, jump=port == cluster.jump_port))
    cluster.conf.write_text(slurm_conf(folder, ports=ports, accounting=accounting, extra=extra))
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    secret = folder / "slurmdbd.conf"
    secret.touch(mode=0o600)
    secret.write_text(slurmdbd_conf(folder, ports=ports))


def _start_daemons(cluster: SlurmCluster, *, accounting: bool) -> None:
    _start_munge(cluster)
    for port in (cluster.port, cluster.jump_port):
        cluster.start_sshd(port)
    if accounting:
        _start_accounting(cluster)
    cluster.start_controller()
    cluster.start_node()


def _start_munge(cluster: SlurmCluster) -> None:
    run, log = cluster.folder / "run", cluster.folder / "log"
    key, munge_socket = run / "munge.key", run / "munge.socket"
    key.touch(mode=0o400)
    key.write_bytes(os.urandom(128))
    options = [f"--key-file={key}", f"--socket={munge_socket}", f"--pid-file={run / 'munged.pid'}"]
    options += [f"--log-file={log / 'munged.log'}", f"--seed-file={run / 'munge.seed'}"]
    # --force: it otherwise refuses a folder below one that others may write to, as /tmp
    cluster.keeper.start("munged", "munged", "--foreground", "--force", "--num-threads=2", *options)
    cluster.wait_for("munged", lambda: cluster.succeeds("munge", "-n", "-S", str(munge_socket)))


def _start_accounting(cluster: SlurmCluster) -> None:
    """Start a database and slurmdbd, and make all accounts known there."""
    folder = cluster.folder
    data, database_socket = folder / "database", folder / "run" / "mariadbd.sock"
    data.mkdir()
    login = ["--no-defaults", "--user=root"]
    cluster.run("mariadb-install-db", *login, f"--datadir={data}", "--auth-root-authentication-method=normal", *LIGHT)
    options = [
        f"--datadir={data}",
        f"--socket={database_socket}",
        f"--port={cluster.ports.database}",
        f"--bind-address={HOST}",
        *LIGHT,
    ]
    cluster.keeper.start("mariadbd", "mariadbd", *login, *options, f"--pid-file={folder / 'run' / 'mariadbd.pid'}")
    client = ["mariadb", *login, f"--socket={database_socket}", "-e"]
    cluster.wait_for("mariadbd", lambda: cluster.succeeds(*client, "select 1"))
    cluster.run(*client, DATABASE_TABLES)
    cluster.keeper.start("slurmdbd", "slurmdbd", "-D")
    cluster.wait_for("slurmdbd", lambda: answers(cluster.ports.accountant))
    _make_known(cluster)


def _make_known(cluster: SlurmCluster) -> None:
    """Two accounts to charge for each user, and a QOS that lets through little."""
    users = ",".join((SERVICE, *PEOPLE))
    for command in (
        "add cluster provtest",
        "add account science,teaching cluster=provtest",
        f"add user {users} account=science,teaching defaultaccount=science",
        "add qos small set MaxSubmitJobsPerUser=2 MaxJobsPerUser=1",
        f"modify user {users} set qos+=normal,small",
    ):
        cluster.run("sacctmgr", "-i", "-Q", *command.split())


def _toml(cluster: SlurmCluster) -> str:
    settings = cluster.cluster_settings()
    plain = ("host", "port", "user", "key_file", "known_hosts", "work_directory")
    lines = [f"[clusters.{settings.name}]"]
    lines += [f"{name} = {_toml_value(getattr(settings, name))}" for name in plain]
    lines += [f"defaults.{name} = {_toml_value(value)}" for name, value in settings.defaults.items()]
    lines += [f"allowed.{name} = {json.dumps(values)}" for name, values in settings.allowed.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: object) -> str:
    return str(value) if isinstance(value, int) else json.dumps(str(value))


def _start_by_hand(folder: Path, out: IO[str], *, accounting: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NoCluster(f"{folder} is not empty: a cluster is removed with its folder, so it needs a new one")
    cluster = _start(folder, accounting=accounting, extra="")
    cluster.keeper.stay()
    out.write(f"# SLURM_CONF={cluster.conf}\n{_toml(cluster)}")


def _stop_by_hand(folder: Path) -> None:
    keeper = folder / "keeper.pid"
    if not keeper.exists():
        raise NoCluster(f"{folder} holds no cluster that was started by hand")
    process = Path("/proc", keeper.read_text())
    os.kill(int(process.name), signal.SIGTERM)
    while folder.exists() or process.exists():
        time.sleep(0.02)


def main(arguments: list[str], out: IO[str] = sys.stdout) -> int:
    """Do what the command line says: ``start DIR [accounting]`` or ``stop DIR``."""
    try:
        match arguments:
            case ["start", folder, *more] if more in ([], ["accounting"]):
                _start_by_hand(Path(folder).resolve(), out, accounting=bool(more))
            case ["stop", folder]:
                _stop_by_hand(Path(folder).resolve())
            case _:
                sys.stderr.write("usage: python -m tests.slurm_cluster start DIR [accounting] | stop DIR\n")
                return 2
    except NoCluster as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
