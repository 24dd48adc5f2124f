"""VOTable: one more RESOURCE with the lineage; everything else stays byte by byte.

The lineage is the text of INFO elements and not tables beside those of the product: with more than one table in a file
astropy's ``Table.read`` asks which is meant, and programs that read the product today must read the copy as well.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, Final, NoReturn
from xml.parsers import expat

from provstore.errors import Invalid
from provstore.export.embedding.copies import Copy, Embedded, Stretch, spooled
from provstore.export.escapes import xml_attribute, xml_text

__all__ = ["embedded", "original"]

_UTYPE: Final = "provstore:embedded"
_CHUNK: Final = 1 << 18
_PART: Final = 500_000
"""Characters of one INFO: libxml2 refuses texts beyond 10 MB."""
_CODECS: Final = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def embedded(source: BinaryIO, provenance: Embedded) -> Copy:
    """Make a copy that carries its provenance, in place of any it carries already.

    Raises:
        Invalid: it is no well-formed VOTable, or without a RESOURCE.
    """
    places = _Places(source)
    codec = _codec(source, places.insertion)
    files = ExitStack()
    with ExitStack() as passing:
        votable = spooled(passing, provenance.votable).source
        votable.seek(0)
        text = io.TextIOWrapper(votable, encoding="utf-8", newline="")
        pieces = _resource(provenance, text, places.prefix)
        resource = spooled(files, lambda out: out.writelines(_ascii(one).encode(codec) for one in pieces))
        text.detach()
    before = _without(source, places.ours, start=0, end=places.insertion)
    after = _without(source, places.ours, start=places.insertion, end=source.seek(0, os.SEEK_END))
    return Copy((*before, resource, *after), files)


def original(source: BinaryIO) -> Copy:
    """Give the file without what was embedded in it.

    Raises:
        Invalid: it is no well-formed VOTable, or without a RESOURCE.
    """
    places = _Places(source)
    return Copy(tuple(_without(source, places.ours, start=0, end=source.seek(0, os.SEEK_END))))


def _ascii(text: str) -> str:
    """Write XML in characters that every encoding has."""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _codec(source: BinaryIO, tag: int) -> str:
    source.seek(tag)
    begins = source.read(2)
    if begins not in _CODECS and not begins.startswith(b"<"):
        raise Invalid("this VOTable is in an encoding that is neither UTF-16 nor an extension of ASCII")
    return _CODECS.get(begins, "ascii")


def _without(source: BinaryIO, cut: list[tuple[int, int]], *, start: int, end: int) -> Iterator[Stretch]:
    """Give what is left from start to end, without the cuts; a cut lies on one side of each of both."""
    for from_, to in cut:
        if start <= from_ and to <= end:
            yield Stretch(source, start, from_ - start)
            start = to
    yield Stretch(source, start, end - start)


def _resource(provenance: Embedded, votable: io.TextIOBase, prefix: str) -> Iterator[str]:
    """Write the RESOURCE; what it is told of comes last, where it is found without reading the whole file."""
    yield f'<{prefix}RESOURCE name="provenance" type="meta" utype="{_UTYPE}">\n'
    yield f"<{prefix}DESCRIPTION>Provenance of this file: the texts of the INFO elements provenance_votable, one after"
    yield f" the other, are a VOTable</{prefix}DESCRIPTION>\n"
    number = 0
    while part := votable.read(_PART):
        number += 1
        yield f'<{prefix}INFO name="provenance_votable" value="{number}">{xml_text(part)}</{prefix}INFO>\n'
    told = [("provenance_history", line) for line in provenance.summary]
    told += [("provenance_page", provenance.page), ("provenance_sha256", provenance.sha256)]
    told += [("provenance_id", provenance.id)]
    for name, value in told:
        if value:
            yield f'<{prefix}INFO name="{name}" value="{xml_attribute(value)}"/>\n'
    yield f"</{prefix}RESOURCE>\n"


class _Places:
    """Where in a VOTable our RESOURCE stands, or may stand: behind the others, before INFO elements at the end.

    Args:
        source: Read from its beginning, in chunks.
    """

    def __init__(self, source: BinaryIO) -> None:
        self.prefix = ""
        self.ours: list[tuple[int, int]] = []
        self._info = 0
        self._end = 0
        self._depth = 0
        self._has_resource = False
        self._own_start = 0
        self._in_own = False
        self._own_ended = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._finish
        self._parser.CommentHandler = self._other
        self._parser.ProcessingInstructionHandler = self._other
        self._parser.EntityDeclHandler = self._refuse
        self._read(source)
        self.insertion = self._info or self._end

    def _read(self, source: BinaryIO) -> None:
        source.seek(0)
        try:
            while chunk := source.read(_CHUNK):
                self._parser.Parse(chunk, False)  # noqa: FBT003 - the parser takes it by position
            self._parser.Parse(b"", True)  # noqa: FBT003 - the same
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise Invalid(f"this VOTable is no well-formed XML: {error}") from error
        if not self._has_resource:
            raise Invalid("this VOTable has no RESOURCE: it needs one at least")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 2:
            return
        self._other()
        prefix, colon, local = name.rpartition(":")
        if self._depth == 1:
            self.prefix = prefix + colon
            if local != "VOTABLE" or not prefix.isascii():
                raise Invalid(f"this is no VOTable: its root is {name[:80]!r}")
        elif local == "RESOURCE":
            self._info, self._has_resource = 0, True
            self._in_own = attributes.get("utype") == _UTYPE
            self._own_start = self._parser.CurrentByteIndex
        elif local == "INFO" and self._has_resource and not self._info:
            self._info = self._parser.CurrentByteIndex

    def _finish(self, _name: str) -> None:
        self._depth -= 1
        if self._depth == 1:
            self._own_ended, self._in_own = self._in_own, False
        elif self._depth == 0:
            self._other()
            self._end = self._parser.CurrentByteIndex

    def _other(self, *_: str) -> None:
        """Note the end of our RESOURCE: we put a line end behind it, and nothing but a tag or the like follows."""
        if self._own_ended:
            self.ours.append((self._own_start, self._parser.CurrentByteIndex))
            self._own_ended = False

    def _refuse(self, *_: object) -> NoReturn:
        raise Invalid("this VOTable declares entities: write out what they stand for")
