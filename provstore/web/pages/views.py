"""Home, log-in, jobs and job: what people see; every action is a form that posts to the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import NotFound
from provstore.graph.model import Label, NodeId
from provstore.uws.jobs import Job, text
from provstore.uws.permissions import may_change
from provstore.uws.phases import BLOCKING, CLIENT_MOVES, Phase
from provstore.uws.records import JobFilter
from provstore.web.bodies import read_creation, without
from provstore.web.errors import Problems
from provstore.web.forms import one_value
from provstore.web.jdl.revisions import known_services
from provstore.web.job_forms import form_as_sent, form_of_revision, refusal_on_cluster
from provstore.web.pages.definitions import proposing_page
from provstore.web.pages.rendering import page
from provstore.web.pages.whereabouts import cause_in_words, is_held_there, whereabouts
from provstore.web.site import base_url, caller, site
from provstore.web.uws_lists import make

__all__ = ["error_page", "home_page", "pages"]

pages: Final = Blueprint(
    "pages", __name__, template_folder="../templates", static_folder="../static", static_url_path="/static"
)

_ROWS: Final = 100
_SERVICE: Final = "SERVICE"
_REFRESH: Final = "5"
"""Seconds after which the page of a job under way is loaded again, until scripts follow its events."""


def home_page() -> Response:
    """Show what one may run, and what ran last."""
    jobs = site().service.jobs(caller(), JobFilter(last=10))
    return page("home.html", services=site().service.services(caller()), jobs=jobs)


def error_page(status: int, message: str, problems: Problems = ()) -> Response:
    """Say what was wrong, and what to do next; a form that has to be filled in again is shown with it."""
    if request.path == _SIGNING_IN:
        response = _login(message, next_path=request.form.get("next", "/"))
    elif (request.path, request.method) == _PROPOSING and status in _CORRECTED:
        read = bool(problems) or status == 409  # else the form itself may be what can't be read
        response = proposing_page(message, problems, message=request.form.get("message", "") if read else "")
    elif status == _WRONG and (filled_in := _job_form_again(message)):
        response = filled_in
    else:
        title, asked = _TITLES.get(status, "This did not work"), request.full_path.rstrip("?")
        response = page("error.html", status=status, title=title, message=message, asked=asked)
    response.status_code = status
    return response


def _job_form_again(message: str) -> Response | None:
    """Show the form of a job as a browser has sent it, with what is wrong; None where it has sent none."""
    name = request.path.removeprefix("/uws/")
    revision = known_services().get(request.args.get(_SERVICE.lower(), "") if name == _NEW_JOB else name)
    if revision is None or request.method != "POST" or not request.form:
        return None
    sent = {field: " ".join(values) for field, values in request.form.lists()}
    refusal = refusal_on_cluster(revision, sent)
    return page("new_job.html", form=form_as_sent(revision, sent), refusal=refusal, wrong=message)


_NEW_JOB: Final = "/jobs/new"
_WRONG: Final = 400
_SIGNING_IN: Final = "/session"
_PROPOSING: Final = ("/jdl", "POST")
_CORRECTED: Final = frozenset({400, 409, 413})
_TITLES: Final = {
    401: "Sign in first",
    403: "This is not yours to do",
    404: "There is nothing here",
    413: "This is too large",
    429: "Too often",
    500: "Something went wrong in this server",
    503: "Not available now",
}


@pages.get("/login")
def show_login() -> Response:
    """GET /login: the form; it posts to /session."""
    return _login("", next_path=request.args.get("next", "/"))


def _login(wrong: str, *, next_path: str) -> Response:
    return page("login.html", wrong=wrong, next=next_path, providers=site().settings.oidc)


@pages.get("/jobs")
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


@pages.get("/jobs/new")
def show_new_job() -> Response:
    """GET /jobs/new?service=…: a form made from the description; the query string fills it in."""
    revision = site().service.catalog.offered(one_value(request.args, _SERVICE) or "")
    given = {name: " ".join(values) for name, values in request.args.lists() if name.upper() != _SERVICE}
    return page("new_job.html", form=form_of_revision(revision, given), refusal=refusal_on_cluster(revision, given))


@pages.post("/jobs/new")
def make_new_job() -> Answer:
    """POST /jobs/new?service=…: a job, as by POST to the service's list of jobs."""
    service = site().service.catalog.offered(one_value(request.args, _SERVICE) or "").description.name
    return make(service, without(read_creation(), _SERVICE), jobs=f"{base_url()}/uws/{service}")


@pages.get("/jobs/<job_id>")
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
