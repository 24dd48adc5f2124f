"""The accounts of the test cluster: a service account and two people, whom the service account may become by sudo.

They are real accounts of this machine, without a password, and stay. No key lets anybody in but through an sshd of a
test, whose authorized keys end with it.
"""

from __future__ import annotations

import fcntl
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["ANN", "BOB", "PEOPLE", "SERVICE", "SFTP_SERVER", "are_there", "make_accounts", "make_keys"]

SERVICE: Final = "provstore-svc"
ANN: Final = "provstore-ann"
BOB: Final = "provstore-bob"
PEOPLE: Final = (ANN, BOB)
SFTP_SERVER: Final = Path("/usr/lib/openssh/sftp-server")
_SUDOERS: Final = Path("/etc/sudoers.d/provstore-test")
_COMMANDS: Final = ("/bin/sh", "/usr/bin/sh", str(SFTP_SERVER))
_SLURM: Final = ("sbatch", "scancel", "squeue", "sacct", "scontrol")


def are_there() -> bool:
    """Tell whether all accounts exist on this machine."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return known.issuperset((SERVICE, *PEOPLE))


def make_accounts() -> None:
    """Make the accounts and the sudo rule, where they are missing; several workers may do so at the same time."""
    with Path("/run/lock/provstore-test").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for user in (SERVICE, *PEOPLE):
            if not _exists(user):
                # '*' is no password, yet the account is not locked as with '!', which sshd without PAM refuses
                subprocess.run(["useradd", "-m", "-s", "/bin/bash", "-p", "*", user], check=True)
        if _SUDOERS.parent.is_dir() and (not _SUDOERS.exists() or _SUDOERS.read_text() != _sudoers()):
            fresh = _SUDOERS.with_name("provstore-test.new")  # sudo reads no file with a dot in its name
            fresh.write_text(_sudoers())
            fresh.chmod(0o440)
            subprocess.run(["visudo", "-cqf", str(fresh)], check=True)
            fresh.rename(_SUDOERS)


def make_keys(folder: Path) -> None:
    """Make a host key, an authority for certificates, a key of each account and the files that let these in."""
    for name in ("host", "authority", SERVICE, *PEOPLE):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True)
    for user in (SERVICE, *PEOPLE):
        public = (folder / f"{user}.pub").read_text()
        (folder / f"{user}.authorized").write_text(f"restrict {public}")
        (folder / f"{user}.authorized.jump").write_text(f"restrict,port-forwarding {public}")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _sudoers() -> str:
    found = (shutil.which(program, path="/usr/local/bin:/usr/bin:/bin") for program in _SLURM)
    commands = ", ".join([*_COMMANDS, *(program for program in found if program)])
    return (
        "# Made by the tests of provstore: the service account enters the accounts of people for these programs only.\n"
        f'Defaults:{SERVICE} env_keep += "SLURM_CONF"\n'
        f"{SERVICE} ALL=({','.join(PEOPLE)}) NOPASSWD: {commands}\n"
    )
