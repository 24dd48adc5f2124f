"""Job lists of the UWS tree, and the making of jobs and sweeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.wrappers import Response as Answer

from provstore.uws.records import JobPage
from provstore.uws.submissions import Submission, SweepSubmission
from provstore.web.answers import list_address, see_other, tree_address, varied, xml
from provstore.web.bodies import read_creation
from provstore.web.browsers import is_browser
from provstore.web.job_filters import Asked, read_filter
from provstore.web.job_forms import as_filled_in
from provstore.web.negotiate import page_instead, prefers_json
from provstore.web.site import caller, site
from provstore.web.uws_json import jobs_json
from provstore.web.uws_xml import jobs_xml

__all__ = ["ROUTES", "link_next", "make", "send_jobs"]


def list_all_jobs() -> Answer:
    """GET /uws: the jobs of all services that the caller may see, newest first."""
    return page_instead("/jobs") or send_jobs(read_filter(None))


def list_jobs(service: str) -> Answer:
    """GET {jobs}: the jobs of a service that the caller may see, newest first."""
    asked = read_filter(service)
    return page_instead(f"/jobs?{urlencode({'service': service})}") or send_jobs(asked)


def send_jobs(asked: Asked) -> Response:
    """Answer with a list of jobs, or a part of one."""
    page = _page(asked)
    base, owner_of = tree_address(), site().accounts.name_of
    if prefers_json():
        return link_next(jobs_json(page.items, base=base, owner_of=owner_of, next_key=page.next), page.next)
    return link_next(xml("".join(jobs_xml(page.items, base=base, owner_of=owner_of))), page.next)


def _page(asked: Asked) -> JobPage:
    service = site().service
    if asked.paging is None:
        return JobPage(service.jobs(caller(), asked.which), None)
    return service.page(caller(), asked.which, limit=asked.paging.limit, after=asked.paging.after)


def link_next(response: Response, key: str | None) -> Response:
    """Name the address of the part that follows (RFC 8288)."""
    varied(response)
    if key is not None:
        others = [(name, value) for name, value in request.args.items(multi=True) if name.upper() != "NEXT"]
        address = f"{tree_address()}{request.path.removeprefix(f'/{request.blueprint}')}"
        response.headers["Link"] = f'<{address}?{urlencode([*others, ("NEXT", key)])}>; rel="next"'
    return response


def create_job(service: str) -> Answer:
    """POST {jobs}: a new job, of a form or JSON; or a sweep, of a JSON array or CSV; `from={job}`: that one again."""
    return make(service, read_creation(), jobs=list_address(service))


def make(service: str, asked: Submission | SweepSubmission, *, jobs: str) -> Answer:
    """Make what is asked for, and lead on to it below the address of a service's jobs."""
    if isinstance(asked, SweepSubmission):
        sweep = site().service.sweeps.create(caller(), service, asked)
        return see_other(f"{jobs}/sweeps/{sweep}")
    if is_browser():
        asked = as_filled_in(asked, site().service.catalog.newest(service))
    again = site().service.reruns.is_rerun(service, asked)
    if again:
        return see_other(f"{jobs}/{site().service.reruns.create(caller(), service, again, asked)}")
    return see_other(f"{jobs}/{site().service.create(caller(), service, asked)}")


ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    ("", ("GET",), list_all_jobs),
    ("/<service>", ("GET",), list_jobs),
    ("/<service>", ("POST",), create_job),
)
