"""What is there on the login node: programs, SLURM's controller and accounting, folders, accounts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from provstore.clusters import Cluster
from provstore.errors import Unavailable
from provstore.uws.executors.slurm import commands
from provstore.uws.executors.slurm.check.entry import since, told
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.findings import Finding, fault, note, well
from provstore.uws.ports import Clock

__all__ = ["accounts", "folders", "programs", "scheduler"]

_NEEDED: Final = ("sbatch", "squeue", "scancel", "scontrol", "tar", "find", "timeout", "sha256sum")
_PROGRAMS: Final = """\
for name in "$@"; do command -v "$name" >/dev/null || printf '%s ' "$name"; done
printf '\\n%s\\n' "$PATH"
"""
_PYTHON: Final = """PATH=$2 "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])'"""
_FOLDER: Final = """\
df -Pk "$1" | awk 'END { print $4 }'
ls -ldn "$1" | awk '{ print $1, $3 }'
id -u
"""
_NOT_FOUND: Final = 127
_OLDEST: Final = (3, 6)
_APART: Final = 5.0
"""Seconds that the clocks of two machines may differ without a word."""


def programs(reach: Reach) -> Iterator[Finding]:
    """Look for SLURM's commands, and those that our own need, as the account finds them without a terminal."""
    ran = reach.script(Asked.LOOKUP, "", _PROGRAMS, *_NEEDED)
    missing, path = (*ran.out.splitlines(), "", "")[:2]
    if missing.strip():
        words = f"{', '.join(missing.split())} not found; PATH of the account is {path}"
        yield fault("programs", words, "install what is missing, or set PATH for logins without a terminal (~/.bashrc)")
        return
    yield well("programs", f"{', '.join(_NEEDED)} are there")
    yield _python(reach)


def _python(reach: Reach) -> Finding:
    cluster = reach.cluster
    ran = reach.script(Asked.LOOKUP, "", _PYTHON, cluster.python, cluster.path)
    version = ran.out.strip()
    if is_new_enough(version):
        return well("python", f"{cluster.python} is {version} on the login node")
    if ran.code == _NOT_FOUND:
        words = f"{cluster.python} is not found in {cluster.path}"
    else:
        words = f"{cluster.python} is {version if re.match(r'[0-9]+[.]', version) else 'no Python'}"
    remedy = "3.6 or newer is needed on the compute nodes; the keys python and path say where it is"
    return note("python", f"{words} on the login node", remedy)


def is_new_enough(version: str) -> bool:
    """Tell whether the wrapper runs with this version of Python."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.\d+", version)
    return found is not None and (int(found[1]), int(found[2])) >= _OLDEST


def scheduler(reach: Reach, clock: Clock) -> Iterator[Finding]:
    """Ask SLURM's controller and accounting, and for the time there."""
    began = time.monotonic()
    try:
        reach.ask(Asked.LOOKUP, "", commands.ping())
        release = reach.ask(Asked.LOOKUP, "", commands.version()).strip()
    except Refused as error:
        remedy = "is slurmctld up? On the login node, `scontrol ping` says the same"
        yield fault("controller", f"SLURM does not answer: {error.refusal.message}", remedy)
        return
    yield well("controller", f"{release} answers in {since(began)}")
    yield _accounting(reach, clock)
    yield _clock(reach, clock)


def _accounting(reach: Reach, clock: Clock) -> Finding:
    try:
        command = commands.accounting_by_name(commands.job_name("check"), clock() - timedelta(days=1))
        reach.ask(Asked.ACCOUNTING, "", command)
    except Refused as error:
        words = f"sacct does not answer: {error.refusal.message}"
        if "disabled" in error.refusal.message:
            return well("accounting", "none; squeue and the jobs' own word are enough")
        return note("accounting", words, "jobs run without it; what SLURM has forgotten can't be asked for then")
    return well("accounting", "sacct answers")


def _clock(reach: Reach, clock: Clock) -> Finding:
    before_at = clock()
    said = reach.script(Asked.LOOKUP, "", "date +%s").out.strip()
    after_at = clock()
    apart = float(said) + 0.5 - (before_at.timestamp() + after_at.timestamp()) / 2 if said.isdigit() else 0.0
    if abs(apart) > _APART:
        way = "ahead of" if apart > 0 else "behind"
        words = f"the login node's is {abs(apart):.0f} s {way} ours"
        return note("clock", words, "set both by NTP: what jobs tell of their times is held to our clock")
    return well("clock", "the login node's agrees with ours")


def accounts(reach: Reach) -> Iterator[Finding]:
    """Enter each account in which jobs run; where it is one for all, say what that means."""
    cluster = reach.cluster
    if not cluster.accounts:
        words = f"all jobs run as {cluster.user}, so a script can do there what the others can"
        yield note("accounts", words, "trust the authors of services, or map persons to accounts (docs/clusters.md)")
        return
    if "{account}" not in str(cluster.work_directory):
        words = f"work_directory {cluster.work_directory} is one folder for all accounts"
        yield fault("accounts", words, "put {account} into it, as /scratch/{account}/provstore: each makes its own")
        return
    for account in users(cluster):
        yield _entered(reach, account)


def users(cluster: Cluster) -> tuple[str, ...]:
    """Give the accounts in which jobs run, each once; "" stands for the service's."""
    return tuple(dict.fromkeys(one.user for one in cluster.accounts.values())) or ("",)


def _entered(reach: Reach, account: str) -> Finding:
    own_key = reach.shell(account).login.user == account
    how = "with its own key" if own_key else f"by sudo from {reach.cluster.user}"
    try:
        said = reach.script(Asked.LOOKUP, account, "id -un").out.strip()
    except Unavailable as error:
        remedy = f"sudoers on the login node: {reach.cluster.user} ALL=({account}) NOPASSWD: /bin/sh"
        return fault(
            "accounts", f"{account} can't be entered {how}: {error.message}", "see the message" if own_key else remedy
        )
    if said != account:
        return fault("accounts", f"{account} was entered {how}, but is {said!r} there", "correct accounts")
    return well("accounts", f"{account} is entered {how}")


def folders(reach: Reach) -> Iterator[Finding]:
    """Make the folder of each account, with the wrapper in it, and look whose it is and what room there is."""
    for account in users(reach.cluster):
        folder = str(reach.cluster.directory(account))
        try:
            reach.prepare(account)
        except Unavailable as error:
            if reach.trouble:
                raise
            name = account or reach.cluster.user
            yield fault("work directory", told(error), f"make {folder} there for {name}, or correct work_directory")
            return
        said = reach.script(Asked.FILES, account, _FOLDER, folder).out.split()
        if len(said) != 4:  # no df or ls of the usual sort
            yield well("work directory", f"{folder} can be written to")
            continue
        free, mode, owner, ours = said
        if owner != ours or mode[5] == "w" or mode[8] == "w":
            words = f"{folder} belongs to the user with id {owner}, mode {mode}: others may change what is in it"
            yield fault("work directory", words, f"make it {account or reach.cluster.user}'s own, mode 0700 or 0711")
            continue
        yield well("work directory", f"{folder} can be written to, {int(free) * 1024 / 1e9:.1f} GB free")
