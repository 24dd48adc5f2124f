"""The UWS 1.1 tree of every service, under ``/uws`` and, for old clients, ``/rest``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.export.registry import by_name
from provstore.queries.parts import PARTS
from provstore.uws.jobs import Job
from provstore.uws.permissions import may_change
from provstore.web import events, keeping, sharing, uws_lists, uws_sweeps
from provstore.web.answers import list_address, plain, see_other, to_job, varied, xml
from provstore.web.bodies import read_values
from provstore.web.browsers import is_browser
from provstore.web.files import send_input, send_log, send_stored
from provstore.web.forms import one_value, read_bare, read_form, whole_number
from provstore.web.job_filters import read_phase
from provstore.web.negotiate import page_instead, prefers_json, provenance_format
from provstore.web.prov import job_part, job_provenance
from provstore.web.prov_links import link_job, link_result
from provstore.web.site import caller, site
from provstore.web.uws_json import job_json, parameters_json, results_json
from provstore.web.uws_xml import instant_text, job_xml, parameters_xml, results_xml

__all__ = ["uws_blueprint"]

_JOB: Final = "/<service>/<job_id>"
_SHORTCUTS: Final = {"provjson": "prov-json", "provxml": "prov-xml", "provsvg": "svg"}
"""Addresses of provenance that users of OPUS know."""


def uws_blueprint(name: str) -> Blueprint:
    """Make the UWS tree; ``name`` is its first path segment."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")
    beside = (*uws_lists.ROUTES, *uws_sweeps.ROUTES, *events.ROUTES, *sharing.ROUTES, *keeping.ROUTES)
    for rule, methods, view in (*beside, *_ROUTES):
        blueprint.add_url_rule(rule, view_func=view, methods=list(methods), strict_slashes=False)
    return blueprint


def _job(service: str, job_id: str) -> Job:
    return site().service.job(caller(), service, job_id)


# --- a job


def show_job(service: str, job_id: str) -> Answer:
    """GET {job}, after waiting if WAIT asks for it."""
    _wait(service, job_id)
    job = _job(service, job_id)
    page = page_instead(f"/jobs/{job_id}")
    return page or link_job(_document(job, base=list_address(service)), job)


def _document(job: Job, *, base: str) -> Response:
    owner, wait = site().accounts.name_of(job.owner), site().waits.of(job)
    account = job.cluster_account if may_change(caller(), owner=job.owner) else ""
    if not prefers_json():
        main = site().service.main_result(job)
        return xml(job_xml(job, base=base, owner=owner, main=main, wait=wait, account=account))
    return varied(job_json(job, base=base, owner=owner, wait=wait, account=account))


def _wait(service: str, job_id: str) -> None:
    given, phase = one_value(request.args, "WAIT"), one_value(request.args, "PHASE")
    if given is None:
        return
    of_phase = None if phase is None else read_phase(phase)
    site().service.wait(caller(), service, job_id, seconds=_seconds(given), phase=of_phase)


def _seconds(text: str) -> float:
    """Read how long to wait; -1 for as long as the site allows."""
    if not re.fullmatch(r"-1|\d{1,15}(\.\d{0,9})?", text, re.ASCII):
        raise Invalid(f"WAIT={text!r}: a number of seconds is needed, or -1", field="WAIT", value=text)
    return float(text)


def change_job(service: str, job_id: str) -> Answer:
    """POST {job}: ACTION=DELETE, or new values of parameters."""
    values = read_values()
    action = next((value for name, value in values.items() if name.upper() == "ACTION"), None)
    if action is None:
        return _set_parameters(service, job_id, values)
    if action.upper() != "DELETE":
        raise Invalid(f"ACTION={action!r}: only DELETE is known", field="ACTION", value=action)
    return delete_job(service, job_id)


def delete_job(service: str, job_id: str) -> Answer:
    """DELETE {job}: away with it; on to the newest jobs of the list."""
    site().service.delete(caller(), service, job_id)
    return see_other(f"{list_address(service)}?LAST=100")


def show_phase(service: str, job_id: str) -> Response:
    """GET {job}/phase: one word."""
    return plain(site().service.phase(caller(), service, job_id))


def change_phase(service: str, job_id: str) -> Answer:
    """POST {job}/phase: PHASE=RUN or PHASE=ABORT."""
    wanted = one_value(read_form(), "PHASE") or ""
    service_of = site().service
    actions: dict[str, Callable[[], None]] = {
        "RUN": lambda: service_of.start(caller(), service, job_id),
        "ABORT": lambda: service_of.abort(caller(), service, job_id),
    }
    if wanted not in actions:
        raise Invalid(f"PHASE={wanted!r}: RUN or ABORT is needed", field="PHASE", value=wanted)
    actions[wanted]()
    return to_job(service, job_id)


def show_execution_duration(service: str, job_id: str) -> Response:
    """GET {job}/executionduration: whole seconds, 0 for unlimited."""
    return plain(str(int(_job(service, job_id).execution_duration.total_seconds())))


def change_execution_duration(service: str, job_id: str) -> Answer:
    """POST {job}/executionduration."""
    text = _needed("EXECUTIONDURATION")
    site().service.set_execution_duration(caller(), service, job_id, text=text)
    return to_job(service, job_id)


def show_destruction(service: str, job_id: str) -> Response:
    """GET {job}/destruction: an instant."""
    return plain(instant_text(_job(service, job_id).destruction_at))


