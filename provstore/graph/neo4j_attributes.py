"""Makes Cypher of filters that test attributes: a search of the full-text indexes, and tests of a node at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from provstore.graph.model import Kind, Value, Viewer
from provstore.graph.neo4j_rows import is_text
from provstore.graph.neo4j_schema import ASSERTED_INDEX, ID, NODE, READERS, TEXTS, WORDS, WORDS_INDEX, quote
from provstore.graph.neo4j_words import HASHED, TEXT, key_word, prefix, sort, word
from provstore.graph.store import Condition, Filter, Op, is_attribute

__all__ = ["found_by", "leading_attribute", "sees", "sees_bundle", "tests_attribute"]

Add = Callable[[Any], str]
"""Keeps a value as a parameter and gives its place in the query."""

_LED: Final = (frozenset({Op.EQ, Op.IN}), frozenset({Op.LT, Op.LE, Op.GT, Op.GE}), frozenset({Op.CONTAINS}))
"""Comparisons by which a search may begin, the best first."""
_CLAUSES: Final = 500
"""Words of one search: Lucene takes 1,024."""
_PART: Final = 50
"""Characters of what a text contains that Lucene looks for: more make its automaton too large."""
_BEYOND: Final = "~"
"""Sorts behind all that a number, an instant or a truth value is written with."""
_SPECIAL: Final = re.compile("[^0-9A-Za-z\x80-\u2fff\u3001-\U0010ffff]")
"""What Lucene's query language might take for more than a letter; the ideographic space is one of them."""


def sees(variable: str, viewer: Viewer) -> list[str]:
    """Give the test, if one is needed, that the viewer may see a node."""
    return [] if viewer.all else [f"any(reader IN {variable}.{quote(READERS)} WHERE reader IN $readers)"]


def sees_bundle(variable: str, viewer: Viewer) -> list[str]:
    """Give the test, if one is needed, that the viewer may see the bundle that says a relation, if one does."""
    tests = "".join(sees("b", viewer))
    seen = f"EXISTS {{ MATCH (b:{NODE} {{{ID}: {variable}.bundle}}) WHERE {tests} }}"
    return [f"({variable}.bundle IS NULL OR {seen})"] if tests else []


def leading_attribute(condition: Condition) -> Filter | None:
    """Find the filter by whose attribute a search best begins."""
    filters = [one for one in condition.filters if is_attribute(one.property)]
    return next((one for ops in _LED for one in filters if one.op in ops), None)


def found_by(question: Filter, variable: str, *, sees: Iterable[str], add: Add) -> str:
    """Write the search for the nodes that pass, each once.

    Args:
        question: One of which `leading_attribute` says that a search may begin by it.
        variable: Of the nodes.
        sees: Tests that the viewer may see the bundle ``b``.
        add: Takes values.
    """
    searches = add(list(_searches(question)))
    exact = question.op in _LED[0] or not isinstance(question.value, str)
    tests = [] if exact else [_has_word("said", question, add)]
    of_nodes = f" WHERE {tests[0]}" if tests else ""
    seen = [*tests, *sees]
    of_bundles = f"WITH said, startNode(said) AS b WHERE {' AND '.join(seen)} " if seen else ""
    return (
        "CALL () { "
        f"UNWIND {searches} AS words CALL db.index.fulltext.queryNodes('{WORDS_INDEX}', words) YIELD node "
        f"WITH node AS said{of_nodes} RETURN said AS {variable} UNION "
        f"UNWIND {searches} AS words CALL db.index.fulltext.queryRelationships('{ASSERTED_INDEX}', words) "
        f"YIELD relationship WITH relationship AS said {of_bundles}RETURN endNode(said) AS {variable} }}"
    )


def tests_attribute(variable: str, question: Filter, *, sees: Iterable[str], add: Add) -> str:
    """Write the test of a node: what it or a bundle says of it passes; NE and ABSENT deny that."""
    own, said = _has_word(variable, question, add), _has_word("said", question, add)
    asserted = f"EXISTS {{ MATCH (b)-[said:{Kind.ASSERTS}]->({variable}) WHERE {' AND '.join([said, *sees])} }}"
    denies = "NOT " if question.op in (Op.NE, Op.ABSENT) else ""
    return f"{denies}({own} OR {asserted})"


def _searches(question: Filter) -> Iterator[str]:
    """Give queries of Lucene which together find at least all that pass."""
    if question.op in (Op.EQ, Op.IN):
        exact = [_escaped(one) for one in _words(question)]
        yield from (" OR ".join(exact[start : start + _CLAUSES]) for start in range(0, len(exact), _CLAUSES))
        return
    value = _limit(question)
    if isinstance(value, str):
        part = f"*{_escaped(value[:_PART])}" if question.op is Op.CONTAINS and value else ""
        yield f"{prefix(question.property, TEXT)}{part}*"
        yield f"{prefix(question.property, HASHED)}*"
    elif value is not None and question.op in _LED[1] and (text := word(question.property, value)):
        first = prefix(question.property, sort(value))
        yield _RANGES[question.op].format(first=first, word=text, last=first + _BEYOND)


_RANGES: Final = {
    Op.LT: "[{first} TO {word}}}",
    Op.LE: "[{first} TO {word}]",
    Op.GT: "{{{word} TO {last}]",
    Op.GE: "[{word} TO {last}]",
}


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _values(question: Filter) -> tuple[Value | None, ...]:
    return question.value if isinstance(question.value, tuple) else (question.value,)


def _words(question: Filter) -> list[str]:
    """Give the words that what is asked for may equal; none for what no attribute can hold."""
    found = (word(question.property, value) for value in _values(question) if value is not None and is_text(value))
    return list(dict.fromkeys(one for one in found if one is not None))


def _limit(question: Filter) -> Value | None:
    value = next(iter(_values(question)), None)
    return value if is_text(value) else None


def _has_word(variable: str, question: Filter, add: Add) -> str:
    """Write the test that a node or relation has a word which passes (NE and ABSENT: which is denied)."""
    words = f"coalesce({variable}.{WORDS}, [])"
    if question.op in (Op.EQ, Op.NE, Op.IN):
        return f"any(word IN {words} WHERE word IN {add(_words(question))})"
    if question.op is Op.ABSENT:
        return f"any(word IN {words} WHERE word STARTS WITH {add(key_word(question.property))})"
    value = _limit(question)
    if value is None:
        return "false"
    if isinstance(value, str):
        words += f" + coalesce({variable}.{TEXTS}, [])"
    return f"any(word IN {words} WHERE {_compares(question, value, add)})"


def _compares(question: Filter, value: Value, add: Add) -> str:
    first = prefix(question.property, sort(value))
    is_of_key = f"word STARTS WITH {add(first)}"
    if question.op is Op.CONTAINS:
        is_in = f"{is_of_key} AND substring(word, {len(first)}) CONTAINS {add(value)}"
        return is_in if isinstance(value, str) else "false"
    limit = first + value if isinstance(value, str) else word(question.property, value)
    return "false" if limit is None else f"{is_of_key} AND word {question.op.value} {add(limit)}"
