"""The UWS 1.1 tree of every service, under ``/uws`` and, for old clients, ``/rest``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid, NotFound
from provstore.uws.control import parse_instant_of_client
from provstore.uws.jobs import Job
from provstore.uws.phases import OPEN, Phase
from provstore.uws.records import JobFilter
from provstore.web.files import send_log, send_stored
from provstore.web.forms import one_value, read_form, read_submission, read_text, whole_number
from provstore.web.negotiate import prefers_json
from provstore.web.prov import job_provenance
from provstore.web.site import base_url, caller, site
from provstore.web.uws_json import job_json, jobs_json
from provstore.web.uws_xml import instant_text, job_xml, jobs_xml, parameters_xml, results_xml

__all__ = ["uws_blueprint"]

_XML: Final = "text/xml; charset=utf-8"
_PLAIN: Final = "text/plain; charset=utf-8"
_LIST: Final = "/<service>"
_JOB: Final = "/<service>/<job_id>"
_SEE_OTHER: Final = 303


def uws_blueprint(name: str) -> Blueprint:
    """Make the UWS tree; ``name`` is its first path segment."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")
    for rule, methods, view in _ROUTES:
        blueprint.add_url_rule(rule, view_func=view, methods=list(methods), strict_slashes=False)
    return blueprint


def _base(service: str) -> str:
    """Address of the job list, in the mount that the client uses."""
    return f"{base_url()}/{request.blueprint}/{service}"


def _to_job(service: str, job_id: str) -> Answer:
    return redirect(f"{_base(service)}/{job_id}", _SEE_OTHER)


def _text(text: str) -> Response:
    return Response(text, content_type=_PLAIN)


def _xml(text: str) -> Response:
    return Response(text, content_type=_XML)


def _job(service: str, job_id: str) -> Job:
    return site().service.job(caller(), service, job_id)


# --- the list


def list_jobs(service: str) -> Response:
    """GET {jobs}: the caller's jobs, newest first."""
    jobs = site().service.jobs(caller(), _filter(service))
    owner_of = site().accounts.name_of
    if prefers_json():
        return jobs_json(jobs, base=_base(service), owner_of=owner_of)
    return _xml("".join(jobs_xml(jobs, base=_base(service), owner_of=owner_of)))


def create_job(service: str) -> Answer:
    """POST {jobs}: a new job."""
    job_id = site().service.create(caller(), service, read_submission())
    return _to_job(service, job_id)


def _filter(service: str) -> JobFilter:
    values = request.args
    phases = frozenset(_phase(one) for key, one in values.items(multi=True) if key.upper() == "PHASE")
    after, last = one_value(values, "AFTER"), one_value(values, "LAST")
    return JobFilter(
        service=service,
        phases=phases or OPEN,
        after=None if after is None else parse_instant_of_client(after, field="AFTER"),
        last=None if last is None else whole_number(last, name="LAST", least=1),
        run_id=one_value(values, "RUNID"),
    )


def _phase(text: str) -> Phase:
    if text not in set(Phase):
        raise Invalid(f"PHASE={text!r}: one of {', '.join(Phase)} is needed", field="PHASE", value=text)
    return Phase(text)


# --- a job


def show_job(service: str, job_id: str) -> Response:
    """GET {job}, after waiting if WAIT asks for it."""
    _wait(service, job_id)
    job = _job(service, job_id)
    owner = site().accounts.name_of(job.owner)
    if prefers_json():
        return job_json(job, base=_base(service), owner=owner)
    return _xml(job_xml(job, base=_base(service), owner=owner))


def _wait(service: str, job_id: str) -> None:
    given, phase = one_value(request.args, "WAIT"), one_value(request.args, "PHASE")
    if given is None:
        return
    of_phase = None if phase is None else _phase(phase)
    site().service.wait(caller(), service, job_id, seconds=_seconds(given), phase=of_phase)


def _seconds(text: str) -> float:
    """Read how long to wait; -1 for as long as the site allows."""
    if not re.fullmatch(r"-1|\d{1,15}(\.\d{0,9})?", text, re.ASCII):
        raise Invalid(f"WAIT={text!r}: a number of seconds is needed, or -1", field="WAIT", value=text)
    return float(text)


def change_job(service: str, job_id: str) -> Answer:
    """POST {job}: ACTION=DELETE, or new values of parameters."""
    values = read_form()
    action = one_value(values, "ACTION")
    if action is None:
        return set_parameters(service, job_id)
    if action.upper() != "DELETE":
        raise Invalid(f"ACTION={action!r}: only DELETE is known", field="ACTION", value=action)
    return delete_job(service, job_id)


