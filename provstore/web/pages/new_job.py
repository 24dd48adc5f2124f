"""The form of a new job, made from its description; a browser without scripts can send it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.web.bodies import read_creation, without
from provstore.web.forms import one_value
from provstore.web.jdl.revisions import known_services
from provstore.web.job_forms import form_as_sent, form_of_revision, refusal_on_cluster
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, site
from provstore.web.uws_lists import make

__all__ = ["job_form_again", "new_job"]

new_job: Final = Blueprint("new_job", __name__, template_folder="../templates")

_SERVICE: Final = "SERVICE"
_NEW_JOB: Final = "/jobs/new"


@new_job.get("/jobs/new")
def show_new_job() -> Response:
    """GET /jobs/new?service=…: a form made from the description; the query string fills it in."""
    revision = site().service.catalog.offered(one_value(request.args, _SERVICE) or "")
    given = {name: " ".join(values) for name, values in request.args.lists() if name.upper() != _SERVICE}
    return page("new_job.html", form=form_of_revision(revision, given), refusal=refusal_on_cluster(revision, given))


@new_job.post("/jobs/new")
def make_new_job() -> Answer:
    """POST /jobs/new?service=…: a job, as by POST to the service's list of jobs."""
    service = site().service.catalog.offered(one_value(request.args, _SERVICE) or "").description.name
    return make(service, without(read_creation(), _SERVICE), jobs=f"{base_url()}/uws/{service}")


def job_form_again(message: str) -> Response | None:
    """Show the form of a job as a browser has sent it, with what is wrong; None where it has sent none."""
    name = request.path.removeprefix("/uws/")
    revision = known_services().get(request.args.get(_SERVICE.lower(), "") if name == _NEW_JOB else name)
    if revision is None or request.method != "POST" or not request.form:
        return None
    sent = {field: " ".join(values) for field, values in request.form.lists()}
    refusal = refusal_on_cluster(revision, sent)
    return page("new_job.html", form=form_as_sent(revision, sent), refusal=refusal, wrong=message)
