"""Which media type a client gets: q-values, the closest range, the profile; and formats by name."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from provstore.export.registry import FORMATS, by_name
from provstore.web.negotiate import FORMAT_SYNONYMS, accepts, best_of, format_called

OFFERS = [(one, form.name) for form in FORMATS for one in (form.media_type, *form.also)]
CRATE = 'profile="https://w3id.org/ro/crate"'


def read(header: str) -> MIMEAccept:
    return parse_accept_header(header, MIMEAccept)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("*/*", "prov-json"),
        ("application/json, text/turtle", "prov-json"),
        ("text/turtle, application/json;q=0.9", "turtle"),
        ("text/turtle;q=0.2, application/json;q=0.3", "prov-json"),
        ("text/turtle, */*", "turtle"),
        ("image/*", "svg"),
        ("image/*, image/svg+xml;q=0", "png"),
        ("*/*;q=0.1, text/*;q=0.5", "prov-n"),
        ("text/*, text/plain;q=0, text/provenance-notation;q=0", "prov-xml"),
        ("text/provenance-notation; charset=utf-8", "prov-n"),
        ("application/x-votable+xml;serialization=tabledata", "votable"),
        ("APPLICATION/Provenance+XML", "prov-xml"),
        ("application/ld+json", "prov-jsonld"),
        (f"application/ld+json; {CRATE}", "ro-crate"),
        (f"application/ld+json;q=0.5, application/ld+json;q=0.9;{CRATE}", "ro-crate"),
        ('application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"', "prov-jsonld"),
        ("application/trig", "trig"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "prov-json"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("nonsense, application/provenance+json", "prov-json"),
    ],
)
def test_a_client_gets_what_it_likes_best(header: str, expected: str | None) -> None:
    assert best_of(read(header), OFFERS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((form.name.upper(), form.name) for form in FORMATS),
        *FORMAT_SYNONYMS.items(),
        ("PROV-TURTLE", "turtle"),
        ("PROV-JSONLD", "prov-jsonld"),
        ("text/turtle", "turtle"),
        ("image/svg xml", "svg"),
        ("application/ld+json", "prov-jsonld"),
        (f"application/ld json; {CRATE}", "ro-crate"),
        ("text/csv", None),
        ("yaml", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_format_is_known_by_its_name_its_synonyms_and_its_types(text: str, expected: str | None) -> None:
    form = format_called(text)
    assert (form and form.name) == expected


def test_no_synonym_hides_a_format() -> None:
    assert FORMAT_SYNONYMS.keys().isdisjoint(form.name for form in FORMATS)


def test_a_client_that_says_nothing_takes_everything() -> None:
    assert accepts(read(""), by_name("png"))
    assert accepts(read("image/*"), by_name("png"))
    assert not accepts(read("image/png;q=0, */*"), by_name("png"))
    assert accepts(read("text/xml"), by_name("prov-xml"))