def change_destruction(service: str, job_id: str) -> Answer:
    """POST {job}/destruction."""
    site().service.set_destruction(caller(), service, job_id, text=_needed("DESTRUCTION"))
    return to_job(service, job_id)


def _needed(name: str) -> str:
    text = one_value(read_form(), name)
    if text is None:
        raise Invalid(f"{name} is needed", field=name)
    return text


def show_quote(service: str, job_id: str) -> Response:
    """GET {job}/quote: an instant, or nothing."""
    return plain(instant_text(_job(service, job_id).quote_at))


def show_owner(service: str, job_id: str) -> Response:
    """GET {job}/owner: the owner's name, nothing for an anonymous job."""
    return plain(site().accounts.name_of(_job(service, job_id).owner))


def show_error(service: str, job_id: str) -> Response:
    """GET {job}/error: the message, then the last lines of stderr; nothing for a job without error."""
    failure = _job(service, job_id).failure
    return plain("" if failure is None else f"{failure.message}\n\n{failure.detail}".strip() + "\n")


# --- parameters and results


def show_parameters(service: str, job_id: str) -> Response:
    """GET {job}/parameters."""
    job = _job(service, job_id)
    return varied(parameters_json(job)) if prefers_json() else xml(parameters_xml(job, base=list_address(service)))


def set_parameters(service: str, job_id: str) -> Answer:
    """POST {job}/parameters: new values by name."""
    return _set_parameters(service, job_id, read_values())


def _set_parameters(service: str, job_id: str, values: Mapping[str, str]) -> Answer:
    site().service.set_parameters(caller(), service, job_id, values=values)
    return to_job(service, job_id)


def show_parameter(service: str, job_id: str, name: str) -> Response:
    """GET {job}/parameters/{name}: its value, or the bytes of its file; ``?item=n``: which of several files."""
    item = whole_number(one_value(request.args, "item") or "1", name="item", least=1)
    found = site().service.parameter(_job(service, job_id), name, item=item)
    if found.by_reference:
        return send_input(found)
    return plain(found.value)


def set_parameter(service: str, job_id: str, name: str) -> Answer:
    """PUT or POST (VALUE=) {job}/parameters/{name}."""
    value = read_bare() if request.method == "PUT" else _needed("VALUE")
    if is_browser():
        value = value.replace("\r\n", "\n")  # as forms send lines
    site().service.set_parameters(caller(), service, job_id, values={name: value})
    return to_job(service, job_id)


def show_results(service: str, job_id: str) -> Response:
    """GET {job}/results."""
    job, base = _job(service, job_id), list_address(service)
    if prefers_json():
        return link_job(varied(results_json(job, base=base)), job)
    return link_job(xml(results_xml(job, base=base, main=site().service.main_result(job))), job)


def show_result(service: str, job_id: str, name: str) -> Response:
    """GET {job}/results/{name}: the bytes."""
    job = _job(service, job_id)
    result = site().service.result(job, name)
    sent = send_stored(result.location, content_type=result.content_type, sha256=result.sha256)
    return link_result(sent, job, result)


def show_output(service: str, job_id: str, stream: str) -> Response:
    """GET {job}/stdout and {job}/stderr, also while the job runs."""
    return send_log(_job(service, job_id), stream)


def show_provenance(service: str, job_id: str) -> Response:
    """GET {job}/prov: its provenance in any format."""
    return job_provenance(_job(service, job_id), provenance_format())


def show_provenance_part(service: str, job_id: str, part: str) -> Response:
    """GET {job}/prov/info, who, inputs, outputs and run: one part of it, in any format."""
    return job_part(_job(service, job_id), part, provenance_format())


def show_provenance_as(service: str, job_id: str, shortcut: str) -> Response:
    """GET {job}/provjson, {job}/provxml and {job}/provsvg: its provenance where users of OPUS look for it."""
    return job_provenance(_job(service, job_id), by_name(_SHORTCUTS[shortcut]))


_READ: Final = ("GET",)
_WRITE: Final = ("POST",)
_ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    (_JOB, _READ, show_job),
    (_JOB, _WRITE, change_job),
    (_JOB, ("DELETE",), delete_job),
    (f"{_JOB}/phase", _READ, show_phase),
    (f"{_JOB}/phase", _WRITE, change_phase),
    (f"{_JOB}/executionduration", _READ, show_execution_duration),
    (f"{_JOB}/executionduration", _WRITE, change_execution_duration),
    (f"{_JOB}/destruction", _READ, show_destruction),
    (f"{_JOB}/destruction", _WRITE, change_destruction),
    (f"{_JOB}/quote", _READ, show_quote),
    (f"{_JOB}/owner", _READ, show_owner),
    (f"{_JOB}/error", _READ, show_error),
    (f"{_JOB}/parameters", _READ, show_parameters),
    (f"{_JOB}/parameters", _WRITE, set_parameters),
    (f"{_JOB}/parameters/<name>", _READ, show_parameter),
    (f"{_JOB}/parameters/<name>", ("PUT", "POST"), set_parameter),
    (f"{_JOB}/results", _READ, show_results),
    (f"{_JOB}/results/<name>", _READ, show_result),
    (f"{_JOB}/<any(stdout, stderr):stream>", _READ, show_output),
    (f"{_JOB}/prov", _READ, show_provenance),
    (f"{_JOB}/prov/<any({', '.join(PARTS)}):part>", _READ, show_provenance_part),
    (f"{_JOB}/<any(provjson, provxml, provsvg):shortcut>", _READ, show_provenance_as),
)
