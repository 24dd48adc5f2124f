"""The words of documents, kept so that people can use them: prefixes of namespaces, and keys of attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from provstore.graph.model import Label, Node, NodeId, Value, stable_local
from provstore.graph.statements import Statement

__all__ = ["Vocabulary"]

_MOST: Final = 10_000
"""Further words are not noted: who has more keys than that has put data into them."""
_END: Final = re.compile("[#/:]")


class Vocabulary:
    """Collects the words of one document.

    Args:
        namespace: The store's own, for the ids of the nodes.
        readers: Who may know of them.
    """

    def __init__(self, namespace: str, *, readers: frozenset[str]) -> None:
        self._namespace = namespace
        self._readers = readers
        self._prefixes: dict[tuple[str, str], None] = {}
        self._keys: dict[str, None] = {}

    def declare(self, prefixes: Mapping[str, str]) -> None:
        """Note prefixes and their namespaces."""
        for pair in prefixes.items():
            if len(self._prefixes) < _MOST:
                self._prefixes.setdefault(pair)

    def meet(self, statement: Statement) -> None:
        """Note the keys of a statement's attributes."""
        for attribute in statement.attributes:
            if attribute.key not in self._keys and len(self._keys) < _MOST:
                self._keys[attribute.key] = None

    def nodes(self) -> Iterator[Node]:
        """Give a node for each word: the same for the same word in every document."""
        for prefix, uri in self._prefixes:
            yield self._node("n", (prefix, uri), Label.NAMESPACE, {"prefix": prefix, "uri": uri})
        for key in self._keys:
            yield self._node("t", (key,), Label.TERM, {"name": _END.split(key)[-1], "uri": key})

    def _node(self, letter: str, words: tuple[str, ...], label: Label, facts: Mapping[str, Value]) -> Node:
        name = NodeId(self._namespace + stable_local(letter, *words))
        return Node(name, frozenset({label}), facts, readers=self._readers)
