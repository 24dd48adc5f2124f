import re
from dataclasses import fields
from pathlib import Path

import pytest

from provstore.settings import PREFIX, Settings, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
NAMES = [field.name for field in fields(Settings)]


def sections() -> dict[str, str]:
    parts = re.split(rf"^### `{PREFIX}(\w+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name.lower(): text.split("\n## ")[0].strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_page_tells_of_every_setting_and_of_no_other() -> None:
    assert sorted(sections()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_paragraph_of_a_setting_says_more_than_its_default(name: str) -> None:
    _, _, told = sections()[name].partition(". ")
    assert len(told.split()) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_default_is_the_real_one(name: str) -> None:
    stated = re.match(r"Default: (?:`([^`]+)`|(none)|(computed), .+?)\.\s", sections()[name], re.DOTALL)
    assert stated, f"{name}: its paragraph must begin with its default"
    literal, none, computed = stated.groups()
    default = getattr(Settings(), name)
    if literal:
        assert getattr(load_settings({PREFIX + name.upper(): literal}), name) == default
    elif none:
        assert default in ("", None, ())
    else:
        assert computed
        assert default
