"""Run one staged job directory and leave a truthful record of it: ``python3 -I -S wrapper.py DIRECTORY``.

The same script runs here and on the nodes of a cluster: it stands alone, with the standard library of any Python from
3.6 on. So: no newer syntax or function, annotations in quotes, only modules that load within a few milliseconds.

Read are ``script.sh``, ``token`` (for call-backs; never put into arguments or an environment) and ``task.json``:

- ``job``: the job's id; ``environment``: the script's whole environment, nothing else is passed on;
- ``execution_duration``: seconds of wall time, 0 (default) is without limit; ``kill_grace``: from TERM to KILL, 5;
- ``log_max``: bytes kept of stdout and of stderr (first and last half), default 8 MiB;
- ``callback``: URL told of each change of state, may be missing; ``shell``: words before the script's path, ["bash"].

Written are ``claim`` (whoever makes it runs the job, so it runs once), ``lock`` (under flock while this lives; holds
its pid, from before the claim), ``stdout``, ``stderr``, ``events.jsonl`` (a line per change of state), ``status.json``
(the last of these lines): ``job``, ``seq``, ``state`` (EXECUTING, ENDED), ``cause`` (exit, signal, timeout, abort,
failed-to-start), ``exit_code``, ``message``, ``started_at``, ``ended_at``, ``host``, ``pid`` (of this), ``pgid`` (the
script's group and session), ``cpu_seconds``, ``max_rss`` (bytes). ``callback.log`` tells of call-backs that failed.

``claimed`` is printed once the job is taken; standard output is held until the end is recorded. TERM, INT, HUP, or a
file ``abort`` found at the start abort the job. When ENDED is written, no process of the job is left.
"""

import ctypes
import fcntl
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time

SIGNAL_LIMIT, CALL_LIMIT = 15.0, 5.0  # seconds for telling the server of one event; for each step of one call
KILL_LIMIT = 10.0  # seconds after KILL until a process that does not go (disk wait, another user's) is given up
LOOK_AGAIN, FAR = 0.05, 3600.0  # seconds between looks at processes that are ending, or that are not
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ABORTING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
UNKNOWN = ["state", "cause", "exit_code", "started_at", "ended_at", "pgid", "cpu_seconds", "max_rss"]
NAMES = {int(number): number.name for number in signal.Signals}


class Task:
    """The words of ``task.json`` in the working directory, which is the job's."""

    def __init__(self) -> None:
        with open("task.json", "rb") as file:
            words = json.loads(file.read().decode("utf-8"))
        self.job = str(words["job"])
        # UTF-8 whatever the locale: an old Python in the C locale would refuse it
        self.environment = {str(k).encode("utf-8"): str(v).encode("utf-8") for k, v in words["environment"].items()}
        self.execution_duration = float(words.get("execution_duration") or 0)
        self.kill_grace = float(words.get("kill_grace", 5))
        self.log_max = int(words.get("log_max", 8 << 20))
        self.callback = str(words.get("callback") or "")
        self.shell = [str(word) for word in words.get("shell") or ["bash"]]


class Log:
    """A file that keeps all while that is at most ``limit`` bytes, then the first and the last half of it."""

    def __init__(self, name: str, limit: int) -> None:
        self.file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
        self.half, self.total, self.tail, self.trouble = max(1, limit // 2), 0, bytearray(), ""

    def write(self, data: bytes) -> None:
        """Take some more output."""
        self._put(data[: max(0, 2 * self.half - self.total)])
        self.tail += data[max(0, self.half - self.total) :]
        self.total += len(data)
        if len(self.tail) > 4 * self.half:
            del self.tail[: -self.half]

    def close(self) -> None:
        """Put the last half after the first one, and between them a line with the number of bytes left out."""
        left_out = self.total - 2 * self.half
        if left_out > 0:
            os.ftruncate(self.file, self.half)
            self._put(b"\n[provstore: %d bytes left out]\n%s" % (left_out, self.tail[-self.half :]))
        os.close(self.file)

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.file, data) :]
        except OSError as error:  # a full disk costs output, not the job
            self.trouble = str(error)


