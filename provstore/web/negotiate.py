"""Which media type the caller wants: ``?format=`` wins over Accept; q-values are honoured."""

from __future__ import annotations

from typing import Final

from flask import request

from provstore.errors import NotAcceptable
from provstore.export.registry import FORMATS, Format, by_media_type, by_name

__all__ = ["prefers_json", "provenance_format"]

_FORMAT_NAMES: Final = ("format", "f", "RESPONSEFORMAT")


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
    named = next((request.args[name] for name in _FORMAT_NAMES if request.args.get(name)), None)
    if named is not None:
        return by_name(named) if "/" not in named else by_media_type(named)
    if not request.accept_mimetypes:
        return FORMATS[0]
    types = [bare for one in FORMATS for bare in (one.media_type.partition(";")[0], *one.also)]
    best = request.accept_mimetypes.best_match(types)
    if best is None:
        offered = ", ".join(dict.fromkeys(one.media_type.partition(";")[0] for one in FORMATS))
        raise NotAcceptable(f"none of the types in Accept can be written; offered: {offered}", field="Accept")
    return by_media_type(best)
