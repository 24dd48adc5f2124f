"""Answers of questions as JSON and CSV, the same for HTTP and the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from provstore.export.vocabulary import is_internal, is_internal_key
from provstore.graph.model import Node, Relation, Subgraph, Value, format_instant
from provstore.graph.titles import title
from provstore.queries.answers import Found, Listing, Rows, time_of

__all__ = ["answer_csv", "answer_json", "graph_json", "node_json", "rows_csv", "rows_ndjson"]

_COLUMNS: Final = ("id", "class", "label", "time", "distance", "witness")


def answer_json(answer: object) -> Any:
    """Give any answer in the shapes of the JSON API."""
    for kind, shape in _SHAPES:
        if isinstance(answer, kind):
            return shape(answer)
    if is_dataclass(answer):
        return {one.name.rstrip("_"): answer_json(getattr(answer, one.name)) for one in fields(answer)}
    return answer


def _members(answer: Mapping[Any, object]) -> dict[str, object]:
    return {str(name): answer_json(value) for name, value in answer.items()}


def _items(answer: Iterable[object]) -> list[object]:
    return [answer_json(one) for one in answer]


def graph_json(answer: Subgraph) -> dict[str, object]:
    """Give a walk's answer in the shape of the JSON API."""
    return {
        "nodes": [{**node_json(one.node), "distance": one.distance} for one in answer.reached],
        "relations": [_relation(edge) for edge in answer.edges],
        "truncated": answer.truncated,
        "restricted": answer.restricted,
    }


def node_json(node: Node) -> dict[str, object]:
    """Give a node with its attributes; of an attribute with several values a list."""
    return {"id": node.id, "class": sorted(node.labels), "label": title(node), "attributes": _attributes(node)}


def _attributes(node: Node) -> dict[str, object]:
    shown: dict[str, object] = {name: _plain(value) for name, value in node.properties.items() if not is_internal(name)}
    told: dict[str, list[str]] = {}
    for one in (one for one in node.attributes if not is_internal_key(one.key)):
        told.setdefault(one.key, []).append(one.lexical)
    return shown | {key: values[0] if len(values) == 1 else values for key, values in told.items()}


def _found_json(found: Found) -> dict[str, object]:
    node = found.node
    shown: dict[str, object] = {"id": node.id, "class": sorted(node.labels), "label": title(node)}
    told = {"time": time_of(node), "distance": found.distance, "witness": found.witness}
    shown |= {name: value for name, value in told.items() if value not in (None, "")}
    return {**shown, "attributes": _attributes(node)} if found.attributes else shown


def _plain(value: Value) -> str | int | float | bool:
    return format_instant(value) if not isinstance(value, str | int | float | bool) else value


def _relation(edge: Relation) -> dict[str, object]:
    return {
        "kind": edge.kind,
        "source": edge.source,
        "target": edge.target,
        "role": edge.role,
        "time": None if edge.time is None else format_instant(edge.time),
    }


_SHAPES: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (Subgraph, graph_json),
    (Found, _found_json),
    (Node, node_json),
    (Relation, _relation),
    (datetime, format_instant),
    (timedelta, timedelta.total_seconds),
    (Enum, lambda answer: answer.value),
    (str, str),
    (Rows, lambda answer: answer_json(answer.whole())),
    (Mapping, _members),
    (tuple, _items),
    (list, _items),
    (frozenset, lambda answer: _items(sorted(answer))),
)
"""Tried from top to bottom; any other dataclass becomes an object of its fields."""


def answer_csv(listing: Listing) -> str:
    """Give a list as CSV (RFC 4180): a row each, with a header."""
    out = io.StringIO()
    rows = csv.DictWriter(out, _COLUMNS, extrasaction="ignore", restval="", lineterminator="\r\n")
    rows.writeheader()
    for one in listing.items:
        shown = _found_json(one)
        rows.writerow({**shown, "class": " ".join(sorted(one.node.labels)), "label": _inert(str(shown["label"]))})
    return out.getvalue()


def rows_csv(rows: Iterable[object]) -> Iterator[str]:
    """Give rows (of one dataclass) as lines of CSV, with a header, one by one; where there are none, no header."""
    out = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        shown = {name: _cell(value) for name, value in answer_json(row).items()}
        if writer is None:
            writer = csv.DictWriter(out, list(shown), lineterminator="\r\n")
            writer.writeheader()
        writer.writerow(shown)
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def rows_ndjson(rows: Iterable[object]) -> Iterator[str]:
    """Give rows as lines of JSON, one by one."""
    return (json.dumps(answer_json(row), ensure_ascii=False) + "\n" for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return _inert(value) if isinstance(value, str) else value


def _inert(text: str) -> str:
    """Keep a spreadsheet from taking a stranger's text for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
