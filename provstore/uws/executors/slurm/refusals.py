"""Why a command of SLURM's failed: the words it prints, and what they mean for whoever sent it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["WORDS", "Kind", "Refusal", "why_refused"]


class Kind(StrEnum):
    """What to do about it."""

    BUSY = "busy"
    """A limit, or too much to do: the same command will be taken later."""
    UNREACHABLE = "unreachable"
    """SLURM could not be asked, and nothing is known of whether it did what it was told."""
    REFUSED = "refused"
    """It will never be taken as it is."""
    UNKNOWN_JOB = "unknown-job"
    """SLURM knows no job of that number (any more)."""
    UNKNOWN = "unknown"
    """Words that are not in the table: worth some more attempts, since a refusal is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A failure of a command: its kind, and SLURM's own words without the decoration."""

    kind: Kind
    message: str


WORDS: Final[Mapping[str, Kind]] = {
    # A limit that is named beside "Job violates accounting/QOS policy": of many jobs, or of one
    r"\b(Assoc|QOS)\w*Submit|\bMaxSubmitJobs|\b(Assoc|QOS)\w*Jobs(PerUser)?Limit": Kind.BUSY,
    r"\b(Assoc|QOS)Grp|\bQOSMax\w*PerUser|\bMax\w*PerAccount\b": Kind.BUSY,
    r"\b(Assoc|QOS)(Max|Min)|\bMaxMemPerLimit\b": Kind.REFUSED,
    # Nobody to ask
    r"Unable to contact slurm|backup controller|Controller is in standby mode": Kind.UNREACHABLE,
    r"Socket timed out|Zero Bytes were transmitted|No route to host|Network is unreachable": Kind.UNREACHABLE,
    r"Connection (refused|reset|timed out)|Communication (connection|shutdown) failure": Kind.UNREACHABLE,
    r"slurm_?dbd|Unable to connect to database|accounting storage is disabled": Kind.UNREACHABLE,
    r"munge|authentication|Incompatible versions of client": Kind.UNREACHABLE,
    r"Can't find an address|establish a configuration source|process configuration file": Kind.UNREACHABLE,
    r"^env: |command not found|: not found$": Kind.UNREACHABLE,
    # Later
    r"sleeping and retrying|Resource temporarily unavailable|temporarily (unable|disabled)": Kind.BUSY,
    r"Unable to create job record|try again|Job locked by another sibling": Kind.BUSY,
    r"reservation not usable now|reservation is in use|maintenance reservation": Kind.BUSY,
    r"not available now|Required (node|partition) not available": Kind.BUSY,
    r"breached requested QOS usage threshold|Burst Buffer resource limit exceeded": Kind.BUSY,
    r"I/O error writing script/environment|No space left on device": Kind.BUSY,
    # A limit that is not named: it may pass, and a job must not fail for the number of others
    r"Job violates accounting/QOS policy": Kind.BUSY,
    # Never
    r"Invalid job id specified": Kind.UNKNOWN_JOB,
    r"\bInvalid\b|No partition specified|group not permitted to use|nodes not in this partition": Kind.REFUSED,
    r"Requested node configuration is not available|Memory specification can not be satisfied": Kind.REFUSED,
    r"More processors requested than permitted|more tasks than available processors": Kind.REFUSED,
    r"count specification|Requested time limit is invalid|Time limit specification required": Kind.REFUSED,
    r"Memory required by task is not available|Access denied|Permission denied|permission denied": Kind.REFUSED,
    r"not supported|presently disabled|Only batch jobs|too long|specification needs to be provided": Kind.REFUSED,
    r"Batch script is empty|DOS line breaks|not look like a batch script|Size limit exceeded": Kind.REFUSED,
    r"unrecognized option|ambiguous option|requires an argument": Kind.REFUSED,
}
"""Regular expression -> kind, read from the top: the first that is found in the text holds."""

_TABLE: Final = tuple((re.compile(words, re.IGNORECASE | re.MULTILINE), kind) for words, kind in WORDS.items())
_SPOKEN: Final = re.compile(r"^(?:sbatch|squeue|sacct|scancel|scontrol|slurm_\w+)\b[^:]*:\s*(?:(?:error|fatal):\s*)?")
_LEAD: Final = re.compile(r"^(?:Batch job submission failed|Kill job error on job id \S+):\s*")
_NOBODY: Final = frozenset({124, 126, 127, 137})
"""Status of a command that was ended for taking too long, or that is not there."""
_LONGEST: Final = 500


def why_refused(stderr: str, code: int) -> Refusal:
    """Judge a command that ended with this status, not 0, by what it wrote on standard error.

    What the shell of the account wrote besides, greetings and warnings, is left out of the message if SLURM said
    something itself.
    """
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    spoken = [line for line in lines if _SPOKEN.match(line)] or lines
    text = "\n".join(spoken)
    otherwise = Kind.UNREACHABLE if code in _NOBODY else Kind.UNKNOWN
    kind = next((kind for words, kind in _TABLE if words.search(text)), otherwise)
    said = dict.fromkeys(_LEAD.sub("", _SPOKEN.sub("", line)) for line in spoken)
    return Refusal(kind=kind, message="; ".join(said)[:_LONGEST] or f"it ended with status {code} without a word")
