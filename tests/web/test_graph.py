"""The graph explorer without a browser: what a view holds, that its SVG has the same places, and who sees what."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from lxml import etree
from prov.model import ProvActivity, ProvDocument, ProvEntity

from tests.web.chains import Chain, ids
from tests.web.served import Served, job_id

SVG = "{http://www.w3.org/2000/svg}"


def view(served: Served, **query: Any) -> dict[str, Any]:
    answer = served.anonymous.get("/graph.json", query_string=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def names(found: Mapping[str, Any]) -> list[str]:
    return sorted(one["label"] for one in found["nodes"])


def edges(found: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    labels = [one["label"] for one in found["nodes"]]
    return {(labels[one["source"]], one["kind"], labels[one["target"]]) for one in found["edges"]}


def node(found: Mapping[str, Any], label: str) -> dict[str, Any]:
    return dict(next(one for one in found["nodes"] if one["label"] == label))


@pytest.fixture
def stacked(chain: Chain) -> str:
    return chain.entity(chain.second, "stacked")


def test_a_view_begins_two_steps_around_the_start(chain: Chain, stacked: str) -> None:
    found = view(chain.served, id=stacked)
    assert names(found) == ["33794", "copy", "output", "raw.fits", "stack", "stacked"]
    assert {
        ("stacked", "wasGeneratedBy", "stack"),
        ("stack", "used", "output"),
        ("output", "wasGeneratedBy", "copy"),
        ("copy", "used", "raw.fits"),
    } <= edges(found)


def test_a_node_tells_what_the_page_shows_of_it(chain: Chain, stacked: str) -> None:
    found = view(chain.served, id=stacked, depth=1)
    stack, output = node(found, "stack"), node(found, "output")
    assert stack["kind"] == "activity"
    assert "swarp" in stack["agents"]
    assert stack["parameters"] == 5
    assert stack["relation"] == "made stacked as stack"
    assert (output["up"], output["services"], output["distance"]) == (2, ["stack"], 2)
    assert node(found, "stacked")["focus"] is True


def test_what_was_opened_comes_and_what_was_there_stays(chain: Chain, stacked: str) -> None:
    before = view(chain.served, id=stacked, depth=0)
    maker = f"up:{stacked}"
    after = view(chain.served, id=stacked, depth=0, open=[maker, f"up:{job_id(chain.second)}"])
    places = {one["id"]: (one["x"], one["y"]) for one in after["nodes"]}
    assert {one["id"]: (one["x"], one["y"]) for one in before["nodes"]}.items() <= places.items()
    assert {"stack", "output"} <= set(names(after))
    assert len(set(places.values())) == len(places)


def test_the_svg_of_a_view_has_the_same_nodes_in_the_same_places(chain: Chain, stacked: str) -> None:
    query = {"id": stacked, "depth": 1, "open": f"up:{job_id(chain.second)}"}
    drawn = chain.served.anonymous.get("/graph/document", query_string={**query, "format": "svg"})
    assert drawn.content_type.startswith("image/svg+xml")
    found = view(chain.served, **query)
    there = boxes_of(drawn.data)
    left, top = min(x for x, _ in there.values()), min(y for _, y in there.values())
    places = {one: (x - left, y - top) for one, (x, y) in there.items()}
    assert places == distances({one["id"]: (one["x"], one["y"]) for one in found["nodes"]})


def boxes_of(svg: bytes) -> dict[str, tuple[float, float]]:
    """Give the centre of each node of a drawing, by the id in its description."""
    found: dict[str, tuple[float, float]] = {}
    for group in etree.fromstring(svg).iter(f"{SVG}g"):
        inner = group.find(f"{SVG}g")
        described = inner.find(f".//{SVG}desc") if inner is not None and inner.get("class") else None
        if described is not None and described.text:
            x, y = (group.get("transform") or "").removeprefix("translate(").removesuffix(")").split()
            found.setdefault(described.text.split("\n")[0], (float(x), float(y)))
    return found


def distances(places: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Give places from the leftmost and topmost: drawings have a margin, and pages whole numbers."""
    left, top = min(x for x, _ in places.values()), min(y for _, y in places.values())
    return {one: pytest.approx((x - left, y - top), abs=1.5) for one, (x, y) in places.items()}


def test_data_only_leaves_the_jobs_out(chain: Chain, stacked: str) -> None:
    found = view(chain.served, id=stacked, view="data")
    assert {one["kind"] for one in found["nodes"]} == {"entity"}
    assert ("stacked", "wasDerivedFrom", "output") in edges(found)
    assert ("output", "wasDerivedFrom", "raw.fits") in edges(found)


def test_in_the_view_of_w3c_agents_are_nodes(chain: Chain, stacked: str) -> None:
    found = view(chain.served, id=stacked, view="w3c")
    assert node(found, "swarp")["kind"] == "agent"
    assert ("stack", "wasAssociatedWith", "swarp") in edges(found)
    assert ("stacked", "wasDerivedFrom", "output") in edges(found)


