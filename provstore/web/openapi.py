"""The description of the API (OpenAPI 3.1), made of the application's routes and what their views say of themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, jsonify
from werkzeug.routing import Rule

from provstore import __version__
from provstore.settings import Settings
from provstore.web.access import COOKIE, serves_anonymous
from provstore.web.operations import OPERATIONS, Content, Operation
from provstore.web.query_words import QUERIES
from provstore.web.schemas import SCHEMAS, Schema
from provstore.web.site import base_url, site

__all__ = ["describe", "endpoint_of", "is_described", "openapi"]

openapi: Final = Blueprint("openapi", __name__)

_PART: Final = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<options>[^)]*)\))?:)?(?P<name>\w+)>")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PEOPLE: Final = frozenset(
    {
        "pages",
        "account_page",
        "administration",
        "people",
        "job_list",
        "new_job",
        "job_page",
        "previews",
        "annotating",
        "definitions",
        "definition_editor",
        "graph_page",
        "searching",
        "product",
        "tracing",
        "affected",
        "comparing",
        "staleness",
        "replaying",
        "document_pages",
    }
)
"""Blueprints of pages."""
_FILES: Final = frozenset({"static", "icon"})
_PAGE: Final = Operation(answers={200: {"text/html": ""}})
_ANYTHING: Final = Operation(answers={200: {"*/*": ""}})
_REFUSALS: Final[Mapping[str, str]] = {
    "4XX": "The request is refused; the message says what was wrong and what would be right.",
    "5XX": "The server can't answer now (503, with Retry-After), or failed.",
}
_WORDS: Final = {
    200: "As asked for.",
    201: "Made; Location has its address.",
    204: "Done.",
    206: "The part asked for by Range.",
    302: "Location has the address to go on to.",
    303: "Done; Location has the address to go on to.",
    304: "The caller has it already (ETag).",
}


@openapi.get("/openapi.json")
def show_description() -> Response:
    """GET /openapi.json: this description."""
    return jsonify(describe(current_app, site().settings, base_url()))


def describe(app: Flask, settings: Settings, address: str) -> dict[str, Any]:
    """Give the OpenAPI document of an application, as it is reached at an address."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if is_described(rule.endpoint):
            path = _PART.sub(lambda part: "{" + part["name"] + "}", rule.rule)
            paths.setdefault(path, {}).update(_operations(rule, app.view_functions[rule.endpoint]))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "provstore",
            "version": __version__,
            "description": "A UWS 1.1 job service whose record is a provenance graph.",
        },
        "servers": [{"url": address}],
        "security": [*([{}] if serves_anonymous(settings) else []), {"bearer": []}, {"basic": []}, {"session": []}],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS), "securitySchemes": _schemes(settings)},
    }


def is_described(endpoint: str) -> bool:
    """Tell whether an endpoint belongs to the API: files of pages do not."""
    return endpoint.rpartition(".")[2] not in _FILES


def endpoint_of(endpoint: str) -> str:
    """Give the name under which an endpoint has its row."""
    return re.sub(r"^rest\.", "uws.", endpoint)


def _operation(endpoint: str) -> Operation:
    known = OPERATIONS.get(endpoint_of(endpoint))
    return known or (_PAGE if endpoint.partition(".")[0] in _PEOPLE else _ANYTHING)


def _operations(rule: Rule, view: Callable[..., Any]) -> Iterator[tuple[str, Schema]]:
    known = _operation(rule.endpoint)
    words = " ".join((view.__doc__ or "").split("\n\n")[0].split())
    for method in (one for one in _METHODS if one in (rule.methods or ())):
        described: Schema = {
            "operationId": f"{rule.endpoint}.{method.lower()}",
            "summary": view.__name__.replace("_", " ").capitalize(),
            "description": words,
            "tags": [rule.endpoint.rpartition(".")[0] or "operation"],
            "parameters": [*_path_parameters(rule.rule), *_query_parameters(known)],
            "responses": _responses(known),
        }
        if known.body and method != "GET":
            described["requestBody"] = {"content": _content(known.body)}
        if known.open:
            described["security"] = [{}]
        yield method.lower(), described


def _path_parameters(rule: str) -> Iterator[Schema]:
    for part in _PART.finditer(rule):
        schema: Schema = {"type": "string"}
        if part["kind"] == "any":
            schema["enum"] = [one.strip() for one in part["options"].split(",")]
        yield {"name": part["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(known: Operation) -> Iterator[Schema]:
    for name in known.query:
        schema, words = QUERIES[name]
        yield {"name": name, "in": "query", "description": words, "schema": schema}
    for name, words in known.words.items():
        yield {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
    if known.free_query:
        words = "jobs with these values of the service's parameters"
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
        yield {"name": "parameters", "in": "query", "description": words, "style": "form", "explode": True} | {
            "schema": schema
        }


def _responses(known: Operation) -> Schema:
    answers = {str(status): _answer(status, content) for status, content in known.answers.items()}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}, "text/plain": {}}
    return answers | {status: {"description": words, "content": error} for status, words in _REFUSALS.items()}


def _answer(status: int, content: Content) -> Schema:
    answer: Schema = {"description": _WORDS[status]}
    if status in {201, 302, 303}:
        answer["headers"] = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}
    if content:
        answer["content"] = _content(content)
    return answer


def _content(content: Content) -> Schema:
    return {
        media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}} if name else {}
        for media_type, name in content.items()
    }


def _schemes(settings: Settings) -> Schema:
    schemes: Schema = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "a personal token, or one of a provider below"},
        "basic": {"type": "http", "scheme": "basic", "description": "a personal token as the password"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "changes need X-CSRF-Token"},
    }
    for provider in settings.oidc:
        place = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        schemes[f"oidc-{provider.name}"] = {"type": "openIdConnect", "openIdConnectUrl": place}
    return schemes
