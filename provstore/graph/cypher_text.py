"""Finds out, from its text alone, whether a Cypher statement might do more than read the graph.

The database refuses changes by itself (READ access mode). What that mode lets through is refused here: procedures,
files and addresses (LOAD CSV), other databases, administration. Strings, comments and names in backticks are no words
of the language and never count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from provstore.errors import Invalid

__all__ = ["refuse_changes"]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>  \s+ | //[^\r\n]* | /\*.*?\*/ )
    | (?P<string> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" )
    | (?P<quoted> `(?:[^`]|``)*` )
    | (?P<number> \d\w* )
    | (?P<name>   [^\W\d]\w* )
    | (?P<sign>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|0o?[0-7]+|\d[\d_]*(?:e\d*)?", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\u", re.IGNORECASE)

_FIRST: Final = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN"})
"""Statements of any other beginning administer, show settings, or change."""
_REFUSED: Final[dict[str, str]] = {
    "CALL": "procedures and subqueries by CALL are refused",
    "LOAD": "LOAD CSV reads files and addresses",
    "USE": "there is one graph here",
} | dict.fromkeys(
    ("CREATE", "MERGE", "INSERT", "SET", "REMOVE", "DELETE", "DETACH", "NODETACH", "FOREACH"),
    "the graph is changed through provstore only",
)
_SPACES: Final = frozenset({"date", "datetime", "localdatetime", "time", "localtime", "duration", "point", "vector"})
"""Before the dot of functions that are Cypher's own; all others come with plug-ins, and may do anything."""
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_DEEPEST: Final = 50
_LONGEST: Final = 100_000
_NAMES: Final = frozenset({"name", "quoted"})


class _Token(NamedTuple):
    sort: str
    text: str

    @property
    def is_name(self) -> bool:
        return self.sort in _NAMES


_NOTHING: Final = _Token("sign", "")


def refuse_changes(statement: str) -> None:
    """Do nothing if the statement only reads the graph.

    Raises:
        Invalid: it might do more; the message names the word.
    """
    if _ESCAPE.search(statement):
        raise _refusal(r"\u", r"a character spelled \u… could hide a word; write it as it is, or give a parameter")
    if len(statement) > _LONGEST:
        raise _refusal(statement, f"a statement has at most {_LONGEST} characters; long values belong in parameters")
    tokens = list(_tokens(statement))
    _check_depth(tokens)
    if not tokens or tokens[0].text.upper() not in _FIRST:
        word = tokens[0].text if tokens else ""
        raise _refusal(word, f"it must begin with {', '.join(sorted(_FIRST))}")
    for place, token in enumerate(tokens):
        if token.sort == "number" and not _NUMBER.fullmatch(token.text):
            raise _refusal(token.text, "this is no number; write a space between a number and a word")
        if token.sort == "name":
            _check_word(tokens, place)
        if token.is_name:
            _check_function(tokens, place)


def _check_depth(tokens: list[_Token]) -> None:
    """Refuse what would keep the database's parser busy for minutes, where no limit of time ends it."""
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth > _DEEPEST:
            raise _refusal(token.text, f"brackets are nested in more than {_DEEPEST} levels")


def _refusal(word: str, why: str) -> Invalid:
    return Invalid(f"Cypher, at {word[:40]!r}: {why}", field="statement", value=word[:40])


def _tokens(statement: str) -> Iterator[_Token]:
    """Give the words and signs; an unfinished string or comment falls apart, and what is in it counts."""
    for found in _TOKEN.finditer(statement):
        sort = found.lastgroup or ""
        if sort != "space":
            yield _Token(sort, found.group())


def _at(tokens: list[_Token], place: int) -> _Token:
    return tokens[place] if 0 <= place < len(tokens) else _NOTHING


def _check_word(tokens: list[_Token], place: int) -> None:
    word = tokens[place].text.upper()
    if word not in _REFUSED or _is_only_a_name(tokens, place):
        return
    if word == "LOAD" and _at(tokens, place + 1).text.upper() != "CSV":
        return
    raise _refusal(word, f"{_REFUSED[word]}; a name of yours that is called so belongs in backticks")


def _is_only_a_name(tokens: list[_Token], place: int) -> bool:
    """Tell whether a word stands where no clause can begin: a property, a label, a parameter, a key of a map."""
    before = _at(tokens, place - 1)
    if before.text == ".":
        owner = _at(tokens, place - 2)  # behind a number or in a range the dot is no property's
        return owner.sort != "number" and owner.text != "."
    return before.text in {":", "$"} or _at(tokens, place + 1).text == ":"


def _check_function(tokens: list[_Token], place: int) -> None:
    """Refuse functions of plug-ins: a name with dots, before a bracket."""
    if _at(tokens, place + 1).text != "(" or _at(tokens, place - 1).text != ".":
        return
    first = place
    while _at(tokens, first - 1).text == "." and _at(tokens, first - 2).is_name:
        first -= 2
    space = tokens[first].text.strip("`").lower()
    if space not in _SPACES:
        raise _refusal(f"{space}.…", "functions of plug-ins are refused; Cypher's own are allowed")
