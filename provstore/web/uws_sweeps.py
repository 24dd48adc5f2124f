"""Sweeps in the UWS tree: many jobs of one request, counted, started, aborted and deleted as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, jsonify
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.uws.phases import Phase
from provstore.uws.records import JobFilter
from provstore.uws.sweeps import Sweep
from provstore.web.answers import list_address, see_other
from provstore.web.forms import one_value, read_form
from provstore.web.job_filters import Asked, asked_paging
from provstore.web.negotiate import prefers_xml
from provstore.web.site import caller, site
from provstore.web.uws_lists import link_next, send_jobs
from provstore.web.uws_xml import instant_text

__all__ = ["ROUTES"]

_SWEEPS_OF_A_PAGE: Final = 100


def list_sweeps(service: str) -> Response:
    """GET {jobs}/sweeps: the sweeps of a service that the caller may see, newest first; JSON."""
    paging = asked_paging(_SWEEPS_OF_A_PAGE)
    page = site().service.sweeps.page(caller(), service, limit=paging.limit, after=paging.after)
    return link_next(jsonify({"items": [_sweep(one) for one in page.items], "next": page.next}), page.next)


def show_sweep(service: str, sweep_id: str) -> Response:
    """GET {sweep}: its jobs counted by phase, in JSON; or the list of its jobs, where XML is preferred."""
    sweep = site().service.sweeps.read(caller(), service, sweep_id)
    if prefers_xml():
        return send_jobs(Asked(JobFilter(service=service, sweep=sweep_id, phases=frozenset(Phase)), None))
    return link_next(jsonify(_sweep(sweep)), None)


def change_phase_of_sweep(service: str, sweep_id: str) -> Answer:
    """POST {sweep}/phase: PHASE=RUN or PHASE=ABORT for all its jobs for which that is still possible."""
    wanted = one_value(read_form(), "PHASE") or ""
    sweeps = site().service.sweeps
    actions = {"RUN": sweeps.start, "ABORT": sweeps.abort}
    if wanted not in actions:
        raise Invalid(f"PHASE={wanted!r}: RUN or ABORT is needed", field="PHASE", value=wanted)
    actions[wanted](caller(), service, sweep_id)
    return see_other(f"{list_address(service)}/sweeps/{sweep_id}")


def delete_sweep(service: str, sweep_id: str) -> Answer:
    """DELETE {sweep}: away with all its jobs; on to the sweeps that are left."""
    site().service.sweeps.delete(caller(), service, sweep_id)
    return see_other(f"{list_address(service)}/sweeps")


def act_on_sweep(service: str, sweep_id: str) -> Answer:
    """POST {sweep}: ACTION=DELETE, for clients that can't send DELETE."""
    action = one_value(read_form(), "ACTION") or ""
    if action.upper() != "DELETE":
        raise Invalid(f"ACTION={action!r}: only DELETE is known", field="ACTION", value=action)
    return delete_sweep(service, sweep_id)


def _sweep(sweep: Sweep) -> dict[str, Any]:
    place = list_address(sweep.service)
    return {
        "sweepId": sweep.id,
        "href": f"{place}/sweeps/{sweep.id}",
        "service": sweep.service,
        "runId": sweep.run_id or None,
        "ownerId": site().accounts.name_of(sweep.owner) or None,
        "creationTime": instant_text(sweep.created_at),
        "total": sweep.jobs,
        "phases": {phase.value: sweep.phases[phase] for phase in Phase if phase in sweep.phases},
        "jobs": f"{place}?SWEEP={sweep.id}",
    }


_SWEEP: Final = "/<service>/sweeps/<sweep_id>"
ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    ("/<service>/sweeps", ("GET",), list_sweeps),
    (_SWEEP, ("GET",), show_sweep),
    (_SWEEP, ("POST",), act_on_sweep),
    (_SWEEP, ("DELETE",), delete_sweep),
    (f"{_SWEEP}/phase", ("POST",), change_phase_of_sweep),
)
