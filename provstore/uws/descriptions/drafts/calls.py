"""A call of a program with the values of a job, as bash: arguments in an array, quoted, the unneeded left out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from provstore.uws.descriptions.names import exported_name

__all__ = ["Call", "Given", "Place", "Value", "When", "script_of"]


class Place(StrEnum):
    """What stands where a value goes."""

    VALUE = "value"
    """The value itself: a parameter, or the path of an input."""
    RESULT = "result"
    """The path at which a result is to be written."""
    FOLDER = "folder"
    """The directory of all results."""


class When(StrEnum):
    """When words are among the arguments."""

    ALWAYS = "always"
    GIVEN = "given"
    """Where the item has a value."""
    TRUE = "true"
    """Where it is true."""
    FALSE = "false"
    """Where it is given, and not true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A place in a word for the value of an item, by its name."""

    name: str
    place: Place = Place.VALUE


Word: TypeAlias = "tuple[str | Value, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Words that are given to a program together. ``of`` names the item on which that depends.

    ``spread`` names an item whose value is several, separated by blanks: they follow as one word each; ``paths`` tells
    that they are files. With ``guard`` a value that looks like an option, and not like a number, is refused.
    """

    words: tuple[Word, ...] = ()
    when: When = When.ALWAYS
    of: str = ""
    spread: str = ""
    paths: bool = False
    guard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A program with what it is given."""

    program: tuple[str, ...]
    given: tuple[Given, ...] = ()


_HEAD: Final = "#!/bin/bash\n# {about}\nset -euo pipefail\n"
_IS_TRUE: Final = """
is_true() {
    case "${1,,}" in true|t|yes|1) return 0 ;; *) return 1 ;; esac
}
"""
_CONDITIONS: Final = {
    When.GIVEN: 'if [ -n "${{{variable}-}}" ]; then {append}; fi\n',
    When.TRUE: 'if is_true "${{{variable}-}}"; then {append}; fi\n',
    When.FALSE: 'if [ -n "${{{variable}-}}" ] && ! is_true "${variable}"; then {append}; fi\n',
}
_SPREAD: Final = """read -r -d '' -a {words} <<<"${{{variable}-}}" || true
"""
# The paths of several files are made relative: a blank in the data directory's own path separates nothing.
_SPREAD_PATHS: Final = """read -r -d '' -a {words} <<<"${{{variable}//"$wd/"/./}}" || true
"""
_GUARD: Final = """case " ${{{variable}-}}" in
*[[:space:]]-[!0-9.]*) echo {refusal} >&2; exit 1 ;;
esac
"""


def script_of(calls: tuple[Call, ...], *, about: str, stdout: str = "", taken: Collection[str] = ()) -> str:
    """Write the script that runs programs, each reading what the one before printed.

    Args:
        calls: The programs.
        about: One line that says what the script does.
        stdout: Name of the result that holds what the last one printed, "" if its output is no result.
        taken: Names of items: no variable of the script itself may have them.
    """
    items = {exported_name(name) for name in taken}
    words = _free("words", items)
    arrays = [_free("command" if len(calls) == 1 else f"command{number}", items) for number in range(1, len(calls) + 1)]
    parts = [_HEAD.format(about=" ".join(about.split()) or "Runs a program.")]
    if any(given.when in {When.TRUE, When.FALSE} for call in calls for given in call.given):
        parts.append(_IS_TRUE)
    for call, array in zip(calls, arrays, strict=True):
        parts += ["\n", *_lines(call, array, words=words)]
    line = " | ".join(f'"${{{array}[@]}}"' for array in arrays)
    redirection = f' >"$rs/${exported_name(stdout)}"' if stdout else ""
    return "".join((*parts, f"\n{line}{redirection}\n"))


def _free(name: str, items: Collection[str]) -> str:
    while name in items:
        name = f"{name}_"
    return name


def _lines(call: Call, array: str, *, words: str) -> Iterator[str]:
    yield f"{array}=({' '.join(shlex.quote(word) for word in call.program)})\n"
    for given in _merged(call.given):
        yield from _given(given, array, words=words)


def _merged(given: tuple[Given, ...]) -> Iterator[Given]:
    """Put words that are always given into one line."""
    waiting: tuple[Word, ...] = ()
    for one in given:
        plain = one.when is When.ALWAYS and not one.guard
        if plain and not one.spread:
            waiting += one.words
            continue
        if waiting and not plain:
            yield Given(words=waiting)
            waiting = ()
        yield replace(one, words=(*waiting, *one.words))
        waiting = ()
    if waiting:
        yield Given(words=waiting)


def _given(given: Given, array: str, *, words: str) -> Iterator[str]:
    variable = exported_name(given.of)
    if given.guard:
        refusal = shlex.quote(f"{given.of}: a value that starts with - would be taken for an option")
        yield _GUARD.format(variable=variable, refusal=refusal)
    written = [_word(word) for word in given.words]
    if given.spread:
        template = _SPREAD_PATHS if given.paths else _SPREAD
        yield template.format(variable=exported_name(given.spread), words=words)
        written.append(f'"${{{words}[@]}}"')
    append = f"{array}+=({' '.join(written)})"
    if given.when is When.ALWAYS:
        yield f"{append}\n"
    else:
        yield _CONDITIONS[given.when].format(append=append, variable=variable)


def _word(word: Word) -> str:
    return "".join(_quoted(piece) for piece in word) or "''"


def _quoted(piece: str | Value) -> str:
    if isinstance(piece, str):
        return shlex.quote(piece) if piece else ""
    if piece.place is Place.FOLDER:
        return '"$rs"'
    variable = exported_name(piece.name)
    return f'"$rs/${variable}"' if piece.place is Place.RESULT else f'"${variable}"'
