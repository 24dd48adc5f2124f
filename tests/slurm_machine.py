"""A cluster of the tests as they see it: where it is, who may enter, and how to break it."""

from __future__ import annotations

import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

from provstore.clusters import Cluster
from tests.slurm_accounts import PEOPLE, SERVICE
from tests.slurm_config import ZONE, Ports
from tests.slurm_keeper import Keeper

__all__ = ["HOST", "PATH", "NoCluster", "SlurmCluster", "answers", "environment"]

HOST: Final = "127.0.0.1"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT: Final = 60.0


class NoCluster(Exception):
    """A daemon did not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmCluster:
    """A running cluster: where it is, who may enter, and how to break it."""

    folder: Path
    ports: Ports
    keeper: Keeper
    host: str = HOST
    user: str = SERVICE

    @property
    def port(self) -> int:
        """Where sshd listens."""
        return self.ports.ssh

    @property
    def jump_port(self) -> int:
        """Where the sshd listens that forwards."""
        return self.ports.jump

    @property
    def conf(self) -> Path:
        """SLURM_CONF."""
        return self.folder / "slurm.conf"

    @property
    def key(self) -> Path:
        """The private key of the service account; beside it lies the public one."""
        return self.keys[SERVICE]

    @property
    def keys(self) -> Mapping[str, Path]:
        """Account -> its private key."""
        return {user: self.folder / "keys" / user for user in (SERVICE, *PEOPLE)}

    @property
    def known_hosts(self) -> Path:
        """The host key of both servers, as OpenSSH keeps it."""
        return self.folder / "keys" / "known_hosts"

    @property
    def jump(self) -> str:
        """The server to go through, as `Cluster.jump` wants it."""
        return f"{self.user}@{self.host}:{self.jump_port}"

    @property
    def host_key(self) -> str:
        """The host key as ``ssh-ed25519 AAAA…``."""
        return " ".join((self.folder / "keys" / "host.pub").read_text().split()[:2])

    @property
    def work(self) -> Path:
        """A folder of the service account's, which everybody may pass through."""
        return self.folder / "work"

    @property
    def homes(self) -> Path:
        """A folder with one folder for each account, which only that account may enter."""
        return self.folder / "homes"

    def cluster_settings(self, **changes: Any) -> Cluster:
        """Give this cluster as an operator would describe it."""
        settings = Cluster(
            name="test",
            host=self.host,
            port=self.port,
            user=self.user,
            key_file=self.key,
            known_hosts=self.known_hosts,
            work_directory=PurePosixPath(self.work),
            defaults={"partition": "test", "mem": "64M"},
            allowed={"partition": ("test", "long")},
            silent_after=timedelta(seconds=3),
        )
        return replace(settings, **changes)

    def run(self, *command: str) -> str:
        """Run a command as root, with this cluster's configuration; it must succeed."""
        return _checked(command, environment=environment(self.conf))

    def as_user(self, user: str, *command: str) -> str:
        """Run a command as one of the accounts, in its home; it must succeed."""
        account = pwd.getpwnam(user)
        own = {"HOME": account.pw_dir, "USER": user, "LOGNAME": user}
        return _checked(command, environment=environment(self.conf) | own, account=account)

    def scontrol(self, *arguments: str) -> str:
        """Run scontrol as root."""
        return self.run("scontrol", *arguments)

    def state_of(self, number: str) -> str:
        """Tell what SLURM calls the state of a job: PENDING, RUNNING, COMPLETED…"""
        facts = self.scontrol("show", "job", "-o", number)
        return facts.partition("JobState=")[2].split()[0]

    def certificate(self, user: str, *, valid: str = "+1h") -> Path:
        """Sign a fresh key of the account for a while (ssh-keygen's -V); give the certificate, beside its key."""
        key = Path(tempfile.mkdtemp(dir=self.folder)) / "signed"
        authority = self.folder / "keys" / "authority"
        self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        self.run("ssh-keygen", "-q", "-s", str(authority), "-I", user, "-n", user, "-V", valid, f"{key}.pub")
        return key.with_name("signed-cert.pub")

    def stop_controller(self) -> None:
        """End slurmctld in good order; jobs go on running."""
        self.keeper.stop("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld with the state that it saved, and wait until it answers."""
        self.keeper.start("slurmctld", "slurmctld", "-D", "-f", str(self.conf))
        self.wait_for("slurmctld", lambda: self.succeeds("scontrol", "ping"))

    def kill_node(self) -> None:
        """Let the node vanish: slurmd, and the jobs that run there. The controller notices after half a minute."""
        self.keeper.stop("slurmd", number=signal.SIGKILL)
        self.keeper.kill_trees("slurmstepd")

    def fail_node(self) -> None:
        """Let the node vanish, and tell the controller: its jobs end as NODE_FAIL at once."""
        self.kill_node()
        node = self.run("hostname", "-s").strip()
        self.scontrol("update", f"nodename={node}", "state=down", "reason=lost")

    def start_node(self) -> None:
        """Start slurmd, and wait until the controller may use the node."""
        self.keeper.start("slurmd", "slurmd", "-D", "-f", str(self.conf))
        self.wait_for("slurmd", lambda: _usable(self.run("sinfo", "-h", "-p", "test", "-o", "%T").strip()))

    def stop_sshd(self) -> None:
        """Let nobody in any more; who is in stays."""
        self.keeper.stop(f"sshd.{self.port}")

    def start_sshd(self, port: int | None = None) -> None:
        """Let people in, by the same port and with the same host key as ever; the jump host by its own port."""
        port = port or self.port
        name = f"sshd.{port}"
        program = shutil.which("sshd", path=PATH) or "sshd"  # it insists on an absolute path
        self.keeper.start(name, program, "-D", "-e", "-f", str(self.folder / f"sshd_config.{port}"))
        self.wait_for(name, lambda: answers(port))

    def drop_connections(self) -> None:
        """Cut all SSH connections, those through the jump host too; what they run is not killed."""
        self.keeper.kill_called("sshd")

    def succeeds(self, *command: str) -> bool:
        """Tell whether a command, run as root, ends with 0."""
        return subprocess.run(command, env=environment(self.conf), capture_output=True, check=False).returncode == 0

    def wait_for(self, daemon: str, ready: Callable[[], bool]) -> None:
        """Wait until a daemon that was just started is ready."""
        deadline = time.monotonic() + LIMIT
        while not ready():
            if not self.keeper.is_alive(daemon) or time.monotonic() > deadline:
                raise NoCluster(f"{daemon} did not start:\n{_tails(self.folder / 'log', daemon)}")
            time.sleep(0.01)


def answers(port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _usable(state: str) -> bool:
    return state in {"idle", "mixed", "allocated", "completing"}


def environment(conf: Path) -> dict[str, str]:
    """Nothing of the test's own: a cluster is another machine."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "TZ": ZONE, "SLURM_CONF": str(conf)}


def _checked(
    command: tuple[str, ...], *, environment: Mapping[str, str], account: pwd.struct_passwd | None = None
) -> str:
    """Run a command as root, or as an account with its group alone."""
    done = subprocess.run(
        command,
        env=environment,
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=account and [],
        cwd=account and account.pw_dir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def _tails(logs: Path, daemon: str) -> str:
    return "\n".join(file.read_text(errors="replace")[-4000:] for file in sorted(logs.glob(f"{daemon}.*")))
