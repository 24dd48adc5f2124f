"""Hiding the files of others from a script: ``"isolation": {"mode": "auto", "hide": ["/scratch/jobs", "~"]}``.

The script runs under bubblewrap (``bwrap``), which shows it the machine as it is, with empty folders in place of those
named and the job's own directory in its place. What the task's ``show`` names is seen there too, and nowhere changed.
``~`` is the home of the account, and HOME. Mode ``auto``: where bubblewrap works; ``required``: nowhere else.
"""

import os
import pwd
import signal

from .task import Task

PROBE_LIMIT = 10  # seconds within which bubblewrap must have shown that it works
PLACES = "/usr/bin:/bin:/usr/local/bin"


def cage_of(task: Task) -> "tuple[list[str], str]":
    """Give the words in front of an isolated command, and why it can't be isolated: none where nobody asked."""
    if not task.isolation:
        return [], ""
    program = _program()
    if not program:
        return [], "no bwrap in PATH"
    words = [program, "--unshare-user", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    hidden = _hidden(task.hide)
    for folder in hidden:
        words += ["--tmpfs", folder]
    here = os.getcwd()
    words += ["--bind", here, here]
    for file in sorted(set(map(os.path.realpath, filter(os.path.exists, task.show)))):
        words += ["--ro-bind", file, file]
    for folder in hidden:  # what is written there would be lost without a word
        words += ["--remount-ro", folder] if folder != here else []
    words += ["--chdir", os.path.join(here, "work"), "--"]
    problem = _probe([*words, "/bin/sh", "-c", ":"])
    return ([], problem) if problem else (words, "")


def _program() -> str:
    for folder in (os.environ.get("PATH", "") + ":" + PLACES).split(":"):
        file = os.path.join(folder, "bwrap")
        if folder.startswith("/") and os.access(file, os.X_OK):
            return file
    return ""


def _hidden(wanted: "list[str]") -> "list[str]":
    """Give those folders that exist, by their real names, without those inside of others."""
    found: list[str] = []
    named = [folder for name in wanted for folder in (_homes() if name == "~" else [name])]
    for folder in sorted(map(os.path.realpath, named)):
        inside = any((folder + "/").startswith(other + "/") for other in found)
        if folder != "/" and os.path.isdir(folder) and not inside:
            found.append(folder)
    return found


def _homes() -> "list[str]":
    """Give the account's home, and what HOME says: a scheduler may set it to anything, or not at all."""
    homes = [os.environ.get("HOME", "")]
    try:
        homes.append(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # the node does not know the account
        pass
    return [home for home in homes if home.startswith("/")]


def _probe(words: "list[str]") -> str:
    """Run a command that does nothing; gives what went wrong, or nothing."""
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(PROBE_LIMIT)
            for file in (1, 2):
                os.dup2(told, file)
            os.execv(words[0], words)  # noqa: S606 - no shell
        finally:
            os._exit(127)
    os.close(told)
    with open(heard, "rb") as pipe:
        said = pipe.read(4096).decode("utf-8", "replace").strip()
    status = os.waitpid(pid, 0)[1]
    return (said or "bwrap does not work: wait status %d" % status) if status else ""
