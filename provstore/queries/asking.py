"""How a question is asked in words: its parameters as texts, read and checked once for the web and the command line."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provstore.errors import Invalid
from provstore.graph.model import NodeId, Viewer
from provstore.graph.statements import instant_of
from provstore.graph.store import GraphStore
from provstore.queries.conditions import CLASSES, Clause, Test, merged, parse_clause, parse_test, parse_values
from provstore.queries.names import resolve_all

__all__ = [
    "Asker",
    "Parameter",
    "Question",
    "answer",
    "choice",
    "classes",
    "descriptions",
    "flag",
    "instant",
    "level",
    "many_ids",
    "number",
    "one",
    "one_id",
    "python_name",
    "tests",
    "texts",
    "values_of_key",
]

_LARGEST: Final = 1_000_000
_LEVELS: Final = {"0": 0, "1": 1, "2": 2}
_KEY_END: Final = re.compile('[=!<>~:"]')
_OF_ACTIVITIES: Final = frozenset({"where", "stop", "stop-before"})
"""Parameters that mean activities where they don't say of what they speak."""
_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and of which store."""

    store: GraphStore
    viewer: Viewer


Read = Callable[[Asker, str, Sequence[str]], object]
"""Reads all values given under a name (never none)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a question.

    Args:
        name: As in the address and, behind ``--``, on the command line; ``-`` is ``_`` in Python.
        read: How its texts are read.
        text: One sentence of help.
        many: It may be given several times.
        needed: Without it there is no question.
        default: What is meant where it is not given, None to leave it to the function.
    """

    name: str
    read: Read
    text: str
    many: bool = False
    needed: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of the catalogue.

    Args:
        name: ``/prov/NAME``, ``provstore query NAME``.
        text: One sentence of help.
        of: The dataclass of its parameters, by their names in Python.
        ask: Answers, given store, viewer and parameters.
        parameters: In the order of the help.
    """

    name: str
    text: str
    of: Callable[..., Any]
    ask: Callable[[GraphStore, Viewer, Any], object]
    parameters: tuple[Parameter, ...]

    @property
    def takes_many_ids(self) -> bool:
        """Tell whether it may be asked with more ids than an address holds, so that it is asked by POST, too."""
        return any(one.name == "id" and one.many and one.needed for one in self.parameters)


def answer(question: Question, given: Mapping[str, Sequence[str]], asker: Asker) -> object:
    """Ask a question in words.

    Raises:
        Invalid: a parameter is unknown, missing, given too often, or can't be read.
    """
    names = [parameter.name for parameter in question.parameters]
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        raise Invalid(
            f"unknown parameter {unknown!r}; known: {', '.join(names)}", field=unknown, value=given[unknown][0]
        )
    values: dict[str, object] = {}
    for parameter in question.parameters:
        name = parameter.name
        texts_given = given.get(name) or (() if parameter.default is None else (parameter.default,))
        if parameter.needed and not any(texts_given):
            raise Invalid(f"{name} is needed: {parameter.text}", field=name)
        if len(texts_given) > 1 and not parameter.many:
            raise Invalid(f"{name} is given {len(texts_given)} times: once is right", field=name, value=texts_given[1])
        if texts_given:
            values[python_name(name)] = parameter.read(asker, name, texts_given)
    return question.ask(asker.store, asker.viewer, question.of(**values))


def python_name(name: str) -> str:
    """Give the keyword under which a function takes a parameter."""
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


# --- readers


def one(_: Asker, __: str, given: Sequence[str]) -> str:
    """Read a text as it is."""
    return given[0]


def texts(_: Asker, __: str, given: Sequence[str]) -> tuple[str, ...]:
    """Read several texts, also with commas between them."""
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())


