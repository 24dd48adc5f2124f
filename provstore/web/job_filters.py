"""Which jobs a list shows: the names of UWS 1.1 in any case, our own, and the parameters of the service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from provstore.accounts.callers import ANONYMOUS, EVERY_SERVICE, Caller, Role
from provstore.errors import Forbidden, Invalid
from provstore.uws.control import parse_instant_of_client
from provstore.uws.descriptions.model import CONFIG_FILE, Description
from provstore.uws.descriptions.names import as_declared
from provstore.uws.phases import OPEN, Phase
from provstore.uws.records import JobFilter
from provstore.web.forms import whole_number
from provstore.web.site import caller, site

__all__ = ["Asked", "Paging", "asked_paging", "filter_of", "read_filter", "read_phase", "sees_all"]

_OF_A_LIST: Final = ("PHASE", "AFTER", "LAST", "RUNID", "SWEEP", "OWNER", "LIMIT", "NEXT")
_KEYS: Final = "SECTION.KEY of a configuration file"
_LARGEST_PAGE: Final = 10_000


class Paging(NamedTuple):
    """How much of a list is asked for, from which key on."""

    limit: int
    after: str | None


class Asked(NamedTuple):
    """Which jobs, and which part of their list; None for all of it."""

    which: JobFilter
    paging: Paging | None


def read_phase(text: str) -> Phase:
    """Read a phase as UWS writes it.

    Raises:
        Invalid: it is none.
    """
    if text not in set(Phase):
        raise Invalid(f"PHASE={text!r}: one of {', '.join(Phase)} is needed", field="PHASE", value=text)
    return Phase(text)


def read_filter(service: str | None) -> Asked:
    """Read the query of a list of one service's jobs, or of all services'.

    Raises:
        Invalid: an unknown name, or a value that it can't have.
        Forbidden: another owner's jobs are asked for, and the caller is neither administrator nor curator.
    """
    return filter_of(request.args, service)


def filter_of(args: MultiDict[str, str], service: str | None) -> Asked:
    """Read names and values that say which jobs are wanted; errors as those of `read_filter`."""
    controls = _OF_A_LIST if service else (*_OF_A_LIST, "SERVICE")
    given, others = _parted(args, controls)
    chosen = service or _one(given, "SERVICE")
    run_id, sweep, owner = (_one(given, name) for name in ("RUNID", "SWEEP", "OWNER"))
    after, last = _one(given, "AFTER"), _one(given, "LAST")
    parameters = _parameters(chosen)
    keys = (_KEYS,) if _has_config_files(chosen) else ()
    configured = _taken_keys(others, parameters) if keys else ()
    which = JobFilter(
        service=chosen,
        phases=frozenset(map(read_phase, given.get("PHASE", ()))) or OPEN,
        after=None if after is None else parse_instant_of_client(after, field="AFTER"),
        last=None if last is None else whole_number(last, name="LAST", least=1),
        run_id=run_id,
        sweep=sweep,
        owner=None if owner is None else _agent(owner, chosen),
        values=_values(others, parameters, (*controls, *keys)),
        configured=configured,
    )
    return Asked(which, _paging(given))


def asked_paging(default: int) -> Paging:
    """Read how much of another list is asked for.

    Raises:
        Invalid: an unknown name, or a limit that is none.
    """
    names = ("LIMIT", "NEXT")
    given, others = _parted(request.args, names)
    _values(others, (), names)
    return _paging(given) or Paging(default, None)


def _parted(args: MultiDict[str, str], controls: Iterable[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Part what is asked of the list, by its name in capitals, from the rest as it was sent."""
    given: defaultdict[str, list[str]] = defaultdict(list)
    others: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in args.items(multi=True):
        if name.upper() in controls:
            given[name.upper()].append(value)
        else:
            others[name].append(value)
    return given, others


def _one(given: dict[str, list[str]], name: str) -> str | None:
    values = dict.fromkeys(given.get(name, ()))
    if len(values) > 1:
        words = " and ".join(map(repr, values))
        raise Invalid(f"{name} is given several times, as {words}; once is right", field=name, value=words)
    return next(iter(values), None)


def _paging(given: dict[str, list[str]]) -> Paging | None:
    limit, after = _one(given, "LIMIT"), _one(given, "NEXT")
    if limit is None and after is None:
        return None
    most = _LARGEST_PAGE if limit is None else whole_number(limit, name="LIMIT", least=1)
    return Paging(min(most, _LARGEST_PAGE), after)


def _descriptions(service: str | None) -> tuple[Description, ...]:
    """Give the description of one service, or those of all."""
    catalog = site().service.catalog
    revisions = catalog.services() if service is None else (catalog.newest(service),)
    return tuple(one.description for one in revisions)


def _parameters(service: str | None) -> tuple[str, ...]:
    """Give the names of the parameters that jobs can be chosen by: of one service, or of all."""
    return tuple(dict.fromkeys(one.name for described in _descriptions(service) for one in described.parameters))


def _has_config_files(service: str | None) -> bool:
    return any(one.type == CONFIG_FILE for described in _descriptions(service) for one in described.inputs)


def _taken_keys(others: dict[str, list[str]], parameters: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Take out the names that are keys of configuration files: with a section, or else of some job."""
    service, asking = site().service, caller()
    found = {
        name: tuple(values)
        for name, values in others.items()
        if as_declared(name, parameters) is None and ("." in name or service.is_config_key(asking, name))
    }
    for name in found:
        del others[name]
    return tuple(found.items())


def _values(
    others: dict[str, list[str]], parameters: tuple[str, ...], controls: Iterable[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, tuple[str, ...]] = {}
    for name, values in others.items():
        declared = as_declared(name, parameters)
        if declared is None:
            known = ", ".join((*controls, *parameters))
            raise Invalid(f"unknown name {name!r}; known: {known}", field=name, value=values[0])
        found[declared] = (*found.get(declared, ()), *values)
    return tuple(found.items())


def _agent(name: str, service: str | None) -> str:
    """Give the agent behind an account name; the empty name stands for the anonymous visitors."""
    asking = caller()
    if name != asking.name and not sees_all(asking, service):
        right = "only administrators and curators of the service can ask for other people's jobs"
        raise Forbidden(f"OWNER={name!r}: {right}", field="OWNER", value=name)
    agent = site().accounts.agent_of(name) if name else ANONYMOUS.agent
    if not agent:
        raise Invalid(f"OWNER={name!r}: there is no account of that name", field="OWNER", value=name)
    return agent


def sees_all(asking: Caller, service: str | None) -> bool:
    """Tell whether a caller may see everybody's jobs of a service, or (None) of all."""
    return asking.has(Role.CURATOR, service or EVERY_SERVICE)
