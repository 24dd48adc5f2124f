"""What a trial job has brought back from its node, put into words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from provstore.clusters import Cluster
from provstore.uws.executors.slurm.check.site import is_new_enough
from provstore.uws.findings import Finding, fault, note, well

__all__ = ["isolation", "node", "signals"]

_WORDLESS: Final = "without a word"


def _facts(said: str) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in said.splitlines():
        name, _, value = line.partition("=")
        found[name].append(value)
    return found


def node(said: str) -> Iterator[Finding]:
    """Tell where the job ran, and with what.

    Args:
        said: Its standard output.
    """
    facts = _facts(said)
    tools = f"; there are {', '.join(facts['tool'])}" if facts["tool"] else ""
    yield well("node", f"{' '.join(facts['node'])}, partition {' '.join(facts['partition'])}{tools}")
    version = " ".join(facts["python"])
    if is_new_enough(version):
        yield well("python", f"{version} on the node")
    else:
        yield note(
            "python",
            f"{version or 'no answer'} on the node",
            "jobs run, yet scripts find this one: look at modules and path",
        )


def isolation(run: Path, cluster: Cluster) -> Finding:
    """Tell whether the script saw the files of other jobs.

    Args:
        run: The job's directory here.
        cluster: Its settings.
    """
    isolated = json.loads((run / "status.json").read_bytes()).get("isolated")
    if isolated:
        return well("isolation", "scripts see no job's files but their own (bubblewrap)")
    if isolated is None:
        words = "none, by the settings: scripts see the files of all jobs of their account"
        return note("isolation", words, 'isolation = "auto" hides them where bubblewrap is installed')
    why = " ".join(_facts((run / "stdout").read_text(errors="replace"))["bubblewrap"])
    missing = "not found" in why
    remedy = "install bubblewrap on the nodes" if missing else "user namespaces must be allowed on the nodes"
    words = f"none: bubblewrap {'is not there' if missing else f'fails ({why or _WORDLESS})'}"
    shared = "" if cluster.accounts else "; scripts can read and change what other jobs have"
    return note("isolation", f"{words}{shared}", f"{remedy}, or map persons to accounts")


def signals(run: Path, cluster: Cluster, *, dropped: Sequence[str]) -> Finding:
    """Tell by which way the job was heard.

    Args:
        run: Its directory here.
        cluster: Its settings.
        dropped: The files that it left in its spool.
    """
    log = run / "callback.log"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    problem = lines[-1].partition(" ")[2] if lines else ""
    last = json.loads((run / "status.json").read_bytes())["seq"]
    by_file = any(name.endswith(f".{last}") for name in dropped)
    if by_file and not cluster.callback:
        return well("signals", "they come by files in the spool folder")
    if by_file:
        words = f"they come by files: the node can't call {cluster.callback}: {_plain(problem)}"
        return note("signals", words, _remedy(problem))
    if cluster.callback:
        trouble = f" (not at once: {_plain(problem)})" if problem else ""
        return well("signals", f"they come by {cluster.callback}{trouble}")
    return fault("signals", f"none came: {problem or 'the spool folder is empty'}", "can nodes write there?")


def _plain(problem: str) -> str:
    return f"it answers {problem}" if problem.isdigit() else problem or "no word why"


def _remedy(problem: str) -> str:
    if problem == "401":
        return "another server answers there, or one with another data directory: its secret is not ours"
    if problem.isdigit():
        return "does a proxy in between pass on POST /signals/…, with its Authorization?"
    return "start the server, open the way from the nodes, or leave callback out: each signal waits for it"
