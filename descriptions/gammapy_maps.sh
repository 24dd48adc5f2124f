#!/bin/bash
# Makes a count map and a significance map from event lists. What runs here is numpy and astropy, not gammapy.
set -eu

python3 - <<'PY'
import json
import os
import platform
import sys

import astropy
import matplotlib
import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

matplotlib.use("Agg")
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

SERVICE = "gammapy_maps"
ON, RING, EXCLUDED = 0.1, (0.4, 0.8), 0.25  # degrees: on region, background ring, mask around the target


# [shared: simulate] the same text in simulate_events, gammapy_maps and gammapy_spectra
AREA = 1.0e9  # cm2: effective area of the simulated telescope, the same at all energies
FIELD, ACCEPTANCE, SPREAD = 2.5, 1.0, 0.05  # degrees: edge of the field, widths of the acceptance and of a point source


def power_law(rng, count, index, emin, emax):
    """Draw energies (TeV) from dN/dE ~ E**-index."""
    drawn = rng.random(count)
    if abs(index - 1) < 1e-9:
        return emin * (emax / emin) ** drawn
    low, high = emin ** (1 - index), emax ** (1 - index)
    return (low + drawn * (high - low)) ** (1 / (1 - index))


def simulate(number, target, *, seed=0, ontime=1800.0, flux=4e-12, index=2.8, background=1.0, emin=0.1, emax=50.0):
    """Events of one pointing 0.5 deg beside the target: a point source with a power law, and background."""
    rng = np.random.default_rng([number, seed])
    livetime = 0.95 * ontime
    pointing = target.directional_offset_by((number % 4) * 90 * u.deg, 0.5 * u.deg)
    grid = np.geomspace(emin, emax, 2001)
    integral = np.trapezoid(flux * grid**-index, grid)
    n_source, n_background = rng.poisson(integral * AREA * livetime), rng.poisson(background * livetime)
    edge = -np.expm1(-(FIELD**2) / (2 * ACCEPTANCE**2))
    distance = ACCEPTANCE * np.sqrt(-2 * np.log1p(-rng.random(n_background) * edge))
    position = np.concatenate(
        [
            xyz(target, rng.rayleigh(SPREAD, n_source), rng.random(n_source) * 360),
            xyz(pointing, distance, rng.random(n_background) * 360),
        ]
    )
    energy = np.concatenate(
        [power_law(rng, n_source, index, emin, emax), power_law(rng, n_background, 2.7, emin, emax)]
    )
    order = rng.permutation(n_source + n_background)
    start = 2400.0 * number
    return {
        "time": start + np.sort(rng.random(order.size)) * ontime,
        "ra": np.degrees(np.arctan2(position[order, 1], position[order, 0])) % 360,
        "dec": np.degrees(np.arcsin(np.clip(position[order, 2], -1, 1))),
        "energy": energy[order],
        "pointing": pointing,
        "start": start,
        "ontime": ontime,
        "livetime": livetime,
        "area": AREA,
        "about": "",
    }


def xyz(centre, distance, angle):
    """Unit vectors at a distance and a position angle (degrees) from a centre."""
    place = centre.directional_offset_by(angle * u.deg, distance * u.deg)
    return np.stack([axis.value for axis in place.cartesian.xyz], axis=-1).reshape(-1, 3)


# [/shared]


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


# [shared: read] the same text in gammapy_maps and gammapy_spectra
def fail(message):
    sys.exit(f"{SERVICE}: {message}")


def parameter(name, kind=float):
    """Value of a parameter as a number."""
    try:
        value = kind(os.environ[name])
    except (KeyError, ValueError):
        fail(f"parameter {name}: {os.environ.get(name)!r} is no number")
    if not np.isfinite(value):
        fail(f"parameter {name}: {value} is not finite")
    return value


def observations(text, target):
    """Event lists from files; an observation number without a file is simulated, and that is said plainly."""
    if not text.split():
        fail("no observation is given: name event lists or observation numbers")
    for item in text.split():
        if os.path.isfile(item):
            yield read_events(item)
        elif item.isascii() and item.isdigit():
            events = simulate(int(item), target)
            yield events | {"about": f"{item}: no event list given; SIMULATED here, seeded with the number"}
        else:
            fail(f"{item!r} is neither the file of an event list nor an observation number")


