"""Which media type the caller wants: ``?format=`` wins over Accept; q-values are honoured."""

from __future__ import annotations

from typing import Final

from flask import request

from provstore.errors import NotAcceptable
from provstore.export.registry import FORMATS, Format, by_media_type, by_name
from provstore.web.forms import one_value

__all__ = ["lineage_format", "prefers_json", "provenance_format"]

_FORMAT_NAMES: Final = ("FORMAT", "F", "RESPONSEFORMAT")
_GRAPH_TYPES: Final = ("application/json", "text/html")
"""For these a walk's answer is given in the JSON of our own API."""


def prefers_json() -> bool:
    """Tell whether JSON is asked for; XML is the default, also for wildcards."""
    best = request.accept_mimetypes.best_match(["text/xml", "application/xml", "application/json"], "text/xml")
    return best == "application/json"


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
