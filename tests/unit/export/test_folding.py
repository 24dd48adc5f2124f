"""Groups, views and grown pictures: what is drawn of many siblings, for whom, and where it stays."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import pytest

from provstore.export.document import Document
from provstore.export.folding import GROUP, fold
from provstore.export.gathering import NO_HINTS, Hints
from provstore.export.growing import place_grown, placed_part
from provstore.export.picture import Arrow, Box, Form, Picture, State, picture_of
from provstore.export.placement import HEIGHT, WIDTH
from provstore.export.views import THROUGH, data_only, with_agents


def box(local: str, form: Form = Form.ENTITY, *, name: str = "", state: State = State.NORMAL) -> Box:
    return Box(id=local, short=local, form=form, name=name or local, state=state)


def picture(boxes: Iterable[Box], arrows: Iterable[tuple[str, ...]]) -> Picture:
    made = (Arrow(source, target, relation, *role or ("",)) for source, target, relation, *role in arrows)
    return Picture(boxes=tuple(sorted(boxes, key=lambda one: one.id)), arrows=tuple(sorted(made)))


def sweep(count: int) -> Picture:
    """So many runs over one file, with a result each, which one job merges."""
    names = [f"{number:03}" for number in range(count)]
    boxes = [box("raw"), box("merge", Form.ACTIVITY)]
    boxes += [box(f"run{one}", Form.ACTIVITY, name="calibrate") for one in names] + [box(f"out{one}") for one in names]
    arrows = [(f"run{one}", "raw", "used", "image") for one in names]
    arrows += [(f"out{one}", f"run{one}", "wasGeneratedBy", "result") for one in names]
    arrows += [("merge", f"out{one}", "used", f"frames-{one}") for one in names]
    return picture(boxes, arrows)


def names(found: Picture) -> list[str]:
    return sorted(one.name for one in found.boxes)


def test_twenty_siblings_are_drawn_one_by_one() -> None:
    assert fold(sweep(20)).picture == sweep(20)


def test_more_siblings_are_one_box_and_so_is_what_hangs_on_them() -> None:
    folded = fold(sweep(24))
    assert names(folded.picture) == ["24 files", "24 runs", "merge", "raw"]
    assert sorted(len(found) for found in folded.members.values()) == [24, 24]
    assert {one[2:] for one in folded.picture.arrows} == {
        ("used", "image"),
        ("wasGeneratedBy", "result"),
        ("used", "frames"),
    }


def test_the_same_siblings_are_the_same_group_in_every_answer() -> None:
    assert fold(sweep(24)).members.keys() == fold(sweep(30)).members.keys()
    assert all(one.startswith(GROUP) for one in fold(sweep(24)).members)


def test_what_was_taken_out_stands_for_itself() -> None:
    folded = fold(sweep(24), apart={"run003"})
    assert names(folded.picture) == ["23 files", "23 runs", "calibrate", "merge", "out003", "raw"]


def test_only_what_came_together_is_put_together() -> None:
    hints = NO_HINTS._replace(stages={f"run{number:03}": 1 for number in range(12)})
    assert len(fold(sweep(24), hints=hints).picture.boxes) == 50


def test_those_that_failed_are_not_hidden_among_those_that_did_not() -> None:
    from_one = sweep(30)
    failed = {box("run000", Form.ACTIVITY, name="calibrate").id}
    boxes = [
        box(one.id, one.form, name=one.name, state=State.FAILED) if one.id in failed else one for one in from_one.boxes
    ]
    assert "calibrate" in names(fold(picture(boxes, from_one.arrows)).picture)


def row(count: int, *, failed: int = -1) -> Picture:
    """So many runs one after another, each with a flat field of its own, whose last result is plotted."""
    boxes = [box("e00"), box("plot", Form.ACTIVITY)]
    arrows: list[tuple[str, ...]] = [("plot", f"e{count:02}", "used")]
    for number in range(count):
        run, made = f"run{number:02}", f"e{number + 1:02}"
        state = State.FAILED if number == failed else State.NORMAL
        boxes += [box(run, Form.ACTIVITY, state=state), box(made), box(f"flat{number:02}")]
        arrows += [(run, f"e{number:02}", "used", "image"), (run, f"flat{number:02}", "used", "flat")]
        arrows += [(made, run, "wasGeneratedBy")]
    return picture(boxes, arrows)


def hinted(count: int) -> Hints:
    return NO_HINTS._replace(services={"plot": "plot", **{f"run{number:02}": "stack" for number in range(count)}})


def test_ten_runs_in_a_row_are_drawn_one_by_one_and_more_are_one_box() -> None:
    assert fold(row(10), hints=hinted(10)).picture == row(10)
    folded = fold(row(24), hints=hinted(24))
    assert names(folded.picture) == ["24 files", "24 runs in a row", "e00", "e24", "plot"]
    group = next(one for one in folded.picture.boxes if one.name == "24 runs in a row")
    assert (group.form, group.short, len(folded.members[group.id])) == (Form.ACTIVITY, "stack", 24 + 23)
    assert {(one.relation, one.role) for one in folded.picture.arrows if one.source == group.id} == {
        ("used", "image"),
        ("used", "flat"),
    }


def test_nothing_is_derived_from_a_row_of_runs() -> None:
    derived = [*row(12).arrows, ("e12", "e11", "wasDerivedFrom"), ("e01", "e00", "wasDerivedFrom")]
    found = fold(picture(row(12).boxes, derived), hints=hinted(12)).picture
    assert {one.relation for one in found.arrows} == {"used", "wasGeneratedBy"}


def test_a_chain_ends_at_what_failed_at_what_stays_apart_and_where_it_forks() -> None:
    assert len(fold(row(12, failed=6), hints=hinted(12)).picture.boxes) == len(row(12).boxes)
    assert len(fold(row(12), apart={"e06"}, hints=hinted(12)).picture.boxes) == len(row(12).boxes)
    forked = row(12)
    boxes = [*forked.boxes, box("run99", Form.ACTIVITY)]
    folded = fold(picture(boxes, [*forked.arrows, ("run99", "e06", "used")]), hints=hinted(100))
    assert len(folded.picture.boxes) == len(boxes)


def test_runs_in_a_circle_are_left_as_they_are() -> None:
    arrows = [*row(12).arrows, ("run00", "e12", "used")]
    circle = picture(row(12).boxes, arrows)
    assert fold(circle, hints=hinted(12)).picture == circle


def test_what_one_document_speaks_of_is_one_box_unless_something_of_it_was_asked_for() -> None:
    told = {one.id: "d1" for one in row(8).boxes if one.id != "plot"}
    hints = NO_HINTS._replace(told_by=told, bundles={"d1": "night log"})
    folded = fold(row(8), hints=hints)
    assert [(one.name, one.short) for one in folded.picture.boxes] == [("25 nodes", "night log"), ("plot", "plot")]
    assert fold(row(8), apart={"e03"}, hints=hints).picture == row(8)


def test_a_group_of_which_one_is_wanted_whole_is_drawn_and_told() -> None:
    folded = fold(row(12), whole={"run03"}, hints=hinted(12))
    assert folded.picture == row(12)
    assert len(folded.opened["run03"]) == 12 + 11
    assert len(fold(sweep(24), whole={"out003"}).picture.boxes) == 1 + 1 + 24 + 1


def test_however_it_is_shuffled_the_same_is_folded() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    first = fold(row(24), hints=hinted(24))
    boxes, arrows = list(row(24).boxes), list(row(24).arrows)
    chance.shuffle(boxes)
    chance.shuffle(arrows)
    again = fold(Picture(boxes=tuple(boxes), arrows=tuple(arrows)), hints=hinted(24))
    assert again.picture == first.picture


def test_data_only_shows_what_is_stated_of_derivation() -> None:
    stated = picture(
        [box("raw"), box("bias"), box("stack", Form.ACTIVITY), box("out")],
        [
            ("stack", "raw", "used"),
            ("stack", "bias", "used"),
            ("out", "stack", "wasGeneratedBy"),
            ("out", "raw", "wasDerivedFrom"),
        ],
    )
    assert data_only(stated).arrows == (Arrow("out", "raw", "wasDerivedFrom", ""),)


def test_where_nobody_has_stated_a_derivation_data_are_joined_through_the_activity() -> None:
    told = picture(
        [box("raw"), box("stack", Form.ACTIVITY), box("out")],
        [("stack", "raw", "used"), ("out", "stack", "wasGeneratedBy")],
    )
    assert data_only(told).arrows == (Arrow("out", "raw", THROUGH, "stack"),)


def test_agents_stand_above_what_they_did_in_the_view_of_w3c(
    node: Any, relation: Any, document: Callable[..., Document]
) -> None:
    nodes = [node("a1", "Agent", name="Ada"), node("a2", "Agent", name="Site"), node("a3", "Agent", name="Nobody")]
    nodes += [node("j1", "Activity Job", name="stack"), node("e1", "Entity", name="raw")]
    told = document(
        nodes,
        [
            relation("USED", "j1", "e1"),
            relation("WAS_ASSOCIATED_WITH", "j1", "a1", role="Operator"),
            relation("ACTED_ON_BEHALF_OF", "a1", "a2"),
        ],
    )
    seen = with_agents(picture_of(told), told, {})
    assert names(seen) == ["Ada", "Site", "raw", "stack"]
    assert {one.relation for one in seen.arrows} == {"used", "wasAssociatedWith", "actedOnBehalfOf"}
    placed = place_grown(seen, {}, ())
    heights = {one.name: placed.centres[one.id][1] for one in seen.boxes}
    assert max(heights["Ada"], heights["Site"]) < min(heights["raw"], heights["stack"]) - HEIGHT
    assert len(placed.routes) >= 2


# --- growing


def grown() -> tuple[Picture, dict[str, int]]:
    boxes = [box(one) for one in ("raw", "out", "late", "later")]
    boxes += [box(one, Form.ACTIVITY) for one in ("stack", "plot", "second")]
    arrows = [
        ("stack", "raw", "used"),
        ("out", "stack", "wasGeneratedBy"),
        ("plot", "out", "used"),
        ("late", "plot", "wasGeneratedBy"),
        ("second", "out", "used"),
        ("later", "second", "wasGeneratedBy"),
    ]
    return picture(boxes, arrows), {"plot": 1, "late": 1, "second": 1, "later": 1}


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < WIDTH and abs(one[1] - other[1]) < HEIGHT


def test_what_was_there_stays_where_it_was_and_what_comes_lies_beside_it() -> None:
    whole, stages = grown()
    first = placed_first(whole, stages)
    after = place_grown(whole, stages, ("out",)).centres
    assert {one: after[one] for one in first} == first
    assert all(after[one][0] > after["out"][0] for one in stages), "effects lie to the right"
    assert [pair for pair in combinations(after.values(), 2) if overlap(*pair)] == []


def placed_first(whole: Picture, stages: dict[str, int]) -> dict[str, tuple[float, float]]:
    kept = {one.id for one in whole.boxes} - stages.keys()
    part = Picture(
        boxes=tuple(one for one in whole.boxes if one.id in kept),
        arrows=tuple(one for one in whole.arrows if one.source in kept and one.target in kept),
    )
    return place_grown(part, {}, ()).centres


def test_a_stage_waits_until_its_anchor_has_a_place() -> None:
    whole, stages = grown()
    later = stages | {"second": 2, "later": 2, "plot": 3, "late": 3}
    placed = place_grown(whole, later, ("raw", "plot", "out")).centres
    assert placed["plot"][0] > placed["out"][0]
    assert placed.keys() == {one.id for one in whole.boxes}


@pytest.mark.parametrize("seed", range(5))
def test_however_often_it_grows_no_box_lies_on_another(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    boxes, arrows, stages, anchors = [box("b0")], [], {"b0": 0}, []
    for stage in range(1, 12):
        anchor = chance.choice(boxes).id
        anchors.append(anchor)
        for _ in range(chance.randint(1, 9)):
            new = box(f"b{len(boxes)}")
            ends = (new.id, anchor) if chance.random() < 0.5 else (anchor, new.id)
            boxes.append(new)
            arrows.append((*ends, "wasDerivedFrom"))
            stages[new.id] = stage
    placed = place_grown(picture(boxes, arrows), stages, anchors).centres
    assert placed.keys() == stages.keys()
    assert [pair for pair in combinations(placed.values(), 2) if overlap(*pair)] == []


def test_a_part_of_a_picture_is_where_it_was() -> None:
    whole, stages = grown()
    placed = place_grown(whole, stages, ("out",))
    part = Picture(boxes=whole.boxes[1:], arrows=tuple(one for one in whole.arrows if whole.boxes[0].id not in one[:2]))
    left = placed_part(whole, placed, part)
    assert left.centres == {one.id: placed.centres[one.id] for one in part.boxes}
    assert left.routes.keys() <= set(range(len(part.arrows)))