def many_ids(asker: Asker, name: str, given: Sequence[str]) -> tuple[NodeId, ...]:
    """Read ids, each as local part, QName or URI."""
    wanted = [text.strip() for text in given]
    if not all(wanted):
        raise Invalid(f"{name} is empty: a local part, a QName or a URI is needed", field=name)
    return tuple(dict.fromkeys(resolve_all(asker.store, wanted, asker.viewer)))


def one_id(asker: Asker, name: str, given: Sequence[str]) -> NodeId:
    """Read an id."""
    return many_ids(asker, name, given)[0]


def number(least: int, *, all_as_none: bool = False) -> Read:
    """Make a reader of whole numbers from ``least`` on; ``all_as_none``: ``all`` means no bound, read as None."""

    def read(_: Asker, name: str, given: Sequence[str]) -> int | None:
        text = given[0].strip()
        if all_as_none and text.lower() == "all":
            return None
        if not (text.isascii() and text.isdecimal() and int(text[:10]) >= least):
            right = f"a whole number, {least} or above" + (", or all," if all_as_none else "")
            raise Invalid(f"{name}={text!r}: {right} is needed", field=name, value=text)
        return min(int(text[:10]), _LARGEST)

    return read


def flag(_: Asker, name: str, given: Sequence[str]) -> bool:
    """Read yes or no."""
    text = given[0].lower()
    if text not in _FLAGS:
        raise Invalid(f"{name}={given[0]!r}: true or false is needed", field=name, value=given[0])
    return _FLAGS[text]


def level(_: Asker, name: str, given: Sequence[str]) -> int:
    """Read how much is told: 0, 1 or 2."""
    if given[0] not in _LEVELS:
        raise Invalid(f"{name}={given[0]!r}: 0, 1 or 2 is needed", field=name, value=given[0])
    return _LEVELS[given[0]]


def choice(*known: str) -> Read:
    """Make a reader of one of some words, in any case."""

    def read(_: Asker, name: str, given: Sequence[str]) -> str:
        text = given[0].lower()
        if text not in known:
            raise Invalid(f"{name}={given[0]!r}: one of {', '.join(known)} is needed", field=name, value=given[0])
        return text

    return read


def instant(_: Asker, name: str, given: Sequence[str]) -> datetime:
    """Read a date, or a date with time; without zone it is UTC."""
    text = given[0].strip()
    found = instant_of(text) or instant_of(f"{text}T00:00:00")
    if found is None:
        right = "a date such as 2026-01-31 or 2026-01-31T12:00:00Z is needed"
        raise Invalid(f"{name}={text!r}: {right}", field=name, value=text)
    return found


def tests(_: Asker, name: str, given: Sequence[str]) -> tuple[Test, ...]:
    """Read conditions on nodes; a bare comparison is one of an activity."""
    return tuple(_test(name, text) for text in given)


def classes(_: Asker, name: str, given: Sequence[str]) -> tuple[str, ...]:
    """Read classes of nodes."""
    found = tuple(part.strip().lower() for text in given for part in text.split(","))
    wrong = [one for one in found if one not in CLASSES]
    if wrong:
        raise Invalid(f"{name}={wrong[0]!r}: one of {', '.join(CLASSES)} is needed", field=name, value=wrong[0])
    return found


def descriptions(_: Asker, __: str, given: Sequence[str]) -> tuple[Clause, ...]:
    """Read names of descriptions: with a comma, or given twice, either will do."""
    return merged([clause for text in given for clause in parse_values("description", text)])


def values_of_key(_: Asker, name: str, given: Sequence[str]) -> tuple[Clause, ...]:
    """Read what a search wants under a key: with a comma, or given twice, either will do."""
    return merged([clause for text in given for clause in parse_values(name, text)])


def _test(name: str, text: str) -> Test:
    if "[" in _KEY_END.split(text, maxsplit=1)[0] or text.partition(".")[0] in CLASSES:
        return parse_test(text)
    if name in _OF_ACTIVITIES:
        return Test(label=CLASSES["activity"], clauses=(parse_clause(text),))
    return parse_test(text)
