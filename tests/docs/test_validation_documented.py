"""docs/validation.md: its table names every rule, as the validator does."""

from __future__ import annotations

import re
from pathlib import Path

from provstore.queries.constraints.violation import RULES

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


def test_the_table_holds_the_rules_of_the_validator() -> None:
    rows = re.findall(r"^\| (\d+) \| ([\w-]+) \| \S.* \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(number): name for number, name in rows} == RULES
