"""Short names: where URIs are cut, and how each notation spells what is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from provstore.export.escapes import instant, provn_local, provn_string, xml_attribute, xml_name, xml_text
from provstore.export.names import NCNAME, Namespaces, Speller

OWN = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"


@pytest.mark.parametrize(
    ("uri", "namespace", "local"),
    [
        (f"{OWN}j1", OWN, "j1"),
        ("http://www.w3.org/ns/prov#type", "http://www.w3.org/ns/prov#", "type"),
        ("http://e.org/a/b", "http://e.org/a/", "b"),
        ("http://e.org/a#b", "http://e.org/a#", "b"),
        ("urn:x:b", "urn:x:", "b"),
        ("http://e.org/0194", "http://e.org/", "0194"),
        ("http://e.org/0194a", "http://e.org/0194", "a"),
        ("http://e.org/é/x", "http://e.org/", "é/x"),
        ("http://e.org/a/", "http://e.org/", "a/"),
        ("http://e.org/a b", "http://e.org/", "a b"),
        (f"{OWN}9/", OWN, "9/"),
        ("abc", "a", "bc"),
    ],
)
def test_a_uri_is_cut_so_that_xml_can_hold_both_parts(uri: str, namespace: str, local: str) -> None:
    names = Namespaces([("id", OWN)])
    prefix, found = names.split(uri)
    assert (dict(names.used())[prefix], found) == (namespace, local)


def test_the_longest_known_namespace_is_taken() -> None:
    names = Namespaces([("id", OWN), ("a", "http://e.org/"), ("b", "http://e.org/deep/")])
    assert names.split("http://e.org/deep/x") == ("b", "x")
    assert names.split("http://e.org/x") == ("a", "x")


def test_invented_prefixes_step_around_those_asked_for() -> None:
    names = Namespaces([("id", OWN), ("ns1", "http://e.org/")])
    assert names.split("http://f.org/x") == ("ns2", "x")


@given(st.text(min_size=2, max_size=30))
def test_no_uri_is_changed_by_cutting_it(uri: str) -> None:
    names = Namespaces([("id", OWN)])
    prefix, local = names.split(uri)
    assert dict(names.used())[prefix] + local == uri


@given(st.text(alphabet="ab1#/:é .-", min_size=1, max_size=12))
def test_a_web_address_is_always_cut_so_that_an_xml_reader_takes_its_namespace(rest: str) -> None:
    names = Namespaces([("id", OWN)])
    names.split(f"http://e.org/{rest}")
    for prefix, uri in names.used():
        etree.fromstring(f'<r xmlns:{prefix}="{xml_attribute(uri)}"/>')


def test_a_uri_of_many_separators_is_cut_in_no_time() -> None:
    names = Namespaces([("id", OWN)])
    assert "".join(names.split("http://e.org/" + "a/" * 50_000)).endswith("/")
    assert names.split("http://e.org/" + "a" * 50_000 + " ")[1].endswith(" ")


def test_a_speller_forgets_and_says_the_same_again() -> None:
    names = Speller(Namespaces([("id", OWN)]), lambda prefix, local: f"<{prefix}:{local}>")
    first = [names[f"{OWN}e{number}"] for number in range(25_000)]
    assert len(names) < 25_000
    assert [names[f"{OWN}e{number}"] for number in range(25_000)] == first
    assert first[7] == "<id:e7>"


@pytest.mark.parametrize(
    ("local", "written"),
    [
        ("plain_1", "plain_1"),
        ("a-b.c", "a-b.c"),
        ("-a", "\\-a"),
        (".a.", "\\.a\\."),
        ("a(b),[c]", "a\\(b\\)\\,\\[c\\]"),
        ("x:y;z='q'", "x\\:y\\;z\\=\\'q\\'"),
        ("a/b@c~d&e+f*g?h#i$j!k", "a/b@c~d&e+f*g?h#i$j!k"),
        ("a%20b", "a%20b"),
        ("a b%", "a%20b%25"),
        ("é·", "é·"),
        ("·", "%C2%B7"),
    ],
)
def test_local_parts_are_escaped_for_prov_n(local: str, written: str) -> None:
    assert provn_local(local) == written


@pytest.mark.parametrize(
    ("local", "written"),
    [
        ("k", "k"),
        ("9k", "_x0039_k"),
        ("a b", "a_x0020_b"),
        ("_x0041_", "_x005F_x0041_"),
        ("星😀", "星😀"),
        ("", "_x0000_"),
    ],
)
def test_any_local_part_becomes_an_element_name(local: str, written: str) -> None:
    assert xml_name(local) == written
    assert NCNAME.fullmatch(written)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_xml_text_comes_back_but_for_what_xml_cannot_hold(text: str) -> None:
    root = etree.fromstring(f'<r a="{xml_attribute(text)}">{xml_text(text)}</r>')
    lost = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"] + ["\ufffe", "\uffff"]
    expected = text.translate({ord(one): "\ufffd" for one in lost})
    assert (root.text or "", root.get("a")) == (expected, expected)


def test_prov_n_strings_stay_on_one_line() -> None:
    assert provn_string('a"b\\c\nd\re\tf\x00g') == '"a\\"b\\\\c\\nd\\re\\tf\\u0000g"'


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC), "2026-01-02T03:04:05.120Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120001, tzinfo=UTC), "2026-01-02T03:04:05.120001Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T01:04:05Z"),
    ],
)
def test_instants_are_written_in_utc(time: datetime, text: str) -> None:
    assert instant(time) == text
