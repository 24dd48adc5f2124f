"""Products that exist already, through the command line and a real server; the public ones read by astropy and pyvo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from astropy.io import fits
from astropy.io.votable import parse as parse_votable
from pyvo.dal import DALResults

from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of products and a list of others."""
    folder = tmp_path_factory.mktemp("archive")
    header = fits.Header({"OBJECT": "Crab", "RA_PNT": 83.63, "DEC_PNT": 22.01, "MJD-OBS": 53000.5, "EXPTIME": 1800.0})
    fits.PrimaryHDU(header=header).writeto(folder / "crab.fits")
    (folder / "note.txt").write_text("hello", encoding="ascii")
    rows = ["location,name,md5,s_ra,s_dec,dataproduct_type,calib_level,attribute.quality"]
    rows += [
        "https://archive.example/vela.fits,vela,0cc175b9c0f1b6a831c399e269772661,128.8,-45.6,image,2,good",
        "note.txt,note,5d41402abc4b2a76b9719d911017c592,,,,,bad",
    ]
    (folder / "list.csv").write_text("\n".join(rows) + "\n", encoding="ascii")
    return folder


@pytest.fixture(scope="module")
def filled(any_store: Mapping[str, str], make_served: MakeServed, archive: Path) -> Served:
    """A server, and what was registered before it began."""
    served = make_served(**any_store)
    told = ("--obscore", "calib_level=1", "--obscore", "dataproduct_type=event", "--checksum", "adler32")
    first = served.command("register", str(archive / "crab.fits"), *told, "--public")
    assert (first.returncode, first.stderr) == (0, "")
    second = served.command("register", str(archive / "list.csv"), "--public", "--json")
    assert json.loads(second.stdout)["registered"] == 2, second.stderr
    served.start()
    return served


def test_a_list_is_not_registered_twice(filled: Served, archive: Path) -> None:
    again = filled.command("register", str(archive / "list.csv"), "--public")
    assert again.stdout == "list.csv: 2 rows, 0 registered, 2 known before\n"


def test_a_wrong_list_is_told_by_the_row_and_stores_nothing(filled: Served, archive: Path) -> None:
    wrong = archive / "wrong.csv"
    wrong.write_text("location,s_ra\nhttps://archive.example/new,1\nhttps://archive.example/other,400\n")
    refused = filled.command("register", str(wrong))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "row 2 (line 3): s_ra: 400 is not within 0 to 360" in refused.stderr
    known = filled.command("query", "search", "--location", "https://archive.example/new")
    assert json.loads(known.stdout)["items"] == []


def test_what_a_header_tells_is_searched_by_place(filled: Served) -> None:
    answer = httpx.get(f"{filled.address}/prov/obscore", params={"position": "CIRCLE 83.6 22 0.1", "time": "53000.5"})
    (found,) = answer.json()["items"]
    assert found["label"] == "crab.fits"
    told = {name.rpartition("#")[2]: value for name, value in found["attributes"].items()}
    assert (told["target_name"], told["t_exptime"], told["calib_level"]) == ("Crab", "1800", "1")


def test_astropy_reads_the_table(filled: Served) -> None:
    found = parse_votable(f"{filled.address}/obscore.vot", verify="exception").get_first_table().to_table()
    assert sorted(found["obs_publisher_did"]) == sorted(set(found["obs_publisher_did"]))
    assert {str(unit) for unit in (found["s_ra"].unit, found["t_exptime"].unit, found["em_min"].unit)} == {
        "deg",
        "s",
        "m",
    }
    assert sorted(found["calib_level"]) == [1, 2]


def test_pyvo_reads_the_table(filled: Served) -> None:
    found = DALResults.from_result_url(f"{filled.address}/obscore.vot?POS=CIRCLE+128.8+-45.6+1")
    (row,) = found
    assert (row["access_url"], row["s_dec"]) == ("https://archive.example/vela.fits", -45.6)
    assert found.fieldname_with_ucd("pos.eq.ra") == "s_ra"
    assert found.fieldname_with_utype("obscore:Access.reference") == "access_url"


def test_a_check_finds_what_was_changed_and_the_graph_tells_it(filled: Served, archive: Path) -> None:
    fine = filled.command("verify", "--all", "--json")
    assert fine.returncode == 0, fine.stderr
    assert sorted(json.loads(one)["outcome"] for one in fine.stdout.splitlines()) == ["elsewhere", "fine", "fine"]
    (archive / "note.txt").write_text("jello", encoding="ascii")
    changed = filled.command("verify", "--all")
    (archive / "note.txt").write_text("hello", encoding="ascii")
    assert changed.returncode == 1
    (line,) = changed.stdout.splitlines()
    assert line.startswith("changed")
    entity = line.split()[1]
    told = filled.command("lineage", entity, "--down")
    assert "[verify]" in told.stdout, told.stdout + told.stderr


def test_an_annotation_is_added_and_found(filled: Served) -> None:
    found = json.loads(filled.command("query", "search", "--name", "vela").stdout)["items"]
    added = filled.command("annotate", found[0]["id"], "quality=excellent", "obscore:target_name=Vela", "--public")
    assert added.returncode == 0, added.stderr
    answer = httpx.get(f"{filled.address}/prov/search", params={"attribute": "quality:excellent"})
    assert [one["label"] for one in answer.json()["items"]] == ["vela"]
