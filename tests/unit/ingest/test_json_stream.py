"""JSON piece by piece: the same values as at once, in any pieces, and an answer to everything."""

from __future__ import annotations

import json
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Malformed, TooLarge
from provstore.ingest import json_stream
from provstore.ingest.json_stream import JsonStream, Real, Whole, cleaned

MEGABYTES = 10_000_000

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


class Drip(BytesIO):
    """A source that gives few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def stream(content: str | bytes, *, drip: int = 1 << 20) -> JsonStream:
    return JsonStream(Drip(content if isinstance(content, bytes) else content.encode(), drip))


def members(content: str | bytes, *, drip: int = 1 << 20) -> list[tuple[str, Any]]:
    found = stream(content, drip=drip)
    taken = list(found.members())
    found.end()
    return taken


def plain(value: Any) -> Any:
    """Give a value as `json` does."""
    if isinstance(value, tuple):
        return {name: plain(one) for name, one in value}
    return [plain(one) for one in value] if isinstance(value, list) else value


def refusal(content: str | bytes) -> str:
    with pytest.raises(Malformed) as caught:
        members(content)
    return caught.value.message


@given(
    st.dictionaries(texts, values, max_size=5),
    st.integers(1, 9),
    st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}]),
)
def test_the_members_are_those_that_json_gives_whatever_the_pieces(
    document: dict[str, Any], drip: int, how: dict[str, Any]
) -> None:
    content = json.dumps(document, **how)
    assert plain(tuple(members(content, drip=drip))) == document


@pytest.mark.parametrize("drip", [1, 2, 3, 1000])
def test_numbers_keep_their_text_whatever_the_pieces(drip: int) -> None:
    found = members('{"a": 1, "b": -0, "c": 1.50, "d": 1e400, "e": -Infinity, "f": NaN, "g": 12345}', drip=drip)
    assert [(type(value), str(value)) for _, value in found] == [
        (Whole, "1"),
        (Whole, "-0"),
        (Real, "1.50"),
        (Real, "1e400"),
        (Real, "-INF"),
        (Real, "NaN"),
        (Whole, "12345"),
    ]


def test_what_stands_twice_is_given_twice() -> None:
    assert members('{"a": {"b": true, "b": false}, "a": null}') == [("a", (("b", True), ("b", False))), ("a", None)]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert members(b'\xef\xbb\xbf{"a": true}') == [("a", True)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "line 1, column 1: an object is needed, not the end"),
        ("\n [", "line 2, column 2: an object is needed, not '['"),
        ("{", "line 1, column 2: the end where a name in double quotes is needed"),
        ("{'a': 1}", 'line 1, column 2: "\'" where a name in double quotes is needed'),
        ('{"a"}', "line 1, column 5: a colon is needed, not '}'"),
        ('{"a": 1', "line 1, column 8: the end where a comma or } is needed"),
        ('{"a": true,}', "line 1, column 12: '}' where a name in double quotes is needed"),
        ('{"a": true\n "b": 2}', "line 2, column 2: '\"' where a comma or } is needed"),
        ('{"a": tru}', "line 1, column 7: Expecting value"),
        ('{"a":\n\n {"b": [1, 2}}', "line 3, column 13: Expecting ',' delimiter"),
        ('{"a": "b', "line 1, column 7: Unterminated string starting at"),
        ('{"a": "b\n"}', "line 1, column 9: Invalid control character at"),
        ('{"a": true} x', "line 1, column 13: 'x' behind the end of the document"),
        (b'{"a": "\xff"}', "byte 7: this is no UTF-8"),
        (b'\xff\xfe{\0"\0', "byte 0: this is no UTF-8"),
        (b'{"a": "\xc3', "byte 7: this is no UTF-8"),
        ('{"a": ["\\u0000"]}', "line 1, column 7: a NUL character or half of a surrogate pair can't be kept"),
        ('{"a": {"\\ud800": 1}}', "line 1, column 7: a NUL character or half of a surrogate pair can't be kept"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(content: str | bytes, problem: str) -> None:
    assert refusal(content) == problem


def test_the_place_is_right_far_behind_the_beginning() -> None:
    lines = "".join(f'"{number}": {{}},\n' for number in range(100_000))
    assert refusal("{" + lines + '  "x": ?}') == "line 100001, column 8: Expecting value"


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert members('{"a": "\\ud83d\\ude00 \\\\u0000"}') == [("a", "\U0001f600 \\u0000")]


@pytest.mark.parametrize(
    "content",
    [
        "[" * MEGABYTES,
        '{"a":' * (MEGABYTES // 5),
        '{"a":' + "[" * MEGABYTES,
        '{"a":"' + "x" * MEGABYTES,
        '{"' + "x" * MEGABYTES,
        '{"a":' + "-" * MEGABYTES,
        '{"a"' + " " * MEGABYTES,
        '{"a":[' + '"",' * 100_000,
    ],
    ids=["lists", "objects", "lists inside", "open text", "open name", "signs", "spaces", "open list"],
)
def test_ten_megabytes_of_nonsense_are_refused_without_delay(content: str) -> None:
    assert refusal(content).startswith("line 1, column")


@pytest.mark.parametrize("content", ['{"a":"%s"}', '{"%s":""}', '{"a":""}%s', '{"a":%s""}'])
def test_ten_megabytes_in_one_piece_are_read(content: str) -> None:
    filler = " " * MEGABYTES
    ((name, value),) = members(content % filler)
    assert len(name) + len(value) in {1, 1 + MEGABYTES, MEGABYTES}


def test_a_value_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_LONGEST", 1 << 20)
    with pytest.raises(TooLarge, match=r"line 1, column 6: a value of more than 1048576 characters"):
        members('{"a":"' + "x" * MEGABYTES)


@given(st.binary(max_size=40))
def test_any_bytes_are_members_or_refused(content: bytes) -> None:
    for given_bytes in (content, b'{"a": ' + content + b"}"):
        with suppress(Malformed):
            assert members(given_bytes) is not None


def test_what_can_not_be_kept_is_replaced_where_that_is_wanted() -> None:
    assert cleaned((("a\0", ["\ud800", Whole("1"), None]),)) == (("a\ufffd", ["\ufffd", "1", None]),)
