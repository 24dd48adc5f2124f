"""Findings on a terminal: a line each, what to do below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from provstore.uws.findings import Finding, Level

__all__ = ["is_well", "tell"]

_MARKS: Final = {Level.OK: "ok  ", Level.NOTE: "note", Level.FAULT: "FAIL"}


def tell(findings: Iterable[Finding]) -> list[Finding]:
    """Print findings as they come, and give them."""
    told = []
    for one in findings:
        told.append(one)
        click.echo(f"{_MARKS[one.level]}  {one.part}: {one.found}")
        if one.remedy:
            click.echo(f"      {one.remedy}")
    return told


def is_well(findings: Iterable[Finding]) -> bool:
    """Tell whether there is no fault among them."""
    return all(one.level is not Level.FAULT for one in findings)
