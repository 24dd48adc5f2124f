"""Images of FITS files as pictures: one plane, cut to most of its values, and stretched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from PIL import Image

from provstore.web.previews.fits_files import chosen_hdu, open_fits, planes_of
from provstore.web.previews.pictures import as_png

__all__ = ["fits_picture"]

_SAMPLED: Final = 2048
"""Pixels of the longer side that are read of a large image: every second, every third..."""

_STRETCHES: Final[dict[str, Callable[[Any], Any]]] = {
    "linear": lambda value: value,
    "sqrt": np.sqrt,
    "log": lambda value: np.log1p(1000 * value) / np.log1p(1000),
    "asinh": lambda value: np.arcsinh(10 * value) / np.arcsinh(10),
}


def fits_picture(file: Path, *, hdu: int | None, plane: int, stretch: str, cut: str, size: int) -> bytes:
    """Give one plane of an image as a PNG: the first row lies below, and what has no value is transparent.

    Raises:
        ValueError: there is no image, or no such plane.
    """
    with open_fits(file) as opened:
        image = opened[chosen_hdu(opened, hdu)]
        planes = planes_of(image)
        if not planes:
            raise ValueError("there is no image in this part of the file")
        if plane >= planes:
            raise ValueError(f"plane {plane}: this image has {planes}, from 0 on")
        values = _sampled(image, plane)
    shades = 255 * _STRETCHES[stretch](_cut(values, float(cut)))
    known = np.isfinite(values)
    shown = np.stack([np.where(known, shades, 0), 255 * known], axis=-1).astype(np.uint8)
    made = Image.fromarray(shown[::-1])
    made.thumbnail((size, size), Image.Resampling.BOX)
    grown = max(1, size // max(made.size))
    if grown > 1:  # small images are shown larger, pixel by pixel
        made = made.resize((made.width * grown, made.height * grown), Image.Resampling.NEAREST)
    return as_png(made)


def _sampled(image: fits.ImageHDU | fits.CompImageHDU, plane: int) -> Any:
    """Read one plane, of a large one only some rows and columns."""
    *above, height, width = image.shape
    step = -(-max(height, width) // _SAMPLED)
    where = tuple(map(int, np.unravel_index(plane, above))) if above else ()
    if step == 1 or isinstance(image, fits.CompImageHDU):  # whose rows lie in tiles
        return np.asarray(image.section[where], dtype=np.float32)[::step, ::step]
    rows = (image.section[(*where, row)] for row in range(0, height, step))
    return np.stack([np.asarray(row, dtype=np.float32)[::step] for row in rows])


def _cut(values: Any, percent: float) -> Any:
    """Bring values to 0...1, so that so many percent of them get a shade of their own."""
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros_like(values)
    outside = (100 - percent) / 2
    low, high = np.percentile(known, [outside, 100 - outside])
    if high <= low:
        low, high = float(known.min()), float(known.max())
    if high <= low:
        return np.where(np.isfinite(values), 0.5, 0)
    return np.clip((np.nan_to_num(values, nan=low) - low) / (high - low), 0, 1)
