"""Why SLURM lets a job wait, in words that its owner understands; SLURM's own code follows in brackets."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

__all__ = ["HOLDS", "NO_REASON", "REASONS", "why_waiting"]

NO_REASON: Final = frozenset({"", "None", "N/A", "(null)", "Unknown"})
"""What SLURM writes where there is nothing to say."""

HOLDS: Final = frozenset({"JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue", "ReservationDeleted"})
"""Reasons for which a PENDING job waits until somebody releases it."""

REASONS: Final[Mapping[str, str]] = {
    "JobHeldUser": "it is held by the account that submitted it",
    "JobHeldAdmin": "it is held by an administrator of the cluster",
    "JobHoldMaxRequeue": "it is held, since it was put back into the queue too often",
    "*requeued*held*": "it is held, since it was put back into the queue",
    "ReservationDeleted": "it is held, since its reservation was deleted",
    "Priority": "other jobs come first",
    "Resources": "the resources that it asks for are in use",
    "DependencyNeverSatisfied": "it waits for another job that did not end as it must",
    "Dependency": "it waits for another job to end",
    "BeginTime": "its earliest start has not come yet",
    "Licenses": "it waits for a licence",
    "Reservation": "it waits for its reservation to begin",
    "ReqNodeNotAvail*maintenance*": "nodes that it needs are reserved for maintenance",
    "ReqNodeNotAvail*": "nodes that it needs are not available",
    "Nodes required for job are DOWN*": "nodes that it needs are down, drained or reserved",
    "NodeDown": "a node that it needs is down",
    "FrontEndDown": "the node that would start it is down",
    "PartitionDown": "its partition takes jobs but starts none now",
    "PartitionInactive": "its partition is closed now",
    "PartitionTimeLimit": "it asks for more time than its partition gives; it can't start like this",
    "PartitionNodeLimit": "it asks for more or fewer nodes than its partition gives; it can't start like this",
    "PartitionConfig": "it asks for more than its partition gives; it can't start like this",
    "BadConstraints": "no node has what it asks for; it can't start like this",
    "Constraints": "no node has what it asks for now",
    "InvalidAccount": "its account is not valid on the cluster; it can't start like this",
    "InvalidQOS": "its quality of service is not valid on the cluster; it can't start like this",
    "AccountNotAllowed": "its partition does not take jobs of its account",
    "QOSNotAllowed": "its partition does not take its quality of service",
    "*SubmitJob*": "a limit of the cluster on the number of waiting and running jobs is reached",
    "*Max*Per[JN]o[bd]*": "it asks for more than a limit of the cluster allows one job; it can't start like this",
    "QOSMin*": "it asks for less than its quality of service requires; it can't start like this",
    "MaxMemPerLimit": "it asks for more memory than the cluster gives; it can't start like this",
    "*Jobs*": "a limit of the cluster on the number of running jobs is reached",
    "JobArrayTaskLimit": "a limit on the number of running jobs is reached",
    "AssociationJobLimit": "a limit of the cluster on the number of running jobs is reached",
    "QOSJobLimit": "a limit of the cluster on the number of running jobs is reached",
    "AssocGrp*Minutes*": "the time that its account may use on the cluster is used up",
    "QOSGrp*Minutes*": "the time of its quality of service on the cluster is used up",
    "AssocGrp*": "its account uses as much of the cluster as it may; others of its jobs must end first",
    "QOSGrp*": "its quality of service is used as much as it may be; other jobs must end first",
    "QOSMax*PerUser*": "the account that submitted it uses as much of the cluster as it may",
    "Max*PerAccount": "its account uses as much of the cluster as it may",
    "Assoc*": "a limit of its account on the cluster is reached",
    "QOS*": "a limit of its quality of service on the cluster is reached",
    "AccountingPolicy": "a limit of the cluster is reached",
    "DeadLine": "it can't end before its deadline",
    "BurstBuffer*": "it waits for the fast storage of the cluster",
    "Power*": "it waits for electrical power",
    "Prolog": "its nodes are being made ready",
    "Cleaning": "its nodes are being cleaned up after an earlier run",
    "FedJobLock": "the clusters of the federation are agreeing on it",
    "InactiveLimit": "the cluster's limit on inactive jobs is reached",
    "SchedDefer": "the scheduler looks at new jobs from time to time only",
    "JobLaunchFailure": "it could not be started",
    "SystemFailure": "the cluster has a fault",
}
"""Pattern of the reason -> what it means, read from the top: the first that fits holds."""


def why_waiting(reason: str) -> str:
    """Say why a job waits: ``other jobs come first (Priority)``; "" where SLURM gives no reason."""
    code = reason.strip()
    if code.startswith("(") and code.endswith(")") and code not in NO_REASON:
        code = code[1:-1]
    if code in NO_REASON:
        return ""
    for pattern, words in REASONS.items():
        if fnmatchcase(code, pattern):
            return f"{words} ({code})"
    return f"SLURM gives the reason ({code})"
