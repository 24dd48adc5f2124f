"""Entities of the store, found by any spelling of their id or by an address under which this server shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Label, Node, NodeId, Viewer
from provstore.graph.store import GraphStore
from provstore.uws.catalog import find_revision
from provstore.uws.files import Files, is_elsewhere
from provstore.uws.jobs import integer, main_result, text
from provstore.uws.records import Records

__all__ = ["MAIN_RESULT", "StoredEntities"]

MAIN_RESULT: Final = "result"
"""The name under which the main result of every job can be had (users of UWS clients rely on it)."""

_LOCAL: Final = re.compile(r"e[0-9a-f]{32}(\.[A-Za-z0-9._-]+)?\Z")
_ENTITY_PATH: Final = re.compile(r"/(?:store|id)/(?:id:)?(?P<entity>[A-Za-z0-9._-]+)/?\Z")
_JOB_PATH: Final = re.compile(
    r"/(?:uws|rest)/[^/]+/(?P<job>j[0-9a-f]{32})/(?P<kind>results|parameters)/(?P<name>[^/]+)/?\Z"
)
_WEB: Final = re.compile(r"https?:", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACKS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class StoredEntities:
    """Finds entities by what users call them.

    Args:
        store: Where they are.
        files: Where their files are.
        addresses: Addresses of this server, besides the one that a client uses.
    """

    def __init__(self, store: GraphStore, files: Files, *, addresses: Iterable[str]) -> None:
        self._store = store
        self._files = files
        self._addresses = tuple(addresses)

    def is_own_address(self, text: str, *, base_url: str) -> bool:
        """Tell whether an address leads to this server: such a one is an id, and never fetched."""
        return self._place(text, base_url) is not None

    def find(self, name: str, item: str, *, base_url: str, viewer: Viewer) -> Node | None:
        """Give the entity that an item of the input ``name`` stands for; None if it is no spelling of one of ours.

        Raises:
            Invalid: it is, but there is no such entity for this viewer, or it has no file here.
        """
        id = self._id(item, base_url, viewer)  # noqa: A001 - the word of the standard
        return None if id is None else self._entity(name, item, id, viewer)

    def _id(self, item: str, base_url: str, viewer: Viewer) -> NodeId | None:
        namespace = self._store.namespace
        if item.startswith(namespace):
            return NodeId(item)
        if item.startswith("id:"):
            return NodeId(namespace + item.removeprefix("id:"))
        if _LOCAL.match(item):
            return NodeId(namespace + item)
        place = self._place(item, base_url)
        return None if place is None else self._id_of_place(place, viewer)

    def _place(self, item: str, base_url: str) -> SplitResult | None:
        """Split an address of this server; the scheme may be another one, where a proxy speaks TLS."""
        if not re.match(r"https?://", item, re.IGNORECASE):
            return None
        try:
            parts = urlsplit(item)
            host = _host(parts)
        except ValueError:
            return None
        ours = {one for base in (base_url, *self._addresses) if base for one in _hosts(urlsplit(base))}
        return parts if host in ours else None

    def _id_of_place(self, place: SplitResult, viewer: Viewer) -> NodeId | None:
        path = unquote(place.path)
        if entity := _ENTITY_PATH.search(path):
            return NodeId(self._store.namespace + entity["entity"])
        found = _JOB_PATH.search(path)
        if found is None:
            return None
        if found["kind"] == "results":
            return NodeId(f"{self._store.namespace}e{found['job'][1:]}.{found['name']}")
        number = parse_qs(place.query).get("item", ["1"])[-1]
        return self._input(found["job"], found["name"], number, viewer)

    def _input(self, job_id: str, name: str, number: str, viewer: Viewer) -> NodeId | None:
        """Follow the address of a parameter of a job to the file that the job has used."""
        records = Records(self._store)
        if not self._store.get([records.node_id(job_id)], viewer):
            return None
        inputs = records.read_even_deleted(job_id).inputs
        return next((one.entity for one in inputs if (one.name, str(one.item)) == (name, number)), None)

    def _entity(self, name: str, item: str, id: NodeId, viewer: Viewer) -> Node:
        found = self._store.get([id], viewer) or self._main_result(id, viewer)
        if not found or Label.ENTITY not in found[0].labels:
            raise Invalid(f"input {name}: there is no entity {item!r} in the store", field=name, value=item)
        properties = found[0].properties
        if "invalidated_at" not in properties and not text(properties, "location") and text(properties, "url"):
            raise Invalid(f"input {name}: the file of {item!r} was never fetched", field=name, value=item)
        if "invalidated_at" in properties or not text(properties, "location"):
            raise Invalid(f"input {name}: the file of {item!r} was removed", field=name, value=item)
        self._refuse_elsewhere(name, item, found[0])
        return found[0]

    def _refuse_elsewhere(self, name: str, item: str, node: Node) -> None:
        """Refuse what only is registered, but for files of the archive; their checksums are looked at when staged."""
        location = text(node.properties, "location")
        if _WEB.match(location):
            words = f"the file of {item!r} is only registered here; it lies at {location}: give that address"
            raise Invalid(f"input {name}: {words}", field=name, value=item)
        if is_elsewhere(location):
            try:
                self._files.path(location, size=integer(node.properties, "size"))
            except NotFound as error:
                raise Invalid(f"input {name}: {item!r}: {error.message}", field=name, value=item) from error

    def _main_result(self, id: NodeId, viewer: Viewer) -> tuple[Node, ...]:
        """Follow ``results/result`` of a job that has no result of that name, as the web does."""
        local = id.removeprefix(self._store.namespace)
        if not local.endswith(f".{MAIN_RESULT}"):
            return ()
        records = Records(self._store)
        if not self._store.get([records.node_id(job_id := f"j{local[1:33]}")], viewer):
            return ()
        job = records.read_even_deleted(job_id)
        if not job.results:
            return ()
        main = find_revision(self._store, job.revision).description.main
        return self._store.get([main_result(job.results, main).entity], viewer)


def _host(parts: SplitResult) -> tuple[str, int | None]:
    """Give host and port; None for the default port of its scheme."""
    port = None if parts.port == _DEFAULT_PORTS.get(parts.scheme.lower()) else parts.port
    return (parts.hostname or "").lower(), port


def _hosts(parts: SplitResult) -> Iterator[tuple[str, int | None]]:
    """Give the names of a server of ours: one that is reached at a loopback address has all of these."""
    name, port = _host(parts)
    for one in _LOOPBACKS if name in _LOOPBACKS else (name,):
        yield one, port
