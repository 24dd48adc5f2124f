"""Signing in, and what is shown where something was wrong: what it was, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from flask import Blueprint, Response, g, request

from provstore.web.errors import Problems
from provstore.web.pages.accounts.account import account_again
from provstore.web.pages.accounts.people import people_again
from provstore.web.pages.curating.again import curating_again
from provstore.web.pages.definitions.catalog import proposing_page
from provstore.web.pages.jobs.job import job_again
from provstore.web.pages.jobs.new import job_form_again
from provstore.web.pages.rendering import here, page
from provstore.web.site import base_url, site

__all__ = ["error_page", "pages"]

pages: Final = Blueprint("pages", __name__, template_folder="../templates")

_WRONG: Final = 400
_UNKNOWN: Final = 401
_FORBIDDEN: Final = 403
_NOTHING: Final = 404
_NOT_SO: Final = 405
_CONFLICT: Final = 409
_AWAY: Final = 503
_SIGNING_IN: Final = "/session"
_PROPOSING: Final = ("/jdl", "POST")
_PERHAPS_HIDDEN: Final = frozenset({_FORBIDDEN, _NOTHING})
"""With these, what is not for everybody is refused: its owner may see it when he has signed in."""

_CORRECTED: Final = frozenset({_WRONG, _CONFLICT, 413})
_NO_NAMES: Final = frozenset({"", "jobs", "new", "product", "lineage", "graph"})


class Advice(NamedTuple):
    """What a refusal is called, and what to do next."""

    title: str
    words: str


_ADVICE: Final[Mapping[int, Advice]] = {
    _WRONG: Advice("This can't be taken as it is", "Go back, correct what is named above, and send it again."),
    _UNKNOWN: Advice("Sign in first", "What you asked for is not for everybody, or it is not there."),
    _FORBIDDEN: Advice(
        "You may not do this, or not now",
        "If you should be able to, ask its owner to share it, or an administrator for the role that it takes.",
    ),
    _NOTHING: Advice(
        "There is nothing here",
        "It may have been deleted, or its owner may not have shared it with you. Provenance stays: search for it.",
    ),
    _NOT_SO: Advice("This address takes other requests", "It is for programs, or for a form that leads there."),
    406: Advice("There is no such format of it", "Choose one of those that its page offers."),
    _CONFLICT: Advice(
        "Somebody was faster, or it is there already", "Load the page again, and look at what it is now."
    ),
    413: Advice(
        "This is too large",
        "Send a smaller file, or give its address instead: it is fetched from there, or registered where it lies.",
    ),
    415: Advice("This kind of content is not read here", "Choose another format, and send it again."),
    416: Advice("The file has no such part", "Load it from the beginning."),
    429: Advice("Too often", "Wait as long as is said above, then try again."),
    500: Advice(
        "Something went wrong in this server",
        "Nothing that was recorded is lost, and jobs go on. Try again; if it stays so, tell an administrator of this "
        "site the line below, for which the log has the details.",
    ),
    _AWAY: Advice("Not available now", "Jobs that run go on, and nothing is lost. Try again in a little while."),
}
_NO_ADDRESS: Final = Advice(
    "There is no such page",
    "A letter of the address may be wrong. Search for what it is about, or begin at one of these.",
)
_ELSE: Final = Advice("This did not work", "Go back and try it another way.")


@pages.get("/login")
def show_login() -> Response:
    """GET /login: the form; it posts to /session."""
    return _login("", next_path=request.args.get("next", "/"))


def error_page(status: int, message: str, problems: Problems = ()) -> Response:
    """Say what was wrong, and what to do next; a form that has to be filled in again is shown with it."""
    shown = (again(status, message, problems) for again in _FORMS)
    response = next((one for one in shown if one is not None), None) or _refusal(status, message)
    response.status_code = status
    return response


def _refusal(status: int, message: str) -> Response:
    unknown = status == _NOTHING and request.url_rule is None
    advice = _NO_ADDRESS if unknown else _ADVICE.get(status, _ELSE)
    looks = request.method == "GET"
    stranger = not getattr(g.get("caller"), "name", "")
    return page(
        "error.html",
        status=status,
        title=advice.title,
        advice=advice.words,
        message=_LIBRARY[status]() if status in _LIBRARY and request.url_rule is None else message,
        looked_for=_looked_for() if status == _NOTHING else None,
        sign_in=status == _UNKNOWN or (stranger and not unknown and status in _PERHAPS_HIDDEN),
        again=f"{base_url()}{here()}" if looks and status in {500, _AWAY} else "",
        back=_back(),
    )


_LIBRARY: Final[Mapping[int, Callable[[], str]]] = {
    _NOTHING: lambda: f"{request.path[:200]} is no address of this server.",
    _NOT_SO: lambda: f"{request.method} is not understood at {request.path[:200]}.",
}
"""Of addresses that have no view the library says too little."""


def _looked_for() -> str:
    """Give the name or id that was looked for, as far as the address tells it."""
    asked = request.args.get("id") or request.args.get("ID") or unquote(request.path).rstrip("/").rpartition("/")[2]
    return "" if asked in _NO_NAMES else asked[:200]


def _back() -> str:
    """Give the page of ours from which one came, "" if it is this one or of somebody else."""
    came_from = request.referrer or ""
    return came_from if came_from.startswith(f"{base_url()}/") and came_from != request.url else ""


# --- forms that are shown again


def _login_again(_status: int, message: str, _problems: Problems) -> Response | None:
    if request.path != _SIGNING_IN:
        return None
    return _login(message, next_path=request.form.get("next", "/"), name=request.form.get("name", ""))


def _proposing_again(status: int, message: str, problems: Problems) -> Response | None:
    if (request.path, request.method) != _PROPOSING or status not in _CORRECTED:
        return None
    read = bool(problems) or status == _CONFLICT  # else the form itself may be what can't be read
    return proposing_page(message, problems, message=request.form.get("message", "") if read else "")


def _job_form_again(status: int, message: str, _problems: Problems) -> Response | None:
    return job_form_again(message) if status in {_WRONG, _CONFLICT, _AWAY} else None


def _job_again(status: int, message: str, _problems: Problems) -> Response | None:
    return job_again(message) if status in {_WRONG, _FORBIDDEN, _CONFLICT} else None


_FORMS: Final[tuple[Callable[[int, str, Problems], Response | None], ...]] = (
    _login_again,
    _proposing_again,
    lambda status, message, _: curating_again(status, message),
    lambda status, message, _: account_again(status, message),
    lambda status, message, _: people_again(status, message),
    _job_form_again,
    _job_again,
)


def _login(wrong: str, *, next_path: str, name: str = "") -> Response:
    onward = next_path if next_path.startswith("/") and not next_path.startswith(("//", "/\\")) else "/"
    return page("login.html", wrong=wrong, next=onward, name=name[:64], providers=site().settings.oidc)
