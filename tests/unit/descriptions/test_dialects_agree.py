"""One service in five dialects gives one model, up to what a dialect can't say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.model import Description, Extra

DATA: Final = Path(__file__).parents[2] / "data" / "descriptions" / "ctbin"


def read(name: str) -> Description:
    return read_description((DATA / name).read_bytes(), source=name).description


def newest() -> Description:
    return read("ctbin_d2.xml")


def without_script(description: Description) -> Description:
    return replace(description, script="")


def without_multiplicities(description: Description) -> Description:
    return replace(
        description,
        used=tuple(replace(item, multiplicity="") for item in description.used),
        generated=tuple(replace(item, multiplicity="") for item in description.generated),
    )


def without_units(description: Description) -> Description:
    return replace(description, parameters=tuple(replace(item, unit="", ucd="") for item in description.parameters))


def without_urls(description: Description) -> Description:
    return replace(description, used=tuple(replace(item, url="") for item in description.used))


def without_kinds(description: Description) -> Description:
    return replace(description, type="", subtype="", version="")


def with_affiliation(description: Description) -> Description:
    return replace(description, extra=(Extra(name="contact_affil", value="Example Institute"),))


LOSSES: Final[dict[str, tuple[Callable[[Description], Description], ...]]] = {
    "ctbin_opus.json": (),
    "ctbin_d1.xml": (without_script, without_multiplicities),
    "ctbin_d0.xml": (without_script, without_multiplicities, without_units, without_urls),
    "ctbin.wadl": (without_script, without_multiplicities, without_units, without_kinds, with_affiliation),
}
"""File -> what its dialect has no place for (or has more than the others: the last one)."""


@pytest.mark.parametrize("name", LOSSES)
def test_a_dialect_gives_the_same_model_but_for_what_it_cannot_say(name: str) -> None:
    expected = newest()
    for lose in LOSSES[name]:
        expected = lose(expected)
    assert read(name) == expected


def test_the_model_is_the_table_of_ctbin() -> None:
    described = newest()
    names = ", ".join(item.name for item in described.parameters)
    assert names == (
        "prefix, ebinalg, emin, emax, enumbins, ebinfile, usepnt, nxpix, nypix, binsz, coordsys, xref, yref, axisrot, "
        "proj, chatter, clobber, debug, mode"
    )
    optional = ", ".join(item.name for item in described.parameters if not item.required)
    assert optional == "prefix, ebinalg, ebinfile, usepnt, axisrot, chatter, clobber, debug, mode"
    assert [(item.name, item.default) for item in described.generated] == [
        ("outfile", "cntmap.fits"),
        ("logfile", "ctbin.log"),
    ]


def test_every_file_of_the_folder_is_compared() -> None:
    assert {path.name for path in DATA.iterdir()} == {*LOSSES, "ctbin_d2.xml"}
