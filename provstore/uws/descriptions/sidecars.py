"""The script of a description in a file of its own: beside the description, or sent along with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.reading import Reading, Repair, unix_lines

__all__ = ["language_of", "script_beside", "with_script"]

_ENDINGS: Final[Mapping[str, str]] = {"bash": ".sh", "python": ".py"}
"""Language of a script -> how the name of its file ends."""


def script_beside(path: Path, *, language: str) -> Path | None:
    """Find the script of a description ``NAME_vot.xml``, ``NAME.xml`` or ``NAME.json``: ``NAME.sh`` or ``NAME.py``.

    Where both are there it is the one in the language of the description.
    """
    stem = path.stem.removesuffix("_vot") if path.suffix == ".xml" else path.stem
    endings = sorted(_ENDINGS.values(), key=lambda ending: ending != _ENDINGS.get(language))
    return next((place for place in (path.with_name(stem + ending) for ending in endings) if place.is_file()), None)


def language_of(name: str, *, otherwise: str) -> str:
    """Tell the language of a script by the name of its file: ``.py`` is Python, the rest is what is said otherwise."""
    return "python" if name.endswith(_ENDINGS["python"]) else otherwise


def with_script(reading: Reading, script: bytes, *, name: str) -> Reading:
    """Give a description the script that somebody sends with it: it is what he wants to run, whatever was embedded.

    Raises:
        Invalid: it is no text.
    """
    try:
        sent = script.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{name}: not UTF-8: {error.reason} at byte {error.start}", field="script") from error
    text = unix_lines(sent)
    embedded = reading.description.script
    repairs = list(reading.repairs)
    if text != sent:
        repairs.append(Repair(line=0, what=f"{name} has DOS line ends", how="read with Unix line ends"))
    if embedded.strip() and embedded.rstrip("\n") != text.rstrip("\n"):
        repairs.append(Repair(line=0, what=f"{name} differs from the embedded script", how="the one sent is taken"))
    language = language_of(name, otherwise=reading.description.script_language)
    description = replace(reading.description, script=text, script_language=language)
    return replace(reading, description=description, repairs=tuple(repairs))
