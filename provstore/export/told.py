"""A document as it was told: the relations of its bundles as a stream of PROV records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from provstore.export.records import BUNDLE, FORMALS, Record
from provstore.export.vocabulary import rank
from provstore.graph.documents import statement_of
from provstore.graph.model import Relation
from provstore.graph.statements import BLANK, ELEMENTS, Statement

__all__ = ["Told", "told_records"]

Told = Mapping[str, Callable[[], Iterable[Relation]]]
"""Bundle as the document names it ("" for itself) -> gives what it says, by key, each time from the start."""


def told_records(told: Told) -> Iterator[Record]:
    """Give the records of a document, bundle by bundle; of elements with several records all follow each other."""
    for bundle, relations in told.items():
        if bundle:
            yield Record(BUNDLE, None, (), (), bundle)
        repeated = _repeated(_statements(relations(), bundle))
        held: dict[tuple[str, str], list[Record]] = {}
        for statement in _statements(relations(), bundle):
            record = _record(statement)
            if statement.kind in ELEMENTS and hash((statement.kind, statement.id)) in repeated:
                held.setdefault((statement.kind, statement.id), []).append(record)
            else:
                yield record
        for records in held.values():
            yield from records


def _statements(relations: Iterable[Relation], bundle: str) -> Iterator[Statement]:
    return (one for relation in relations if (one := statement_of(relation, bundle=bundle)) is not None)


def _repeated(statements: Iterable[Statement]) -> frozenset[int]:
    """Give hashes of the elements that have several records: a few bytes for each, not the document."""
    met: set[int] = set()
    twice: set[int] = set()
    for statement in statements:
        if statement.kind in ELEMENTS:
            mark = hash((statement.kind, statement.id))
            (twice if mark in met else met).add(mark)
    return frozenset(twice)


def _record(statement: Statement) -> Record:
    kind, name, arguments, attributes, bundle, _ = statement
    is_nameless = not name or (name.startswith(BLANK) and kind not in ELEMENTS)
    return Record(
        kind,
        None if is_nameless else name,
        tuple(arguments.get(formal) for formal in FORMALS[kind]),
        tuple(sorted(attributes, key=lambda one: rank(one[0]))),
        bundle or None,
    )
