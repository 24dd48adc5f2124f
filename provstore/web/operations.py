"""What each route takes and answers: one row a view, read by ``openapi.py``; a test asks for a row of every route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provstore.queries.asking import Question
from provstore.queries.catalog import QUESTIONS
from provstore.queries.questions.obscore import SELECTION

__all__ = ["OPERATIONS", "Content", "Operation"]

Content = Mapping[str, str]
"""Media type -> name of its schema, "" for bytes or text of no further form."""

_JSON: Final = "application/json"
_XML: Final = "text/xml"
_TEXT: Final[Content] = {"text/plain": ""}
_BYTES: Final[Content] = {"*/*": ""}
_EVENTS: Final[Content] = {"text/event-stream": ""}
_FORM: Final = "application/x-www-form-urlencoded"
_UPLOAD: Final = "multipart/form-data"
_NO_CONTENT: Final[Content] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One view: what it answers when all is well, by status; the body it reads; the query it understands.

    ``words``: further names of the query, each with what it means. ``open``: it needs nobody to sign in, wherever it
    runs. ``free_query``: further names are the service's own.
    """

    answers: Mapping[int, Content]
    body: Content = field(default_factory=dict)
    query: tuple[str, ...] = ()
    open: bool = False
    free_query: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


def _shows(content: Content, *query: str, free: bool = False) -> Operation:
    return Operation(answers={200: content}, query=query, free_query=free)


def _json(schema: str) -> Content:
    return {_JSON: schema}


def _either(document: str, schema: str) -> Content:
    return {_XML: document, _JSON: schema}


def _form(schema: str = "") -> Content:
    return {_FORM: schema}


def _fields(schema: str) -> Content:
    return {_FORM: schema, _JSON: schema}


def _leads_on(body: Content | None = None) -> Operation:
    """It answers 303, with the address to go on to in Location."""
    return Operation(answers={303: _NO_CONTENT}, body=body or {})


def _makes(schema: str, body: str) -> Operation:
    return Operation(answers={201: _json(schema)}, body=_fields(body))


_GONE: Final = Operation(answers={204: _NO_CONTENT})
_OF_A_LIST: Final = ("PHASE", "AFTER", "LAST", "RUNID", "SWEEP", "OWNER", "LIMIT", "NEXT")
_OF_PROVENANCE: Final = ("format", "depth", "descriptions", "model")
_OF_PROVSAP: Final = (
    *("ID", "DEPTH", "DIRECTION", "RESPONSEFORMAT", "MODEL", "AGENTS", "AGENT", "MEMBERS"),
    *("DESCRIPTIONS", "CONFIGURATION", "ATTRIBUTES"),
)
_NEW_JOBS: Final[Content] = {_FORM: "", _UPLOAD: "", _JSON: "NewJobs", "text/csv": ""}
_DEFINITION: Final[Content] = {
    "application/x-votable+xml": "VotableDocument",
    _JSON: "Definition",
    "text/x-shellscript": "",
    "text/plain": "",
}
_NEW_DEFINITION: Final[Content] = {
    "application/x-votable+xml": "VotableDocument",
    _XML: "",
    _JSON: "NewDefinition",
    "text/plain": "",
    _UPLOAD: "",
    _FORM: "",
}
_OF_GRAPH: Final = {
    "id": "where to start: a local part, a QName or a URI; it may be repeated",
    "depth": "a number of relations from there, or all; 2 where it is not given",
    "direction": "up to causes, down to effects, or both",
    "view": "full, data (only data and what they come from), or w3c (agents are nodes)",
    "open": "up: or down: and the id of a node whose neighbours are wanted, out: and one taken out of its group; "
    "it may be repeated, in the order in which it was done",
    "limit": "at most so many nodes, the nearest; 300 where it is not given, 2000 at most",
    "kind": "of pictures and documents: only nodes of these kinds (activity, entity, collection, value, agent)",
    "service": "of pictures and documents: only jobs of this service, and what they used and made",
    "agent": "of pictures and documents: only what this person or program did",
    "since": "of pictures and documents: nothing older",
    "until": "of pictures and documents: nothing younger",
}
_PROVENANCE: Final[Content] = {
    "application/json": "",
    "application/xml": "",
    "text/provenance-notation": "",
    "image/svg+xml": "",
    "*/*": "",
}

