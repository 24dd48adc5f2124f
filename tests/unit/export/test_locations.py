"""Where files are, as a reader of an export is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provstore.export.document import Document
from provstore.export.registry import FORMATS

SITE = "https://prov.example.org/base/"
FOREIGN = "http://elsewhere.example/#e9"


@pytest.fixture
def files(node: Any, document: Callable[..., Document]) -> Document:
    """A file that is kept here, three that are not, and one of which another server tells."""
    own = [
        node("e1", "Entity Dataset", name="image", location="jobs/j1/results/sky.fits"),
        node("e2", "Entity Dataset", name="raw", location="https://archive.example/raw.fits"),
        node("e3", "Entity Dataset", name="disk", location="/data/disk.fits"),
        node("e4", "Entity Dataset", name="left", location="file://cluster/scratch/left.fits"),
    ]
    foreign = node("e9", "Entity Dataset", name="theirs", location="somewhere/of/theirs.fits")._replace(id=FOREIGN)
    return document([*own, foreign], [])


def locations(document: Document, write: Any) -> list[str]:
    told = json.loads(write(document, "prov-json"))["entity"]
    found = (one["prov:location"] for one in told.values())
    return [one if isinstance(one, str) else one["$"] for one in found]


ELSEWHERE = [
    "https://archive.example/raw.fits",
    "/data/disk.fits",
    "file://cluster/scratch/left.fits",
    "somewhere/of/theirs.fits",
]


def test_a_file_that_is_kept_here_has_an_address_that_a_reader_can_use(files: Document, write: Any) -> None:
    assert locations(replace(files, site=SITE), write) == ["https://prov.example.org/base/store/e1", *ELSEWHERE]


def test_where_the_address_is_not_known_the_name_of_the_file_is_told(files: Document, write: Any) -> None:
    assert locations(files, write) == ["sky.fits", *ELSEWHERE]


@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.name != "png"])
@pytest.mark.parametrize("site", ["", SITE])
def test_no_format_tells_where_a_file_lies_on_the_disk(files: Document, write: Any, name: str, site: str) -> None:
    text = str(write(replace(files, site=site), name))
    assert "jobs/j1" not in text
