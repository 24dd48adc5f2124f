"""Short names to full URIs: the prefixes of one document, or of one bundle in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provstore.graph.model import PROV, VOPROV, XSD
from provstore.ingest.statements import BLANK

__all__ = ["DEFAULT", "Prefixes", "is_uri"]

DEFAULT: Final = "default"
"""How PROV-JSON spells the prefix of names without one."""

_KNOWN: Final = {"prov": PROV, "xsd": XSD, "voprov": VOPROV, "xsi": "http://www.w3.org/2001/XMLSchema-instance#"}
_MEANT: Final = {XSD.removesuffix("#"): XSD, PROV.removesuffix("#"): PROV}
"""Namespaces as some tools declare them, without their end."""
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20<>\"{}|\\^`\x7f]+")
_SCHEMES: Final = frozenset({"urn", "doi", "file", "mailto", "tag", "info"})
"""Schemes of addresses that need no ``//``."""
_SEPARATOR: Final = re.compile("[#/:]")


def is_uri(text: str) -> bool:
    """Tell whether a text is an absolute URI, as far as namespaces and names need it."""
    return _URI.fullmatch(text) is not None


class Prefixes:
    """Expands names, and remembers what it met.

    Args:
        declared: Prefix -> namespace; ``default`` for names without prefix.
        unqualified: The namespace of names without prefix where no default is declared, and of undeclared prefixes.
    """

    def __init__(self, declared: Mapping[str, str], *, unqualified: str) -> None:
        self.declared = dict(declared)
        self.undeclared: dict[str, str] = {}
        """Prefixes that nobody declared, each with the first name that has it."""
        self.locals: dict[str, str] = {}
        """The local part of each URI that was met."""
        self._namespaces = _KNOWN | {name: _MEANT.get(uri, uri) for name, uri in declared.items() if name != DEFAULT}
        self._default = declared.get(DEFAULT, unqualified)
        self._unqualified = unqualified
        self._met: dict[str, str] = {}

    def inner(self, declared: Mapping[str, str]) -> Prefixes:
        """Give the prefixes of a bundle: its own, and around them these."""
        found = Prefixes({**self.declared, **declared}, unqualified=self._unqualified)
        found.undeclared, found.locals = self.undeclared, self.locals
        return found

    def expand(self, name: str) -> str:
        """Give the full URI of a name; a blank one, and what is a URI already, stay as they are."""
        uri = self._met.get(name)
        if uri is None:
            uri, local = self._split(name)
            self._met[name] = uri
            self.locals.setdefault(uri, local)
        return uri

    def _split(self, name: str) -> tuple[str, str]:
        if name.startswith(BLANK):
            return name, name.removeprefix(BLANK)
        prefix, colon, local = name.partition(":")
        if not colon:
            return self._default + name, name
        if prefix in self._namespaces:
            return self._namespaces[prefix] + local, local
        if (local.startswith("//") or prefix.lower() in _SCHEMES) and is_uri(name):
            return name, _SEPARATOR.split(name)[-1] or name
        self.undeclared.setdefault(prefix, name)
        return self._unqualified + name, local
