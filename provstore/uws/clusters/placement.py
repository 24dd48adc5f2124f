"""Where a job is to run: the executor, the resources and the account that it gets, or why it can't have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from provstore.clusters import LOCAL, Cluster
from provstore.errors import Forbidden, Invalid
from provstore.resources import RESOURCES, Resource
from provstore.settings import Settings
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.names import CLUSTER_CONTROL, CLUSTER_CONTROLS, CLUSTER_PREFIX, as_declared

__all__ = [
    "Placement",
    "Wanted",
    "account_on",
    "choose",
    "cluster_of",
    "parted",
    "place",
    "resources_of",
    "resources_text",
    "takes",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a job runs. ``account``: on the cluster, "" for the service's own; ``resources`` by sbatch's names."""

    executor: str = LOCAL
    account: str = ""
    resources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted of a cluster: by the description, and by the client under the names as ``spelt``.

    A resource that is empty is not asked for.
    """

    service: str
    described: Mapping[str, str]
    asked: Mapping[str, str]
    spelt: Mapping[str, str]

    def spelling(self, name: str) -> str:
        """Give how the client wrote the name of a control parameter."""
        return self.spelt.get(name, name)


def parted(values: Mapping[str, str], description: Description) -> tuple[dict[str, str], dict[str, str]]:
    """Part what a client asks of a cluster from the other values, each under the names as given.

    A parameter of the description is none of the first, whatever its name.
    """
    parameters = [one.name for one in description.parameters]
    asked = {
        name: value
        for name, value in values.items()
        if name.lower().startswith(CLUSTER_PREFIX) and as_declared(name, parameters) is None
    }
    return asked, {name: value for name, value in values.items() if name not in asked}


def place(description: Description, asked: Mapping[str, str], *, caller_name: str, settings: Settings) -> Placement:
    """Find where a job of a description is to run.

    The cluster is the one that the client asks for, else the description, else the site's executor; where any other
    resource is wanted, it is the first one that takes the service. What the client asks for wins over what the
    description says, and that over the cluster's defaults.

    Args:
        description: What is to be run.
        asked: What the client asks for; only names that begin with ``slurm_``, in any case, are looked at.
        caller_name: Whose job it is: the name of his account here, "" for the anonymous visitor.
        settings: The site's clusters.

    Raises:
        Invalid: an unknown resource or cluster, a value of the wrong form or beyond what is allowed.
        Forbidden: the person has no account on the cluster.
    """
    placement = choose(description, asked, settings)
    return replace(placement, account=account_on(placement.executor, caller_name, settings))


def choose(description: Description, asked: Mapping[str, str], settings: Settings) -> Placement:
    """Do as `place`, leaving the account open."""
    resources = _given(parted(asked, description)[0])
    wanted = _wanted(description, resources)
    cluster = _chosen(wanted, settings)
    if cluster is None:
        _refuse_resources(wanted)
        return Placement()
    if len(wanted.asked) < len(resources):
        name, value = next((one, value) for one, value in resources.items() if wanted.spelt[one.lower()] != one)
        right = f"it is given as {wanted.spelt[name.lower()]} too; one of them is enough"
        raise Invalid(f"{name}={value!r}: {right}", field=name, value=value)
    return Placement(executor=cluster.name, resources=_resources(wanted, cluster))


def account_on(executor: str, person: str, settings: Settings) -> str:
    """Give the name of a person's account on a cluster; "" for the service's own, and for this machine.

    Raises:
        Forbidden: people have accounts of their own there, and this person has none.
    """
    cluster = settings.cluster(executor)
    if cluster is None or not cluster.accounts:
        return ""
    if person not in cluster.accounts:
        who = person or "the anonymous visitor"
        raise Forbidden(f"{who} has no account on the cluster {cluster.name}; its operator enters people in accounts")
    return cluster.accounts[person].user


def cluster_of(description: Description, settings: Settings, asked: Mapping[str, str]) -> Cluster | None:
    """Give the cluster where a job runs whose client asks for this; None for this machine.

    What asks for a cluster that there is not counts for nothing.
    """
    try:
        return _chosen(_wanted(description, _given(asked)), settings)
    except Invalid:
        return None if not asked else cluster_of(description, settings, {})


def takes(cluster: Cluster, service: str) -> bool:
    """Tell whether a cluster runs jobs of a service."""
    return any(fnmatchcase(service, pattern) for pattern in cluster.services)


def resources_text(resources: Mapping[str, str]) -> str:
    """Write resources as a job's node keeps them; "" for none."""
    return json.dumps(resources, sort_keys=True) if resources else ""


