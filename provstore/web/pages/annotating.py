"""What people say of a thing, on its page: remarks with author and time, and a form for another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.graph.documents import local_part
from provstore.graph.model import Node
from provstore.graph.obscore import COLUMNS, OBSCORE
from provstore.ingest.products import Cell
from provstore.queries.names import resolve
from provstore.uws.annotating import Annotating, attributes_given
from provstore.uws.observations import OBSERVED
from provstore.web.fields import flag
from provstore.web.forms import one_value, read_form
from provstore.web.negotiate import page_instead
from provstore.web.pages.curating.rows import named
from provstore.web.site import caller, site

__all__ = ["May", "Remark", "annotating", "may_annotate", "remarks_of"]

annotating: Final = Blueprint("annotating", __name__, template_folder="../templates")

_KEYS: Final = ("comment", "quality", *(f"{OBSERVED}{column}" for column in COLUMNS))
"""What is proposed; any other name is taken, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Whether the caller may add a remark to a thing, and publish it; ``keys``: of what it may be."""

    add: bool
    publish: bool
    keys: tuple[str, ...] = _KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody has added to a thing. ``author``: his name, "" for a visitor; ``told``: (key, short key, value)."""

    author: str
    at: datetime | None
    is_public: bool
    told: tuple[tuple[str, str, str], ...]


def may_annotate(node: Node) -> May:
    """Tell what the caller may add to a thing that he sees."""
    adds = bool(caller().agent)
    return May(add=adds, publish=adds and Annotating.may_publish(caller(), node))


def remarks_of(node: Node) -> Sequence[Remark]:
    """Give what was added to a thing, as far as the caller may see it, the oldest first."""
    return [
        Remark(
            author=site().accounts.name_of(one.author),
            at=one.created_at,
            is_public=one.public,
            told=tuple((each.key, _short(each.key), each.lexical) for each in one.attributes),
        )
        for one in Annotating(site().store).annotations(caller(), node.id)
    ]


def _short(key: str) -> str:
    column = key.removeprefix(OBSCORE)
    return local_part(key) if column == key else f"{OBSERVED}{column}"


@annotating.post("/annotate")
def add_remark() -> Answer:
    """POST /annotate?id=…: KEY and VALUE are added to what is known of a thing; PUBLIC=true: everybody may see it."""
    store, viewer = site().store, caller().viewer
    about = resolve(store, one_value(request.args, "id") or "", viewer)
    form = read_form()
    key, value = (one_value(form, "KEY") or "").strip(), (one_value(form, "VALUE") or "").strip()
    if not key or not value:
        raise Invalid("what it is and its value are needed, such as comment and a sentence", field="VALUE")
    given = attributes_given([(key, Cell(value))], store, viewer)
    made = Annotating(store).annotate(caller(), about, given, public=flag(form, "PUBLIC"))
    (node,) = store.get([about], viewer)
    answer = page_instead(named(node).path) or jsonify({"id": made.id})
    answer.status_code = answer.status_code if answer.location else 201
    return answer
