"""A layered layout: causes left, effects right; the same input, in whatever order, gives the same positions.

Ranks are longest paths, order in a rank is by barycentre, as Sugiyama has it; without dummy nodes, so that thousands of
boxes take a fraction of a second. Agents must be left out before: one node linked to everything ruins any such layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

__all__ = ["layered"]

_SWEEPS: Final = 4

Links = dict[str, list[str]]


def layered(
    nodes: Collection[str], links: Iterable[tuple[str, str]], *, step: tuple[float, float] = (180, 60)
) -> dict[str, tuple[float, float]]:
    """Give the centre of each node.

    Args:
        nodes: Ids.
        links: Pairs (cause, effect) of ids; those with unknown ends are ignored.
        step: Distance of ranks, and of nodes in a rank.
    """
    known = set(nodes)
    effects: Links = {node: [] for node in sorted(known)}
    for cause, effect in sorted(set(links)):
        if cause in known and effect in known and cause != effect:
            effects[cause].append(effect)
    _break_cycles(effects)
    causes = _reversed(effects)
    ranks = _ranks(effects, causes)
    positions: dict[str, tuple[float, float]] = {}
    top = 0.0
    for part in _components(effects, causes):
        rows = _ordered(part, ranks, effects, causes)
        height = max(len(row) for row in rows.values()) * step[1]
        first = min(rows)
        for rank, row in rows.items():
            start = top + (height - len(row) * step[1]) / 2
            for place, node in enumerate(row):
                positions[node] = ((rank - first) * step[0], start + (place + 0.5) * step[1])
        top += height
    return positions


def _reversed(links: Links) -> Links:
    back: Links = {node: [] for node in links}
    for source, targets in links.items():
        for target in targets:
            back[target].append(source)
    return back


def _break_cycles(effects: Links) -> None:
    """Drop the links that lead back, found depth-first from the sources, then from what is left, by id."""
    targets = {target for found in effects.values() for target in found}
    done: set[str] = set()
    for start in (*(node for node in effects if node not in targets), *effects):
        if start not in done:
            _drop_back_links(start, effects, done)


def _drop_back_links(start: str, effects: Links, done: set[str]) -> None:
    open_nodes = {start}
    stack: list[tuple[str, Iterator[str]]] = [(start, iter(list(effects[start])))]
    while stack:
        node, left = stack[-1]
        target = next(left, None)
        if target is None:
            stack.pop()
            open_nodes.discard(node)
            done.add(node)
        elif target in open_nodes:
            effects[node].remove(target)
        elif target not in done:
            open_nodes.add(target)
            stack.append((target, iter(list(effects[target]))))


def _ranks(effects: Links, causes: Links) -> dict[str, int]:
    """Give longest paths from the sources (Kahn's order); a source then moves to just before its first effect."""
    waiting = {node: len(found) for node, found in causes.items()}
    ranks = dict.fromkeys(effects, 0)
    ready = [node for node, count in waiting.items() if count == 0]
    for node in ready:
        for target in effects[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    for node, found in effects.items():
        if found and not causes[node]:
            ranks[node] = min(ranks[target] for target in found) - 1
    return ranks


def _components(effects: Links, causes: Links) -> list[list[str]]:
    """Give what hangs together, the largest first."""
    seen: set[str] = set()
    parts: list[list[str]] = []
    for start in effects:
        if start in seen:
            continue
        seen.add(start)
        part = [start]
        for node in part:
            fresh = [other for other in (*effects[node], *causes[node]) if other not in seen]
            fresh = list(dict.fromkeys(fresh))
            seen.update(fresh)
            part += fresh
        parts.append(sorted(part))
    return sorted(parts, key=lambda part: (-len(part), part[0]))


def _ordered(part: list[str], ranks: Mapping[str, int], effects: Links, causes: Links) -> dict[int, list[str]]:
    rows: dict[int, list[str]] = defaultdict(list)
    for node in part:
        rows[ranks[node]].append(node)
    places: dict[str, float] = {}
    for row in rows.values():
        _place(row, places)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for rank in sorted(rows, reverse=not down):
            _sort_row(rows[rank], places, causes if down else effects)
    return rows


def _sort_row(row: list[str], places: dict[str, float], neighbours: Links) -> None:
    centres = {
        node: sum(places[other] for other in neighbours[node]) / len(neighbours[node])
        if neighbours[node]
        else places[node]
        for node in row
    }
    row.sort(key=lambda node: (centres[node], node))
    _place(row, places)


def _place(row: list[str], places: dict[str, float]) -> None:
    """Number a row from its centre, so that rows of different lengths can be compared."""
    middle = (len(row) - 1) / 2
    places.update((node, place - middle) for place, node in enumerate(row))
