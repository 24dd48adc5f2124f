"""``provstore import``: provenance documents of others, taken into the graph."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.errors import Malformed, ProvstoreError, Unavailable
from provstore.ingest.documents import Receipt, Source
from provstore.ingest.registry import NOTATIONS, by_name, recognise
from provstore.uws.importing import Brought, Importing

__all__ = ["import_documents"]

_HEAD: Final = 4096
_CHUNK: Final = 1 << 20
_FAILED, _MALFORMED = 1, 2


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--format", "format_name", help=f"{', '.join(one.name for one in NOTATIONS)}; by name and content if not given."
)
@click.option("--strict", is_flag=True, help="Refuse documents that break PROV-CONSTRAINTS.")
@click.option("--public", is_flag=True, help="Everybody may see it.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be stored.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer, one line a file.")
def import_documents(
    files: tuple[Path, ...], format_name: str | None, *, strict: bool, public: bool, dry_run: bool, as_json: bool
) -> None:
    """Store provenance documents, each whole or not at all, and print the ids under which they are kept."""
    worst = 0
    with opened() as provstore:
        for file in files:
            try:
                with _open(file) as body:
                    brought = _brought(body, file, format_name, strict=strict, public=public, dry=dry_run)
                    receipt = _bring(provstore, brought, file)
                _tell(file, receipt, as_json=as_json)
            except ProvstoreError as error:
                click.echo(f"provstore: {file}: {error.message}", err=True)
                worst = max(worst, _MALFORMED if isinstance(error, Malformed) else _FAILED)
    sys.exit(worst)


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise Unavailable(f"can't be read: {error.strerror}", field="file", value=str(file)) from error


def _brought(body: BinaryIO, file: Path, name: str | None, *, strict: bool, public: bool, dry: bool) -> Brought:
    digest = _sha256(body)
    body.seek(0)
    notation = by_name(name) if name else recognise(file.name, body.read(_HEAD))
    body.seek(0)
    source = Source(name=file.name, notation=notation.name, size=file.stat().st_size, sha256=digest)
    return Brought(body=body, source=source, notation=notation, strict=strict, public=public, dry=dry)


def _sha256(body: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := body.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _bring(provstore: Provstore, brought: Brought, file: Path) -> Receipt:
    shown = sys.stderr.isatty()

    def progress(records: int) -> None:
        if shown:
            click.echo(f"\r{file.name}: {records} records", nl=False, err=True)

    receipt = Importing(provstore.store).bring(provstore.accounts.administrator(), brought, progress=progress)
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)
    return receipt


def _tell(file: Path, receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"file": str(file), **asdict(receipt), "document": receipt.document or None}))
        return
    click.echo(
        f"{receipt.document or '(dry run)'}  {file.name}: {receipt.records} records, {receipt.nodes} nodes,"
        f" {receipt.relations} relations"
    )
    for line in (*receipt.remarks, *receipt.conflicts):
        click.echo(f"  {line}", err=True)
