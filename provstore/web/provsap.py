"""IVOA ProvSAP (a draft): provenance by ID over HTTP, in the words of both servers that there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar

from flask import Blueprint, Response, request

from provstore.errors import Invalid
from provstore.export.document import Document, Model
from provstore.export.registry import FORMATS, Format
from provstore.export.vocabulary import DESCRIPTIONS
from provstore.graph.model import Label, Node, NodeId, Reached, Subgraph
from provstore.queries.lineage import Attachments, Direction, Question, leave_out, lineage
from provstore.queries.names import resolve_all
from provstore.web.dali import read_parameters, single, speak_text, speak_votable
from provstore.web.forms import whole_number
from provstore.web.negotiate import FORMAT_SYNONYMS, accepts, format_called, provenance_format
from provstore.web.prov import send_document
from provstore.web.site import base_url, caller, site

__all__ = ["provsap"]

provsap: Final = Blueprint("provsap", __name__)

T = TypeVar("T")

_FLAGS: Final[Mapping[str, int]] = {"0": 0, "FALSE": 0, "1": 1, "TRUE": 1}
_LEVELS: Final[Mapping[str, int]] = {"0": 0, "1": 1, "2": 2}
_CHOICES: Final[Mapping[str, tuple[Mapping[str, int], str]]] = {
    "AGENTS": (_FLAGS, "1"),
    "AGENT": (_FLAGS, "FALSE"),
    "MEMBERS": (_FLAGS, "FALSE"),
    "DESCRIPTIONS": (_LEVELS, "0"),
    "CONFIGURATION": (_FLAGS, "1"),
    "ATTRIBUTES": (_FLAGS, "1"),
}
"""Parameter -> what its values mean, and the default."""

_DIRECTIONS: Final[Mapping[str, Direction]] = {
    "BACK": Direction.UP,
    "FORTH": Direction.DOWN,
    "FORWARD": Direction.DOWN,
    "BOTH": Direction.BOTH,
}
_IGNORED: Final = frozenset({"STEPS", "GD"})
"""Taken from old clients, and without effect."""

_KNOWN: Final = frozenset({"ID", "DEPTH", "DIRECTION", "RESPONSEFORMAT", "MODEL", *_CHOICES})
_PATIENCE: Final = timedelta(seconds=10)
"""So long a walk may take; what is nearest is in the answer by then."""

_PICTURES: Final = frozenset({"svg", "png", "dot", "cytoscape"})
_DRAWN: Final = frozenset({"name", "value", "phase", "invalidated_at"})
"""What a picture needs of a thing besides its attributes."""

_CONFIGURATION: Final = frozenset({Label.PARAMETER, Label.CONFIG_FILE})
_SHOWN_BY: Final[Mapping[str, frozenset[Label]]] = {
    "AGENTS": frozenset({Label.AGENT}),
    "CONFIGURATION": _CONFIGURATION,
    "DESCRIPTIONS": DESCRIPTIONS,
}
_NOTES_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request, as read."""

    question: Question
    form: Format
    model: Model
    hidden: frozenset[Label]
    attributes: bool


@provsap.before_request
def speak_as_provsap() -> None:
    """Tell errors as text, until the caller asks for a VOTable."""
    speak_text()


@provsap.route("/provsap", methods=["GET", "POST"])
def show_provenance() -> Response:
    """GET or POST /provsap?ID=…: where things come from (BACK) and what came of them (FORTH), by ID."""
    asked = _read(read_parameters())
    found = lineage(site().store, asked.question, caller().viewer)
    answer = leave_out(found, asked.hidden, but=asked.question.ids)
    if not asked.attributes and asked.form.name in _PICTURES:
        answer = _bare(answer)
    return send_document(_document(asked, answer), asked.form, name="provenance")


def _document(asked: _Asked, answer: Subgraph) -> Document:
    return replace(
        Document.of_answer(answer, site().store.namespace),
        title="Provenance",
        site=base_url(),
        focus=frozenset(asked.question.ids),
        model=asked.model,
        notes=_notes(asked.question.ids, {node.id for node in answer.nodes()}),
    )


def _notes(asked: Sequence[NodeId], known: Collection[NodeId]) -> tuple[str, ...]:
    """Tell which of the things asked for are not known, or not to be seen."""
    missing = [one for one in asked if one not in known]
    notes = [f"nothing is known of {one}" for one in missing[:_NOTES_MOST]]
    more = len(missing) - len(notes)
    return (*notes, f"nor of {more} others") if more else tuple(notes)


def _bare(answer: Subgraph) -> Subgraph:
    """Leave of things their names; parameters keep their values, which CONFIGURATION is for."""
    return replace(answer, reached=tuple(Reached(_bare_node(one.node), one.distance) for one in answer.reached))


