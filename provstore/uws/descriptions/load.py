"""Reads a directory of descriptions: one VOTable or JSON per service, its script and the files shipped beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.errors import Invalid, ProvstoreError
from provstore.uws.descriptions.checking.checks import Level, Problem, problems_of_imported
from provstore.uws.descriptions.dialects.reading import Reading, Repair, unix_lines
from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.model import CONFIG_FILE, FILE_URL, Description
from provstore.uws.descriptions.sidecars import language_of, script_beside

__all__ = ["Refusal", "Shipped", "default_files", "load_directory", "load_file"]

_JSON: Final = ".json"
_ENDINGS: Final = ("_vot.xml", ".xml", _JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A description from a file; ``files`` are the default inputs shipped with it, by name."""

    description: Description
    path: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A file that can't be served, and why."""

    path: Path
    reason: str


def load_directory(path: Path) -> tuple[tuple[Shipped, ...], tuple[Refusal, ...]]:
    """Read all descriptions of a directory, in the order of their names; a broken one does not hinder the others.

    Where a VOTable and a JSON file describe the same service, the VOTable is taken, with a note. A JSON file that is no
    description may be there if it is an input that another one ships.

    Raises:
        Invalid: there is no such directory, or it can't be read.
    """
    try:
        files = sorted(item for item in path.iterdir() if item.name.endswith(_ENDINGS) and item.is_file())
    except OSError as error:
        raise Invalid(f"directory of descriptions {path}: {error.strerror}", field="descriptions") from error
    shipped: dict[str, Shipped] = {}
    refusals: list[Refusal] = []
    for file in sorted(files, key=lambda item: item.suffix == _JSON):
        try:
            found = load_file(file)
        except ProvstoreError as error:
            refusals.append(Refusal(path=file, reason=error.message))
            continue
        name = found.description.name
        if name not in shipped:
            shipped[name] = found
        elif file.suffix == _JSON != shipped[name].path.suffix:
            shipped[name] = _noted(shipped[name], other=file)
        else:
            refusals.append(Refusal(path=file, reason=f"{file}: {shipped[name].path.name} describes {name} already"))
    inputs = {file for found in shipped.values() for file in found.files.values()}
    return (
        tuple(sorted(shipped.values(), key=lambda found: found.path)),
        tuple(refusal for refusal in refusals if refusal.path not in inputs),
    )


def load_file(path: Path) -> Shipped:
    """Read one description, in any dialect, with its sidecar script and files.

    Raises:
        Invalid: it is broken, or has an error that would make its jobs fail.
        TooLarge: it is longer than the limit.
    """
    reading = read_description(_bytes(path), source=str(path))
    description, note = _with_script(reading, path=path)
    repairs = (*reading.repairs, *note)
    files = dict(default_files(description, path=path))
    hashes = tuple((name, hashlib.sha256(_bytes(file)).hexdigest()) for name, file in files.items())
    description = replace(description, files=hashes or description.files)
    found = problems_of_imported(description)
    errors = [f"{item.place}: {item.text}" for item in found if item.level is Level.ERROR]
    if errors:
        raise Invalid(f"{path}: {'; '.join(errors)}", field="description")
    return Shipped(description=description, path=path, files=files, repairs=repairs, warnings=found)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", field="description") from error


def _noted(found: Shipped, *, other: Path) -> Shipped:
    note = Repair(
        line=0, what=f"{other.name} describes {found.description.name} too", how=f"{found.path.name} is taken"
    )
    return replace(found, repairs=(*found.repairs, note))


def _with_script(reading: Reading, *, path: Path) -> tuple[Description, tuple[Repair, ...]]:
    """The embedded script wins over the sidecar ``<name>.sh`` or ``<name>.py``, whose ending tells its language."""
    description = reading.description
    sidecar = script_beside(path, language=description.script_language)
    if sidecar is None:
        return description, ()
    try:
        raw = _bytes(sidecar).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"{sidecar}: not UTF-8: {error.reason}", field="script") from error
    script = unix_lines(raw)
    if not description.script:
        dos = Repair(line=0, what=f"{sidecar.name} has DOS line ends", how="read with Unix line ends")
        language = language_of(sidecar.name, otherwise=description.script_language)
        description = replace(description, script=script, script_language=language)
        return description, (dos,) if script != raw else ()
    if description.script.rstrip("\n") == script.rstrip("\n"):
        return description, ()
    differs = Repair(line=0, what=f"{sidecar.name} differs from the embedded script", how="the embedded one is kept")
    return description, (differs,)


def default_files(description: Description, *, path: Path) -> Iterator[tuple[str, Path]]:
    """Find the files that are defaults of inputs, beside the description or in a folder of its name."""
    values = {one.name: one.default or "" for one in description.parameters}
    for used in description.inputs:
        name = used.default or values.get(used.ref, "")
        plain = name not in {"", ".", ".."} and PurePosixPath(name).name == name and "\0" not in name
        if not plain or not (used.type == CONFIG_FILE or used.url == FILE_URL):
            continue
        places = (path.parent / name, path.parent / description.name / name)
        found = next((place for place in places if place.is_file()), None)
        if found is not None:
            yield name, found
