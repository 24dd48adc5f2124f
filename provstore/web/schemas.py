"""What the JSON of the API looks like (JSON Schema 2020-12), and the names of its XML: for ``/openapi.json``.

A member more in an answer breaks no client, so none is forbidden here; a test holds every answer to just these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provstore.accounts.callers import Scope
from provstore.uws.phases import Phase
from provstore.uws.publishing.proposals import State
from provstore.web.entity_schemas import ENTITY_SCHEMAS
from provstore.web.replay_schemas import REPLAY_SCHEMAS

__all__ = ["FLAG", "PHASE", "SCHEMAS", "TEXT", "YES_NO", "Schema", "items"]

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
_TEXT_OR_NONE: Final[Schema] = {"type": ["string", "null"]}
_ADDRESS: Final[Schema] = {"type": "string", "format": "uri"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_WHOLE_OR_NONE: Final[Schema] = {"type": ["integer", "null"]}
_NUMBER_OR_NONE: Final[Schema] = {"type": ["number", "null"]}
YES_NO: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time", "description": "UTC, milliseconds, Z"}
_TIME_OR_NONE: Final[Schema] = _TIME | {"type": ["string", "null"]}
PHASE: Final[Schema] = {"type": "string", "enum": [phase.value for phase in Phase]}
FLAG: Final[Schema] = {"type": "string", "enum": ["0", "1", "FALSE", "TRUE"]}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(members: Mapping[str, Schema], *, optional: Mapping[str, Schema] | None = None, words: str = "") -> Schema:
    """An object whose members are always there, and some that may be."""
    described = {"description": words} if words else {}
    return {
        "type": "object",
        **described,
        "properties": {**members, **(optional or {})},
        "required": list(members),
    }


def items(schema: Schema) -> Schema:
    """Give the schema of a list."""
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _list_of(name: str) -> Schema:
    key = _TEXT_OR_NONE | {"description": "where the next page begins, null at the end"}
    return _object({"items": items(_ref(name)), "next": key})


def _document(element: str, namespace: str) -> Schema:
    return {"type": "string", "description": f"an XML document with the root {element} of {namespace}"}


_UWS: Final = "http://www.ivoa.net/xml/UWS/v1.0"
_XML: Final = {
    "UwsJobDocument": _document("job", _UWS),
    "UwsJobsDocument": _document("jobs", _UWS),
    "UwsParametersDocument": _document("parameters", _UWS),
    "UwsResultsDocument": _document("results", _UWS),
    "VosiCapabilitiesDocument": _document("capabilities", "http://www.ivoa.net/xml/VOSICapabilities/v1.0"),
    "VosiAvailabilityDocument": _document("availability", "http://www.ivoa.net/xml/VOSIAvailability/v1.0"),
    "VotableDocument": _document("VOTABLE", "http://www.ivoa.net/xml/VOTable/v1.3"),
}

_SERVICE: Final = {"name": TEXT, "description": TEXT}
_PLACED: Final = {"service": TEXT, "runId": _TEXT_OR_NONE, "ownerId": _TEXT_OR_NONE, "creationTime": _TIME}

_RESULT: Final = {"id": TEXT, "href": _ADDRESS, "size": _WHOLE, "mimeType": TEXT, "sha256": TEXT}
_INFO: Final = {
    "description": TEXT | {"description": "the revision of the description that runs, name@number"},
    "executor": TEXT,
    "clusterAccount": _TEXT_OR_NONE | {"description": "its owner's account there; told to its owner and admins"},
    "resources": {"oneOf": [_map(TEXT), {"type": "null"}], "description": "what is asked of a cluster"},
    "ran": {"type": ["object", "null"], "description": "how it went through a cluster: its number there, nodes, times"},
    "waitsFor": _TEXT_OR_NONE | {"description": "what keeps a queued job from starting"},
    "queuePlace": _WHOLE_OR_NONE | {"description": "1 is the next"},
    "host": _TEXT_OR_NONE,
    "exitCode": _WHOLE_OR_NONE,
    "cpuSeconds": _NUMBER_OR_NONE,
    "maxMemory": _WHOLE_OR_NONE,
    "sweep": _TEXT_OR_NONE,
    "remarks": _TEXT_OR_NONE,
    "keptAt": _TIME_OR_NONE | {"description": "since when its files are kept; it has no destruction time then"},
    "history": items(_object({"phase": PHASE, "at": _TIME, "cause": TEXT})),
}
_JOB: Final = {
    "jobId": TEXT,
    "runId": _TEXT_OR_NONE,
    "ownerId": _TEXT_OR_NONE,
    "phase": PHASE,
    "quote": _TIME_OR_NONE,
    "creationTime": _TIME,
    "startTime": _TIME_OR_NONE,
    "endTime": _TIME_OR_NONE,
    "executionDuration": _WHOLE | {"description": "seconds; 0 is unlimited"},
    "destruction": _TIME_OR_NONE,
    "parameters": _map({"oneOf": [TEXT, items(TEXT)]}),
    "results": items(_ref("Result")),
    "errorSummary": {
        "oneOf": [
            _object({"type": {"enum": ["transient", "fatal"]}, "message": TEXT, "detail": TEXT}),
            {"type": "null"},
        ]
    },
    "jobInfo": _object(_INFO),
}
_NEW_JOB: Final = {
    "runId": TEXT,
    "executionDuration": {"type": ["integer", "string"]},
    "destruction": TEXT,
    "run": YES_NO | {"description": "true starts it at once"},
    "phase": {"enum": ["RUN"]},
}
_VALUES: Final = _map({"oneOf": [_SCALAR, items(_SCALAR)]})
_UWS_JSON: Final = {
    "Job": _object(_JOB),
    "JobReference": _object({"jobId": TEXT, "href": _ADDRESS, "phase": PHASE, **_PLACED}),
    "JobList": _list_of("JobReference"),
    "Parameters": _JOB["parameters"],
    "Result": _object(_RESULT),
    "ResultList": _list_of("Result"),
    "NewJob": _object({}, optional={"parameters": _VALUES, **_NEW_JOB}),
    "NewSweep": {
        "oneOf": [
            items(_VALUES) | {"description": "the parameters of each job"},
            _object({"sweep": items(_VALUES)}, optional={"common": _VALUES, **_NEW_JOB}),
        ]
    },
    "NewJobs": {"anyOf": [_ref("NewJob"), _ref("NewSweep")]},
    "Values": _VALUES,
    "Sweep": _object(
        {"sweepId": TEXT, "href": _ADDRESS, "total": _WHOLE, "phases": _map(_WHOLE), "jobs": _ADDRESS, **_PLACED}
    ),
    "SweepList": _list_of("Sweep"),
    "Share": _object({"reader": TEXT, "from": _TIME_OR_NONE, "visible": YES_NO}),
    "ShareList": _list_of("Share"),
    "Keeping": _object(
        {"keptAt": _TIME_OR_NONE, "destruction": _TIME_OR_NONE, "size": _WHOLE, "used": _WHOLE, "allowed": _WHOLE},
        words="whether its files are kept, what they take, and what its owner keeps and may keep, in bytes",
    ),
    "NewKeeping": _object({}, optional={"ACTION": {"enum": ["KEEP", "REMOVE"]}, "NEXT": TEXT}),
    "NewShare": _object({"READER": TEXT}, optional={"FROM": TEXT, "ACTION": {"enum": ["ADD", "REMOVE"]}}),
}

_LIMITS: Final = ("executionDuration", "destruction", "activeJobs", "disk", "diskUsed", "upload")
_SESSION: Final = {
    "name": TEXT | {"description": "empty for a visitor"},
    "admin": YES_NO,
    "roles": items(TEXT),
    "scope": {"enum": [scope.value for scope in Scope]},
    "csrf_token": _TEXT_OR_NONE | {"description": "to be sent as X-CSRF-Token with every change, for cookies only"},
    "expires": _TIME_OR_NONE,
    "limits": _object(dict.fromkeys(_LIMITS, _WHOLE), words="bytes and seconds; 0 is no limit"),
}
_TOKEN: Final = {
    "id": TEXT,
    "name": TEXT,
    "scope": {"enum": [scope.value for scope in Scope]},
    "created": _TIME_OR_NONE,
    "expires": _TIME_OR_NONE,
    "lastUsed": _TIME_OR_NONE,
}
_ACCOUNT: Final = {
    "name": TEXT,
    "admin": YES_NO,
    "active": YES_NO,
    "roles": items(TEXT),
    "password": YES_NO | {"description": "whether there is one"},
    "created": _TIME_OR_NONE,
}
_ACCOUNTS_JSON: Final = {
    "Session": _object(_SESSION),
    "SignIn": _object({"name": TEXT, "password": TEXT}, optional={"next": TEXT}),
    "Next": _object({}, optional={"next": TEXT}),
    "Ticket": _object({"href": _ADDRESS, "until": _TIME}),
    "Token": _object(_TOKEN),
    "TokenList": _list_of("Token"),
    "IssuedToken": _object({**_TOKEN, "token": TEXT | {"description": "shown this once"}}),
    "NewToken": _object({"name": TEXT}, optional={"scope": _TOKEN["scope"], "days": {"type": ["integer", "string"]}}),
    "NewPassword": _object({"password": TEXT}, optional={"current": TEXT}),
    "Account": _object(_ACCOUNT),
    "AccountList": _list_of("Account"),
    "NewAccount": _object({"name": TEXT}, optional={"admin": YES_NO}),
    "AccountChange": _object({}, optional={"active": YES_NO, "admin": YES_NO}),
    "Provider": _object({"name": TEXT, "label": TEXT, "login": _ADDRESS}),
    "ProviderList": _list_of("Provider"),
    "Identity": _object({"provider": _TEXT_OR_NONE, "issuer": TEXT, "subject": TEXT}),
    "IdentityList": _list_of("Identity"),
    "NewIdentity": _object({"provider": TEXT, "subject": TEXT}),
    "Role": _object({"role": TEXT | {"examples": ["curator:stack", "run:*"]}}),
}

_PERSON_OR_NONE: Final = _TEXT_OR_NONE | {"description": "an account for who has one, else a pseudonym"}
_WITHDRAWN: Final = _object({"at": _TIME, "by": _PERSON_OR_NONE, "message": TEXT})
_REVISION_FACTS: Final = {
    "created": _TIME,
    "author": _PERSON_OR_NONE,
    "validator": _PERSON_OR_NONE,
    "message": TEXT,
    "withdrawn": {"oneOf": [_WITHDRAWN, {"type": "null"}]},
}
_LISTED: Final = {
    **_SERVICE,
    "label": TEXT,
    "version": TEXT,
    "revision": TEXT | {"description": "the newest, name@number"},
    "revisions": _WHOLE,
    "group": TEXT,
    "keywords": items(TEXT),
    "contact": _object({"name": TEXT, "email": TEXT}),
    "modified": _TIME,
    "href": _ADDRESS,
    "form": _ADDRESS,
}
_STATE: Final[Schema] = {"type": "string", "enum": [state.value for state in State]}
_PROPOSAL: Final = {
    "id": TEXT,
    "service": TEXT,
    "state": _STATE,
    "base": _TEXT_OR_NONE | {"description": "the newest revision when it was made"},
    "author": _PERSON_OR_NONE,
    "message": TEXT,
    "created": _TIME,
    "decided": _TIME_OR_NONE,
    "decidedBy": _PERSON_OR_NONE,
    "decision": _TEXT_OR_NONE,
    "publishedAs": _TEXT_OR_NONE,
    "href": _ADDRESS,
    "diff": _ADDRESS,
    "form": _ADDRESS,
}
_READ: Final = {"dialect": TEXT, "problems": items(_ref("Problem")), "repairs": items(_ref("Repair"))}
_PROBLEM: Final = {"level": {"enum": ["error", "warning"]}, "place": TEXT, "text": TEXT}
_MESSAGE: Final = {"message": TEXT}
_JDL: Final[Mapping[str, Schema]] = {
    "Definition": {
        "type": "object",
        "description": "a job description, as docs/description.schema.json has it, and what is known of its revision",
        "required": ["name", "revision", *_REVISION_FACTS],
    },
    "NewDefinition": {"type": "object", "description": "as docs/description.schema.json has it, or as OPUS writes it"},
    "DefinitionReference": _object(
        _LISTED, optional={"proposals": _WHOLE | {"description": "open ones, for those who may propose"}}
    ),
    "DefinitionList": _list_of("DefinitionReference"),
    "Form": {
        "type": "object",
        "description": "what a form for a new job needs, as docs/form.md has it",
        "required": ["service", "action", "groups"],
    },
    "Revision": _object(
        {
            "revision": TEXT,
            "number": _WHOLE,
            "version": TEXT,
            **_REVISION_FACTS,
            "digest": TEXT | {"description": "SHA-256 of all that the description says"},
            "href": _ADDRESS,
        }
    ),
    "RevisionList": _list_of("Revision"),
    "Difference": _object({"place": TEXT, "before": {}, "after": {}}),
    "Differences": _object(
        {
            "from": _TEXT_OR_NONE,
            "to": TEXT,
            "differences": items(_ref("Difference")),
            "script": TEXT | {"description": "unified diff"},
        }
    ),
    "Problem": _object(_PROBLEM),
    "Repair": _object({"line": _WHOLE_OR_NONE, "what": TEXT, "how": TEXT}),
    "Checked": _object({"valid": YES_NO, "name": TEXT, "description": _ref("NewDefinition"), **_READ}),
    "Proposal": _object(_PROPOSAL),
    "NewProposal": _object({**_PROPOSAL, **_READ}),
    "ProposalWithDefinition": _object({**_PROPOSAL, "definition": _ref("NewDefinition")}),
    "ProposalList": _list_of("Proposal"),
    "Acceptance": _object({}, optional={**_MESSAGE, "against": TEXT}),
    "Rejection": _object(_MESSAGE),
    "Restoration": _object({"revision": {"type": ["integer", "string"]}}, optional=_MESSAGE),
    "Message": _object({}, optional=_MESSAGE),
}

_NODE: Final = {
    "id": TEXT,
    "class": items(TEXT),
    "label": TEXT,
    "attributes": {"type": "object"},
    "distance": _WHOLE,
}
_RELATION: Final = {"kind": TEXT, "source": TEXT, "target": TEXT, "role": _TEXT_OR_NONE, "time": _TEXT_OR_NONE}
_ERROR: Final = _object(
    {"kind": TEXT, "message": TEXT},
    optional={
        "field": TEXT,
        "value": TEXT,
        "problems": items(_ref("Problem")) | {"description": "all that is wrong with a job description"},
    },
)

SCHEMAS: Final[Mapping[str, Schema]] = {
    **_XML,
    **_UWS_JSON,
    **_ACCOUNTS_JSON,
    "Error": _object({"error": _ERROR}),
    "Health": _object({"status": {"enum": ["ok"]}, "version": TEXT}, optional={"draining": TEXT}),
    "Home": _object(
        {"provstore": TEXT, "services": items(_object({**_SERVICE, "jobs": _ADDRESS, "definition": _ADDRESS}))}
    ),
    **_JDL,
    **ENTITY_SCHEMAS,
    **REPLAY_SCHEMAS,
    "Graph": _object(
        {
            "nodes": items(_object(_NODE)),
            "relations": items(_object(_RELATION)),
            "truncated": YES_NO,
            "restricted": YES_NO,
        }
    ),
    "CypherStatement": _object(
        {"statement": TEXT},
        optional={"parameters": {"type": "object"}, "limit": _WHOLE, "timeout": {"type": "number"}},
    ),
    "Rows": _object({"columns": items(TEXT), "rows": items(items({})), "truncated": YES_NO}),
    "Import": _object(
        {
            "document": {"type": ["string", "null"]},
            **{name: {"type": "integer"} for name in ("records", "nodes", "relations")},
            **{name: items(TEXT) for name in ("conflicts", "remarks")},
        }
    ),
    "Recognition": _object({"likeness": TEXT, "sha256": TEXT, "items": items(_object({"id": TEXT}))}),
    "Document": _object({"document": TEXT, "href": _ADDRESS, "name": TEXT, "format": TEXT}),
    "DocumentList": _list_of("Document"),
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
}
"""Everything that is sent or answered, by name."""