class Processes:
    """The script and all that descends from it, or only its group where we can't be a subreaper (only Linux can)."""

    def __init__(self) -> None:
        self.pid, self.courier, self.cpu_seconds, self.max_rss = 0, 0, 0.0, 0
        self.status: int | None = None
        _prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become our children, so none that left the group is missed

    def start(self, task: Task, outputs: "list[int]") -> str:
        """Start the script with these ends of pipes as stdout and stderr; gives what went wrong, or nothing."""
        (heard, told), parent = os.pipe(), os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _become(task, outputs, parent)
            except (OSError, ValueError) as error:
                os.write(told, str(error).encode() or b"unknown")
            finally:
                os._exit(127)
        os.close(told)
        with open(heard, "rb") as pipe:
            return pipe.read().decode()

    def reap(self) -> bool:
        """Collect those that ended; tells whether any are left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return _send(-self.pid, 0)
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
            _send(-self.pid, number)
            for pid in _descendants():
                _send(pid, number)


def _prctl(option: int, value: int) -> None:
    call = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
    if call is not None:
        call(option, value, 0, 0, 0)


def _send(pid: int, number: int) -> bool:
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


def _become(task: Task, outputs: "list[int]", parent: int) -> None:
    """Turn this forked process into the script; raises where that can't be."""
    os.setsid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    assert os.getppid() == parent  # noqa: S101 - it died before the line above: end here too
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python: `yes | head` would not end
        signal.signal(ignored, signal.SIG_DFL)
    script = os.path.abspath("script.sh")
    os.close(os.open(script, os.O_RDONLY))
    for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *outputs]):
        os.dup2(file, number)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir("work")
    os.execvpe(task.shell[0], [*task.shell, script], task.environment)  # noqa: S606 - no shell but the one asked for


class Run:
    """One run of the script, until none of its processes is left."""

    def __init__(self, task: Task) -> None:
        self.task, self.processes, self.seq = task, Processes(), 0
        self.facts: dict[str, object] = dict.fromkeys(UNKNOWN)
        self.facts.update(job=task.job, host=os.uname().nodename, pid=os.getpid(), message="")
        self.cause, self.message, self.heard = "", "", set()  # type: str, str, set[int]
        self.began, self.limit, self.kill_at, self.due, self.code = 0.0, 0.0, 0.0, 0.0, 0
        self.logs: dict[int, Log] = {}
        self.poll = select.poll()
        self.wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(alarm)  # gets the number of each signal
        self.poll.register(self.wake, select.POLLIN)
        for number in (signal.SIGCHLD, *ABORTING):
            signal.signal(number, lambda *_: None)

    def run(self, lock: int) -> bytes:
        """Run the script; gives the record of its end, already written."""
        if os.path.exists("abort"):
            return self._record("ENDED", cause="abort", message="aborted before its start")
        started, self.began = time.time(), time.monotonic()
        self.limit = self.began + (self.task.execution_duration or float("inf"))
        problem = self._start()
        if problem:
            return self._record("ENDED", cause="failed-to-start", message=problem)
        record = self._record("EXECUTING", started_at=_iso(started), pgid=self.processes.pid)
        self.processes.courier = _send_courier(self.task, record, lock)
        while not self._over(time.monotonic()):
            self._take(max(0.0, self.due - time.monotonic()))
        return self._end(started + time.monotonic() - self.began)

    def _record(self, state: str, **facts: object) -> bytes:
        """Record a state durably; gives the record as JSON."""
        self.seq += 1
        self.facts.update(facts, seq=self.seq, state=state)
        line = json.dumps(self.facts).encode() + b"\n"
        with open("events.jsonl", "ab", 0) as file:  # one write: who reads meanwhile sees whole lines
            file.write(line)
        with open(".status.json", "wb", 0) as file:
            file.write(line)
            os.fsync(file.fileno())
        os.replace(".status.json", "status.json")
        return line

    def _start(self) -> str:
        pipes = {"stdout": os.pipe(), "stderr": os.pipe()}
        for name, (heard, _) in pipes.items():
            self.logs[heard] = Log(name, self.task.log_max)
            self.poll.register(heard, select.POLLIN)
        problem = self.processes.start(self.task, [told for _, told in pipes.values()])
        for _, told in pipes.values():
            os.close(told)
        return problem

    def _take(self, seconds: float) -> bool:
        """Wait for a signal or for output, and take it; tells whether there was output."""
        ready = [file for file, _ in self.poll.poll(seconds * 1000 + 1)]
        for file in ready:
            data = os.read(file, 1 << 16)
            if file in self.logs:
                self.logs[file].write(data)
            else:
                self.heard.update(data)
            if not data:
                self.poll.unregister(file)
        return any(file in self.logs for file in ready)

    def _over(self, now: float) -> bool:
        alive = self.processes.reap()
        self._judge(now)
        if not self.cause:
            self.due = min(self.limit, now + FAR)
            return False
        if self.processes.courier:  # it still tells of the start: the end says more
            _send(self.processes.courier, signal.SIGKILL)
        return not alive or self._push(now)

    def _judge(self, now: float) -> None:
        """Say why it ends, once; who was killed while an abort came was killed by the same hand."""
        if self.heard & ABORTING and self.cause in ("", "signal"):
            self.cause, self.message = "abort", "aborted by " + NAMES[min(self.heard & ABORTING)]
        elif not self.cause and self.processes.status is not None:
            self.cause, self.message, _ = _verdict(self.processes.status)
        elif not self.cause and now >= self.limit:
            self.cause, self.message = "timeout", "execution duration of %g s is over" % (self.limit - self.began)

    def _push(self, now: float) -> bool:
        """Ask what is left to go, then make it; true when it can't be made."""
        if not self.kill_at:
            self.kill_at = now + self.task.kill_grace
            self.processes.signal(signal.SIGTERM, signal.SIGCONT)
        elif now >= self.kill_at:
            self.processes.signal(signal.SIGKILL)
        self.due = now + LOOK_AGAIN
        return now >= self.kill_at + KILL_LIMIT

    def _end(self, ended: float) -> bytes:
        while self._take(0.0):
            pass
        for log in self.logs.values():
            log.close()
        trouble = ["output is incomplete: " + log.trouble for log in self.logs.values() if log.trouble]
        message, self.code = "; ".join(filter(None, [self.message, *trouble])), _verdict(self.processes.status or 0)[2]
        self.facts.update(ended_at=_iso(ended), cpu_seconds=self.processes.cpu_seconds, max_rss=self.processes.max_rss)
        return self._record("ENDED", cause=self.cause, message=message, exit_code=self.code)


