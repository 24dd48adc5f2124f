"""What the JSON of the API looks like (JSON Schema 2020-12), and the names of its XML: for ``/openapi.json``.

A member more in an answer breaks no client, so none is forbidden here; a test holds every answer to just these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provstore.accounts.callers import Scope
from provstore.uws.phases import Phase
from provstore.uws.publishing.proposals import State

__all__ = ["QUERIES", "SCHEMAS", "Schema"]

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXT_OR_NONE: Final[Schema] = {"type": ["string", "null"]}
_ADDRESS: Final[Schema] = {"type": "string", "format": "uri"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_WHOLE_OR_NONE: Final[Schema] = {"type": ["integer", "null"]}
_NUMBER_OR_NONE: Final[Schema] = {"type": ["number", "null"]}
_YES_NO: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time", "description": "UTC, milliseconds, Z"}
_TIME_OR_NONE: Final[Schema] = _TIME | {"type": ["string", "null"]}
_PHASE: Final[Schema] = {"type": "string", "enum": [phase.value for phase in Phase]}
_FLAG: Final[Schema] = {"type": "string", "enum": ["0", "1", "FALSE", "TRUE"]}
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


def _items(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _list_of(name: str) -> Schema:
    key = _TEXT_OR_NONE | {"description": "where the next page begins, null at the end"}
    return _object({"items": _items(_ref(name)), "next": key})


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

_SERVICE: Final = {"name": _TEXT, "description": _TEXT}
_PLACED: Final = {"service": _TEXT, "runId": _TEXT_OR_NONE, "ownerId": _TEXT_OR_NONE, "creationTime": _TIME}

_RESULT: Final = {"id": _TEXT, "href": _ADDRESS, "size": _WHOLE, "mimeType": _TEXT, "sha256": _TEXT}
_INFO: Final = {
    "description": _TEXT | {"description": "the revision of the description that runs, name@number"},
    "executor": _TEXT,
    "clusterAccount": _TEXT_OR_NONE | {"description": "its owner's account there; told to its owner and admins"},
    "resources": {"oneOf": [_map(_TEXT), {"type": "null"}], "description": "what is asked of a cluster"},
    "ran": {"type": ["object", "null"], "description": "how it went through a cluster: its number there, nodes, times"},
    "waitsFor": _TEXT_OR_NONE | {"description": "what keeps a queued job from starting"},
    "queuePlace": _WHOLE_OR_NONE | {"description": "1 is the next"},
    "host": _TEXT_OR_NONE,
    "exitCode": _WHOLE_OR_NONE,
    "cpuSeconds": _NUMBER_OR_NONE,
    "maxMemory": _WHOLE_OR_NONE,
    "sweep": _TEXT_OR_NONE,
    "remarks": _TEXT_OR_NONE,
    "history": _items(_object({"phase": _PHASE, "at": _TIME, "cause": _TEXT})),
}
_JOB: Final = {
    "jobId": _TEXT,
    "runId": _TEXT_OR_NONE,
    "ownerId": _TEXT_OR_NONE,
    "phase": _PHASE,
    "quote": _TIME_OR_NONE,
    "creationTime": _TIME,
    "startTime": _TIME_OR_NONE,
    "endTime": _TIME_OR_NONE,
    "executionDuration": _WHOLE | {"description": "seconds; 0 is unlimited"},
    "destruction": _TIME_OR_NONE,
    "parameters": _map({"oneOf": [_TEXT, _items(_TEXT)]}),
    "results": _items(_ref("Result")),
    "errorSummary": {
        "oneOf": [
            _object({"type": {"enum": ["transient", "fatal"]}, "message": _TEXT, "detail": _TEXT}),
            {"type": "null"},
        ]
    },
    "jobInfo": _object(_INFO),
}
_NEW_JOB: Final = {
    "runId": _TEXT,
    "executionDuration": {"type": ["integer", "string"]},
    "destruction": _TEXT,
    "run": _YES_NO | {"description": "true starts it at once"},
    "phase": {"enum": ["RUN"]},
}
_VALUES: Final = _map({"oneOf": [_SCALAR, _items(_SCALAR)]})
_UWS_JSON: Final = {
    "Job": _object(_JOB),
    "JobReference": _object({"jobId": _TEXT, "href": _ADDRESS, "phase": _PHASE, **_PLACED}),
    "JobList": _list_of("JobReference"),
    "Parameters": _JOB["parameters"],
    "Result": _object(_RESULT),
    "ResultList": _list_of("Result"),
    "NewJob": _object({}, optional={"parameters": _VALUES, **_NEW_JOB}),
    "NewSweep": {
        "oneOf": [
            _items(_VALUES) | {"description": "the parameters of each job"},
            _object({"sweep": _items(_VALUES)}, optional={"common": _VALUES, **_NEW_JOB}),
        ]
    },
    "NewJobs": {"anyOf": [_ref("NewJob"), _ref("NewSweep")]},
    "Values": _VALUES,
    "Sweep": _object(
        {"sweepId": _TEXT, "href": _ADDRESS, "total": _WHOLE, "phases": _map(_WHOLE), "jobs": _ADDRESS, **_PLACED}
    ),
    "SweepList": _list_of("Sweep"),
    "Share": _object({"reader": _TEXT, "from": _TIME_OR_NONE, "visible": _YES_NO}),
    "ShareList": _list_of("Share"),
    "NewShare": _object({"READER": _TEXT}, optional={"FROM": _TEXT, "ACTION": {"enum": ["ADD", "REMOVE"]}}),
}

_LIMITS: Final = ("executionDuration", "destruction", "activeJobs", "disk", "diskUsed", "upload")
_SESSION: Final = {
    "name": _TEXT | {"description": "empty for a visitor"},
    "admin": _YES_NO,
    "roles": _items(_TEXT),
    "scope": {"enum": [scope.value for scope in Scope]},
    "csrf_token": _TEXT_OR_NONE | {"description": "to be sent as X-CSRF-Token with every change, for cookies only"},
    "expires": _TIME_OR_NONE,
    "limits": _object(dict.fromkeys(_LIMITS, _WHOLE), words="bytes and seconds; 0 is no limit"),
}
_TOKEN: Final = {
    "id": _TEXT,
    "name": _TEXT,
    "scope": {"enum": [scope.value for scope in Scope]},
    "created": _TIME_OR_NONE,
    "expires": _TIME_OR_NONE,
    "lastUsed": _TIME_OR_NONE,
}
_ACCOUNT: Final = {
    "name": _TEXT,
    "admin": _YES_NO,
    "active": _YES_NO,
    "roles": _items(_TEXT),
    "password": _YES_NO | {"description": "whether there is one"},
    "created": _TIME_OR_NONE,
}
_ACCOUNTS_JSON: Final = {
    "Session": _object(_SESSION),
    "SignIn": _object({"name": _TEXT, "password": _TEXT}, optional={"next": _TEXT}),
    "Next": _object({}, optional={"next": _TEXT}),
    "Token": _object(_TOKEN),
    "TokenList": _list_of("Token"),
    "IssuedToken": _object({**_TOKEN, "token": _TEXT | {"description": "shown this once"}}),
    "NewToken": _object({"name": _TEXT}, optional={"scope": _TOKEN["scope"], "days": {"type": ["integer", "string"]}}),
    "NewPassword": _object({"password": _TEXT}, optional={"current": _TEXT}),
    "Account": _object(_ACCOUNT),
    "AccountList": _list_of("Account"),
    "NewAccount": _object({"name": _TEXT}, optional={"admin": _YES_NO}),
    "AccountChange": _object({}, optional={"active": _YES_NO, "admin": _YES_NO}),
    "Provider": _object({"name": _TEXT, "label": _TEXT, "login": _ADDRESS}),
    "ProviderList": _list_of("Provider"),
    "Identity": _object({"provider": _TEXT_OR_NONE, "issuer": _TEXT, "subject": _TEXT}),
    "IdentityList": _list_of("Identity"),
    "NewIdentity": _object({"provider": _TEXT, "subject": _TEXT}),
    "Role": _object({"role": _TEXT | {"examples": ["curator:stack", "run:*"]}}),
}

_PERSON_OR_NONE: Final = _TEXT_OR_NONE | {"description": "an account for who has one, else a pseudonym"}
_WITHDRAWN: Final = _object({"at": _TIME, "by": _PERSON_OR_NONE, "message": _TEXT})
_REVISION_FACTS: Final = {
    "created": _TIME,
    "author": _PERSON_OR_NONE,
    "validator": _PERSON_OR_NONE,
    "message": _TEXT,
    "withdrawn": {"oneOf": [_WITHDRAWN, {"type": "null"}]},
}
_LISTED: Final = {
    **_SERVICE,
    "label": _TEXT,
    "version": _TEXT,
    "revision": _TEXT | {"description": "the newest, name@number"},
    "revisions": _WHOLE,
    "group": _TEXT,
    "keywords": _items(_TEXT),
    "contact": _object({"name": _TEXT, "email": _TEXT}),
    "modified": _TIME,
    "href": _ADDRESS,
    "form": _ADDRESS,
}
_STATE: Final[Schema] = {"type": "string", "enum": [state.value for state in State]}
_PROPOSAL: Final = {
    "id": _TEXT,
    "service": _TEXT,
    "state": _STATE,
    "base": _TEXT_OR_NONE | {"description": "the newest revision when it was made"},
    "author": _PERSON_OR_NONE,
    "message": _TEXT,
    "created": _TIME,
    "decided": _TIME_OR_NONE,
    "decidedBy": _PERSON_OR_NONE,
    "decision": _TEXT_OR_NONE,
    "publishedAs": _TEXT_OR_NONE,
    "href": _ADDRESS,
    "diff": _ADDRESS,
    "form": _ADDRESS,
}
_READ: Final = {"dialect": _TEXT, "problems": _items(_ref("Problem")), "repairs": _items(_ref("Repair"))}
_PROBLEM: Final = {"level": {"enum": ["error", "warning"]}, "place": _TEXT, "text": _TEXT}
_MESSAGE: Final = {"message": _TEXT}
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
            "revision": _TEXT,
            "number": _WHOLE,
            "version": _TEXT,
            **_REVISION_FACTS,
            "digest": _TEXT | {"description": "SHA-256 of all that the description says"},
            "href": _ADDRESS,
        }
    ),
    "RevisionList": _list_of("Revision"),
    "Difference": _object({"place": _TEXT, "before": {}, "after": {}}),
    "Differences": _object(
        {
            "from": _TEXT_OR_NONE,
            "to": _TEXT,
            "differences": _items(_ref("Difference")),
            "script": _TEXT | {"description": "unified diff"},
        }
    ),
    "Problem": _object(_PROBLEM),
    "Repair": _object({"line": _WHOLE_OR_NONE, "what": _TEXT, "how": _TEXT}),
    "Checked": _object({"valid": _YES_NO, "name": _TEXT, "description": _ref("NewDefinition"), **_READ}),
    "Proposal": _object(_PROPOSAL),
    "NewProposal": _object({**_PROPOSAL, **_READ}),
    "ProposalWithDefinition": _object({**_PROPOSAL, "definition": _ref("NewDefinition")}),
    "ProposalList": _list_of("Proposal"),
    "Acceptance": _object({}, optional={**_MESSAGE, "against": _TEXT}),
    "Rejection": _object(_MESSAGE),
    "Restoration": _object({"revision": {"type": ["integer", "string"]}}, optional=_MESSAGE),
    "Message": _object({}, optional=_MESSAGE),
}

_NODE: Final = {
    "id": _TEXT,
    "class": _items(_TEXT),
    "label": _TEXT,
    "attributes": {"type": "object"},
    "distance": _WHOLE,
}
_RELATION: Final = {"kind": _TEXT, "source": _TEXT, "target": _TEXT, "role": _TEXT_OR_NONE, "time": _TEXT_OR_NONE}
_ERROR: Final = _object(
    {"kind": _TEXT, "message": _TEXT},
    optional={
        "field": _TEXT,
        "value": _TEXT,
        "problems": _items(_ref("Problem")) | {"description": "all that is wrong with a job description"},
    },
)

SCHEMAS: Final[Mapping[str, Schema]] = {
    **_XML,
    **_UWS_JSON,
    **_ACCOUNTS_JSON,
    "Error": _object({"error": _ERROR}),
    "Health": _object({"status": {"enum": ["ok"]}, "version": _TEXT}, optional={"draining": _TEXT}),
    "Home": _object(
        {"provstore": _TEXT, "services": _items(_object({**_SERVICE, "jobs": _ADDRESS, "definition": _ADDRESS}))}
    ),
    **_JDL,
    "Graph": _object(
        {
            "nodes": _items(_object(_NODE)),
            "relations": _items(_object(_RELATION)),
            "truncated": _YES_NO,
            "restricted": _YES_NO,
        }
    ),
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
}
"""Everything that is sent or answered, by name."""

_DIRECTIONS: Final = ("up", "down", "both")
QUERIES: Final[Mapping[str, tuple[Schema, str]]] = {
    "PHASE": (
        _items(_PHASE),
        "jobs in one of these phases, ARCHIVED ones only so; with WAIT: only while in it",
    ),
    "AFTER": (_TEXT, "jobs created after this instant, e.g. 2026-03-01T12:00:00.000Z or 2026-03"),
    "LAST": ({"type": "integer", "minimum": 1}, "the newest so many jobs"),
    "RUNID": (_TEXT, "jobs of this run"),
    "SWEEP": (_TEXT, "jobs of this sweep"),
    "OWNER": (_TEXT, "jobs of this account, for administrators and curators"),
    "SERVICE": (_TEXT, "jobs of this service"),
    "LIMIT": ({"type": "integer", "minimum": 1}, "so many of a page"),
    "NEXT": (_TEXT, "the key of the page, as the one before gave it"),
    "WAIT": (
        {"type": "number", "minimum": -1},
        "seconds until the answer at the latest; -1: as long as the site allows",
    ),
    "since": (_TEXT, "the id of the event after which to go on; Last-Event-ID wins"),
    "lines": ({"type": "integer", "minimum": 1}, "only the last so many lines"),
    "follow": (_YES_NO, "stream until the job is over"),
    "format": (_TEXT, "the format by name; wins over Accept"),
    "id": (_items(_TEXT), "a local part, a QName or a URI"),
    "direction": ({"type": "string", "enum": list(_DIRECTIONS)}, "to causes, to effects, or both"),
    "depth": (_TEXT, "a number of steps, or all"),
    "descriptions": ({"type": "string", "enum": ["0", "1", "2"]}, "how much of the descriptions"),
    "model": ({"type": "string", "enum": ["IVOA", "W3C"]}, "the model of the document"),
    "limit": ({"type": "integer", "minimum": 1}, "so many of a page"),
    "next": (_TEXT, "where the page begins; of a log-in, the path to go on to"),
    "state": (_TEXT, "of a log-in, what the provider was given; of proposals, their states, or all"),
    "code": (_TEXT, "what the provider gives"),
    "error": (_TEXT, "what the provider refuses"),
    "iss": (_TEXT, "who the provider is"),
    "item": ({"type": "integer", "minimum": 1}, "which of several files"),
    "role": (_TEXT, "a role with its service, e.g. curator:stack"),
    "ID": (_items(_TEXT), "a local part, a QName or a URI"),
    "DEPTH": (_TEXT, "a number of relations from the nearest ID, or ALL"),
    "DIRECTION": ({"type": "string", "enum": ["BACK", "FORTH", "FORWARD", "BOTH"]}, "to causes, to effects, or both"),
    "RESPONSEFORMAT": (_TEXT, "the format by name or media type"),
    "MODEL": ({"type": "string", "enum": ["IVOA", "W3C"]}, "the model of the document"),
    "AGENTS": (_FLAG, "whether agents are shown"),
    "AGENT": (_FLAG, "whether agents are walked through"),
    "MEMBERS": (_FLAG, "whether collections are walked into"),
    "DESCRIPTIONS": ({"type": "string", "enum": ["0", "1", "2"]}, "how much of the descriptions"),
    "CONFIGURATION": (_FLAG, "whether parameters and configuration files are shown"),
    "ATTRIBUTES": (_FLAG, "whether pictures show attributes"),
    "q": (_TEXT, "words that are all in name, label, description, group or keywords"),
    "withdrawn": (_YES_NO, "those that were withdrawn, instead of those on offer"),
    "from": (_TEXT, "the number of the older revision"),
    "to": (_TEXT, "the number of the newer revision; of a conversion, votable or json"),
    "name": (_TEXT, "name of the file that the body was"),
    "strict": (_YES_NO, "refuse what would have to be repaired"),
    "message": (_TEXT, "what one says to it"),
    "service": (_TEXT, "those of this service"),
    "against": (_TEXT, "the revision to compare with, none for nothing"),
    "MAXREC": ({"type": "integer", "minimum": 0}, "so many rows at most"),
}
"""What may stand after the question mark: its schema and what it means."""
