"""Parses XML that anybody may send: no document type, no entities, no network, and the lines kept for messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from lxml import etree

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.reading import Notes

__all__ = ["ATTRIBUTES_MAX", "ELEMENTS_MAX", "SAFE", "Tag", "parse", "refuse_document_type"]

SAFE: Final[Mapping[str, Any]] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
"""The options of every parser of what strangers send."""

ELEMENTS_MAX: Final = 20_000
"""Most elements of a document: a description with a thousand parameters has ten thousand."""

ATTRIBUTES_MAX: Final = 64
"""Most attributes of an element; VOTable's PARAM may have fourteen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An element: iterating gives its children, ``content`` the texts between them as well.

    ``kind`` is the name without the namespace, if that is the root's (or none); else ``{namespace}name``.
    """

    kind: str
    namespace: str
    line: int
    attributes: Mapping[str, str]
    content: tuple[str | Tag, ...]

    def __iter__(self) -> Iterator[Tag]:
        return (part for part in self.content if isinstance(part, Tag))

    def get(self, name: str, default: str = "") -> str:
        """Value of an attribute."""
        return self.attributes.get(name, default)

    @property
    def raw(self) -> str:
        """All the text inside, with every blank. It is put together when asked for: depth would multiply it."""
        texts: list[str] = []
        rest: list[str | Tag] = [self]
        while rest:
            part = rest.pop()
            if isinstance(part, str):
                texts.append(part)
            else:
                rest.extend(reversed(part.content))
        return "".join(texts)

    @property
    def text(self) -> str:
        """All the text inside, stripped."""
        return self.raw.strip()

    def everything(self) -> Iterator[Tag]:
        """Give this element and all below it, in document order."""
        rest = [self]
        while rest:
            tag = rest.pop()
            yield tag
            rest.extend(reversed(tuple(tag)))


def parse(data: bytes, *, notes: Notes) -> Tag:
    """Parse a document.

    Raises:
        Invalid: it is empty or not well-formed, or it has a document type declaration.
        TooLarge: it has more than `ELEMENTS_MAX` elements, or an element more than `ATTRIBUTES_MAX` attributes.
    """
    if not data.strip():
        raise notes.refuse(1, "the file is empty")
    try:
        return _tree(data, notes=notes)
    except etree.XMLSyntaxError as error:
        reason = " ".join((error.msg or "").split())
        raise notes.refuse(error.lineno or 1, f"not well-formed XML: {reason}") from error


def _tree(data: bytes, *, notes: Notes) -> Tag:
    """Build the tree while it is parsed, so that nothing is built of what is refused."""
    events = etree.iterparse(
        BytesIO(data),
        events=("start", "end"),
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
        **SAFE,
    )
    home = ""
    count = 0
    found: list[list[Tag]] = [[]]
    for event, element in events:
        if event == "end":
            children = found.pop()
            found[-1].append(_tag(element, children, home=home))
            continue
        if count == 0:
            refuse_document_type(element, notes=notes)
            home = _namespace(element)
        count += 1
        _check_size(element, count, notes=notes)
        found.append([])
    return found[0][0]


def refuse_document_type(root: Any, *, notes: Notes) -> None:
    """Do nothing if the document of an element has no document type.

    Raises:
        Invalid: it has one.
    """
    if root.getroottree().docinfo.doctype:
        raise notes.refuse(1, "a document type declaration is refused: a description needs none")


def _check_size(element: Any, count: int, *, notes: Notes) -> None:
    where = f"{notes.source}:{element.sourceline or 1}"
    if count > ELEMENTS_MAX:
        raise TooLarge(f"{where}: more elements than the {ELEMENTS_MAX} that a description may have")
    if len(element.attrib) > ATTRIBUTES_MAX:
        raise TooLarge(f"{where}: an element with {len(element.attrib)} attributes; {ATTRIBUTES_MAX} are allowed")


def _namespace(element: Any) -> str:
    return str(element.tag[1:].partition("}")[0]) if element.tag[0] == "{" else ""


def _tag(element: Any, children: Sequence[Tag], *, home: str) -> Tag:
    namespace = _namespace(element)
    is_foreign = namespace and home and namespace != home
    content: list[str | Tag] = [element.text] if element.text else []
    for child, tag in zip(element, children, strict=True):
        content.append(tag)
        if child.tail:
            content.append(child.tail)
    return Tag(
        kind=element.tag if is_foreign else element.tag.rpartition("}")[2],
        namespace=namespace,
        line=element.sourceline or 0,
        attributes=dict(element.attrib),
        content=tuple(content),
    )
