#!/bin/bash
# Makes the energy spectrum of a source from event lists. What runs here is numpy and astropy, not gammapy.
set -eu

python3 - <<'PY'
import configparser
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
from matplotlib.figure import Figure

SERVICE = "gammapy_spectra"


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
    target = SkyCoord(parameter("RA"), parameter("Dec"), unit="deg")
    emin, emax, nbins = parameter("emin"), parameter("emax"), parameter("nbins", int)
    if not 0 < emin < emax or not 1 <= nbins <= 1000:
        fail(f"emin {emin}, emax {emax} TeV and {nbins} bins: right is 0 < emin < emax and 1 to 1000 bins")
    config = read_config(os.environ["config_file"])
    runs = list(observations(os.environ["obsids"], target))
    excluded = read_exclusion(os.environ.get("exclusion_map", ""), config["exclude"])
    on, off, exposure = [], [], 0.0
    for run in runs:
        print(run["about"])
        here, there, alpha = regions(run, target, config, excluded)
        on.append(here)
        off.append((there, alpha))
        exposure += run["livetime"] * float(run["area"] or config["area"])
    if exposure <= 0:
        fail("no event list tells its LIVETIME or ONTIME: a flux can't be computed")
    on = np.concatenate(on)
    if os.environ["bin_method"] == "auto_emin":
        seen = on[(on >= emin) & (on < emax)]
        emin = float(seen.min()) if seen.size else emin
    edges = np.geomspace(emin, emax, nbins + 1)
    points = flux_points(edges, on, off, exposure)
    fit = fit_power_law(points)
    notes = [run["about"] for run in runs] + [
        f"on region {config['on_radius']:g} deg, {config['background']} background",
        f"excluded from the background: {exclusion_note(config)}",
        f"bins: {os.environ['bin_method']}, {nbins} from {emin:.4g} to {emax:.4g} TeV",
        f"made with numpy {np.__version__} and astropy {astropy.__version__}",
    ]
    write(points, fit, notes, target, sum(run["livetime"] for run in runs))
    preview(points, fit, runs)
    record_software(np, astropy, matplotlib)
    total = f"{int(points['counts_on'].sum())} events on, {points['excess'].sum():.1f} in excess"
    print(f"{total}; power law: {fit['text']}")


def read_config(path):
    parser = configparser.ConfigParser()
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
        config = {
            "on_radius": parser.getfloat("on_region", "radius"),
            "background": parser.get("background", "method"),
            "inner": parser.getfloat("background", "ring_inner"),
            "outer": parser.getfloat("background", "ring_outer"),
            "exclude": parser.getfloat("background", "exclude_above", fallback=5.0),
            "area": parser.getfloat("flux", "effective_area"),
        }
    except (OSError, UnicodeDecodeError, configparser.Error, ValueError) as error:
        fail(f"configuration file {os.path.basename(path)!r}: {error}")
    if config["background"] not in {"reflected", "ring"}:
        fail(f"configuration: background method {config['background']!r} is neither reflected nor ring")
    if not 0 < config["on_radius"] <= config["inner"] < config["outer"] or not config["area"] > 0:
        fail("configuration: right is 0 < radius <= ring_inner < ring_outer and a positive effective_area")
    return config


def read_exclusion(path, threshold):
    """What part of the sky the background must leave out: where a map of significance exceeds a threshold."""
    if not path:
        return lambda ra, _dec: np.zeros(np.shape(ra), bool)
    try:
        with fits.open(path) as hdus:
            hdu = next(hdu for hdu in hdus if hdu.is_image and hdu.data is not None and hdu.data.ndim == 2)
            image, wcs = np.nan_to_num(np.array(hdu.data, float)), WCS(hdu.header)
    except (OSError, StopIteration, ValueError) as error:
        fail(f"exclusion map {os.path.basename(path)}: no image with sky coordinates: {error}")
    if not wcs.has_celestial:
        fail(f"exclusion map {os.path.basename(path)}: its image has no sky coordinates")

    def excluded(ra, dec):
        x, y = wcs.world_to_pixel_values(ra, dec)
        column, row = np.rint(np.nan_to_num(x, nan=-1)).astype(int), np.rint(np.nan_to_num(y, nan=-1)).astype(int)
        inside = (0 <= column) & (column < image.shape[1]) & (0 <= row) & (row < image.shape[0])
        value = image[np.clip(row, 0, image.shape[0] - 1), np.clip(column, 0, image.shape[1] - 1)]
        return inside & (value > threshold)

    return excluded


