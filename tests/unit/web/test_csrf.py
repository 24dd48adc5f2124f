"""The CSRF token in pages: another text each time, and still the session's."""

from __future__ import annotations

from secrets import token_hex

import pytest

from provstore.web.csrf import is_token, masked

TOKEN = token_hex(32)


def test_a_masked_token_is_the_session_s_and_never_the_same_text() -> None:
    texts = {masked(TOKEN) for _ in range(20)}
    assert len(texts) == 20
    assert all(is_token(one, TOKEN) for one in texts)
    assert not any(TOKEN in one for one in texts)


def test_a_program_sends_the_token_as_the_session_tells_it() -> None:
    assert is_token(TOKEN, TOKEN)


@pytest.mark.parametrize(
    "sent",
    ["", "é", token_hex(32), masked(token_hex(32)), "x" * 128, "é" * 128, masked(TOKEN)[:-2], f"{masked(TOKEN)}00"],
    ids=["nothing", "one letter", "another", "another masked", "no digits", "no ASCII", "short", "long"],
)
def test_anything_else_is_refused(sent: str) -> None:
    assert not is_token(sent, TOKEN)


def test_without_a_session_there_is_nothing_to_mask() -> None:
    assert masked("") == ""
