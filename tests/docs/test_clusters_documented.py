"""docs/clusters.md: it names all keys, its examples are settings, and its script for administrators is shell."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from provstore.clusters import Cluster
from provstore.settings import load_settings
from tests.slurm_accounts import PEOPLE, sudoers

PAGE: Final = Path(__file__).parents[2] / "docs" / "clusters.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
KEYS: Final = [one.name for one in fields(Cluster) if one.name != "name"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_page_lists_every_key_of_a_cluster_and_no_other() -> None:
    table = TEXT.partition("## The keys")[2].partition("\n- ")[0]
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(KEYS)


@pytest.mark.parametrize("example", blocks("toml"), ids=lambda text: re.findall(r"clusters\.\w+", text)[-1])
def test_an_example_of_settings_can_be_read(example: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(example)
    assert load_settings({}, file=file).clusters


def test_the_rule_for_sudo_is_the_one_that_the_tests_run_with() -> None:
    [rule] = re.findall(r"^provstore ALL=\(astro12\) (.+)$", TEXT, flags=re.MULTILINE)
    assert f" ALL=({','.join(PEOPLE)}) {rule}\n" in sudoers()


def test_each_link_leads_to_a_heading() -> None:
    for file, anchor in re.findall(r"\]\((\w+\.md)#([\w-]+)\)", TEXT):
        headings = re.findall(r"^#+ (.+)$", (PAGE.parent / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert anchor in {re.sub(r"[^\w-]", "", one.lower().replace(" ", "-")) for one in headings}


@pytest.mark.parametrize("example", blocks("sh"), ids=lambda text: text.splitlines()[0][:20])
def test_what_is_to_be_typed_is_shell(example: str) -> None:
    done = subprocess.run(["sh", "-n"], input=example, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
