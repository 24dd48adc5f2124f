"""docs/queries.md has a section of every question, with all its parameters and examples that can be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from provstore.queries.asking import Question
from provstore.queries.catalog import QUESTIONS, by_name
from provstore.queries.conditions import parse_clause, parse_test

PAGE: Final = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
SECTIONS: Final[Mapping[str, str]] = dict(
    re.findall(r"^## `([\w-]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
)


def test_every_question_has_a_section_and_no_other_has() -> None:
    assert list(SECTIONS) == [one.name for one in QUESTIONS]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_a_section_says_what_the_catalogue_says(question: Question) -> None:
    section = SECTIONS[question.name]
    assert question.text in section
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section, re.MULTILINE))
    assert list(rows) == [one.name for one in question.parameters]
    assert all(rows[one.name].startswith(one.text) for one in question.parameters)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_examples_use_parameters_that_there_are(question: Question) -> None:
    lines = [line for line in SECTIONS[question.name].splitlines() if line.startswith("$ ")]
    assert lines
    for line in lines:
        asked = re.search(r"provstore query ([\w-]+)|/prov/([\w-]+)\?", line)
        if asked is None:
            continue
        named = by_name(asked[1] or asked[2])
        assert named is not None
        used = set(re.findall(r"--([\w-]+)|[?&]([\w-]+)=", line))
        known = {one.name for one in named.parameters} | {"format", "csv"}
        assert {first or second for first, second in used} <= known, line


def test_the_conditions_shown_can_be_read() -> None:
    (shown,) = re.findall(r"```\n(.*?)```", PAGE.partition("## Conditions")[2].partition("\n## ")[0], re.DOTALL)
    for line in shown.splitlines():
        read = parse_test if "[" in line or line.startswith("activity.") else parse_clause
        read(line)
