"""A description from a command line with gaps: ``wc -l {file} | sort {--reverse} > {counts}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from provstore.errors import Invalid
from provstore.uws.descriptions.drafts.calls import Call, Given, Place, Value, When, Word
from provstore.uws.descriptions.drafts.things import Draft, Thing, ThingKind, draft_of, kind_named
from provstore.uws.descriptions.model import NAME

__all__ = ["CommandLine", "Gap", "draft_from_command", "read_command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap in a command line: ``{name}``, ``{name:kind}``, ``{name:kind=default}`` or the option ``{--name}``."""

    name: str
    kind: ThingKind | None = None
    default: str = ""
    flag: str = ""


_Piece: TypeAlias = "str | Gap"
_Words: TypeAlias = "tuple[tuple[_Piece, ...], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """A command line that was read: programs of which each reads what the one before prints.

    ``target`` is what follows ``>``: a gap, a file name, or "" for nothing. ``unread`` are words in which a shell would
    replace something.
    """

    commands: tuple[_Words, ...]
    target: _Piece = ""
    unread: tuple[str, ...] = ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps, each name once, in order; where a name comes again it means the same."""
        found: dict[str, Gap] = {}
        pieces = [piece for command in self.commands for word in command for piece in word]
        for piece in (*pieces, self.target):
            if isinstance(piece, Gap) and (piece.name not in found or found[piece.name].kind is None):
                found[piece.name] = piece
        return tuple(found.values())


_GAP: Final = re.compile(
    r"\{(?:(?P<flag>--?[A-Za-z][\w-]*)|(?P<name>[A-Za-z_]\w*)(?::(?P<kind>[A-Za-z]+))?(?:=(?P<default>[^{}]*))?)\}"
)
_TOKEN: Final = re.compile(
    r"(?P<blank>\s+)|(?P<operator>\|\||&&|>>|<<|\d?>&\d?|&>|\d>|[|&;<>])|'(?P<single>[^']*)'|\"(?P<double>(?:\\.|[^\"\\])*)\""
    r"|\\(?P<escaped>.)|(?P<gap>\{[^\s{}]*\}|\{[A-Za-z_]\w*:[A-Za-z]+=[^{}]*\})|(?P<plain>(?:[^\s|&;<>'\"\\{}]|\{\{|\}\})+|[{}])",
    re.DOTALL,
)
_REPLACED: Final = re.compile(r"[*?$`]|^~")
_RIGHT: Final = "right is a program with its arguments, others after |, and at the end > FILE; put more into a script"


@dataclass(slots=True)
class _Reader:
    commands: list[list[list[_Piece]]] = field(default_factory=lambda: [[]])
    word: list[_Piece] | None = None
    bare: list[str] = field(default_factory=list)

    def add(self, *pieces: _Piece) -> None:
        """Add to the present word."""
        self.word = [*(self.word or ()), *(piece for piece in pieces if piece)]

    def end_word(self) -> None:
        """Go on to the next word."""
        if self.word is not None:
            self.commands[-1].append(self.word or [""])
        self.word = None


def read_command(text: str) -> CommandLine:
    """Read a command line as a shell splits it, with gaps for what changes; ``{{`` and ``}}`` stand for braces.

    Raises:
        Invalid: it is empty, has an open quote, or uses more of the shell than ``|`` and a final ``>``.
    """
    if "\n" in text.strip() or "\0" in text:
        raise Invalid("a command line is one line", field="command", value=text)
    reader = _Reader()
    target: list[list[_Piece]] | None = None
    for operator in _read_words(text.strip(), reader):
        if target is not None or operator not in {"|", ">"}:
            raise Invalid(f"{operator!r} in {text!r} is not read here: {_RIGHT}", field="command", value=text)
        if operator == ">":
            target = []
        reader.commands.append([])
    words = [tuple(tuple(word) for word in command) for command in reader.commands]
    last = words.pop() if target is not None else None
    if not all(words) or (last is not None and (len(last) != 1 or len(last[0]) != 1)):
        raise Invalid(f"{text!r} is no command line: {_RIGHT}", field="command", value=text)
    if any(not isinstance(piece, str) for command in words for piece in command[0]):
        raise Invalid(f"{text!r}: the program itself can't be a gap", field="command", value=text)
    return CommandLine(commands=tuple(words), target=last[0][0] if last else "", unread=tuple(reader.bare))


