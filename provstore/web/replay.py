"""Replays over HTTP: plan, keep, run, look, stop, accept."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.export.document import Document
from provstore.export.registry import Format
from provstore.queries.replay import Plan, Wanted
from provstore.uws.replaying.asking import read_wanted
from provstore.uws.replaying.record import Replay, State
from provstore.web.answers import varied
from provstore.web.fields import flag, read_fields
from provstore.web.forms import one_value, whole_number
from provstore.web.negotiate import lineage_format, page_instead
from provstore.web.prov import asked_model, send_document
from provstore.web.replay_json import plan_csv, plan_json, reference_json, status_csv, status_json
from provstore.web.site import base_url, caller, site

__all__ = ["replays"]

replays: Final = Blueprint("replays", __name__, url_prefix="/prov/replays")

_CREATED: Final = 201
_CSV: Final = "text/csv"
_HOW: Final = ("format", "f", "responseformat", "model", "FORMAT", "RESPONSEFORMAT", "MODEL")
_PAGE: Final = 1_000


@replays.post("")
def plan_replay() -> Answer:
    """POST /prov/replays: what would run again (`replace`, `revision`); `dry_run=false` keeps the plan, to be run."""
    given = read_fields("replace", "revision", "dry_run", *_HOW)
    dry = flag({"dry_run": given.get("dry_run", "true")}, "dry_run")
    service = site().service.replays
    wanted = _wanted(given.get("replace", ""), given.get("revision", ""))
    planned = service.plan(caller(), wanted)
    if dry:
        return _send_plan(planned)
    kept = service.keep(caller(), planned)
    if answer := page_instead(f"/replays/{kept.id}"):
        return answer
    response = _send_status(kept.id)
    response.status_code = _CREATED
    response.headers["Location"] = f"{base_url()}/prov/replays/{kept.id}"
    return response


def _wanted(replacements: str, revisions: str) -> Wanted:
    return read_wanted(
        site().store, caller().viewer, replace=replacements.split(), revisions=revisions.replace(",", " ").split()
    )


@replays.get("")
def list_replays() -> Response:
    """GET /prov/replays: those that one may see, the newest first; `limit` at a time, on from `after`."""
    limit = min(whole_number(one_value(request.args, "limit") or "100", name="limit", least=1), _PAGE)
    page = site().service.replays.page(caller(), limit=limit, after=one_value(request.args, "after") or None)
    items = [reference_json(one, name_of=site().accounts.name_of) for one in page.items]
    return jsonify({"items": items, "next": page.next})


@replays.get("/<replay_id>")
def show_replay(replay_id: str) -> Response:
    """GET /prov/replays/{id}: how far it is, and how the products compare; also as CSV, or as a graph in any format."""
    form = None if _wants_csv() else lineage_format()
    if form is not None:
        replay = site().service.replays.read(caller(), replay_id)
        return _send_graph(replay.plan, form, replay=replay)
    return _send_status(replay_id)


@replays.post("/<replay_id>/run")
def run_replay(replay_id: str) -> Answer:
    """POST /prov/replays/{id}/run: let it run, whole, or only the `jobs` named (ids of those that ran)."""
    given = read_fields("jobs", *_HOW)
    jobs = given.get("jobs", "").replace(",", " ").split()
    if "jobs" in given and not jobs:
        raise Invalid("jobs is empty: name those that are to run, or leave it out for all", field="jobs")
    site().service.replays.run(caller(), replay_id, jobs=jobs or None)
    return _done(replay_id)


@replays.post("/<replay_id>/stop")
def stop_replay(replay_id: str) -> Answer:
    """POST /prov/replays/{id}/stop: no more of its jobs are made; `abort=true` aborts those that run."""
    given = read_fields("abort", *_HOW)
    site().service.replays.stop(caller(), replay_id, abort=flag(given, "abort"))
    return _done(replay_id)


@replays.post("/<replay_id>/accept")
def accept_replay(replay_id: str) -> Answer:
    """POST /prov/replays/{id}/accept: its new products are revisions of those that they replace."""
    read_fields(*_HOW)
    site().service.replays.accept(caller(), replay_id)
    return _done(replay_id)


def _done(replay_id: str) -> Answer:
    """Say how far the replay is: a browser by its page."""
    return page_instead(f"/replays/{replay_id}") or _send_status(replay_id)


def _wants_csv() -> bool:
    named = next((one for name in ("format", "f", "responseformat") if (one := one_value(request.args, name))), "")
    return named.lower() in {"csv", _CSV} or (not named and request.accept_mimetypes.best == _CSV)


def _send_plan(planned: Plan) -> Response:
    if _wants_csv():
        return _csv(plan_csv(planned))
    form = lineage_format()
    if form is not None:
        return _send_graph(planned, form)
    return varied(jsonify(plan_json(planned, name_of=site().accounts.name_of)))


def _send_status(replay_id: str) -> Response:
    status = site().service.replays.status(caller(), replay_id)
    if _wants_csv():
        return _csv(status_csv(status))
    return varied(jsonify(status_json(status, name_of=site().accounts.name_of)))


def _csv(text: str) -> Response:
    return varied(Response(text, content_type=f"{_CSV}; charset=utf-8; header=present"))


def _send_graph(planned: Plan, form: Format, *, replay: Replay | None = None) -> Response:
    begun = replay if replay is not None and replay.state is not State.PLANNED else None
    graph = site().service.replays.graph(caller(), planned, replay=begun)
    document = replace(
        Document.of_answer(graph, site().store.namespace),
        title="Replay",
        site=base_url(),
        focus=frozenset(one.job for one in planned.jobs),
        model=asked_model(),
    )
    return send_document(document, form, name="replay" if replay is None else replay.id)
