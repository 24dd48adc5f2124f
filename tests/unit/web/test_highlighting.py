"""Scripts and their differences as HTML: every line is there, with its number, and as text."""

from __future__ import annotations

from html import unescape
from re import sub

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.uws.publishing.differences import script_diff
from provstore.web.pages.highlighting import script_lines, scripts_compared

TEXTS = st.text(st.sampled_from("if x; \n'\"#$<&>{}()\\\t\r\u2028é"), max_size=60)
LANGUAGES = st.sampled_from(["bash", "python", "cobol"])


def plain(html: str) -> str:
    return unescape(sub("<[^>]*>", "", html))


@given(TEXTS, LANGUAGES)
def test_highlighting_adds_and_drops_nothing(script: str, language: str) -> None:
    lines = [plain(one) for one in script_lines(script, language)]
    assert "\n".join(lines) == script.removesuffix("\n")


def test_what_is_long_is_shown_as_it_is() -> None:
    (line,) = script_lines("echo '<" + "x" * 200_000, "bash")
    assert line.startswith("echo &#39;&lt;x")


@given(TEXTS, TEXTS)
def test_compared_scripts_are_told_line_by_line(old: str, new: str) -> None:
    lines = scripts_compared(script_diff(old, new), old=script_lines(old, "bash"), new=script_lines(new, "bash"))
    before, after = old.removesuffix("\n").split("\n"), new.removesuffix("\n").split("\n")
    for one in lines:
        if one.kind in {"added", "same"}:
            assert plain(one.html) == after[int(one.number) - 1]
        if one.kind == "removed":
            assert plain(one.html) == before[int(one.number) - 1]
    assert (lines == ()) == (old == new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a\nb\n", "a\nc\n", [("hunk", ""), ("same", "1"), ("removed", "2"), ("added", "2")]),
        ("a\n", "a", [("hunk", ""), ("removed", "1"), ("added", "1"), ("note", "")]),
        ("", "a\n", [("hunk", ""), ("added", "1")]),
    ],
)
def test_each_line_has_its_kind_and_number(old: str, new: str, told: list[tuple[str, str]]) -> None:
    lines = scripts_compared(script_diff(old, new), old=script_lines(old, "bash"), new=script_lines(new, "bash"))
    assert [(one.kind, one.number) for one in lines] == told


@pytest.mark.parametrize("script", ["rm \u202e# tidy\n", "\u202erm" + "x" * 200_000])
def test_what_turns_the_order_of_characters_about_is_written_out(script: str) -> None:
    (line,) = script_lines(script, "bash")
    assert "\u202e" not in line
    assert '<span class="invisible">U+202E</span>' in line
