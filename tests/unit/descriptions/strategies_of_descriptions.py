"""Descriptions of all shapes, for tests of round trips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.votable import ATTRIBUTES

_Item = TypeVar("_Item", Used, Generated)


def _named(name: str) -> Callable[[_Item], _Item]:
    return lambda item: replace(item, name=name)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t"),
    max_size=12,
).filter(lambda text: text == text.strip())
words = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="/;*=%"), min_size=1, max_size=8)
scripts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t")
)
content_types = st.sampled_from(["", "image/fits", "text/plain", "application/octet-stream"])
multiplicities = st.sampled_from(["", "1", "*", "0..1", "1..*", "2..5"])

parameters = st.builds(
    ParameterDefinition,
    name=names,
    datatype=st.sampled_from(["char", "double", "int", "boolean", "long", "unicodeChar"]),
    arraysize=st.sampled_from(["", "3", "2x*"]),
    xtype=st.sampled_from(["", "uri", "application/octet-stream"]),
    default=st.none() | texts | st.sampled_from(["None", "yes", "T", "1.0"]),
    required=st.booleans(),
    description=texts,
    unit=words | st.just(""),
    ucd=words | st.just(""),
    utype=texts,
    min=words | st.just(""),
    max=words | st.just(""),
    options=st.lists(texts, max_size=3).map(tuple),
)


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
    )
    return draw(
        st.builds(
            Description,
            name=names,
            label=texts,
            description=texts,
            version=texts,
            type=texts,
            subtype=texts,
            doculink=texts,
            group=texts,
            contact_name=texts,
            contact_email=texts,
            execution_duration=st.none() | st.integers(0, 10**6),
            quote=st.none() | st.integers(0, 10**6),
            script=scripts,
            script_language=words,
            software=st.lists(words, max_size=3).map(tuple),
            main_result=texts,
            parameters=st.just(tuple(found)),
            used=st.tuples(*(used.map(_named(name)) for name in free[: draw(st.integers(0, 2))])),
            generated=st.tuples(*(generated.map(_named(name)) for name in free[2 : 2 + draw(st.integers(0, 2))])),
            extra=pairs.filter(lambda items: not ATTRIBUTES & {name for name, _ in items}),
            files=pairs,
        )
    )


pairs = st.lists(st.tuples(names | texts.filter(bool), texts), max_size=3, unique_by=lambda item: item[0]).map(tuple)
