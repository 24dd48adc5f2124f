"""Strongly connected components and ways, against a slow and simple judge."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from provstore.queries.constraints.network import Network, circle_through, components, way

EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30)


def network_of(edges: list[tuple[int, int]]) -> Network[int]:
    network: Network[int] = Network()
    for source, target in edges:
        network.join(source, target, 0, None)
    return network


def reach(edges: list[tuple[int, int]], start: int) -> set[int]:
    met = {start}
    for _ in edges:
        met |= {target for source, target in edges if source in met}
    return met


def named(network: Network[int], numbers: list[int]) -> frozenset[int]:
    return frozenset(network.names[number] for number in numbers)


@given(EDGES)
def test_components_are_the_nodes_that_reach_each_other(edges: list[tuple[int, int]]) -> None:
    network = network_of(edges)
    groups = [named(network, group) for group in components(network)]
    judged = {frozenset(other for other in reach(edges, node) if node in reach(edges, other)) for node in network.names}
    assert set(groups) == judged
    assert len(groups) == len(judged)


@given(EDGES)
def test_a_component_comes_before_those_that_lead_to_it(edges: list[tuple[int, int]]) -> None:
    network = network_of(edges)
    place = {node: at for at, group in enumerate(components(network)) for node in named(network, group)}
    assert all(place[target] <= place[source] for source, target in edges)


@given(EDGES)
def test_ways_and_circles_are_made_of_edges_of_the_component(edges: list[tuple[int, int]]) -> None:
    network = network_of(edges)
    for group in components(network):
        circle = circle_through(network, group)
        ways = [way(network, start, goal, group) for start in group for goal in group]
        assert bool(circle) == (len(group) > 1 or (network.names[group[0]], network.names[group[0]]) in edges)
        for steps in (circle, *ways):
            ends = [(step.source, step.edge.target) for step in steps]
            assert all(before[1] == after[0] for before, after in pairwise(ends))
            assert {end for pair in ends for end in pair} <= set(group)
        if circle:
            assert circle[0].source == circle[-1].edge.target == group[0]


def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion() -> None:
    network = network_of([(node, node + 1) for node in range(100_000)])
    assert sum(1 for _ in components(network)) == 100_001