_OPERATIONS: Final[Mapping[str, Operation]] = {
    # operation
    "show_metrics": _shows(_TEXT),
    "operation.show_health": Operation(answers={200: _json("Health")}, open=True),
    "operation.show_home": _shows(_json("Home")),
    "operation.show_id": Operation(answers={303: _NO_CONTENT}, query=("format",)),
    "openapi.show_description": Operation(answers={200: _json("OpenApi")}, open=True),
    "vosi.show_capabilities": Operation(answers={200: {_XML: "VosiCapabilitiesDocument"}}, open=True),
    "vosi.show_availability": Operation(answers={200: {_XML: "VosiAvailabilityDocument"}}, open=True),
    "signals.receive": Operation(answers={204: _NO_CONTENT}, body={_JSON: ""}),
    # lists and sweeps
    "uws.list_all_jobs": _shows(_either("UwsJobsDocument", "JobList"), *_OF_A_LIST, "SERVICE", free=True),
    "uws.list_jobs": _shows(_either("UwsJobsDocument", "JobList"), *_OF_A_LIST, free=True),
    "uws.create_job": Operation(
        answers={303: _NO_CONTENT},
        body=_NEW_JOBS,
        words={"from": "a job of the service, to run again but for the rest"},
    ),
    "uws.list_sweeps": _shows(_json("SweepList"), "LIMIT", "NEXT"),
    "uws.show_sweep": _shows(_either("UwsJobsDocument", "Sweep")),
    "uws.act_on_sweep": _leads_on(_form()),
    "uws.delete_sweep": _leads_on(),
    "uws.change_phase_of_sweep": _leads_on(_form()),
    # a job
    "uws.show_job": _shows(_either("UwsJobDocument", "Job"), "WAIT", "PHASE"),
    "uws.change_job": _leads_on(_fields("Values")),
    "uws.delete_job": _leads_on(),
    "uws.show_phase": _shows(_TEXT),
    "uws.change_phase": _leads_on(_form()),
    "uws.show_execution_duration": _shows(_TEXT),
    "uws.change_execution_duration": _leads_on(_form()),
    "uws.show_destruction": _shows(_TEXT),
    "uws.change_destruction": _leads_on(_form()),
    "uws.show_quote": _shows(_TEXT),
    "uws.show_owner": _shows(_TEXT),
    "uws.show_error": _shows(_TEXT),
    "uws.show_parameters": _shows(_either("UwsParametersDocument", "Parameters")),
    "uws.set_parameters": _leads_on(_fields("Values")),
    "uws.show_parameter": _shows({"text/plain": "", "*/*": ""}, "item"),
    "uws.set_parameter": _leads_on({_FORM: "", "text/plain": ""}),
    "uws.show_results": _shows(_either("UwsResultsDocument", "ResultList")),
    "uws.show_result": Operation(answers={200: _BYTES, 206: _BYTES, 304: _NO_CONTENT}),
    "uws.show_output": Operation(
        answers={200: _TEXT, 206: _TEXT}, query=("lines", "follow"), words={"from": "the byte to begin at"}
    ),
    "uws.show_provenance": _shows(_PROVENANCE, *_OF_PROVENANCE),
    "uws.show_provenance_as": _shows(_PROVENANCE),
    "uws.show_provenance_part": _shows(_PROVENANCE, "format", "model"),
    "uws.show_sharing": _shows(_json("ShareList")),
    "uws.change_sharing": Operation(answers={200: _json("ShareList")}, body=_fields("NewShare")),
    "uws.show_keeping": _shows(_json("Keeping")),
    "uws.change_keeping": Operation(answers={200: _json("Keeping")}, body=_fields("NewKeeping")),
    "uws.show_events": _shows(_EVENTS, "since", "WAIT"),
    "events.show_all_events": _shows(_EVENTS, "since", "WAIT"),
    # descriptions, the graph, files
    "jdl.list_descriptions": Operation(
        answers={200: _json("DefinitionList"), 304: _NO_CONTENT}, query=("q", "withdrawn")
    ),
    "jdl.show_description": Operation(answers={200: _DEFINITION, 304: _NO_CONTENT}, query=("format",)),
    "jdl.show_description_as": Operation(answers={200: _DEFINITION, 304: _NO_CONTENT}),
    "jdl.show_form": Operation(answers={200: _json("Form"), 304: _NO_CONTENT}),
    "jdl.show_history": Operation(answers={200: _json("RevisionList"), 304: _NO_CONTENT}),
    "jdl.show_diff": _shows({_JSON: "Differences", "text/plain": ""}, "from", "to", "format"),
    "jdl.validate": Operation(answers={200: _json("Checked")}, body=_NEW_DEFINITION, query=("name", "strict")),
    "jdl.convert": Operation(
        answers={200: {"application/x-votable+xml": "VotableDocument", _JSON: "NewDefinition"}},
        body=_NEW_DEFINITION,
        query=("to", "name", "strict"),
    ),
    "proposals.propose": Operation(
        answers={201: _json("NewProposal")}, body=_NEW_DEFINITION, query=("message", "name", "strict", "base")
    ),
    "proposals.list_proposals": _shows(_json("ProposalList"), "service", "state", "limit", "next"),
    "proposals.show_proposal": _shows(
        {_JSON: "ProposalWithDefinition", "application/x-votable+xml": "VotableDocument", "text/x-shellscript": ""},
        "format",
    ),
    "proposals.show_diff": _shows({_JSON: "Differences", "text/plain": ""}, "against", "format"),
    "proposals.show_form": _shows(_json("Form")),
    "proposals.accept": Operation(answers={200: _json("Revision"), 303: _NO_CONTENT}, body=_fields("Acceptance")),
    "proposals.reject": Operation(answers={200: _json("Proposal"), 303: _NO_CONTENT}, body=_fields("Rejection")),
    "proposals.retract_by_form": Operation(answers={200: _json("Proposal"), 303: _NO_CONTENT}, body=_fields("Message")),
    "proposals.retract": Operation(answers={204: _NO_CONTENT}, query=("message",)),
    "proposals.restore": Operation(answers={201: _json("Revision"), 303: _NO_CONTENT}, body=_fields("Restoration")),
    "proposals.withdraw_by_form": Operation(
        answers={200: _json("Revision"), 303: _NO_CONTENT}, body=_fields("Message")
    ),
    "proposals.withdraw": Operation(answers={204: _NO_CONTENT}, query=("message",)),
    "documents.bring": Operation(
        answers={201: _json("Import"), 200: _json("Import"), 303: _NO_CONTENT},
        body={"*/*": "", _UPLOAD: ""},
        query=("format", "name", "strict", "public", "dry_run"),
    ),
    "embedding.tell_which": Operation(answers={200: _json("Recognition")}, body={"*/*": "", _UPLOAD: ""}),
    "documents.show_list": _shows(_json("DocumentList"), "limit", "after"),
    "documents.show": _shows(_PROVENANCE, "format"),
    "documents.forget": _GONE,
    "entities.register": Operation(
        answers={200: _json("Registered"), 201: _json("Registered")},
        body={_JSON: "", "text/csv": "", "application/x-ndjson": "", "application/x-votable+xml": "", _UPLOAD: ""},
        query=("public", "dry_run"),
    ),
    "entities.show_annotations": _shows(_json("AnnotationList")),
    "entities.annotate": Operation(answers={201: _json("Annotation")}, body={_FORM: "", _JSON: ""}, query=("public",)),
    "obscore.show_table": Operation(
        answers={200: {"application/x-votable+xml": "VotableDocument"}},
        words={one.name: one.text for one in SELECTION},
        query=("MAXREC", "COLUMNS"),
    ),
    "replays.plan_replay": Operation(
        answers={200: {_JSON: "ReplayPlan", "text/csv": "", "*/*": ""}, 201: _json("Replay"), 303: _NO_CONTENT},
        body=_fields("NewReplay"),
        query=("format", "model"),
    ),
    "replays.list_replays": _shows(_json("ReplayList"), "limit", "after"),
    "replays.show_replay": _shows({_JSON: "Replay", "text/csv": "", "*/*": ""}, "format", "model"),
    "replays.run_replay": Operation(answers={200: _json("Replay"), 303: _NO_CONTENT}, body=_fields("ReplayJobs")),
    "replays.stop_replay": Operation(answers={200: _json("Replay"), 303: _NO_CONTENT}, body=_fields("ReplayStop")),
    "replays.accept_replay": Operation(answers={200: _json("Replay"), 303: _NO_CONTENT}, body=_form()),
    "cypher.ask_cypher": Operation(answers={200: _json("Rows")}, body=_json("CypherStatement")),
    "graph_data.show_nodes": Operation(answers={200: _json("")}, words=_OF_GRAPH),
    "graph_data.show_document": Operation(answers={200: _PROVENANCE}, query=("format",), words=_OF_GRAPH),
    "provsap.show_provenance": Operation(answers={200: _PROVENANCE}, query=_OF_PROVSAP, body=_form()),
    "datalink.show_links": Operation(
        answers={200: {"application/x-votable+xml": "VotableDocument"}},
        query=("ID", "RESPONSEFORMAT", "MAXREC"),
        body=_form(),
    ),
    "store.show_entity": Operation(
        answers={200: _BYTES, 206: _BYTES, 304: _NO_CONTENT},
        query=("embed",),
        words={"ticket": "what POST to /store/{entity}/tickets gave: lets somebody else read this file for minutes"},
    ),
    "store.make_ticket": Operation(answers={201: _json("Ticket")}),
    "previews.show_picture": Operation(
        answers={200: {"image/png": ""}, 304: _NO_CONTENT},
        words={
            "id": "a product: PNG, JPEG, GIF, WebP, or FITS with an image",
            "size": "pixels of the longer side, 320 by default",
            "hdu": "of FITS: the part, from 0 on; without it the first that has something to see",
            "plane": "of FITS: the plane of a cube, from 0 on",
            "stretch": "of FITS: linear, sqrt, log or asinh",
            "cut": "of FITS: the percentage of values that get a shade of their own, 99.5 by default",
        },
    ),
    # people
    "sessions.show_session": _shows(_json("Session")),
    "sessions.begin": Operation(answers={200: _json("Session"), 303: _NO_CONTENT}, body=_fields("SignIn"), open=True),
    "sessions.end": _GONE,
    "sessions.end_by_form": _leads_on(_fields("Next")),
    "oidc.list_providers": Operation(answers={200: _json("ProviderList")}, open=True),
    "oidc.begin": Operation(answers={302: _NO_CONTENT}, query=("next",), open=True),
    "oidc.finish": Operation(answers={303: _NO_CONTENT}, query=("state", "code", "error", "iss"), open=True),
    "oidc.list_identities": _shows(_json("IdentityList")),
    "oidc.link": Operation(answers={200: _json("IdentityList")}, body=_fields("NewIdentity")),
    "oidc.unlink": Operation(answers={204: _NO_CONTENT}, body=_fields("NewIdentity")),
    "account.list_tokens": _shows(_json("TokenList")),
    "account.create_token": _makes("IssuedToken", "NewToken"),
    "account.revoke_token": _GONE,
    "account.change_password": Operation(
        answers={200: _json("Session"), 204: _NO_CONTENT}, body=_fields("NewPassword")
    ),
    "account.list_accounts": _shows(_json("AccountList"), "limit", "next"),
    "account.create_account": _makes("Account", "NewAccount"),
    "account.show_account": _shows(_json("Account")),
    "account.change_account": Operation(answers={200: _json("Account")}, body=_fields("AccountChange")),
    "account.grant_role": Operation(answers={200: _json("Account")}, body=_fields("Role")),
    "account.take_role": _shows(_json("Account"), "role"),
    "account.list_tokens_of": _shows(_json("TokenList")),
    "account.create_token_for": _makes("IssuedToken", "NewToken"),
    "account.revoke_token_of": _GONE,
}


def _question(question: Question) -> Operation:
    words = {one.name: one.text for one in question.parameters}
    answers: Content = {_JSON: "Graph" if question.name == "lineage" else "", "text/csv": "", "*/*": ""}
    return Operation(answers={200: answers}, words=words, query=("format", "model"), body=_form())


OPERATIONS: Final[Mapping[str, Operation]] = {
    **_OPERATIONS,
    **{f"questions.{one.name}": _question(one) for one in QUESTIONS},
}
"""Endpoint -> what it takes and answers. ``rest.…`` is a second mount of ``uws.…``; pages for people need no row."""