def _read_words(text: str, reader: _Reader) -> Iterator[str]:
    """Give each operator, after the words before it were read."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise Invalid(f"{text!r}: the quote at character {position + 1} is not closed", field="command", value=text)
        position = found.end()
        if found["blank"] or found["operator"]:
            reader.end_word()
            if found["operator"]:
                yield found["operator"]
        else:
            reader.add(*_pieces(found))
            if found["plain"] and _REPLACED.search(found["plain"]):
                reader.bare.append(found["plain"])
    reader.end_word()


def _pieces(found: re.Match[str]) -> Iterator[_Piece]:
    quoted = next((found[kind] for kind in ("single", "escaped") if found[kind] is not None), None)
    if quoted is not None:
        yield from _gaps(quoted) if found["single"] else (quoted,)
    elif found["double"] is not None:
        yield from _gaps(re.sub(r'\\([\\"$`])', r"\1", found["double"]))
    else:
        yield from _gaps(found.group())


def _gaps(text: str) -> Iterator[_Piece]:
    """Split a text at its gaps."""
    marked = text.replace("{{", "\x01").replace("}}", "\x02")
    end = 0
    for found in _GAP.finditer(marked):
        yield _braces(marked[end : found.start()])
        yield _gap(found)
        end = found.end()
    yield _braces(marked[end:])


def _braces(text: str) -> str:
    return text.replace("\x01", "{").replace("\x02", "}")


def _gap(found: re.Match[str]) -> Gap:
    if found["flag"]:
        name = found["flag"].lstrip("-").replace("-", "_")
        return Gap(name=name, kind=ThingKind.BOOLEAN, default="false", flag=found["flag"])
    kind = kind_named(found["kind"]) if found["kind"] else None
    return Gap(name=found["name"], kind=kind, default=found["default"] or "")


def draft_from_command(name: str, line: CommandLine, things: Sequence[Thing], *, about: str) -> Draft:
    """Make the description of a service that runs a command line; ``things`` tell what its gaps are.

    Raises:
        Invalid: a gap of which nothing is told, or a result that can't be one.
    """
    by_name = {thing.name: thing for thing in things}
    missing = [gap.name for gap in line.gaps if gap.name not in by_name]
    if missing:
        raise Invalid(f"nothing is told of the gap {missing[0]!r}", field="command", value=missing[0])
    notes = [f"{word!r} is given to the program as it is: no shell replaces anything in it" for word in line.unread]
    all_things, stdout = list(things), ""
    if isinstance(line.target, Gap):
        stdout = line.target.name
        if by_name[stdout].kind is not ThingKind.RESULT:
            raise Invalid(f"{stdout} follows '>', so it is a result, not {by_name[stdout].kind}", field="command")
    elif line.target:
        stdout = "output"
        while stdout in by_name or not NAME.match(stdout):
            stdout += "_"
        all_things.append(Thing(name=stdout, kind=ThingKind.RESULT, default=line.target))
    calls = tuple(_call(command, by_name) for command in line.commands)
    return draft_of(name, all_things, calls, about=about, stdout=stdout, notes=notes)


def _call(command: _Words, things: Mapping[str, Thing]) -> Call:
    words = list(command)
    fixed = 0
    while fixed < len(words) and not any(isinstance(piece, Gap) for piece in words[fixed]):
        fixed += 1
    if fixed < len(words) and fixed > 1 and _is_option(words[fixed - 1]):
        fixed -= 1
    program = tuple("".join(str(piece) for piece in word) for word in words[:fixed])
    return Call(program=program, given=tuple(_given(words[fixed:], things)))


def _is_option(word: tuple[_Piece, ...]) -> bool:
    return len(word) == 1 and isinstance(word[0], str) and word[0].startswith("-") and word[0].strip("-") != ""


def _given(words: Sequence[tuple[_Piece, ...]], things: Mapping[str, Thing]) -> Iterator[Given]:
    """An option right before a gap that may stay empty belongs to it: both are left out together."""
    number = 0
    while number < len(words):
        word = words[number]
        option: tuple[_Piece, ...] = ()
        following = words[number + 1] if number + 1 < len(words) else ()
        if _is_option(word) and len(following) == 1 and isinstance(following[0], Gap) and not following[0].flag:
            option, word = word, following
            number += 1
        number += 1
        yield _one(word, option, things)


def _one(word: tuple[_Piece, ...], option: tuple[_Piece, ...], things: Mapping[str, Thing]) -> Given:
    gaps = [piece for piece in word if isinstance(piece, Gap)]
    before: tuple[Word, ...] = (tuple(str(piece) for piece in option),) if option else ()
    if not gaps:
        return Given(words=(tuple(str(piece) for piece in word),))
    thing = things[gaps[0].name]
    if gaps[0].flag:
        return Given(words=((gaps[0].flag,),), when=When.TRUE, of=thing.name)
    optional = not thing.required and thing.kind not in {ThingKind.RESULT, ThingKind.FOLDER}
    when = When.GIVEN if optional and len(gaps) == 1 else When.ALWAYS
    guard = thing.kind is ThingKind.TEXT and len(word) == 1 and not thing.options and not option
    if thing.several and len(word) == 1:
        paths = thing.kind is ThingKind.FILE
        return Given(words=before, when=when, of=thing.name, spread=thing.name, paths=paths, guard=guard)
    return Given(words=(*before, tuple(_piece(piece, things) for piece in word)), when=when, of=thing.name, guard=guard)


def _piece(piece: _Piece, things: Mapping[str, Thing]) -> str | Value:
    if isinstance(piece, str):
        return piece
    places = {ThingKind.RESULT: Place.RESULT, ThingKind.FOLDER: Place.FOLDER}
    return Value(name=piece.name, place=places.get(things[piece.name].kind, Place.VALUE))
