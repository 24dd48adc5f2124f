"""Pictures: what is drawn, where, and that what is written is SVG or DOT whatever the names hold."""

from __future__ import annotations

import io
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from provstore.errors import TooLarge, Unavailable
from provstore.export.document import Document
from provstore.export.drawing import draw
from provstore.export.graphviz_runs import run_dot
from provstore.export.layout import layered
from provstore.export.lettering import fit, is_right_to_left, width
from provstore.export.picture import Form, Picture, State, picture_of
from provstore.export.placement import HEIGHT, WIDTH, Placement, place, place_in_layers, place_with_dot
from provstore.export.registry import by_name
from provstore.export.svg import caption_of

S = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("1")</script>&\x01\n\\n\\l <b>'

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot of graphviz is not installed")


@pytest.fixture
def chain(node: Any, relation: Any, document: Callable[..., Document]) -> Document:
    """Five jobs, three files each."""
    nodes, relations = [node("a1", "Agent", name="Ada Lovelace")], []
    for job in range(5):
        nodes.append(node(f"j{job}", "Activity Job", name=f"step {job}", phase="ERROR" if job == 4 else "COMPLETED"))
        relations.append(relation("WAS_ASSOCIATED_WITH", f"j{job}", "a1"))
        for file in range(3):
            nodes.append(node(f"e{job}{file}", "Entity Dataset", name=f"file {file}"))
            relations.append(relation("WAS_GENERATED_BY", f"e{job}{file}", f"j{job}", role=f"result {file}"))
            if job:
                relations.append(relation("USED", f"j{job}", f"e{job - 1}{file}", role="input"))
                relations.append(relation("WAS_DERIVED_FROM", f"e{job}{file}", f"e{job - 1}{file}"))
    return document(nodes, relations)


def drawn(document: Document, placement: Placement | None = None) -> str:
    picture = picture_of(document)
    return "".join(draw(picture, placement or place_in_layers(picture), caption_of(document)))


def overlapping(placement: Placement) -> list[tuple[str, str]]:
    centres = sorted(placement.centres.items())
    return [
        (a, b)
        for number, (a, (x, y)) in enumerate(centres)
        for b, (u, v) in centres[number + 1 :]
        if abs(x - u) < WIDTH and abs(y - v) < HEIGHT
    ]


def test_a_picture_has_agents_and_parameters_as_badges_and_no_descriptions(job: Document) -> None:
    picture = picture_of(job)
    boxes = {box.short: box for box in picture.boxes}
    assert {name: box.form for name, box in boxes.items()} == {
        "j1": Form.ACTIVITY,
        "e1": Form.ENTITY,
        "e2": Form.ENTITY,
        "e3": Form.VALUE,
    }
    assert boxes["j1"].agents == ("Ada",)
    assert boxes["j1"].parameters == ("gain = 2", "settings = /etc/stack.ini")
    assert boxes["e3"].state is State.INVALID


def test_a_derivation_that_use_and_generation_show_is_not_drawn_again(chain: Document) -> None:
    picture = picture_of(chain)
    assert picture.implied == 12
    assert {arrow.relation for arrow in picture.arrows} == {"used", "wasGeneratedBy"}


def test_a_picture_looks_as_in_the_golden_file(job: Document, data: Path) -> None:
    assert drawn(job) == (data / "job.svg").read_text(encoding="utf-8")


