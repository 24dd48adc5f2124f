"""``provstore diff``: what differs between two runs, in lines to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click

from provstore.cli.opening import opened
from provstore.queries.asking import Asker, answer
from provstore.queries.differences import (
    Difference,
    Mark,
    Status,
    StepDifference,
    ThingDifference,
    ValueDifference,
)
from provstore.queries.questions.diff import QUESTION
from provstore.web.answers_json import answer_json

__all__ = ["diff"]

_DIFFERENT = 1
_SHORT = 12


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--depth", help="Number of relations towards the causes; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
@click.option("--exit-code", "tells", is_flag=True, help="End with 1 if more than ids and times differs.")
@click.pass_context
def diff(context: click.Context, a: str, b: str, depth: str | None, *, as_json: bool, tells: bool) -> None:
    """Tell what differs between two jobs, or two products with what led to them."""
    given = {"a": [a], "b": [b]} | ({"depth": [depth]} if depth else {})
    with opened() as provstore:
        viewer = provstore.accounts.administrator().viewer
        found = answer(QUESTION, given, Asker(store=provstore.store, viewer=viewer))
    if not isinstance(found, Difference):
        raise TypeError(found)
    if as_json:
        click.echo(json.dumps(answer_json(found), indent=2, ensure_ascii=False))
    else:
        for line in _lines(found):
            click.echo(line)
    context.exit(_DIFFERENT if tells and not found.summary.identical else 0)


def _lines(found: Difference) -> Iterator[str]:
    if found.summary.identical:
        yield f"identical: {len(found.activities)} steps; nothing but ids and times differs"
        return
    yield from _part("steps", [_step(one) for one in found.activities if one.status is not Status.SAME])
    yield from _part("parameters", map(_value, found.parameters))
    yield from _part("inputs", [_thing(one) for one in found.inputs if one.status is not Status.SAME])
    yield from _part("outputs", [_thing(one) for one in found.outputs if one.status is not Status.SAME])
    yield from _part("environment", map(_value, found.environment))
    yield from _part("agents", map(_value, found.agents))


def _part(name: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    told = list(lines)
    if told:
        yield f"{name}:"
        yield from (f"  {line}" for line in told)


def _step(one: StepDifference) -> str:
    return f"{one.kind}: {one.status} ({_mark(one.a)} | {_mark(one.b)})"


def _value(one: ValueDifference) -> str:
    mine, theirs = _shown(one.a, given=one.a_given), _shown(one.b, given=one.b_given)
    return f"{one.activity}: {one.name}: {mine} | {theirs}"


def _shown(value: str | None, *, given: bool | None) -> str:
    if value is None:
        return "-"
    return f"{value} (default)" if given is False else value


def _thing(one: ThingDifference) -> str:
    where = ": ".join(part for part in (one.activity, one.role) if part)
    also = f" [{', '.join(one.differs)}]" if one.differs else ""
    return f"{where}: {one.status} ({_mark(one.a)} | {_mark(one.b)}){also}"


def _mark(one: Mark | None) -> str:
    if one is None:
        return "-"
    more = one.version or one.sha256[:_SHORT]
    return f"{one.label} {more}" if more else one.label
