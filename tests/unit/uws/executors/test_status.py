"""The wrapper's word of a run, where it is damaged: a script may have written over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.uws.executors.status import STATUS_FILE, read_status, told_status
from provstore.uws.ports import Observation, State


def test_where_nothing_was_told_yet_nothing_is_known(tmp_path: Path) -> None:
    assert told_status(tmp_path) is None
    assert read_status(tmp_path) == Observation(state=State.RUNNING)


@pytest.mark.parametrize("text", ["", "{", "7", "{}", '{"state": "ENDED", "cause": "whim"}', '{"state": []}'])
def test_a_damaged_word_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / STATUS_FILE).write_text(text)
    assert told_status(tmp_path) == read_status(tmp_path) == Observation(state=State.RUNNING)
