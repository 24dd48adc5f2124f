import pytest

from tests.parts import require, required


@pytest.mark.parametrize("listed", ["neo4j", "graphviz,neo4j", "neo4j graphviz", " graphviz, neo4j "])
def test_a_listed_part_is_required(listed: str) -> None:
    assert required("neo4j", listed=listed)


@pytest.mark.parametrize("listed", ["", "neo4j2", "graphviz", "neo4"])
def test_a_part_that_is_not_listed_may_be_missing(listed: str) -> None:
    assert not required("neo4j", listed=listed)


def test_a_present_part_lets_the_test_go_on() -> None:
    require("neo4j", present=True, reason="never said")


def test_a_missing_part_skips_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVSTORE_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="graphviz: dot is away"):
        require("graphviz", present=False, reason="dot is away")


def test_a_missing_part_that_is_required_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVSTORE_REQUIRE", "graphviz")
    with pytest.raises(pytest.fail.Exception, match="dot is away"):
        require("graphviz", present=False, reason="dot is away")
