"""How commands are written for a shell."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.executors.ssh.commands import written

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(words)
def test_each_word_passes_the_shell_as_it_is(word: str) -> None:
    text = written(("printf", "%s.", word))
    said = subprocess.run(["sh", "-c", text], capture_output=True, check=True).stdout
    assert said == f"{word}.".encode()


@pytest.mark.parametrize(
    ("word", "reason"), [("a\0b", "zero byte"), ("\ud800", "encoded"), ("x" * 120_001, "standard input")]
)
def test_a_word_that_cannot_arrive_is_refused(word: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        written(("printf", word))
