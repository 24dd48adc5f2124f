"""The page of a product: what it is, where it is, who made it of what, what came of it, and who speaks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from flask import Blueprint, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import NotFound
from provstore.export.embedding.registry import can_carry
from provstore.export.registry import FORMATS
from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Subgraph
from provstore.graph.obscore import COLUMNS, OBSCORE, record_of
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, Op, Walk
from provstore.graph.titles import local_part
from provstore.queries.chains import Asked as AskedWho
from provstore.queries.facts import neighbours
from provstore.queries.names import resolve
from provstore.queries.obscore import with_records_told
from provstore.queries.questions.who import Credited, who
from provstore.queries.related import Neighbours, Tie, related
from provstore.queries.told import with_told_of
from provstore.queries.ways import is_revision, is_stub
from provstore.uws.files import is_elsewhere
from provstore.uws.jobs import Job
from provstore.uws.permissions import may_change
from provstore.web.answers import see_other
from provstore.web.forms import one_value
from provstore.web.links import fact
from provstore.web.pages.annotating import may_annotate, remarks_of
from provstore.web.pages.curating.rows import Named, Row, local_of, named, rows_of
from provstore.web.pages.previews import is_near, preview_of
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site

__all__ = ["asked_node", "product"]

product: Final = Blueprint("product", __name__, template_folder="../../templates")

_NEAR: Final = 200
_SHOWN: Final = 20
_SAME: Final = 10
_SUMS: Final = ("sha256", "sha512", "sha1", "md5", "adler32", "crc32")
_PROGRAM: Final = "SoftwareAgent"
_ON_A_DISK: Final = "file:"
_TOO_LITTLE: Final = 64
"""Bytes: of so few many a file consists by chance."""
_OF: Final = (Step(Kind.USED, backwards=True), Step(Kind.WAS_GENERATED_BY, backwards=True))
_MENTIONED: Final = (Step(Kind.ASSERTS, backwards=True, expand=False),)
_ENDED: Final = (Step(Kind.WAS_INVALIDATED_BY),)
_MEMBERS: Final = (Step(Kind.HAD_MEMBER),)


class End(NamedTuple):
    """Since when something is gone, and what has removed it."""

    at: datetime | None
    by: Named | None


class Use(NamedTuple):
    """An activity that used the thing, and what it made."""

    activity: Named
    made: Sequence[Named]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around a thing.

    ``activity``: what made it, of ``inputs``; ``sources``: what it was derived from, beside these; ``newer``: what was
    accepted in its place. ``uses``: what came of it; ``more``: not all of that is told.
    """

    activity: Named | None
    inputs: Sequence[tuple[str, Row]]
    beside: Sequence[Named]
    sources: Sequence[Named]
    uses: Sequence[Use]
    derived: Sequence[Named]
    newer: Sequence[Named]
    members: Sequence[Named]
    more: bool
    restricted: bool


@product.get("/product")
def show_product() -> Answer:
    """GET /product?id=…: all about a thing; of what is no entity on to its page (303)."""
    node = asked_node()
    link = named(node)
    if not link.path.startswith("/product"):
        return see_other(base_url() + link.path)
    row = rows_of([node])[0]
    file, job = _file(node, row), _job(row)
    return page(
        "curating/product.html",
        node=node,
        row=row,
        around=_around(node),
        end=_end(node),
        file=file,
        one=preview_of(node) if file.path and is_near(node) else None,
        sums=_sums(node),
        same=_same(node),
        observed=_observed(node),
        told=_attributes(node.attributes),
        said=remarks_of(node),
        may_annotate=may_annotate(node),
        documents=_documents(node),
        people=_people(node),
        job=job,
        may_change=job is not None and may_change(caller(), owner=job.owner),
        may_keep=bool(caller().name and site().settings.kept_max),
        formats=[one.name for one in FORMATS],
    )


def asked_node(name: str = "id") -> Node:
    """Give the thing that the address names, with what documents tell of it.

    Raises:
        NotFound: none is named, it is not known, or the caller may not see it.
        Invalid: the name stands for several.
    """
    text = (one_value(request.args, name) or "").strip()
    if not text:
        raise NotFound(f"{name} is needed: the id of a product, as /search finds it", field=name)
    store, viewer = site().store, caller().viewer
    found = store.get([resolve(store, text, viewer)], viewer)
    if not found:
        raise NotFound(f"nothing is known of {text!r}", field=name, value=text)
    return with_told_of(store, found, viewer).get(found[0].id, found[0])


# --- the file


class File(NamedTuple):
    """How the bytes of a thing can be had: its path here, one that carries the provenance, or in words why not.

    ``place``: where it is, if that is elsewhere.
    """

    path: str = ""
    embedded: str = ""
    words: str = ""
    place: str = ""


def _file(node: Node, row: Row) -> File:
    location, quoted = fact(node, "location"), quote(row.id, safe="")
    if row.gone or not (location or Label.DATASET in node.labels):
        return File()
    if site().files.can_give(location):
        carried = f"/store/{quoted}?embed=provenance" if can_carry(row.content_type) else ""
        return File(path=f"/store/{quoted}", embedded=carried)
    if not location:
        return File(words="Its file has not been fetched yet." if node.properties.get("url") else "")
    if is_elsewhere(location) and not location.lower().startswith(_ON_A_DISK):
        return File(words="It is kept elsewhere:", place=location)
    return File(words="Its file is not here.")


