"""A description from the help of a program: each option a parameter, each file an input or a result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.drafts.calls import Call, Given, Place, Value, When, Word
from provstore.uws.descriptions.drafts.guesses import guess
from provstore.uws.descriptions.drafts.help_text import Help, Option
from provstore.uws.descriptions.drafts.things import Draft, Names, Thing, ThingKind, draft_of
from provstore.uws.descriptions.drafts.usage_lines import Argument

__all__ = ["draft_from_help"]

_ALWAYS_MADE: Final = re.compile(r"(?-i:o)|out(?:put)?(?:_?(?:file|path|name|filename))?", re.IGNORECASE)
_STDIN: Final = re.compile(r"standard input|stdin", re.IGNORECASE)
_REQUIRED: Final = re.compile(r"[(\[][^()\[\]]*\brequired\b[^()\[\]]*[)\]]", re.IGNORECASE)
_SECRET: Final = re.compile(
    r".*(?:pass(?:word|wd|phrase)|secret|api_?key|(?:auth|access|bearer|api)_?token)|token", re.IGNORECASE
)
_OFF: Final = frozenset({"false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A thing of the program with the option or the argument by which it takes it."""

    thing: Thing
    option: Option | None = None
    argument: Argument | None = None


def draft_from_help(
    told: Help, *, name: str, program: tuple[str, ...], kinds: Mapping[str, ThingKind] | None = None
) -> Draft:
    """Make the description of a service that calls a program with what its help tells.

    Args:
        told: What the program says of itself.
        name: Name of the service.
        program: The program, and words that always follow it.
        kinds: What things are, by their names, where the guess is wrong.

    Raises:
        Invalid: ``kinds`` names something that the program does not have.
    """
    found = [*map(_of_option, told.options), *map(_of_argument, (one for one in told.arguments if not one.literal))]
    names = Names()
    named = [replace(one, thing=replace(one.thing, name=names.take(one.thing.name))) for one in found]
    chosen = [_as_told(one, kinds or {}) for one in named]
    unknown = sorted(set(kinds or {}) - {one.thing.name for one in chosen})
    if unknown:
        known = ", ".join(one.thing.name for one in chosen)
        raise Invalid(f"{unknown[0]!r} is nothing that {' '.join(program)} takes; known: {known}", field="kind")
    taken = [_switched(_needed(one, chosen, told), names) for one in chosen]
    literal = tuple(one.name for one in told.arguments if one.literal)
    call = Call(program=(*program, *literal), given=tuple(_given(taken, told)))
    return draft_of(
        name,
        [one.thing for one in taken if one.thing.kind is not ThingKind.NOTHING],
        (call,),
        about=told.about,
        notes=(*_left_out(taken), *_told_to_all(taken)),
    )


def _of_option(option: Option) -> _Taken:
    head = option.head
    name = head.flag.lstrip("-").removeprefix("no-") if head.offs else head.flag.lstrip("-")
    if head.value:
        thing = guess(name, value=head.value, text=option.text, several=head.several)
        required = option.required or bool(_REQUIRED.search(option.text))
        return _Taken(thing=replace(thing, required=required), option=option)
    thing = guess(name, value="TEXT", text=option.text)
    default = "false" if not head.offs else _off_default(thing.default)
    return _Taken(
        thing=replace(thing, kind=ThingKind.BOOLEAN, default=default, options=(), required=False), option=option
    )


def _off_default(told: str) -> str:
    """Read the default of a pair of options: "" where the help tells none, and then neither is given."""
    if not told:
        return ""
    return "false" if told.lower() in _OFF or told.startswith("no-") else "true"


def _of_argument(argument: Argument) -> _Taken:
    name = argument.name.lower() if argument.name.isupper() else argument.name
    thing = guess(name, value=argument.value or _value_of(argument), text=argument.text, several=argument.several)
    options = argument.choices or thing.options
    kind = ThingKind.TEXT if argument.choices else thing.kind
    return _Taken(thing=replace(thing, kind=kind, options=options, required=argument.required), argument=argument)


def _value_of(argument: Argument) -> str:
    return argument.name if argument.name.isupper() else ""


def _as_told(one: _Taken, kinds: Mapping[str, ThingKind]) -> _Taken:
    thing = one.thing
    kind = kinds.get(thing.name, thing.kind)
    if kind is thing.kind:
        return one
    if kind is ThingKind.RESULT:
        default = thing.default or f"{thing.name}.dat"
    else:
        default = "" if kind in {ThingKind.FILE, ThingKind.FOLDER} else thing.default
    return replace(one, thing=replace(thing, kind=kind, default=default, options=()))


