from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import Invalid, NotFound
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Subgraph
from provstore.graph.rules import Step
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Condition, Find, GraphStore, Update, Walk
from provstore.uws.catalog import Catalog, find_revision, part_local
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used

FIRST = Description(
    name="stack",
    label="Stack",
    version="1",
    contact_name="Vera Rubin",
    contact_email="vera@example.org",
    script="true\n",
    parameters=(ParameterDefinition(name="threshold", datatype="double", unit="K", min="0", default="5"),),
    used=(Used(name="image", role="science", content_types=("image/fits", "image/png")),),
    generated=(Generated(name="stacked", default="s.fits", content_type="image/fits"),),
)
SECOND = replace(FIRST, script="false\n")
NAMESPACE = "urn:t#"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=NAMESPACE)
    yield opened
    opened.close()


def around(store: GraphStore, start: NodeId, *steps: Step, depth: int = 1) -> Subgraph:
    return store.walk(Walk(starts=(start,), steps=steps, depth=depth))


def descriptions(store: GraphStore) -> tuple[Node, ...]:
    return store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION))).items


def test_what_is_published_is_the_newest_revision_and_can_be_had_by_name(store: GraphStore) -> None:
    catalog = Catalog(store)
    made = catalog.publish(FIRST)
    assert made is not None
    assert (made.name, made.number, made.description) == ("stack@1", 1, FIRST)
    assert catalog.newest("stack") == catalog.revision("stack@1") == made
    assert catalog.services() == (made,)
    assert Catalog(store).newest("stack") == made


def test_publishing_the_same_twice_is_no_new_revision(store: GraphStore) -> None:
    catalog = Catalog(store)
    catalog.publish(FIRST)
    assert catalog.publish(FIRST) is None
    assert Catalog(store).publish(FIRST) is None
    assert len(descriptions(store)) == 1


def test_a_change_is_the_second_revision_joined_to_the_first(store: GraphStore) -> None:
    catalog = Catalog(store)
    first, second = catalog.publish(FIRST), catalog.publish(SECOND)
    assert first is not None
    assert second is not None
    assert (second.name, catalog.newest("stack")) == ("stack@2", second)
    (relation,) = around(store, second.node, Step(Kind.IS_RELATED_TO)).edges
    assert (relation.source, relation.target, relation.role) == (second.node, first.node, "wasRevisionOf")
    assert catalog.revision("stack@1") == first == find_revision(store, "stack@1")
    assert Catalog(store).revision("stack@1") == first


def test_an_old_content_is_not_published_again_over_an_accepted_edit(store: GraphStore) -> None:
    Catalog(store).publish(FIRST)
    Catalog(store).publish(SECOND)
    assert Catalog(store).publish(FIRST) is None
    assert Catalog(store).newest("stack").name == "stack@2"


def test_services_are_given_by_name_each_in_its_newest_revision(store: GraphStore) -> None:
    catalog = Catalog(store)
    for description in (FIRST, replace(FIRST, name="copy"), SECOND):
        catalog.publish(description)
    assert [one.name for one in catalog.services()] == ["copy@1", "stack@2"]
    assert [one.name for one in Catalog(store).services()] == ["copy@1", "stack@2"]


def test_another_process_sees_a_revision_after_reading_anew(store: GraphStore) -> None:
    other = Catalog(store)
    Catalog(store).publish(FIRST)
    with pytest.raises(NotFound, match="no service 'stack'; known services: none"):
        other.newest("stack")
    assert other.revision("stack@1").description == FIRST
    other.reload()
    assert other.newest("stack").number == 1


@pytest.mark.parametrize(
    "name", ["stack@2", "stack@0", "stack", "stack@", "stack@x", "stack@1.0", "stack@01", "no@1", "@", ""]
)
def test_a_revision_that_never_was_is_not_found(store: GraphStore, name: str) -> None:
    catalog = Catalog(store)
    catalog.publish(FIRST)
    with pytest.raises(NotFound):
        catalog.revision(name)


def test_a_revision_of_more_digits_than_a_number_may_have_is_not_found(store: GraphStore) -> None:
    with pytest.raises(NotFound):
        Catalog(store).revision(f"stack@{'9' * 5000}")


def test_the_parts_of_a_revision_are_nodes_that_everybody_sees(store: GraphStore) -> None:
    made = Catalog(store).publish(FIRST)
    assert made is not None
    parts = around(store, made.node, Step(Kind.IS_RELATED_TO, backwards=True), depth=2)
    found = {one.node.id: one.node for one in parts.reached}
    labels = {
        "parameter threshold": Label.PARAMETER_DESCRIPTION,
        "usage image": Label.USAGE_DESCRIPTION,
        "usage-entity image": Label.ENTITY_DESCRIPTION,
        "generation stacked": Label.GENERATION_DESCRIPTION,
        "generation-entity stacked": Label.ENTITY_DESCRIPTION,
    }
    ids = {part: NodeId(NAMESPACE + part_local(made.node, *part.split())) for part in labels}
    assert {part: found[node].labels for part, node in ids.items()} == {
        part: frozenset({label}) for part, label in labels.items()
    }
    assert set(found) == {made.node, *ids.values()}
    assert all(node.readers == {PUBLIC} for node in found.values())
    assert found[ids["parameter threshold"]].properties == {
        "name": "threshold",
        "value_type": "double",
        "unit": "K",
        "min": "0",
        "default": "5",
    }
    assert found[ids["usage image"]].properties["content_type"] == "image/fits,image/png"
    assert found[ids["usage-entity image"]].properties == {"name": "image", "content_type": "image/fits"}


def test_the_contact_is_an_agent_shared_by_what_he_answers_for(store: GraphStore) -> None:
    catalog = Catalog(store)
    made = [catalog.publish(FIRST), catalog.publish(SECOND)]
    contacts = {
        one.node.id: one.node.properties
        for revision in made
        if revision
        for one in around(store, revision.node, Step(Kind.WAS_ATTRIBUTED_TO)).reached
        if Label.AGENT in one.node.labels
    }
    assert list(contacts.values()) == [{"name": "Vera Rubin", "email": "vera@example.org"}]


def test_a_description_without_contact_has_none(store: GraphStore) -> None:
    made = Catalog(store).publish(replace(FIRST, contact_name=""))
    assert made is not None
    assert around(store, made.node, Step(Kind.WAS_ATTRIBUTED_TO)).edges == ()


def test_a_description_changed_by_hand_is_refused_loudly(store: GraphStore) -> None:
    made = Catalog(store).publish(FIRST)
    assert made is not None
    store.write([Update(node=made.node, expected={}, put={"definition": None})])
    with pytest.raises(Invalid, match="the graph was changed by hand"):
        Catalog(store)
