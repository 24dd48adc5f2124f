"""The configuration files of the test cluster."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["DATABASE_TABLES", "ZONE", "Ports", "slurm_conf", "slurmdbd_conf", "sshd_config"]


class Ports(NamedTuple):
    """Where the daemons listen; the last two only with accounting."""

    ssh: int
    jump: int
    controller: int
    node: int
    accountant: int
    database: int


ZONE: Final = "IST-5:30"
"""The cluster's local time, which is not ours: SLURM tells times without a zone."""

_SLURM: Final = """\
ClusterName=provtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports.controller}
SlurmdPort={ports.node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
SlurmctldDebug=info
SlurmdDebug=info
# no cgroups: plain process tracking works everywhere
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
MpiDefault=none
SwitchType=switch/none
# nothing may hold up a test
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=3
MinJobAge=300
BatchStartTimeout=10
CompleteWait=0
UnkillableStepTimeout=60
EnforcePartLimits=ALL
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1,sched_min_interval=1000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=64
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.txt
# more CPUs than the machine has, so that many test jobs run side by side
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=64 Boards=1 SocketsPerBoard=1 CoresPerSocket=64 ThreadsPerCore=1 \
RealMemory=65536 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=01:00:00 DefaultTime=00:05:00 State=UP
PartitionName=long Nodes={host} MaxTime=INFINITE State=UP
{accounting}
{extra}
"""

_WITHOUT: Final = "AccountingStorageType=accounting_storage/none"

# The password is the munge socket: without it slurmctld looks for munge's usual one.
_WITH: Final = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports.accountant}
AccountingStoragePass={folder}/run/munge.socket
AccountingStorageEnforce=associations,limits,qos
"""

_SLURMDBD: Final = """\
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports.accountant}
SlurmUser=root
DebugLevel=info
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports.database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""

DATABASE_TABLES: Final = """\
create database slurm;
create user 'slurm'@'127.0.0.1' identified by 'slurm';
create user 'slurm'@'localhost' identified by 'slurm';
grant all on slurm.* to 'slurm'@'127.0.0.1';
grant all on slurm.* to 'slurm'@'localhost';
"""

_SSHD: Final = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/keys/host
PidFile {folder}/run/sshd.{port}.pid
AuthorizedKeysFile {folder}/keys/%u.authorized{suffix}
TrustedUserCAKeys {folder}/keys/authority.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers provstore-*
AllowTcpForwarding {forwarding}
MaxSessions 10
MaxStartups 100:30:200
LogLevel ERROR
PrintMotd no
PrintLastLog no
UseDNS no
Subsystem sftp internal-sftp
SetEnv SLURM_CONF={folder}/slurm.conf TZ={zone}
"""


def slurm_conf(folder: Path, *, ports: Ports, accounting: bool, extra: str) -> str:
    """Give slurm.conf, with further lines of one's own."""
    told = (_WITH if accounting else _WITHOUT).format(folder=folder, ports=ports)
    host = socket.gethostname().partition(".")[0]
    return _SLURM.format(folder=folder, host=host, ports=ports, accounting=told, extra=extra)


def slurmdbd_conf(folder: Path, *, ports: Ports) -> str:
    """Give slurmdbd.conf."""
    return _SLURMDBD.format(folder=folder, ports=ports)


def sshd_config(folder: Path, *, port: int, jump: bool) -> str:
    """Give sshd_config: of the cluster's own server, or of the one that only lets through."""
    suffix, forwarding = (".jump", "yes") if jump else ("", "no")
    return _SSHD.format(folder=folder, port=port, suffix=suffix, forwarding=forwarding, zone=ZONE)
