"""Spans of time in words, for people who want to know about how long."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["about"]


def about(span: timedelta) -> str:
    """Say how long a span is, roughly: ``90 s``, ``3 min``, ``5 h``, ``2 days``; one below 0 is none."""
    seconds = max(0, int(span.total_seconds()))
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
