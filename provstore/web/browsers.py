"""Telling a person at a browser from a program."""

from __future__ import annotations

from flask import request

__all__ = ["is_browser"]


def is_browser() -> bool:
    """Tell whether HTML is asked for: as browsers do, or alone.

    Java's own Accept header, which TOPCAT sends, prefers text/html too and means nothing by it.
    """
    if "text/html" not in request.headers.get("Accept", ""):
        return False
    accepted = request.accept_mimetypes
    named = {media_type for media_type, _ in accepted}
    preferred = accepted.best_match(["text/xml", "application/xml", "application/json", "text/html"], "text/xml")
    return preferred == "text/html" and ("application/xhtml+xml" in named or named == {"text/html"})
