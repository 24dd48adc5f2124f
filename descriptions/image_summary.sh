#!/bin/bash
# Describes the first image of a FITS file: header facts, statistics, the place of the brightest pixel, and a preview.
set -eu

python3 - <<'PY'
import json
import os
import platform
import sys
import warnings

import astropy
import matplotlib
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from astropy.wcs.wcs import InvalidTransformError, NoConvergence, SingularMatrixError

matplotlib.use("Agg")
from matplotlib.figure import Figure

SERVICE = "image_summary"
FACTS = {
    "object": ("OBJECT",),
    "telescope": ("TELESCOP",),
    "instrument": ("INSTRUME",),
    "date": ("DATE-OBS", "DATE_OBS", "T_OBS"),
    "exposure": ("EXPTIME", "EXPOSURE"),
    "filter": ("FILTER", "WAVE_STR", "WAVELNTH"),
    "unit": ("BUNIT", "PIXLUNIT"),
}


# [shared: software] the same text in all scripts that run Python
def record_software(*modules):
    """Tell provstore which software really ran."""
    versions = {"python": platform.python_version()} | {module.__name__: module.__version__ for module in modules}
    agents, runs = {}, {}
    for name, version in versions.items():
        agents[f"software:{name}-{version}"] = {
            "prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
            "prov:label": name,
            "voprov:version": version,
        }
        runs[f"_:{name}"] = {
            "prov:activity": "current_job",
            "prov:agent": f"software:{name}-{version}",
            "prov:role": "Software",
        }
    prefixes = {
        "software": "urn:provstore:software:",
        "voprov": "http://www.ivoa.net/ns/voprov#",
        "default": "urn:provstore:run:",
    }
    with open("internal_provenance.json", "w", encoding="utf-8") as file:
        json.dump({"prefix": prefixes, "agent": agents, "wasAssociatedWith": runs}, file, indent=1)


# [/shared]


def fail(message):
    sys.exit(f"{SERVICE}: {message}")


def main():
    warnings.simplefilter("ignore", FITSFixedWarning)
    warnings.simplefilter("ignore", fits.verify.VerifyWarning)
    path = os.environ["image"]
    number, data, header = first_image(path)
    plane = data.reshape(-1, *data.shape[-2:])[0]
    finite = np.isfinite(plane)
    if not finite.any():
        fail(f"{os.path.basename(path)}: the image holds no finite pixel")
    good = plane[finite].astype(float)
    y, x = np.unravel_index(np.argmax(np.where(finite, plane, -np.inf)), plane.shape)
    summary = {key: fact(header, names) for key, names in FACTS.items()}
    summary |= {
        "hdu": number,
        "shape": list(data.shape),
        "type": str(data.dtype.newbyteorder("=")),
        "planes": data.size // plane.size,
        "pixels": int(plane.size),
        "pixels_not_finite": int((~finite).sum()),
        "min": float(good.min()),
        "max": float(good.max()),
        "mean": float(good.mean()),
        "std": float(good.std()),
        "percentiles": {f"{q:g}": float(value) for q, value in zip(QUANTILES, np.percentile(good, QUANTILES))},
    }
    summary |= world(header, data, int(x), int(y), float(plane[y, x]))
    if summary["planes"] > 1:
        summary["note"] = f"the first of {summary['planes']} planes was measured"
    with open(os.path.join(os.environ["rs"], os.environ["summary"]), "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1, allow_nan=False)
        file.write("\n")
    preview(plane, good, summary, int(x), int(y), os.path.basename(path))
    record_software(np, astropy, matplotlib)
    print(f"image of {plane.shape[1]} x {plane.shape[0]} pixels, {summary['min']:g} to {summary['max']:g}")


QUANTILES = (1, 5, 25, 50, 75, 95, 99)


def first_image(path):
    name = os.path.basename(path)
    try:
        with fits.open(path) as hdus:
            for number, hdu in enumerate(hdus):
                if hdu.is_image and hdu.data is not None and hdu.data.ndim >= 2 and hdu.data.size:
                    return number, np.array(hdu.data), hdu.header.copy()
    except (OSError, TypeError, ValueError, IndexError) as error:
        fail(f"{name} can't be read as FITS: {error}")
    fail(f"{name} holds no image of two or more dimensions")


def fact(header, names):
    """First of the keywords that says something; None if none does."""
    for name in names:
        value = header.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value):
            return value
    return None


def world(header, data, x, y, value):
    """Where the brightest pixel is on the sky, as far as the header tells. Pixels are counted from 1, as in FITS."""
    brightest = {"x": x + 1, "y": y + 1, "value": value}
    try:
        wcs = WCS(header, naxis=2)
        ctype = [str(name) for name in wcs.wcs.ctype]
        if not all(ctype):
            return {"ctype": None, "brightest": brightest}
        place = [float(axis) for axis in wcs.wcs_pix2world(x, y, 0)]
        units = [str(unit) for unit in wcs.wcs.cunit]
    except (
        ValueError,
        KeyError,
        TypeError,
        MemoryError,
        InvalidTransformError,
        NoConvergence,
        SingularMatrixError,
    ) as error:
        return {"ctype": None, "brightest": brightest, "wcs_problem": str(error).strip().split("\n")[0]}
    if ctype[0].startswith(("HPLN", "SOLX", "HGLN", "CRLN")) and units[0] == "deg":
        place[0] = (place[0] + 180) % 360 - 180  # the Sun's own longitudes run from -180 to 180
    if all(np.isfinite(place)):
        brightest["world"] = {name: {"value": number, "unit": unit} for name, number, unit in zip(ctype, place, units)}
    return {"ctype": ctype, "brightest": brightest}


def preview(plane, good, summary, x, y, name):
    low, high = np.percentile(good, (1, 99.5))
    high = high if high > low else low + 1
    stretched = np.arcsinh(10 * np.clip((plane.astype(float) - low) / (high - low), 0, 1)) / np.arcsinh(10)
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(stretched, origin="lower", cmap="inferno", interpolation="nearest", vmin=0, vmax=1)
    axes.plot(x, y, marker="o", ms=14, mfc="none", mec="cyan", mew=1.5, ls="none", label="Brightest pixel")
    axes.legend(loc="upper right", fontsize="small")
    axes.set(xlabel="Pixel x", ylabel="Pixel y", xlim=(-0.5, plane.shape[1] - 0.5), ylim=(-0.5, plane.shape[0] - 0.5))
    parts = [summary["telescope"], summary["instrument"], summary["object"], summary["date"]]
    axes.set_title(", ".join(str(part) for part in parts if part) or name, fontsize="medium")
    ticks = np.linspace(0, 1, 6)
    bar = figure.colorbar(picture, ax=axes, ticks=ticks, shrink=0.85)
    bar.ax.set_yticklabels([f"{low + (high - low) * np.sinh(tick * np.arcsinh(10)) / 10:.4g}" for tick in ticks])
    bar.set_label(f"Pixel value [{summary['unit']}]" if summary["unit"] else "Pixel value")
    figure.savefig(os.path.join(os.environ["rs"], os.environ["preview"]), format="png", dpi=110)


main()
PY