def test_filters_hold_for_documents_and_for_the_page_without_scripts(chain: Chain, stacked: str) -> None:
    query = {"id": stacked, "depth": "all", "service": "copy"}
    drawn = chain.served.anonymous.get("/graph/document", query_string={**query, "format": "svg"}).data
    local = {one.removeprefix(chain.served.provstore.store.namespace) for one in boxes_of(drawn)}
    assert local >= {stacked, job_id(chain.first), chain.entity(chain.first, "output")}, "the start is always shown"
    assert job_id(chain.second) not in local
    written = chain.served.anonymous.get("/graph/document", query_string={**query, "format": "prov-json"}).text
    document = ProvDocument.deserialize(content=written, format="json")
    assert ids(document, ProvActivity) == {job_id(chain.first)}
    assert stacked in ids(document, ProvEntity)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"open": "sideways:e1"}, "up:, down:, out: or all:"),
        ({"view": "odd"}, "full, data, w3c"),
        ({"direction": "odd"}, "up, down, both"),
        ({"kind": "odd"}, "activity"),
        ({"since": "soon"}, "2026-01-31"),
        ({"depth": "-1"}, "depth"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_an_address_that_can_not_be_read_says_what_would_be_right(
    chain: Chain, stacked: str, wrong: dict[str, str], message: str
) -> None:
    answer = chain.served.anonymous.get("/graph.json", query_string={"id": stacked, **wrong})
    assert answer.status_code == 400
    assert message in answer.get_json()["error"]["message"]


def test_the_answer_is_compressed_for_those_who_take_it(chain: Chain, stacked: str) -> None:
    answer = chain.served.anonymous.get(
        "/graph.json", query_string={"id": stacked}, headers={"Accept-Encoding": "gzip"}
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.data)) == view(chain.served, id=stacked)


