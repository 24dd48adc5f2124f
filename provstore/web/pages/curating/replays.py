"""Replays for people: plans as tables, run whole or in part, followed, compared, stopped and accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from flask import Blueprint, Response, request

from provstore.queries.names import resolve_all
from provstore.queries.questions.entities import Asked as OfName
from provstore.queries.questions.entities import entities
from provstore.uws.permissions import may_change
from provstore.uws.replaying.asking import read_wanted
from provstore.uws.replaying.record import State
from provstore.web.pages.curating.replay_plans import left_of, lines_of, replaced_in, tally
from provstore.web.pages.curating.rows import Row, rows_of
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["plan_form", "replaying"]

replaying: Final = Blueprint("replaying", __name__, template_folder="../../templates")

_PAGE: Final = 100
_CANDIDATES: Final = 10
_OFFERED: Final = 20
"""So many bad things are offered candidates: to look for them takes a question each."""


class Change(NamedTuple):
    """Something bad, what it is replaced by (None as long as that is not chosen), and what else it may be."""

    old: Row | None
    old_id: str
    new: Row | None
    new_id: str
    candidates: Sequence[Row]


@replaying.get("/replays")
def show_replays() -> Response:
    """GET /replays: those that one may see, the newest first."""
    after = request.args.get("after") or None
    found = site().service.replays.page(caller(), limit=_PAGE, after=after)
    replays = [(one, _owner(one.owner), replaced_in(one.plan)) for one in found.items]
    return page("curating/replays.html", replays=replays, next=found.next)


@replaying.get("/replays/new")
def show_plan() -> Response:
    """GET /replays/new?old=…&new=…&revision=…: which jobs would run again; nothing is stored."""
    changes = _changes()
    revisions = _revisions()
    replace = [f"{one.old_id}={one.new_id}" for one in changes if one.new_id]
    planned = None
    if (replace or revisions) and all(one.new_id for one in changes):
        wanted = read_wanted(site().store, caller().viewer, replace=replace, revisions=revisions)
        planned = site().service.replays.plan(caller(), wanted)
    return page(
        "curating/replay_new.html",
        changes=changes,
        revisions=revisions,
        replace=replace,
        plan=planned,
        lines=lines_of(planned) if planned else (),
        left=left_of(planned) if planned else (),
    )


def plan_form(wrong: str) -> Response:
    """Show the form of a plan again, with what was wrong; what it names is taken as it was written."""
    changes = [Change(None, old, None, new, ()) for old, new in _pairs()]
    revisions = _revisions()
    return page("curating/replay_new.html", changes=changes, revisions=revisions, replace=(), plan=None, wrong=wrong)


@replaying.get("/replays/<replay_id>")
def show_replay(replay_id: str) -> Response:
    """GET /replays/{id}: its plan, how far each job is, and how the products compare."""
    status = site().service.replays.status(caller(), replay_id)
    replay = status.replay
    return page(
        "curating/replay.html",
        replay=replay,
        owner=_owner(replay.owner),
        lines=lines_of(replay.plan, status),
        left=left_of(replay.plan),
        tally=tally(status),
        verdicts=Counter(one.verdict.value for some in status.compared.values() for one in some),
        may_change=may_change(caller(), owner=replay.owner),
        is_running=replay.state is State.RUNNING,
        replaced=replaced_in(replay.plan),
    )


def _owner(local: str) -> str:
    return site().accounts.name_of(local)


# --- what is asked for


def _changes() -> Sequence[Change]:
    """Read what is replaced by what: the first ``old`` by the first ``new``, and so on."""
    pairs = _pairs()
    known = _known([one for pair in pairs for one in pair if one])
    candidates = {old: _candidates(known[old]) for old, new in pairs[:_OFFERED] if old in known and not new}
    return [
        Change(known.get(old), old, known.get(new), new, () if new else candidates.get(old, ())) for old, new in pairs
    ]


def _pairs() -> Sequence[tuple[str, str]]:
    olds = [one.strip() for one in request.args.getlist("old") if one.strip()]
    news = [one.strip() for one in request.args.getlist("new")] + [""] * len(olds)
    return list(zip(olds, news, strict=False))


def _revisions() -> list[str]:
    return " ".join(request.args.getlist("revision")).replace(",", " ").split()


def _known(texts: Sequence[str]) -> Mapping[str, Row]:
    """Give what ids stand for; what is not known is missing."""
    store, viewer = site().store, caller().viewer
    ids = dict(zip(texts, resolve_all(store, texts, viewer), strict=True)) if texts else {}
    nodes = {node.id: node for node in store.get(list(dict.fromkeys(ids.values())), viewer)}
    rows = {row.node: row for row in rows_of(list(nodes.values()))}
    return {text: rows[node] for text, node in ids.items() if node in rows}


def _candidates(old: Row) -> Sequence[Row]:
    """Give other things of the same name, the newest first: one of them may be the good one."""
    asked = OfName(name=(old.label,), limit=_PAGE)
    found = entities(site().store, caller().viewer, asked)
    others = [one.node for one in reversed(found.items) if one.node.id != old.node]
    return [row for row in rows_of(others[:_CANDIDATES]) if not row.gone]
