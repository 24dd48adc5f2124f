"""Products that exist already, their ObsCore records, and what is said of them later: the same over every store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from provstore.accounts.callers import Caller
from provstore.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from provstore.graph.model import PROVSTORE, Attribute, Kind, Label, Node, NodeId, Viewer
from provstore.graph.obscore import OBSCORE, record_of
from provstore.graph.rules import Step
from provstore.graph.store import Change, Condition, Filter, Find, GraphStore, Op, Walk, every
from provstore.ingest.products import Cell, Product
from provstore.queries.asking import Asker, answer
from provstore.queries.catalog import by_name
from provstore.queries.obscore import Wanted, every_record, find_records
from provstore.queries.obscore_cells import Circle, Span
from provstore.uws.annotating import Annotating, attributes_given
from provstore.uws.files import Files
from provstore.uws.registering import BATCH, Registering
from provstore.uws.verifying import Outcome, Verifying

ADMIN = Caller(agent="a-admin", name="admin", admin=True)
CURIE = Caller(agent="a-curie", name="curie")
RUBIN = Caller(agent="a-rubin", name="rubin")
NOBODY = Caller(agent="", name="")

CRAB = {"s_ra": "83.63", "s_dec": "22.01", "t_min": "53000", "t_max": "53000.5", "dataproduct_type": "event"}
VELA = {"s_ra": "128.8", "s_dec": "-45.6", "s_fov": "5", "t_min": "54000", "dataproduct_type": "image"}
POLE = {"s_ra": "10", "s_dec": "89.99", "calib_level": "2", "target_name": "Polaris, nearly"}
SKY = {"s_ra": "0", "s_dec": "0", "s_fov": "360", "dataproduct_type": "cube", "calib_level": "3"}
RECORDS = {"crab": CRAB, "vela": VELA, "pole": POLE, "sky": SKY, "plain": {}}


def product(name: str, *, sum_: str = "", **record: str) -> Product:
    checksums = {"md5": sum_.rjust(32, "0")} if sum_ else {}
    return Product(location=f"https://archive.example/{name}", name=name, checksums=checksums, record=record)


@pytest.fixture
def observed(store: GraphStore) -> GraphStore:
    """A store with four records, and an entity without."""
    Registering(store).register(CURIE, (product(name, **record) for name, record in RECORDS.items()), public=True)
    return store


def names(nodes: Sequence[Node]) -> set[str]:
    return {str(node.properties["name"]) for node in nodes}


# --- found by place, time, type


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), {"crab", "vela", "pole", "sky"}),
        (Wanted(positions=(Circle(83.6, 22, 0.1),)), {"crab", "sky"}),
        (Wanted(positions=(Circle(83.6, 22.2, 0.1),)), {"sky"}),
        (Wanted(positions=(Circle(128.8, -42, 1.2),)), {"vela", "sky"}),
        (Wanted(positions=(Circle(128.8, -42, 1),)), {"sky"}),
        (Wanted(positions=(Circle(190, 89.99, 0.03),)), {"pole", "sky"}),
        (Wanted(positions=(Circle(83.6, 22, 70),)), {"crab", "pole", "sky"}),
        (Wanted(positions=(Circle(83.6, 22, 0.1), Circle(128.8, -45.6, 0))), {"crab", "vela", "sky"}),
        (Wanted(times=(Span(53000.2, 53000.3),)), {"crab"}),
        (Wanted(times=(Span(53000.6, 53900),)), set()),
        (Wanted(times=(Span(52000, 54000),)), {"crab", "vela"}),
        (Wanted(times=(Span(-1e7, 1e7),)), {"crab", "vela"}),
        (Wanted(positions=(Circle(83.6, 22, 80),), times=(Span(53999, 54001),)), {"vela"}),
        (Wanted(columns={"dataproduct_type": ("event", "image")}), {"crab", "vela"}),
        (Wanted(columns={"calib_level": ("2", "3")}), {"pole", "sky"}),
        (Wanted(columns={"calib_level": ("3",), "dataproduct_type": ("image",)}), set()),
        (Wanted(columns={"target_name": ("Polaris, nearly",)}), {"pole"}),
    ],
)
def test_records_are_found_by_what_they_tell(observed: GraphStore, wanted: Wanted, found: set[str]) -> None:
    assert names(find_records(observed, wanted).items) == found


def test_the_question_is_asked_in_words(observed: GraphStore) -> None:
    question = by_name("obscore")
    assert question is not None
    asker = Asker(store=observed, viewer=Viewer())
    given = {"position": ["circle 83.6,22 0.1"], "time": ["2003-12-27/2003-12-28"], "dataproduct_type": ["event,image"]}
    listing = answer(question, given, asker)
    assert [one.node.properties["name"] for one in listing.items] == ["crab"]  # type: ignore[attr-defined]  # a Listing


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position", "CIRCLE 400 0 1"),
        ("position", "CIRCLE 10 95 1"),
        ("position", "CIRCLE 10 10"),
        ("position", "CIRCLE 10 10 NaN"),
        ("position", "POLYGON 1 1 2 2 3 3"),
        ("position", "10 10 -1"),
        ("position", "\x00"),
        ("time", "tomorrow"),
        ("time", "53001 53000"),
        ("time", "1e99"),
        ("time", ""),
        ("dataproduct_type", "map"),
        ("calib_level", "7"),
        ("target_name", "a\u202eb"),
        ("limit", "0"),
        ("after", "nonsense"),
    ],
)
def test_what_can_not_be_asked_is_refused_by_its_name(observed: GraphStore, name: str, value: str) -> None:
    question = by_name("obscore")
    assert question is not None
    with pytest.raises(Invalid) as refused:
        answer(question, {name: [value]}, Asker(store=observed, viewer=Viewer()))
    assert refused.value.field == name


def test_pages_join_to_all_there_is(observed: GraphStore) -> None:
    for wanted in (Wanted(), Wanted(positions=(Circle(83.6, 22, 60),))):
        found: list[Node] = []
        after: str | None = None
        while True:
            page = find_records(observed, wanted, limit=1, after=after)
            found += page.items
            after = page.next
            if after is None:
                break
        assert [node.id for node in found] == [node.id for node in every_record(observed, wanted)]


def test_what_one_may_not_see_is_not_found(store: GraphStore) -> None:
    Registering(store).register(CURIE, [product("crab", **CRAB)])
    assert find_records(store, Wanted(), RUBIN.viewer).items == ()
    assert len(find_records(store, Wanted(), CURIE.viewer).items) == 1


# --- registered


def test_a_product_has_its_facts_its_owner_and_its_history(store: GraphStore) -> None:
    done = Registering(store).register(CURIE, [product("crab", sum_="a1", **CRAB)])
    (entity,) = store.get([NodeId(store.namespace + done.entities[0])])
    assert entity.labels == {Label.ENTITY, Label.DATASET}
    assert entity.properties["location"] == "https://archive.example/crab"
    assert record_of(entity.attributes) == CRAB
    assert "user:a-curie" in entity.readers
    assert "public" not in entity.readers
    found = store.walk(Walk(starts=(entity.id,), steps=(Step(Kind.USED, backwards=True),)))
    (activity,) = (one.node for one in found.reached if one.distance == 1)
    assert (activity.properties["name"], activity.properties["products"]) == ("register", 1)
    agents = store.walk(Walk(starts=(activity.id,), steps=(Step(Kind.WAS_ASSOCIATED_WITH),)))
    assert [one.node.id for one in agents.reached if one.distance] == [f"{store.namespace}a-curie"]


def test_a_product_is_found_by_any_checksum(store: GraphStore) -> None:
    Registering(store).register(CURIE, [product("a", sum_="a1"), product("b", sum_="b2")])
    by_md5 = Condition(label=Label.ENTITY, filters=(Filter(f"{PROVSTORE}md5", Op.EQ, "a1".rjust(32, "0")),))
    assert names(store.find(Find(condition=by_md5)).items) == {"a"}


def test_what_was_registered_is_not_registered_again(store: GraphStore) -> None:
    registering = Registering(store)
    first = registering.register(CURIE, [product("a"), product("b")])
    again = registering.register(CURIE, [product("a"), product("b"), product("c"), product("c")])
    assert (first.registered, again.registered, again.known, again.rows) == (2, 1, 3, 4)
    assert again.entities[:2] == first.entities
    changed = registering.register(CURIE, [product("a", sum_="f")])
    others = registering.register(RUBIN, [product("a")])
    assert (changed.registered, others.registered) == (1, 1)


def test_a_list_is_written_batch_by_batch_and_read_by_the_batch(store: GraphStore) -> None:
    held: list[int] = []
    rows = 0

    def products() -> Iterator[Product]:
        nonlocal rows
        for number in range(2 * BATCH + 1):
            rows += 1
            yield product(f"p{number}")

    done = Registering(store).register(CURIE, products(), progress=lambda so_far: held.append(rows - so_far.rows))
    assert (done.rows, len(done.activities), len(done.entities)) == (2 * BATCH + 1, 3, 1000)
    assert held == [0, 0, 0]


class Breaking:
    """A store that is away at its second large write."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._writes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write(self, changes: Sequence[Change]) -> None:
        self._writes += 1
        if self._writes == 2:
            raise Unavailable("the store is away")
        self._store.write(changes)


