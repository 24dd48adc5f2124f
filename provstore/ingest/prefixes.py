"""Short names to full URIs: the prefixes of one document, or of one bundle in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provstore.graph.model import PROV, VOPROV, XSD
from provstore.graph.statements import BLANK
from provstore.ingest.problems import shown

__all__ = ["DEFAULT", "Names", "Prefixes", "WrongError", "check_namespace", "is_uri"]

DEFAULT: Final = "default"
"""How PROV-JSON spells the prefix of names without one."""

_RESERVED: Final = {"prov": PROV, "xsd": XSD, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
"""Need no declaration, and can't be given another meaning."""
_KNOWN: Final = {**_RESERVED, "voprov": VOPROV}
_MEANT: Final = {XSD.removesuffix("#"): XSD, PROV.removesuffix("#"): PROV}
"""Namespaces as some tools declare them, without their end."""
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20<>\"{}|\\^`\x7f]+")
_SCHEMES: Final = frozenset({"urn", "doi", "file", "mailto", "tag", "info", "ark", "did", "hdl"})
"""Schemes of addresses that need no ``//``."""
_SEPARATOR: Final = re.compile("[#/:]")
_FEW: Final = 1_000
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


class WrongError(Exception):
    """A name, or a value, can't be read; the message says why, and the reader adds where."""


def is_uri(text: str) -> bool:
    """Tell whether a text is an absolute URI, as far as namespaces and names need it."""
    return _URI.fullmatch(text) is not None


def check_namespace(uri: object) -> str:
    """Give a namespace that a document declares. It may be no absolute URI: such documents exist.

    Raises:
        WrongError: it is no text, or names in it would not be full names.
    """
    if type(uri) is not str:
        raise WrongError("is no text; the URI of a namespace is needed")
    if not uri or uri.startswith(BLANK) or _CONTROL.search(uri):
        raise WrongError(f"{shown(uri)!r} is no URI of a namespace")
    return _MEANT.get(uri, uri)


def _is_written_out(name: str) -> bool:
    prefix, _, local = name.partition(":")
    return (local.startswith("//") or prefix.lower() in _SCHEMES) and is_uri(name)


class Names:
    """Expands names strictly, and remembers none of them: a document may have any number.

    Args:
        declared: Prefix -> namespace; ``default`` for names without prefix.
        unqualified: The namespace of names without prefix where no default is declared.
        outer: The names of the document, for those of a bundle in it.
    """

    def __init__(self, declared: Mapping[str, str], *, unqualified: str, outer: Names | None = None) -> None:
        self.bare = ""
        """The first name that was met without prefix where no default is declared."""
        self.reserved = {name: uri for name, uri in declared.items() if _RESERVED.get(name, uri) != uri}
        """What was declared for prefixes that have their meaning from the standard."""
        self._unqualified = unqualified
        self._outer = outer
        self._namespaces = {**({} if outer else _KNOWN), **declared, **_RESERVED}
        self.default: str | None = self._namespaces.pop(DEFAULT, outer.default if outer else None)
        """The namespace of names without prefix, None where it is declared neither here nor around."""
        if self.default is not None:
            self._namespaces.setdefault("", self.default)

    def inner(self, declared: Mapping[str, str]) -> Names:
        """Give the names of a bundle: by its own prefixes, and around them these."""
        return Names(declared, unqualified=self._unqualified, outer=self)

    def expand(self, name: str) -> str:
        """Give the full URI of a name; a blank one, and what is a URI already, stay as they are.

        Raises:
            WrongError: it is empty, or its prefix is declared nowhere.
        """
        prefix, colon, local = name.partition(":")
        if colon and prefix != "_":
            namespace = self.namespace(prefix)
            return self._written_out(name) if namespace is None else namespace + local
        if colon:
            return name
        if not name:
            raise WrongError("is empty; a name is needed")
        if self.default is None:
            self.bare = self.bare or name
            return self._unqualified + name
        return self.default + name

    def relation(self, name: str) -> str:
        """Give the id of a relation. Where no default is declared, one without prefix is blank: a mere key."""
        return BLANK + name if self.default is None and ":" not in name else self.expand(name)

    def namespace(self, prefix: str) -> str | None:
        """Give what a prefix stands for, here or around; None for an undeclared one."""
        found = self._namespaces.get(prefix)
        return found if found is not None or self._outer is None else self._outer.namespace(prefix)

    def begins(self, name: str) -> bool:
        """Tell whether a name is a full one in a declared namespace; asked only where these are few."""
        if len(self._namespaces) <= _FEW and name.startswith(tuple(self._namespaces.values())):
            return True
        return self._outer is not None and self._outer.begins(name)

    def _written_out(self, name: str) -> str:
        if _is_written_out(name) or (is_uri(name) and self.begins(name)):
            return name
        prefix = shown(name.partition(":")[0])
        raise WrongError(f"has the prefix {prefix!r}, which is declared nowhere (in {shown(name)!r})")


class Prefixes:
    """Expands names leniently, and remembers what it met.

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

    def relation(self, name: str) -> str:
        """Give the id of a relation: as any other."""
        return self.expand(name)

    def _split(self, name: str) -> tuple[str, str]:
        if name.startswith(BLANK):
            return name, name.removeprefix(BLANK)
        prefix, colon, local = name.partition(":")
        if not colon:
            return self._default + name, name
        if prefix in self._namespaces:
            return self._namespaces[prefix] + local, local
        if _is_written_out(name):
            return name, _SEPARATOR.split(name)[-1] or name
        self.undeclared.setdefault(prefix, name)
        return self._unqualified + name, local
