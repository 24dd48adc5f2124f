"""What is exported: a graph, and what its reader must be told beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import quote

from provstore.export.remarks import Remarks
from provstore.graph.model import Graph, Node, Subgraph

__all__ = ["Document", "Model"]

_ELSEWHERE: Final = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")
_NO_PREFIXES: Final[Mapping[str, str]] = MappingProxyType({})


class Model(StrEnum):
    """The vocabulary written: IVOA meaning carried by standard PROV, or plain W3C PROV without descriptions."""

    IVOA = "IVOA"
    W3C = "W3C"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A graph with all that its written form depends on.

    Args:
        graph: Read several times; nothing of it is kept but a few hundred bytes for each activity with a plan and each
            entity with a time of birth or death.
        own_namespace: The store's namespace, prefix ``id``.
        truncated: There was more than the limit; said in each format.
        restricted: Something the viewer may not see was left out; said in each format.
        notes: Further sentences for the reader, e.g. ids that were asked for and not found.
        model: IVOA or W3C.
        title: Heading of pictures.
        prefixes: Prefix -> namespace that a document would like to see again; unknown namespaces get ns1, ns2...
        site: Address of the server, for links in pictures and to its files ("" for none).
        focus: Ids of the nodes that were asked for; outlined in pictures.
        remarks: Filled while it is written: what the notation could not hold as it is.
    """

    graph: Graph
    own_namespace: str
    truncated: bool = False
    restricted: bool = False
    notes: tuple[str, ...] = ()
    model: Model = Model.IVOA
    title: str = ""
    prefixes: Mapping[str, str] = field(default_factory=lambda: _NO_PREFIXES)
    site: str = ""
    focus: frozenset[str] = frozenset()
    remarks: Remarks = field(default_factory=Remarks)

    @classmethod
    def of_answer(cls, answer: Subgraph, own_namespace: str) -> Self:
        """Make the document of a walk's answer, with what the answer itself knows of its limits."""
        return cls(graph=answer, own_namespace=own_namespace, truncated=answer.truncated, restricted=answer.restricted)

    def nodes(self) -> Iterator[Node]:
        """Give the nodes of the graph, with locations that mean something to a reader."""
        return (self._located(node) if "location" in node.properties else node for node in self.graph.nodes())

    def _located(self, node: Node) -> Node:
        """Tell the address of a file that is kept here, not where it lies; its name where the address is not known."""
        location = str(node.properties["location"])
        if not location or _ELSEWHERE.match(location) or not node.id.startswith(self.own_namespace):
            return node
        local = quote(node.id.removeprefix(self.own_namespace), safe="")
        told = f"{self.site.rstrip('/')}/store/{local}" if self.site else PurePosixPath(location).name
        return node._replace(properties={**node.properties, "location": told})
