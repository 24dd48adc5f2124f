"""Which media type the caller wants: ``?format=`` wins over Accept; q-values are honoured."""

from __future__ import annotations

from typing import Final

from flask import current_app, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import NotAcceptable
from provstore.export.registry import FORMATS, Format, by_media_type, by_name
from provstore.web.browsers import is_browser
from provstore.web.forms import one_value
from provstore.web.site import base_url

__all__ = ["lineage_format", "page_instead", "prefers_json", "prefers_xml", "provenance_format"]

_FORMAT_NAMES: Final = ("FORMAT", "F", "RESPONSEFORMAT")
_SEE_OTHER: Final = 303
_GRAPH_TYPES: Final = ("application/json", "text/html")
"""For these a walk's answer is given in the JSON of our own API."""


def prefers_json() -> bool:
    """Tell whether JSON is asked for; XML is the default, also for wildcards."""
    if "json" not in request.headers.get("Accept", ""):
        return False
    best = request.accept_mimetypes.best_match(["text/xml", "application/xml", "application/json"], "text/xml")
    return best == "application/json"


def prefers_xml() -> bool:
    """Tell whether XML is asked for; JSON is the default, also for wildcards."""
    best = request.accept_mimetypes.best_match(["application/json", "text/xml", "application/xml"])
    return best in {"text/xml", "application/xml"}


def page_instead(path: str) -> Answer | None:
    """Lead a browser on to the page for people, if this server has one there; None for everybody else."""
    if not is_browser():
        return None
    adapter = current_app.create_url_adapter(request)
    if adapter is None or not adapter.test(path.partition("?")[0], method="GET"):
        return None
    answer = redirect(f"{base_url()}{path}", _SEE_OTHER)
    answer.headers["Vary"] = "Accept"
    return answer


def provenance_format() -> Format:
    """Give the provenance format asked for.

    Raises:
        Invalid: an unknown format name.
        NotAcceptable: Accept allows none of the formats.
    """
    named = _named()
    if named is not None:
        return by_name(named) if "/" not in named else by_media_type(named)
    if not request.accept_mimetypes:
        return FORMATS[0]
    best = request.accept_mimetypes.best_match(_types())
    if best is None:
        offered = ", ".join(dict.fromkeys(one.media_type.partition(";")[0] for one in FORMATS))
        raise NotAcceptable(f"none of the types in Accept can be written; offered: {offered}", field="Accept")
    return by_media_type(best)


def lineage_format() -> Format | None:
    """Give the provenance format asked for; None for the JSON of the API, the default, also for wildcards.

    Raises:
        Invalid: an unknown format name.
        NotAcceptable: Accept allows none of the formats.
    """
    accepted = request.accept_mimetypes
    if _named() is None and (not accepted or accepted.best_match([*_GRAPH_TYPES, *_types()]) in _GRAPH_TYPES):
        return None
    return provenance_format()


def _named() -> str | None:
    return next((given for name in _FORMAT_NAMES if (given := one_value(request.args, name))), None)


def _types() -> list[str]:
    return [bare for one in FORMATS for bare in (one.media_type.partition(";")[0], *one.also)]
