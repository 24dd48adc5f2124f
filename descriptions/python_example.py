"""A service in Python, to be copied as a start: statistics of one column of a table.

A script finds the values of its job in parameters.json (numbers are numbers there), the paths of its inputs under
their names, and writes its results into the directory that PROVSTORE_RESULTS names. What it prints is stdout and
stderr of the job; an exit code other than 0 makes the job fail, and the last lines of stderr are shown as the reason.
The standard library is enough, so this one runs everywhere.
"""

import csv
import json
import math
import os
import platform
import random
import statistics
import sys
from pathlib import Path
from typing import Any, NoReturn

Row = dict[str, str]


def main() -> None:
    values = json.loads(Path(os.environ["PROVSTORE_PARAMETERS"]).read_text(encoding="utf-8"))
    results = Path(os.environ["PROVSTORE_RESULTS"])
    column = values["column"]
    rows = read_table(Path(values["table"])) if values["table"] else make_table(values)
    numbers = [number(row, column, place) for place, row in enumerate(rows, start=1)]
    if len(numbers) < 2:
        refuse(f"the table has {len(numbers)} rows: two at least are needed")
    kept = clip(numbers, values["clip"])
    inside = [one for one, keep in zip(numbers, kept, strict=True) if keep]
    summary = {
        "column": column,
        "rows": len(numbers),
        "kept": len(inside),
        values["statistic"]: getattr(statistics, values["statistic"])(inside),
        "standard_deviation": statistics.stdev(inside) if len(inside) > 1 else 0.0,
        "simulated": not values["table"],
    }
    origin = "read" if values["table"] else f"simulated with the seed {values['seed']}"
    write(results / values["statistics"], json.dumps(summary, indent=1) + "\n")
    write(results / values["preview"], histogram(inside))
    write(results / values["log"], f"{len(numbers)} rows {origin}, {len(inside)} kept\n")
    write_table(results / values["selection"], [row for row, keep in zip(rows, kept, strict=True) if keep])
    tell_provenance(used_table=bool(values["table"]))


def refuse(why: str) -> NoReturn:
    """End the job in ERROR; the user reads why. Say what was wrong, with the value, and what would be right."""
    sys.exit(f"python_example: {why}")


def read_table(path: Path) -> list[Row]:
    """Read a CSV file whose first line names the columns."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        refuse(f"{path.name} is no CSV file in UTF-8: {error}")


def make_table(values: dict[str, Any]) -> list[Row]:
    """Make a table where none was given: the same seed gives the same one, and the results say that it is simulated."""
    dice = random.Random(values["seed"])
    return [{"row": str(row), values["column"]: f"{dice.gauss(10.0, 2.0):.6f}"} for row in range(values["rows"])]


def number(row: Row, column: str, place: int) -> float:
    if column not in row:
        refuse(f"the table has no column {column!r}; it has: {', '.join(map(str, row))}")
    if None in row:
        refuse(f"row {place} has more values than the first line has columns")
    try:
        found = float(row[column])
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        refuse(f"row {place}: {row[column]!r} in column {column!r} is no finite number")
    return found


def clip(numbers: list[float], sigmas: float) -> list[bool]:
    """Tell of each number whether it lies within so many standard deviations around the median."""
    middle, width = statistics.median(numbers), statistics.stdev(numbers)
    return [abs(one - middle) <= sigmas * width for one in numbers]


def histogram(numbers: list[float], bins: int = 10) -> str:
    """Draw how the numbers are distributed, as text: a preview needs no library for pictures."""
    low, high = min(numbers), max(numbers)
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for one in numbers:
        counts[min(int((one - low) / width), bins - 1)] += 1
    bars = ("#" * round(40 * count / max(counts)) for count in counts)
    return "".join(
        f"{low + place * width:12.6g} {count:8d} {bar}".rstrip() + "\n"
        for place, (count, bar) in enumerate(zip(counts, bars, strict=True))
    )


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def write_table(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def tell_provenance(*, used_table: bool) -> None:
    """Say what only the script knows: which software ran, and that the statistics come from the selection.

    PROV-JSON; `current_job` is this job, names of results and inputs are those very entities.
    """
    version = platform.python_version()
    python = f"software:python-{version}"
    document: dict[str, Any] = {
        "prefix": {
            "software": "urn:provstore:software:",
            "voprov": "http://www.ivoa.net/ns/voprov#",
            "default": "urn:provstore:run:",
        },
        "agent": {
            python: {
                "prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
                "prov:label": "python",
                "voprov:version": version,
            }
        },
        "wasAssociatedWith": {
            "_:python": {"prov:activity": "current_job", "prov:agent": python, "prov:role": "Software"}
        },
        "entity": {"statistics": {}, "preview": {}, "selection": {}},
        "wasDerivedFrom": {
            "_:d1": {"prov:generatedEntity": "statistics", "prov:usedEntity": "selection"},
            "_:d2": {"prov:generatedEntity": "preview", "prov:usedEntity": "selection"},
        },
    }
    if used_table:
        document["entity"]["table"] = {}
        document["wasDerivedFrom"]["_:d3"] = {"prov:generatedEntity": "selection", "prov:usedEntity": "table"}
    write(Path("internal_provenance.json"), json.dumps(document, indent=1))


main()
