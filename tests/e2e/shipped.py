"""Runs a shipped script as the executor would, and looks at what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import astropy
import matplotlib as mpl
import numpy as np
from astropy.coordinates import SkyCoord
from prov.model import ProvDocument

from provstore.uws.descriptions.filenames import result_pattern
from provstore.uws.descriptions.load import Shipped, load_directory
from provstore.uws.descriptions.names import exported_name
from provstore.uws.descriptions.values import complete
from provstore.uws.running.environment import shell_of
from provstore.uws.running.staging import _typed

ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final[Mapping[str, Shipped]] = {
    item.description.name: item for item in load_directory(ROOT / "descriptions")[0]
}
PNG: Final = b"\x89PNG\r\n\x1a\n"
PATH: Final = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
TARGET: Final = SkyCoord(329.7169379, -30.2255883, unit="deg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a script left."""

    code: int
    output: str
    error: str
    work: Path
    results: Mapping[str, Path]


def run(service: str, folder: Path, inputs: Mapping[str, str] | None = None, **given: str) -> Run:
    """Run a shipped script with parameters; `inputs` are the paths that the script sees."""
    return run_with(service, folder, given, dict(inputs or {}))


def run_with(service: str, folder: Path, given: Mapping[str, str], inputs: dict[str, str], *, path: str = PATH) -> Run:
    """Run a shipped script with the programs of a path."""
    shipped = SHIPPED[service]
    work, results = folder / "work", folder / "results"
    for place in (work, results):
        place.mkdir(parents=True)
    values = {item.definition.name: item.value for item in complete(shipped.description, given)}
    for name, source in shipped.files.items():
        (work / name).write_bytes(source.read_bytes())
    files = {used.name: used.default for used in shipped.description.used if used.name not in values}
    names = {item.name: result_pattern(item, values) for item in shipped.description.generated}
    known = values | files | inputs | names
    variables = {exported_name(name): value for name, value in known.items()}
    parameters = folder / "parameters.json"
    parameters.write_text(json.dumps(_typed(known, shipped.description.parameters)), encoding="utf-8")
    places = {"wd": str(work), "jd": str(folder), "rs": str(results), "PROVSTORE_RESULTS": str(results)}
    places |= {"PROVSTORE_PARAMETERS": str(parameters)}
    clean = {"PATH": path, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8"}
    (folder / "script.sh").write_text(shipped.description.script, encoding="utf-8")
    done = subprocess.run(
        [*shell_of(shipped.description, folder), str(folder / "script.sh")],
        cwd=work,
        env=clean | places | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = {name: results / file for name, file in names.items() if (results / file).is_file()}
    return Run(code=done.returncode, output=done.stdout, error=done.stderr, work=work, results=found)


def well(done: Run, service: str) -> Run:
    """Check that a run ended well with every declared result and a word on the software."""
    assert (done.code, done.error) == (0, "")
    assert done.results.keys() == {item.name for item in SHIPPED[service].description.generated}
    return done


def software(done: Run) -> dict[str, str]:
    """Versions of the software that the script names; read by the PROV library too."""
    text = (done.work / "internal_provenance.json").read_text(encoding="utf-8")
    ProvDocument.deserialize(content=text, format="json")
    document: dict[str, Any] = json.loads(text)
    associated = {item["prov:agent"] for item in document["wasAssociatedWith"].values()}
    assert associated == document["agent"].keys()
    assert {item["prov:activity"] for item in document["wasAssociatedWith"].values()} == {"current_job"}
    return {agent["prov:label"]: agent["voprov:version"] for agent in document["agent"].values()}


VERSIONS: Final = {
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "astropy": astropy.__version__,
    "matplotlib": mpl.__version__,
}
