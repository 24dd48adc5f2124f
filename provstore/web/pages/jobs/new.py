"""The form of a new job, made from its description; a browser without scripts can send it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import ProvstoreError
from provstore.uws.replaying.reruns import FROM, Before
from provstore.web.bodies import read_creation, without
from provstore.web.forms import one_value
from provstore.web.jdl.revisions import known_services
from provstore.web.pages.jobs.filled import filled_by_address, filled_by_sender, names_a_job
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site
from provstore.web.uws_lists import make

__all__ = ["job_form_again", "new_job"]

new_job: Final = Blueprint("new_job", __name__, template_folder="../../templates")

_SERVICE: Final = "SERVICE"
_NEW_JOB: Final = "/jobs/new"


@new_job.get("/jobs/new")
def show_new_job() -> Response:
    """GET /jobs/new?service=…: a form made from the description; the query string, or a job, fills it in."""
    service = one_value(request.args, _SERVICE) or ""
    given = {name: " ".join(values) for name, values in request.args.lists() if name.upper() != _SERVICE}
    if not service and not names_a_job(given):
        return page("jobs/services.html", services=site().service.services(caller()))
    return page("jobs/new.html", filled=filled_by_address(service, given), again=False)


@new_job.post("/jobs/new")
def make_new_job() -> Answer:
    """POST /jobs/new?service=…: a job, as by POST to the service's list of jobs."""
    service = site().service.catalog.offered(one_value(request.args, _SERVICE) or "").description.name
    return make(service, without(read_creation(), _SERVICE), jobs=f"{base_url()}/uws/{service}")


def job_form_again(message: str) -> Response | None:
    """Show the form of a job as a browser has sent it, with what is wrong; None where it has sent none."""
    try:
        return _again(message)
    except ProvstoreError:  # of what it takes to make the form: the refusal itself is told then
        return None


def _again(message: str) -> Response | None:
    name = request.path.removeprefix("/uws/")
    revision = known_services().get(request.args.get(_SERVICE.lower(), "") if name == _NEW_JOB else name)
    if revision is None or request.method != "POST" or not request.form:
        return None
    sent = {field: " ".join(values) for field, values in request.form.lists()}
    files = {part: [one.filename for one in some if one.filename] for part, some in request.files.lists()}
    told = (message, g.get("refused_field", ""))
    return page("jobs/new.html", filled=filled_by_sender(revision, sent, files, told, _before(sent)), again=True)


def _before(sent: dict[str, str]) -> Before | None:
    """Give the job that was to run again; None where there is none, or it is what was refused."""
    try:
        return site().service.reruns.before(caller(), sent[FROM]) if sent.get(FROM) else None
    except ProvstoreError:
        return None
