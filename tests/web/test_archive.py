"""Registered files of this machine over HTTP: given and used where the site says so, and else only told of."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Serve
from tests.web.datalink_rows import of, rows
from tests.web.served import BASE, Served, job_id

COPIED = {"results/output.dat": b"CRAB"}
ELSEWHERE = "only registered here"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "crab.fits").write_bytes(b"CRAB")
    return folder


def register(served: Served, file: Path, **facts: Any) -> str:
    told = {
        "location": file.as_uri(),
        "size": 4,
        "sha256": hashlib.sha256(b"CRAB").hexdigest(),
        "content_type": "application/fits",
        "obscore": {"dataproduct_type": "event"},
        **facts,
    }
    answer = served.admin.post("/prov/entities", json=told, query_string={"public": "true"})
    assert answer.status_code == 201, answer.text
    return str(answer.json["entities"][0])  # type: ignore[index]


def test_a_file_of_the_archive_is_given_and_used_by_its_id(serve: Serve, archive: Path) -> None:
    served = serve(archive_roots=(archive,))
    entity = register(served, archive / "crab.fits")
    answer = served.anonymous.get(f"/store/{entity}", headers={"Range": "bytes=1-2"})
    assert (answer.status_code, answer.data) == (206, b"RA")
    job = served.create("copy", input=entity)
    served.execute(job)
    (used,) = served.provstore.records.read(job_id(job)).inputs
    assert used.entity == served.node(entity)
    assert (served.directory(job) / "work" / "crab.fits").read_bytes() == b"CRAB"
    served.finish(job, COPIED)
    assert served.phase(job) == "COMPLETED"
    assert served.anonymous.get(f"{job}/parameters/input").data == b"CRAB"
    assert (archive / "crab.fits").read_bytes() == b"CRAB"


def test_a_file_that_changed_is_neither_given_nor_used(serve: Serve, archive: Path) -> None:
    served = serve(archive_roots=(archive,))
    entity = register(served, archive / "crab.fits")
    job = served.create("copy", input=entity)
    (archive / "crab.fits").write_bytes(b"VELA")
    answer = served.anonymous.get(f"/store/{entity}")
    assert answer.status_code == 404
    assert "is not the one that was registered: its sha256 is" in answer.text
    served.execute(job)
    assert served.phase(job) == "ERROR"
    assert "input input: the file at file://" in served.anonymous.get(f"{job}/error").text
    (archive / "crab.fits").write_bytes(b"LONGER")
    refused = served.anonymous.post("/uws/copy", data={"input": entity})
    assert refused.status_code == 400
    assert "it has 6 bytes, not 4" in refused.text


@pytest.mark.parametrize("roots", [(), ("other",)])
def test_a_file_outside_the_archive_is_only_told_of(serve: Serve, archive: Path, roots: tuple[str, ...]) -> None:
    served = serve(archive_roots=tuple(archive.parent / one for one in roots))
    entity = register(served, archive / "crab.fits")
    for answer in (served.anonymous.get(f"/store/{entity}"), served.anonymous.get(f"/store/{entity}?embed=provenance")):
        assert answer.status_code == 404
        assert ELSEWHERE in answer.text
    refused = served.anonymous.post("/uws/copy", data={"input": entity})
    assert refused.status_code == 400
    assert ELSEWHERE in refused.text


def test_datalink_links_to_no_file_that_can_not_be_had(serve: Serve, archive: Path) -> None:
    served = serve()
    entity = register(served, archive / "crab.fits")
    found = rows(served.anonymous, ID=entity)
    (this,) = of(found, "#this")
    assert "access_url" not in this
    assert ELSEWHERE in this["error_message"]
    assert of(found, "#proc") == []


def test_datalink_and_the_table_link_to_files_of_the_archive(serve: Serve, archive: Path) -> None:
    served = serve(archive_roots=(archive,))
    entity = register(served, archive / "crab.fits")
    (this,) = of(rows(served.anonymous, ID=entity), "#this")
    assert this["access_url"] == f"{BASE}/store/{entity}"
    assert f"{BASE}/store/{entity}" in served.anonymous.get("/obscore.vot").text


def test_datalink_links_a_product_of_the_web_to_where_it_is(served: Served) -> None:
    url = "https://archive.example/crab.fits"
    told = {"location": url, "content_type": "application/fits"}
    entity = served.admin.post("/prov/entities", json=told, query_string={"public": "true"}).json["entities"][0]  # type: ignore[index]
    found = rows(served.anonymous, ID=entity)
    assert [row["access_url"] for row in of(found, "#this")] == [url]
    assert of(found, "#proc") == []
