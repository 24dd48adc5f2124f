"""Full URIs to short names: prefixes are allotted as namespaces are met, so that a writer needs no pass in advance."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from provstore.export.document import Document
from provstore.graph.model import PROV, PROVSTORE, QNAME, VOPROV, XSD

__all__ = ["NCNAME", "PROV", "PROVSTORE", "QNAME", "VOPROV", "XSD", "Namespaces", "Speller"]

_START: Final = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART: Final = _START + ".0-9\xb7\u0300-\u036f\u203f\u2040-"
NCNAME: Final = re.compile(f"[{_START}][{_PART}]*")
"""XML name without colon; use ``fullmatch``."""

_NAME_START: Final = re.compile(f"[{_START}]")
_NO_NAME_PART: Final = re.compile(f"[^{_PART}]")
_NAMESPACE: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))"
    r"(?://(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?(?![^/?#]))?"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
"""RFC 3986 without user and IPv6: libxml2 refuses a document that declares any other namespace."""
_PREFIX: Final = re.compile(r"(?![Xx][Mm][Ll]|xsi\Z|default\Z)[A-Za-z][A-Za-z0-9_-]*")
_SEPARATOR: Final = re.compile(r"[#/:]")
_REMEMBERED: Final = 20_000
_TRIES: Final = 20
"""Places tried in a strange URI: a hostile one may hold thousands of separators."""


class Namespaces:
    """The prefixes of one written document."""

    def __init__(self, own: str, prefixes: Mapping[str, str]) -> None:
        self._prefixes = {own: "id", VOPROV: "voprov", PROVSTORE: "provstore", PROV: "prov", XSD: "xsd"}
        taken = set(self._prefixes.values())
        for prefix, uri in prefixes.items():
            fits = _PREFIX.fullmatch(prefix) and uri and _NAMESPACE.fullmatch(uri)
            if fits and prefix not in taken and uri not in self._prefixes:
                self._prefixes[uri] = prefix
                taken.add(prefix)
        self._taken = taken
        self._lengths = sorted({len(uri) for uri in self._prefixes}, reverse=True)
        self._used = {"id": own}
        self.own = own
        self._count = 0

    @classmethod
    def of(cls, document: Document) -> Namespaces:
        """Start the prefixes of a document: the fixed ones and those it asks for."""
        return cls(document.own_namespace, document.prefixes)

    def split(self, uri: str) -> tuple[str, str]:
        """Give prefix and local part; a name of XML (NCName) whenever any split of the URI makes it one."""
        cut = self._cut(uri)
        namespace = uri[:cut]
        prefix = self._prefixes.get(namespace) or self._allot(namespace)
        self._used[prefix] = namespace
        return prefix, uri[cut:]

    def used(self) -> list[tuple[str, str]]:
        """Give prefix and URI of each namespace met so far, by prefix."""
        return sorted(self._used.items())

    def _allot(self, namespace: str) -> str:
        while True:
            self._count += 1
            prefix = f"ns{self._count}"
            if prefix not in self._taken:
                break
        self._prefixes[namespace] = prefix
        if len(namespace) not in self._lengths:
            self._lengths = sorted([*self._lengths, len(namespace)], reverse=True)
        return prefix

    def _cut(self, uri: str) -> int:
        known = [length for length in self._lengths if length < len(uri) and uri[:length] in self._prefixes]
        for length in known:
            if NCNAME.fullmatch(uri, length):
                return length
        named = _cut_for_xml(uri)
        if named:
            return named
        return known[0] if known else _cut_anywhere(uri)


def _cut_for_xml(uri: str) -> int:
    """Find where the local part is an NCName and the rest a namespace; 0 where nothing fits."""
    last = max(uri.rfind("#"), uri.rfind("/"), uri.rfind(":")) + 1
    if last and NCNAME.fullmatch(uri, last) and _NAMESPACE.fullmatch(uri, 0, last):
        return last
    stop = _NO_NAME_PART.search(uri[::-1])
    begin = _NAME_START.search(uri, max(1, len(uri) - stop.start() if stop else 1))
    if begin and _NAMESPACE.fullmatch(uri, 0, begin.start()):
        return begin.start()
    return 0


def _cut_anywhere(uri: str) -> int:
    places = [match.end() for match in _SEPARATOR.finditer(uri, 0, len(uri) - 1)]
    for place in (*places[: -_TRIES - 1 : -1], *places[_TRIES::-1]):
        if _NAMESPACE.fullmatch(uri, 0, place):
            return place
    return min(1, len(uri))


class Speller(dict[str, str]):
    """URI to its name as a format spells it; remembers the last few thousand, so that memory has a bound.

    Args:
        namespaces: Where prefixes come from.
        spell: Makes the format's text of a prefix and a local part.
    """

    def __init__(self, namespaces: Namespaces, spell: Callable[[str, str], str]) -> None:
        super().__init__()
        self._split = namespaces.split
        self._spell = spell
        self._own = namespaces.own
        self._own_length = len(namespaces.own)
        self._before, _, self._after = spell("id", "x").partition("x")

    def __missing__(self, uri: str) -> str:
        """Spell a name that is not remembered."""
        if len(self) >= _REMEMBERED:
            self.clear()
        # Ids of our own are nearly all there is: three quarters of the time goes without the general way.
        if uri.startswith(self._own):
            local = uri[self._own_length :]
            if local.isidentifier() and local.isascii():
                text = self[uri] = f"{self._before}{local}{self._after}"
                return text
        text = self[uri] = self._spell(*self._split(uri))
        return text
