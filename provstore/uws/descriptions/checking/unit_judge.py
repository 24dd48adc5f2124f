"""A program of its own: reads a JSON list of unit strings, writes those that are none (see unit_strings.py)."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Final

from astropy import units

__all__ = ["is_unit"]

_FORMATS: Final = ("vounit", "cds", "fits")


def is_unit(text: str) -> bool:
    """Tell whether a text is a unit in one of the syntaxes of the VO."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated and unrecognised units, which VOUnits allows
        return any(_reads(text, form) for form in _FORMATS)


def _reads(text: str, form: str) -> bool:
    try:
        units.Unit(text, format=form)
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return False
    return True


if __name__ == "__main__":
    json.dump([text for text in json.load(sys.stdin) if not is_unit(text)], sys.stdout)
