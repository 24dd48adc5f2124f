"""What is to be replaced, as people write it: ``OLD=NEW`` and ``SERVICE@REVISION``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provstore.errors import Invalid
from provstore.graph.model import NodeId, Viewer
from provstore.graph.store import GraphStore
from provstore.queries.names import resolve_all
from provstore.queries.replay import Replacement, Wanted

__all__ = ["read_wanted"]


def read_wanted(
    store: GraphStore, viewer: Viewer, *, replace: Iterable[str] = (), revisions: Iterable[str] = ()
) -> Wanted:
    """Read what is to be replaced, ids in any spelling, and the revisions that services are to run with.

    Raises:
        Invalid: a replacement without ``=`` or with several readings; a revision without number, or two of one service.
    """
    names = tuple(dict.fromkeys(one.strip() for one in revisions if one.strip()))
    services: dict[str, str] = {}
    for name in names:
        service, at, number = name.partition("@")
        if not (service and at and number):
            raise Invalid(f"revision {name!r}: SERVICE@REVISION is needed", field="revision", value=name)
        if service in services:
            words = f"two revisions of {service} are given, {services[service]} and {name}: one is right"
            raise Invalid(words, field="revision", value=name)
        services[service] = name
    pairs = tuple(_replacement(store, viewer, one.strip()) for one in replace if one.strip())
    return Wanted(replacements=pairs, revisions=names)


def _replacement(store: GraphStore, viewer: Viewer, text: str) -> Replacement:
    """Split at the ``=`` on both sides of which something is known: URIs may hold some, too."""
    parts = text.split("=")
    splits = [("=".join(parts[:place]), "=".join(parts[place:])) for place in range(1, len(parts))]
    splits = [(old, new) for old, new in splits if old and new]
    if not splits:
        raise Invalid(f"replace={text!r}: OLD=NEW is needed, two ids of entities", field="replace", value=text)
    readings = [_resolved(store, viewer, one) for one in splits]
    if len(readings) == 1:
        return readings[0]
    known = {node.id for node in store.get([one for pair in readings for one in pair], viewer)}
    sound = [one for one in readings if set(one) <= known]
    if len(sound) != 1:
        words = "it can be read in several ways" if sound else "nothing is known of one side of it"
        raise Invalid(f"replace={text!r}: {words}; OLD=NEW is needed", field="replace", value=text)
    return sound[0]


def _resolved(store: GraphStore, viewer: Viewer, pair: Sequence[str]) -> Replacement:
    old, new = resolve_all(store, list(pair), viewer)
    return Replacement(NodeId(old), NodeId(new))
