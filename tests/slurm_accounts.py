"""The accounts of the test cluster: a service account and two people, whom the service account may become by sudo.

They are real accounts of this machine, without a password, and stay. No key lets anybody in but through an sshd of a
test, whose authorized keys end with it.
"""

from __future__ import annotations

import fcntl
import pwd
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["ANN", "BOB", "PEOPLE", "SERVICE", "are_there", "make_accounts", "make_keys", "sudoers"]

SERVICE: Final = "provstore-svc"
ANN: Final = "provstore-ann"
BOB: Final = "provstore-bob"
PEOPLE: Final = (ANN, BOB)
_SUDOERS: Final = Path("/etc/sudoers.d/provstore-test")


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
        if _SUDOERS.parent.is_dir() and (not _SUDOERS.exists() or _SUDOERS.read_text() != sudoers()):
            fresh = _SUDOERS.with_name("provstore-test.new")  # sudo reads no file with a dot in its name
            fresh.write_text(sudoers())
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


def sudoers() -> str:
    """Give the rule by which the service account enters those of people."""
    return (
        "# Made by the tests of provstore: the service account enters those of people, as docs/clusters.md says.\n"
        f'Defaults:{SERVICE} env_keep += "SLURM_CONF"\n'
        f"{SERVICE} ALL=({','.join(PEOPLE)}) NOPASSWD: /bin/sh\n"
    )
