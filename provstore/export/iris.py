"""Full URIs as short names, or whole, for notations in which both mean the same: JSON-LD and Turtle."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from provstore.export.names import Namespaces
from provstore.graph.statements import BLANK

__all__ = ["Iris", "Split", "is_iri", "legal"]

_REMEMBERED: Final = 20_000
_FORBIDDEN: Final = re.compile('[\\x00-\\x20<>"{}|^`\\\\]')
"""What no IRI may hold, not even escaped."""

_ABSOLUTE: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")


def legal(uri: str) -> str:
    """Percent-encode what no IRI may hold, which changes it."""
    return _FORBIDDEN.sub(lambda match: f"%{ord(match[0]):02X}", uri)


def is_iri(uri: str) -> bool:
    """Tell whether a URI comes back as it is: it has a scheme, and no character that an IRI may not hold."""
    return _ABSOLUTE.match(uri) is not None and _FORBIDDEN.search(uri) is None


class Split(NamedTuple):
    """A URI and its two parts; ``blank``: the name of a nameless thing, which has none."""

    prefix: str
    namespace: str
    local: str
    blank: bool = False

    @property
    def uri(self) -> str:
        """Put the parts together."""
        return self.namespace + self.local


class Iris(dict[str, str]):
    """URI to its text in a notation; remembers the last few thousand, so that memory has a bound.

    Args:
        namespaces: Where prefixes come from; each namespace met is declared there, however its names are written.
        spell: Makes the notation's text.
    """

    def __init__(self, namespaces: Namespaces, spell: Callable[[Split], str]) -> None:
        super().__init__()
        self._split = namespaces.split
        self._spell = spell

    def __missing__(self, uri: str) -> str:
        """Spell a URI that is not remembered."""
        if len(self) >= _REMEMBERED:
            self.clear()
        if uri.startswith(BLANK):
            split = Split("_", BLANK, uri[len(BLANK) :], blank=True)
        else:
            prefix, local = self._split(uri)
            split = Split(prefix, uri[: len(uri) - len(local)], local)
        text = self[uri] = self._spell(split)
        return text
