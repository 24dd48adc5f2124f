"""One record of PROV-JSON: its arguments and its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, BLANK, Argument, Sort, instant_of
from provstore.ingest.json_stream import Real, Whole
from provstore.ingest.prefixes import WrongError
from provstore.ingest.problems import shown

__all__ = ["MOST_VALUES", "STRAYS", "Draft", "Expander", "RecordForm", "SectionRule", "told"]

_NAME_TYPES: Final = frozenset({QNAME, f"{PROV}QUALIFIED_NAME"})
_TEXT_IN_A_LANGUAGE: Final = f"{PROV}InternationalizedString"
_TIME_TYPE: Final = f"{XSD}dateTime"
_INT_BOUND, _LONG_BOUND = 1 << 31, 1 << 63
_DIGITS_OF_LONG: Final = 20
_LITERAL: Final = frozenset({"$", "type", "lang"})
_MOST_KEYS: Final = 1_000
"""So many keys are remembered with their meaning."""

MOST_VALUES: Final = 100_000
"""So many attributes one record may have."""
STRAYS: Final = {PROV + one.name: one for arguments in ARGUMENTS.values() for one in arguments}
"""Full URI -> argument, of all kinds of records."""


class SectionRule(NamedTuple):
    """How a section that PROV-JSON does not know is read: as records of a kind that PROV does.

    ``kind``: of the statements, a key of `ARGUMENTS`. ``formals``: full URI of an attribute -> the argument of that
    kind that it is (besides ``prov:<argument>``, always read). ``types``: attributes that each of them gets.
    ``keys``: full URI of an attribute -> the URI as which it is kept.
    """

    kind: str
    formals: Mapping[str, str] = MappingProxyType({})
    types: tuple[Attribute, ...] = ()
    keys: Mapping[str, str] = MappingProxyType({})


class Expander(Protocol):
    """Makes full URIs of names; may raise WrongError."""

    def expand(self, name: str) -> str:
        """Give the full URI of a name."""

    def relation(self, name: str) -> str:
        """Give the id of a relation."""


class Draft:
    """A record while it is read: ``members`` holds the entities of a membership, all of them."""

    __slots__ = ("arguments", "attributes", "members")

    def __init__(self) -> None:
        self.arguments: dict[str, str] = {}
        self.members: list[str] = []
        self.attributes: list[Attribute] = []

    def versions(self) -> Iterator[dict[str, str]]:
        """Give the arguments; of a membership of several entities once for each."""
        if len(self.members) < 2:
            yield self.arguments
            return
        for member in self.members:
            yield {**self.arguments, "entity": member}


class RecordForm:
    """How records of one section are read.

    Args:
        rule: Of the section.
        names: The prefixes that hold there.
        strays: Arguments that may stand in a record of a kind that has none of this name; they are kept as attributes.
    """

    def __init__(self, rule: SectionRule, names: Expander, strays: Mapping[str, Argument]) -> None:
        self.kind = rule.kind
        self.types = rule.types
        arguments = {one.name: one for one in ARGUMENTS[rule.kind]}
        self._formals = {PROV + name: one for name, one in arguments.items()}
        self._formals |= {uri: arguments[name] for uri, name in rule.formals.items()}
        self._kept_as = rule.keys
        self._strays = strays
        self._names = names
        self._met: dict[str, Callable[[Draft, Any], None]] = {}

    def take(self, draft: Draft, key: str, value: Any) -> None:
        """Put one member of a record's object into the draft.

        Raises:
            WrongError: it can't be read. Nothing of it was taken.
        """
        put = self._met.get(key)
        if put is None:
            if len(self._met) >= _MOST_KEYS:
                self._met.clear()
            put = self._met[key] = self._meaning(key)
        put(draft, value)

    def _meaning(self, key: str) -> Callable[[Draft, Any], None]:
        uri = self._names.expand(key)
        if uri.startswith(BLANK):
            raise WrongError("is a blank name; an attribute needs a full one")
        argument = self._formals.get(uri)
        if argument is not None:
            table = {Sort.TIME: self._put_time, Sort.MEMBER: self._put_members, Sort.RELATION: self._put_relation}
            return partial(table.get(argument.sort, self._put_name), argument.name)
        stray = self._strays.get(uri)
        if stray is not None:
            return partial(self._put_stray_time if stray.sort is Sort.TIME else self._put_stray_name, uri)
        return partial(self._put_attribute, self._kept_as.get(uri, uri))

    def _put_attribute(self, uri: str, draft: Draft, value: Any) -> None:
        if type(value) is str:
            draft.attributes.append(Attribute(uri, value))
        elif type(value) is list:
            if len(value) > MOST_VALUES:
                raise WrongError(f"has {len(value)} values; at most {MOST_VALUES} can be kept")
            draft.attributes += [self._literal(uri, one) for one in value]
        else:
            draft.attributes.append(self._literal(uri, value))

    def _put_name(self, argument: str, draft: Draft, value: Any) -> None:
        _set(draft, argument, self._name(_one(value)))

    def _put_relation(self, argument: str, draft: Draft, value: Any) -> None:
        _set(draft, argument, self._names.relation(_text(_one(value), "a name")))

    def _put_time(self, argument: str, draft: Draft, value: Any) -> None:
        _set(draft, argument, _time(_one(value)))

    def _put_members(self, argument: str, draft: Draft, value: Any) -> None:
        if value == []:
            raise WrongError("is an empty list; a name is needed")
        members = [self._name(one) for one in (value if type(value) is list else [value])]
        draft.members += members
        draft.arguments[argument] = members[0]

    def _put_stray_name(self, uri: str, draft: Draft, value: Any) -> None:
        draft.attributes.append(Attribute(uri, self._name(_one(value)), QNAME))

    def _put_stray_time(self, uri: str, draft: Draft, value: Any) -> None:
        draft.attributes.append(Attribute(uri, _time(_one(value)), _TIME_TYPE))

    def _name(self, value: Any) -> str:
        return self._names.expand(value if type(value) is str and value else _text(value, "a name"))

    def _literal(self, uri: str, value: Any) -> Attribute:
        read = _LITERALS.get(type(value))
        if read is not None:
            return Attribute(uri, *read(value))
        if type(value) is tuple:
            return self._typed(uri, dict(value))
        raise WrongError(f"is {told(value)}; a text, a number, a truth value or a literal is needed")

    def _typed(self, uri: str, value: Mapping[str, Any]) -> Attribute:
        """Read ``{"$": text, "type": name, "lang": language}``."""
        read = _LITERALS.get(type(value.get("$")))
        name, language = value.get("type"), value.get("lang")
        if read is None or not _LITERAL.issuperset(value):
            raise WrongError("is an object; a literal has $, type and lang")
        if not all(one is None or type(one) is str for one in (name, language)):
            raise WrongError("is an object; type and lang must be texts")
        lexical, datatype = read(value["$"])
        datatype = self._names.expand(name) if name else datatype
        if datatype in _NAME_TYPES:
            return Attribute(uri, self._names.expand(lexical), QNAME)
        if datatype == _TEXT_IN_A_LANGUAGE:
            datatype = None
        return Attribute(uri, lexical, datatype, language or None)


def told(value: object) -> str:
    """Show any value of a document in a message."""
    if type(value) is str:
        return repr(shown(value))
    if isinstance(value, str):
        return shown(str(value))
    return {list: "a list", tuple: "an object", bool: str(value).lower()}.get(type(value), "null")


def _one(value: Any) -> Any:
    """Give the only value of an argument, which may stand in a list."""
    if type(value) is not list:
        return value
    if len(value) != 1:
        raise WrongError(f"needs one value, not {len(value)}")
    return value[0]


def _text(value: Any, needed: str) -> str:
    """Give the text of an argument, which may be written as a literal."""
    if type(value) is tuple:
        value = dict(value).get("$")
    if type(value) is not str or not value:
        raise WrongError(f"is {told(value)}; {needed} is needed")
    return value


def _time(value: Any) -> str:
    text = _text(value, "a time")
    if instant_of(text) is None:
        raise WrongError(f"{told(text)} is no xsd:dateTime that can be kept")
    return text


def _set(draft: Draft, argument: str, text: str) -> None:
    if draft.arguments.setdefault(argument, text) != text:
        raise WrongError(f"stands there twice, with {shown(draft.arguments[argument])!r} and {shown(text)!r}")


def _whole(text: Whole) -> tuple[str, str]:
    value = int(text) if len(text) <= _DIGITS_OF_LONG else _LONG_BOUND
    if -_INT_BOUND <= value < _INT_BOUND:
        return str(text), f"{XSD}int"
    return str(text), f"{XSD}long" if -_LONG_BOUND <= value < _LONG_BOUND else f"{XSD}integer"


_LITERALS: Final[Mapping[type, Callable[[Any], tuple[str, str | None]]]] = {
    str: lambda text: (text, None),
    bool: lambda truth: ("true" if truth else "false", f"{XSD}boolean"),
    Whole: _whole,
    Real: lambda text: (str(text), f"{XSD}double"),
}
"""Python's type of a value -> its text and its datatype."""
