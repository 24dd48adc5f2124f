"""Parses XML that anybody may send: no document type, no entities, no network, and the lines kept for messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from provstore.uws.descriptions.reading import Notes

__all__ = ["Tag", "parse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An element without its namespace; iterating gives the children. ``text`` is all the text inside, stripped."""

    kind: str
    namespace: str
    line: int
    attributes: Mapping[str, str]
    text: str
    children: tuple[Tag, ...]

    def __iter__(self) -> Iterator[Tag]:
        return iter(self.children)

    def get(self, name: str, default: str = "") -> str:
        """Value of an attribute."""
        return self.attributes.get(name, default)

    @property
    def description(self) -> str:
        """Text of the DESCRIPTION inside this element."""
        return next((child.text for child in self if child.kind == "DESCRIPTION"), "")

    def everything(self) -> Iterator[Tag]:
        """Give this element and all below it, in document order."""
        yield self
        for child in self:
            yield from child.everything()


def parse(data: bytes, *, notes: Notes) -> Tag:
    """Parse a document.

    Raises:
        Invalid: it is not well-formed, or it has a document type declaration.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root: Any = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise notes.refuse(error.lineno or 1, f"not well-formed XML: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise notes.refuse(1, "a document type declaration is refused: a description needs none")
    return _tag(root)


def _tag(element: Any) -> Tag:
    name = etree.QName(element)
    return Tag(
        kind=name.localname,
        namespace=name.namespace or "",
        line=element.sourceline or 0,
        attributes=dict(element.attrib),
        text="".join(element.itertext()).strip(),
        children=tuple(_tag(child) for child in element),
    )
