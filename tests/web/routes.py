"""Who may call what: every route of the app has its row here, or a test fails."""

from __future__ import annotations

from typing import Final

__all__ = ["BODIES", "ROUTES"]

JOB: Final = "/{mount}/<service>/<job_id>"
EVERYBODY: Final = (200, 200, 200, 200)
OWN: Final = (403, 200, 403, 200)
CHANGE: Final = (403, 303, 403, 303)
FOUND: Final = (404, 200, 404, 200)

TREE: Final = {
    ("GET", "/{mount}/<service>"): EVERYBODY,
    ("POST", "/{mount}/<service>"): (303, 303, 303, 303),
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
    ("GET", f"{JOB}/results"): OWN,
    ("GET", f"{JOB}/results/<name>"): OWN,
    ("GET", f"{JOB}/<any(stdout, stderr):stream>"): OWN,
    ("GET", f"{JOB}/prov"): OWN,
}
"""Method and address -> status for (anonymous, the owner, another user, the administrator)."""

OTHERS: Final = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/id/<local>"): (404, 303, 404, 303),
    ("GET", "/jdl"): EVERYBODY,
    ("GET", "/jdl/<name>"): EVERYBODY,
    ("GET", "/prov/lineage"): FOUND,
    ("GET", "/store/<path:entity>"): FOUND,
    ("POST", "/signals/<job_id>"): (401, 401, 401, 401),
}

ROUTES: Final = OTHERS | {
    (method, address.replace("{mount}", mount)): answers
    for mount in ("uws", "rest")
    for (method, address), answers in TREE.items()
}

BODIES: Final = {
    "/phase": {"PHASE": "RUN"},
    "/executionduration": {"EXECUTIONDURATION": "5"},
    "/destruction": {"DESTRUCTION": "2026-03-05"},
    "/parameters": {"text": "b"},
    "/parameters/<name>": {"VALUE": "b"},
    "": {"text": "b"},
}
"""What is sent to the routes that change something, by the end of their address."""