def exclusion_note(config):
    path = os.environ.get("exclusion_map", "")
    return f"{os.path.basename(path)} above {config['exclude']:g} sigma" if path else "nothing"


def left_out(centre, inner, outer, excluded):
    """Fraction of a disc or ring (degrees) that is excluded, from points spread evenly over it."""
    number = np.arange(600)
    distance = np.sqrt(inner**2 + (outer**2 - inner**2) * (number + 0.5) / number.size)
    point = centre.directional_offset_by(number * 137.508 * u.deg, distance * u.deg)
    return float(np.mean(excluded(point.ra.deg, point.dec.deg)))


def regions(run, target, config, excluded):
    """Energies in the on region and in the background regions, and the ratio of their exposures."""
    radius, pointing = config["on_radius"], run["pointing"]
    here = separation(run["ra"], run["dec"], target) <= radius
    offset = pointing.separation(target).deg
    if config["background"] == "reflected" and offset > radius:
        centres = reflected(pointing, target, offset, radius)
        centres = [centre for centre in centres if left_out(centre, 0, radius, excluded) == 0]
        inside = np.zeros(here.size, bool)
        for centre in centres:
            inside |= separation(run["ra"], run["dec"], centre) <= radius
        if centres:
            return run["energy"][here], run["energy"][inside], 1 / len(centres)
    distance = separation(run["ra"], run["dec"], target)
    ring = (distance > config["inner"]) & (distance <= config["outer"]) & ~excluded(run["ra"], run["dec"])
    used = 1 - left_out(target, config["inner"], config["outer"], excluded)
    if used <= 0:
        fail("the exclusion map leaves no background around the source")
    return run["energy"][here], run["energy"][ring], radius**2 / (used * (config["outer"] ** 2 - config["inner"] ** 2))