class Rows(HTMLParser):
    """Reads the names in the table, and where the links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def test_the_page_has_the_nodes_as_a_table_with_links_that_open_more(chain: Chain, stacked: str) -> None:
    text = chain.served.anonymous.get("/graph", query_string={"id": stacked, "depth": 1}).text
    page = Rows()
    page.feed(text)
    assert any(
        f"open=up%3A{chain.served.provstore.store.namespace.replace('#', '%23').replace(':', '%3A')}" in one
        for one in page.links
    )
    assert "<noscript>" in text
    assert "format=svg" in text
    assert "style=" not in text


def test_without_an_id_the_page_says_where_to_find_one(served: Served) -> None:
    answer = served.anonymous.get("/graph")
    assert answer.status_code == 200
    assert "/search" in answer.text


def test_somebody_elses_job_is_not_in_anybodys_graph(served: Served) -> None:
    own = served.create("copy", by=served.curie, input=(io.BytesIO(b"MINE"), "mine.fits", "image/fits"))
    for path in ("/graph", "/graph.json", "/graph/document"):
        assert served.anonymous.get(path, query_string={"id": job_id(own)}).status_code == 404
        assert served.curie.get(path, query_string={"id": job_id(own)}).status_code == 200


def test_many_siblings_are_one_node_that_names_them(served: Served) -> None:
    written = "".join(f"used(ex:stack, ex:f{number}, -, [prov:role='ex:frame'])\n" for number in range(24))
    entities = "".join(f"entity(ex:f{number})\n" for number in range(24))
    text = f"document\nprefix ex <http://example.org/>\nactivity(ex:stack)\n{entities}{written}endDocument\n"
    sent = served.curie.post("/prov/documents?format=prov-n&public=true", data=text)
    assert sent.status_code == 201, sent.text
    query: dict[str, Any] = {"id": "http://example.org/stack"}
    found = served.curie.get("/graph.json", query_string=query).get_json()
    group = next(one for one in found["nodes"] if one.get("count"))
    assert (group["label"], group["count"], len(group["members"])) == ("24 files", 24, 24)
    apart = served.curie.get("/graph.json", query_string={**query, "open": "out:http://example.org/f7"}).get_json()
    assert sorted(one["label"] for one in apart["nodes"]) == ["23 files", "ex:f7", "ex:stack"]
    places = [{one["id"]: (one["x"], one["y"]) for one in each["nodes"]} for each in (found, apart)]
    assert places[0].items() < places[1].items(), "what was there stays"


def test_more_than_may_be_drawn_is_said_to_be_left_out(chain: Chain, stacked: str) -> None:
    found = view(chain.served, id=stacked, depth="all", limit=3)
    assert len(found["nodes"]) == 3
    assert found["truncated"] is True
    assert found["leftOut"] > 0
    assert any(one.get("up") or one.get("down") for one in found["nodes"])


def test_what_is_beyond_the_limit_is_one_node_and_can_still_be_opened(chain: Chain, stacked: str) -> None:
    query: dict[str, Any] = {"id": stacked, "depth": "all", "limit": 3}
    found = view(chain.served, **query)
    rest = next(one for one in found["nodes"] if one.get("rest"))
    assert rest["label"] == f"{found['leftOut']} more" == f"{len(rest['members'])} more"
    further = next(one for one in found["nodes"] if one.get("up"))
    opened = view(chain.served, **query, open=f"up:{further['id']}")
    assert {one["label"] for one in opened["nodes"]} >= {one["label"] for one in found["nodes"] if not one.get("rest")}
    assert opened["leftOut"] < found["leftOut"]
    drawn = view(chain.served, **query, open=f"out:{rest['members'][0][0]}")
    assert rest["members"][0][1] in names(drawn)


def test_the_last_day_of_all_is_no_barrier(chain: Chain, stacked: str) -> None:
    assert view(chain.served, id=stacked, until="9999-12-31")["nodes"]


def brought(served: Served, *lines: str) -> str:
    """Bring a document of jobs "ex:a0", "ex:a1"… called "stack", each using what the one before made; give its id."""
    jobs = "".join(
        f"activity(ex:a{one}, [prov:label='stack'])\nentity(ex:e{one})\nused(ex:a{one}, ex:e{one}, -)\n"
        f"wasGeneratedBy(ex:e{one + 1}, ex:a{one}, -)\n"
        for one in range(12)
    )
    text = f"document\nprefix ex <http://example.org/row/>\n{jobs}{''.join(lines)}endDocument\n"
    sent = served.curie.post("/prov/documents?format=prov-n&public=true", data=text)
    assert sent.status_code == 201, sent.text
    return str(sent.get_json()["document"])


def test_runs_in_a_row_are_one_node_in_page_and_drawing_until_they_are_all_wanted(served: Served) -> None:
    brought(served)
    query: dict[str, Any] = {"id": "http://example.org/row/e0", "depth": "all"}
    found = view(served, **query)
    assert names(found) == ["12 runs in a row", "ex:e0", "ex:e12"]
    group = node(found, "12 runs in a row")
    assert (group["kind"], group["short"], group["count"], group["services"]) == ("activity", "stack", 23, ["stack"])
    drawn = served.anonymous.get("/graph/document", query_string={**query, "format": "svg"}).data
    assert boxes_of(drawn).keys() == {one["id"] for one in found["nodes"]}
    assert drawn.count(b"translate(4 -4)") == 1, "what stands for many is a stack"
    whole = view(served, **query, open=f"all:{group['members'][0][0]}")
    assert len(whole["nodes"]) == 25
    assert "draw all" in served.anonymous.get("/graph", query_string=query).text
    assert names(view(served, **query, view="data")) == sorted(f"ex:e{one}" for one in range(13))
    assert "12 runs in a row" in names(view(served, **query, view="w3c"))


def test_what_one_bundle_says_is_one_node(served: Served) -> None:
    told = "".join(f"entity(ex:n{one})\nwasDerivedFrom(ex:n{one + 1}, ex:n{one})\n" for one in range(25))
    bundle = f"bundle ex:night\n{told}wasDerivedFrom(ex:n0, ex:e0)\nendBundle\n"
    document = brought(served, bundle)
    found = view(served, id="http://example.org/row/e0", depth="all")
    assert [one["short"] for one in found["nodes"] if one["label"] == "26 nodes"] == ["http://example.org/row/night"]
    assert "26 nodes" in names(view(served, id=document, depth="all"))
    assert "26 nodes" not in names(view(served, id="http://example.org/row/n3", depth="all"))


def test_of_data_only_as_many_more_are_told_as_will_come(chain: Chain, stacked: str) -> None:
    query: dict[str, Any] = {"id": stacked, "depth": 0, "view": "data"}
    start = node(view(chain.served, **query), "stacked")
    opened = view(chain.served, **query, open=f"up:{stacked}")
    assert start["up"] == len(opened["nodes"]) - 1 > 0
    assert set(start["causes"]) <= set(names(opened))


def test_a_document_begins_with_what_it_speaks_of(served: Served) -> None:
    text = "document\nprefix ex <http://example.org/>\nactivity(ex:a)\nentity(ex:e)\nused(ex:a, ex:e, -)\nendDocument\n"
    sent = served.curie.post("/prov/documents?format=prov-n", data=text).get_json()
    found = served.curie.get("/graph.json", query_string={"id": sent["document"]}).get_json()
    assert edges(found) == {("ex:a", "used", "ex:e")}


def test_of_two_jobs_what_is_alike_is_drawn_once(served: Served) -> None:
    raw = served.completed("sleep", {"results/result.txt": b"raw"})
    source = f"e{job_id(raw)[1:]}.result"
    jobs = [served.completed("copy", {"results/output.dat": made}, input=source) for made in (b"one", b"two")]
    query = {"a": job_id(jobs[0]), "b": job_id(jobs[1])}
    found = view(served, **query)
    told = {(one["label"], one.get("only", "")) for one in found["nodes"]}
    assert told == {("sleep", "="), ("result", "="), ("copy", "="), ("output", "≠")}
    assert len(found["nodes"]) == 4
    page = served.anonymous.get("/graph", query_string=query).text
    assert "Differences of" in page
    drawn = served.anonymous.get("/graph/document", query_string={**query, "format": "svg"}).text
    assert "[≠] output" in drawn
