"""Media types of files, by the end of their names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

__all__ = ["CONTENT_TYPES", "guess_content_type", "split_content_types"]

CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".cfg": "text/plain",
    ".csv": "text/csv",
    ".fit": "application/fits",
    ".fits": "application/fits",
    ".fts": "application/fits",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".ini": "text/plain",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".par": "text/plain",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".vot": "application/x-votable+xml",
    ".xml": "text/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}
"""Media types by the end of a file's name: our own table, because the machine's differs from machine to machine."""


def guess_content_type(file_name: str) -> str:
    """Guess a media type from a file's name or a glob."""
    return CONTENT_TYPES.get(PurePosixPath(file_name).suffix.lower(), "application/octet-stream")


def split_content_types(text: str) -> tuple[str, ...]:
    """Read media types that are separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
