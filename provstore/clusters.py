"""A cluster as its operator describes it: the TOML table ``[clusters.NAME]``; docs/clusters.md explains each key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Final

from provstore.errors import Invalid
from provstore.resources import RESOURCES

__all__ = ["CLUSTER_NAME", "LOCAL", "Account", "Cluster", "FileWay", "Isolation", "clusters_of"]

LOCAL: Final = "local"
"""The executor on this machine: no cluster is called so."""

CLUSTER_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
CLUSTER_NAME_RULE: Final = "a letter or _, then letters, digits and . _ - are needed, 64 at most"


class FileWay(StrEnum):
    """How files travel between here and a cluster."""

    SFTP = "sftp"
    """Inputs are sent, results are fetched when the job ends."""
    SHARED = "shared"
    """Inputs in shared folders are passed by path; results stay in the work directory, which is seen here too."""
    STAY = "stay"
    """Inputs are sent, results stay on the cluster and are fetched when somebody asks for them."""


class Isolation(StrEnum):
    """Whether scripts see only their own job's directory (bubblewrap on the nodes)."""

    AUTO = "auto"
    """Where bubblewrap works on the node."""
    REQUIRED = "required"
    """A job fails where it does not."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account on a cluster: entered with a key of its own, or by sudo from the service's account."""

    user: str
    key_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A SLURM cluster that is reached by SSH. Durations are seconds where a number is given.

    ``host_keys`` are lines as ``ssh-ed25519 AAAA…``; ``known_hosts`` is a file of OpenSSH's. ``jump``: a host to go
    through with the same key, as ``user@host:port``. ``work_directory``: on the cluster, absolute; ``{account}`` in it
    becomes the name of the account. ``shared_directory``: the same, seen here. ``shared_inputs``: folder here
    -> the same on the cluster. ``callback``: address of this server as compute nodes reach it, "" if they can't.
    ``defaults`` and ``maxima``: resource (``partition``, ``mem``, ``time``…) -> value. ``allowed``: resource that is a
    name -> patterns of what jobs may choose. ``slots``: jobs at a time, waiting ones included; ``rate``: submissions a
    second. ``silent_after`` and ``silent_max``: how long a job is believed without a word, first and at most;
    ``lost_after``: how long a job may be unknown to the scheduler. ``accounts``: person -> account; empty: all jobs run
    in the service's. ``services``: patterns of the services whose jobs may run here.
    """

    name: str
    host: str
    user: str
    key_file: Path
    work_directory: PurePosixPath
    port: int = 22
    key_passphrase_file: Path | None = None
    certificate_file: Path | None = None
    known_hosts: Path | None = None
    host_keys: tuple[str, ...] = ()
    jump: str = ""
    files: FileWay = FileWay.SFTP
    shared_directory: Path | None = None
    shared_inputs: Mapping[Path, PurePosixPath] = field(default_factory=dict)
    callback: str = ""
    callback_ca: str = ""
    notifier: bool = False
    accounting: bool = False
    python: str = "python3"
    path: str = "/usr/local/bin:/usr/bin:/bin"
    modules_init: str = ""
    modules: tuple[str, ...] = ()
    isolation: Isolation = Isolation.AUTO
    defaults: Mapping[str, str] = field(default_factory=dict)
    maxima: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slots: int = 100
    rate: float = 30.0
    silent_after: timedelta = timedelta(seconds=60)
    silent_max: timedelta = timedelta(minutes=30)
    lost_after: timedelta = timedelta(minutes=10)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    services: tuple[str, ...] = ("*",)

    @property
    def shared_root(self) -> Path | None:
        """Give the folder here below which files of its jobs are seen, None if none is shared."""
        if self.shared_directory is None:
            return None
        return Path(str(self.shared_directory).partition("{account}")[0])

    def seen_here(self, account: str) -> Path | None:
        """Give the folder of the job directories of an account as it is seen here, None if it is not."""
        if self.shared_directory is None:
            return None
        return Path(str(self.shared_directory).replace("{account}", account or self.user))

    def directory(self, account: str) -> PurePosixPath:
        """Give the folder of the job directories of an account ("" for the service's own)."""
        return PurePosixPath(str(self.work_directory).replace("{account}", account or self.user))


# --- reading the tables


def clusters_of(tables: Mapping[str, Any]) -> tuple[Cluster, ...]:
    """Read the tables ``[clusters.NAME]``, in their order.

    Raises:
        Invalid: a name, a key or a value that is not right; it is named, with what would be.
    """
    return tuple(_cluster(name, table) for name, table in tables.items())


def _cluster(name: str, table: object) -> Cluster:
    if not CLUSTER_NAME.match(name) or name == LOCAL:
        right = f"{LOCAL!r} is this machine" if name == LOCAL else CLUSTER_NAME_RULE
        raise _wrong(name, "", name, f"no name of a cluster; {right}")
    if not isinstance(table, Mapping):
        raise _wrong(name, "", table, "no table of settings of a cluster")
    known = {one.name: one for one in fields(Cluster) if one.name != "name"}
    for key in table:
        if key not in known:
            raise Invalid(f"unknown setting clusters.{name}.{key}; known: {', '.join(sorted(known))}", field=key)
    for key, one in known.items():
        if key not in table and one.default is MISSING and one.default_factory is MISSING:
            raise Invalid(f"setting clusters.{name}.{key} is missing: {_RULES[key]} is needed", field=key)
    read = {key: _read(name, key, value, kind=str(known[key].type)) for key, value in table.items()}
    cluster = Cluster(name=name, **read)
    _check_whole(cluster)
    return cluster


def _read(cluster: str, key: str, value: object, *, kind: str) -> Any:
    try:
        found = _READERS[kind](value)
    except (ValueError, TypeError, AttributeError) as error:
        words = str(error) if isinstance(error, _Told) else f"{_RULES.get(key) or _KINDS[kind]} is needed"
        raise _wrong(cluster, key, value, words) from error
    shape = _SHAPES.get(key)
    texts = found if isinstance(found, tuple) else (found,)
    if shape is not None and not all(re.fullmatch(shape, str(one)) for one in texts):
        raise _wrong(cluster, key, value, f"{_RULES.get(key) or _KINDS[kind]} is needed")
    return found


def _wrong(cluster: str, key: str, value: object, words: str) -> Invalid:
    place = f"clusters.{cluster}.{key}" if key else "clusters"
    return Invalid(f"setting {place}: {value!r}: {words}", field=place, value=str(value))


class _Told(ValueError):
    """A value that is wrong in a way that is told in its own words."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(items):
        raise TypeError
    return tuple(_text(item) for item in items)


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LARGEST:
        raise ValueError
    return float(value)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return int(_number(value))


def _folder(value: object) -> PurePosixPath:
    path = PurePosixPath(_text(value))
    if not path.is_absolute() or ".." in path.parts or re.search(r"[{}]", str(path).replace("{account}", "")):
        raise ValueError
    return path


def _here(value: object) -> Path:
    """Read the path of a file or folder of this machine."""
    if not _text(value):
        raise ValueError
    return Path(_text(value))


def _folders(value: object) -> dict[Path, PurePosixPath]:
    if not isinstance(value, Mapping) or not all(Path(here).is_absolute() for here in value):
        raise ValueError
    return {Path(here): _folder(there) for here, there in value.items()}


def _accounts(value: object) -> dict[str, Account]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {person: _account(person, given) for person, given in value.items()}


def _account(person: str, given: object) -> Account:
    table = {"user": given} if isinstance(given, str) else given
    if not isinstance(table, Mapping) or "user" not in table or set(table) - {"user", "key_file"}:
        raise _Told(f"{person}: the name of an account, or a table with user and perhaps key_file, is needed")
    if not re.fullmatch(_USER, str(table["user"])):
        raise _Told(f"{person}: {table['user']!r} is no name of an account")
    return Account(user=str(table["user"]), key_file=_here(table["key_file"]) if "key_file" in table else None)


def _resources(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {name: _resource(name, given) for name, given in value.items()}


def _resource(name: str, given: object) -> str:
    _check_known(name, RESOURCES)
    text = str(given) if isinstance(given, str | int) else ""
    if not RESOURCES[name].accepts(text):
        raise _Told(f"{name}: {given!r} is not {RESOURCES[name].rule}")
    return text


def _patterns(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise TypeError
    for name in value:
        _check_known(name, [one for one, resource in RESOURCES.items() if resource.parts])
    return {name: _texts(given) for name, given in value.items()}


def _check_known(name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise _Told(f"{name!r} is none of: {', '.join(known)}")


def _check_whole(cluster: Cluster) -> None:
    """Check what several keys say together."""
    if not cluster.host_keys and cluster.known_hosts is None:
        words = "known_hosts or host_keys is needed, so that no other machine can pass for it"
        raise Invalid(f"setting clusters.{cluster.name}: {words}", field=f"clusters.{cluster.name}.host_keys")
    if cluster.files is FileWay.SHARED and cluster.shared_directory is None:
        raise _wrong(cluster.name, "files", cluster.files.value, "shared_directory is needed too")
    if cluster.silent_max < cluster.silent_after:
        seconds = cluster.silent_max.total_seconds()
        raise _wrong(cluster.name, "silent_max", seconds, "no less than silent_after is needed")
    for name, most in cluster.maxima.items():
        if RESOURCES[name].measure is None:
            raise _wrong(cluster.name, "maxima", name, "a name has no maximum; allowed lists those that are allowed")
        given = cluster.defaults.get(name)
        if given is not None and RESOURCES[name].exceeds(given, most):
            raise _wrong(cluster.name, f"defaults.{name}", given, f"{name} is {most} at most, by maxima")


_LARGEST: Final = 1e9
_USER: Final = r"[A-Za-z_][A-Za-z0-9_.@-]{0,63}\$?"
_HOST: Final = r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[?[0-9A-Fa-f:.]+\]?)"
_PORT: Final = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_SHAPES: Final[Mapping[str, str]] = {
    "host": _HOST,
    "user": _USER,
    "jump": rf"(?:(?:{_USER}@)?{_HOST}(?::[0-9]{{1,5}})?)?",
    "port": _PORT,
    "host_keys": r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: .*)?",
    "shared_directory": r"/.*",
    "callback": rf"(?:https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::(?:{_PORT}))?(?:/[^\s?#]*)?)?",
    "callback_ca": r"(?:/.+)?",
    "python": r"[A-Za-z0-9_/][A-Za-z0-9_./+-]*",
    "path": r"/[^\s]*",
    "modules_init": r"(?:/.+)?",
    "modules": r"[A-Za-z0-9_][A-Za-z0-9_.+/@:=~-]*",
}
"""What the texts of some keys must look like."""

_RULES: Final[Mapping[str, str]] = {
    "host": "the name or address of a host",
    "user": "the name of an account",
    "key_file": "the path of a file with a private key",
    "work_directory": "an absolute path on the cluster (with {account} where the name of the account belongs)",
    "jump": "host, user@host or user@host:port",
    "port": "a number from 1 to 65535",
    "host_keys": "a line as ssh-ed25519 AAAA…",
    "shared_directory": "an absolute path",
    "callback": "an address as https://prov.example.org",
    "callback_ca": "an absolute path",
    "python": "the name or path of a program",
    "path": "a list of absolute paths without blanks, separated by colons,",
    "modules_init": "an absolute path on the cluster",
    "modules": "a list of names, as gcc/12.2,",
    "shared_inputs": "a table of absolute paths, here = there,",
    "services": "a list of patterns of names",
    "files": "one of sftp, shared, stay",
    "isolation": "one of auto, required, none",
}
_KINDS: Final[Mapping[str, str]] = {
    "str": "a text",
    "bool": "true or false",
    "int": "a whole number, 1 or more,",
    "float": "a number above 0",
    "timedelta": "a number of seconds above 0",
    "Path": "a path",
    "Path | None": "a path",
    "tuple[str, ...]": "a list of texts",
    "Mapping[str, str]": "a table of resources",
    "Mapping[str, tuple[str, ...]]": "a table of lists",
    "Mapping[str, Account]": "a table, person = account,",
}
_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "str": _text,
    "bool": _yes_no,
    "int": _whole,
    "float": _number,
    "timedelta": lambda value: timedelta(seconds=_number(value)),
    "Path": _here,
    "Path | None": _here,
    "PurePosixPath": _folder,
    "FileWay": FileWay,
    "Isolation": Isolation,
    "tuple[str, ...]": _texts,
    "Mapping[Path, PurePosixPath]": _folders,
    "Mapping[str, str]": _resources,
    "Mapping[str, tuple[str, ...]]": _patterns,
    "Mapping[str, Account]": _accounts,
}
