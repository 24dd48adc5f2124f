"""Previews of stored files: pictures as PNG, and all that can be shown of one as a page or as a part of others."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request

from provstore.errors import Invalid, NotFound, ProvstoreError, UnsupportedType
from provstore.graph.model import Node, NodeId
from provstore.graph.titles import called
from provstore.queries.names import expand
from provstore.uws.jobs import CONTENT_TYPE_ANY, integer, text
from provstore.web.files import send_stored
from provstore.web.forms import one_value, whole_number
from provstore.web.pages.rendering import page
from provstore.web.previews.kinds import Kind, kind_of
from provstore.web.previews.looks import CUTS, SIZES, STRETCHES, Choice
from provstore.web.previews.preview import Look, has_picture, look_at, picture_of
from provstore.web.site import base_url, caller, site

__all__ = ["Glance", "Preview", "glance_at", "is_near", "picture_address", "preview_of", "previews"]

previews: Final = Blueprint("previews", __name__, template_folder="../templates")

_LARGE: Final = 1024
"""Pixels of the longer side of a picture that is looked at by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a page shows of a product; templates/preview.html draws it.

    ``file``: address of its bytes, "" where they are not kept here; ``here``: that of its own preview page; ``picture``
    that of a picture, and ``pdf`` that of a PDF for the browser's own reader, "" where there is none.
    """

    id: str
    name: str
    content_type: str
    look: Look
    choice: Choice
    file: str
    here: str
    picture: str
    pdf: str = ""
    stretches: tuple[str, ...] = STRETCHES
    cuts: tuple[str, ...] = CUTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What lists tell of a file: its kind, None where it is not on this machine, and the address of a small picture."""

    kind: Kind | None = None
    picture: str = ""


def preview_of(node: Node, choice: Choice | None = None) -> Preview:
    """Look at the file of an entity that the caller may see; where it is gone, that is what is told of it."""
    wanted = choice or Choice(size=_LARGE)
    local = _local(node)
    look = _look(node, wanted)
    address = f"{base_url()}/store/{quote(local, safe='')}"
    return Preview(
        id=local,
        name=called(node),
        content_type=text(node.properties, "content_type"),
        look=look,
        choice=wanted,
        file=address if text(node.properties, "location") else "",
        here=f"{base_url()}/preview?{urlencode({'id': local})}",
        picture=address if look.kind is Kind.SVG else _png(local, wanted) if look.picture else "",
        pdf=f"{base_url()}/preview.pdf?{urlencode({'id': local})}" if look.kind is Kind.PDF else "",
    )


def is_near(node: Node) -> bool:
    """Tell whether the file of an entity is on this machine: to look at another one fetches it from its cluster."""
    return site().files.place(text(node.properties, "location")).is_file()


def glance_at(node: Node, *, size: int = 320) -> Glance:
    """Tell quickly what the file of an entity is: it is opened for that, but none is fetched from a cluster."""
    if not is_near(node):
        return Glance()
    content_type = text(node.properties, "content_type")
    try:
        file = _file(node)
        kind, pictured = kind_of(file, content_type), has_picture(file, content_type)
    except (ProvstoreError, OSError):  # gone, or not what it was
        return Glance()
    return Glance(kind=kind, picture=_png(_local(node), Choice(size=size)) if pictured else "")


def picture_address(node: Node, *, size: int = 320) -> str:
    """Give the address of a small picture of an entity's file, "" where it has none or is not on this machine."""
    return glance_at(node, size=size).picture


def _look(node: Node, choice: Choice) -> Look:
    try:
        return look_at(_file(node), text(node.properties, "content_type") or CONTENT_TYPE_ANY, choice)
    except ProvstoreError as error:
        return Look(kind=Kind.OTHER, trouble=error.message)


def _png(local: str, choice: Choice) -> str:
    given = {"hdu": choice.hdu, "plane": choice.plane, "stretch": choice.stretch, "cut": choice.cut}
    usual = {"hdu": None, "plane": 0, "stretch": Choice().stretch, "cut": Choice().cut}
    told = {name: value for name, value in given.items() if value != usual[name]}
    return f"{base_url()}/preview.png?{urlencode({'id': local, 'size': choice.size, **told})}"


@previews.get("/preview")
def show_preview() -> Response:
    """GET /preview?id={entity}: what can be shown of a file; ``hdu``, ``plane``, ``stretch`` and ``cut`` choose."""
    return page("preview_page.html", one=preview_of(_node(), _choice(_LARGE)))


@previews.get("/preview.png")
def show_picture() -> Response:
    """GET /preview.png?id={entity}&size=320: a picture, or the image of a FITS file, as PNG."""
    node, choice = _node(), _choice(Choice().size)
    file, content_type = _file(node), text(node.properties, "content_type")
    response = Response(content_type="image/png")
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(_tag(node, file, choice))
    response.make_conditional(request.environ)
    if response.status_code == 200 and request.method == "GET":
        response.set_data(picture_of(file, content_type, choice))
    return response


@previews.get("/preview.pdf")
def show_pdf() -> Response:
    """GET /preview.pdf?id={entity}: a PDF for the reader that browsers bring, which can't read in a sandbox."""
    node = _node()
    if kind_of(_file(node), "") is not Kind.PDF:
        raise UnsupportedType("this file is no PDF")
    location, sha256 = text(node.properties, "location"), text(node.properties, "sha256")
    return send_stored(location, content_type="application/pdf", sha256=sha256)


def _tag(node: Node, file: Path, choice: Choice) -> str:
    facts = file.stat()
    content = text(node.properties, "sha256") or f"{facts.st_mtime_ns:x}-{facts.st_size:x}"
    return hashlib.sha256(repr((content, astuple(choice))).encode()).hexdigest()[:32]


def _node() -> Node:
    asked = one_value(request.args, "id") or ""
    if not asked:
        raise Invalid("id is needed: that of a product", field="id")
    found = site().store.get([NodeId(expand(asked, site().store.namespace))], caller().viewer)
    if not found:
        raise NotFound(f"no entity {asked!r}", field="id", value=asked)
    return found[0]


def _file(node: Node) -> Path:
    """Give the file of an entity.

    Raises:
        NotFound: it is not kept any more, or is elsewhere.
    """
    given = node.properties
    location = text(given, "location")
    if not location:
        raise NotFound("its file is not kept here any more", field="id", value=node.id)
    if not site().files.can_give(location):
        raise NotFound(f"its file is not here but at {location}", field="id", value=node.id)
    return site().files.path(location, size=integer(given, "size"), sha256=text(given, "sha256"))


def _choice(size: int) -> Choice:
    """Read what is to be shown, and how."""
    plane, given = one_value(request.args, "plane"), one_value(request.args, "hdu")
    pixels = one_value(request.args, "size")
    least, most = SIZES
    return Choice(
        hdu=whole_number(given, name="hdu", least=0) if given else None,
        plane=whole_number(plane, name="plane", least=0) if plane else 0,
        stretch=_one_of(STRETCHES, "stretch", Choice().stretch),
        cut=_one_of(CUTS, "cut", Choice().cut),
        size=min(whole_number(pixels, name="size", least=least), most) if pixels else size,
    )


def _one_of(known: tuple[str, ...], name: str, usual: str) -> str:
    given = one_value(request.args, name) or usual
    if given not in known:
        raise Invalid(f"{name}={given!r}: one of {', '.join(known)} is needed", field=name, value=given)
    return given


def _local(node: Node) -> str:
    return node.id.removeprefix(site().store.namespace)
