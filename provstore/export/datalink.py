"""DataLink 1.1: links as a VOTable, and the services that they may be used with as service descriptors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.export.escapes import xml_attribute, xml_text

__all__ = ["STANDARD", "Choice", "Link", "ServiceDescriptor", "links_votable"]

STANDARD: Final = "ivo://ivoa.net/std/DataLink#links-1.1"

_HEAD: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
"""
_CHARS: Final = ("char", "*")
_WORDS: Final = ("unicodeChar", "*")
_TEXT: Final = 'datatype="char" arraysize="*"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A row: exactly one of ``access_url``, ``service_def`` and ``error_message`` is given.

    Args:
        id: As the caller wrote it.
        access_url: Where it is to be had.
        service_def: XML id of the service descriptor.
        error_message: Begins with one of the words of DataLink 1.1 §3.4.
        description: For people.
        semantics: What it is to the thing asked for: a term of the DataLink vocabulary.
        content_type: Media type, "" if not known.
        content_length: Bytes, None if not known.
        local_semantics: The same for the same sort of link of other things here.
        link_auth: ``true``: only with a token; ``optional``: as well without; "" if not known.
        link_authorized: Whether the caller may follow it; None if not known.
    """

    id: str
    access_url: str = ""
    service_def: str = ""
    error_message: str = ""
    description: str = ""
    semantics: str
    content_type: str = ""
    content_length: int | None = None
    local_semantics: str = ""
    link_auth: str = ""
    link_authorized: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A parameter of a service. ``ref``: XML id of the column that has its value."""

    name: str
    datatype: str = "char"
    arraysize: str = ""
    value: str = ""
    ref: str = ""
    description: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    minimum: str = ""
    maximum: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDescriptor:
    """A service and what it takes. ``itself``: the very service that answers here."""

    id: str
    name: str
    description: str
    access_url: str
    standard: str
    content_type: str
    choices: tuple[Choice, ...]
    itself: bool = False


_COLUMNS: Final = (
    ("ID", 'ucd="meta.id;meta.main"', _WORDS),
    ("access_url", 'ucd="meta.ref.url"', _CHARS),
    ("service_def", 'ucd="meta.ref"', _CHARS),
    ("error_message", 'ucd="meta.code.error"', _WORDS),
    ("description", 'ucd="meta.note"', _WORDS),
    ("semantics", 'ucd="meta.code"', _CHARS),
    ("content_type", 'ucd="meta.code.mime"', _CHARS),
    ("content_length", 'ucd="phys.size;meta.file" unit="byte"', ("long", "")),
    ("content_qualifier", 'ucd="meta.code"', _CHARS),
    ("local_semantics", 'ucd="meta.id.assoc"', _CHARS),
    ("link_auth", 'ucd="meta.code"', _CHARS),
    ("link_authorized", 'ucd="meta.code"', ("boolean", "")),
)
"""Name, attributes and (datatype, arraysize) of the columns of DataLink 1.1 §3.2."""


def links_votable(links: Sequence[Link], services: Sequence[ServiceDescriptor], *, overflow: bool) -> str:
    """Write links and the services that they name. ``overflow``: there are more links than these (DALI 1.1)."""
    return "".join((_HEAD, *_results(links, overflow=overflow), *map(_service, services), "</VOTABLE>\n"))


def _results(links: Sequence[Link], *, overflow: bool) -> Iterator[str]:
    yield ' <RESOURCE type="results">\n  <INFO name="QUERY_STATUS" value="OK"/>\n'
    yield f'  <INFO name="standardID" value="{STANDARD}"/>\n  <TABLE>\n'
    for name, more, (datatype, arraysize) in _COLUMNS:
        kind = f'datatype="{datatype}"' + (f' arraysize="{arraysize}"' if arraysize else "")
        yield f'   <FIELD ID="{name}" name="{name}" {kind} {more}/>\n'
    yield "   <DATA>\n    <TABLEDATA>\n"
    for link in links:
        cells = "".join(f"<TD>{xml_text(text)}</TD>" if text else "<TD/>" for text in _cells(link))
        yield f"     <TR>{cells}</TR>\n"
    yield "    </TABLEDATA>\n   </DATA>\n  </TABLE>\n"
    if overflow:
        yield '  <INFO name="QUERY_STATUS" value="OVERFLOW"/>\n'
    yield " </RESOURCE>\n"


def _cells(link: Link) -> tuple[str, ...]:
    return (
        link.id,
        link.access_url,
        link.service_def,
        link.error_message,
        link.description,
        link.semantics,
        link.content_type,
        "" if link.content_length is None else str(link.content_length),
        "",  # the vocabulary of content qualifiers is of product types, which are not known here
        link.local_semantics,
        link.link_auth,
        "" if link.link_authorized is None else str(link.link_authorized).lower(),
    )


def _service(service: ServiceDescriptor) -> str:
    utype = "adhoc:this" if service.itself else "adhoc:service"
    facts = (
        ("accessURL", service.access_url),
        ("standardID", service.standard),
        ("contentType", service.content_type),
    )
    lines = [
        f' <RESOURCE ID="{service.id}" name="{xml_attribute(service.name)}" type="meta" utype="{utype}">',
        f"  <DESCRIPTION>{xml_text(service.description)}</DESCRIPTION>",
        *(f'  <PARAM name="{name}" {_TEXT} value="{xml_attribute(value)}"/>' for name, value in facts if value),
        '  <GROUP name="inputParams">',
        *(line for choice in service.choices for line in _choice(choice)),
        "  </GROUP>",
        " </RESOURCE>\n",
    ]
    return "\n".join(lines)


def _choice(choice: Choice) -> Iterator[str]:
    names = ("name", "datatype", "arraysize", "unit", "ucd", "utype", "xtype", "ref")
    given = "".join(f' {name}="{xml_attribute(text)}"' for name in names if (text := getattr(choice, name)))
    yield f'   <PARAM{given} value="{xml_attribute(choice.value)}">'
    if choice.description:
        yield f"    <DESCRIPTION>{xml_text(choice.description)}</DESCRIPTION>"
    values = [(tag, text) for tag, text in (("MIN", choice.minimum), ("MAX", choice.maximum)) if text]
    values += [("OPTION", text) for text in choice.options]
    if values:
        yield "    <VALUES>"
        yield from (f'     <{tag} value="{xml_attribute(text)}"/>' for tag, text in values)
        yield "    </VALUES>"
    yield "   </PARAM>"