def _job(row: Row) -> Job | None:
    """Give the job with which the file goes, None for what is gone or no job of ours made."""
    maker = row.maker
    if row.gone or row.kind == "value" or maker is None or not maker.path.startswith("/jobs/"):
        return None
    return site().service.job(caller(), maker.label, maker.id)


def _sums(node: Node) -> Sequence[tuple[str, str]]:
    return [(name, str(node.properties[name])) for name in _SUMS if node.properties.get(name)]


def _same(node: Node) -> Sequence[Named]:
    """Give others with the very same bytes: a hint, no lineage."""
    sha256, size = str(node.properties.get("sha256", "")), node.properties.get("size")
    if not sha256 or not isinstance(size, int) or size < _TOO_LITTLE:
        return ()
    condition = Condition(label=Label.ENTITY, filters=(Filter("sha256", Op.EQ, sha256),))
    found = site().store.find(Find(condition=condition, limit=_SAME), caller().viewer)
    return [named(one) for one in found.items if one.id != node.id]


def _end(node: Node) -> End | None:
    ties = neighbours(site().store, {node.id}, _ENDED, caller().viewer).get(node.id, ())
    at = node.properties.get("invalidated_at")
    if not ties and at is None:
        return None
    told_at = next((tie.relation.time for tie in ties), None)
    by = next((named(tie.node) for tie in ties if not is_stub(tie.node.id)), None)
    return End(at if isinstance(at, datetime) else told_at, by)


# --- what stands around it


def _around(node: Node) -> Around:
    near, many = related(site().store, [node.id], caller().viewer)
    found = near.get(node.id, Neighbours(node=node))
    used = [tie for tie in found.used if not is_stub(tie.node.id)][:_SHOWN]
    rows = rows_of([tie.node for tie in used])
    known = {tie.node.id for tie in found.used}
    came = site().store.walk(Walk(starts=(node.id,), steps=_OF, depth=2, limit=_NEAR), caller().viewer)
    uses = _uses(node.id, came)
    made = {one.id for use in uses for one in use.made}
    return Around(
        activity=None if found.activity is None else named(found.activity),
        inputs=[(tie.relation.role or "", row) for tie, row in zip(used, rows, strict=True)],
        beside=_names([tie for tie in found.made if tie.node.id != node.id]),
        sources=_names([tie for tie in found.sources if tie.node.id not in known]),
        uses=uses[:_SHOWN],
        derived=[
            one for one in _names([tie for tie in found.derived if not is_revision(tie.relation)]) if one.id not in made
        ],
        newer=_names([tie for tie in found.derived if is_revision(tie.relation)]),
        members=_members(node),
        more=many or came.truncated or len(uses) > _SHOWN or len(found.used) > len(used),
        restricted=came.restricted or len(used) < min(len(found.used), _SHOWN),
    )


def _names(ties: Sequence[Tie]) -> Sequence[Named]:
    unique = {tie.node.id: tie.node for tie in ties if not is_stub(tie.node.id)}
    return [named(one) for one in list(unique.values())[:_SHOWN]]


def _members(node: Node) -> Sequence[Named]:
    if Label.COLLECTION not in node.labels:
        return ()
    found = site().store.walk(Walk(starts=(node.id,), steps=_MEMBERS, depth=1, limit=_NEAR), caller().viewer)
    return [named(one.node) for one in found.reached if one.distance and not is_stub(one.node.id)]


def _uses(start: NodeId, came: Subgraph) -> list[Use]:
    """Give the activities that used a thing, the latest first, each with what it made."""
    nodes = {one.node.id: one.node for one in came.reached}
    users = [edge.source for edge in came.edges if edge.kind is Kind.USED and edge.target == start]
    made: dict[NodeId, list[Named]] = {one: [] for one in users if not is_stub(one)}
    for edge in came.edges:
        if edge.kind is Kind.WAS_GENERATED_BY and edge.target in made and not is_stub(edge.source):
            made[edge.target].append(named(nodes[edge.source]))
    return [Use(named(nodes[one]), things[:_SHOWN]) for one, things in sorted(made.items(), reverse=True)]


# --- who speaks of it


def _observed(node: Node) -> Sequence[tuple[str, str, str]]:
    (whole,) = with_records_told(site().store, (node,), caller().viewer)
    return [(column, value, COLUMNS[column].unit) for column, value in record_of(whole.attributes).items()]


def _attributes(attributes: Sequence[Attribute]) -> Sequence[tuple[str, str]]:
    """Give attributes as key and value; columns of ObsCore, and what is only for ourselves, are told elsewhere."""
    told = [one for one in attributes if not one.key.startswith(OBSCORE) and not local_part(one.key).startswith("_")]
    return [(one.key, one.lexical) for one in told]


def _documents(node: Node) -> Sequence[Named]:
    """Give the documents that speak of a thing."""
    found = site().store.walk(Walk(starts=(node.id,), steps=_MENTIONED, depth=1, limit=_NEAR), caller().viewer)
    bundles = [one.node for one in found.reached if "document" in one.node.properties]
    wanted = dict.fromkeys(NodeId(str(one.properties["document"])) for one in bundles)
    return [named(one) for one in site().store.get(list(wanted), caller().viewer)]


def _people(node: Node) -> Sequence[Credited]:
    """Give those who had to do with a thing, people before programs; those with an account by its name."""
    found = who(site().store, caller().viewer, AskedWho(id=(node.id,), depth=2))
    called = [replace(one, label=site().accounts.name_of(local_of(one.id)) or one.label) for one in found.items]
    return sorted(called, key=lambda one: (one.type == _PROGRAM, one.inherited))
