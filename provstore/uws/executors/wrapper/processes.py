"""The processes of a job: their start, signals to them, their end."""

import ctypes
import fcntl
import os
import resource
import signal
import sys

from .task import Task

GATE = """command -v "$1" >/dev/null || { echo "$1: No such file or directory" >&3; exit 127; }
unset PWD; echo $$ >&3; read -r go <&4; exec 3>&- 4<&- "$@"
"""  # for /bin/sh: bwrap has set PWD
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NAMES = {int(number): number.name for number in signal.Signals}


class Processes:
    """The script and all that descends from it, or only its group where we can't be a subreaper (only Linux can)."""

    def __init__(self) -> None:
        self.pid, self.group, self.courier, self.cpu_seconds, self.max_rss = 0, 0, 0, 0.0, 0
        self.status: int | None = None
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become our children, so none that left the group is missed

    def start(self, task: Task, outputs: "list[int]", cage: "list[str]") -> str:
        """Start the script with these ends of pipes as stdout and stderr; gives what went wrong, or nothing.

        ``cage``: words in front of an isolated command.
        """
        (heard, told), (go, hold), parent = _high_pipe(), _high_pipe(), os.getpid()
        self.pid = self.group = os.fork()
        if self.pid == 0:
            try:
                _become(outputs, parent)
                if cage:
                    _enter(cage, task, told, go)
                script = os.path.abspath("../script.sh")
                os.execvpe(task.shell[0], [*task.shell, script], task.environment)  # noqa: S606 - the one asked for
            except (OSError, ValueError) as error:
                os.write(told, str(error).encode() or b"unknown")
            finally:
                os._exit(127)
        os.close(told)
        os.close(go)
        with open(heard, "rb") as pipe, open(hold, "wb"):
            return self._uncover(pipe.readline().decode()) if cage else pipe.read().decode()

    def _uncover(self, said: str) -> str:
        """Learn the pid of the isolated script, which waits, and end bubblewrap in front of it.

        It would end by our TERM before the script does, and it would say 137 of a script that was killed. Orphans are
        ours: so the script's own end is heard.
        """
        if not said.strip().isdigit():
            return said.strip() or "bwrap could not start the script, see stderr"
        self.pid = int(said)
        send(self.group, signal.SIGKILL)
        os.waitpid(self.group, 0)
        return ""

    def reap(self) -> bool:
        """Collect those that ended; tells whether any are left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return send(-self.group, 0)
            if pid == 0:
                return True
            if pid == self.courier:
                self.courier = 0
                continue
            if pid == self.pid:
                self.status = status
            self.cpu_seconds = round(self.cpu_seconds + usage.ru_utime + usage.ru_stime, 6)
            self.max_rss = max(self.max_rss, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))

    def signal(self, *numbers: int) -> None:
        """Send signals to the group, and to those that left it."""
        for number in numbers:
            send(-self.group, number)
            for pid in _descendants():
                send(pid, number)


def prctl(option: int, value: int) -> None:
    """Ask Linux for something of this process; elsewhere nothing happens."""
    call = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
    if call is not None:
        call(option, value, 0, 0, 0)


def send(pid: int, number: int) -> bool:
    """Send a signal to a process, or to a group as a negative pid; tells whether there was one."""
    try:
        os.kill(pid, number)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _descendants() -> "list[int]":
    """All processes that descend from this one; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        try:
            with open("/proc/%d/stat" % int(name), "rb") as file:
                children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
        except (OSError, ValueError, IndexError):  # no process, or gone meanwhile
            continue
    found = children.get(os.getpid(), [])
    for pid in found:  # grows meanwhile
        found.extend(children.get(pid, []))
    return found


def _high_pipe() -> "list[int]":
    """Give a pipe out of the way of the numbers that scripts know."""
    low = os.pipe()
    high = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10) for file in low]
    for file in low:
        os.close(file)
    return high


def _enter(cage: "list[str]", task: Task, told: int, go: int) -> None:
    """Turn this forked process into the isolated script, which tells its pid and waits until it may go."""
    os.dup2(told, 3)
    os.dup2(go, 4)
    script = os.path.abspath("../script.sh")
    os.execve(cage[0], [*cage, "/bin/sh", "-c", GATE, "sh", *task.shell, script], task.environment)  # noqa: S606 - above


def _become(outputs: "list[int]", parent: int) -> None:
    """Make this forked process ready for the script; raises where that can't be."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    assert os.getppid() == parent  # noqa: S101 - it died before the line above: end here too
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python: `yes | head` would not end
        signal.signal(ignored, signal.SIG_DFL)
    os.close(os.open("script.sh", os.O_RDONLY))
    for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *outputs]):
        os.dup2(file, number)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir("work")


def verdict(status: int) -> "tuple[str, str, int]":
    """Cause, message and exit code of a wait status."""
    code, number = os.WEXITSTATUS(status), os.WTERMSIG(status)
    if os.WIFSIGNALED(status):
        return "signal", "killed by " + NAMES.get(number, "signal %d" % number), 128 + number
    return "exit", "exit code %d" % code if code else "", code
