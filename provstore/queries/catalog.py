"""All questions, as one literal table: web, command line and documentation are made of it."""

from __future__ import annotations

from typing import Final

from provstore.queries.asking import Question
from provstore.queries.questions import (
    ancestors,
    as_of,
    configuration,
    diff,
    entities,
    impact,
    lineage,
    methods,
    obscore,
    path,
    report,
    same_work,
    search,
    stale,
    statistics,
    who,
)

__all__ = ["QUESTIONS", "by_name"]

QUESTIONS: Final[tuple[Question, ...]] = (
    lineage.QUESTION,
    search.QUESTION,
    obscore.QUESTION,
    entities.QUESTION,
    who.QUESTION,
    methods.QUESTION,
    configuration.QUESTION,
    report.QUESTION,
    impact.QUESTION,
    stale.QUESTION,
    same_work.QUESTION,
    diff.QUESTION,
    path.QUESTION,
    ancestors.QUESTION,
    as_of.QUESTION,
    statistics.QUESTION,
)


def by_name(name: str) -> Question | None:
    """Find a question, None where there is none of that name."""
    return next((one for one in QUESTIONS if one.name == name), None)