def delete_job(service: str, job_id: str) -> Answer:
    """DELETE {job}: away with it; on to the newest jobs of the list."""
    site().service.delete(caller(), service, job_id)
    return redirect(f"{_base(service)}?LAST=100", _SEE_OTHER)


def show_phase(service: str, job_id: str) -> Response:
    """GET {job}/phase: one word."""
    return _text(site().service.phase(caller(), service, job_id))


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
    return _to_job(service, job_id)


def show_execution_duration(service: str, job_id: str) -> Response:
    """GET {job}/executionduration: whole seconds, 0 for unlimited."""
    return _text(str(int(_job(service, job_id).execution_duration.total_seconds())))


def change_execution_duration(service: str, job_id: str) -> Answer:
    """POST {job}/executionduration."""
    text = _needed("EXECUTIONDURATION")
    site().service.set_execution_duration(caller(), service, job_id, text=text)
    return _to_job(service, job_id)


def show_destruction(service: str, job_id: str) -> Response:
    """GET {job}/destruction: an instant."""
    return _text(instant_text(_job(service, job_id).destruction_at))


def change_destruction(service: str, job_id: str) -> Answer:
    """POST {job}/destruction."""
    site().service.set_destruction(caller(), service, job_id, text=_needed("DESTRUCTION"))
    return _to_job(service, job_id)


def _needed(name: str) -> str:
    text = one_value(read_form(), name)
    if text is None:
        raise Invalid(f"{name} is needed", field=name)
    return text


def show_quote(service: str, job_id: str) -> Response:
    """GET {job}/quote: an instant, or nothing."""
    return _text(instant_text(_job(service, job_id).quote_at))


def show_owner(service: str, job_id: str) -> Response:
    """GET {job}/owner: the owner's name, nothing for an anonymous job."""
    return _text(site().accounts.name_of(_job(service, job_id).owner))


def show_error(service: str, job_id: str) -> Response:
    """GET {job}/error: the message, then the last lines of stderr; nothing for a job without error."""
    failure = _job(service, job_id).failure
    return _text("" if failure is None else f"{failure.message}\n\n{failure.detail}".strip() + "\n")


# --- parameters and results


def show_parameters(service: str, job_id: str) -> Response:
    """GET {job}/parameters."""
    return _xml(parameters_xml(_job(service, job_id), base=_base(service)))


def set_parameters(service: str, job_id: str) -> Answer:
    """POST {job}/parameters: new values by name."""
    site().service.set_parameters(caller(), service, job_id, values=read_form().to_dict())
    return _to_job(service, job_id)


def show_parameter(service: str, job_id: str, name: str) -> Response:
    """GET {job}/parameters/{name}: its value, or the bytes of its file."""
    found = [one for one in _job(service, job_id).parameters if one.name == name]
    if not found:
        raise NotFound(f"job {job_id} has no parameter {name!r}", field="parameter", value=name)
    if found[0].by_reference:
        return send_stored(found[0].location, content_type=found[0].content_type, sha256="")
    return _text(found[0].value)


def set_parameter(service: str, job_id: str, name: str) -> Answer:
    """PUT or POST (VALUE=) {job}/parameters/{name}."""
    value = read_text() if request.method == "PUT" else _needed("VALUE")
    site().service.set_parameters(caller(), service, job_id, values={name: value})
    return _to_job(service, job_id)


def show_results(service: str, job_id: str) -> Response:
    """GET {job}/results."""
    return _xml(results_xml(_job(service, job_id), base=_base(service)))


def show_result(service: str, job_id: str, name: str) -> Response:
    """GET {job}/results/{name}: the bytes."""
    result = site().service.result(_job(service, job_id), name)
    return send_stored(result.location, content_type=result.content_type, sha256=result.sha256)


def show_output(service: str, job_id: str, stream: str) -> Response:
    """GET {job}/stdout and {job}/stderr, also while the job runs."""
    job = _job(service, job_id)
    return send_log(site().files.run(job.id) / stream)


def show_provenance(service: str, job_id: str) -> Response:
    """GET {job}/prov: its provenance in any format."""
    return job_provenance(_job(service, job_id))


_READ: Final = ("GET",)
_WRITE: Final = ("POST",)
_ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    (_LIST, _READ, list_jobs),
    (_LIST, _WRITE, create_job),
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
)
