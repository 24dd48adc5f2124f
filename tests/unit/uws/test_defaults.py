from typing import Final

import pytest

from provstore.uws.defaults import runs_with_defaults
from provstore.uws.descriptions.model import Description, ParameterDefinition, Used

FILE: Final = "file://$ID"


def described(
    *parameters: ParameterDefinition, used: tuple[Used, ...] = (), files: tuple[str, ...] = ()
) -> Description:
    return Description(name="s", parameters=parameters, used=used, files=tuple((one, "0" * 64) for one in files))


@pytest.mark.parametrize(
    ("description", "runs"),
    [
        (described(), True),
        (described(ParameterDefinition(name="a", default="1")), True),
        (described(ParameterDefinition(name="a", required=False)), True),
        (described(ParameterDefinition(name="a")), False),
        (described(used=(Used(name="image", multiplicity="1", url=FILE),)), False),
        (described(used=(Used(name="image", multiplicity="0..1", url=FILE),)), True),
        (described(used=(Used(name="image", multiplicity="1", url=FILE, default="a.fits"),)), False),
        (described(used=(Used(name="image", multiplicity="1", url=FILE, default="a.fits"),), files=("a.fits",)), True),
        (described(used=(Used(name="image", multiplicity="1", url=FILE, default="https://e.org/a"),)), True),
        (described(used=(Used(name="images", multiplicity="2..3", url=FILE, default="a b"),), files=("a",)), False),
        (
            described(
                ParameterDefinition(name="id", default="47"), used=(Used(name="obs", multiplicity="1", ref="id"),)
            ),
            True,
        ),
    ],
)
def test_a_service_runs_with_its_defaults_if_all_that_it_needs_has_one(description: Description, *, runs: bool) -> None:
    assert runs_with_defaults(description) is runs
