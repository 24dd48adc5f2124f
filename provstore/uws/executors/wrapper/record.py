"""What is known of a run, written down at each change: ``status.json`` and ``events.jsonl``."""

import json
import os
import time

UNKNOWN = ["state", "cause", "exit_code", "started_at", "ended_at", "pgid", "cpu_seconds", "max_rss", "isolated"]
SCHEDULER = ["JOB_ID", "JOB_PARTITION", "JOB_NODELIST", "CLUSTER_NAME", "RESTART_COUNT"]


class Record:
    """The facts of a run; each state is a line of ``events.jsonl``, the last one is ``status.json``."""

    def __init__(self, job: str) -> None:
        self.seq = 0
        self.facts: dict[str, object] = dict.fromkeys(UNKNOWN)
        names = ["SLURM_" + name for name in SCHEDULER]
        known = {name: os.environ[name] for name in names if name in os.environ}
        self.facts.update(scheduler=known or None)
        self.facts.update(job=job, host=os.uname().nodename, pid=os.getpid(), message="")

    def write(self, state: str, **facts: object) -> bytes:
        """Record a state durably; gives the record as JSON."""
        self.seq += 1
        self.facts.update(facts, seq=self.seq, state=state)
        line = json.dumps(self.facts).encode() + b"\n"
        if os.path.islink("events.jsonl"):  # laid by the script, to write where it can't
            os.unlink("events.jsonl")
        with open("events.jsonl", "ab", 0) as file:  # one write: who reads meanwhile sees whole lines
            file.write(line)
        replace("status.json", line)
        return line


def replace(name: str, data: bytes) -> None:
    """Put a file in place whole and on the disk; no link that a script has laid there is followed."""
    part = "." + name
    if os.path.lexists(part):
        os.unlink(part)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0) as file:
        file.write(data)
        os.fsync(file.fileno())
    os.replace(part, name)


def iso(instant: float) -> str:
    """Give an instant in UTC as ISO 8601 has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant)) + ".%06dZ" % (instant % 1 * 1e6)
