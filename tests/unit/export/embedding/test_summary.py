"""A lineage in a few lines."""

from __future__ import annotations

from typing import Any

from provstore.export.document import Document
from provstore.export.embedding.summary import summary


def test_a_job_is_told_in_two_lines(job: Document) -> None:
    assert summary(job.graph) == (
        'stack 1.2: sum "A&B" <1> <- raw.fits',
        "  2026-05-01T12:00:00Z to 2026-05-01T13:00:00Z; Ada; gain = 2 adu, settings",
    )


def test_long_lists_are_cut(node: Any, relation: Any, document: Any) -> None:
    nodes = [node("j1", "Activity"), *(node(f"e{number:02}", "Entity") for number in range(15))]
    graph = document(nodes, [relation("USED", "j1", one.id.rpartition("#")[2]) for one in nodes[1:]]).graph
    assert summary(graph) == ("j1: ? <- e00, e01, e02, e03, e04, e05, e06, e07, e08, e09, 5 more",)


def test_only_the_nearest_steps_are_told(node: Any, document: Any) -> None:
    lines = summary(document([node(f"j{number}", "Activity") for number in range(45)], []).graph)
    assert (len(lines), lines[0], lines[-1]) == (41, "j0: ?", "and 5 steps before")
