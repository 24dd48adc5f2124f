"""A crate as a zip archive: the metadata document, and the files that it is about."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.rocrate import METADATA, Crate, crate_of
from provstore.export.rocrate_things import Thing
from provstore.graph.model import NodeId

__all__ = ["MEDIA_TYPE", "OpenFile", "write_zip"]

MEDIA_TYPE: Final = "application/zip"

OpenFile = Callable[[NodeId], BinaryIO | None]
"""Opens the bytes of an entity; None for what is not kept here, or may not be read."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_MOST: Final = 120
_CHUNK: Final = 1 << 20


def write_zip(document: Document, open_file: OpenFile, out: BinaryIO) -> None:
    """Write a crate with all of its files that can be opened; the others are named by their addresses.

    Streams: ``out`` need not be seekable. Files are stored as they are, those of the product are mostly compressed.
    """
    crate = crate_of(document)
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        crate.pack(_files(crate, document.own_namespace, open_file, archive))
        with archive.open(_entry(METADATA, zipfile.ZIP_DEFLATED), "w") as sink:
            crate.write(sink)  # type: ignore[arg-type]  # what zipfile opens is a binary file


def _files(crate: Crate, own: str, open_file: OpenFile, archive: zipfile.ZipFile) -> dict[str, str]:
    paths: dict[str, str] = {}
    for number, thing in enumerate(crate.files(), start=1):
        source = open_file(NodeId(thing.id))
        if source is None:
            continue
        local = thing.id.removeprefix(own)
        folder = local if own and thing.id.startswith(own) and not _UNSAFE.search(local) else f"x{number}"
        paths[thing.id] = f"files/{folder}/{_file_name(thing)}"
        with source, archive.open(_entry(paths[thing.id], zipfile.ZIP_STORED), "w", force_zip64=True) as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
    return paths


def _file_name(thing: Thing) -> str:
    """Give a name that is one on every system: the last part of what the file is called."""
    location = thing.fact("location")
    told = "" if "://" in location else PurePosixPath(location).name  # an address ends with the id
    given = thing.fact("fileName") or told or thing.fact("label", "name")
    safe = _UNSAFE.sub("_", PurePosixPath(given.replace("\\", "/")).name).lstrip(".")
    return safe[-_NAME_MOST:] or "data"


def _entry(path: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)  # of 1980: the same content gives the same bytes
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry
