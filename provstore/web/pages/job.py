"""The page of one job: all about it, and what can be done with it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from provstore.errors import NotFound
from provstore.graph.model import Label, NodeId
from provstore.uws.jobs import Job, text
from provstore.uws.permissions import may_change
from provstore.uws.phases import BLOCKING, CLIENT_MOVES, Phase
from provstore.web.pages.rendering import page
from provstore.web.pages.whereabouts import cause_in_words, is_held_there, whereabouts
from provstore.web.site import base_url, caller, site

__all__ = ["job_page"]

job_page: Final = Blueprint("job_page", __name__, template_folder="../templates")

_REFRESH: Final = "5"
"""Seconds after which the page of a job under way is loaded again, until scripts follow its events."""


@job_page.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    """GET /jobs/{job}: all about it; loaded again by itself while the job is under way."""
    job = _job(job_id)
    moves = CLIENT_MOVES[job.phase] - ({Phase.QUEUED} if is_held_there(job) else set())
    response = page(
        "job.html",
        job=job,
        place=f"{base_url()}/uws/{job.service}/{job.id}",
        owner=site().accounts.name_of(job.owner),
        where=whereabouts(job, site().waits.of(job)),
        may_change=may_change(caller(), owner=job.owner),
        moves=moves,
        cause=cause_in_words,
    )
    if job.phase in BLOCKING - {Phase.PENDING}:
        response.headers["Refresh"] = _REFRESH
    return response


def _job(job_id: str) -> Job:
    """Give a job whatever its service; outside of the UWS tree one that may not be seen is not there."""
    found = site().store.get([NodeId(site().store.namespace + job_id)], caller().viewer)
    if not found or Label.JOB not in found[0].labels:
        raise NotFound(f"no job {job_id!r}", field="job", value=job_id)
    return site().service.job(caller(), text(found[0].properties, "service"), job_id)
