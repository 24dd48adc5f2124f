"""What a VO service says when it fails, as a VOTable (DALI 1.1)."""

from __future__ import annotations

from provstore.export.escapes import xml_text

__all__ = ["error_votable"]


def error_votable(message: str) -> str:
    """Write a document that holds nothing but the reason."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        ' <RESOURCE type="results">\n'
        f'  <INFO name="QUERY_STATUS" value="ERROR">{xml_text(message)}</INFO>\n'
        " </RESOURCE>\n</VOTABLE>\n"
    )
