"""A stored file with its own provenance inside, and the way back from it."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import pytest
from astropy.io import fits

from tests.web.served import Served, job_id


def image() -> bytes:
    out = io.BytesIO()
    fits.PrimaryHDU(np.arange(12.0).reshape(3, 4)).writeto(out, checksum=True)
    return out.getvalue()


IMAGE: Final = image()


@pytest.fixture
def product(served: Served) -> str:
    """The id of a copy of an image."""
    job = served.create("copy", by=served.curie, input=(io.BytesIO(IMAGE), "m31.fits", "image/fits"))
    served.execute(job, by=served.curie)
    served.finish(job, {"results/output.dat": IMAGE + b""})
    return f"e{job_id(job)[1:]}.output"


def which(served: Served, data: bytes) -> Any:
    answer = served.curie.post("/prov/which", data=data, content_type="application/octet-stream")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_stored_image_is_given_with_its_lineage_and_is_recognised_by_it(served: Served, product: str) -> None:
    answer = served.curie.get(f"/store/{product}?embed=provenance")
    assert answer.status_code == 200, answer.text
    assert answer.content_length == len(answer.data)
    with fits.open(io.BytesIO(answer.data), checksum=True) as copy:
        assert copy[-1].name == "PROVENANCE"
        assert copy[0].header["PROVID"].endswith(product)
        assert (copy[0].data == np.arange(12.0).reshape(3, 4)).all()
    found = which(served, answer.data)
    assert found["likeness"] == "copy"
    assert product in {one["id"].rpartition("#")[2] for one in found["items"]}
    assert which(served, IMAGE)["likeness"] == "same"
    assert which(served, b"nobody has this")["likeness"] == "unknown"


def test_what_others_may_not_see_is_not_recognised_for_them(served: Served, product: str) -> None:
    assert served.anonymous.get(f"/store/{product}?embed=provenance").status_code == 404
    answer = served.anonymous.post("/prov/which", data=IMAGE, content_type="application/octet-stream")
    assert answer.get_json()["likeness"] == "unknown"


def test_what_can_not_carry_it_is_refused_with_what_can(served: Served) -> None:
    job = served.completed()
    local = f"e{job_id(job)[1:]}.result"
    assert served.admin.get(f"/store/{local}?embed=everything").status_code == 400
    answer = served.admin.get(f"/store/{local}?embed=provenance")
    assert answer.status_code == 415
    assert "FITS" in answer.get_json()["error"]["message"]