def test_a_dot_file_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    assert write(job, "dot") == (data / "job.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "b7", "a name of its own"])
@pytest.mark.parametrize("classes", ["Activity", "Entity", "Entity Collection", "Agent"])
def test_what_has_no_name_shows_its_id_once(
    node: Any, document: Callable[..., Document], write: Any, name: str, classes: str
) -> None:
    alone = document([node("b7", classes, **({"name": name} if name else {}))], [])
    lines = [name, "b7"] if name not in ("", "b7") else ["b7"]
    root = etree.fromstring(drawn(alone).encode())
    shown = [one.text for one in root.iter(f"{S}text") if one.get("class") in ("name", "id")]
    assert shown == lines
    label = "\\n".join(lines)
    assert f'label="{label}"' in write(alone, "dot") or f"label={label} " in write(alone, "dot")


def test_the_order_of_the_graph_changes_no_picture(chain: Document) -> None:
    graph: Any = chain.graph
    mixed = random.Random(3)  # noqa: S311 -- any order does
    edges = tuple(mixed.sample(graph.edges, len(graph.edges)))
    reached = tuple(mixed.sample(graph.reached, len(graph.reached)))
    assert drawn(replace(chain, graph=replace(graph, edges=edges, reached=reached))) == drawn(chain)


def test_our_layout_puts_causes_left_and_lets_nothing_overlap(chain: Document) -> None:
    picture = picture_of(chain)
    placement = place_in_layers(picture)
    assert overlapping(placement) == []
    assert all(placement.centres[arrow.target][0] < placement.centres[arrow.source][0] for arrow in picture.arrows)


@needs_dot
def test_dot_puts_causes_left_and_lets_nothing_overlap(chain: Document) -> None:
    picture = picture_of(chain)
    placement = place_with_dot(picture)
    assert overlapping(placement) == []
    assert placement.centres.keys() == {box.id for box in picture.boxes}
    assert len(placement.routes) == len(placement.labels) == len(picture.arrows)
    assert all(placement.centres[arrow.target][0] < placement.centres[arrow.source][0] for arrow in picture.arrows)
    assert place(picture) == placement


@needs_dot
def test_an_arrow_laid_out_by_dot_ends_at_its_cause(chain: Document) -> None:
    picture = picture_of(chain)
    placement = place_with_dot(picture)
    for number, arrow in enumerate(picture.arrows):
        x, y = placement.routes[number][-1]
        u, v = placement.centres[arrow.target]
        assert abs(x - u) <= WIDTH / 2 + 1
        assert abs(y - v) <= HEIGHT


def test_every_name_that_can_be_shown_whole_is_in_the_svg(chain: Document) -> None:
    root = etree.fromstring(drawn(chain).encode())
    names = [text.text for text in root.iter(f"{S}text") if text.get("class") == "name"]
    assert sorted(map(str, names)) == sorted([*(f"step {n}" for n in range(5)), *[f"file {n}" for n in range(3)] * 5])
    assert root.get("viewBox")
    assert sum(1 for group in root.iter(f"{S}title")) == 21


def test_hostile_text_is_only_text(node: Any, relation: Any, document: Any) -> None:
    nodes = [
        node("j1", "Activity Job", name=HOSTILE, phase="ERROR", error_message=HOSTILE),
        node("e1", "Entity", name=HOSTILE, location=HOSTILE),
        node("a1", "Agent", name=HOSTILE),
        node("p1", "Parameter", name=HOSTILE, value=HOSTILE),
    ]
    relations = [
        relation("USED", "j1", "e1", role=HOSTILE),
        relation("WAS_ASSOCIATED_WITH", "j1", "a1"),
        relation("WAS_CONFIGURED_BY", "j1", "p1"),
    ]
    told = document(nodes, relations, title=HOSTILE, notes=(HOSTILE,), site='http://x/"><script>')
    root = etree.fromstring(drawn(told).encode())
    assert not list(root.iter(f"{S}script"))
    out = io.BytesIO()
    by_name("dot").write(told, out)
    if shutil.which("dot"):
        made = etree.fromstring(run_dot(out.getvalue().decode(), format="svg"))
        assert not list(made.iter(f"{S}script"))


@pytest.mark.parametrize(("uri", "link"), [("http://e.org/a", "http://e.org/a"), ("javascript:alert(1)", "")])
def test_only_web_addresses_become_links(uri: str, link: str, node: Any, document: Any) -> None:
    (box,) = picture_of(document([node("e1", "Entity")._replace(id=uri)], [], site="http://localhost/")).boxes
    assert box.link == link


def test_our_own_things_lead_to_their_page(node: Any, document: Any) -> None:
    (box,) = picture_of(document([node("e1", "Entity")], [], site="http://localhost:8080/")).boxes
    assert box.link == "http://localhost:8080/id/e1"


def test_what_is_missing_is_said_in_the_picture(node: Any, document: Any) -> None:
    text = drawn(document([node("e1", "Entity")], [], truncated=True, restricted=True))
    assert "Truncated: there is more" in text
    assert "Restricted: something" in text


def test_an_empty_picture_is_a_picture(document: Any, write: Any) -> None:
    assert etree.fromstring(write(document([], []), "svg").encode()).tag == f"{S}svg"


def test_too_many_boxes_are_refused(node: Any, document: Any, write: Any) -> None:
    many = document([node(f"e{number}", "Entity") for number in range(5_001)], [])
    with pytest.raises(TooLarge, match="5000 boxes"):
        write(many, "svg")


@needs_dot
def test_a_png_is_made_by_dot(chain: Document) -> None:
    out = io.BytesIO()
    by_name("png").write(chain, out)
    assert out.getvalue().startswith(b"\x89PNG")


@needs_dot
def test_a_source_that_dot_cannot_read_is_told(chain: Document) -> None:
    with pytest.raises(TooLarge, match="did not manage"):
        run_dot("digraph {", format="svg")


def test_without_dot_a_png_is_unavailable(chain: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="graphviz"):
        by_name("png").write(chain, io.BytesIO())


def test_without_dot_a_small_picture_is_laid_out_by_ourselves(chain: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    picture = picture_of(chain)
    assert place(picture) == place_in_layers(picture)


links = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=20)


@settings(deadline=None)
@given(links)
def test_no_two_nodes_of_a_layout_are_in_one_place(pairs: list[tuple[str, str]]) -> None:
    found = layered(set("abcdefgh"), pairs, step=(10, 10))
    assert len({*found.values()}) == 8
    assert all(
        abs(x - u) >= 9.99 or abs(y - v) >= 9.99
        for one, (x, y) in found.items()
        for other, (u, v) in found.items()
        if one < other
    )
    assert layered(sorted("abcdefgh", reverse=True), reversed(pairs), step=(10, 10)) == found


def test_a_cycle_is_laid_out_with_one_arrow_back() -> None:
    found = layered("abc", [("a", "b"), ("b", "c"), ("c", "a")])
    assert [found[node][0] for node in "abc"] == [0, 180, 360]


def test_a_layout_of_2000_nodes_takes_less_than_a_second() -> None:
    pairs = [(f"{number}", f"{number + 1 + number % 3}") for number in range(2_000)]
    start = time.process_time()
    layered([str(number) for number in range(2_000)], pairs)
    assert time.process_time() - start < 1


def test_a_picture_of_300_nodes_is_small(node: Any, relation: Any, document: Any, write: Any) -> None:
    nodes = [node(f"e{number}", "Entity Dataset", name=f"file {number}") for number in range(300)]
    relations = [relation("WAS_DERIVED_FROM", f"e{number + 1}", f"e{number}") for number in range(299)]
    assert len(drawn(document(nodes, relations))) < 200_000


def test_a_long_name_is_shortened_in_its_middle() -> None:
    short = fit("calibrated_science_exposure_of_the_first_night.fits", 12, room=130)
    assert width(short, 12) <= 130
    assert short.startswith("calib")
    assert short.endswith(".fits")


def test_a_name_of_any_length_fits_somehow() -> None:
    assert fit("星" * 100_000, 12, room=5) == "…"


@pytest.mark.parametrize(("text", "expected"), [("abc", False), ("שמש.fits", True), ("12 مسح", True), ("123", False)])
def test_the_direction_of_a_name_is_that_of_its_first_letter(text: str, *, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_boxes_without_relations_are_all_placed() -> None:
    assert place_in_layers(Picture(boxes=(), arrows=())).centres == {}


def test_collections_are_stacked_and_running_jobs_dashed(node: Any, document: Any) -> None:
    text = drawn(document([node("c", "Entity Collection", name="night"), node("j", "Activity", phase="EXECUTING")], []))
    root = etree.fromstring(text.encode())
    (collection,) = (group for group in root.iter(f"{S}g") if group.get("class") == "collection")
    assert len(collection.findall(f"{S}ellipse")) == 2
    assert any(shape.get("class") == "running" for shape in root.iter(f"{S}rect"))


def test_the_node_that_was_asked_for_is_outlined(node: Any, document: Any) -> None:
    one = node("e1", "Entity", name="x")
    assert "stroke-dasharray" in drawn(document([one], [], focus=frozenset({one.id}))).partition("</style>")[2]


def test_more_agents_than_fit_are_counted(node: Any, relation: Any, document: Any) -> None:
    agents = [node(f"a{number:02}", "Agent", name=f"Agent Number{number}") for number in range(15)]
    relations = [relation("WAS_ASSOCIATED_WITH", "j1", f"a{number:02}") for number in range(15)]
    text = drawn(document([node("j1", "Activity"), *agents], relations))
    assert ">+12</text>" in text
    assert "and 3 more agents" in text


def test_labels_of_our_layout_keep_clear_of_each_other(node: Any, relation: Any, document: Any) -> None:
    nodes = [node(f"j{number}", "Activity") for number in range(2)]
    nodes += [node(f"e{number}", "Entity") for number in range(2)]
    relations = [relation("USED", f"j{job}", f"e{file}", role="x") for job in range(2) for file in range(2)]
    root = etree.fromstring(drawn(document(nodes, relations)).encode())
    places = [(text.get("x"), text.get("y")) for text in root.iter(f"{S}text") if text.get("class") == "relation"]
    assert len(set(places)) == 4


@pytest.mark.parametrize("relations", [("USED", "WAS_INVALIDATED_BY"), ("ALTERNATE_OF",)])
def test_an_arrow_against_the_order_leaves_its_box_and_ends_at_the_other(
    relations: tuple[str, ...], node: Any, relation: Any, document: Any
) -> None:
    nodes = [node("j1", "Activity"), node("e1", "Entity"), node("e2", "Entity")]
    ends = {"USED": ("j1", "e1"), "WAS_INVALIDATED_BY": ("e1", "j1"), "ALTERNATE_OF": ("e1", "e2")}
    given = document(nodes, [relation(kind, *ends[kind]) for kind in relations])
    root = etree.fromstring(drawn(given).encode())
    assert sum(1 for path in root.iter(f"{S}path") if str(path.get("class")).startswith("arrow ")) == len(relations)
    width_, height = float(root.get("width", "0")), float(root.get("height", "0"))
    assert width_ >= 640
    assert height > 100


def test_an_answer_tells_its_limits_itself(job: Document) -> None:
    graph: Any = job.graph
    told = Document.of_answer(replace(graph, truncated=True), job.own_namespace)
    assert (told.truncated, told.restricted) == (True, False)
