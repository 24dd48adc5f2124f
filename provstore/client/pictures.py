"""A picture of provenance, as notebooks show it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from pathlib import Path

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG that the server drew; ``title`` says of what.

    In HTML it stands as an image of its own, so that its styles change nothing else on the page.
    """

    svg: str
    title: str = "Provenance"

    def save(self, file: Path | str) -> Path:
        """Write it to a file."""
        place = Path(file)
        place.write_text(self.svg, encoding="utf-8")
        return place

    def __repr__(self) -> str:
        return f"<Picture {self.title!r}, {len(self.svg):,} characters of SVG>"

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        data = b64encode(self.svg.encode()).decode()
        return f'<img alt="{escape(self.title)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
