"""Telling the server of each state: by a call with the job's token, else by a file in the spool, which it empties."""

import importlib
import os
import signal
import socket
import time

from .processes import PR_SET_PDEATHSIG, prctl
from .record import iso
from .task import Task

SIGNAL_LIMIT, CALL_LIMIT = 15.0, 5.0  # seconds for telling the server of one event; for each step of one call
PATIENCE = 1.5  # seconds for calling where there is a spool, which is emptied as soon as the server is there
ABORTING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def send_courier(task: Task, seq: int, record: bytes, lock: int) -> int:
    """Tell the server from a process of its own, so that nothing waits for it; gives its pid."""
    pid = os.fork() if task.callback or task.spool else -1
    if pid == 0:
        try:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            let_go(lock)
            deliver(task, str(seq), record)
        finally:
            os._exit(0)
    return max(pid, 0)


def let_go(lock: int) -> None:
    """Stop being the one that runs the job: no lock, no output, signals as usual."""
    os.close(lock)
    for file in (1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), file)
    for number in ABORTING:
        signal.signal(number, signal.SIG_DFL)


def deliver(task: Task, event: str, record: bytes) -> None:
    """Tell the server, by a file if it can't be called; whether it hears changes nothing for the job."""
    if task.callback and _call(task, record):
        return
    if task.spool:
        try:
            _drop(task, event, record)
        except OSError as error:
            _complain(str(error))


def _drop(task: Task, event: str, record: bytes) -> None:
    """Put the record into the spool: ``JOB.EVENT``, whole as soon as it has this name."""
    if not task.job.encode().isalnum():
        raise OSError("no name for a file: " + task.job)
    if not os.path.isdir(task.spool):
        os.mkdir(task.spool)
    name = "%s.%s" % (task.job, event)
    part = os.path.join(task.spool, "." + name + ".part")
    with open(part, "wb", 0) as file:
        file.write(record)
    os.replace(part, os.path.join(task.spool, name))


def _call(task: Task, record: bytes) -> bool:
    """Call the server, again and again while it can't be reached; tells whether it heard."""
    delay, deadline = 0.1, time.monotonic() + (PATIENCE if task.spool else SIGNAL_LIMIT)
    while True:
        try:
            code, problem = _post(task, record), ""
        except (OSError, ValueError) as error:
            code, problem = 999, str(error)
        if 200 <= code <= 299:
            return True
        _complain(problem or str(code))
        if code < 500 or time.monotonic() + delay > deadline:
            return False
        time.sleep(delay)
        delay *= 2


def _complain(problem: str) -> None:
    with open("callback.log", "a", encoding="utf-8") as file:
        file.write("%s %s\n" % (iso(time.time()), problem))


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
        connection = _secured(connection, host, task.callback_ca)
    with connection:
        connection.sendall((head % (path, place, token, len(body))).encode() + body)
        line = connection.makefile("rb").readline(1000)
    return _code(line)


def _secured(connection: socket.socket, host: str, authorities: str) -> socket.socket:
    """Agree on keys; ``authorities``: file with CA certificates, "" for the system's."""
    try:
        context = importlib.import_module("ssl").create_default_context(cafile=authorities or None)
    except OSError as error:
        raise OSError("callback_ca %s: %s" % (authorities, error.strerror or error)) from error
    return context.wrap_socket(connection, server_hostname=host)  # type: ignore[no-any-return]  # not imported above


def _code(line: bytes) -> int:
    """Read the status code off the first line of an answer."""
    words = line.split()
    if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit():
        return int(words[1])
    said = line[:40].decode("ascii", "replace").strip()
    raise OSError("that is no HTTP server: it says %r" % said if said else "it hung up without an answer")
