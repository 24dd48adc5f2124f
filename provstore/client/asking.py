"""Questions of the catalogue by name; how their answers are told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from provstore.client.answers import Answer, RemoteNode, RemotePage, RemoteText, graph_of, node_of, page_of
from provstore.client.connection import ANYTHING, Call, Connection, lines_of
from provstore.client.pictures import Picture
from provstore.client.refusals import facts_of
from provstore.client.uploads import Value, texts_of
from provstore.errors import NotFound, ProvstoreError

__all__ = ["ask", "expect", "given", "provenance", "stream"]

_LONGEST_ADDRESS: Final = 6000
_HOW: Final = frozenset({"format", "model"})
"""How an answer is written stands in the address."""

_SVG: Final = "svg"
_LINES: Final = "ndjson"

Given = Mapping[str, Sequence[str]]

T = TypeVar("T")


def given(parameters: Mapping[str, Value]) -> Given:
    """Spell keywords as the web does: ``stop_before`` is ``stop-before``, ``class_`` is ``class``; None is left out."""
    spelt = {name.rstrip("_").replace("_", "-"): texts_of(value) for name, value in parameters.items()}
    return {name: texts for name, texts in spelt.items() if texts}


def ask(connection: Connection, question: str, asked: Given) -> Answer:
    """Ask a question.

    Raises:
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    try:
        facts = facts_of(connection.send(_call(question, asked)))
    except NotFound as error:
        if error.field is None:  # what is asked about is there, or would be named
            error.add_note(f"is there a question {question!r}? docs/queries.md lists them")
        raise
    if "nodes" in facts and "relations" in facts:
        return graph_of(facts, partial(_picture, connection, question, asked))
    if _is_page(facts):
        return page_of(facts, partial(_page_after, connection, question, asked))
    return RemoteText(facts["text"]) if facts.keys() == {"text"} else dict(facts)


def stream(connection: Connection, question: str, asked: Given) -> Iterator[RemoteNode]:
    """Ask a question whose answer is long, and give its rows as they come.

    Raises:
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    with connection.stream(_call(question, {**asked, "format": (_LINES,)})) as response:
        for line in lines_of(response):
            yield node_of(json.loads(line))


def expect(answer: Answer, kind: type[T]) -> T:
    """Give an answer that has to be of a kind.

    Raises:
        ProvstoreError: it is of another: the server is older or newer than this client.
    """
    if not isinstance(answer, kind):
        raise ProvstoreError(f"the server answers with {type(answer).__name__}, {kind.__name__} is expected of it")
    return answer


def provenance(connection: Connection, path: str, asked: Given) -> bytes:
    """Give provenance in the format that is asked for.

    Raises:
        ProvstoreError: of the kind that the server's answer tells, with its message.
    """
    return connection.send(_call(path, asked)).content


def _call(question: str, asked: Given) -> Call:
    """More ids than an address holds go into a form."""
    path = question if question.startswith("/") else f"/prov/{question.rstrip('_').replace('_', '-')}"
    if len(urlencode(asked, doseq=True)) <= _LONGEST_ADDRESS:
        return Call(path=path, query=asked, headers=ANYTHING)
    how = {name: texts for name, texts in asked.items() if name in _HOW}
    what = {name: list(texts) for name, texts in asked.items() if name not in _HOW}
    return Call(method="POST", path=path, query=how, headers=ANYTHING, body=lambda: {"data": what})


def _picture(connection: Connection, question: str, asked: Given) -> Picture:
    drawn = provenance(connection, question, {**asked, "format": (_SVG,)})
    return Picture(drawn.decode(), " ".join((question, *asked.get("id", ())[:1])))


def _page_after(connection: Connection, question: str, asked: Given, after: str) -> RemotePage:
    return expect(ask(connection, question, {**asked, "after": (after,)}), RemotePage)


def _is_page(facts: Mapping[str, Any]) -> bool:
    items = facts.get("items")
    return isinstance(items, list) and all(isinstance(one, dict) for one in items)
