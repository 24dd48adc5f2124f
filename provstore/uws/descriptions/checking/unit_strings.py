"""Tells which unit strings astropy knows (VOUnits, CDS, FITS).

The usual ones are listed here. All others are judged by a process of its own: astropy takes longer to load than most
commands take in all, and what strangers write must not keep the server busy.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

__all__ = ["USUAL", "unknown_units"]

USUAL: Final = frozenset(
    {
        *("s", "ms", "min", "h", "d", "yr", "Hz", "kHz", "MHz", "GHz"),
        *("deg", "arcmin", "arcsec", "mas", "rad", "sr", "deg2", "pixel", "pix", "deg/pixel", "deg/pix", "arcsec/pix"),
        *("m", "km", "cm", "mm", "um", "nm", "Angstrom", "AU", "pc", "kpc", "Mpc", "lyr", "m/s", "km/s", "km.s-1"),
        *("eV", "keV", "MeV", "GeV", "TeV", "J", "erg", "W", "K", "kg", "g", "Pa", "V", "A", "Jy", "mJy", "mag"),
        *("ct", "count", "bin", "byte", "bit", "cm2", "m2", "s-1", "cm-2.s-1.TeV-1", "cm-2 s-1 TeV-1", "erg/s"),
    }
)
"""Units of most descriptions."""

_LARGE: Final = re.compile(r"[0-9]{6}", re.ASCII)
_LONGEST: Final = 100
_SECONDS: Final = 20
_JUDGE: Final = (sys.executable, "-P", "-m", "provstore.uws.descriptions.checking.unit_judge")


def unknown_units(texts: Iterable[str]) -> dict[str, str]:
    """Give those that are no units, each with what is wrong."""
    asked = set(texts) - USUAL
    faults = {text: fault for text in asked if (fault := _beyond_measure(text))}
    left = sorted(asked - faults.keys())
    return faults | (_judged(left) if left else {})


def _beyond_measure(text: str) -> str:
    """With ``10**999999999`` astropy would not come to an end."""
    if len(text) > _LONGEST:
        return f"has {len(text)} characters; a unit has at most {_LONGEST}"
    return "holds a number of more than five digits" if _LARGE.search(text) else ""


def _judged(asked: list[str]) -> dict[str, str]:
    try:
        done = subprocess.run(
            _JUDGE, input=json.dumps(asked), capture_output=True, encoding="utf-8", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(asked, f"could not be checked within {_SECONDS} seconds")
    if done.returncode:
        return dict.fromkeys(asked, f"could not be checked (exit code {done.returncode})")
    found: list[str] = json.loads(done.stdout)
    return dict.fromkeys(found, "is no unit that astropy knows (VOUnits, CDS, FITS), as TeV or cm-2.s-1")
