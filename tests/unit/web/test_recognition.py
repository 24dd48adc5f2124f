"""Which record a file belongs to, over a real store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.registry import embed
from provstore.graph.model import PUBLIC, Label, Node, NodeId, Viewer
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Create, GraphStore
from provstore.web.recognition import Likeness, recognise

N: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
FILE: Final = b"<VOTABLE version='1.4'><RESOURCE><INFO name='x' value='1'/></RESOURCE></VOTABLE>"


def entity(local: str, content: bytes, *readers: str) -> Create:
    labels = frozenset({Label.ENTITY, Label.DATASET})
    properties = {"sha256": hashlib.sha256(content).hexdigest()}
    return Create(Node(NodeId(N + local), labels, properties, readers=frozenset(readers)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    opened.write([entity("e1", FILE, PUBLIC), entity("e2", b"two", PUBLIC), entity("e3", b"two", "user:ada")])
    yield opened
    opened.close()


def copy_of(content: bytes, local: str) -> bytes:
    out = io.BytesIO()
    sha256 = hashlib.sha256(content).hexdigest()
    embed(io.BytesIO(content), Embedded(id=N + local, sha256=sha256, votable=lambda sink: sink.write(b"x")), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "likeness", "locals_"),
    [
        (FILE, Likeness.SAME, ["e1"]),
        (b"two", Likeness.SAME, ["e2", "e3"]),
        (copy_of(FILE, "e1"), Likeness.COPY, ["e1"]),
        (copy_of(FILE, "e9"), Likeness.COPY, ["e1"]),
        (copy_of(FILE, "e1").replace(b"'x'", b"'y'"), Likeness.NAMED, ["e1"]),
        (copy_of(FILE, "e1")[:-5], Likeness.NAMED, ["e1"]),
        (copy_of(FILE.replace(b"'x'", b"'y'"), "e9"), Likeness.UNKNOWN, []),
        (b"three", Likeness.UNKNOWN, []),
        (b"", Likeness.UNKNOWN, []),
    ],
)
def test_a_file_is_recognised(store: GraphStore, content: bytes, likeness: Likeness, locals_: list[str]) -> None:
    found = recognise(store, io.BytesIO(content))
    assert (found.likeness, sorted(one.id for one in found.nodes)) == (likeness, [N + one for one in locals_])


def test_what_one_may_not_see_is_not_recognised(store: GraphStore) -> None:
    found = recognise(store, io.BytesIO(b"two"), Viewer())
    assert [one.id for one in found.nodes] == [f"{N}e2"]


def test_an_unknown_copy_tells_where_it_is_known(store: GraphStore) -> None:
    found = recognise(store, io.BytesIO(copy_of(b"<VOTABLE><RESOURCE/></VOTABLE>", "e9")))
    assert found.told is not None
    assert (found.likeness, found.told.id) == (Likeness.UNKNOWN, f"{N}e9")