def read_events(path):
    """Read the EVENTS table of a FITS file."""
    name = os.path.basename(path)
    try:
        with fits.open(path) as hdus:
            tables = [
                hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU) and {"RA", "DEC"} <= {*hdu.columns.names}
            ]
            hdu = next((hdu for hdu in tables if hdu.name == "EVENTS"), next(iter(tables), None))
            if hdu is None:
                fail(f"{name} holds no event list: no table with columns RA and DEC")
            names = [key for key in ("RA", "DEC", "ENERGY") if key in hdu.columns.names]
            columns = {key: np.array(hdu.data[key], float) for key in names}
            units, header = {column.name: column.unit for column in hdu.columns}, hdu.header.copy()
    except (OSError, TypeError, ValueError) as error:
        fail(f"{name} can't be read as FITS: {error}")
    scale = u.Unit(units.get("ENERGY") or "TeV").to("TeV")
    ra, dec = columns["RA"] % 360, columns["DEC"]
    number = f" (observation {header['OBS_ID']})" if "OBS_ID" in header else ""
    about = f"{name}{number}: {ra.size} events"
    if header.get("ORIGIN") == "simulation":
        about += ", SIMULATED"
    if "RA_PNT" in header and "DEC_PNT" in header:
        pointing = SkyCoord(header["RA_PNT"], header["DEC_PNT"], unit="deg")
    elif ra.size:
        x, y, z = SkyCoord(ra, dec, unit="deg").cartesian.xyz.value.mean(axis=1)
        pointing = SkyCoord(np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y))), unit="deg")
        about += "; it names no pointing, so the mean of its events is taken"
    else:
        fail(f"{name} has neither events nor a pointing (RA_PNT, DEC_PNT)")
    return {
        "ra": ra,
        "dec": dec,
        "energy": columns.get("ENERGY", np.full(ra.size, np.nan)) * scale,
        "pointing": pointing,
        "livetime": float(header.get("LIVETIME", header.get("ONTIME", 0.0))),
        "area": header.get("EFFAREA"),
        "about": about,
    }


def listed(runs):
    """Say how many observations there are, and how many of them were simulated."""
    simulated = sum("SIMULATED" in run["about"] for run in runs)
    note = "" if not simulated else " (simulated)" if simulated == len(runs) else f" ({simulated} simulated)"
    return ("1 observation" if len(runs) == 1 else f"{len(runs)} observations") + note


def separation(ra, dec, centre):
    """Angular distance (degrees) of positions in degrees from a centre."""
    return SkyCoord(ra, dec, unit="deg").separation(centre).deg


def li_ma(n_on, n_off, alpha):
    """Significance of an excess: Li & Ma 1983, equation 17; NaN where nothing can be said."""
    n_on, n_off, alpha = np.broadcast_arrays(*(np.asarray(item, float) for item in (n_on, n_off, alpha)))
    with np.errstate(all="ignore"):
        total = n_on + n_off
        on = np.where(n_on > 0, n_on * np.log((1 + alpha) / alpha * n_on / total), 0)
        off = np.where(n_off > 0, n_off * np.log((1 + alpha) * n_off / total), 0)
        value = np.sign(n_on - alpha * n_off) * np.sqrt(2 * np.maximum(on + off, 0))
    return np.where((alpha > 0) & np.isfinite(alpha) & (total > 0), value, np.nan)


# [/shared]


