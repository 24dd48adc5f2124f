"""The list of formats."""

from __future__ import annotations

import pytest

from provstore.errors import Invalid, NotAcceptable
from provstore.export.registry import FORMATS, by_media_type, by_name


def test_a_format_is_found_by_its_name_in_any_case() -> None:
    assert by_name("PROV-XML").suffix == ".xml"


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match="unknown format 'prov-yaml'; known: prov-json, prov-n, prov-xml") as caught:
        by_name("prov-yaml")
    assert (caught.value.field, caught.value.value) == ("format", "prov-yaml")


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/json", "prov-json"),
        ("application/provenance+json", "prov-json"),
        ("Application/Provenance+XML", "prov-xml"),
        ("text/xml; charset=utf-8", "prov-xml"),
        ("text/provenance-notation", "prov-n"),
        ("text/plain", "prov-n"),
        ("application/x-votable+xml", "votable"),
        ("image/svg+xml", "svg"),
        ("image/png", "png"),
        ("text/vnd.graphviz", "dot"),
        ("application/ld+json", "prov-jsonld"),
        ("text/turtle", "turtle"),
        ("application/x-turtle", "turtle"),
        ("application/trig", "trig"),
    ],
)
def test_a_format_is_found_by_each_of_its_media_types(media_type: str, name: str) -> None:
    assert by_media_type(media_type).name == name


def test_a_media_type_nobody_writes_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="application/json"):
        by_media_type("video/mp4")


def test_no_two_formats_share_a_name() -> None:
    assert len({one.name for one in FORMATS}) == len(FORMATS)
