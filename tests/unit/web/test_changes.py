"""In what two definitions differ, as a page tells it."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from provstore.uws.descriptions.model import Description, ParameterDefinition
from provstore.uws.publishing.differences import differences
from provstore.web.pages.definitions.changes import changes_of, moves

NAMES = st.lists(st.sampled_from("abcdefg"), unique=True)


def described(*names: str) -> Description:
    return Description(name="x", parameters=tuple(ParameterDefinition(name=one) for one in names))


def rising(names: list[str], order: list[str]) -> bool:
    places = [order.index(one) for one in names]
    return places == sorted(places)


@given(NAMES, NAMES)
def test_the_fewest_items_are_moved(before: list[str], after: list[str]) -> None:
    common = [name for name in after if name in before]
    moved = moves(before, after)
    assert all((before[one.before - 1], after[one.after - 1]) == (one.name, one.name) for one in moved)
    still = [name for name in common if name not in {one.name for one in moved}]
    assert rising(still, before)
    longer = combinations(common, len(still) + 1)
    assert not any(rising(list(names), before) for names in longer)


def test_a_new_order_is_told_as_moves_and_an_item_by_what_it_says() -> None:
    order, gone, fresh = changes_of(differences(described("a", "b", "c", "old"), described("c", "a", "b", "new")))[::1]
    assert (order.place, [tuple(one) for one in order.moved]) == ("parameters", [("c", 3, 1)])
    assert {gone.place, fresh.place} == {"parameters.new", "parameters.old"}
    said = next(one.after for one in (gone, fresh) if one.after)
    assert said == {"name": "new", "datatype": "char", "arraysize": "*", "required": True}
