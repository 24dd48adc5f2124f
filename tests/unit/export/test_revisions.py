"""The history of a description in every format: revisions, proposals, deeds, and who did them."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from astropy.io import votable
from lxml import etree
from prov.model import ProvDerivation, ProvDocument, ProvRecord

from provstore.export.document import Document, Model
from provstore.export.picture import Form, State, picture_of
from provstore.export.votable_tables import TABLES
from provstore.graph.model import EVERYBODY, Viewer
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from provstore.queries.lineage import Attachments, Question, lineage
from provstore.uws.publishing.revisions import Revision
from tests.publishing_bench import AUTHOR, CURATOR, FIRST, SECOND, THIRD, open_publication

READERS: Final = {"prov-n": "provn", "prov-json": "json", "prov-xml": "xml"}
NAMESPACE: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
HOSTILE: Final = ']]> " \\ <b>&amp;</b> \'%%\' \n\t $ID [x="y"] \u202e 🜨'
ENTITIES: Final = {
    "entity",
    "parameter",
    "configFile",
    *(one.name for one in TABLES if one.name.endswith("Description")),
}
"""Tables whose rows are entities to PROV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A service of three revisions, the last of which was withdrawn."""

    store: GraphStore
    first: Revision
    second: Revision
    third: Revision

    def document(self, *, viewer: Viewer = EVERYBODY, model: Model = Model.IVOA) -> Document:
        question = Question(ids=(self.third.node,), attachments=Attachments(descriptions=2))
        answer = lineage(self.store, question, viewer)
        return Document(
            graph=answer, own_namespace=NAMESPACE, restricted=answer.restricted, truncated=answer.truncated, model=model
        )


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    store = open_sqlite(tmp_path / "graph.sqlite", namespace=NAMESPACE)
    publication = open_publication(store, tmp_path)
    first = publication.publish_file(FIRST)
    assert first is not None
    refused = publication.propose(AUTHOR, THIRD, message=HOSTILE)
    publication.reject(CURATOR, refused.id, message=HOSTILE)
    second, third = (
        publication.accept(CURATOR, publication.propose(AUTHOR, one, message=HOSTILE).id, message=HOSTILE)
        for one in (SECOND, THIRD)
    )
    publication.withdraw(CURATOR, "stack", message=HOSTILE)
    yield History(store=store, first=first, second=second, third=third)
    store.close()


def read(text: str, name: str) -> ProvDocument:
    found = ProvDocument.deserialize(content=text, format=READERS[name])
    assert isinstance(found, ProvDocument)
    return found


def ends(record: ProvRecord) -> tuple[str, ...]:
    return tuple(value.uri.removeprefix(NAMESPACE) for _, value in record.formal_attributes if hasattr(value, "uri"))


@pytest.mark.parametrize("name", READERS)
def test_each_revision_is_derived_from_the_one_before_as_a_revision(name: str, history: History, write: Any) -> None:
    found = read(write(history.document(), name), name)
    derivations = {ends(record): record.get_asserted_types() for record in found.get_records(ProvDerivation)}
    first, second, third = (one.node.removeprefix(NAMESPACE) for one in (history.first, history.second, history.third))
    assert {pair: {kind.uri for kind in kinds} for pair, kinds in derivations.items()} == {
        (third, second): {"http://www.w3.org/ns/prov#Revision"},
        (second, first): {"http://www.w3.org/ns/prov#Revision"},
    }


def test_all_formats_of_prov_say_the_same_of_a_history(history: History, write: Any) -> None:
    one, two, three = (read(write(history.document(), name), name) for name in READERS)
    assert one == two == three


def test_nothing_of_the_servers_own_book_keeping_leaves_it(history: History, write: Any) -> None:
    text = write(history.document(), "prov-json")
    told = {key for kind in json.loads(text).values() for one in kind.values() for key in one if ":" in key}
    ours = {key for key in told if key.startswith("provstore:")}
    assert ours == {
        "provstore:base",
        "provstore:createdAt",
        "provstore:decidedAt",
        "provstore:decision",
        "provstore:label",
        "provstore:message",
        "provstore:publishedAs",
        "provstore:revision",
        "provstore:scriptSha256",
        "provstore:state",
    }


@pytest.mark.parametrize("viewer", [EVERYBODY, Viewer()], ids=["curator", "stranger"])
@pytest.mark.parametrize("model", Model)
def test_a_history_is_valid_by_the_published_schemas(
    history: History, write: Any, schemas: Path, model: Model, viewer: Viewer
) -> None:
    document = history.document(viewer=viewer, model=model)
    for schema, name in (("prov.xsd", "prov-xml"), ("VOTable-1.4.xsd", "votable")):
        parsed = etree.XMLSchema(etree.parse(schemas / schema, etree.XMLParser(no_network=True)))
        parsed.assertValid(etree.fromstring(write(document, name).encode()))
    published = json.loads((schemas / "prov-json.schema.json").read_text(encoding="utf-8"))
    fixed = copy.deepcopy(published)
    fixed["properties"]["wasEndedBy"] = fixed["properties"].pop("wasEndedby")
    validator = jsonschema.validators.validator_for(fixed)(fixed)
    assert list(validator.iter_errors(json.loads(write(document, "prov-json")))) == []


@pytest.mark.parametrize("viewer", [EVERYBODY, Viewer()], ids=["curator", "stranger"])
def test_no_row_of_a_votable_leads_nowhere(history: History, write: Any, viewer: Viewer) -> None:
    found = votable.parse(io.BytesIO(write(history.document(viewer=viewer), "votable").encode()), verify="exception")
    rows = {
        str(table.ID): [dict(zip(table.array.dtype.names, row, strict=True)) for row in table.array]
        for table in found.iter_tables()
    }
    ids = {name: {row[f"{name}.id"] for row in lines} for name, lines in rows.items() if f"{name}.id" in lines[0]}
    entities = set().union(*(ids.get(name, set()) for name in ENTITIES))
    lost = [
        (table.name, column.name, value)
        for table in TABLES
        for row in rows.get(table.name, [])
        for column in table.columns
        if column.target and (value := row[f"{table.name}.{column.name}"])
        if value not in (entities if column.target == "entity" else ids.get(column.target, set()))
    ]
    assert lost == []
    assert len(rows["wasDerivedFrom"]) == 2
    assert len(rows["activityDescription"]) == (5 if viewer.all else 3)


def test_a_picture_shows_the_revisions_and_what_led_to_them(history: History) -> None:
    picture = picture_of(history.document())
    names = {box.id: box.name for box in picture.boxes}
    shown = {(names[one.source], one.relation, names[one.target]) for one in picture.arrows}
    assert shown == {
        ("stack@3", "wasDerivedFrom", "stack@2"),
        ("stack@2", "wasDerivedFrom", "stack@1"),
        ("stack@3", "wasGeneratedBy", "acceptance"),
        ("stack@2", "wasGeneratedBy", "acceptance"),
        ("stack@1", "wasGeneratedBy", "publication"),
        ("acceptance", "used", "stack"),
        ("stack", "wasGeneratedBy", "proposal"),
        ("stack@3", "wasInvalidatedBy", "withdrawal"),
    }
    (last,) = (box for box in picture.boxes if box.name == "stack@3")
    assert (last.form, last.state) == (Form.ENTITY, State.INVALID)
    assert set(last.agents) == {"Vera Rubin", "user -curator", "user a-author"}


def test_a_drawing_of_a_history_is_sound_whatever_the_messages_say(history: History, write: Any) -> None:
    drawn = etree.fromstring(write(history.document(), "svg").encode())
    titles = {str(one.text) for one in drawn.iter("{http://www.w3.org/2000/svg}title")}
    assert {"Entity: stack@1", "Entity: stack@2", "Entity: stack@3", "Activity: acceptance"} <= titles
    assert "stack@3" in write(history.document(), "dot")


@pytest.mark.parametrize("name", READERS)
def test_a_history_without_descriptions_has_no_loose_ends(history: History, write: Any, name: str) -> None:
    found = read(write(history.document(model=Model.W3C), name), name)
    known = {record.identifier.uri for record in found.get_records() if record.is_element() and record.identifier}
    named = {NAMESPACE + end for record in found.get_records() if record.is_relation() for end in ends(record)}
    assert named <= known