def test_a_list_that_broke_off_goes_on_where_it_stopped(store: GraphStore) -> None:
    products = [product(f"p{number}") for number in range(BATCH + 10)]
    with pytest.raises(Unavailable, match=f"{BATCH} rows are registered: send the list again"):
        Registering(Breaking(store)).register(CURIE, products)  # type: ignore[arg-type]  # it passes all else on
    done = Registering(store).register(CURIE, products)
    assert (done.known, done.registered) == (BATCH, 10)


def test_nobody_registers_for_nobody_and_only_administrators_files_of_this_machine(store: GraphStore) -> None:
    secret = Product(location="file:///etc/passwd", place="row 1")
    with pytest.raises(Unauthenticated):
        Registering(store).register(NOBODY, [product("a")])
    with pytest.raises(Forbidden, match="row 1"):
        Registering(store).register(CURIE, [secret])
    with pytest.raises(Forbidden):
        Registering(store).check(CURIE, [secret])
    assert Registering(store).register(ADMIN, [secret]).registered == 1


# --- verified


@pytest.fixture
def verify(store: GraphStore, tmp_path: Path) -> Callable[[], dict[str, Outcome]]:
    """Verify everything; give the outcomes by name."""

    def run() -> dict[str, Outcome]:
        found = list(Verifying(store, Files(tmp_path / "data")).verify_all(ADMIN))
        nodes = {node.id: str(node.properties["name"]) for node in store.get([one.entity for one in found])}
        return {nodes[one.entity]: one.outcome for one in found}

    return run


