"""Sharing of a job: with whom, and from when on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flask import Response, jsonify
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import reader_of
from provstore.errors import Forbidden, Invalid
from provstore.graph.model import PUBLIC
from provstore.uws.control import parse_instant_of_client
from provstore.uws.jobs import Job
from provstore.uws.permissions import check_may_change
from provstore.uws.sharing import Share, shares_of
from provstore.web.bodies import read_values
from provstore.web.negotiate import page_instead
from provstore.web.site import caller, site
from provstore.web.uws_xml import instant_text

__all__ = ["ROUTES", "shared_with"]

_PLACE: Final = "/<service>/<job_id>/sharing"
_ADD: Final = "ADD"
_REMOVE: Final = "REMOVE"
_PERSON: Final = reader_of("")
_FIELDS: Final = frozenset({"READER", "FROM", "ACTION"})


def show_sharing(service: str, job_id: str) -> Response:
    """GET {job}/sharing: who besides the owner sees the job, or will; as JSON."""
    job = _own_job(service, job_id)
    return jsonify({"items": shared_with(job), "next": None})


def shared_with(job: Job) -> list[dict[str, str | bool | None]]:
    """Tell with whom a job is shared, by the names of accounts: its owner and administrators may know."""
    return [_item(one) for one in shares_of(job.sharing_text)]


def change_sharing(service: str, job_id: str) -> Answer:
    """POST {job}/sharing: READER (``public`` or an account's name, repeated for several), FROM, ACTION=REMOVE."""
    job, fields = _own_job(service, job_id), _fields()
    readers = [_reader(name) for name in fields.get("READER", "").split()]
    if not readers:
        raise Invalid("READER is needed: public, or the name of an account", field="READER")
    if _action(fields.get("ACTION")) == _REMOVE:
        site().sharing.end(caller(), job.id, readers)
    else:
        given = fields.get("FROM")
        from_at = parse_instant_of_client(given, field="FROM") if given else None
        site().sharing.share(caller(), job.id, readers, from_at=from_at)
    return page_instead(f"/jobs/{job_id}") or show_sharing(service, job_id)


def _own_job(service: str, job_id: str) -> Job:
    job = site().service.job(caller(), service, job_id)
    check_may_change(caller(), f"job {job_id}", owner=job.owner)
    return job


def _fields() -> Mapping[str, str]:
    """Read a form, or an object of JSON with the same names in any case."""
    fields = {name.upper(): value for name, value in read_values().items()}
    unknown = sorted(fields.keys() - _FIELDS)
    if unknown:
        raise Invalid(f"{unknown[0]!r} is not known here; known: {', '.join(sorted(_FIELDS))}", field=unknown[0])
    return fields


def _action(given: str | None) -> str:
    action = (given or _ADD).upper()
    if action not in {_ADD, _REMOVE}:
        raise Invalid(f"ACTION={given!r}: ADD or REMOVE is needed", field="ACTION", value=given)
    return action


def _reader(name: str) -> str:
    """Give the reader name of an account. A visitor learns of no account: he shares with everybody or with nobody."""
    if name.lower() == PUBLIC:
        return PUBLIC
    if not caller().name:
        raise Forbidden("without an account of your own you can share with public only", field="READER", value=name)
    agent = site().accounts.agent_of(name)
    if not agent:
        raise Invalid(f"READER={name!r}: there is no such account; {PUBLIC} stands for everybody", field="READER")
    return reader_of(agent)


def _item(share: Share) -> dict[str, str | bool | None]:
    agent = share.reader.removeprefix(_PERSON)
    return {
        "reader": share.reader if share.reader == PUBLIC else site().accounts.name_of(agent) or agent,
        "from": instant_text(share.from_at) or None,
        "visible": share.applied,
    }


ROUTES: Final[tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...]] = (
    (_PLACE, ("GET",), show_sharing),
    (_PLACE, ("POST",), change_sharing),
)
