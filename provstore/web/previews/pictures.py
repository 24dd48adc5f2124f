"""Pictures of the web, made small; runs in the process that reads one file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

__all__ = ["as_png", "picture"]

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_MOST_PIXELS: Final = 64_000_000
_WIDE: Final = ("I;16", "I;16B", "I;16L", "I")
"""Modes with 16 bits of grey: browsers see the upper 8."""


def picture(file: Path, *, size: int) -> bytes:
    """Give a picture as a PNG whose longer side has at most so many pixels.

    Raises:
        ValueError: it has more pixels than may be unpacked.
    """
    Image.MAX_IMAGE_PIXELS = None  # ours is stricter, and told before anything is unpacked
    with Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > _MOST_PIXELS:
            raise ValueError(f"it has {width} x {height} pixels, and at most {_MOST_PIXELS} are unpacked")
        image.draft("RGB", (size, size))
        shown = _plain(image)
        shown.thumbnail((size, size))
        return as_png(ImageOps.exif_transpose(shown))


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in _WIDE:
        return image.point(lambda value: value / 256).convert("L")
    return image if image.mode in {"L", "LA", "RGB", "RGBA"} else image.convert("RGBA")


def as_png(image: Image.Image) -> bytes:
    """Write a picture as PNG, without anything that the original told of itself."""
    sink = BytesIO()
    image.info.clear()
    image.save(sink, "PNG")
    return sink.getvalue()
