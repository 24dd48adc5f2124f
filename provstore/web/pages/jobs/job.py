"""The page of one job: all about it, and what can be done with it."""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, Response, g, request

from provstore.errors import NotFound, ProvstoreError
from provstore.export.registry import FORMATS
from provstore.graph.model import PUBLIC, Label, Node, NodeId, now
from provstore.uws.jobs import Job, text
from provstore.uws.permissions import may_change, may_run
from provstore.uws.phases import CLIENT_MOVES, FINAL, Phase
from provstore.web.pages.annotating import may_annotate, remarks_of
from provstore.web.pages.jobs.commands import commands
from provstore.web.pages.jobs.kin import kin_of
from provstore.web.pages.jobs.parts import SHOWN, inputs_of, logs_of, parameters_of, products_of
from provstore.web.pages.jobs.progress import stations
from provstore.web.pages.jobs.whereabouts import cause_in_words, is_held_there, whereabouts
from provstore.web.pages.rendering import page, with_samp
from provstore.web.sharing import shared_with
from provstore.web.site import base_url, caller, site

__all__ = ["job_again", "job_page"]

job_page: Final = Blueprint("job_page", __name__, template_folder="../../templates")

_CHANGED: Final = re.compile(r"/(?:uws|rest)/[^/]+/(?P<job>j[^/]+)(?:/parameters/(?P<parameter>[^/]+)|/[a-z]+)?")

_REFRESH: Final = "5"
"""Seconds after which the page of a job under way is loaded again where scripts don't follow its events."""


@job_page.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    """GET /jobs/{job}: all about it; a page of a job under way follows it by itself."""
    return _shown(job_id)


def job_again(message: str) -> Response | None:
    """Show a job after a change of it that was refused, with what was wrong; None where no job was to be changed."""
    sent = _CHANGED.fullmatch(request.path)
    if sent is None or request.method != "POST" or g.get("caller") is None:
        return None
    try:
        return _shown(sent["job"], refused=message, field=sent["parameter"] or "")
    except ProvstoreError:  # it is not to be seen: the refusal itself is told
        return None


def _shown(job_id: str, *, refused: str = "", field: str = "") -> Response:
    node, job = _job(job_id)
    moves = CLIENT_MOVES[job.phase] - ({Phase.QUEUED} if is_held_there(job) else set())
    is_ours = may_change(caller(), owner=job.owner)
    description = site().service.catalog.revision(job.revision).description
    return with_samp(
        page(
            "jobs/job.html",
            job=job,
            description=description,
            place=f"{base_url()}/uws/{job.service}/{job.id}",
            owner=site().accounts.name_of(job.owner),
            where=whereabouts(job, site().waits.of(job)),
            may_change=is_ours,
            may_run=may_run(caller(), job.service, site().settings),
            moves=moves,
            is_pending=job.phase is Phase.PENDING,
            is_over=job.phase in FINAL,
            refresh="" if job.phase in FINAL | {Phase.PENDING} else _REFRESH,
            cause=cause_in_words,
            stations=stations(job.history, now=now()),
            products=products_of(job),
            shown=SHOWN,
            parameters=parameters_of(job, description),
            inputs=inputs_of(job),
            logs=logs_of(job),
            formats=FORMATS,
            may_keep=is_ours and bool(caller().name and site().settings.kept_max),
            refused=refused,
            refused_field=field,
            node=node,
            kin=kin_of(job),
            said=remarks_of(node),
            may_annotate=may_annotate(node),
            readers=shared_with(job) if is_ours else (),
            is_public=PUBLIC in job.readers,
            commands=commands(job, base=base_url(), namespace=site().store.namespace, signed_in=bool(caller().name)),
        )
    )


def _job(job_id: str) -> tuple[Node, Job]:
    """Give a job, and its node, whatever its service; outside of the UWS tree one that may not be seen is not there."""
    found = site().store.get([NodeId(site().store.namespace + job_id)], caller().viewer)
    if not found or Label.JOB not in found[0].labels:
        raise NotFound(f"no job {job_id!r}", field="job", value=job_id)
    return found[0], site().service.job(caller(), text(found[0].properties, "service"), job_id)
