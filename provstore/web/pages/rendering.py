"""How every page is made: its words, who looks at it, and what browsers may do with it."""

from __future__ import annotations

from typing import Final

from flask import Response, g, render_template

from provstore import __version__
from provstore.graph.model import now
from provstore.web.pages.words import ago, duration, short, size
from provstore.web.site import base_url, csrf_token
from provstore.web.uws_xml import instant_text

__all__ = ["page"]

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page(template: str, **values: object) -> Response:
    """Render a page for the present caller."""
    words: dict[str, object] = {"ago": ago, "duration": duration, "size": size, "short": short, "utc": instant_text}
    person = {"caller": g.get("caller"), "csrf_token": csrf_token(), "base": base_url()}
    words |= {"now": now(), "version": __version__}
    response = Response(render_template(template, **words, **person, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(["Accept", "Cookie"])
    return response
