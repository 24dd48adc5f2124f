"""The catalogue of services: the newest revision of each, and every older one by name."""

from __future__ import annotations

import logging
import re
import threading
from datetime import datetime, timedelta
from typing import Final

from provstore.errors import Forbidden, Invalid, NotFound
from provstore.graph.model import Label, Node, NodeId
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.uws.jobs import instant, integer, text
from provstore.uws.publishing.revisions import Revision, revision_of

__all__ = ["Catalog", "find_revision"]

_LOG: Final = logging.getLogger(__name__)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}\Z")
_IS_REVISION: Final = Filter("revision", Op.GE, 1)
_TOLD: Final = ("name", "revision", "withdrawn_at", "changed_at")
_PAGE: Final = 1000
_OVERLAP: Final = timedelta(minutes=1)
"""How far back is looked again: an earlier stamp may be written later, by another process."""
_WHOLE: Final = 300
"""At every so many times all is looked at: the clock of another process may be wrong by more than the overlap."""


class Catalog:
    """The services on offer; what other processes publish or withdraw is seen at the next `refresh`.

    Raises:
        Invalid: a description can't be read: somebody has changed the graph by hand.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._newest: dict[str, Revision] = {}
        self._by_name: dict[str, Revision] = {}
        self._latest_at: datetime | None = None
        self._broken: set[NodeId] = set()
        self._times = 0
        self._guard = threading.RLock()
        for node in self._news():
            self.take(revision_of(node))

    def refresh(self) -> None:
        """Learn what was published or withdrawn since the last time, by whatever process.

        Of a service whose newest revision can't be read the last good one stays on offer, and the log tells it once.
        """
        with self._guard:
            self._times += 1
            for node in self._news(*self._since()):
                self._take_if_sound(node)

    def look(self, service: str) -> Revision | None:
        """Read the newest revision of one service anew; None if there is no such service.

        Raises:
            Invalid: it can't be read: somebody has changed the graph by hand.
        """
        found = self._last(Filter("name", Op.EQ, service))
        if found is not None:
            self.take(found)
        return found

    def take(self, revision: Revision) -> None:
        """Offer a revision, unless a newer one of its service is known, or that this one is withdrawn."""
        name = revision.description.name
        with self._guard:
            known = self._newest.get(name)
            if known is None or _age(known) <= _age(revision):
                self._newest[name] = revision
            self._by_name.pop(revision.name, None)

    def services(self) -> tuple[Revision, ...]:
        """Give the newest revision of every service on offer, by name."""
        return tuple(one for one in self.known() if one.withdrawn_at is None)

    def known(self) -> tuple[Revision, ...]:
        """Give the newest revision of every service that there ever was, by name."""
        newest = dict(self._newest)
        return tuple(newest[name] for name in sorted(newest))

    def newest(self, service: str) -> Revision:
        """Give the newest revision of a service, though it be withdrawn: its jobs are still there.

        Raises:
            NotFound: there is no such service.
        """
        if service not in self._newest:
            known = ", ".join(one.description.name for one in self.services()) or "none"
            raise NotFound(f"no service {service!r}; known services: {known}", field="service", value=service)
        return self._newest[service]

    def offered(self, service: str) -> Revision:
        """Give the newest revision of a service of which jobs may be made.

        Raises:
            NotFound: there is no such service.
            Forbidden: it was withdrawn.
        """
        revision = self.newest(service)
        if revision.withdrawn_at is not None:
            since = f"withdrawn on {revision.withdrawn_at:%Y-%m-%d}"
            why = f" ({revision.withdrawal})" if revision.withdrawal else ""
            raise Forbidden(
                f"service {service} was {since}{why}: no new jobs are made of it", field="service", value=service
            )
        return revision

    def revision(self, name: str) -> Revision:
        """Give a revision by its name: ``service@number``, or ``service`` for the newest.

        Raises:
            NotFound: there is no such revision.
        """
        service, at, _ = name.partition("@")
        if not at:
            return self.newest(service)
        newest = self._newest.get(service)
        if newest is not None and newest.name == name:
            return newest
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = find_revision(self._store, name)
        return found

    def history(self, service: str) -> tuple[Revision, ...]:
        """Give every revision of a service, the newest first.

        Raises:
            NotFound: there is no such service.
        """
        self.newest(service)
        filters = (Filter("name", Op.EQ, service), _IS_REVISION)
        condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters)
        question = Find(condition=condition, order=Order("revision", descending=True), limit=_PAGE)
        return tuple(revision_of(node) for node in every(self._store, question))

    def with_digest(self, service: str, digest: str) -> Revision | None:
        """Give the newest revision of a service that says just that, None if none ever did."""
        return self._last(Filter("name", Op.EQ, service), Filter("digest", Op.EQ, digest))

    def _last(self, *filters: Filter) -> Revision | None:
        condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=(*filters, _IS_REVISION))
        order = Order("revision", descending=True)
        found = self._store.find(Find(condition=condition, order=order, limit=1)).items
        return revision_of(found[0]) if found else None

    def _since(self) -> tuple[Filter, ...]:
        if self._latest_at is None or self._times % _WHOLE == 0:
            return ()
        return (Filter("changed_at", Op.GE, self._latest_at - _OVERLAP),)

    def _news(self, *since: Filter) -> tuple[Node, ...]:
        """Find the newest revisions that are not known, or not known to be withdrawn."""
        condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=(_IS_REVISION, *since))
        newest: dict[str, Node] = {}
        question = Find(condition=condition, order=Order("changed_at"), limit=_PAGE, fields=_TOLD)
        for node in every(self._store, question):
            name = text(node.properties, "name")
            if name not in newest or _number(node) > _number(newest[name]):
                newest[name] = node
            changed_at = instant(node.properties, "changed_at")
            if changed_at is not None and (self._latest_at is None or changed_at > self._latest_at):
                self._latest_at = changed_at
        unknown = tuple(node.id for name, node in newest.items() if self._is_news(name, node))
        return self._store.get(unknown) if unknown else ()

    def _is_news(self, service: str, node: Node) -> bool:
        known = self._newest.get(service)
        number, withdrawn_at = _number(node), instant(node.properties, "withdrawn_at")
        return known is None or number > known.number or (number == known.number and withdrawn_at != known.withdrawn_at)

    def _take_if_sound(self, node: Node) -> None:
        try:
            self.take(revision_of(node))
        except Invalid as error:
            if node.id not in self._broken:
                _LOG.error("the revision known before stays on offer: %s", error.message)
            self._broken.add(node.id)


def _age(revision: Revision) -> tuple[int, bool]:
    return revision.number, revision.withdrawn_at is not None


def _number(node: Node) -> int:
    return integer(node.properties, "revision") or 0


def find_revision(store: GraphStore, name: str) -> Revision:
    """Read a revision by its name ``service@number`` from the graph.

    Raises:
        NotFound: there is no such revision.
    """
    service, _, number = name.partition("@")
    found: tuple[Node, ...] = ()
    if _NUMBER.match(number):
        filters = (Filter("name", Op.EQ, service), Filter("revision", Op.EQ, int(number)))
        found = store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters))).items
    if not found:
        raise NotFound(f"no description {name!r}", field="description", value=name)
    return revision_of(found[0])
