"""A definition as a document: VOTable, JSON or its script, chosen by the address, ``?format=`` or Accept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Response, request

from provstore.errors import Invalid, NotAcceptable
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.revisions import Revision
from provstore.web.forms import one_value
from provstore.web.jdl.revisions import name_of
from provstore.web.jdl.shapes import definition_json
from provstore.web.site import base_url, site
from provstore.web.uws_xml import instant_text

__all__ = ["FORMATS", "Format", "conditional", "document", "document_of_revision", "format_asked_for", "format_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way to show a definition: the types that Accept may name, the first of which is answered, and name endings."""

    name: str
    media_types: tuple[str, ...]
    endings: tuple[str, ...]
    write: Callable[[Description], str | bytes]


def _json_text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


FORMATS: Final = (
    Format(
        name="votable",
        media_types=("application/x-votable+xml", "text/xml", "application/xml"),
        endings=(".xml", ".vot"),
        write=write_votable,
    ),
    Format(
        name="json",
        media_types=("application/json",),
        endings=(".json",),
        write=lambda description: _json_text(to_json(description)),
    ),
    Format(
        name="script",
        media_types=("text/x-shellscript", "application/x-sh", "text/plain"),
        endings=(".sh",),
        write=lambda description: description.script,
    ),
)
"""The first one is the default."""

_BY_NAME: Final[Mapping[str, Format]] = {one.name: one for one in FORMATS}
_SCRIPT_TYPES: Final = {"python": "text/x-python"}


def format_named(name: str) -> Format:
    """Give a format by its name.

    Raises:
        Invalid: there is none of that name.
    """
    if name.lower() not in _BY_NAME:
        raise Invalid(f"format={name!r}: one of {', '.join(_BY_NAME)} is needed", field="format", value=name)
    return _BY_NAME[name.lower()]


def format_asked_for(*, default: str = "votable") -> Format:
    """Give the format that the query string, else Accept, names; the default for wildcards too.

    Raises:
        Invalid: an unknown name.
        NotAcceptable: Accept allows none of them.
    """
    named = one_value(request.args, "format")
    if named:
        return format_named(named)
    if not request.accept_mimetypes:
        return _BY_NAME[default]
    ordered = sorted(FORMATS, key=lambda one: one.name != default)
    by_type = {media_type: one for one in ordered for media_type in one.media_types}
    best = request.accept_mimetypes.best_match(list(by_type))
    if best is None:
        offered = ", ".join(by_type)
        raise NotAcceptable(f"none of the types in Accept can be written; offered: {offered}", field="Accept")
    return by_type[best]


def document_of_revision(revision: Revision, chosen: Format) -> Response:
    """Answer with a revision; of one that is withdrawn a header says so, whatever the format."""
    newest = site().service.catalog.newest(revision.description.name)
    body: str | bytes
    if chosen.name == "json":
        body = _json_text(definition_json(revision, name_of=name_of()))
    elif chosen.name == "votable" and revision.name == newest.name and newest.withdrawn_at is None:
        body = write_votable(revision.description, access_url=_form_address(revision.description.name))
    else:
        body = chosen.write(revision.description)
    response = document(revision.description, chosen, body)
    response.headers["Content-Location"] = f"{base_url()}/jdl/{revision.name}"
    if revision.withdrawn_at:
        response.headers["Provstore-Withdrawn"] = instant_text(revision.withdrawn_at)
    changed_at = max(newest.created_at, revision.created_at, newest.withdrawn_at or newest.created_at)
    return conditional(response, tag=revision.digest, changed_at=changed_at)


def _form_address(service: str) -> str:
    return f"{base_url()}/jobs/new?service={service}"


def document(description: Description, chosen: Format, body: str | bytes | None = None) -> Response:
    """Answer with a definition in a format."""
    content = chosen.write(description) if body is None else body
    response = Response(content, content_type=_content_type(description, chosen))
    response.vary.add("Accept")
    return response


def _content_type(description: Description, chosen: Format) -> str:
    if chosen.name != "script":
        return chosen.media_types[0]
    plain = request.accept_mimetypes.best_match(list(chosen.media_types)) == "text/plain"
    own = _SCRIPT_TYPES.get(description.script_language, chosen.media_types[0])
    return f"{'text/plain' if plain else own}; charset=utf-8"


def conditional(response: Response, *, tag: str, changed_at: datetime | None) -> Response:
    """Let a client keep an answer, and say 304 while it is the same; the tag tells definition and bytes."""
    content = hashlib.sha256(response.get_data()).hexdigest()
    response.set_etag("-".join(filter(None, (tag, content[:16]))))
    if changed_at is not None:
        response.last_modified = changed_at
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
