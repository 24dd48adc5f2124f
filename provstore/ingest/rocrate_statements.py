"""What a run crate says, in the words of PROV and IVOA.

Everything that an entry has stays on it, under the full URI of its term. What our own exports say of the same fact
(name, location, size, checksums, media type) is said besides, so that searches find it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from provstore.graph.model import PROV, PROVSTORE, QNAME, VOPROV, XSD, Attribute
from provstore.graph.statements import Statement, instant_of
from provstore.ingest.problems import Problem, shown
from provstore.ingest.rocrate_relations import crate_relations
from provstore.ingest.rocrate_roles import Roles
from provstore.ingest.rocrate_terms import SCHEMA
from provstore.ingest.rocrate_things import Thing

__all__ = ["crate_statements"]

_TYPE: Final = f"{PROV}type"
_SIZE: Final = re.compile("[0-9]{1,18}")
_PLACE: Final = re.compile(r"[^:]+|(?:https?|ftp|file)://.+", re.DOTALL)
"""An id that tells where a file is."""
_CHECKSUMS: Final = ("md5", "sha1", "sha256", "sha512")
_RUN: Final = "https://w3id.org/ro/terms/workflow-run#"


def crate_statements(things: Mapping[str, Thing], remarks: list[Problem]) -> Iterator[Statement]:
    """Give the elements, then the relations."""
    roles = Roles(things)
    for thing in things.values():
        yield from _elements(thing, roles, remarks)
    yield from crate_relations(things, roles)


def _elements(thing: Thing, roles: Roles, remarks: list[Problem]) -> Iterator[Statement]:
    if thing.id in roles.actions:
        times = _times(thing, remarks)
        said = (*_types(thing), *_said(thing, besides={SCHEMA + name for name in times}), *_named(thing))
        yield Statement("activity", thing.id, times, said, place=thing.place)
        return
    said = (*_types(thing), *_said(thing))
    if thing.id in roles.agents:
        attributes = (*said, *_agent_types(thing), *_named(thing), *_agent(thing, roles))
        yield Statement("agent", thing.id, {}, attributes, place=thing.place)
    if thing.id not in roles.agents or thing.id in roles.entities:
        marks, further = _shape(thing, roles)
        attributes = (*said, *_marked(marks), *_named(thing), *further(thing))
        yield Statement("entity", thing.id, {}, tuple(dict.fromkeys(attributes)), place=thing.place)


def _types(thing: Thing) -> Iterator[Attribute]:
    return (Attribute(_TYPE, kind, QNAME) for kind in thing.types)


def _marked(marks: Iterable[str]) -> Iterator[Attribute]:
    return (Attribute(_TYPE, mark, QNAME) for mark in marks)


def _said(thing: Thing, *, besides: Container[str] = ()) -> Iterator[Attribute]:
    """Give all that the entry has; times of an action that PROV knows are arguments."""
    for key, values in thing.values.items():
        if key not in besides:
            yield from (Attribute(key, one.text, one.type, one.lang) for one in values)


def _named(thing: Thing) -> Iterator[Attribute]:
    for name in islice(thing.values.get(f"{SCHEMA}name", ()), 1):
        if not name.refers and name.text:
            yield Attribute(f"{PROV}label", name.text, None, name.lang)
            yield Attribute(f"{VOPROV}name", name.text)


def _times(thing: Thing, remarks: list[Problem]) -> dict[str, str]:
    times = {}
    for name in ("startTime", "endTime"):
        text = thing.text(SCHEMA + name)
        if instant_of(text) is not None:
            times[name] = text.strip()
        elif text:
            remarks.append(Problem(thing.place, f"{name} {shown(text)!r} is no xsd:dateTime; kept as an attribute"))
    return times


_AGENTS: Final = {"Person": "Person", "Organization": "Organization", "SoftwareApplication": "SoftwareAgent"}


def _agent_types(thing: Thing) -> Iterator[Attribute]:
    return (Attribute(_TYPE, PROV + mark, QNAME) for name, mark in _AGENTS.items() if SCHEMA + name in thing.types)


def _agent(thing: Thing, roles: Roles) -> Iterator[Attribute]:
    for key, name in (("email", "email"), ("url", "url"), ("telephone", "phone")):
        text = thing.text(SCHEMA + key)
        if text:
            yield Attribute(VOPROV + name, text.removeprefix("mailto:"))
    for name in (*thing.texts(f"{SCHEMA}affiliation"), *map(roles.name, thing.references(f"{SCHEMA}affiliation"))):
        yield Attribute(f"{VOPROV}affiliation", name)


def _file(thing: Thing) -> Iterator[Attribute]:
    """Say of a data entity what our own exports say of a file."""
    for address in _addresses(thing):
        yield Attribute(f"{PROV}location", address, f"{XSD}anyURI" if ":" in address else None)
    for text in thing.texts(f"{SCHEMA}contentSize"):
        if _SIZE.fullmatch(text):
            yield Attribute(f"{PROVSTORE}size", text, f"{XSD}long")
    for name in _CHECKSUMS:
        for text in thing.texts(SCHEMA + name, _RUN + name)[:1]:
            yield Attribute(PROVSTORE + name, text.lower())
    for text in thing.texts(f"{SCHEMA}encodingFormat"):
        if "/" in text and ":" not in text:
            yield Attribute(f"{VOPROV}contentType", text)


def _addresses(thing: Thing) -> list[str]:
    told = [*thing.texts(f"{SCHEMA}contentUrl"), *thing.references(f"{SCHEMA}contentUrl")]
    return told or ([thing.given] if _PLACE.fullmatch(thing.given) else [])


def _parameter(thing: Thing) -> Iterator[Attribute]:
    for one in thing.values.get(f"{SCHEMA}value", ()):
        yield Attribute(f"{PROV}value", one.text, one.type, one.lang)
    for text in thing.texts(f"{SCHEMA}unitText", f"{SCHEMA}unitCode")[:1]:
        yield Attribute(f"{VOPROV}unit", text)


def _copied(*pairs: tuple[str, str]) -> Callable[[Thing], Iterator[Attribute]]:
    def copies(thing: Thing) -> Iterator[Attribute]:
        for key, name in pairs:
            for one in islice(thing.values.get(SCHEMA + key, ()), 1):
                yield Attribute(VOPROV + name, one.text, one.type, one.lang)

    return copies


_DESCRIPTION: Final = _copied(
    ("version", "version"), ("softwareVersion", "version"), ("description", "description"), ("url", "docurl")
)
_FORMAL: Final = _copied(("additionalType", "valueType"), ("defaultValue", "default"), ("description", "description"))

_Shape = tuple[tuple[str, ...], Callable[[Thing], Iterator[Attribute]]]


def _nothing(_thing: Thing) -> Iterator[Attribute]:
    return iter(())


def _shape(thing: Thing, roles: Roles) -> _Shape:
    """Give the types that an entity gets besides its own, and what is said of it besides."""
    shapes: tuple[tuple[frozenset[str], _Shape], ...] = (
        (roles.plans, ((f"{VOPROV}ActivityDescription", f"{PROV}Plan"), _DESCRIPTION)),
        (roles.parameters, ((f"{VOPROV}Parameter",), _parameter)),
        (roles.formals, ((f"{VOPROV}ParameterDescription",), _FORMAL)),
        (roles.collections, ((f"{VOPROV}Collection", f"{PROV}Collection"), _nothing)),
        (roles.files, ((f"{VOPROV}DatasetEntity",), _file)),
    )
    return next((shape for members, shape in shapes if thing.id in members), ((), _nothing))
