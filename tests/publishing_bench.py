"""A publication over any store, and people with all sorts of roles: what tests of the workflow share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from provstore.accounts.callers import ANONYMOUS, VISITOR, Caller, Grant, Role
from provstore.graph.model import EVERYBODY, Graph, Node, NodeId, Relation, Subgraph, Viewer
from provstore.graph.store import Change, Condition, Count, Find, GraphStore, Page, Walk
from provstore.settings import Settings
from provstore.uws.catalog import Catalog
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.files import Files
from provstore.uws.publishing.publication import Publication

__all__ = [
    "ADMIN",
    "AUTHOR",
    "CURATOR",
    "DAWN",
    "FIRST",
    "PEOPLE",
    "SECOND",
    "THIRD",
    "Meddled",
    "Ticking",
    "open_publication",
]

DAWN: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)

FIRST: Final = Description(
    name="stack",
    label="Stack",
    version="1",
    contact_name="Vera Rubin",
    contact_email="vera@example.org",
    script="cat image > s.fits\n",
    parameters=(ParameterDefinition(name="threshold", datatype="double", unit="K", min="0", default="5"),),
    used=(Used(name="image", role="science", content_types=("image/fits", "image/png"), url="file://$ID"),),
    generated=(Generated(name="stacked", default="s.fits", content_type="image/fits"),),
)
SECOND: Final = replace(FIRST, script="cp image s.fits\n")
THIRD: Final = replace(FIRST, script="mv image s.fits\n")


def _person(name: str, *grants: tuple[Role, str], admin: bool = False) -> Caller:
    granted = frozenset(Grant(role, service) for role, service in grants)
    return Caller(agent=f"a-{name}", name=name, admin=admin, grants=granted)


AUTHOR: Final = _person("author", (Role.AUTHOR, "stack"))
CURATOR: Final = _person("curator", (Role.CURATOR, "stack"))
ADMIN: Final = _person("admin", admin=True)

PEOPLE: Final = {
    "anonymous": ANONYMOUS,
    "visitor": VISITOR,
    "user": _person("user", (Role.RUN, "stack")),
    "author": AUTHOR,
    "author of another": _person("stranger", (Role.AUTHOR, "copy")),
    "author of all": _person("poet", (Role.AUTHOR, "*")),
    "curator": CURATOR,
    "curator of another": _person("neighbour", (Role.CURATOR, "copy")),
    "curator of all": _person("head", (Role.CURATOR, "*")),
    "administrator": ADMIN,
}


@dataclass
class Ticking:
    """A clock that goes on by a second each time it is read."""

    at: datetime = field(default=DAWN)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


class Meddled:
    """A store that does something just before, or just after, the next batch is written; it counts what is done.

    ``batches`` were written, ``whole`` nodes were read with all that they say.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None
        self.batches = 0
        self.whole = 0

    @property
    def namespace(self) -> str:
        return self._store.namespace

    def write(self, changes: Sequence[Change]) -> None:
        self.batches += 1
        before, self.before = self.before, None
        if before:
            before()
        self._store.write(changes)
        after, self.after = self.after, None
        if after:
            after()

    def delete(self, ids: Collection[NodeId]) -> int:
        return self._store.delete(ids)

    def get(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> tuple[Node, ...]:
        self.whole += len(ids)
        return self._store.get(ids, viewer)

    def find(self, question: Find, viewer: Viewer = EVERYBODY) -> Page:
        return self._store.find(question, viewer)

    def aggregate(self, condition: Condition, by: tuple[str, ...], viewer: Viewer = EVERYBODY) -> tuple[Count, ...]:
        return self._store.aggregate(condition, by, viewer)

    def walk(self, walk: Walk, viewer: Viewer = EVERYBODY) -> Subgraph:
        return self._store.walk(walk, viewer)

    def told(self, bundle: NodeId) -> Iterator[Relation]:
        return self._store.told(bundle)

    def retract(self, bundle: NodeId) -> int:
        return self._store.retract(bundle)

    def scan(self, viewer: Viewer = EVERYBODY) -> Graph:
        return self._store.scan(viewer)

    def close(self) -> None:
        self._store.close()


def open_publication(store: GraphStore, folder: Path, *, clock: Ticking | None = None) -> Publication:
    """Open the workflow over a store, with a catalogue of its own, as each process has."""
    return Publication(
        store=store,
        catalog=Catalog(store),
        files=Files(folder),
        settings=Settings(data=folder),
        clock=clock or Ticking(),
    )
