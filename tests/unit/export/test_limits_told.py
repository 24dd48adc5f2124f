"""Every format can say that an answer is not whole."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from astropy.io import votable as astropy_votable
from lxml import etree
from prov.model import ProvDocument

from provstore.export.document import Document, Model
from provstore.export.registry import FORMATS
from provstore.graph.model import PROVSTORE
from tests.unit.export.conftest import MakeGraph, MakeNode, Write

NOTE = "nothing is known of ex:nowhere <&\"'>"
DRAWN = frozenset({"svg", "dot", "png"})


@pytest.fixture
def cut(document: MakeGraph, node: MakeNode) -> Document:
    given = [node("e1", "Entity Dataset", name="one")]
    return document(given, [], truncated=True, restricted=True, notes=(NOTE,))


@pytest.mark.parametrize("model", list(Model))
@pytest.mark.parametrize("name", [form.name for form in FORMATS if form.name not in DRAWN])
def test_a_format_says_that_more_was_there_and_that_something_is_hidden(
    cut: Document, write: Write, name: str, model: Model
) -> None:
    told = write(replace(cut, model=model), name)
    assert [word for word in ("truncated", "restricted", "nothing is known of ex:nowhere") if word not in told] == []


@pytest.mark.parametrize("name", ["svg", "dot"])
def test_a_picture_says_so_below_its_title(cut: Document, write: Write, name: str) -> None:
    told = write(cut, name)
    for words in ("Truncated: there is more than is shown here.", "Restricted: ", "nothing is known of ex:nowhere"):
        assert words in told


def test_a_picture_is_still_well_formed(cut: Document, write: Write) -> None:
    assert etree.fromstring(write(cut, "svg").encode()).tag.endswith("svg")


@pytest.mark.parametrize(("name", "reader"), [("prov-json", "json"), ("prov-xml", "xml")])
def test_other_readers_find_the_entity_that_tells_it(cut: Document, write: Write, name: str, reader: str) -> None:
    document = ProvDocument.deserialize(content=write(cut, name), format=reader)
    (answer,) = document.get_record(f"{PROVSTORE}answer")
    told = {key.uri: str(value) for key, value in answer.attributes}
    assert told[f"{PROVSTORE}truncated"].lower() == "true"
    assert told[f"{PROVSTORE}restricted"].lower() == "true"
    assert told[f"{PROVSTORE}note"] == NOTE


def test_a_votable_tells_it_in_info(cut: Document, write: Write) -> None:
    (resource,) = astropy_votable.parse(io.BytesIO(write(cut, "votable").encode())).resources
    found = {info.name: info.value for info in resource.infos}
    assert (found["truncated"], found["restricted"], found["note"]) == ("true", "true", NOTE)


def test_cytoscape_and_crates_tell_it_where_their_readers_look(cut: Document, write: Write) -> None:
    assert json.loads(write(cut, "cytoscape"))["data"]["truncated"] is True
    crate = json.loads(write(cut, "ro-crate"))
    (root,) = [one for one in crate["@graph"] if one["@id"] == "./"]
    assert NOTE in root["description"]
