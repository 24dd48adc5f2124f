"""Descriptions of all shapes, for tests of round trips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from provstore.uws.descriptions.dialects.votable_names import (
    CONTROL,
    GENERATED_FACTS,
    USED_FACTS,
    is_attribute,
    is_fact,
)
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used

_Item = TypeVar("_Item", Used, Generated)


def _named(name: str) -> Callable[[_Item], _Item]:
    return lambda item: replace(item, name=name)


def _characters(included: str) -> st.SearchStrategy[str]:
    """All that XML can hold: no surrogates, and of the control characters only those asked for."""
    return st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters=included
    )


ODD = [
    "",
    " ",
    "%",
    "%20",
    ",",
    "=",
    "&#10;",
    "&amp;",
    "<a b='\"'>",
    "]]>",
    " a b ",
    "a\r\nb",
    "None",
    "\U0001f52d",
    "é",
]
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
texts = st.text(_characters("\n\t\r\x7f\x85\xa0"), max_size=12) | st.sampled_from(ODD)
words = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="/;*=%"), min_size=1, max_size=8)
lists = st.lists(texts, max_size=3).map(tuple)
scripts = st.text(_characters("\n\t"))
content_types = st.sampled_from(["", "image/fits", "text/plain; charset=utf-8", "application/octet-stream", "a%2Cb/c"])
multiplicities = st.sampled_from(["", "1", "*", "0..1", "1..*", "2..5"])
keys = names | texts.filter(bool)
pairs = st.lists(st.tuples(keys, texts), max_size=3, unique_by=lambda item: item[0]).map(tuple)
controls = st.lists(
    st.tuples(names.map(lambda name: f"{CONTROL}{name}") | keys, texts), max_size=3, unique_by=lambda item: item[0]
).map(tuple)


def extras(is_taken: Callable[[str], bool]) -> st.SearchStrategy[tuple[Extra, ...]]:
    """PARAMs that we don't know: none has a name that we do."""
    one = st.builds(
        Extra,
        name=keys.filter(lambda name: not is_taken(name)),
        value=texts,
        datatype=st.sampled_from(["char", "unicodeChar", "double", "int", "boolean"]),
        arraysize=st.sampled_from(["", "*", "3"]),
        unit=texts,
        ucd=texts,
        utype=texts,
        xtype=texts,
        description=texts,
    )
    return st.lists(one, max_size=2, unique_by=lambda item: item.name).map(tuple)


parameters = st.builds(
    ParameterDefinition,
    name=names,
    datatype=st.sampled_from(["char", "double", "int", "boolean", "long", "unicodeChar"]),
    arraysize=st.sampled_from(["", "3", "2x*"]),
    xtype=st.sampled_from(["", "uri", "application/octet-stream"]) | texts,
    default=st.none() | texts | st.sampled_from(["None", "yes", "T", "1.0"]),
    required=st.booleans(),
    description=texts,
    unit=texts,
    ucd=texts,
    utype=texts,
    min=texts,
    max=texts,
    options=lists,
    type=texts,
)


PARTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "name": names,
    "label": texts,
    "description": texts,
    "version": texts,
    "type": texts,
    "subtype": texts,
    "doculink": texts,
    "group": texts,
    "contact_name": texts,
    "contact_email": texts,
    "execution_duration": st.none() | st.integers(0, 10**12 - 1),
    "quote": st.none() | st.integers(0, 10**6),
    "keywords": lists,
    "standard_id": texts,
    "script": scripts,
    "script_language": texts,
    "software": lists,
    "modules": lists,
    "container": texts,
    "controls": controls,
    "main_result": texts,
    "extra": extras(is_attribute),
    "files": pairs,
}
"""What a description says besides its parameters, inputs and results."""


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """Draw a description whose names are unique and whose references lead to parameters."""
    found = draw(st.lists(parameters, max_size=4, unique_by=lambda item: item.name))
    known = [item.name for item in found]
    refs = st.sampled_from(["", *known])
    free = draw(st.lists(names.filter(lambda name: name not in known), min_size=4, max_size=4, unique=True))
    used = st.builds(
        Used,
        name=st.just(""),
        role=texts,
        type=texts,
        content_types=st.lists(content_types.filter(bool), max_size=2).map(tuple),
        multiplicity=multiplicities,
        default=texts,
        url=texts,
        description=texts,
        ref=refs,
        extra=extras(lambda name: is_fact(name, USED_FACTS)),
    )
    generated = st.builds(
        Generated,
        name=st.just(""),
        role=texts,
        type=texts,
        content_type=content_types,
        multiplicity=multiplicities,
        default=texts,
        description=texts,
        ref=refs,
        derived_from=st.none() | st.lists(names, max_size=2).map(tuple),
        obscore=pairs,
        extra=extras(lambda name: is_fact(name, GENERATED_FACTS)),
    )
    return draw(
        st.builds(
            Description,
            **PARTS,
            parameters=st.just(tuple(found)),
            used=st.tuples(*(used.map(_named(name)) for name in free[: draw(st.integers(0, 2))])),
            generated=st.tuples(*(generated.map(_named(name)) for name in free[2 : 2 + draw(st.integers(0, 2))])),
        )
    )