def kept(folder: Path, name: str, *, told: str = "hello") -> Product:
    (folder / name).write_text("hello", encoding="ascii")
    sums = {"hello": "5d41402abc4b2a76b9719d911017c592", "other": "0" * 32}
    checksums = {"md5": sums[told]} if told else {}
    return Product(location=(folder / name).as_uri(), name=name, size=5, checksums=checksums)


def test_a_check_tells_what_is_fine_changed_and_missing(
    store: GraphStore, tmp_path: Path, verify: Callable[[], dict[str, Outcome]]
) -> None:
    products = [kept(tmp_path, "fine"), kept(tmp_path, "wrong", told="other"), kept(tmp_path, "gone")]
    products += [kept(tmp_path, "blank", told=""), product("elsewhere")]
    (tmp_path / "gone").unlink()
    Registering(store).register(ADMIN, products)
    assert verify() == {
        "fine": Outcome.FINE,
        "wrong": Outcome.CHANGED,
        "gone": Outcome.MISSING,
        "blank": Outcome.UNKNOWN,
        "elsewhere": Outcome.ELSEWHERE,
    }


def test_the_graph_tells_a_check_and_its_results(store: GraphStore, tmp_path: Path) -> None:
    done = Registering(store).register(ADMIN, [kept(tmp_path, "a"), kept(tmp_path, "b", told="other")])
    ids = [NodeId(store.namespace + one) for one in done.entities]
    list(Verifying(store, Files(tmp_path / "data")).verify(ADMIN, ids))
    condition = Condition(label=Label.ACTIVITY, filters=(Filter("name", Op.EQ, "verify"),))
    (activity,) = every(store, Find(condition=condition))
    assert (activity.properties["fine"], activity.properties["changed"]) == (1, 1)
    found = store.walk(Walk(starts=(activity.id,), steps=(Step(Kind.USED),), depth=1))
    outcomes = {edge.target: edge.attributes[0] for edge in found.edges if edge.role == "verified"}
    assert {one: outcomes[one].lexical for one in ids} == {ids[0]: "fine", ids[1]: "changed"}
    assert [node.properties["verified"] for node in store.get(ids)] == ["fine", "changed"]