def _iso(instant: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant)) + ".%06dZ" % (instant % 1 * 1e6)


def _verdict(status: int) -> "tuple[str, str, int]":
    """Cause, message and exit code of a wait status."""
    code, number = os.WEXITSTATUS(status), os.WTERMSIG(status)
    if os.WIFSIGNALED(status):
        return "signal", "killed by " + NAMES.get(number, "signal %d" % number), 128 + number
    return "exit", "exit code %d" % code if code else "", code


def _send_courier(task: Task, record: bytes, lock: int) -> int:
    """Tell the server from a process of its own, so that nothing waits for it; gives its pid."""
    pid = os.fork() if task.callback else -1
    if pid == 0:
        try:
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            _let_go(lock)
            deliver(task, record)
        finally:
            os._exit(0)
    return max(pid, 0)


def _let_go(lock: int) -> None:
    """Stop being the one that runs the job: no lock, no output, signals as usual."""
    os.close(lock)
    for file in (1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), file)
    for number in ABORTING:
        signal.signal(number, signal.SIG_DFL)


def deliver(task: Task, record: bytes) -> None:
    """Tell the server, again and again while it can't be reached; whether it hears changes nothing for the job."""
    delay, deadline = 0.1, time.monotonic() + SIGNAL_LIMIT
    while task.callback:
        try:
            code, problem = _post(task, record), ""
        except (OSError, ValueError) as error:
            code, problem = 999, str(error)
        if not 200 <= code <= 299:
            with open("callback.log", "a", encoding="utf-8") as file:
                file.write("%s %s\n" % (_iso(time.time()), problem or code))
        if code < 500 or time.monotonic() + delay > deadline:
            return
        time.sleep(delay)
        delay *= 2


def _post(task: Task, body: bytes) -> int:
    """One call; gives the status code."""
    scheme, _, rest = task.callback.partition("://")
    place, _, path = rest.partition("/")
    host, _, port = place[1:].partition("]") if place.startswith("[") else place.partition(":")
    with open("token", encoding="ascii") as file:
        token = file.read().strip()
    head = "POST /%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
    head += "Content-Length: %d\r\nConnection: close\r\n\r\n"
    number = int(port.lstrip(":") or (443 if scheme == "https" else 80))
    connection = socket.create_connection((host, number), timeout=CALL_LIMIT)
    if scheme == "https":  # not imported above: it takes 50 ms, and most jobs don't need it
        context = importlib.import_module("ssl").create_default_context()
        connection = context.wrap_socket(connection, server_hostname=host)
    with connection:
        connection.sendall((head % (path, place, token, len(body))).encode() + body)
        answer = connection.makefile("rb").readline(1000).split()
    return int(answer[1]) if len(answer) > 1 else 502


def _claim() -> int:
    """Take the job: gives the descriptor of the lock; raises where somebody was faster."""
    lock = os.open("lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    os.close(os.open("claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return lock


def main() -> int:
    """Run the directory named by the only argument, if nobody did; gives the script's exit code."""
    os.umask(0o077)
    try:
        os.chdir(sys.argv[1])
        run = Run(Task())
        lock = _claim()
    except (BlockingIOError, FileExistsError):
        return 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write("%s can't be run: %s: %s\n" % (sys.argv[1], type(error).__name__, error))
        return 2
    try:
        os.write(1, b"claimed\n")
    except OSError:  # whoever started us is gone: so what
        pass
    try:
        record = run.run(lock)
    finally:
        if run.processes.pid and run.facts["state"] != "ENDED":
            run.processes.signal(signal.SIGKILL)
    _let_go(lock)
    deliver(run.task, record)
    return run.code or int(run.cause != "exit")


if __name__ == "__main__":
    sys.exit(main())