def main():
    nx, ny, binsz = parameter("nxpix", int), parameter("nypix", int), parameter("binsz")
    if nx < 1 or ny < 1 or nx * ny > 1_000_000:
        fail(f"a map of {nx} x {ny} pixels can't be made: right are 1 x 1 to 1000 x 1000")
    if not 1e-5 <= binsz <= 10:
        fail(f"pixels of {binsz} deg can't be used: right are 0.00001 to 10 deg")
    target = SkyCoord(parameter("RA"), parameter("Dec"), unit="deg")
    runs = list(observations(os.environ["obs_ids"], target))
    for run in runs:
        print(run["about"])
    # Radii in pixels, kept sensible for any pixel size; a margin as wide as the ring makes small maps right too.
    on = float(np.clip(ON / binsz, 0.5, 50))
    inner = float(np.clip(RING[0] / binsz, on + 1, 150))
    outer = float(np.clip(RING[1] / binsz, inner + 1, 250))
    margin = int(np.ceil(outer))
    wcs = projection(target, nx, ny, binsz)
    counts, acceptance = fill(runs, wcs, nx, ny, margin)
    y, x = np.indices(counts.shape)
    centre = np.hypot(x - margin - (nx - 1) / 2, y - margin - (ny - 1) / 2)
    outside = centre > max(EXCLUDED / binsz, on)
    crop = (slice(margin, margin + ny), slice(margin, margin + nx))
    n_on, a_on = (around(image, 0, on)[crop] for image in (counts, acceptance))
    n_off, a_off = (around(image * outside, inner, outer)[crop] for image in (counts, acceptance))
    with np.errstate(all="ignore"):
        alpha = np.where(a_off > 1e-6 * max(acceptance.max(), 1e-30), a_on / a_off, np.nan)
    significance = np.where(np.round(n_off) > 0, li_ma(np.round(n_on), np.round(n_off), alpha), np.nan)
    notes = [run["about"] for run in runs] + [
        f"on region {on * binsz:.4g} deg, background ring {inner * binsz:.4g} to {outer * binsz:.4g} deg",
        f"{max(EXCLUDED / binsz, on) * binsz:.4g} deg around the target is left out of the background",
        f"made with numpy {np.__version__} and astropy {astropy.__version__}",
    ]
    write("count_map", counts[crop].astype("int32"), wcs, "count", notes)
    write("significance_map", significance.astype("float32"), wcs, "", ["Li & Ma (1983), equation 17", *notes])
    preview(counts[crop], n_on, wcs, on * binsz, runs)
    record_software(np, astropy, matplotlib)
    here = significance[(ny - 1) // 2, (nx - 1) // 2]
    print(f"{int(counts[crop].sum())} events in the map; significance at the centre {here:.1f}")


def projection(target, nx, ny, binsz):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [target.ra.deg, target.dec.deg]
    wcs.wcs.crpix = [(nx + 1) / 2, (ny + 1) / 2]
    wcs.wcs.cdelt = [-binsz, binsz]
    wcs.wcs.radesys = "ICRS"
    return wcs


def fill(runs, wcs, nx, ny, margin):
    """Bin the events into the map and its margin, and add up how much of the background each pixel would see."""
    shape = (ny + 2 * margin, nx + 2 * margin)
    counts, acceptance = np.zeros(shape), np.zeros(shape)
    y, x = np.indices(shape)
    ra, dec = (np.radians(axis) for axis in wcs.wcs_pix2world(x - margin, y - margin, 0))
    for run in runs:
        ahead = separation(run["ra"], run["dec"], SkyCoord(*wcs.wcs.crval, unit="deg")) < 80
        px, py = (np.floor(axis + 0.5) + margin for axis in wcs.wcs_world2pix(run["ra"][ahead], run["dec"][ahead], 0))
        inside = (px >= 0) & (px < shape[1]) & (py >= 0) & (py < shape[0])
        np.add.at(counts, (py[inside].astype(int), px[inside].astype(int)), 1)
        ra0, dec0 = run["pointing"].ra.rad, run["pointing"].dec.rad
        half = np.sin((dec - dec0) / 2) ** 2 + np.cos(dec) * np.cos(dec0) * np.sin((ra - ra0) / 2) ** 2
        distance = np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
        weight = max(run["livetime"], 1.0)
        acceptance += weight * np.where(distance < FIELD, np.exp(-(distance**2) / (2 * ACCEPTANCE**2)), 0)
    return counts, acceptance


def around(image, inner, outer):
    """Sum over the pixels whose distance is from inner to outer, for each pixel."""
    reach = int(np.ceil(outer))
    size = [length + 2 * reach for length in image.shape]
    dy, dx = (np.minimum(np.arange(length), length - np.arange(length)) for length in size)
    distance = np.hypot(dy[:, None], dx[None, :])
    kernel = (distance <= outer) & (distance >= inner)
    total = np.fft.irfft2(np.fft.rfft2(image, size) * np.fft.rfft2(kernel.astype(float), size), size)
    return np.maximum(total[: image.shape[0], : image.shape[1]], 0)


def write(name, image, wcs, unit, notes):
    header = wcs.to_header()
    header["BUNIT"] = unit
    header["BTYPE"] = "counts" if unit else "significance"
    header["CREATOR"] = "provstore gammapy_maps"
    for note in notes:
        header["HISTORY"] = note
    fits.PrimaryHDU(image, header).writeto(os.path.join(os.environ["rs"], os.environ[name]), overwrite=True)


def preview(counts, smooth, wcs, radius, runs):
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.add_subplot(projection=wcs)
    picture = axes.imshow(
        smooth,
        origin="lower",
        cmap="inferno",
        interpolation="nearest",
        norm=PowerNorm(0.4, vmin=0, vmax=max(smooth.max(), 1)),
    )
    axes.set_xlabel("Right ascension (ICRS)")
    axes.set_ylabel("Declination (ICRS)")
    axes.set_title(f"Count map: {int(counts.sum())} events of {listed(runs)}")
    figure.colorbar(picture, ax=axes, label=f"Events within {radius:.3g} deg of each pixel", shrink=0.85)
    figure.savefig(os.path.join(os.environ["rs"], os.environ["count_preview"]), format="png", dpi=110)


main()
PY
