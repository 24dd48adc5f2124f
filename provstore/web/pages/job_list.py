"""The list of jobs for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, request

from provstore.uws.phases import Phase
from provstore.uws.records import JobFilter
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["job_list"]

job_list: Final = Blueprint("job_list", __name__, template_folder="../templates")

_ROWS: Final = 100


@job_list.get("/jobs")
def show_jobs() -> Response:
    """GET /jobs?service=…&phase=…: the newest jobs that one may see."""
    service = request.args.get("service") or None
    chosen = [Phase(one) for one in request.args.getlist("phase") if one in set(Phase)]
    which = JobFilter(service=service, last=_ROWS)
    if chosen:
        which = replace(which, phases=frozenset(chosen))
    jobs = site().service.jobs(caller(), which)
    return page(
        "jobs.html",
        jobs=jobs,
        service=service,
        chosen=chosen,
        phases=tuple(Phase),
        services=site().service.services(caller()),
        rows=_ROWS,
    )
