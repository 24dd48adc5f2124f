"""One run of a script, from its start until its end is on record."""

import importlib
import os
import select
import signal
import time

from .calling import ABORTING, send_courier
from .isolation import cage_of
from .log import Log
from .processes import NAMES, Processes, send, verdict
from .record import Record, iso
from .stamps import stamps
from .task import Task

KILL_LIMIT = 10.0  # seconds after KILL until a process that does not go (disk wait, another user's) is given up
MEASURE_LIMIT = 2.0  # seconds for measuring results when the end was asked for: who asked may soon send KILL
LISTEN = 0.2  # seconds in which a scheduler that ends a job has told all of its processes
LOOK_AGAIN, FAR = 0.05, 3600.0  # seconds between looks at processes that are ending, or that are not


class Run:
    """One run of the script, until none of its processes is left."""

    def __init__(self, task: Task) -> None:
        self.task, self.processes, self.record = task, Processes(), Record(task.job)
        self.cause, self.message, self.heard = "", "", set()  # type: str, str, set[int]
        self.began, self.limit, self.kill_at, self.due, self.code = 0.0, 0.0, 0.0, 0.0, 0
        self.logs: dict[int, Log] = {}
        self.stamps: dict[str, tuple[int, int]] = {}
        self.poll = select.poll()
        self.wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(alarm)  # gets the number of each signal
        self.poll.register(self.wake, select.POLLIN)
        for number in (signal.SIGCHLD, *ABORTING):
            signal.signal(number, lambda *_: None)

    def run(self, lock: int) -> bytes:
        """Run the script; gives the record of its end, already written."""
        if os.path.exists("abort"):
            return self.record.write("ENDED", cause="abort", message="aborted before its start")
        started, self.began = time.time(), time.monotonic()
        self.limit = self.began + (self.task.execution_duration or float("inf"))
        problem = self._start()
        if problem:
            return self.record.write("ENDED", cause="failed-to-start", message=problem)
        record = self.record.write("EXECUTING", started_at=iso(started), pgid=self.processes.group)
        self.processes.courier = send_courier(self.task, self.record.seq, record, lock)
        while not self._over(time.monotonic()):
            self._take(max(0.0, self.due - time.monotonic()))
        return self._end(started + time.monotonic() - self.began)

    def _start(self) -> str:
        cage, problem = cage_of(self.task)
        if self.task.isolation:
            self.record.facts["isolated"] = bool(cage)
        if problem and self.task.isolation == "required":
            return "its files can't be isolated from those of other jobs: " + problem
        self.stamps = {} if self.task.products is None else stamps("work")
        pipes = {"stdout": os.pipe(), "stderr": os.pipe()}
        for name, (heard, _) in pipes.items():
            self.logs[heard] = Log(name, self.task.log_max)
            self.poll.register(heard, select.POLLIN)
        problem = self.processes.start(self.task, [told for _, told in pipes.values()], cage)
        for _, told in pipes.values():
            os.close(told)
        return problem

    def _take(self, seconds: float) -> bool:
        """Wait for a signal or for output, and take it; tells whether there was output."""
        ready = [file for file, _ in self.poll.poll(seconds * 1000 + 1 if seconds else 0)]
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
            send(self.processes.courier, signal.SIGKILL)
        return not alive or self._push(now)

    def _judge(self, now: float) -> None:
        """Say why it ends, once; who was killed while an abort came was killed by the same hand."""
        if self.heard & ABORTING and self.cause in ("", "signal"):
            self.cause, self.message = "abort", "aborted by " + NAMES[min(self.heard & ABORTING)]
        elif not self.cause and self.processes.status is not None:
            self.cause, self.message, _ = verdict(self.processes.status)
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
        self.code = verdict(self.processes.status or 0)[2]
        if self.code and self.cause in ("exit", "signal") and self.record.facts["scheduler"]:
            self._listen(time.monotonic() + LISTEN)
        trouble = self._close_logs() + self._list_products()
        message = "; ".join(filter(None, [self.message, *trouble]))
        used = {"cpu_seconds": self.processes.cpu_seconds, "max_rss": self.processes.max_rss}
        self.record.facts.update(used, ended_at=iso(ended))
        return self.record.write("ENDED", cause=self.cause, message=message, exit_code=self.code)

    def _listen(self, until: float) -> None:
        """Hear whether what failed was ended by the scheduler: its signals reach us perhaps last."""
        while not self.heard & ABORTING and time.monotonic() < until:
            self._take(LOOK_AGAIN)
        if self.heard & ABORTING:
            self.cause = ""
            self._judge(until)

    def _close_logs(self) -> "list[str]":
        logs = list(self.logs.values())
        self.poll = select.poll()  # a process that can't be ended may go on writing
        self.poll.register(self.wake, select.POLLIN)
        self.logs.clear()
        for log in logs:
            log.close()
        return ["output is incomplete: " + log.trouble for log in logs if log.trouble]

    def _list_products(self) -> "list[str]":
        """Measure what was made; gives what went wrong. An end that is asked for now changes no verdict."""
        if self.task.products is None:
            return []
        self.due = 0.0
        # not imported above: most of its time goes into modules that nothing else needs
        products = importlib.import_module(".products", __package__)
        troubles: list[str] = products.Products(self.stamps, self._hurried).write(self.task.products)
        return troubles

    def _hurried(self) -> bool:
        self._take(0.0)
        now = time.monotonic()
        if self.heard & ABORTING and not self.due:
            self.due = now + MEASURE_LIMIT
        return 0 < self.due <= now
