"""All settings in one frozen class, from ``PROVSTORE_*`` variables and a TOML file; docs/settings.md explains them."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provstore.clusters import LOCAL, Cluster, clusters_of
from provstore.errors import Invalid

__all__ = ["PREFIX", "OidcProvider", "Settings", "load_settings"]

PREFIX: Final = "PROVSTORE_"
_MIB: Final = 1 << 20


def _default_job_path() -> str:
    """Programs of this Python first, so that scripts find the packages installed beside provstore."""
    return os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """An OpenID Connect provider. ``roles``: group of its users -> ``admin`` or ``ROLE:SERVICE`` (each, with ``*``)."""

    name: str
    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    label: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    roles: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default. Durations are in seconds where a number is given, sizes in bytes."""

    data: Path = Path("provstore-data")
    graph_url: str = ""
    graph_user: str = ""
    graph_password_file: Path | None = None
    namespace: str = ""
    cypher: bool = False
    descriptions: tuple[Path, ...] = ()
    archive_roots: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    threads: int = 384
    anonymous: bool | None = None
    session_duration: timedelta = timedelta(hours=12)
    login_failures_max: int = 10
    restricted_services: tuple[str, ...] = ()
    oidc: tuple[OidcProvider, ...] = ()
    organization: str = ""
    organization_url: str = ""
    execution_duration: timedelta = timedelta(seconds=120)
    execution_duration_max: timedelta = timedelta(hours=1)
    destruction: timedelta = timedelta(days=30)
    destruction_max: timedelta = timedelta(days=365)
    wait_max: timedelta = timedelta(seconds=60)
    waiters_max: int = 220
    events_max: int = 100
    upload_max: int = 2048 * _MIB
    form_max: int = 16 * _MIB
    sweep_max: int = 10_000
    fetch_schemes: tuple[str, ...] = ("https", "http")
    fetch_hosts: tuple[str, ...] = ()
    fetch_networks: tuple[str, ...] = ()
    fetch_max: int = 2048 * _MIB
    fetch_timeout: timedelta = timedelta(minutes=10)
    log_max: int = 8 * _MIB
    local_slots: int = max(2, os.cpu_count() or 2)
    user_slots: int = 0
    anonymous_slots: int = 0
    user_disk_max: int = 0
    anonymous_disk_max: int = 0
    kept_max: int = 10_240 * _MIB
    kill_grace: timedelta = timedelta(seconds=5)
    tick: timedelta = timedelta(seconds=1)
    job_path: str = _default_job_path()
    modules_init: Path | None = None
    clusters: tuple[Cluster, ...] = ()
    executor: str = LOCAL

    @property
    def store_url(self) -> str:
        """Address of the graph: the one set, else the embedded store in the data directory."""
        return self.graph_url or f"sqlite:///{self.data.absolute() / 'graph.sqlite'}"

    @property
    def jobs(self) -> Path:
        """Directory of the job directories."""
        return self.data.absolute() / "jobs"

    def cluster(self, name: str) -> Cluster | None:
        """Give the cluster of that name, None if there is none."""
        return next((one for one in self.clusters if one.name == name), None)


def load_settings(environment: Mapping[str, str], *, file: Path | None = None) -> Settings:
    """Read the settings: variables win over the file, the file wins over the defaults.

    Args:
        environment: Variables; those that start with ``PROVSTORE_`` and name no setting are refused.
        file: A TOML file with the settings' names in lower case; ``PROVSTORE_SETTINGS`` names one too.

    Raises:
        Invalid: an unknown setting, or a value that can't be read as what the setting needs.
    """
    chosen = file or (Path(environment[f"{PREFIX}SETTINGS"]) if environment.get(f"{PREFIX}SETTINGS") else None)
    found: dict[str, Any] = _read_toml(chosen) if chosen else {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in _NOT_SETTINGS and text != "":
            found[name] = text
    known = {field.name: str(field.type) for field in fields(Settings)}
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise Invalid(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}", field=unknown[0])
    settings = Settings(**{name: _convert(name, value, known[name]) for name, value in found.items()})
    _check_executor(settings)
    return settings


def _check_executor(settings: Settings) -> None:
    known = [LOCAL, *(one.name for one in settings.clusters)]
    if settings.executor not in known:
        words = f"setting executor: {settings.executor!r} is no cluster; one of {', '.join(known)} is needed"
        raise Invalid(words, field="executor", value=settings.executor)


_NOT_SETTINGS: Final = frozenset(
    {"settings", "require", "job", "results", "parameters", "test_cache", "chaos", "url", "token"}
)
"""Variables with our prefix that are something else: a job's own, the client's, or the test suite's."""


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"settings file {file}: {error}", field="settings") from error


def _boolean(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    return words[str(value).lower()]


def _paths(value: object) -> tuple[Path, ...]:
    items = value if isinstance(value, list) else str(value).split(os.pathsep)
    return tuple(Path(str(item)) for item in items if str(item))


def _words(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else str(value).replace(",", " ").split()
    return tuple(str(item) for item in items)


def _providers(value: object) -> tuple[OidcProvider, ...]:
    """Read the TOML tables ``[oidc.NAME]``; a variable holds the same as JSON."""
    tables: dict[str, dict[str, Any]] = json.loads(value) if isinstance(value, str) else dict(value)  # type: ignore[call-overload]  # anything else raises TypeError
    return tuple(_provider(name, table) for name, table in tables.items())


def _clusters(value: object) -> tuple[Cluster, ...]:
    """Read the TOML tables ``[clusters.NAME]``; a variable holds the same as JSON."""
    return clusters_of(json.loads(value) if isinstance(value, str) else dict(value))  # type: ignore[call-overload]  # anything else raises TypeError


def _provider(name: str, table: Mapping[str, Any]) -> OidcProvider:
    given = dict(table)
    roles = {group: _words(words) for group, words in dict(given.pop("roles", {})).items()}
    if "client_secret_file" in given:
        given["client_secret_file"] = Path(given["client_secret_file"])
    if "scopes" in given:
        given["scopes"] = _words(given["scopes"])
    return OidcProvider(name=name, roles=tuple(roles.items()), **given)


def _whole(value: object) -> int:
    if isinstance(value, bool | float) or int(str(value)) < 0:
        raise ValueError
    return int(str(value))


def _duration(value: object) -> timedelta:
    seconds = float(str(value))
    if isinstance(value, bool) or not 0 <= seconds <= _LONGEST:
        raise ValueError
    return timedelta(seconds=seconds)


_LONGEST: Final = 1e10
_CONVERSIONS: Final[dict[str, Callable[[Any], object]]] = {
    "Path": Path,
    "Path | None": Path,
    "str": str,
    "int": _whole,
    "bool": _boolean,
    "bool | None": _boolean,
    "timedelta": _duration,
    "tuple[Path, ...]": _paths,
    "tuple[str, ...]": _words,
    "tuple[OidcProvider, ...]": _providers,
    "tuple[Cluster, ...]": _clusters,
}


_WANTED: Final = {
    "int": "a whole number, 0 or more",
    "timedelta": "a number of seconds, 0 or more",
    "bool": "true or false",
    "bool | None": "true or false",
    "tuple[OidcProvider, ...]": "a table of providers, each with issuer and client_id",
    "tuple[Cluster, ...]": "a table of clusters, each with host, user, key_file and work_directory",
}


def _convert(name: str, value: object, kind: str) -> Any:
    try:
        return _CONVERSIONS[kind](value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        wanted = _WANTED.get(kind, kind)
        raise Invalid(f"setting {name}: {value!r} is not {wanted}", field=name, value=str(value)) from error
