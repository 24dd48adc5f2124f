"""``provstore register`` and ``annotate``: products that exist already, and what is added to a record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from provstore.cli.jobs import pair
from provstore.cli.opening import opened
from provstore.errors import Invalid, Unavailable
from provstore.graph.obscore import column_fault
from provstore.ingest.fits_obscore import fits_record
from provstore.ingest.product_tables import is_list, products_of
from provstore.ingest.products import Cell, Product
from provstore.queries.names import resolve
from provstore.uws.annotating import Annotating, attributes_given
from provstore.uws.checksums import ALGORITHMS, checksums_of
from provstore.uws.registering import Registered, Registering

__all__ = ["annotate", "register"]

_SHA256: Final = "sha256"
_AUTO, _PRODUCT, _LIST = "auto", "product", "list"

Products = Callable[[], Iterable[Product]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How single files are read."""

    checksums: tuple[str, ...]
    reads_headers: bool
    told: Mapping[str, str]


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--as", "kind", type=click.Choice((_AUTO, _PRODUCT, _LIST)), default=_AUTO, help="What each FILE is.")
@click.option("--checksum", "checksums", multiple=True, help=f"Besides sha256: {', '.join(list(ALGORITHMS)[1:])}.")
@click.option("--no-header", is_flag=True, help="Don't read what headers of FITS files tell.")
@click.option("--obscore", "told", multiple=True, metavar="COLUMN=VALUE", help="Holds for all single FILEs.")
@click.option("--public", is_flag=True, help="Everybody may see them.")
@click.option("--dry-run", is_flag=True, help="Only read; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer, a line a list.")
def register(  # noqa: PLR0913 - options of a command
    files: tuple[Path, ...],
    *,
    kind: str,
    checksums: tuple[str, ...],
    no_header: bool,
    told: tuple[str, ...],
    public: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Record products that exist already: files where they are, or those of a list (CSV, VOTable, JSON).

    Nothing is copied. Folders are searched. A list has a column ``location``; a list that broke off is sent again: what
    was registered before is not registered twice.
    """
    reading = _Reading(
        checksums=(_SHA256, *checksums), reads_headers=not no_header, told=_checked(dict(map(pair, told)))
    )
    lists = {file: None if kind == _PRODUCT else is_list(file) for file in files}
    if kind == _LIST and (other := next((file for file, form in lists.items() if form is None), None)):
        raise click.BadParameter(f"{other} is no CSV, VOTable or JSON with a column location", param_hint="FILE")
    single = [file for file, form in lists.items() if form is None]
    with opened() as provstore:
        registering, caller = Registering(provstore.store), provstore.accounts.administrator()
        for name, products, is_checked in _works(lists, single, reading):
            done = Registered()
            if is_checked or dry_run:
                done.rows = registering.check(caller, products())
            if not dry_run:
                done = registering.register(caller, products(), public=public, progress=_progress(name))
            _tell(name, done, as_json=as_json)


def _works(
    lists: Mapping[Path, str | None], single: Sequence[Path], reading: _Reading
) -> Iterator[tuple[str, Products, bool]]:
    """Give lists and the single files: name, products, and whether all are read before any is stored."""
    for file, form in lists.items():
        if form is not None:
            yield file.name, _listed(file, form), True
    if single:
        yield f"{len(single)} files", lambda: _measured(single, reading), False


def _checked(told: Mapping[str, str]) -> Mapping[str, str]:
    for column, value in told.items():
        if fault := column_fault(column, value):
            raise Invalid(f"{column}: {fault}", field=column, value=value)
    return told


def _listed(file: Path, form: str) -> Products:
    def products() -> Iterator[Product]:
        with file.open("rb") as source:
            yield from products_of(source, form, base=file.parent)

    return products


def _measured(places: Iterable[Path], reading: _Reading) -> Iterator[Product]:
    """Read single files, each once."""
    for file in _files(places):
        try:
            found, facts = checksums_of(file, reading.checksums), file.stat()
        except OSError as error:
            raise Unavailable(f"{file} can't be read: {error.strerror}", field="file", value=str(file)) from error
        header = fits_record(file) if reading.reads_headers else {}
        yield Product(
            location=file.absolute().as_uri(),
            name=file.name,
            size=found.size,
            checksums=found.checksums,
            generated_at=datetime.fromtimestamp(facts.st_mtime, UTC),
            record={**header, **reading.told},
            place=str(file),
        )


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(one for one in place.rglob("*") if one.is_file())
        else:
            yield place


def _progress(name: str) -> Callable[[Registered], None]:
    shown = sys.stderr.isatty()

    def progress(done: Registered) -> None:
        if shown:
            click.echo(f"\r{name}: {done.rows} rows", nl=False, err=True)

    return progress


def _tell(name: str, done: Registered, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"file": name, **asdict(done)}))
        return
    click.echo(f"{name}: {done.rows} rows, {done.registered} registered, {done.known} known before")
    if done.rows == len(done.entities) == 1:
        click.echo(done.entities[0])


@click.command()
@click.argument("node", metavar="ID")
@click.argument("attributes", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.option("--public", is_flag=True, help="Everybody may see it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def annotate(node: str, attributes: tuple[str, ...], *, public: bool, as_json: bool) -> None:
    """Add attributes to the record of ID; nothing that is there is changed, and it is told who added what, and when."""
    with opened() as provstore:
        caller, store = provstore.accounts.administrator(), provstore.store
        pairs = [(key, Cell(value)) for key, value in map(pair, attributes)]
        given = attributes_given(pairs, store, caller.viewer)
        made = Annotating(store).annotate(caller, resolve(store, node, caller.viewer), given, public=public)
        told = {"id": made.id, "attributes": {one.key: one.lexical for one in made.attributes}}
        click.echo(json.dumps(told) if as_json else made.id)
