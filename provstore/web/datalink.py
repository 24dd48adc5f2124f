"""IVOA DataLink 1.1: from the id of a file to everything that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response

from provstore.errors import Invalid
from provstore.export.datalink import STANDARD, Choice, Link, ServiceDescriptor, links_votable
from provstore.graph.model import NodeId
from provstore.queries.names import ambiguity, meanings
from provstore.queries.related import Neighbours, related
from provstore.web.dali import VOTABLE, read_parameters, single, speak_votable
from provstore.web.forms import whole_number
from provstore.web.links import LinkContext, Linking
from provstore.web.site import base_url, caller, site

__all__ = ["datalink"]

datalink: Final = Blueprint("datalink", __name__)

_TYPE: Final = f"{VOTABLE};content=datalink"
_FORMATS: Final[Mapping[str, str]] = {"votable": _TYPE, VOTABLE: _TYPE, "text/xml": "text/xml"}
"""What RESPONSEFORMAT may be, without parameters -> what is then the type of the answer."""

_IDS_MOST: Final = 1000
"""Of more ids the first so many are answered, and the answer says so (DataLink 1.1 §2.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request, as read. ``rows``: at most so many links are wanted, None for all."""

    ids: tuple[str, ...]
    content_type: str
    rows: int | None


@datalink.before_request
def speak_as_datalink() -> None:
    """Tell errors as a VOTable, in the words of DataLink."""
    speak_votable(with_fault=True)


@datalink.route("/datalink", methods=["GET", "POST"])
def show_links() -> Response:
    """GET or POST /datalink?ID=…: the file, previews, progenitors, derivations, provenance and services of a thing."""
    asked = _read(read_parameters())
    linking = _linking()
    ids = asked.ids[:_IDS_MOST]
    meant = meanings(site().store, [one for one in ids if one], caller().viewer)
    nodes = dict.fromkeys(uris[0] for uris in meant.values() if len(uris) == 1)
    found, truncated = related(site().store, tuple(nodes), caller().viewer)
    links = [link for one in ids for link in _links(linking, one, meant.get(one, ()), found)]
    shown = links[: asked.rows]
    overflow = truncated or len(asked.ids) > _IDS_MOST or len(shown) < len(links) or asked.rows == 0
    return Response(links_votable(shown, _services(linking, shown), overflow=overflow), content_type=asked.content_type)


def _links(
    linking: Linking, asked: str, meant: tuple[NodeId, ...], found: Mapping[NodeId, Neighbours]
) -> Iterator[Link]:
    if not asked:
        yield Link(id=asked, error_message="UsageFault: ID is empty", semantics="#this")
    elif len(meant) > 1:
        yield Link(id=asked, error_message=f"UsageFault: {ambiguity(asked, meant)}", semantics="#this")
    elif meant[0] not in found:
        yield Link(id=asked, error_message=f"NotFoundFault: nothing is known of {asked}", semantics="#this")
    else:
        yield from linking.of(asked, found[meant[0]])


def _linking() -> Linking:
    parts, who = site(), caller()
    return Linking(
        site=LinkContext(
            base=base_url(),
            namespace=parts.store.namespace,
            can_give=parts.files.can_give,
            settings=parts.settings,
            catalog=parts.service.catalog,
            services=parts.service.services(who),
            caller=who,
        )
    )


def _services(linking: Linking, shown: Sequence[Link]) -> tuple[ServiceDescriptor, ...]:
    """Give the services that the links name; without any link, the service that answers here."""
    named = {link.service_def for link in shown}
    return tuple(one for one in linking.services.values() if one.id in named) if shown else (_itself(),)


def _itself() -> ServiceDescriptor:
    words = "The local part, QName or URI of a file, a job or another thing; it may be repeated."
    return ServiceDescriptor(
        id="links",
        name="datalink",
        description="The file, previews, progenitors, derivations, provenance and services of a thing.",
        access_url=f"{base_url()}/datalink",
        standard=STANDARD,
        content_type=_TYPE,
        choices=(Choice(name="ID", arraysize="*", ucd="meta.id;meta.main", description=words),),
        itself=True,
    )


def _read(given: Mapping[str, Sequence[str]]) -> _Asked:
    maximum = single(given, "MAXREC")
    return _Asked(
        ids=tuple(dict.fromkeys(given.get("ID", ()))),
        content_type=_content_type(single(given, "RESPONSEFORMAT")),
        rows=None if maximum is None else whole_number(maximum, name="MAXREC", least=0),
    )


def _content_type(text: str | None) -> str:
    if text is None:
        return _TYPE
    name = text.partition(";")[0].strip().lower().replace(" ", "+")
    if name not in _FORMATS:
        right = ", ".join(_FORMATS)
        raise Invalid(f"RESPONSEFORMAT={text!r}: one of {right} is needed", field="RESPONSEFORMAT", value=text)
    return _FORMATS[name]