def resources_of(text: str) -> dict[str, str]:
    """Read the resources of a job."""
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def _given(asked: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is empty, as a form sends it; an unknown name stays, to be refused."""
    return {name: value for name, value in asked.items() if value or name.lower() not in CLUSTER_CONTROLS}


def _wanted(description: Description, resources: Mapping[str, str]) -> Wanted:
    return Wanted(
        service=description.name,
        described={name: value for name, value in description.controls if value},
        asked={name.lower(): value for name, value in resources.items()},
        spelt={name.lower(): name for name in resources},
    )


# --- which cluster


def _chosen(wanted: Wanted, settings: Settings) -> Cluster | None:
    if CLUSTER_CONTROL in wanted.asked:
        return _by_name(wanted, wanted.asked[CLUSTER_CONTROL], settings)
    if CLUSTER_CONTROL in wanted.described and settings.clusters:
        return _by_name(wanted, wanted.described[CLUSTER_CONTROL], settings)
    return _unnamed(wanted, settings)


def _unnamed(wanted: Wanted, settings: Settings) -> Cluster | None:
    usual = settings.cluster(settings.executor)
    if usual is not None and takes(usual, wanted.service):
        return usual
    if not wanted.asked and not wanted.described:
        return None
    return next((one for one in settings.clusters if takes(one, wanted.service)), None)


def _bound_for(wanted: Wanted, settings: Settings) -> Cluster | None:
    """Find the cluster where site and description send a job whose client asks for nothing; None if it runs here."""
    named = wanted.described.get(CLUSTER_CONTROL)
    if named not in {None, LOCAL}:
        return settings.cluster(named)
    return _unnamed(replace(wanted, asked={}, described={} if named else wanted.described), settings)


def _by_name(wanted: Wanted, name: str, settings: Settings) -> Cluster | None:
    if not settings.clusters:
        return None
    bound_for = _bound_for(wanted, settings)
    if name == LOCAL and bound_for is None:
        return None
    found = settings.cluster(name)
    if found is not None and takes(found, wanted.service):
        return found
    known = ", ".join(one.name for one in settings.clusters if takes(one, wanted.service))
    if found is not None:
        what = f"it takes no jobs of {wanted.service}"
    elif name == LOCAL and bound_for is not None:
        what = f"jobs of {wanted.service} run on {bound_for.name} here, not on this machine"
    else:
        what = "no cluster here is called so"
    words = f"{wanted.spelling(CLUSTER_CONTROL)}={name!r}: {what}; those that take its jobs: {known or 'none'}"
    raise Invalid(words, field=wanted.spelling(CLUSTER_CONTROL), value=name)


def _refuse_resources(wanted: Wanted) -> None:
    """Do nothing if the client asks for none: a description's are for sites that have clusters."""
    for control, value in wanted.asked.items():
        if (control, value) != (CLUSTER_CONTROL, LOCAL):
            name = wanted.spelling(control)
            words = f"{name}={value!r}: the executor {LOCAL} of these jobs takes no {CLUSTER_PREFIX}* parameters"
            raise Invalid(f"{words}; leave it out", field=name, value=value)


# --- which resources


def _resources(wanted: Wanted, cluster: Cluster) -> dict[str, str]:
    found = dict(cluster.defaults)
    for control, value in {**wanted.described, **wanted.asked}.items():
        if control != CLUSTER_CONTROL:
            found[control.removeprefix(CLUSTER_PREFIX)] = value
            _check(control, value, wanted, cluster)
    return dict(sorted(found.items()))


def _check(control: str, value: str, wanted: Wanted, cluster: Cluster) -> None:
    """Refuse a resource that is unknown, or of a wrong form, or more than the cluster allows."""
    said = wanted.spelling(control)
    if control not in CLUSTER_CONTROLS:
        known = ", ".join(CLUSTER_CONTROLS)
        raise Invalid(f"{said}={value!r} is no resource of a cluster; there are {known}", field=said, value=value)
    resource = RESOURCES[control.removeprefix(CLUSTER_PREFIX)]
    if not resource.accepts(value):
        raise Invalid(f"{said}={value!r} is not {resource.rule}", field=said, value=value)
    most = cluster.maxima.get(resource.name)
    if most is not None and resource.exceeds(value, most):
        words = f"{said}={value!r}: the cluster {cluster.name} gives its jobs {most} at most"
        raise Invalid(words, field=said, value=value)
    if resource.is_endless(value):
        words = f"{said}={value!r}: no limit can't be asked for; give the time after which the cluster may end the job"
        raise Invalid(words, field=said, value=value)
    usual = {cluster.defaults.get(resource.name), wanted.described.get(control)}
    if value not in usual and not _is_allowed(resource, value, cluster):
        words = f"{said}={value!r}: the cluster {cluster.name} allows its jobs {_choice(resource, wanted, cluster)}"
        raise Invalid(words, field=said, value=value)


def _choice(resource: Resource, wanted: Wanted, cluster: Cluster) -> str:
    usual = (wanted.described.get(f"{CLUSTER_PREFIX}{resource.name}"), cluster.defaults.get(resource.name))
    bounded = (cluster.maxima.get(resource.name),)
    choice = dict.fromkeys(one for one in (*usual, *bounded, *cluster.allowed.get(resource.name, ())) if one)
    return ", ".join(choice) or "none of it"


def _is_allowed(resource: Resource, value: str, cluster: Cluster) -> bool:
    """Tell whether a value is listed, or each name in it matches a pattern or has a maximum (which was checked)."""
    patterns, most = cluster.allowed.get(resource.name, ()), cluster.maxima.get(resource.name)
    if value in patterns or resource.parts is None:
        return True
    parts = resource.parts(value)
    return bool(parts) and all(
        any(fnmatchcase(spelling, pattern) for spelling in spellings for pattern in patterns)
        or (most is not None and resource.is_bounded(spellings[0], most))
        for spellings in parts
    )
