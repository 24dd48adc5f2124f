"""A definition in a file, with its script and its default files: as a command reads it from the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from provstore.cli.describing.terminal import visible
from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.registry import read_description
from provstore.uws.descriptions.load import default_files
from provstore.uws.descriptions.sidecars import script_beside, with_script

__all__ = ["Source", "read_bytes", "read_source", "tell_repairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A definition as it was read, and the default files of its inputs, by name."""

    reading: Reading
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        Invalid: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", field="file", value=str(path)) from error


def read_source(path: Path, *, script: Path | None = None, files: Sequence[Path] = (), strict: bool = False) -> Source:
    """Read a definition in any dialect, with what lies beside it: its script, and the default files of its inputs.

    Args:
        path: The definition.
        script: The script, instead of the embedded one or the one beside.
        files: Default files of inputs, by their names.
        strict: Whether anything that would be repaired is an error.

    Raises:
        Invalid: a file can't be read, is broken, or is the default of no input.
        TooLarge: it is longer than the limit.
    """
    reading = read_description(read_bytes(path), source=str(path), strict=strict)
    beside = script_beside(path, language=reading.description.script_language)
    if script is not None:
        reading = with_script(reading, read_bytes(script), name=str(script))
    elif beside is not None and beside != path:
        reading = _with_script_beside(reading, beside)
    found = {name: read_bytes(file) for name, file in default_files(reading.description, path=path)}
    return Source(reading=reading, files=found | _sent(reading, files))


def _with_script_beside(reading: Reading, beside: Path) -> Reading:
    embedded = reading.description.script
    if not embedded.strip():
        return with_script(reading, read_bytes(beside), name=str(beside))
    if with_script(reading, read_bytes(beside), name=str(beside)).description.script.rstrip() != embedded.rstrip():
        click.echo(f"note: {beside} differs from the embedded script; --script {beside} would take it", err=True)
    return reading


def _sent(reading: Reading, files: Sequence[Path]) -> dict[str, bytes]:
    defaults = sorted(reading.description.default_names)
    for file in files:
        if file.name not in defaults:
            right = ", ".join(defaults) or "there are none"
            raise Invalid(f"{file}: {file.name} is the default of no input; defaults: {right}", field="file")
    return {file.name: read_bytes(file) for file in files}


def tell_repairs(reading: Reading) -> None:
    """Say on standard error what was repaired or assumed."""
    for repair in reading.repairs:
        click.echo(f"note: {visible(str(repair))}", err=True)
