"""Home, log-in, and what is shown where something was wrong."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from provstore.uws.records import JobFilter
from provstore.web.errors import Problems
from provstore.web.pages.definitions import proposing_page
from provstore.web.pages.new_job import job_form_again
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["error_page", "home_page", "pages"]

pages: Final = Blueprint("pages", __name__, template_folder="../templates")


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
    elif status == _WRONG and (filled_in := job_form_again(message)):
        response = filled_in
    else:
        title, asked = _TITLES.get(status, "This did not work"), request.full_path.rstrip("?")
        response = page("error.html", status=status, title=title, message=message, asked=asked)
    response.status_code = status
    return response


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