def _bare_node(node: Node) -> Node:
    if not node.labels.isdisjoint(_CONFIGURATION):
        return node
    kept = {name: value for name, value in node.properties.items() if name in _DRAWN}
    return node._replace(properties=kept, attributes=())


# --- reading


def _read(given: Mapping[str, Sequence[str]]) -> _Asked:
    form = _form(single(given, "RESPONSEFORMAT"))
    _check_names(given)
    chosen = {name: _choice(given, name) for name in _CHOICES}
    if chosen["AGENT"] and not chosen["AGENTS"]:
        raise Invalid("AGENT=TRUE walks through agents, and AGENTS=0 hides them: choose one", field="AGENT")
    question = Question(
        ids=_ids(given),
        direction=_one_of(given, "DIRECTION", _DIRECTIONS, default="BACK"),
        depth=_depth(single(given, "DEPTH")),
        attachments=Attachments(
            agents=bool(chosen["AGENTS"]),
            configuration=bool(chosen["CONFIGURATION"]),
            descriptions=chosen["DESCRIPTIONS"],
        ),
        through_agents=bool(chosen["AGENT"]),
        into_members=bool(chosen["MEMBERS"]),
        joined=False,
        patience=_PATIENCE,
    )
    model = _one_of(given, "MODEL", {one.value: one for one in Model}, default=Model.IVOA.value)
    return _Asked(
        question=question, form=form, model=model, hidden=_hidden(chosen), attributes=bool(chosen["ATTRIBUTES"])
    )


def _hidden(chosen: Mapping[str, int]) -> frozenset[Label]:
    """What is not wanted is not shown either where a relation of a foreign document leads to it."""
    return frozenset(label for name, labels in _SHOWN_BY.items() if not chosen[name] for label in labels)


def _check_names(given: Mapping[str, Sequence[str]]) -> None:
    unknown = sorted(given.keys() - _KNOWN - _IGNORED)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise Invalid(f"unknown parameter {unknown[0]}; known: {known}", field=unknown[0], value=given[unknown[0]][0])


def _ids(given: Mapping[str, Sequence[str]]) -> tuple[NodeId, ...]:
    texts = given.get("ID", ())
    if not all(texts) or not texts:
        right = "the local part, QName or URI of an entity, an activity or an agent, or a job id; it may be repeated"
        raise Invalid(f"ID is needed: {right}", field="ID")
    return tuple(dict.fromkeys(resolve_all(site().store, texts, caller().viewer)))


def _depth(text: str | None) -> int | None:
    if text is None:
        return 1
    if text.upper() == "ALL":
        return None
    if not re.fullmatch("[0-9]+", text, re.ASCII):
        raise Invalid(f"DEPTH={text!r}: 0, 1, 2, … or ALL is needed", field="DEPTH", value=text)
    return whole_number(text, name="DEPTH", least=0)


def _choice(given: Mapping[str, Sequence[str]], name: str) -> int:
    meanings, default = _CHOICES[name]
    return _one_of(given, name, meanings, default=default)


def _one_of(given: Mapping[str, Sequence[str]], name: str, meanings: Mapping[str, T], *, default: str) -> T:
    text = single(given, name)
    key = default if text is None else text.upper()
    if key not in meanings:
        raise Invalid(f"{name}={text!r}: one of {', '.join(meanings)} is needed", field=name, value=text)
    return meanings[key]


def _form(text: str | None) -> Format:
    """Give the format asked for, by name or media type; else the one that Accept prefers.

    Raises:
        Invalid: there is none of that name; or Accept excludes it.
        NotAcceptable: nothing is asked for, and Accept excludes all.
    """
    form = provenance_format() if text is None else _named(text)
    if form.name == "votable":
        speak_votable(with_fault=False)
    if text is not None and not accepts(request.accept_mimetypes, form):
        sent, media_type = request.headers["Accept"], form.media_type.partition(";")[0]
        raise Invalid(
            f"RESPONSEFORMAT={text} is {media_type}, which Accept ({sent}) excludes: agree, or leave one out",
            field="RESPONSEFORMAT",
            value=text,
        )
    return form


def _named(text: str) -> Format:
    form = format_called(text)
    if form is not None:
        return form
    offered = {one.name.upper() for one in FORMATS} | {synonym.upper() for synonym in FORMAT_SYNONYMS}
    raise Invalid(
        f"RESPONSEFORMAT={text!r} is not offered; offered: {', '.join(sorted(offered))}, or one of their media types",
        field="RESPONSEFORMAT",
        value=text,
    )
