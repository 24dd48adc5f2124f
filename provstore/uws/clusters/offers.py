"""What a form offers of a cluster: which resources a job of a service may ask for there, and within which limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from provstore.clusters import LOCAL, Cluster
from provstore.errors import Forbidden, Invalid
from provstore.resources import RESOURCES, Resource
from provstore.settings import Settings
from provstore.uws.clusters.placement import account_on, choose, cluster_of, parted, takes
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.names import CLUSTER_CONTROL, CLUSTER_PREFIX

__all__ = ["Choice", "Offer", "offer_of", "refusal_of"]

_WILD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A resource that may be asked for under the name ``control``; a ``fixed`` one is only shown.

    ``words`` say what its values look like, ``options`` are all that there are (none: see the words), ``default`` is
    what a job gets that asks for nothing, ``most`` the maximum; ``error`` is wrong with the value that was given.
    """

    control: str
    words: str
    default: str = ""
    most: str = ""
    options: tuple[str, ...] = ()
    counts: bool = False
    fixed: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the cluster of that name offers."""

    cluster: str
    choices: tuple[Choice, ...]


def offer_of(description: Description, settings: Settings, given: Mapping[str, str] | None = None) -> Offer | None:
    """Give what the cluster offers on which a job with these values would run; None if it would run here."""
    asked, _ = parted(given or {}, description)
    cluster = cluster_of(description, settings, asked)
    if cluster is None:
        return None
    return Offer(cluster=cluster.name, choices=tuple(_choices(description, cluster, settings, asked)))


def refusal_of(description: Description, settings: Settings, given: Mapping[str, str], *, caller_name: str) -> str:
    """Say why a person can't have a job with these values run where it would; "" if nothing is in the way."""
    asked, _ = parted(given, description)
    cluster = cluster_of(description, settings, asked)
    try:
        account_on(cluster.name if cluster else LOCAL, caller_name, settings)
    except Forbidden as error:
        return error.message
    return ""


def _choices(
    description: Description, cluster: Cluster, settings: Settings, asked: Mapping[str, str]
) -> Iterator[Choice]:
    errors = _errors(description, cluster, settings, asked)
    clusters = tuple(one.name for one in settings.clusters if takes(one, description.name))
    if cluster_of(description, settings, {}) is None:
        clusters = (LOCAL, *clusters)
    if len(clusters) > 1:
        told = errors.get(CLUSTER_CONTROL, "")
        others = {name: value for name, value in asked.items() if name.lower() != CLUSTER_CONTROL}
        usual = cluster_of(description, settings, others)
        words = f"Where the job runs{f'; {LOCAL} is this machine' if LOCAL in clusters else ''}."
        default = usual.name if usual else LOCAL
        yield Choice(control=CLUSTER_CONTROL, words=words, default=default, options=clusters, error=told)
    described = dict(description.controls)
    for name, resource in RESOURCES.items():
        control = f"{CLUSTER_PREFIX}{name}"
        default = described.get(control) or cluster.defaults.get(name, "")
        found = _named(resource, default, cluster) if resource.parts else _measured(resource, default, cluster)
        if found is not None:
            yield replace(found, error=errors.get(control, ""))


def _measured(resource: Resource, default: str, cluster: Cluster) -> Choice:
    """A number shows its limits itself."""
    most = cluster.maxima.get(resource.name, "")
    limits = () if resource.is_count else (resource.rule, f"{most} at most" if most else "")
    return Choice(
        control=f"{CLUSTER_PREFIX}{resource.name}",
        words=_sentence(resource, *limits),
        default=default,
        most=most,
        counts=resource.is_count,
    )


def _named(resource: Resource, default: str, cluster: Cluster) -> Choice | None:
    """A name is chosen among those that are allowed; where none is, the default is shown."""
    control, most = f"{CLUSTER_PREFIX}{resource.name}", cluster.maxima.get(resource.name, "")
    patterns = cluster.allowed.get(resource.name, ())
    if not patterns and not most:
        return Choice(control=control, words="Set by the site.", default=default, fixed=True) if default else None
    plain = resource.measure is None and not any(_WILD.search(one) for one in patterns)
    whole = tuple(dict.fromkeys([*filter(None, [default]), *patterns]))
    allowed = "" if plain or not patterns else f"allowed: {', '.join(whole)}"
    bounded = f"{most} at most" if most else ""
    words = _sentence(resource) if plain and whole else _sentence(resource, resource.rule, bounded, allowed)
    return Choice(control=control, words=words, default=default, options=whole if plain else ())


def _sentence(resource: Resource, *parts: str) -> str:
    """Say what a resource is, what its values look like and which ones are given."""
    rules = "; ".join(part for part in parts if part)
    meaning = f"{resource.meaning[0].upper()}{resource.meaning[1:]}"
    return f"{meaning}: {rules}." if rules else f"{meaning}."


def _errors(description: Description, cluster: Cluster, settings: Settings, asked: Mapping[str, str]) -> dict[str, str]:
    """Tell what is wrong with each value for itself, as the making of a job would."""
    errors: dict[str, str] = {}
    for name, value in asked.items():
        others = {} if name.lower() == CLUSTER_CONTROL else {CLUSTER_CONTROL: cluster.name}
        try:
            choose(description, {**others, name: value}, settings)
        except Invalid as error:
            errors[name.lower()] = error.message
    return errors
