"""PROV records gathered for a crate: what is said of each thing, and how things stand to each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from provstore.export.names import PROVSTORE
from provstore.export.records import ELEMENTS, Literal, Record
from provstore.export.statements import ANSWER
from provstore.export.vocabulary import LABEL, LOCATION, ROLE, TYPE, VALUE

__all__ = ["Link", "Thing", "Things"]

_LOCAL: Final = re.compile(r"[^#/:]*\Z")
_MARKS: Final = {"DescriptionRelation": "described", "RelatedToRelation": "related", "ConfigurationRelation": "used"}
"""prov:type of an influence -> the tie it is."""

_NAMES: Final = {LABEL: "label", LOCATION: "location", VALUE: "value", ROLE: "role"}


class Thing:
    """An element, with all that was said of it, whoever said so."""

    def __init__(self, thing_id: str) -> None:
        self.id = thing_id
        self.kinds: set[str] = set()
        self.types: set[str] = set()
        self.started: str | None = None
        self.ended: str | None = None
        self._facts: dict[str, str] = {}

    def add(self, record: Record) -> None:
        """Take what one record says. Of two values of a fact the first is kept."""
        self.kinds.add(record.kind)
        if record.kind == "activity":
            started, ended = record.arguments
            self.started, self.ended = self.started or started, self.ended or ended
        for key, lexical, _, _ in record.attributes:
            if key == TYPE:
                self.types.add(_local(lexical))
            else:
                self._facts.setdefault(_NAMES.get(key) or _local(key), lexical)

    def fact(self, *names: str) -> str:
        """Give the first known of these facts, by the local name of its key; "" if there is none."""
        return next((self._facts[name] for name in names if self._facts.get(name)), "")


class Link(NamedTuple):
    """Where a tie leads, and the role played there."""

    target: str
    role: str = ""
    plan: str | None = None


class Things:
    """All things of a document, in the order in which they were met, and their ties from effect to cause.

    Ties are by kind of relation; those of descriptions are ``described`` and ``related``.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.all: dict[str, Thing] = {}
        self.notes: list[str] = []
        self._ties: dict[str, dict[str, list[Link]]] = defaultdict(lambda: defaultdict(list))
        for record in records:
            if record.id == ANSWER:
                self.notes += [_limit(one) for one in record.attributes if one[0].startswith(PROVSTORE)]
            elif record.kind in ELEMENTS:
                self._thing(record.id or "").add(record)
            else:
                self._tie(record)

    def ties(self, kind: str, source: str) -> list[Link]:
        """Give where the ties of a kind lead from a thing."""
        return self._ties[kind].get(source, [])

    def kind_of_ties(self, kind: str) -> dict[str, list[Link]]:
        """Give all ties of a kind, by where they come from."""
        return self._ties[kind]

    def tools(self, activity: str) -> list[str]:
        """Give the description that an activity followed, and its plans."""
        plans = [link.plan for link in self.ties("wasAssociatedWith", activity) if link.plan]
        return [*(link.target for link in self.ties("described", activity)), *plans]

    def _thing(self, thing_id: str) -> Thing:
        return self.all.setdefault(thing_id, Thing(thing_id))

    def _tie(self, record: Record) -> None:
        source, target, *others = record.arguments
        if record.kind == "wasGeneratedBy":
            source, target = target, source
        plan = others[0] if record.kind == "wasAssociatedWith" else None
        marks = [_MARKS[mark] for one in record.attributes if one[0] == TYPE and (mark := _local(one[1])) in _MARKS]
        role = next((one[1] for one in record.attributes if _local(one[0]) == "role"), "")
        if source is None or (target is None and plan is None):
            return
        for kind in marks or [record.kind]:
            self._ties[kind][source].append(Link(target or "", role, plan))


def _local(uri: str) -> str:
    found = _LOCAL.search(uri)
    return found[0] if found else uri


def _limit(attribute: Literal) -> str:
    key, text, _, _ = attribute
    return text if _local(key) == "note" else f"This answer is {_local(key)}."
