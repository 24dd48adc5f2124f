"""Two definitions compared: as JSON, and as text for people at a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, jsonify, request

from provstore.errors import Invalid
from provstore.web.forms import one_value
from provstore.web.jdl.revisions import Pair
from provstore.web.jdl.shapes import diff_json

__all__ = ["diff_text", "show_pair"]


def show_pair(pair: Pair) -> Response:
    """Answer with the differences of two definitions, as text where ``?format=text`` or Accept asks for it."""
    found = diff_json(pair.old, pair.new)
    if not _wants_text():
        response = jsonify(found)
    else:
        response = Response(diff_text(found), content_type="text/plain; charset=utf-8")
    response.vary.add("Accept")
    return response


def _wants_text() -> bool:
    named = one_value(request.args, "format") or ""
    if named not in {"", "json", "text"}:
        raise Invalid(f"format={named!r}: one of json, text is needed", field="format", value=named)
    if named:
        return named == "text"
    return request.accept_mimetypes.best_match(["application/json", "text/plain"]) == "text/plain"


def diff_text(found: Mapping[str, Any]) -> str:
    """Write differences as lines that a person can read, the scripts as unified diff."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"from {found['from'] or 'nothing'} to {found['to']}"
    if not found["differences"]:
        yield "no differences"
    for one in found["differences"]:
        if one["place"] != "script":
            yield from _place_lines(one["place"], one["before"], one["after"])
    if found["script"]:
        yield from ("", found["script"].rstrip("\n"))


def _place_lines(place: str, before: object, after: object) -> Iterator[str]:
    yield f"\n{place}"
    if before is not None:
        yield f"- {_shown(before)}"
    if after is not None:
        yield f"+ {_shown(after)}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
