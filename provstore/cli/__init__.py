"""The command ``provstore``: a file per family of commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

import click

from provstore import __version__
from provstore.cli.checking import check
from provstore.cli.comparing import diff
from provstore.cli.cypher import cypher
from provstore.cli.describe import describe
from provstore.cli.draining import drain
from provstore.cli.embedding import embed_provenance, which
from provstore.cli.explaining import explain
from provstore.cli.identities import identities, link, unlink
from provstore.cli.importing import import_documents
from provstore.cli.jobs import list_jobs, run
from provstore.cli.provenance import export, show_lineage
from provstore.cli.questions import query
from provstore.cli.registering import annotate, register
from provstore.cli.replay import replay
from provstore.cli.serving import serve
from provstore.cli.users import user
from provstore.cli.verifying import verify
from provstore.errors import ProvstoreError, WrongDescription

__all__ = ["main"]


class _Group(click.Group):
    """Commands whose errors of ours end in one line and exit code 1, not in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongDescription as error:
            click.echo(f"provstore: {error.message.partition(' errors: ')[0]} errors", err=True)
            for level, place, text in error.problems:
                click.echo(f"  {level}: {place}: {text}", err=True)
            sys.exit(1)
        except ProvstoreError as error:
            click.echo(f"provstore: {error.message}", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="provstore")
@click.option("-v", "--verbose", is_flag=True, help="Tell more on standard error.")
def _provstore(verbose: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Run jobs that never forget where their products came from.

    Commands open the graph of PROVSTORE_GRAPH_URL (by default the one in PROVSTORE_DATA) as the local administrator.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


for _command in (
    serve,
    run,
    list_jobs,
    describe,
    export,
    show_lineage,
    import_documents,
    embed_provenance,
    which,
    query,
    diff,
    replay,
    register,
    verify,
    annotate,
    cypher,
    user,
    check,
    explain,
    drain,
):
    _provstore.add_command(_command)


for _command in (link, unlink, identities):
    user.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; without arguments that of the process."""
    _provstore(args=None if arguments is None else list(arguments), prog_name="provstore")
