"""RO-Crate with the profiles of Workflow Run Crate (process, workflow, provenance): what ran, with what, by whom."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from provstore.errors import Malformed, TooLarge
from provstore.graph.model import PROV, PROVSTORE, VOPROV, XSD
from provstore.graph.statements import Statement
from provstore.ingest.json_stream import JsonStream
from provstore.ingest.prefixes import DEFAULT
from provstore.ingest.problems import Problem
from provstore.ingest.reading import Reading
from provstore.ingest.rocrate_statements import crate_statements
from provstore.ingest.rocrate_terms import Terms
from provstore.ingest.rocrate_things import Things
from provstore.ingest.whole import MOST_BYTES, check_size

__all__ = ["read_rocrate"]

_METADATA: Final = ("ro-crate-metadata.json", "ro-crate-metadata.jsonld")
_ZIP: Final = b"PK\x03\x04"
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, OSError),
    ValueError,
)
"""What the zip reader raises for damaged, encrypted and strange archives."""
_PREFIXES: Final = {"prov": PROV, "voprov": VOPROV, "provstore": PROVSTORE, "xsd": XSD}


def read_rocrate(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read the metadata of a crate, or a zip that holds it, see `provstore.ingest.reading.Reader`.

    Relative ids get the namespace ``unqualified``.
    """
    with ExitStack() as stack:
        content = _content(_metadata(source, stack))
    remarks: list[Problem] = []
    terms = Terms(content.get("@context"), unqualified)
    things = Things(terms, remarks)
    things.take(content.get("@graph"))
    if not any(PurePosixPath(one.given).name in _METADATA for one in things.all.values()):
        raise Malformed(f"no entry has the @id {_METADATA[0]}: this is no RO-Crate", place="@graph")
    namespaces = {"": {DEFAULT: unqualified, **terms.prefixes(), **_PREFIXES}}
    return Reading(statements=_once(crate_statements(things.all, remarks)), namespaces=namespaces, remarks=remarks)


def _once(statements: Iterator[Statement]) -> Iterator[Statement]:
    """Leave out what is said a second time, as in crates that name an input twice."""
    met: set[tuple[str, str, frozenset[tuple[str, str]], frozenset[Any]]] = set()
    for one in statements:
        said = (one.kind, one.id, frozenset(one.arguments.items()), frozenset(one.attributes))
        if said not in met:
            met.add(said)
            yield one


def _content(source: BinaryIO) -> dict[str, Any]:
    stream = JsonStream(source)
    if stream.peek() != "{":
        raise Malformed("the metadata of a crate is one object of JSON-LD", place=stream.place())
    found = dict(stream.value())
    stream.end()
    return found


def _metadata(source: BinaryIO, stack: ExitStack) -> BinaryIO:
    """Give the metadata, out of a zip if need be."""
    source.seek(0)
    is_zip = source.read(len(_ZIP)) == _ZIP
    source.seek(0)
    if not is_zip:
        check_size(source)
        return source
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
        inside = _find(archive.namelist())
        with archive.open(inside) as member:
            data = member.read(MOST_BYTES + 1)
    except _BROKEN as error:
        raise Malformed(f"the zip can't be read: {error}", place="zip") from error
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{inside}: more than {MOST_BYTES} bytes")
    return BytesIO(data)


def _find(names: list[str]) -> str:
    """Give the metadata that lies least deep."""
    found = [name for name in names if PurePosixPath(name).name in _METADATA]
    if not found:
        raise Malformed(f"it holds no {_METADATA[0]}", place="zip")
    return min(found, key=lambda name: (name.count("/"), name))
