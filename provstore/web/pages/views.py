"""Home, log-in, jobs and job: what people see; every action is a form that posts to the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, g, render_template, request

from provstore import __version__
from provstore.errors import NotFound
from provstore.graph.model import Label, NodeId, now
from provstore.uws.jobs import Job, text
from provstore.uws.phases import BLOCKING, CLIENT_MOVES, Phase
from provstore.uws.records import JobFilter
from provstore.web.pages.words import ago, duration, short, size
from provstore.web.site import base_url, caller, csrf_token, site
from provstore.web.uws_xml import instant_text

__all__ = ["error_page", "home_page", "pages"]

pages: Final = Blueprint(
    "pages", __name__, template_folder="../templates", static_folder="../static", static_url_path="/static"
)

_ROWS: Final = 100
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_REFRESH: Final = "5"
"""Seconds after which the page of a job under way is loaded again, until scripts follow its events."""


def _page(template: str, **values: object) -> Response:
    words: dict[str, object] = {"ago": ago, "duration": duration, "size": size, "short": short, "utc": instant_text}
    person = {"caller": g.get("caller"), "csrf_token": csrf_token(), "base": base_url()}
    words |= {"now": now(), "version": __version__}
    response = Response(render_template(template, **words, **person, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(["Accept", "Cookie"])
    return response


def home_page() -> Response:
    """Show what one may run, and what ran last."""
    jobs = site().service.jobs(caller(), JobFilter(last=10))
    return _page("home.html", services=site().service.services(caller()), jobs=jobs)


def error_page(status: int, message: str) -> Response:
    """Say what was wrong, and what to do next."""
    if request.path == _SIGNING_IN:
        response = _login(message, next_path=request.form.get("next", "/"))
    else:
        title, asked = _TITLES.get(status, "This did not work"), request.full_path.rstrip("?")
        response = _page("error.html", status=status, title=title, message=message, asked=asked)
    response.status_code = status
    return response


_SIGNING_IN: Final = "/session"
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
    return _page("login.html", wrong=wrong, next=next_path, providers=site().settings.oidc)


@pages.get("/jobs")
def show_jobs() -> Response:
    """GET /jobs?service=…&phase=…: the newest jobs that one may see."""
    service = request.args.get("service") or None
    chosen = [Phase(one) for one in request.args.getlist("phase") if one in set(Phase)]
    which = JobFilter(service=service, last=_ROWS)
    if chosen:
        which = replace(which, phases=frozenset(chosen))
    jobs = site().service.jobs(caller(), which)
    return _page(
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
    revision = site().service.catalog.newest(request.args.get("service", ""))
    return _page("new_job.html", revision=revision, described=revision.description, given=request.args)


@pages.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    """GET /jobs/{job}: all about it; loaded again by itself while the job is under way."""
    job = _job(job_id)
    response = _page(
        "job.html",
        job=job,
        place=f"{base_url()}/uws/{job.service}/{job.id}",
        owner=site().accounts.name_of(job.owner),
        waits=site().waits.of(job) if job.phase is Phase.QUEUED else None,
        may_change=caller().admin or job.owner == caller().agent,
        moves=CLIENT_MOVES[job.phase],
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
