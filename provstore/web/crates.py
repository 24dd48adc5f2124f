"""A crate with its files: the zip archive of what is written as RO-Crate, as far as the caller may read the files."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, Final

from flask import request

from provstore.errors import NotFound
from provstore.export.registry import Format
from provstore.export.rocrate_zip import MEDIA_TYPE, write_zip
from provstore.graph.model import NodeId
from provstore.uws.jobs import integer, text
from provstore.web.fields import flag
from provstore.web.site import caller, site

__all__ = ["with_files"]

_CRATE: Final = "ro-crate"


def with_files(form: Format) -> Format:
    """Give the form of a crate with its files where ``files=true`` asks for them; any other form as it is.

    Raises:
        Invalid: ``files`` is neither true nor false.
    """
    if form.name != _CRATE or not flag(request.args, "files"):
        return form
    return replace(
        form, media_type=MEDIA_TYPE, suffix=".zip", write=lambda document, out: write_zip(document, _open, out)
    )


def _open(node: NodeId) -> BinaryIO | None:
    """Open a stored file that the caller may see; None for what is not here."""
    found = site().store.get([node], caller().viewer)
    facts = found[0].properties if found else {}
    location, size, sha256 = text(facts, "location"), integer(facts, "size"), text(facts, "sha256")
    try:
        return site().files.path(location, size=size, sha256=sha256).open("rb") if location else None
    except NotFound:
        return None
