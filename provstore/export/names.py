"""Full URIs to short names: prefixes are allotted as namespaces are met, so that a writer needs no pass in advance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from provstore.export.document import Document
from provstore.export.remarks import Remarks
from provstore.graph.model import PROV, PROVSTORE, QNAME, VOPROV, XSD
from provstore.graph.obscore import OBSCORE

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
_ALLOTTED: Final = re.compile("ns[0-9]+")
_STANDARD: Final = {"prov": PROV, "xsd": XSD}
_OURS: Final = {"voprov": VOPROV, "provstore": PROVSTORE, "obscore": OBSCORE}
_REMEMBERED: Final = 20_000
_TRIES: Final = 20
"""Places tried in a strange URI: a hostile one may hold thousands of separators."""


class Namespaces:
    """The prefixes of one written document.

    Args:
        given: Prefix and namespace, as its reader would like to see them; the first is that of most names. Of two
            with the same prefix or namespace the first holds.

    ``remarks``: which names the notation could not write as it should.
    """

    def __init__(self, given: Iterable[tuple[str, str]]) -> None:
        self._prefixes: dict[str, str] = {}
        taken: set[str] = set()
        for prefix, uri in (*_STANDARD.items(), *given, *_OURS.items()):
            fits = _PREFIX.fullmatch(prefix) and uri and _NAMESPACE.fullmatch(uri)
            if fits and prefix not in taken and uri not in self._prefixes:
                self._prefixes[uri] = prefix
                taken.add(prefix)
        self._taken = taken
        self._lengths = sorted({len(uri) for uri in self._prefixes}, reverse=True)
        self.main = next((uri for uri, prefix in self._prefixes.items() if prefix not in _STANDARD), PROVSTORE)
        self._used = {self._prefixes[self.main]: self.main}
        self._count = 0
        self.remarks = Remarks()

    @classmethod
    def of(cls, document: Document) -> Namespaces:
        """Start the prefixes of a document: the fixed ones and those it asks for."""
        names = cls([("id", document.own_namespace), *_OURS.items(), *document.prefixes.items()])
        names.remarks = document.remarks
        return names

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

    def is_taken(self, prefix: str) -> bool:
        """Tell whether a prefix stands for a namespace here, or may do so later on."""
        return prefix in self._taken or _ALLOTTED.fullmatch(prefix) is not None

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
        self._main = namespaces.main
        self._main_length = len(namespaces.main)
        prefix, local = namespaces.split(f"{namespaces.main}local")
        self._before, _, self._after = spell(prefix, local).rpartition(local)

    def __missing__(self, uri: str) -> str:
        """Spell a name that is not remembered."""
        if len(self) >= _REMEMBERED:
            self.clear()
        # Ids of one namespace are nearly all there is: three quarters of the time goes without the general way.
        if uri.startswith(self._main):
            local = uri[self._main_length :]
            if local.isidentifier() and local.isascii():
                text = self[uri] = f"{self._before}{local}{self._after}"
                return text
        text = self[uri] = self._spell(*self._split(uri))
        return text
