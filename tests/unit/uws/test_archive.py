"""Files of the site's archive: which of them are given, and what they are compared with."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from provstore.errors import NotFound
from provstore.uws.archive import Archive, local_path
from provstore.uws.files import Files

SHA256 = hashlib.sha256(b"CRAB").hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    (folder / "run 1").mkdir(parents=True)
    (folder / "run 1" / "crab.fits").write_bytes(b"CRAB")
    (tmp_path / "secret").write_bytes(b"CRAB")
    return folder


def test_a_file_below_a_root_is_given_by_its_location(root: Path) -> None:
    file = root / "run 1" / "crab.fits"
    location = file.as_uri()
    assert "%20" in location
    assert Archive([root]).path(location, size=4, sha256=SHA256.upper()) == file
    assert Files(root.parent / "data", archive=[root]).path(location, size=4, sha256=SHA256) == file


def test_without_roots_nothing_is_given(root: Path) -> None:
    location = (root / "run 1" / "crab.fits").as_uri()
    assert not Archive([]).holds(location)
    with pytest.raises(NotFound, match="only registered here"):
        Files(root.parent / "data").path(location)


@pytest.mark.parametrize(
    "name", ["../secret", "run 1/../../secret", "%2e%2e/secret", "run 1", "none", "link", "folder/secret", "circle"]
)
def test_what_is_not_a_file_below_the_root_is_not_given(root: Path, name: str) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent)
    (root / "circle").symlink_to(root / "circle")
    assert not Archive([root]).holds(f"file://{root}/{name}")


def test_links_inside_the_roots_are_followed_and_roots_may_be_links(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(root / "run 1" / "crab.fits")
    (tmp_path / "alias").symlink_to(root)
    archive = Archive([tmp_path / "alias"])
    assert archive.path(f"file://localhost{tmp_path}/alias/link") == root / "run 1" / "crab.fits"


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "http://x.example/a", "file://elsewhere/a", "file:a", "file:///a%00b", "file://[x", ""]
)
def test_what_names_no_path_of_this_machine_is_none(location: str) -> None:
    assert local_path(location) is None


@pytest.mark.parametrize(("size", "sha256", "words"), [(5, "", "4 bytes, not 5"), (None, "0" * 64, f"{SHA256}, not 0")])
def test_a_file_that_differs_from_its_record_is_refused(root: Path, size: int | None, sha256: str, words: str) -> None:
    location = (root / "run 1" / "crab.fits").as_uri()
    with pytest.raises(NotFound, match=words):
        Archive([root]).path(location, size=size, sha256=sha256)


def test_a_file_that_changed_is_read_again(root: Path) -> None:
    file, archive = root / "run 1" / "crab.fits", Archive([root])
    archive.path(file.as_uri(), sha256=SHA256)
    file.write_bytes(b"VELA")
    os.utime(file, ns=(0, 0))
    with pytest.raises(NotFound, match="not the one that was registered"):
        archive.path(file.as_uri(), size=4, sha256=SHA256)


def test_the_place_of_a_file_is_known_though_it_may_not_be_given(root: Path) -> None:
    files = Files(root.parent / "data")
    assert files.place("file:///archive/a%20b.fits") == Path("/archive/a b.fits")
    assert files.place("jobs/j1/run/results/a.fits") == root.parent / "data/jobs/j1/run/results/a.fits"
