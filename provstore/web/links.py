"""The links of a thing: its file, its sources, what was made of it, its provenance, and what it can be used for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.export.datalink import Choice, Link, ServiceDescriptor
from provstore.export.registry import FORMATS
from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.graph.model import PROV, PROVSTORE, Label, Node
from provstore.graph.titles import called
from provstore.queries.related import Neighbours, Tie
from provstore.settings import Settings
from provstore.uws.catalog import Catalog
from provstore.uws.descriptions.dialects.votable_service import arraysize_when_empty
from provstore.uws.descriptions.model import CONFIG_FILE, FILE_URL, Description, ParameterDefinition, Used
from provstore.uws.files import is_elsewhere
from provstore.uws.jobs import input_name, text
from provstore.uws.permissions import may_run
from provstore.uws.publishing.revisions import Revision
from provstore.web.access import serves_anonymous

__all__ = ["LinkContext", "Linking", "fact"]

_WEB: Final = re.compile("https?://", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"-[0-9]+\Z")
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/svg+xml", "image/webp"})
_UWS: Final = "ivo://ivoa.net/std/UWS#rest-1.1"
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "location": (f"{PROV}location", *(f"{space}location" for space in VOPROV_NAMESPACES)),
    "content_type": (
        *(f"{space}{name}" for space in VOPROV_NAMESPACES for name in ("contentType", "content_type")),
        "http://purl.org/dc/terms/format",
        "http://purl.org/dc/elements/1.1/format",
    ),
    "size": (f"{PROVSTORE}size",),
}
"""What our own nodes have as a property -> the attributes in which documents tell it."""

_SIZE: Final = re.compile("[0-9]{1,18}", re.ASCII)
_MAIN: Final = "Main"
_PREVIEW: Final = "Preview"
_LOG: Final = "Log"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """What links depend on besides the graph.

    ``can_give``: tells whether the file of a location can be had here. ``services``: those that the caller may know of.
    """

    base: str
    namespace: str
    can_give: Callable[[str], bool]
    settings: Settings
    catalog: Catalog
    services: Sequence[Revision]
    caller: Caller


@dataclass(slots=True, kw_only=True)
class Linking:
    """Makes the rows of an answer, and remembers the services that they name."""

    site: LinkContext
    services: dict[tuple[str, str], ServiceDescriptor] = field(default_factory=dict)

    def of(self, asked: str, found: Neighbours) -> Iterator[Link]:
        """Give the links of a thing, under the id by which it was asked for."""
        described = self._description(found)
        rows = (
            *self._this(found.node),
            *self._previews(found, described),
            *self._progenitors(found, described),
            *self._derivations(found),
            *self._documentation(found, described),
            *self._provenance(found.node),
            *self._uses(found.node),
        )
        return (replace(row, id=asked) for row in rows)

    def _description(self, found: Neighbours) -> Description | None:
        """Give the description that ran, if a job of ours did."""
        if found.activity is None or Label.JOB not in found.activity.labels:
            return None
        return self.site.catalog.revision(text(found.activity.properties, "revision")).description

    # --- files

    def _this(self, node: Node) -> Iterator[Link]:
        if Label.DATASET not in node.labels and not fact(node, "location"):
            return  # a number, a person, a job: there is no file to be had
        link = self._file(node, "#this", "the file itself")
        if link is not None:
            yield link
        elif "invalidated_at" in node.properties:
            yield _error("NotFoundFault: its file is not kept any more")
        elif text(node.properties, "url"):
            yield _error("TransientFault: its file has not been fetched yet")
        elif is_elsewhere(text(node.properties, "location")):
            yield _error("NotFoundFault: its file is only registered here, and can't be had from this server")
        else:
            yield _error("NotFoundFault: its file is not here")

    def _file(self, node: Node, semantics: str, description: str) -> Link | None:
        """Link to the file of an entity, here or where a document says; None if there is none."""
        location, size = fact(node, "location"), fact(node, "size")
        elsewhere = _WEB.match(location) is not None
        if not location or "invalidated_at" in node.properties or not (elsewhere or self._is_kept(node)):
            return None
        link = Link(
            id="",
            access_url=location if elsewhere else f"{self.site.base}/store/{quote(self._short(node), safe='')}",
            semantics=semantics,
            description=description,
            content_type=fact(node, "content_type"),
            content_length=int(size) if _SIZE.fullmatch(size) else None,
        )
        return link if elsewhere else replace(link, link_auth=self._auth(node), link_authorized=True)

    def _files(self, ties: Iterable[Tie], semantics: str, words: str) -> Iterator[Link]:
        for tie in ties:
            name = text(tie.node.properties, "file_name") or called(tie.node)
            link = self._file(tie.node, semantics, f"{words}: {name}" if name else words)
            if link is not None:
                yield link

    def _previews(self, found: Neighbours, described: Description | None) -> Iterator[Link]:
        """Results of the same job that are meant as previews, and its pictures."""
        made = [
            tie
            for tie in _others(found)
            if _kind_of_result(described, tie) == _PREVIEW or fact(tie.node, "content_type") in _PICTURES
        ]
        return self._files(made, "#preview", "a preview")

    def _progenitors(self, found: Neighbours, described: Description | None) -> Iterator[Link]:
        """What the job used, the main inputs first; and what a document says it was derived from."""
        used = sorted(found.used, key=lambda tie: _kind_of_input(described, tie) != _MAIN)
        known = {tie.node.id for tie in used}
        ties = [*used, *(tie for tie in found.sources if tie.node.id not in known)]
        unique = {tie.node.id: tie for tie in reversed(ties)}
        return self._files(reversed(unique.values()), "#progenitor", "used to make it")

    def _derivations(self, found: Neighbours) -> Iterator[Link]:
        is_activity = Label.ACTIVITY in found.node.labels
        made = (*(found.made if is_activity else ()), *found.derived)
        return self._files(made, "#derivation", "made of it" if not is_activity else "made by it")

    # --- documentation

    def _documentation(self, found: Neighbours, described: Description | None) -> Iterator[Link]:
        if described is not None and _WEB.match(described.doculink):
            words = f"what {described.label or described.name} does, by which it was made"
            yield Link(id="", access_url=described.doculink, semantics="#documentation", description=words)
        logs = [tie for tie in _others(found) if _kind_of_result(described, tie) == _LOG]
        yield from self._files(logs, "#documentation", "the log of its making")

    def _provenance(self, node: Node) -> Iterator[Link]:
        """The vocabulary has no term of its own for provenance; it is metadata that helps to understand."""
        for form in FORMATS:
            query = f"ID={quote(self._short(node), safe='')}&DEPTH=ALL&RESPONSEFORMAT={form.name}"
            yield Link(
                id="",
                access_url=f"{self.site.base}/provsap?{query}",
                semantics="#documentation",
                description=f"its provenance as {form.name}",
                content_type=form.media_type,
                local_semantics=f"provenance-{form.name}",
                link_auth=self._auth(node),
                link_authorized=True,
            )

    # --- services

    def _uses(self, node: Node) -> Iterator[Link]:
        """Services that take files of its type; a job can be given what is kept here by its id."""
        content_type = _bare(fact(node, "content_type"))
        if not content_type or "invalidated_at" in node.properties or not self._is_kept(node):
            return
        for revision in self.site.services:
            for used in revision.description.used:
                if _takes(used, content_type):
                    yield self._use(revision.description, used)

    def _use(self, service: Description, used: Used) -> Link:
        key = (service.name, used.name)
        if key not in self.services:
            self.services[key] = self._descriptor(service, used, f"service{len(self.services) + 1}")
        site = self.site
        is_open = serves_anonymous(site.settings) and may_run(ANONYMOUS, service.name, site.settings)
        return Link(
            id="",
            service_def=self.services[key].id,
            semantics="#proc",
            description=f"a job of {service.label or service.name} that uses it as {used.name}",
            link_auth="optional" if is_open else "true",
            link_authorized=may_run(site.caller, service.name, site.settings),
        )

    def _descriptor(self, service: Description, used: Used, name: str) -> ServiceDescriptor:
        parameters = [one for one in service.parameters if one.name != used.name]
        named = {used.name, *(one.name for one in parameters)}
        return ServiceDescriptor(
            id=name,
            name=service.name,
            description=service.description or f"Jobs of {service.label or service.name}.",
            access_url=f"{self.site.base}/uws/{quote(service.name)}",
            standard=_UWS,
            content_type="text/xml",
            choices=(
                Choice(name=used.name, arraysize="*", ref="ID", ucd="meta.id;meta.main", description=used.description),
                *(_choice(one) for one in parameters),
                *(_input(one) for one in service.used if one.name not in named),
            ),
        )

    # --- names and rights

    def _is_ours(self, node: Node) -> bool:
        return node.id.startswith(self.site.namespace)

    def _is_kept(self, node: Node) -> bool:
        """Tell whether we have its file: below the data directory, or in the archive."""
        location = text(node.properties, "location")
        return self._is_ours(node) and bool(location) and self.site.can_give(location)

    def _short(self, node: Node) -> str:
        return node.id.removeprefix(self.site.namespace)

    def _auth(self, node: Node) -> str:
        is_open = serves_anonymous(self.site.settings) and ANONYMOUS.viewer.sees(node.readers)
        return "optional" if is_open else "true"


def _error(message: str) -> Link:
    return Link(id="", error_message=message, semantics="#this")


def _others(found: Neighbours) -> Iterator[Tie]:
    """What the same job made besides."""
    return (tie for tie in found.made if found.node.id not in {tie.node.id, tie.relation.target})


def _kind_of_result(described: Description | None, tie: Tie) -> str:
    """Give the type of a result by its description; of several under one name the second is ``name-2``."""
    kinds = {one.name: one.type for one in described.generated} if described else {}
    name = text(tie.node.properties, "name")
    return kinds.get(name, kinds.get(_NUMBERED.sub("", name), ""))


def _kind_of_input(described: Description | None, tie: Tie) -> str:
    kinds = {one.name: one.type for one in described.used} if described else {}
    return kinds.get(input_name(tie.relation), "")


def fact(node: Node, name: str) -> str:
    """Give what is known of a file, by ourselves or else by documents, "" for nothing."""
    own = node.properties.get(name)
    if own is not None:
        return str(own)
    return next((one.lexical for key in _TOLD[name] for one in node.attributes if one.key == key), "")


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _takes(used: Used, content_type: str) -> bool:
    """Tell whether an input is said to be of this type; one of any type says nothing."""
    return used.url == FILE_URL and used.type != CONFIG_FILE and content_type in map(_bare, used.content_types)


def _choice(parameter: ParameterDefinition) -> Choice:
    """A value would be a constant, which clients must send (DataLink 1.1 section 4.3): the default is told in words."""
    return Choice(
        name=parameter.name,
        datatype=parameter.datatype,
        arraysize=arraysize_when_empty(parameter),
        description=_with_default(parameter.description, parameter.default or ""),
        unit=parameter.unit,
        ucd=parameter.ucd,
        utype=parameter.utype,
        xtype=parameter.xtype,
        minimum=parameter.min,
        maximum=parameter.max,
        options=parameter.options,
    )


def _input(used: Used) -> Choice:
    return Choice(name=used.name, arraysize="*", description=_with_default(used.description, used.default))


def _with_default(words: str, default: str) -> str:
    return f"{words} (default: {default})".lstrip() if default else words
