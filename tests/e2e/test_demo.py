"""``make demo`` as anyone runs it: it ends well and leaves five files of provenance that independent readers read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from astropy.io.votable import parse as parse_votable
from lxml import etree
from prov.model import ProvDocument

from tests.e2e.served import Served
from tests.parts import require

OBSERVATION = Path(sys.prefix) / "share/provstore-sample/reproject/tests/data/aia_171_level1.fits"
FILES = ("lineage.json", "lineage.provn", "lineage.svg", "lineage.vot", "lineage.xml")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """Run the demo once; give its folder and what it said."""
    require("demo", present=find_spec("matplotlib") is not None, reason="matplotlib is not installed")
    require("demo", present=OBSERVATION.is_file(), reason="the sample observation is not installed (make setup)")
    place = tmp_path_factory.mktemp("demo")
    served = Served(place)
    command = [sys.executable, "-m", "provstore.cli.demo", "--output", str(place / "demo")]
    done = subprocess.run(
        command, env=served.environment, cwd=place, capture_output=True, text=True, timeout=240, check=False
    )
    yield place / "demo", done
    served.clear()


Demo = tuple[Path, subprocess.CompletedProcess[str]]


def test_the_demo_ends_well_and_leaves_five_files(demo: Demo) -> None:
    folder, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(one.name for one in folder.iterdir()) == sorted(FILES)


def test_the_demo_says_which_jobs_ran_and_where_to_look(demo: Demo) -> None:
    _, done = demo
    for word in ("simulate_events", "gammapy_maps", "gammapy_spectra", "image_summary", "COMPLETED", "http://"):
        assert word in done.stdout


def test_the_demo_s_three_documents_are_equal(demo: Demo) -> None:
    folder, _ = demo
    as_json = ProvDocument.deserialize(folder / "lineage.json", format="json")
    assert len(list(as_json.get_records())) > 20
    assert ProvDocument.deserialize(folder / "lineage.xml", format="xml") == as_json
    assert ProvDocument.deserialize(folder / "lineage.provn", format="provn", profile="strict") == as_json


def test_the_demo_s_votable_is_valid(demo: Demo) -> None:
    folder, _ = demo
    table = parse_votable(folder / "lineage.vot", verify="exception")
    assert sum(len(one.array) for one in table.iter_tables()) > 20


def test_the_demo_s_picture_is_svg(demo: Demo) -> None:
    folder, _ = demo
    assert etree.parse(folder / "lineage.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
