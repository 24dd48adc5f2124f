"""How every page is made: its words, who looks at it, and what browsers may do with it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from flask import Response, g, render_template, request

from provstore import __version__
from provstore.accounts.callers import Caller
from provstore.graph.model import now
from provstore.uws.space import services_of
from provstore.web.assets import asset_address, is_there
from provstore.web.compression import compress
from provstore.web.csrf import masked
from provstore.web.pages.words import ago, duration, short, size
from provstore.web.site import base_url, csrf_token
from provstore.web.uws_xml import instant_text

__all__ = ["here", "page", "with_samp"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What browsers may load for a page: our own files, and nothing that stands in the page itself (CSP level 3)."""

_HUBS: Final = "http://localhost:21012 http://127.0.0.1:21012"
"""Where a SAMP hub of the reader's own machine answers pages (IVOA SAMP 1.3 §5.2.1)."""

_NO_WAY_BACK: Final = ("/session", "/oidc", "/login")
_AS_IT_IS: Final = "%/?:@!$&'()*+,;=~-._"
"""Characters of an address that stay (RFC 3986 §3.3, §3.4)."""


def page(template: str, **values: object) -> Response:
    """Render a page for the present caller."""
    words: dict[str, object] = {"ago": ago, "duration": duration, "size": size, "short": short, "utc": instant_text}
    words |= {"asset": asset_address, "is_there": is_there}
    person = {"caller": g.get("caller"), "csrf_token": masked(csrf_token()), "base": base_url()}
    person |= {"here": here(), "looks_after": _looks_after(g.get("caller"))}
    words |= {"now": now(), "version": __version__}
    response = Response(render_template(template, **words, **person, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(["Accept", "Cookie"])
    compress(response)
    return response


def here() -> str:
    """Give where to come back to after signing in: the path and query of this page, or Home from what a form led to."""
    if request.method != "GET" or request.path.startswith(_NO_WAY_BACK):
        return "/"
    query = quote(request.query_string, safe=_AS_IT_IS)
    return quote(request.path) + (f"?{query}" if query else "")


def _looks_after(caller: Caller | None) -> bool:
    """Tell whether the pages of the administration are for somebody."""
    return caller is not None and (caller.admin or services_of(caller) != frozenset())


def with_samp(response: Response) -> Response:
    """Let a page call the SAMP hub of the reader's own machine, too."""
    response.headers["Content-Security-Policy"] = _POLICY.replace("connect-src 'self'", f"connect-src 'self' {_HUBS}")
    return response
