"""Who may call what: every route of the app has its row here, or a test fails."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["BODIES", "EXCEPTIONS", "FILLED", "LOOKING", "OPEN", "QUERIES", "ROUTES"]

JOB: Final = "/{mount}/<service>/<job_id>"
SWEEP: Final = "/{mount}/<service>/sweeps/<sweep_id>"
EVERYBODY: Final = (200, 200, 200, 200)
OWN: Final = (403, 200, 403, 200)
CHANGE: Final = (403, 303, 403, 303)
FOUND: Final = (404, 200, 404, 200)
OF_ONESELF: Final = (401, 200, 200, 200)
ADMINS: Final = (401, 403, 403, 200)
DECIDED: Final = (404, 403, 404, 200)

TREE: Final = {
    ("GET", "/{mount}"): EVERYBODY,
    ("GET", "/{mount}/<service>"): EVERYBODY,
    ("POST", "/{mount}/<service>"): (303, 303, 303, 303),
    ("GET", "/{mount}/<service>/sweeps"): EVERYBODY,
    ("GET", SWEEP): OWN,
    ("POST", SWEEP): CHANGE,
    ("DELETE", SWEEP): CHANGE,
    ("POST", f"{SWEEP}/phase"): CHANGE,
    ("GET", JOB): OWN,
    ("POST", JOB): CHANGE,
    ("DELETE", JOB): CHANGE,
    ("GET", f"{JOB}/phase"): OWN,
    ("POST", f"{JOB}/phase"): CHANGE,
    ("GET", f"{JOB}/executionduration"): OWN,
    ("POST", f"{JOB}/executionduration"): CHANGE,
    ("GET", f"{JOB}/destruction"): OWN,
    ("POST", f"{JOB}/destruction"): CHANGE,
    ("GET", f"{JOB}/quote"): OWN,
    ("GET", f"{JOB}/owner"): OWN,
    ("GET", f"{JOB}/error"): OWN,
    ("GET", f"{JOB}/parameters"): OWN,
    ("POST", f"{JOB}/parameters"): CHANGE,
    ("GET", f"{JOB}/parameters/<name>"): OWN,
    ("POST", f"{JOB}/parameters/<name>"): CHANGE,
    ("PUT", f"{JOB}/parameters/<name>"): CHANGE,
    ("GET", "/{mount}/<service>/events"): EVERYBODY,
    ("GET", f"{JOB}/sharing"): OWN,
    ("POST", f"{JOB}/sharing"): OWN,
    ("GET", f"{JOB}/keep"): OWN,
    ("POST", f"{JOB}/keep"): OWN,
    ("GET", f"{JOB}/results"): OWN,
    ("GET", f"{JOB}/results/<name>"): OWN,
    ("GET", f"{JOB}/<any(stdout, stderr):stream>"): OWN,
    ("GET", f"{JOB}/prov"): OWN,
    ("GET", f"{JOB}/prov/<any(info, who, inputs, outputs, run):part>"): OWN,
    ("GET", f"{JOB}/<any(provjson, provxml, provsvg):shortcut>"): OWN,
}
"""Method and address -> status for (anonymous, the owner, another user, the administrator)."""

OTHERS: Final = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/account"): OF_ONESELF,
    ("POST", "/account"): (401, 404, 404, 404),
    ("GET", "/admin"): ADMINS,
    ("GET", "/admin/disk"): ADMINS,
    ("POST", "/admin/draining"): (401, 403, 403, 303),
    ("GET", "/admin/people"): ADMINS,
    ("POST", "/admin/people"): (401, 403, 403, 303),
    ("GET", "/admin/people/<name>"): ADMINS,
    ("POST", "/admin/people/<name>"): (401, 403, 403, 303),
    ("POST", "/account/password"): (401, 204, 204, 204),
    ("GET", "/account/tokens"): OF_ONESELF,
    ("POST", "/account/tokens"): (401, 201, 201, 201),
    ("DELETE", "/account/tokens/<token_id>"): (401, 204, 404, 404),
    ("GET", "/accounts"): ADMINS,
    ("POST", "/accounts"): (401, 403, 403, 201),
    ("GET", "/accounts/<name>"): ADMINS,
    ("PATCH", "/accounts/<name>"): ADMINS,
    ("POST", "/accounts/<name>/roles"): ADMINS,
    ("DELETE", "/accounts/<name>/roles"): ADMINS,
    ("GET", "/accounts/<name>/identities"): ADMINS,
    ("POST", "/accounts/<name>/identities"): (401, 403, 403, 404),
    ("DELETE", "/accounts/<name>/identities"): (401, 403, 403, 404),
    ("GET", "/accounts/<name>/tokens"): ADMINS,
    ("POST", "/accounts/<name>/tokens"): (401, 403, 403, 201),
    ("DELETE", "/accounts/<name>/tokens/<token_id>"): (401, 403, 403, 204),
    ("GET", "/availability"): EVERYBODY,
    ("GET", "/capabilities"): EVERYBODY,
    ("GET", "/events"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/id/<local>"): (404, 303, 404, 303),
    ("GET", "/jdl"): EVERYBODY,
    ("POST", "/jdl"): (401, 201, 403, 201),
    ("POST", "/jdl/convert"): EVERYBODY,
    ("POST", "/jdl/validate"): EVERYBODY,
    ("GET", "/jdl/<name>"): EVERYBODY,
    ("DELETE", "/jdl/<name>"): (401, 403, 403, 204),
    ("GET", "/jdl/<name>/<any(votable, json, script):form>"): EVERYBODY,
    ("GET", "/jdl/<name>/diff"): EVERYBODY,
    ("GET", "/jdl/<name>/form"): EVERYBODY,
    ("GET", "/jdl/<name>/history"): EVERYBODY,
    ("POST", "/jdl/<name>/restore"): (401, 403, 403, 201),
    ("POST", "/jdl/<name>/withdraw"): (401, 403, 403, 200),
    ("GET", "/jdl/proposals"): EVERYBODY,
    ("GET", "/jdl/proposals/<proposal_id>"): FOUND,
    ("DELETE", "/jdl/proposals/<proposal_id>"): (404, 204, 404, 403),
    ("GET", "/jdl/proposals/<proposal_id>/diff"): FOUND,
    ("GET", "/jdl/proposals/<proposal_id>/form"): FOUND,
    ("POST", "/jdl/proposals/<proposal_id>/accept"): DECIDED,
    ("POST", "/jdl/proposals/<proposal_id>/reject"): DECIDED,
    ("POST", "/jdl/proposals/<proposal_id>/retract"): (404, 200, 404, 403),
    ("GET", "/definitions"): EVERYBODY,
    ("GET", "/definitions/propose"): EVERYBODY,
    ("GET", "/definitions/new"): EVERYBODY,
    ("POST", "/definitions/preview"): EVERYBODY,
    ("GET", "/definitions/<name>/edit"): EVERYBODY,
    ("GET", "/definitions/proposals/<proposal_id>/edit"): FOUND,
    ("GET", "/definitions/<name>"): EVERYBODY,
    ("GET", "/definitions/<name>/diff"): EVERYBODY,
    ("GET", "/definitions/proposals/<proposal_id>"): FOUND,
    ("GET", "/search"): EVERYBODY,
    ("POST", "/search"): EVERYBODY,
    ("GET", "/product"): (404, 303, 404, 303),
    ("GET", "/lineage"): FOUND,
    ("GET", "/impact"): FOUND,
    ("GET", "/compare"): EVERYBODY,
    ("GET", "/stale"): EVERYBODY,
    ("GET", "/replays"): EVERYBODY,
    ("GET", "/replays/new"): EVERYBODY,
    ("GET", "/replays/<replay_id>"): FOUND,
    ("GET", "/documents"): EVERYBODY,
    ("GET", "/documents/<document>"): FOUND,
    ("POST", "/documents/<document>/forget"): (404, 403, 404, 303),
    ("GET", "/graph"): EVERYBODY,
    ("GET", "/graph.json"): FOUND,
    ("GET", "/graph/document"): FOUND,
    ("GET", "/jobs"): EVERYBODY,
    ("GET", "/jobs/new"): EVERYBODY,
    ("GET", "/jobs/rows"): EVERYBODY,
    ("POST", "/jobs/new"): (303, 303, 303, 303),
    ("GET", "/jobs/<job_id>"): FOUND,
    ("GET", "/login"): EVERYBODY,
    ("GET", "/preview"): FOUND,
    ("GET", "/preview.png"): (404, 404, 404, 404),
    ("GET", "/preview.pdf"): (404, 404, 404, 404),
    ("GET", "/metrics"): (403, 403, 403, 200),
    ("GET", "/oidc"): EVERYBODY,
    ("GET", "/oidc/<provider>/login"): (404, 404, 404, 404),
    ("GET", "/oidc/<provider>/callback"): (404, 404, 404, 404),
    ("GET", "/openapi.json"): EVERYBODY,
    ("GET", "/datalink"): EVERYBODY,
    ("POST", "/datalink"): EVERYBODY,
    ("POST", "/prov/cypher"): (403, 403, 403, 404),
    ("POST", "/prov/which"): EVERYBODY,
    ("GET", "/prov/documents"): EVERYBODY,
    ("POST", "/prov/documents"): (201, 201, 201, 201),
    ("GET", "/prov/documents/<document>"): FOUND,
    ("DELETE", "/prov/documents/<document>"): (404, 403, 404, 204),
    ("POST", "/prov/entities"): (201, 201, 201, 201),
    ("GET", "/prov/entities/<path:entity>/annotations"): FOUND,
    ("POST", "/annotate"): (404, 201, 404, 201),
    ("POST", "/prov/entities/<path:entity>/annotations"): (404, 201, 404, 201),
    ("GET", "/obscore.vot"): EVERYBODY,
    ("GET", "/prov/replays"): EVERYBODY,
    ("POST", "/prov/replays"): OF_ONESELF,
    ("GET", "/prov/replays/<replay_id>"): FOUND,
    ("POST", "/prov/replays/<replay_id>/run"): FOUND,
    ("POST", "/prov/replays/<replay_id>/stop"): (404, 409, 404, 409),
    ("POST", "/prov/replays/<replay_id>/accept"): (404, 409, 404, 409),
    ("GET", "/prov/lineage"): FOUND,
    ("POST", "/prov/lineage"): FOUND,
    ("GET", "/provsap"): FOUND,
    ("POST", "/provsap"): FOUND,
    ("GET", "/session"): EVERYBODY,
    ("POST", "/session"): (403, 403, 403, 403),
    ("DELETE", "/session"): (204, 204, 204, 204),
    ("POST", "/session/end"): (303, 303, 303, 303),
    ("GET", "/store/<path:entity>"): FOUND,
    ("POST", "/store/<path:entity>/tickets"): (404, 404, 404, 404),
    ("POST", "/signals/<job_id>"): (401, 401, 401, 401),
    ("GET", "/static/<path:filename>"): EVERYBODY,
    ("GET", "/favicon.ico"): EVERYBODY,
}

ROUTES: Final = OTHERS | {
    (method, address.replace("{mount}", mount)): answers
    for mount in ("uws", "rest")
    for (method, address), answers in TREE.items()
}

DEFINITION: Final = json.dumps(
    {"name": "stack", "script": "true\n", "generated": [{"name": "result", "default": "result.txt"}]}
)

BODIES: Final[dict[str, dict[str, str] | str]] = {
    "/jdl": {"jdl": DEFINITION},
    "/jdl/validate": {"jdl": DEFINITION},
    "/jdl/convert": {"jdl": DEFINITION},
    "/definitions/preview": {"jdl": DEFINITION},
    "/jdl/<name>/restore": {"revision": "1"},
    "/jdl/<name>/withdraw": {"message": "out of date"},
    "/jdl/proposals/<proposal_id>/accept": {"message": "fine"},
    "/jdl/proposals/<proposal_id>/reject": {"message": "why?"},
    "/jdl/proposals/<proposal_id>/retract": {"message": "a slip"},
    "/phase": {"PHASE": "RUN"},
    "/sharing": {"READER": "public"},
    "/keep": {"ACTION": "REMOVE"},
    "/session": {"name": "curie", "password": "not the right one"},
    "/account": {"ACTION": "REVOKE", "token": "none"},
    "/admin/draining": {"ACTION": "END"},
    "/admin/people": {"name": "hypatia"},
    "/admin/people/<name>": {"ACTION": "ACTIVATE"},
    "/account/tokens": {"name": "laptop"},
    "/account/password": {"password": "a long enough one"},
    "/accounts": {"name": "meitner"},
    "/accounts/<name>": {"active": "true"},
    "/accounts/<name>/identities": {"provider": "none", "subject": "1"},
    "/accounts/<name>/roles": {"role": "author:stack"},
    "/accounts/<name>/tokens": {"name": "laptop"},
    "/executionduration": {"EXECUTIONDURATION": "5"},
    "/destruction": {"DESTRUCTION": "2026-03-05"},
    "/parameters": {"text": "b"},
    "/parameters/<name>": {"VALUE": "b"},
    "/prov/which": "some bytes",
    "/search": "some bytes",
    "/prov/documents": "document\nprefix ex <http://example.org/>\nentity(ex:a)\nendDocument\n",
    "/prov/entities": "location\nhttps://archive.example/a.fits\n",
    "/prov/entities/<path:entity>/annotations": {"quality": "good"},
    "/annotate": {"KEY": "quality", "VALUE": "good"},
    "/prov/replays": {"revision": "sleep@1"},
    "": {"text": "b"},
    "/uws/<service>/sweeps/<sweep_id>": {"ACTION": "DELETE"},
    "/rest/<service>/sweeps/<sweep_id>": {"ACTION": "DELETE"},
    "/uws/<service>/sweeps/<sweep_id>/phase": {"PHASE": "RUN"},
    "/rest/<service>/sweeps/<sweep_id>/phase": {"PHASE": "RUN"},
}
"""What is sent to the routes that change something, by the end of their address."""

QUERIES: Final = {"events": {"WAIT": "0"}, "new": {"service": "sleep"}, "convert": {"to": "json"}}
"""What is asked of routes that need it, or would never end by themselves, by the last part of their address."""

FILLED: Final = (
    ("/documents/<document>", "<brought>"),
    ("/prov/entities/<path:entity>", "<brought>"),
    ("/jdl/<name>/restore", "<published>"),
    ("/jdl/<name>/withdraw", "<published>"),
    ("/jdl/<name>", "sleep"),
    ("/definitions/<name>", "sleep"),
    ("/parameters/<name>", "text"),
    ("/results/<name>", "result"),
    ("/accounts/<name>", "curie"),
    ("/admin/people/<name>", "curie"),
    ("<provider>", "nobody"),
    ("<path:filename>", "css/provstore.css"),
)
"""What stands for a name in an address, by the part of the address."""

OPEN: Final = ("/availability", "/healthz", "/openapi.json", "/signals/", "/static/", "/favicon.ico")
"""Addresses that ask nobody who he is, also if what he sends is worth nothing."""

LOOKING: Final = ("/datalink", "/provsap", "/prov/lineage", "/prov/which", "/search")
"""Addresses where POST only looks, like GET."""

EXCEPTIONS: Final[dict[tuple[str, str, str], int]] = {
    (who, "GET", address.replace("{mount}", mount)): 403
    for mount in ("uws", "rest")
    for who, address in (
        ("shared", SWEEP),
        *((who, f"{JOB}/{part}") for who in ("shared", "curator") for part in ("keep", "sharing")),
    )
} | {
    ("curator", "GET", "/admin"): 200,
    ("curator", "GET", "/admin/disk"): 200,
    ("shared", "GET", "/prov/replays/<replay_id>"): 404,
    ("shared", "GET", "/replays/<replay_id>"): 404,
    ("curator", "POST", "/prov/replays/<replay_id>/run"): 403,
    ("curator", "POST", "/prov/replays/<replay_id>/stop"): 403,
    ("curator", "POST", "/prov/replays/<replay_id>/accept"): 403,
    ("shared", "GET", "/jdl/proposals/<proposal_id>"): 404,
    ("shared", "GET", "/jdl/proposals/<proposal_id>/diff"): 404,
    ("shared", "GET", "/jdl/proposals/<proposal_id>/form"): 404,
    ("shared", "GET", "/definitions/proposals/<proposal_id>"): 404,
    ("shared", "GET", "/definitions/proposals/<proposal_id>/edit"): 404,
    ("shared", "GET", "/prov/documents/<document>"): 404,
    ("shared", "GET", "/documents/<document>"): 404,
    ("curator", "POST", "/documents/<document>/forget"): 403,
    ("shared", "GET", "/prov/entities/<path:entity>/annotations"): 404,
    ("shared", "POST", "/prov/entities/<path:entity>/annotations"): 404,
    ("curator", "POST", "/prov/entities/<path:entity>/annotations"): 201,
    ("curator", "POST", "/annotate"): 201,
    ("shared", "POST", "/annotate"): 201,
    ("curator", "DELETE", "/prov/documents/<document>"): 403,
    ("curator", "POST", "/jdl"): 201,
    ("curator", "POST", "/jdl/proposals/<proposal_id>/accept"): 200,
    ("curator", "POST", "/jdl/proposals/<proposal_id>/reject"): 200,
    ("curator", "POST", "/jdl/proposals/<proposal_id>/retract"): 403,
    ("curator", "DELETE", "/jdl/proposals/<proposal_id>"): 403,
    ("curator", "POST", "/jdl/<name>/restore"): 201,
    ("curator", "POST", "/jdl/<name>/withdraw"): 200,
    ("curator", "DELETE", "/jdl/<name>"): 204,
}
"""Where somebody gets another answer than the rules of test_routes.py say: only a job is shared there, no sweep, replay
or proposal; with whom it is shared is the business of its owner; and curators decide on definitions."""
