from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from provstore.errors import NotFound
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Subgraph
from provstore.graph.rules import Step
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Condition, Find, GraphStore, Walk
from provstore.uws.agents import PROVSTORE_AGENT
from provstore.uws.catalog import Catalog, find_revision
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.publication import Publication
from provstore.uws.publishing.revisions import REVISION, Revision, part_local
from tests.publishing_bench import AUTHOR, CURATOR, DAWN, FIRST, SECOND, THIRD, Meddled, Ticking, open_publication

NAMESPACE: Final = "urn:t#"
LOOKS: Final = 300
"""After so many looks a catalogue has looked at all."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=NAMESPACE)
    yield opened
    opened.close()


def around(store: GraphStore, start: NodeId, *steps: Step, depth: int = 1) -> Subgraph:
    return store.walk(Walk(starts=(start,), steps=steps, depth=depth))


def descriptions(store: GraphStore) -> tuple[Node, ...]:
    return store.find(Find(condition=Condition(label=Label.ACTIVITY_DESCRIPTION))).items


@pytest.fixture
def publication(store: GraphStore, tmp_path: Path) -> Publication:
    return open_publication(store, tmp_path)


def published(publication: Publication, description: Description = FIRST) -> Revision:
    """Publish what was not published before."""
    made = publication.publish_file(description)
    assert made is not None
    return made


def test_what_is_published_is_the_newest_revision_and_can_be_had_by_name(
    publication: Publication, store: GraphStore
) -> None:
    made = published(publication)
    catalog = publication.catalog
    assert (made.name, made.number, made.description) == ("stack@1", 1, FIRST)
    assert catalog.newest("stack") == catalog.revision("stack@1") == catalog.revision("stack") == made
    assert catalog.services() == (made,)
    assert Catalog(store).newest("stack") == made


def test_publishing_the_same_twice_is_no_new_revision(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    published(publication)
    assert publication.publish_file(FIRST) is None
    assert open_publication(store, tmp_path).publish_file(FIRST) is None
    assert len(descriptions(store)) == 1


def test_a_change_is_the_second_revision_derived_from_the_first(publication: Publication, store: GraphStore) -> None:
    first, second = published(publication), published(publication, SECOND)
    catalog = publication.catalog
    assert (second.name, catalog.newest("stack")) == ("stack@2", second)
    (relation,) = around(store, second.node, Step(Kind.WAS_DERIVED_FROM)).edges
    assert (relation.source, relation.target, relation.attributes) == (second.node, first.node, (REVISION,))
    assert catalog.revision("stack@1") == first == find_revision(store, "stack@1")
    assert Catalog(store).revision("stack@1") == first
    assert catalog.history("stack") == (second, first)


def test_a_file_is_published_by_the_server_itself(publication: Publication, store: GraphStore) -> None:
    made = published(publication)
    (generation,) = around(store, made.node, Step(Kind.WAS_GENERATED_BY)).edges
    (association,) = around(store, generation.target, Step(Kind.WAS_ASSOCIATED_WITH)).edges
    assert (association.target, association.role) == (NAMESPACE + PROVSTORE_AGENT, "Publisher")
    assert (made.author, made.validator) == ("", "")
    assert {edge.role for edge in around(store, made.node, Step(Kind.WAS_ATTRIBUTED_TO)).edges} == {"contact"}


def test_an_old_content_is_not_published_again_over_a_newer_one(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    published(publication)
    published(publication, SECOND)
    assert open_publication(store, tmp_path).publish_file(FIRST) is None
    assert Catalog(store).newest("stack").name == "stack@2"


def test_a_restart_does_not_override_what_a_curator_accepted(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    published(publication)
    accepted = publication.accept(CURATOR, publication.propose(AUTHOR, SECOND).id)
    restarted = open_publication(store, tmp_path)
    assert restarted.publish_file(FIRST) is None
    assert Catalog(store).offered("stack") == accepted


def test_a_file_that_says_what_no_revision_ever_said_is_published(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    published(publication)
    publication.accept(CURATOR, publication.propose(AUTHOR, SECOND).id)
    made = open_publication(store, tmp_path).publish_file(THIRD)
    assert made == Catalog(store).offered("stack")
    assert made is not None
    assert made.name == "stack@3"


def test_a_restart_does_not_bring_back_what_was_withdrawn(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    published(publication)
    publication.withdraw(CURATOR, "stack")
    restarted = open_publication(store, tmp_path)
    assert restarted.publish_file(FIRST) is None
    assert Catalog(store).services() == ()


def test_services_are_given_by_name_each_in_its_newest_revision(publication: Publication, store: GraphStore) -> None:
    for description in (FIRST, replace(FIRST, name="copy"), SECOND):
        published(publication, description)
    assert [one.name for one in publication.catalog.services()] == ["copy@1", "stack@2"]
    assert [one.name for one in Catalog(store).services()] == ["copy@1", "stack@2"]


def test_another_process_sees_a_revision_after_its_next_look(publication: Publication, store: GraphStore) -> None:
    other = Catalog(store)
    published(publication)
    with pytest.raises(NotFound, match="no service 'stack'; known services: none"):
        other.newest("stack")
    assert other.revision("stack@1").description == FIRST
    other.refresh()
    assert other.newest("stack").number == 1
    publication.withdraw(CURATOR, "stack")
    assert other.services() != ()
    other.refresh()
    assert other.services() == ()


def test_what_another_process_writes_with_a_clock_behind_ours_is_seen_all_the_same(
    publication: Publication, store: GraphStore, tmp_path: Path
) -> None:
    late = open_publication(store, tmp_path, clock=Ticking(at=DAWN - timedelta(days=3)))
    published(publication, replace(FIRST, name="copy"))
    here = Catalog(store)
    published(late)
    for _ in range(LOOKS):
        here.refresh()
    assert here.offered("stack").name == "stack@1"


def test_a_look_does_not_read_again_what_is_known(publication: Publication, store: GraphStore) -> None:
    for number in range(5):
        published(publication, replace(FIRST, name=f"s{number}"))
    watched = Meddled(store)
    catalog = Catalog(watched)
    assert watched.whole == 5
    for _ in range(3):
        catalog.refresh()
    assert watched.whole == 5
    published(publication, replace(SECOND, name="s0"))
    catalog.refresh()
    assert watched.whole == 6


@pytest.mark.parametrize("name", ["stack@2", "stack@0", "stack@", "stack@x", "stack@1.0", "stack@01", "no@1", "@", ""])
def test_a_revision_that_never_was_is_not_found(publication: Publication, name: str) -> None:
    published(publication)
    with pytest.raises(NotFound):
        publication.catalog.revision(name)


def test_a_revision_of_more_digits_than_a_number_may_have_is_not_found(store: GraphStore) -> None:
    with pytest.raises(NotFound):
        Catalog(store).revision(f"stack@{'9' * 5000}")


def test_the_parts_of_a_revision_are_nodes_that_everybody_sees(publication: Publication, store: GraphStore) -> None:
    made = published(publication)
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
    entity = {"name": "image", "content_type": "image/fits", "url": "file://$ID"}
    assert found[ids["usage-entity image"]].properties == entity


def test_the_contact_is_an_agent_shared_by_what_he_answers_for(publication: Publication, store: GraphStore) -> None:
    made = [published(publication, one) for one in (FIRST, SECOND)]
    contacts = {
        one.node.id: one.node.properties
        for revision in made
        for one in around(store, revision.node, Step(Kind.WAS_ATTRIBUTED_TO)).reached
        if Label.AGENT in one.node.labels
    }
    assert list(contacts.values()) == [{"name": "Vera Rubin", "email": "vera@example.org"}]


def test_a_description_without_contact_has_none(publication: Publication, store: GraphStore) -> None:
    made = published(publication, replace(FIRST, contact_name=""))
    assert around(store, made.node, Step(Kind.WAS_ATTRIBUTED_TO)).edges == ()
