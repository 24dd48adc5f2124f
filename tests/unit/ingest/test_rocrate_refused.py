"""RO-Crates in zips, damaged ones, and what is none."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Malformed, TooLarge
from provstore.graph.statements import ARGUMENTS
from provstore.ingest import whole
from tests.unit.ingest.run_crates import (
    HEAD,
    PROCESS,
    begin,
    crate,
    statements,
)


def packed(files: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zip_is_read_by_its_outermost_metadata() -> None:
    inner = crate([HEAD, {"@id": "inner"}])
    data = packed(
        {"run/raw/ro-crate-metadata.json": inner, "run/ro-crate-metadata.json": crate(PROCESS), "raw.fits": b"x"}
    )
    assert [*begin(data).statements] == statements(PROCESS)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "line 1, column 1"),
        (b"[]", "one object"),
        (b"{}", "@graph must be a list"),
        (b'{"@graph": {}}', "@graph must be a list"),
        (b'{"@graph": [7]}', r"@graph\[1\]: an object"),
        (b'{"@graph": [{"@id": "./"}]}', "no RO-Crate"),
        (b'{"@graph": []} x', "line 1"),
        (b"\xff\xfe{", "UTF-8"),
        (packed({"a.txt": b"x"}), "zip: it holds no ro-crate-metadata.json"),
        (packed({"ro-crate-metadata.json": crate([HEAD])})[:-30], "zip: the zip can't be read"),
        (crate([HEAD, json.loads('{"a":' * 60 + "1" + "}" * 60)]), "nested more than 50 deep"),
        (b'{"@graph": ' + b"[" * 100_000, "in one another"),
    ],
)
def test_what_is_no_crate_is_refused_with_its_place(data: bytes, problem: str) -> None:
    with pytest.raises(Malformed, match=problem):
        list(begin(data).statements)


def test_a_zip_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed({"ro-crate-metadata.json": b" " * (whole.MOST_BYTES + 1)})
    assert len(bomb) < 1 << 20
    with pytest.raises(TooLarge):
        begin(bomb)


texts = st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@id", "@type", "@value", "@list", "@language", "name"]) | texts, inner, max_size=3
        )
    ),
    max_leaves=10,
)
keys = st.sampled_from(
    ["@id", "@type", "object", "result", "agent", "instrument", "exampleOfWork", "startTime", "hasPart"]
)
kinds = st.sampled_from(["CreateAction", "File", "Dataset", "PropertyValue", "FormalParameter", "Person"])
names = st.sampled_from(["a", "b", "#c", "_:d", "https://e.org/"])
references = st.builds(lambda name: {"@id": name}, names)
entries = st.dictionaries(
    keys | texts, values | kinds | names | references | st.lists(references, max_size=3), max_size=6
)


@given(st.lists(entries, max_size=5))
def test_any_graph_is_read_or_refused(graph: list[dict[str, Any]]) -> None:
    try:
        found = statements([HEAD, *graph])
    except Malformed:
        return
    assert all(set(one.arguments) <= {argument.name for argument in ARGUMENTS[one.kind]} for one in found)


@given(st.integers(min_value=0), st.integers(0, 255))
def test_damaged_bytes_are_read_or_refused(place: int, byte: int) -> None:
    for data in (crate(PROCESS), packed({"ro-crate-metadata.json": crate(PROCESS)})):
        damaged = bytearray(data)
        damaged[place % len(data)] = byte
        try:
            list(begin(bytes(damaged)).statements)
        except (Malformed, TooLarge):
            continue