def _needed(one: _Taken, all_of_them: Sequence[_Taken], told: Help) -> _Taken:
    """Ask for what must be there: a file where the program would read standard input, and what comes before others."""
    thing = one.thing
    files = [other for other in all_of_them if other.argument and other.thing.kind is ThingKind.FILE]
    alone = files == [one] and bool(_STDIN.search(told.whole) or thing.several)
    if alone or (one.argument and not thing.several and _is_before_a_given_one(one, all_of_them)):
        return replace(one, thing=replace(thing, required=True))
    return one


def _is_before_a_given_one(one: _Taken, all_of_them: Sequence[_Taken]) -> bool:
    """Tell whether a later argument is always there: it would take the place of this one if this were left out."""
    later = all_of_them[all_of_them.index(one) + 1 :]
    return any(other.thing.kind is ThingKind.RESULT or other.thing.required for other in later if other.argument)


def _switched(one: _Taken, names: Names) -> _Taken:
    """Let the user choose the results that are beside the main one."""
    thing = one.thing
    always = thing.required or bool(_ALWAYS_MADE.fullmatch(thing.name))
    if thing.kind is not ThingKind.RESULT or always:
        return one
    return replace(one, thing=replace(thing, switch=names.take(f"make_{thing.name}")))


def _left_out(taken: Sequence[_Taken]) -> Iterator[str]:
    for one in taken:
        if one.thing.kind is ThingKind.NOTHING:
            yield f"{one.thing.name} is left out: a job should not choose programs or directories of the server"


def _told_to_all(taken: Sequence[_Taken]) -> Iterator[str]:
    for name in (one.thing.name for one in taken if one.thing.kind is ThingKind.TEXT):
        if _SECRET.fullmatch(name):
            yield f"{name}: what is sent is kept with the job, for whoever sees it; --as {name}=nothing leaves it out"


def _given(taken: Sequence[_Taken], told: Help) -> Iterator[Given]:
    """Give options first, then what ends them, then the arguments."""
    present = [one for one in taken if one.thing.kind is not ThingKind.NOTHING]
    for one in present:
        if one.option:
            yield from _by_option(one.thing, one.option, told)
    places = [one.thing for one in present if one.argument]
    if places and told.dashes:
        yield Given(words=(("--",),))
    for thing in places:
        yield _by_place(thing, told)


def _value(thing: Thing) -> Value:
    places = {ThingKind.RESULT: Place.RESULT, ThingKind.FOLDER: Place.FOLDER}
    return Value(name=thing.name, place=places.get(thing.kind, Place.VALUE))


def _when(thing: Thing) -> tuple[When, str]:
    if thing.switch:
        return When.TRUE, thing.switch
    if thing.kind in {ThingKind.RESULT, ThingKind.FOLDER} or (thing.required and thing.kind is not ThingKind.BOOLEAN):
        return When.ALWAYS, thing.name
    return When.GIVEN, thing.name


def _by_option(thing: Thing, option: Option, told: Help) -> Iterator[Given]:
    head = option.head
    if not head.value:
        yield Given(words=((head.flag,),), when=When.TRUE, of=thing.name)
        if head.offs:
            off = max(head.offs, key=len)
            yield Given(words=((off,),), when=When.FALSE, of=thing.name)
        return
    when, of = _when(thing)
    long = head.flag.startswith("--")
    if thing.several:
        paths = thing.kind is ThingKind.FILE
        guard = thing.kind is ThingKind.TEXT
        yield Given(words=((head.flag,),), when=when, of=of, spread=thing.name, paths=paths, guard=guard)
    elif head.optional or (long and told.equals):
        words: tuple[Word, ...] = ((f"{head.flag}=" if long else head.flag, _value(thing)),)
        yield Given(words=words, when=when, of=of)
    else:
        yield Given(words=((head.flag,), (_value(thing),)), when=when, of=of)


def _by_place(thing: Thing, told: Help) -> Given:
    when, of = _when(thing)
    guard = thing.kind is ThingKind.TEXT and not told.dashes
    if thing.several:
        return Given(when=when, of=of, spread=thing.name, paths=thing.kind is ThingKind.FILE, guard=guard)
    return Given(words=((_value(thing),),), when=when, of=of, guard=guard)
