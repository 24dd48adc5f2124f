"""What a browser is given to keep while it signs in at a provider, and until it signs out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import request
from markupsafe import escape
from werkzeug.wrappers import Response as Answer

from provstore.accounts.oidc_attempts import DURATION
from provstore.web.browsers import is_browser
from provstore.web.site import base_url, site

__all__ = ["end_at_provider", "known_browser", "remember_browser", "remember_provider"]

_BROWSER: Final = "provstore_sign_in"
"""A secret of the browser: only there is a provider's answer taken."""
_PROVIDER: Final = "provstore_provider"
"""The name of the provider where it has signed in last, so that signing out can lead there too."""


_ONWARD: Final = (
    '<!doctype html><html lang="en"><title>Signed out</title>'
    '<p>You are signed out here. <a href="{}">Sign out at the provider too</a></p></html>'
)


def known_browser() -> str:
    """Give the secret of the present browser, "" if it has none."""
    return request.cookies.get(_BROWSER, "")


def remember_browser(answer: Answer, secret: str) -> Answer:
    """Give the browser its secret, for the addresses of log-ins only."""
    return _with_cookie(answer, _BROWSER, secret, place=f"{_mount()}/oidc", duration=DURATION)


def remember_provider(answer: Answer, name: str) -> Answer:
    """Note where the browser has signed in."""
    return _with_cookie(answer, _PROVIDER, name, place=_mount() or "/", duration=site().settings.session_duration)


def end_at_provider(answer: Answer) -> Answer:
    """Lead a browser that signs out to its provider, which ends its own session too and leads back to our front page.

    The answer stays as it is for a browser that did not sign in at a provider, or at one without such an address.
    """
    name = request.cookies.get(_PROVIDER, "")
    place = site().accounts.providers.end_address(name, return_to=f"{base_url()}/")
    answer.delete_cookie(_PROVIDER, path=_mount() or "/")
    if place and is_browser():
        return _led_on(answer, place)
    if place:
        answer.location = place
    return answer


def _led_on(answer: Answer, place: str) -> Answer:
    """Lead a browser on by a page: the policy of ours, `form-action`, lets no form be redirected to another host."""
    del answer.headers["Location"]
    answer.status_code = 200
    answer.headers["Refresh"] = f"0;url={place}"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    answer.set_data(_ONWARD.format(escape(place)))
    return answer


def _with_cookie(answer: Answer, name: str, value: str, *, place: str, duration: timedelta) -> Answer:
    """Lax, so that the browser sends it when the provider leads it back here."""
    seconds, secure = int(duration.total_seconds()), base_url().startswith("https:")
    answer.set_cookie(name, value, max_age=seconds, path=place, httponly=True, samesite="Lax", secure=secure)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _mount() -> str:
    """Give the path under which browsers know this server, "" at the root."""
    return urlsplit(base_url()).path
