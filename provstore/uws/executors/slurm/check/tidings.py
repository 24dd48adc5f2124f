"""What a trial job has brought back from its node, put into words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from provstore.clusters import Cluster, FileWay
from provstore.uws.executors.slurm.check.site import is_new_enough
from provstore.uws.findings import Finding, fault, note, well

__all__ = ["inputs", "isolation", "node", "signals"]

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
    if facts["modules_init"]:
        remedy = "correct it, or leave it out: then the usual places are looked at"
        yield note("modules", f"modules_init {facts['modules_init'][0]} is not there on the node", remedy)


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


def inputs(run: Path, cluster: Cluster) -> Iterator[Finding]:
    """Tell whether folders of inputs that are passed by path can be used on the node.

    Args:
        run: The job's directory here.
        cluster: Its settings.
    """
    if cluster.files is not FileWay.SHARED or not cluster.shared_inputs:
        return
    facts = _facts((run / "stdout").read_text(errors="replace"))
    for here, there in cluster.shared_inputs.items():
        mapped = f"{here} = {there}"
        if not here.is_dir():
            yield note("shared inputs", f"{mapped}: {here} is no folder here", "correct shared_inputs")
        elif str(there) in facts["closed"]:
            words = f"{mapped}: {there} is not there on the node, or closed to the account: its inputs can't be read"
            yield note("shared inputs", words, "open it to the account there, or take it out of shared_inputs")
        elif str(there) in facts["other"]:
            words = f"{mapped}: {there} on the node has not what is in {here}"
            yield note("shared inputs", words, "correct shared_inputs: both are the same folder, as here and as there")
        else:
            yield well("shared inputs", f"{mapped} is open to the account on the node")


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
        return note("signals", words, _remedy(problem, cluster.callback))
    if cluster.callback:
        trouble = f" (not at once: {_plain(problem)})" if problem else ""
        return well("signals", f"they come by {cluster.callback}{trouble}")
    return fault("signals", f"none came: {problem or 'the spool folder is empty'}", "can nodes write there?")


def _plain(problem: str) -> str:
    return f"it answers {problem}" if problem.isdigit() else problem or "no word why"


def _remedy(problem: str, callback: str) -> str:
    """Say what to do about what keeps signals from arriving."""
    if problem == "401" and (path := urlsplit(callback).path.strip("/")):
        return f"is provstore below /{path} there? If so, its secret is not ours: it has another data directory"
    return next((remedy for words, remedy in _REMEDIES.items() if re.search(words, problem)), _UNREACHED)


_REMEDIES: Final[Mapping[str, str]] = {
    r"^401$": "another server answers there, or one with another data directory: its secret is not ours",
    r"^[0-9]+$": "does a proxy in between pass on POST /signals/…, with its Authorization?",
    r"^callback_ca ": "correct callback_ca: it names a file on the cluster, with certificates in PEM format",
    r"(?i)hostname mismatch|doesn't match|not valid for": "let callback have the name that stands in the certificate",
    r"certificate has expired": "have the server's certificate renewed",
    r"CERTIFICATE_VERIFY_FAILED": "let callback_ca name a file on the cluster with the CA of the server's certificate",
    r"WRONG_VERSION_NUMBER|wrong version number": "write http:// in callback, or set up TLS there",
    r"no HTTP server": "correct callback, its port above all: it is the address of this server, as nodes reach it",
}
"""Regular expression -> what to do: the first that is found in the problem holds."""

_UNREACHED: Final = "start the server, open the way from the nodes, or leave callback out: each signal waits for it"
