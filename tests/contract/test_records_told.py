"""ObsCore columns that people add later, found and shown as part of the record: the same over every store."""

from __future__ import annotations

import pytest

from provstore.accounts.callers import Caller
from provstore.graph.model import PUBLIC, XSD, Attribute, NodeId, Viewer
from provstore.graph.obscore import CELL, OBSCORE, record_of
from provstore.graph.store import GraphStore
from provstore.ingest.products import Product
from provstore.queries.obscore import Wanted, every_record, find_records
from provstore.queries.obscore_cells import Circle, Span
from provstore.uws.annotating import Annotating, Annotation, attributes_given
from provstore.uws.registering import Registering

CURIE = Caller(agent="a-curie", name="curie")
RUBIN = Caller(agent="a-rubin", name="rubin")
EVERYBODY = Viewer(readers=frozenset({PUBLIC}))
HERE = Wanted(positions=(Circle(83.6, 22, 0.1),))


@pytest.fixture
def plain(store: GraphStore) -> NodeId:
    """A public product without any record."""
    return registered(store)


def registered(store: GraphStore, **record: str) -> NodeId:
    product = Product(location="https://archive.example/crab", name="crab", record=record)
    (made,) = Registering(store).register(CURIE, [product], public=True).entities
    return NodeId(store.namespace + made)


def add(store: GraphStore, node: NodeId, *, by: Caller = CURIE, public: bool = True, **columns: object) -> Annotation:
    told = attributes_given([(f"obscore.{name}", value) for name, value in columns.items()], store, by.viewer)
    return Annotating(store).annotate(by, node, told, public=public)


def found(store: GraphStore, wanted: Wanted = Wanted(), viewer: Viewer = EVERYBODY) -> list[dict[str, str]]:  # noqa: B008 - frozen
    return [record_of(node.attributes) for node in every_record(store, wanted, viewer)]


def test_what_has_no_record_gets_one_by_an_annotation(store: GraphStore, plain: NodeId) -> None:
    assert found(store) == []
    add(store, plain, s_ra="83.63", s_dec="22.01", dataproduct_type="event", t_min="53000", target_name="47")
    record = {"dataproduct_type": "event", "target_name": "47", "s_ra": "83.63", "s_dec": "22.01", "t_min": "53000"}
    wanted = [
        Wanted(),
        HERE,
        Wanted(times=(Span(52999, 53001),)),
        Wanted(columns={"dataproduct_type": ("image", "event")}),
        Wanted(columns={"target_name": ("47",)}),
        Wanted(positions=HERE.positions, columns={"dataproduct_type": ("event",), "target_name": ("47",)}),
    ]
    assert [found(store, one) for one in wanted] == [[record]] * len(wanted)
    others = [
        Wanted(positions=(Circle(10, 10, 1),)),
        Wanted(times=(Span(1, 2),)),
        Wanted(columns={"dataproduct_type": ("image",)}),
    ]
    assert [found(store, one) for one in others] == [[]] * len(others)


def test_an_annotation_joins_the_record_and_changes_nothing_of_it(store: GraphStore) -> None:
    node = registered(store, s_ra="83.63", calib_level="2")
    add(store, node, s_dec="22.01", calib_level="3", target_name="Crab")
    record = {"calib_level": "2", "target_name": "Crab", "s_ra": "83.63", "s_dec": "22.01"}
    assert found(store, HERE) == [record]
    assert found(store, Wanted(columns={"calib_level": ("2",), "target_name": ("Crab",)})) == [record]
    assert found(store, Wanted(columns={"calib_level": ("3",)})) == []
    assert [record_of(one.attributes) for one in store.get([node])] == [{"calib_level": "2", "s_ra": "83.63"}]


def test_of_several_annotations_the_newest_counts(store: GraphStore, plain: NodeId) -> None:
    add(store, plain, s_ra="10", s_dec="22.01", target_name="M 1")
    add(store, plain, s_ra="83.63", target_name="Crab")
    assert found(store, HERE) == [{"target_name": "Crab", "s_ra": "83.63", "s_dec": "22.01"}]
    assert found(store, Wanted(positions=(Circle(10, 22, 1),))) == []
    assert found(store, Wanted(columns={"target_name": ("M 1",)})) == []


def test_only_who_may_see_an_annotation_finds_by_it(store: GraphStore, plain: NodeId) -> None:
    add(store, plain, by=RUBIN, public=False, s_ra="83.63", s_dec="22.01")
    assert [found(store, HERE, viewer) for viewer in (EVERYBODY, CURIE.viewer)] == [[], []]
    assert found(store, HERE, RUBIN.viewer) == [{"s_ra": "83.63", "s_dec": "22.01"}]
    add(store, plain, target_name="Crab")
    assert found(store) == [{"target_name": "Crab"}]


def test_a_public_annotation_tells_nothing_of_a_private_one(store: GraphStore, plain: NodeId) -> None:
    add(store, plain, public=False, s_ra="83.63")
    made = add(store, plain, s_dec="22.01")
    assert found(store, HERE) == []
    assert found(store) == [{"s_dec": "22.01"}]
    again = add(store, plain, public=False, s_dec="22.01")
    assert found(store, HERE, CURIE.viewer) == [{"s_ra": "83.63", "s_dec": "22.01"}]
    assert made.attributes == again.attributes == (Attribute(OBSCORE + "s_dec", "22.01", f"{XSD}double"),)


def test_what_leads_to_a_record_is_not_shown_with_the_annotation(store: GraphStore, plain: NodeId) -> None:
    made = add(store, plain, s_ra="83.63", s_dec="22.01")
    (listed,) = Annotating(store).annotations(CURIE, plain)
    assert listed == made
    assert not [one for one in listed.attributes if one.key == CELL]


def test_pages_of_records_join_though_some_are_told(store: GraphStore) -> None:
    products = [Product(location=f"https://archive.example/{n}", name=str(n)) for n in range(7)]
    for one in Registering(store).register(CURIE, products, public=True).entities:
        add(store, NodeId(store.namespace + one), s_ra="83.63", s_dec="22.01")
    first = find_records(store, HERE, EVERYBODY, limit=4)
    rest = find_records(store, HERE, EVERYBODY, limit=4, after=first.next)
    assert (len(first.items), len(rest.items), rest.next) == (4, 3, None)
