"""Cypher over HTTP, for administrators: reading only, switched on by the setting ``cypher``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from provstore.errors import Forbidden, Invalid, NotFound, UnsupportedType
from provstore.graph.cypher import CypherReader, CypherStatement
from provstore.web.answers_json import answer_json
from provstore.web.forms import read_text
from provstore.web.site import caller, site

__all__ = ["cypher", "cypher_statement"]

cypher: Final = Blueprint("cypher", __name__, url_prefix="/prov")

_JSON: Final = "application/json"
_LONGEST: Final = 1e6
_MEMBERS: Final = ("statement", "parameters", "limit", "timeout")


@cypher.post("/cypher")
def ask_cypher() -> Response:
    """POST /prov/cypher: rows of a Cypher statement that only reads (administrators; the setting ``cypher``)."""
    if not caller().admin:
        raise Forbidden("Cypher is for administrators only")
    if not site().settings.cypher:
        raise NotFound("Cypher is switched off here: the setting PROVSTORE_CYPHER switches it on", field="cypher")
    store = site().store
    if not isinstance(store, CypherReader):
        raise Invalid("the graph of this server is the embedded SQLite store; Cypher needs Neo4j", field="graph_url")
    return jsonify(answer_json(store.cypher(_asked())))


def _asked() -> CypherStatement:
    if request.mimetype != _JSON:
        words = f"a body of type {request.mimetype or 'none'!r} is not read here; send {_JSON}"
        raise UnsupportedType(words, field="Content-Type", value=request.mimetype)
    try:
        body = json.loads(read_text(), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Invalid(f"malformed JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise Invalid("malformed JSON: it is nested too deeply, or holds what is no number of JSON") from error
    if not isinstance(body, dict):
        raise Invalid('an object with the member "statement" is needed', field="statement")
    return cypher_statement(body)


def _no_number(word: str) -> float:
    raise ValueError(word)


def cypher_statement(asked: Mapping[str, Any]) -> CypherStatement:
    """Read a statement with its parameters and limits, as they stand in a JSON object.

    Raises:
        Invalid: a member is unknown, missing, or of another type.
    """
    for name in sorted(set(asked) - set(_MEMBERS)):
        raise Invalid(f"unknown member {name!r}; known: {', '.join(_MEMBERS)}", field=name)
    given: dict[str, Any] = {
        "statement": _of(asked, "statement", str, "text"),
        "parameters": _of({"parameters": {}} | dict(asked), "parameters", dict, "an object"),
    }
    if "limit" in asked:
        given["limit"] = _of(asked, "limit", int, "a whole number")
    if "timeout" in asked:
        seconds = _of(asked, "timeout", (int, float), "a number of seconds")
        given["timeout"] = timedelta(seconds=max(-1.0, min(seconds, _LONGEST)))
    return CypherStatement(**given)


def _of(asked: Mapping[str, Any], name: str, sort: type | tuple[type, ...], words: str) -> Any:
    value = asked.get(name)
    if not isinstance(value, sort) or isinstance(value, bool):
        raise Invalid(f"{name}: {words} is needed", field=name)
    return value
