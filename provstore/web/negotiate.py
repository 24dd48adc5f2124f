"""Which media type the caller wants: ``?format=`` wins over Accept; q-values are honoured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from flask import current_app, redirect, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header
from werkzeug.wrappers import Response as Answer

from provstore.errors import NotAcceptable
from provstore.export.registry import FORMATS, Format, by_media_type, by_name
from provstore.web.browsers import is_browser
from provstore.web.forms import one_value
from provstore.web.site import base_url

__all__ = [
    "FORMAT_SYNONYMS",
    "accepts",
    "best_of",
    "format_called",
    "lineage_format",
    "page_instead",
    "prefers_json",
    "prefers_xml",
    "provenance_format",
]

T = TypeVar("T")

FORMAT_SYNONYMS: Final[Mapping[str, str]] = {
    "json": "prov-json",
    "prov-turtle": "turtle",
    "prov-votable": "votable",
    "xml": "prov-xml",
    "provn": "prov-n",
    "graph": "svg",
    "prov-svg": "svg",
    "prov-png": "png",
}
"""Names of formats in ProvSAP and OPUS -> ours."""

_FORMAT_NAMES: Final = ("FORMAT", "F", "RESPONSEFORMAT")
_SEE_OTHER: Final = 303
_PROFILE: Final = "profile"
"""The only parameter of a media type by which formats differ (RFC 6906); charset and others say nothing here."""

_ENCODED_PLUS: Final = re.compile(r"(?<=[A-Za-z0-9]) (?=[A-Za-z0-9])")
"""A plus sign that is not encoded is a blank in an address."""

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
        return format_called(named) or (by_media_type(named) if "/" in named else by_name(named))
    if not request.accept_mimetypes:
        return FORMATS[0]
    best = best_of(request.accept_mimetypes, _offers())
    if best is None:
        offered = ", ".join(dict.fromkeys(one.media_type.partition(";")[0] for one in FORMATS))
        raise NotAcceptable(f"none of the types in Accept can be written; offered: {offered}", field="Accept")
    return best


def lineage_format() -> Format | None:
    """Give the provenance format asked for; None for the JSON of the API, the default, also for wildcards.

    Raises:
        Invalid: an unknown format name.
        NotAcceptable: Accept allows none of the formats.
    """
    accepted = request.accept_mimetypes
    if _named() is not None:
        return provenance_format()
    graph = ((one, "") for one in _GRAPH_TYPES)
    if not accepted or best_of(accepted, (*graph, *((media_type, form.name) for media_type, form in _offers()))) == "":
        return None
    return provenance_format()


def format_called(text: str) -> Format | None:
    """Find a format by its name, a synonym of ProvSAP or OPUS, or a media type; None if there is none."""
    if "/" in text:
        return best_of(parse_accept_header(_ENCODED_PLUS.sub("+", text.strip()), MIMEAccept), _offers())
    name = text.strip().lower()
    name = FORMAT_SYNONYMS.get(name, name)
    return next((form for form in FORMATS if form.name == name), None)


def accepts(accepted: MIMEAccept, form: Format) -> bool:
    """Tell whether a client takes one of the types of a format; without an Accept header all."""
    return not accepted or best_of(accepted, ((one, form) for one in _types(form))) is not None


def best_of(accepted: MIMEAccept, offers: Iterable[tuple[str, T]]) -> T | None:
    """Choose what a client likes best (RFC 9110 §12.5.1): by q-value, then what it names closest, then the first.

    Of a client's ranges the closest to a type counts. Parameters are ignored, but for the profile.
    """
    ranges = [(*_parts(item), quality) for item, quality in accepted]
    best: tuple[float, int] = (0.0, -1)
    chosen: T | None = None
    for offered, what in offers:
        bare, profile = _parts(offered)
        fits = ((_closeness(bare, profile, (kind, wanted)), quality) for kind, wanted, quality in ranges)
        closeness, quality = max((one for one in fits if one[0]), default=(0, 0.0))
        if quality > 0 and (quality, closeness) > best:
            best, chosen = (quality, closeness), what
    return chosen


def _closeness(bare: str, profile: str, wanted: tuple[str, str]) -> int:
    """Tell how closely a range names a type: 0 not at all, 1 as anything, 2 as text/*, 3 itself, 4 and its profile."""
    wanted_type, wanted_profile = wanted
    main = bare.partition("/")[0]
    if wanted_type == bare:
        return 3 + bool(profile and profile in wanted_profile.split())
    return {"*/*": 1, f"{main}/*": 2}.get(wanted_type, 0)


def _parts(media_type: str) -> tuple[str, str]:
    bare, options = parse_options_header(media_type)
    return bare.lower(), options.get(_PROFILE, "")


def _named() -> str | None:
    return next((given for name in _FORMAT_NAMES if (given := one_value(request.args, name))), None)


def _offers() -> Iterable[tuple[str, Format]]:
    return ((one, form) for form in FORMATS for one in _types(form))


def _types(form: Format) -> tuple[str, ...]:
    return (form.media_type, *form.also)
