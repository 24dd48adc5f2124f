"""Forms of these pages that are shown again where what they ask for can't be taken, with what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flask import Response, request

from provstore.web.pages.curating.compare import comparison_form
from provstore.web.pages.curating.documents import bringing_page
from provstore.web.pages.curating.impact import impact_form
from provstore.web.pages.curating.replays import plan_form
from provstore.web.pages.curating.search import search_form

__all__ = ["curating_again"]

_CORRECTED: Final = frozenset({400, 404})
_FORMS: Final[Mapping[tuple[str, str], Callable[[str], Response]]] = {
    ("GET", "/search"): search_form,
    ("GET", "/impact"): impact_form,
    ("GET", "/compare"): comparison_form,
    ("GET", "/replays/new"): plan_form,
    ("POST", "/prov/documents"): bringing_page,
}


def curating_again(status: int, message: str) -> Response | None:
    """Show the form that led to a refusal again; None where it was none of these."""
    form = _FORMS.get((request.method, request.path))
    return form(message) if form is not None and status in _CORRECTED else None
