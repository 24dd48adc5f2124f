"""Signing in and out with a browser: the session's cookie, and who one is."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import Caller
from provstore.accounts.sessions import Session
from provstore.errors import Invalid
from provstore.web.access import COOKIE, present_session, refuse_foreign_page
from provstore.web.accounts_json import roles_json
from provstore.web.fields import needed, read_fields
from provstore.web.oidc_cookies import end_at_provider
from provstore.web.site import base_url, caller, site
from provstore.web.uws_xml import instant_text

__all__ = ["local_path", "sessions", "signed_in", "with_session"]

sessions: Final = Blueprint("sessions", __name__)

_SEE_OTHER: Final = 303


@sessions.get("/session")
def show_session() -> Response:
    """GET /session: who one is, what one may do, and the CSRF token of one's session."""
    return _told(caller(), present_session())


@sessions.post("/session")
def begin() -> Answer:
    """POST /session: sign in by name and password; on to ``next``, or for programs who one is."""
    refuse_foreign_page()
    given = read_fields("name", "password", "next")
    to = local_path(given.get("next", "/"))
    name, password = needed(given, "name"), needed(given, "password")
    person = site().accounts.passwords.check(name, password, address=request.remote_addr or "")
    if _wants_json():
        return signed_in(person.agent)
    return with_session(redirect(base_url() + to, _SEE_OTHER), person.agent)


@sessions.delete("/session")
def end() -> Answer:
    """DELETE /session: sign out."""
    return without_session(Response(status=204))


@sessions.post("/session/end")
def end_by_form() -> Answer:
    """POST /session/end: sign out, at one's provider too, and on to ``next``."""
    to = local_path(read_fields("next").get("next", "/"))
    return end_at_provider(without_session(redirect(base_url() + to, _SEE_OTHER)))


def local_path(text: str) -> str:
    """Read where to go after signing in: a path of this server, written without the prefix of a proxy.

    Raises:
        Invalid: it could lead elsewhere, or is none.
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        raise Invalid(f"next={text!r}: a path of this server is needed, as /jobs", field="next", value=text)
    return text


def with_session(answer: Answer, agent: str) -> Answer:
    """Begin a session for a person who has proved who he is, and give his browser its cookie.

    The secret is new at each signing in, and the one before ends: a cookie planted in a browser is worth nothing.
    """
    return _with_cookie(answer, _begun(agent))


def signed_in(agent: str) -> Answer:
    """Begin a session likewise, and tell a program who it is now."""
    secret = _begun(agent)
    session = site().accounts.sessions.of(secret)
    return _with_cookie(_told(session.caller, session), secret)


def without_session(answer: Answer) -> Answer:
    """End the session of the present request, and take the cookie from the browser."""
    site().accounts.sessions.end(request.cookies.get(COOKIE, ""))
    answer.delete_cookie(COOKIE, path=_mount(), httponly=True, samesite="Lax", secure=_is_secure())
    return answer


def _begun(agent: str) -> str:
    return site().accounts.sessions.begin(
        agent, duration=site().settings.session_duration, instead_of=request.cookies.get(COOKIE, "")
    )


def _with_cookie(answer: Answer, secret: str) -> Answer:
    seconds = int(site().settings.session_duration.total_seconds())
    answer.set_cookie(
        COOKIE, secret, max_age=seconds, path=_mount(), httponly=True, samesite="Lax", secure=_is_secure()
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _mount() -> str:
    return request.script_root or "/"


def _is_secure() -> bool:
    return base_url().startswith("https:")


def _wants_json() -> bool:
    return "application/json" in {request.mimetype, request.accept_mimetypes.best}


def _told(who: Caller, session: Session | None) -> Response:
    answer = jsonify(
        {
            "name": who.name,
            "admin": who.admin,
            "roles": roles_json(who.grants),
            "scope": who.scope,
            "csrf_token": session and session.csrf,
            "expires": session and instant_text(session.expires_at),
            "limits": _limits(who),
        }
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _limits(who: Caller) -> dict[str, int]:
    """What one may use, and uses of the disk; 0 is no limit. Durations are in seconds, sizes in bytes."""
    settings, usage = site().settings, site().quotas.usage(who)
    return {
        "executionDuration": int(settings.execution_duration_max.total_seconds()),
        "destruction": int(settings.destruction_max.total_seconds()),
        "activeJobs": settings.user_slots if who.name else settings.anonymous_slots,
        "disk": usage.allowed,
        "diskUsed": usage.used,
        "upload": settings.upload_max,
    }