def reflected(pointing, target, offset, radius):
    """Centres of the regions that lie as far from the pointing as the target does, and do not touch it."""
    step = 2 * np.degrees(np.arcsin(min(1.0, radius / offset)))
    places = int((360 - 2 * step) // step) + 1 if step < 120 else 0
    turns = (360 - step * (places - 1)) / 2 + step * np.arange(places)
    angle = pointing.position_angle(target).deg
    return list(pointing.directional_offset_by((angle + turns) * u.deg, offset * u.deg)) if places else []


def flux_points(edges, on, off, exposure):
    low, high = edges[:-1], edges[1:]
    n_on = np.histogram(on, edges)[0]
    n_off = sum(np.histogram(energy, edges)[0] for energy, _ in off)
    expected = sum(alpha * np.histogram(energy, edges)[0] for energy, alpha in off)
    variance = n_on + sum(alpha**2 * np.histogram(energy, edges)[0] for energy, alpha in off)
    usual = float(np.mean([alpha for _, alpha in off]))
    alpha = np.where(n_off > 0, expected / np.maximum(n_off, 1), usual)
    excess = n_on - expected
    scale = 1 / (exposure * (high - low))
    return {
        "e_ref": np.sqrt(low * high),
        "e_min": low,
        "e_max": high,
        "dnde": excess * scale,
        "dnde_err": np.sqrt(variance) * scale,
        "dnde_ul": (np.maximum(excess, 0) + 2 * np.sqrt(np.maximum(variance, 1))) * scale,
        "sqrt_ts": li_ma(n_on, n_off, alpha),
        "counts_on": n_on,
        "counts_off": n_off,
        "alpha": alpha,
        "excess": excess,
    }


def fit_power_law(points):
    """Fit log flux against log energy through the points of at least 2 sigma."""
    good = (points["dnde"] > 0) & (points["dnde"] >= 2 * points["dnde_err"])
    if good.sum() < 2:
        return {"text": "not enough points for a fit"}
    x, y = np.log10(points["e_ref"][good]), np.log10(points["dnde"][good])
    sigma = points["dnde_err"][good] / points["dnde"][good] / np.log(10)
    design = np.stack([np.ones_like(x), -x], axis=1) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    norm, index = covariance @ design.T @ (y / sigma)
    errors = np.sqrt(np.diag(covariance))
    text = f"index {index:.2f} +- {errors[1]:.2f}, {10**norm:.2e} cm-2 s-1 TeV-1 at 1 TeV"
    return {
        "text": text,
        "norm": 10**norm,
        "norm_err": 10**norm * np.log(10) * errors[0],
        "index": index,
        "index_err": errors[1],
    }


def write(points, fit, notes, target, livetime):
    flux, names = (
        "cm-2 s-1 TeV-1",
        ("e_ref", "e_min", "e_max", "dnde", "dnde_err", "dnde_ul", "sqrt_ts", "excess", "alpha"),
    )
    units = {"e_ref": "TeV", "e_min": "TeV", "e_max": "TeV", "dnde": flux, "dnde_err": flux, "dnde_ul": flux}
    columns = [fits.Column(name, "D", unit=units.get(name), array=points[name]) for name in names]
    columns += [fits.Column(name, "J", unit="count", array=points[name]) for name in ("counts_on", "counts_off")]
    table = fits.BinTableHDU.from_columns(columns, name="FLUX_POINTS")
    header = table.header
    header["SED_TYPE"] = "dnde"
    header["UL_CONF"] = (0.95, "confidence of the upper limits (2 sigma)")
    header["RA_OBJ"], header["DEC_OBJ"] = (target.ra.deg, "[deg] centre of the on region"), (target.dec.deg, "[deg]")
    header["LIVETIME"] = (livetime, "[s] of all observations")
    header["CREATOR"] = "provstore gammapy_spectra"
    if "index" in fit:
        header["FITINDEX"], header["FITINERR"] = (fit["index"], "index of the power law"), fit["index_err"]
        header["FITNORM"], header["FITNOERR"] = (fit["norm"], "[cm-2 s-1 TeV-1] at 1 TeV"), fit["norm_err"]
    for note in notes:
        header["HISTORY"] = note
    hdus = fits.HDUList([fits.PrimaryHDU(), table])
    hdus.writeto(os.path.join(os.environ["rs"], os.environ["spectrum"]), overwrite=True)


def preview(points, fit, runs):
    figure = Figure(figsize=(7, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    energy, flux, error = points["e_ref"], points["dnde"], points["dnde_err"]
    width = [energy - points["e_min"], points["e_max"] - energy]
    good = (flux > 0) & (flux >= 2 * error)
    limit = ~good & (points["counts_on"] + points["counts_off"] > 0)
    upper.errorbar(
        energy[good], flux[good], xerr=np.array(width)[:, good], yerr=error[good], fmt="o", ms=4, label="Flux points"
    )
    if limit.any():
        ul = points["dnde_ul"][limit]
        upper.errorbar(
            energy[limit],
            ul,
            xerr=np.array(width)[:, limit],
            yerr=0.4 * ul,
            uplims=True,
            fmt="none",
            ecolor="0.6",
            label="Upper limits (95 %)",
        )
    if "index" in fit:
        line = np.geomspace(points["e_min"][0], points["e_max"][-1], 100)
        upper.plot(line, fit["norm"] * line ** -fit["index"], "C1", label=f"Power law, index {fit['index']:.2f}")
        model = fit["norm"] * energy ** -fit["index"]
        lower.errorbar(energy[good], (flux / model - 1)[good], yerr=(error / model)[good], fmt="o", ms=4)
    lower.axhline(0, color="0.6", lw=1)
    upper.set(
        xscale="log",
        xlim=(points["e_min"][0] / 1.3, points["e_max"][-1] * 1.3),
        ylabel="Flux [cm$^{-2}$ s$^{-1}$ TeV$^{-1}$]",
    )
    if good.any() or limit.any():
        upper.set_yscale("log")
        upper.legend()
    upper.set_title(f"Energy spectrum of {listed(runs)}")
    lower.set(xlabel="Energy [TeV]", ylabel="Flux / fit - 1")
    figure.savefig(os.path.join(os.environ["rs"], os.environ["spectrum_preview"]), format="png", dpi=110)


main()
PY
