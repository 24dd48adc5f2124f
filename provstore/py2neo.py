"""The graph through py2neo, for reading in notebooks: ``pip install 'provstore[py2neo]'``.

py2neo is at the end of its life: it reads Neo4j 5 over bolt, with its objects (OGM) too, but knows neither its
constraints nor its indexes any more. provstore itself speaks to Neo4j through the official driver. Write through
provstore only: what py2neo saves has no readers and no complete provenance.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from provstore.errors import Invalid, Unavailable
from provstore.graph.model import Attribute, Kind, Label, parse_instant
from provstore.settings import load_settings

try:
    from py2neo import Graph
    from py2neo.errors import ConnectionUnavailable
    from py2neo.ogm import Model, Property, RelatedFrom, RelatedTo
except ImportError as error:  # pragma: no cover - the extra is there where this is tested
    raise ImportError("provstore.py2neo needs py2neo: pip install 'provstore[py2neo]'") from error

__all__ = [
    "Activity",
    "ActivityDescription",
    "Agent",
    "Bundle",
    "Entity",
    "Instant",
    "Job",
    "Parameter",
    "Thing",
    "open_graph",
]

_SCHEMES: Final = ("bolt", "neo4j")
_OURS: Final = f"{__name__}."


def open_graph(url: str = "", *, user: str = "", password: str = "") -> Graph:
    """Open the graph in Neo4j; without an address, the one of the settings (``PROVSTORE_GRAPH_…``).

    ``graph.query(…)`` only reads; ``graph.run(…)`` would also write.

    Raises:
        Invalid: it is no address of Neo4j.
        Unavailable: nobody answers there, or not to this user.
    """
    chosen = url
    if not url:
        settings = load_settings(os.environ)
        chosen, user = settings.store_url, settings.graph_user
        file = settings.graph_password_file
        password = file.read_text(encoding="utf-8").strip() if file else ""
    parts = urlsplit(chosen)
    if parts.scheme.partition("+")[0] not in _SCHEMES:
        raise Invalid(f"{parts.scheme}://…: py2neo reads Neo4j only, bolt:// or neo4j:// is needed", field="graph_url")
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    try:
        return Graph(address, name=parts.path.strip("/") or None, auth=(user, password) if user else None)
    except ConnectionUnavailable as error:
        raise Unavailable(f"Neo4j at {address}: nobody answers there, or not to {user or 'nobody'!r}") from error


class Instant(Property):  # type: ignore[misc]  # py2neo ships no types
    """A property ``…_at``: text in the database, an aware datetime here, None where it is absent."""

    def __get__(self, instance: Any, owner: object) -> datetime | None:
        text = super().__get__(instance, owner)
        return None if text is None else parse_instant(text)


class Thing(Model):  # type: ignore[misc]  # py2neo ships no types
    """Any node. ``Entity.match(graph, id)`` finds by the full URI, ``.where(name="raw.fits")`` by properties."""

    __primarylabel__ = "Node"
    __primarykey__ = "id"

    id = Property()
    name = Property()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What a document or a script told of it beyond the properties, as written."""
        text = self.__node__["_attrs"]
        return tuple(Attribute(*parts) for parts in json.loads(text)) if text else ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or self.id}>"


class Entity(Thing):
    """Data: a file, a value, a collection."""

    __primarylabel__ = Label.ENTITY.value

    sha256 = Property()
    size = Property()
    content_type = Property()
    location = Property()
    generated_at = Instant()

    generated_by = RelatedTo(f"{_OURS}Activity", Kind.WAS_GENERATED_BY.value)
    used_by = RelatedFrom(f"{_OURS}Activity", Kind.USED.value)
    derived_from = RelatedTo(f"{_OURS}Entity", Kind.WAS_DERIVED_FROM.value)
    derivations = RelatedFrom(f"{_OURS}Entity", Kind.WAS_DERIVED_FROM.value)
    attributed_to = RelatedTo(f"{_OURS}Agent", Kind.WAS_ATTRIBUTED_TO.value)
    members = RelatedTo(f"{_OURS}Entity", Kind.HAD_MEMBER.value)


class Activity(Thing):
    """Something that was done."""

    __primarylabel__ = Label.ACTIVITY.value

    started_at = Instant()
    ended_at = Instant()

    used = RelatedTo(f"{_OURS}Entity", Kind.USED.value)
    generated = RelatedFrom(f"{_OURS}Entity", Kind.WAS_GENERATED_BY.value)
    informed_by = RelatedTo(f"{_OURS}Activity", Kind.WAS_INFORMED_BY.value)
    agents = RelatedTo(f"{_OURS}Agent", Kind.WAS_ASSOCIATED_WITH.value)
    configured_by = RelatedTo(f"{_OURS}Parameter", Kind.WAS_CONFIGURED_BY.value)
    description = RelatedTo(f"{_OURS}ActivityDescription", Kind.IS_DESCRIBED_BY.value)


class Job(Activity):
    """An activity that provstore ran, or is to run."""

    __primarylabel__ = Label.JOB.value

    service = Property()
    phase = Property()
    owner = Property()
    run_id = Property()
    created_at = Instant()


class Agent(Thing):
    """A person, an organization or software."""

    __primarylabel__ = Label.AGENT.value

    activities = RelatedFrom(f"{_OURS}Activity", Kind.WAS_ASSOCIATED_WITH.value)
    entities = RelatedFrom(f"{_OURS}Entity", Kind.WAS_ATTRIBUTED_TO.value)


class Parameter(Thing):
    """A parameter of a job; ``number`` is there if its value is one."""

    __primarylabel__ = Label.PARAMETER.value

    value = Property()
    number = Property()

    activities = RelatedFrom(f"{_OURS}Activity", Kind.WAS_CONFIGURED_BY.value)


class ActivityDescription(Thing):
    """A revision of the description of a service."""

    __primarylabel__ = Label.ACTIVITY_DESCRIPTION.value

    revision = Property()
    created_at = Instant()

    activities = RelatedFrom(f"{_OURS}Activity", Kind.IS_DESCRIBED_BY.value)


class Bundle(Thing):
    """A document that was imported, or a named bundle in one."""

    __primarylabel__ = Label.BUNDLE.value

    created_at = Instant()

    asserts = RelatedTo(f"{_OURS}Thing", Kind.ASSERTS.value)
