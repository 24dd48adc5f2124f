"""The files of the pages: style sheets, modules, pictures; compressed, and kept by browsers while they are the same."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.security import safe_join

from provstore.errors import NotFound
from provstore.web.compression import compress, gzipped
from provstore.web.site import base_url

__all__ = ["asset_address", "assets", "is_there"]

assets: Final = Blueprint("assets", __name__)

_FOLDER: Final = Path(__file__).parent / "static"
_COMPRESSED: Final = frozenset({".css", ".js", ".svg", ".html", ".json", ".LICENSE"})
_TYPES: Final = {".js": "text/javascript", ".LICENSE": "text/plain"}
_A_YEAR: Final = "public, max-age=31536000, immutable"
_A_DAY: Final = "public, max-age=86400"
_ASK_AGAIN: Final = "public, no-cache"
_MARK: Final = "v-"


@assets.get("/static/<path:filename>")
def static(filename: str) -> Response:
    """GET /static/{file}: a file of the pages; below /static/v-…/ one that never changes."""
    mark, _, rest = filename.partition("/")
    lasting = mark.startswith(_MARK)
    content, etag = _content(_found(rest if lasting else filename))
    response = Response(content, content_type=_media_type(filename))
    if Path(filename).suffix in _COMPRESSED:
        etag += "-gzip" * compress(response, _packed)
    response.set_etag(etag)
    response.headers["Cache-Control"] = _A_YEAR if lasting and mark == _mark() else _ASK_AGAIN
    response.make_conditional(request)
    return response


@assets.get("/favicon.ico")
def icon() -> Response:
    """GET /favicon.ico: the mark of the pages; browsers ask here beside answers that are no pages."""
    response = static("provstore.svg")
    response.headers["Cache-Control"] = _A_DAY
    return response


def asset_address(path: str) -> str:
    """Give the address of a file of the pages; it changes when any of them does, so that it may be kept for good."""
    return f"{base_url()}/static/{_mark()}/{path}"


def is_there(path: str) -> bool:
    """Tell whether a file of the pages is there: those of others are brought at set-up, and may be missing."""
    return (_FOLDER / path).is_file()


def _found(filename: str) -> Path:
    """Find a file.

    Raises:
        NotFound: there is none of that name, or it would lie elsewhere.
    """
    joined = safe_join(str(_FOLDER), filename)
    if joined is None or not _is_file(Path(joined)):
        raise NotFound(f"no file {filename!r} belongs to the pages", field="file", value=filename)
    return Path(joined)


def _is_file(path: Path) -> bool:
    """Tell whether there is a file; a name that is too long for one is none."""
    with suppress(OSError):
        return path.is_file()
    return False


def _media_type(filename: str) -> str:
    kind = _TYPES.get(Path(filename).suffix) or guess_type(filename)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _content(path: Path) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, sha256(content).hexdigest()[:20]


@lru_cache(maxsize=256)
def _packed(content: bytes) -> bytes:
    return gzipped(content)


@cache
def _mark() -> str:
    """Give what tells one state of all the files from another; found once a process."""
    digest = sha256()
    for path in sorted(one for one in _FOLDER.rglob("*") if one.is_file()):
        digest.update(f"{path.relative_to(_FOLDER)} {_content(path)[1]} ".encode())
    return _MARK + digest.hexdigest()[:12]