def test_a_file_of_another_size_has_changed_also_without_checksum(
    store: GraphStore, tmp_path: Path, verify: Callable[[], dict[str, Outcome]]
) -> None:
    Registering(store).register(ADMIN, [kept(tmp_path, "a", told="")])
    (tmp_path / "a").write_text("longer than before", encoding="ascii")
    assert verify() == {"a": Outcome.CHANGED}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_can_not_be_read_counts_as_missing(
    store: GraphStore, tmp_path: Path, verify: Callable[[], dict[str, Outcome]]
) -> None:
    Registering(store).register(ADMIN, [kept(tmp_path, "a")])
    (tmp_path / "a").chmod(0)
    assert verify() == {"a": Outcome.MISSING}


def test_only_administrators_have_files_read(store: GraphStore, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        Verifying(store, Files(tmp_path)).verify_all(CURIE)
    with pytest.raises(NotFound):
        Verifying(store, Files(tmp_path)).verify(ADMIN, [NodeId(f"{store.namespace}enone")])


# --- annotated


def test_an_annotation_stands_beside_what_was_there(store: GraphStore) -> None:
    done = Registering(store).register(CURIE, [product("crab", **CRAB)], public=True)
    node = NodeId(store.namespace + done.entities[0])
    annotating = Annotating(store)
    pairs = [("quality", Cell("good")), ("http://x.example/#step", Cell("3")), ("obscore:s_ra", Cell("84"))]
    annotating.annotate(CURIE, node, attributes_given(pairs, store, CURIE.viewer), public=True)
    annotating.annotate(RUBIN, node, attributes_given([("quality", "bad")], store, RUBIN.viewer))
    assert record_of(store.get([node])[0].attributes)["s_ra"] == "83.63"
    assert [one.author for one in annotating.annotations(ADMIN, node)] == ["a-curie", "a-rubin"]
    assert [one.author for one in annotating.annotations(CURIE, node)] == ["a-curie"]
    said = {one.key: one.lexical for one in annotating.annotations(CURIE, node)[0].attributes}
    assert said["http://x.example/#step"] == "3"
    assert said[f"{OBSCORE}s_ra"] == "84"


def test_an_annotation_is_found_by_those_who_may_see_it(store: GraphStore) -> None:
    done = Registering(store).register(CURIE, [product("crab")], public=True)
    node = NodeId(store.namespace + done.entities[0])
    Annotating(store).annotate(RUBIN, node, attributes_given([("quality", "bad")], store, RUBIN.viewer))
    question = by_name("search")
    assert question is not None
    for viewer, count in ((RUBIN.viewer, 1), (ADMIN.viewer, 1), (CURIE.viewer, 0)):
        listing = answer(question, {"attribute": ["quality:bad"]}, Asker(store=store, viewer=viewer))
        assert len(listing.items) == count  # type: ignore[attr-defined]  # a Listing


def test_only_who_owns_a_thing_publishes_about_it(store: GraphStore) -> None:
    done = Registering(store).register(CURIE, [product("crab")], public=True)
    node = NodeId(store.namespace + done.entities[0])
    given = (Attribute("urn:x:k", "v"),)
    with pytest.raises(Forbidden):
        Annotating(store).annotate(RUBIN, node, given, public=True)
    with pytest.raises(Unauthenticated):
        Annotating(store).annotate(NOBODY, node, given)
    with pytest.raises(NotFound):
        Annotating(store).annotate(RUBIN, NodeId("urn:x:nothing"), given)
    with pytest.raises(Invalid):
        Annotating(store).annotate(RUBIN, node, ())


@pytest.mark.parametrize(
    ("key", "value"),
    [("a b", "x"), ("", "x"), ("k", "a\0b"), ("k", None), ("k", {}), ("obscore:s_ra", "400"), ("\u202e", "x")],
)
def test_what_can_not_be_kept_is_refused_by_its_key(store: GraphStore, key: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        attributes_given([(key, value)], store, CURIE.viewer)
    assert refused.value.field == key
