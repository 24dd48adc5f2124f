"""Headers of every answer that keep browsers from doing more with it than showing it."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response

__all__ = ["install_headers"]

_ALWAYS: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_POLICY: Final = "Content-Security-Policy"
_FRAMES: Final = "frame-ancestors"
_OWN_FRAMES: Final = f"{_FRAMES} 'self'"


def install_headers(app: Flask) -> None:
    """Send the headers with every answer; a policy that a view has made itself stays, and learns who may frame it."""

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        policy = response.headers.get(_POLICY, "")
        if _FRAMES not in policy:
            response.headers[_POLICY] = f"{policy}; {_OWN_FRAMES}" if policy else _OWN_FRAMES
        return response
