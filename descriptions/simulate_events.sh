#!/bin/bash
# Simulates the event list of one observation of a gamma-ray source: the same parameters give the same bytes.
set -eu

python3 - <<'PY'
import json
import os
import platform
import sys

import astropy
import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

SERVICE = "simulate_events"


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


def main():
    value = {
        name: float(os.environ[name]) for name in ("RA", "Dec", "ontime", "flux", "index", "background", "emin", "emax")
    }
    number, seed = int(os.environ["obs_id"]), int(os.environ["seed"])
    if not 0 < value["emin"] < value["emax"]:
        sys.exit(f"{SERVICE}: emin {value['emin']} must be above 0 and below emax {value['emax']}")
    target = SkyCoord(value.pop("RA"), value.pop("Dec"), unit="deg")
    grid = np.geomspace(value["emin"], value["emax"], 2001)
    expected = (np.trapezoid(value["flux"] * grid ** -value["index"], grid) * AREA + value["background"]) * value[
        "ontime"
    ]
    if not expected < 2e7:
        sys.exit(f"{SERVICE}: about {expected:.3g} events are expected; at most 20 million are simulated")
    events = simulate(number, target, seed=seed, **value)
    hdus = fits.HDUList([fits.PrimaryHDU(), event_table(events, number, seed, target, value), good_times(events)])
    hdus.writeto(os.path.join(os.environ["rs"], os.environ["events"]), overwrite=True)
    record_software(np, astropy)
    count = events["time"].size
    lines = [
        f"simulate_events: observation {number}, seed {seed}",
        f"target RA {target.ra.deg:.6f} Dec {target.dec.deg:.6f} deg",
        f"pointing RA {events['pointing'].ra.deg:.6f} Dec {events['pointing'].dec.deg:.6f} deg",
        *(f"{name} {text:g}" for name, text in value.items()),
        f"{count} events written",
        f"numpy {np.__version__}, astropy {astropy.__version__}",
    ]
    with open(os.path.join(os.environ["rs"], os.environ["log"]), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(lines[0], "-", lines[-2])


def times(header, events):
    header["MJDREFI"] = (53005, "[d] reference time 2004-01-01, whole days")
    header["MJDREFF"] = (0.0, "[d] reference time, fraction")
    header["TIMEUNIT"], header["TIMESYS"], header["TIMEREF"] = "s", "UTC", "LOCAL"
    header["TSTART"] = (events["start"], "[s] start")
    header["TSTOP"] = (events["start"] + events["ontime"], "[s] end")


def event_table(events, number, seed, target, value):
    rows = events["time"].size
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("EVENT_ID", "K", array=np.arange(1, rows + 1)),
            fits.Column("TIME", "D", unit="s", array=events["time"]),
            fits.Column("RA", "D", unit="deg", array=events["ra"]),
            fits.Column("DEC", "D", unit="deg", array=events["dec"]),
            fits.Column("ENERGY", "E", unit="TeV", array=events["energy"]),
        ],
        name="EVENTS",
    )
    header = table.header
    header["HDUCLASS"], header["HDUDOC"] = "GADF", "https://gamma-astro-data-formats.readthedocs.io"
    header["HDUVERS"], header["HDUCLAS1"] = "0.3", "EVENTS"
    header["CREATOR"] = ("provstore simulate_events", "script that wrote this file")
    header["ORIGIN"], header["TELESCOP"], header["INSTRUME"] = "simulation", "SIMULATED", "SIMULATED"
    header["OBS_ID"] = (number, "observation number")
    header["SEED"] = (seed, "seed of the random numbers")
    times(header, events)
    header["ONTIME"] = (events["ontime"], "[s] time on target")
    header["LIVETIME"] = (events["livetime"], "[s] time on target without dead time")
    header["DEADC"] = (0.95, "livetime / ontime")
    header["RADECSYS"], header["EQUINOX"] = "ICRS", 2000.0
    header["OBJECT"] = "simulated source"
    header["RA_OBJ"], header["DEC_OBJ"] = (target.ra.deg, "[deg] target"), (target.dec.deg, "[deg] target")
    header["RA_PNT"] = (events["pointing"].ra.deg, "[deg] pointing")
    header["DEC_PNT"] = (events["pointing"].dec.deg, "[deg] pointing")
    header["EFFAREA"] = (AREA, "[cm2] effective area, the same at all energies")
    header["SIMFLUX"] = (value["flux"], "[cm-2 s-1 TeV-1] simulated flux at 1 TeV")
    header["SIMINDEX"] = (value["index"], "simulated spectral index")
    header["HISTORY"] = "SIMULATED events: no telescope took them"
    header["HISTORY"] = f"made with numpy {np.__version__} and astropy {astropy.__version__}"
    return table


def good_times(events):
    gti = fits.BinTableHDU.from_columns(
        [
            fits.Column("START", "D", unit="s", array=np.array([events["start"]])),
            fits.Column("STOP", "D", unit="s", array=np.array([events["start"] + events["ontime"]])),
        ],
        name="GTI",
    )
    gti.header["HDUCLASS"], gti.header["HDUCLAS1"] = "GADF", "GTI"
    times(gti.header, events)
    return gti


main()
PY
