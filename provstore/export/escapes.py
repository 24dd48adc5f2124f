"""Text as each notation spells it: XML, PROV-N, JSON.

What XML 1.0 cannot hold at all (control characters, U+FFFE, U+FFFF) becomes U+FFFD there; the other formats keep it.
Half a surrogate pair is no text: `encode` writes U+FFFD for it, in every format.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from json.encoder import encode_basestring as json_string
from typing import Final

__all__ = ["encode", "instant", "json_string", "provn_local", "provn_string", "xml_attribute", "xml_name", "xml_text"]

from provstore.export.names import NCNAME

_LOST: Final = "�"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_XML_ILLEGAL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
_XML_SPECIAL: Final = re.compile(f"[&<>\r{_XML_ILLEGAL}]")
_XML_ATTRIBUTE_SPECIAL: Final = re.compile(f'[&<>"\t\n\r{_XML_ILLEGAL}]')
_XML_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_XML_ESCAPED_NAME: Final = re.compile("_x[0-9A-F]{4}(?:[0-9A-F]{4})?_")

_PROVN_SPECIAL: Final = re.compile('["\\\\\\x00-\\x1f\x7f-\x9f\u2028\u2029\ufeff]')
_PROVN_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROVN_META: Final = frozenset("='(),:;[]")
_PROVN_FREE: Final = frozenset("/@~&+*?#$!-.")
_HEX_PAIR: Final = re.compile("[0-9A-Fa-f]{2}")


def _xml_escape(match: re.Match[str]) -> str:
    return _XML_ESCAPES.get(match[0], _LOST)


def xml_text(text: str) -> str:
    """Escape element content."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    return _XML_SPECIAL.sub(_xml_escape, text)


def xml_attribute(text: str) -> str:
    """Escape the inside of a double-quoted attribute value."""
    return _XML_ATTRIBUTE_SPECIAL.sub(_xml_escape, text)


def xml_name(local: str) -> str:
    """Make an element name of any local part: what XML forbids becomes ``_xHHHH_``, as the PROV library reads it."""
    if NCNAME.fullmatch(local) and not _XML_ESCAPED_NAME.search(local):
        return local
    return "".join(_xml_name_part(local, place) for place in range(len(local))) or "_x0000_"


def _xml_name_part(local: str, place: int) -> str:
    part = local[place]
    if part == "_" and _XML_ESCAPED_NAME.match(local, place):
        return "_x005F_"
    if NCNAME.fullmatch(part if place == 0 else f"_{part}"):
        return part
    code = ord(part)
    return f"_x{code:04X}_" if code <= 0xFFFF else f"_x{code:08X}_"


def provn_string(text: str) -> str:
    """Write a PROV-N string, quotes included; line ends and control characters as escapes."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{_PROVN_SPECIAL.sub(_provn_escape, text)}"'


def _provn_escape(match: re.Match[str]) -> str:
    return _PROVN_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}"


def provn_local(local: str) -> str:
    """Escape a local part for PROV-N; a character that no escape can hold is percent-encoded, which changes the URI."""
    if local.isidentifier() and local.isascii():
        return local
    return "".join(_provn_local_part(local, place) for place in range(len(local)))


def _provn_local_part(local: str, place: int) -> str:
    part = local[place]
    first, last = place == 0, place == len(local) - 1
    if part in _PROVN_META or (part in "-." and first) or (part == "." and last):
        return f"\\{part}"
    if part in _PROVN_FREE or (part.isascii() and part.isalnum()):
        return part
    if part == "%" and _HEX_PAIR.match(local, place + 1):
        return part
    if NCNAME.fullmatch(part if first else f"_{part}"):
        return part
    return "".join(f"%{byte:02X}" for byte in part.encode("utf-8", "replace"))


def encode(text: str) -> bytes:
    """Give the UTF-8 bytes of a written text."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(_LOST, text).encode()


def instant(time: datetime) -> str:
    """Write an instant in UTC as ``YYYY-MM-DDThh:mm:ss[.fff[fff]]Z``, the fraction only if it is not zero."""
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    if utc.microsecond and utc.microsecond % 1000 == 0:
        return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"
    return f"{utc.isoformat()[:-6]}Z"
