"""Keeping the files of a job: whether they are, and how much of what may be kept is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Response, jsonify
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.uws.jobs import Job
from provstore.uws.permissions import check_may_change
from provstore.web.bodies import read_values
from provstore.web.negotiate import page_instead
from provstore.web.sessions import local_path
from provstore.web.site import caller, site
from provstore.web.uws_xml import instant_text

__all__ = ["ROUTES"]

_PLACE: Final = "/<service>/<job_id>/keep"
_ACTIONS: Final = ("KEEP", "REMOVE")
_FIELDS: Final = frozenset({"ACTION", "NEXT"})


def show_keeping(service: str, job_id: str) -> Response:
    """GET {job}/keep: whether its files are kept, what they take, and what its owner may keep; as JSON."""
    job = site().service.job(caller(), service, job_id)
    check_may_change(caller(), f"job {job_id}", owner=job.owner)
    return jsonify(_keeping(job))


def change_keeping(service: str, job_id: str) -> Answer:
    """POST {job}/keep: its files stay, whatever its destruction time; ACTION=REMOVE ends that."""
    site().service.job(caller(), service, job_id)
    fields = {name.upper(): value for name, value in read_values().items()}
    unknown = sorted(fields.keys() - _FIELDS)
    if unknown:
        raise Invalid(f"{unknown[0]!r} is not known here; known: {', '.join(sorted(_FIELDS))}", field=unknown[0])
    onward = local_path(fields.get("NEXT", f"/jobs/{job_id}"))
    keeping = site().service.keeping
    act = keeping.end if _action(fields.get("ACTION", "KEEP")) == "REMOVE" else keeping.keep
    act(caller(), job_id)
    path, _, place = onward.partition("#")
    page = page_instead(path)
    if page is None:
        return show_keeping(service, job_id)
    page.location = f"{page.location}#{place}" if place else page.location
    return page


def _action(given: str) -> str:
    if given.upper() not in _ACTIONS:
        raise Invalid(f"ACTION={given!r}: {' or '.join(_ACTIONS)} is needed", field="ACTION", value=given)
    return given.upper()


def _keeping(job: Job) -> dict[str, str | int | None]:
    """Sizes in bytes; without a limit nothing is kept here."""
    keeping = site().service.keeping
    usage = keeping.usage(job.owner)
    return {
        "keptAt": instant_text(job.kept_at) or None,
        "destruction": instant_text(job.destruction_at) or None,
        "size": keeping.size(job),
        "used": usage.used,
        "allowed": usage.allowed,
    }


ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    (_PLACE, ("GET",), show_keeping),
    (_PLACE, ("POST",), change_keeping),
)
