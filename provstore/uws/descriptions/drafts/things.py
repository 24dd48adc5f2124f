"""What a program takes and makes, before it is a description: things of a kind, with a name that is free."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.drafts.calls import Call, script_of
from provstore.uws.descriptions.model import CONFIG_FILE, FILE_URL, Description, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.names import exported_name, reserved
from provstore.uws.descriptions.values import check_value

__all__ = ["Draft", "Names", "Thing", "ThingKind", "draft_of", "kind_named"]


class ThingKind(StrEnum):
    """What a thing is to the job."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    FILE = "file"
    """A file that the job reads."""
    RESULT = "result"
    """A file that the job makes."""
    FOLDER = "folder"
    """The directory into which the program writes its files: all of them are results."""
    NOTHING = "nothing"
    """Left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that a program takes or makes.

    ``default`` is the value of a parameter, the file name of a result, "" for none. ``configures`` marks an input that
    is a configuration file. ``switch`` names the parameter that asks for a result which is not always made.
    """

    name: str
    kind: ThingKind
    text: str = ""
    default: str = ""
    unit: str = ""
    min: str = ""
    max: str = ""
    options: tuple[str, ...] = ()
    content_type: str = ""
    required: bool = True
    several: bool = False
    configures: bool = False
    switch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A description that was made for somebody, and what had to be guessed or left out."""

    description: Description
    notes: tuple[str, ...] = ()


_NOT_IN_NAMES: Final = re.compile(r"\W+", re.ASCII)
_DATATYPES: Final = {
    ThingKind.TEXT: "char",
    ThingKind.INTEGER: "long",
    ThingKind.REAL: "double",
    ThingKind.BOOLEAN: "boolean",
}
_NUMBERS: Final = frozenset({ThingKind.INTEGER, ThingKind.REAL})
_MANY: Final = {(True, True): "1..*", (True, False): "1", (False, True): "*", (False, False): "0..1"}


def kind_named(text: str) -> ThingKind:
    """Give a kind by its name or a plain abbreviation of it (int, float, bool, input, output, none).

    Raises:
        Invalid: there is none of that name.
    """
    word = _OTHER_WORDS.get(text.strip().lower(), text.strip().lower())
    if word not in {one.value for one in ThingKind}:
        raise Invalid(f"{text!r} is no kind; right is one of: {', '.join(ThingKind)}", field="kind", value=text)
    return ThingKind(word)


_OTHER_WORDS: Final = {
    "str": "text",
    "string": "text",
    "char": "text",
    "int": "integer",
    "long": "integer",
    "float": "real",
    "double": "real",
    "number": "real",
    "bool": "boolean",
    "flag": "boolean",
    "input": "file",
    "output": "result",
    "none": "nothing",
}


@dataclass(slots=True)
class Names:
    """Gives each thing a name of its own that is not reserved; case does not tell names apart (DALI 1.1 §2)."""

    taken: set[str] = field(default_factory=set)

    def take(self, wanted: str) -> str:
        """Give the wanted name, or the nearest that may be used."""
        plain = _NOT_IN_NAMES.sub("_", wanted).strip("_") or "value"
        name = plain if not plain[0].isdigit() else f"value_{plain}"
        if reserved(name):
            name = f"{name}_value"
        free, number = name, 1
        while exported_name(free).casefold() in self.taken or reserved(free):
            number += 1
            free = f"{name}_{number}"
        self.taken.add(exported_name(free).casefold())
        return free


def draft_of(
    name: str,
    things: Sequence[Thing],
    calls: tuple[Call, ...],
    *,
    about: str,
    stdout: str = "",
    notes: Sequence[str] = (),
) -> Draft:
    """Make the description of a service that calls programs.

    Args:
        name: Name of the service.
        things: What the programs take and make.
        calls: The programs, each reading what the one before printed.
        about: What the service does.
        stdout: The result that holds what the last one prints; it is a result anyway where they make no other.
        notes: What was guessed or left out.
    """
    used_names = Names({exported_name(thing.name).casefold() for thing in things})
    told = list(notes)
    results = tuple(_results(things))
    if not results:
        stdout = used_names.take("output")
        results = (Generated(name=stdout, default=f"{name}.txt", content_type="text/plain", type="Main"),)
        told.append(f"the result {stdout} is what the program prints")
    about = about.strip() or f"Runs {calls[-1].program[0]}."
    description = Description(
        name=name,
        description=about,
        version="1",
        software=tuple(dict.fromkeys(call.program[0].rpartition("/")[2] for call in calls)),
        script=script_of(calls, about=about, stdout=stdout, taken=[*(one.name for one in things), stdout]),
        main_result=results[0].name,
        parameters=tuple(_parameters(things, told)),
        used=tuple(_used(thing) for thing in things if thing.kind is ThingKind.FILE),
        generated=results,
    )
    return Draft(description=description, notes=tuple(told))


def _parameters(things: Sequence[Thing], notes: list[str]) -> Iterator[ParameterDefinition]:
    for thing in things:
        if thing.switch:
            text = f"Whether to make the result {thing.name}" + (f": {thing.text}" if thing.text else "")
            yield ParameterDefinition(
                name=thing.switch, datatype="boolean", default="false", required=False, description=text
            )
        elif thing.kind in _DATATYPES:
            yield _parameter(thing, notes)


def _parameter(thing: Thing, notes: list[str]) -> ParameterDefinition:
    bounded = thing.kind in _NUMBERS
    one = ParameterDefinition(
        name=thing.name,
        datatype=_DATATYPES[thing.kind],
        arraysize="*" if thing.several or thing.kind is ThingKind.TEXT else "",
        required=thing.required,
        description=thing.text,
        unit=thing.unit,
        min=thing.min if bounded else "",
        max=thing.max if bounded else "",
        options=() if thing.several else thing.options,
    )
    if not thing.default:
        return one
    try:
        check_value(one, thing.default)
    except Invalid as error:
        notes.append(f"no default for {thing.name}: {error.message}")
        return one
    return replace(one, default=thing.default)


def _used(thing: Thing) -> Used:
    return Used(
        name=thing.name,
        type=CONFIG_FILE if thing.configures else "Main",
        content_types=(thing.content_type,) if thing.content_type else (),
        multiplicity=_MANY[thing.required, thing.several],
        url=FILE_URL,
        description=thing.text,
    )


def _results(things: Sequence[Thing]) -> Iterator[Generated]:
    for thing in things:
        if thing.kind is ThingKind.FOLDER:
            yield Generated(name=thing.name, default="*", multiplicity="1..*", type="Main", description=thing.text)
        elif thing.kind is ThingKind.RESULT:
            yield Generated(
                name=thing.name,
                default=thing.default,
                content_type=thing.content_type or guess_content_type(thing.default),
                multiplicity="0..1" if thing.switch else "1",
                type="Main",
                description=thing.text,
            )
