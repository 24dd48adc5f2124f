"""``provstore describe check`` and ``convert``: definitions in files; no data directory is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from provstore.cli.describing.sources import Source, read_source, tell_repairs
from provstore.cli.describing.terminal import visible
from provstore.errors import Unavailable
from provstore.uws.descriptions.checking.checks import Level, problems_of_proposal
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description
from provstore.web.jdl.shapes import reading_json

__all__ = ["check", "convert"]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_WRITERS: Final[Mapping[str, Callable[[Description], bytes]]] = {
    "votable": write_votable,
    "json": lambda description: (json.dumps(to_json(description), ensure_ascii=False, indent=2) + "\n").encode(),
}


@click.command("check")
@click.argument("file", type=_FILE)
@click.option("--script", type=_FILE, help="Its script, if it is in another file.")
@click.option("--strict", is_flag=True, help="Refuse what would have to be repaired.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
def check(file: Path, script: Path | None, *, strict: bool, as_json: bool) -> None:
    """Tell how FILE is read, and everything that is wrong with it.

    FILE is a VOTable, JSON, WADL or .par file; its content tells which. Exit code: 0 if it could be proposed, 1 if it
    has errors.
    """
    source = read_source(file, script=script, strict=strict)
    found = problems_of_proposal(source.reading.description, source.files)
    answer = reading_json(source.reading, found)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _tell(source)
        for problem in found:
            click.echo(visible(str(problem)))
        errors = sum(problem.level is Level.ERROR for problem in found)
        click.echo(f"{errors} errors, {len(found) - errors} warnings" if found else "nothing is wrong")
    raise SystemExit(0 if answer["valid"] else 1)


def _tell(source: Source) -> None:
    description = source.reading.description
    counts = (
        f"{len(description.parameters)} parameters, {len(description.used)} inputs, "
        f"{len(description.generated)} results"
    )
    click.echo(f"{description.name}: dialect {source.reading.dialect}; {counts}")
    for repair in source.reading.repairs:
        click.echo(f"repair: {visible(str(repair))}")


@click.command("convert")
@click.argument("file", type=_FILE)
@click.option("--to", "form", type=click.Choice(list(_WRITERS)), required=True, help="What to write.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Else standard output.")
@click.option("--strict", is_flag=True, help="Refuse what would have to be repaired.")
def convert(file: Path, form: str, output: Path | None, *, strict: bool) -> None:
    """Write FILE in another dialect; what was repaired is told on standard error."""
    source = read_source(file, strict=strict)
    tell_repairs(source.reading)
    data = _WRITERS[form](source.reading.description)
    if output is None:
        click.echo(data, nl=False)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise Unavailable(f"can't write {output}: {error.strerror}", field="output", value=str(output)) from error
