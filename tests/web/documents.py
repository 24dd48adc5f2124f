"""Documents as data: parsed, so that only what matters is compared."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from astropy.io import votable
from lxml import etree

from tests.parts import require

__all__ = ["Tree", "assert_valid", "parsed", "uws", "votable_error"]

SCHEMAS: Final = Path(__file__).parents[3] / "shared" / "schemas"

Tree = tuple[str, dict[str, str], str, list["Tree"]]


def parsed(document: str | bytes) -> Tree:
    """Give a document as (name, attributes, text, children); blanks around text don't count."""
    return _tree(etree.fromstring(document.encode() if isinstance(document, str) else document))


def _tree(element: etree._Element) -> Tree:
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return str(element.tag), attributes, (element.text or "").strip(), [_tree(child) for child in element]


def uws(kind: str, content: str, *, version: str = ' version="1.1"') -> Tree:
    """Parse the expected UWS document of a kind (job, jobs, parameters, results) with this content."""
    return parsed(
        f'<uws:{kind} xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="urn:provstore:terms#"{version}>'
        f"{content}</uws:{kind}>"
    )


def assert_valid(document: str | bytes, *, schema: str = "UWS-1.1.xsd") -> None:
    """Hold a document to a published schema; skip where it is not at hand."""
    file = SCHEMAS / schema
    require(
        "schemas", present=file.is_file(), reason=f"the folder shared/schemas with {schema} is not beside the clone"
    )
    parser = etree.XMLParser(no_network=True)
    content = document.encode() if isinstance(document, str) else document
    etree.XMLSchema(etree.parse(file, parser)).assertValid(etree.fromstring(content))


def votable_error(document: bytes) -> str:
    """Give the message of a VOTable that tells an error as DALI wants it, and holds nothing else."""
    (resource,) = votable.parse(io.BytesIO(document), verify="exception").resources
    (info,) = resource.infos
    assert (resource.type, info.name, info.value) == ("results", "QUERY_STATUS", "ERROR")
    return str(info.content)
