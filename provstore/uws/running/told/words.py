"""Attributes that a script gives: which are names, which are classes, which are kept, which are not its to tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from provstore.graph.model import PROV, PROVSTORE, QNAME, VOPROV, XSD, Attribute, Label

__all__ = ["Words", "canonical", "words_of", "words_of_relation"]

_OTHER_VOPROV: Final = ("http://www.ivoa.net/ns/voprov#", "http://www.ivoa.net/ns/voprov/")
_LABEL: Final = f"{PROV}label"
_NAMES: Final = (f"{PROV}name", f"{VOPROV}name", _LABEL)
_TYPE, _LOCATION, _VALUE, _ROLE = f"{PROV}type", f"{PROV}location", f"{PROV}value", f"{PROV}role"
_TYPES: Final = frozenset({_TYPE, f"{VOPROV}type"})
_ROLES: Final = frozenset({_ROLE, f"{VOPROV}role"})
_PLAIN: Final = frozenset({None, f"{XSD}string"})
_KEPT_OF_PROV: Final = frozenset({_LABEL, _LOCATION, _TYPE})
_LABELS: Final[Mapping[str, Label]] = {
    f"{PROV}Collection": Label.COLLECTION,
    f"{VOPROV}Collection": Label.COLLECTION,
    f"{VOPROV}DatasetEntity": Label.DATASET,
    f"{VOPROV}ValueEntity": Label.VALUE,
}
_IMPLIED: Final = frozenset(f"{VOPROV}{name}" for name in ("Activity", "Entity", "Agent", "Usage", "Generation"))
_AGENT_TYPES: Final = ("Person", "Organization", "SoftwareAgent")


_FIT: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]-]|%[0-9A-Fa-f]{2})+")
_LONELY_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_FIRST_LETTER: Final = "\u00c0"


@dataclass(slots=True)
class Words:
    """The attributes of one thing, sorted.

    ``locations``: plain texts of prov:location. ``labels``: our classes that its types stand for; ``agent_type``: one
    of Person, Organization, SoftwareAgent. ``kept``: to be stored as they are; ``refused``: keys.
    """

    names: list[str] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    labels: set[Label] = field(default_factory=set)
    agent_type: str = ""
    value: Attribute | None = None
    role: str | None = None
    kept: list[Attribute] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def canonical(uri: str) -> str:
    """Give the one spelling of a name of the IVOA vocabulary, which goes by three namespaces."""
    for namespace in _OTHER_VOPROV:
        if uri.startswith(namespace):
            return VOPROV + uri.removeprefix(namespace)
    return uri


def words_of(attributes: Iterable[Attribute], *, namespace: str) -> Words:
    """Sort the attributes of an element; ``namespace`` is the store's own, in which no stranger has attributes."""
    words = Words()
    names: dict[str, list[str]] = {key: [] for key in _NAMES}
    for one in dict.fromkeys(attributes):
        key = canonical(one.key)
        if key in names:
            names[key].append(one.lexical)
            if one.lang is not None:
                words.kept.append(Attribute(_LABEL, one.lexical, None, one.lang))
        elif key == _VALUE and words.value is None:
            words.value = one
        elif key not in _TYPES or not _take_type(words, one):
            _keep_or_refuse(words, one, key, namespace)
        if key == _LOCATION:
            words.locations.append(one.lexical)
    words.names = [name for key in _NAMES for name in names[key] if name]
    return words


def words_of_relation(attributes: Iterable[Attribute], *, namespace: str) -> Words:
    """Sort the attributes of a relation: the first plain role is its role."""
    words = Words()
    for one in dict.fromkeys(attributes):
        key = canonical(one.key)
        if key in _ROLES and words.role is None and one.type in _PLAIN and one.lang is None:
            words.role = one.lexical
        elif key == _ROLE:
            words.kept.append(_fit(one))
        elif key == _LABEL:
            words.kept.append(Attribute(_LABEL, one.lexical, None, one.lang))
        elif key != _TYPE or canonical(one.lexical) not in _IMPLIED:
            _keep_or_refuse(words, one, key, namespace)
    return words


def _fit(one: Attribute) -> Attribute:
    """Spell the names in an attribute so that every format can write them."""
    lexical = _fit_name(one.lexical) if one.type == QNAME else one.lexical
    return Attribute(_fit_name(one.key), lexical, one.type and _fit_name(one.type), one.lang)


def _fit_name(uri: str) -> str:
    """Percent-encode what no name may hold: blanks, brackets, controls (RFC 3987); letters of all scripts stay."""
    if _FIT.fullmatch(uri):
        return uri
    whole = _LONELY_PERCENT.sub("%25", uri)
    return "".join(one if _is_fit(one) else quote(one, safe="") for one in whole)


def _is_fit(one: str) -> bool:
    return one == "%" or _FIT.fullmatch(one) is not None or (one >= _FIRST_LETTER and one.isalpha())


def _keep_or_refuse(words: Words, one: Attribute, key: str, namespace: str) -> None:
    ours = key.startswith((PROVSTORE, namespace)) or (key.startswith(PROV) and key not in _KEPT_OF_PROV)
    if ours:
        words.refused.append(one.key)
    else:
        words.kept.append(_fit(one))


def _take_type(words: Words, one: Attribute) -> bool:
    """Take a type that says a class of ours; tell whether it was one. Some write it as a text, ``prov:Person``."""
    prefix, _, bare = one.lexical.rpartition(":")
    spelt = {"": VOPROV, "prov": PROV, "voprov": VOPROV}.get(prefix, "") if one.type != QNAME else ""
    uri = canonical(one.lexical) if one.type == QNAME else spelt + bare
    if uri in _IMPLIED:
        return True
    if uri in _LABELS:
        words.labels.add(_LABELS[uri])
        return True
    name = next((name for name in _AGENT_TYPES if uri in {PROV + name, VOPROV + name}), "")
    if name and not words.agent_type:
        words.agent_type = name
        return True
    return False
