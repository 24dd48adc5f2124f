"""What the log says of the descriptions of a directory when the server starts."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description
from provstore.uws.start_up import publish
from tests.publishing_bench import open_publication


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace="urn:t#")
    yield opened
    opened.close()


def test_what_was_repaired_in_a_new_file_is_logged_once(
    store: GraphStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "descriptions"
    folder.mkdir()
    (folder / "plain_vot.xml").write_bytes(write_votable(Description(name="plain", script="true\n")))
    (folder / "plain.sh").write_text("false\n")
    (folder / "broken.xml").write_text("<VOTABLE>")
    publication = open_publication(store, tmp_path)
    with caplog.at_level(logging.INFO):
        (refused,) = publish(publication, [folder])
    where = folder / "plain_vot.xml"
    assert [record.getMessage() for record in caplog.records] == [
        f"description refused: {refused}",
        "published plain@1",
        f"{where}: plain.sh differs from the embedded script: the embedded one is kept",
        f"{where}: warning: generated: there is no result: nothing but its logs is kept of a job",
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert list(publish(publication, [folder])) == [refused]
    assert [record.getMessage() for record in caplog.records] == [f"description refused: {refused}"]
