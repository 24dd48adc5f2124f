"""Shapes' colours by the W3C convention for PROV diagrams; the page's drawing uses the same."""

from __future__ import annotations

from typing import Final

from provstore.export.picture import Form

__all__ = ["ALARM", "ARROW", "BACKGROUND", "BORDERS", "FADED", "FILLS", "INK", "QUIET"]

FILLS: Final = {
    Form.ACTIVITY: "#9FB1FC",
    Form.ENTITY: "#FFFC87",
    Form.COLLECTION: "#FFFC87",
    Form.VALUE: "#E6E6E6",
    Form.AGENT: "#FED37F",
}
FADED: Final = {
    Form.ACTIVITY: "#E2E8FE",
    Form.ENTITY: "#FEFEDC",
    Form.COLLECTION: "#FEFEDC",
    Form.VALUE: "#F5F5F5",
    Form.AGENT: "#FFF3DE",
}
"""Fills of what is no longer there."""

BORDERS: Final = {
    Form.ACTIVITY: "#0000FF",
    Form.ENTITY: "#808080",
    Form.COLLECTION: "#808080",
    Form.VALUE: "#808080",
    Form.AGENT: "#B36B00",
}
INK: Final = "#111827"
QUIET: Final = "#374151"
ARROW: Final = "#4B5563"
ALARM: Final = "#B00020"
BACKGROUND: Final = "#FFFFFF"
