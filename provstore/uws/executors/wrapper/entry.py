"""The beginning and the end of the wrapper: it takes the job, if nobody did, runs it and says so."""

import fcntl
import json
import os
import signal
import sys

from .calling import deliver, let_go
from .run import Run
from .task import Task


def claim() -> int:
    """Take the job: gives the descriptor of the lock; raises where somebody was faster."""
    lock = os.open("lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    os.close(os.open("claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return lock


def notify(task: Task) -> int:
    """Tell that something may have happened to the job: who asks for this is not the job itself."""
    deliver(task, "scheduler", json.dumps({"job": task.job, "source": "scheduler"}).encode() + b"\n")
    return 0


def main() -> int:
    """Run the directory named by the last argument, if nobody did; gives the script's exit code."""
    os.umask(0o077)
    try:
        os.chdir(sys.argv[-1])
        if sys.argv[1:-1] == ["--notify"]:
            return notify(Task())
        run = Run(Task())
        lock = claim()
    except (BlockingIOError, FileExistsError):
        return 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write("%s can't be run: %s: %s\n" % (sys.argv[-1], type(error).__name__, error))
        return 2
    try:
        os.write(1, b"claimed\n")
    except OSError:  # whoever started us is gone: so what
        pass
    try:
        record = run.run(lock)
    finally:
        if run.processes.group and run.record.facts["state"] != "ENDED":
            run.processes.signal(signal.SIGKILL)
    let_go(lock)
    deliver(run.task, str(run.record.seq), record)
    return run.code or int(run.cause != "exit")
