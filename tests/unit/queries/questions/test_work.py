"""What is stale, what was done before, and what is known of bytes one has in hand."""

from __future__ import annotations

from typing import Any

import pytest

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Attribute, Kind, Relation
from provstore.graph.store import GraphStore, Update
from tests.contract.graph_builders import add, at, entity, nid, relation
from tests.unit.queries.questions.scene import ANYBODY, EX, bring, local, locals_of, survey, tell

REVISION = (Attribute("http://www.w3.org/ns/prov#type", "prov:Revision"),)


def revises(newer: str, older: str) -> Relation:
    return relation(Kind.WAS_DERIVED_FROM, newer, older)._replace(attributes=REVISION)


def reasons(found: Any) -> dict[str, list[tuple[str, str, int]]]:
    return {
        local(one["id"]): [(each["why"], local(each["id"]), each["distance"]) for each in one["reasons"]]
        for one in found["items"]
    }


def test_products_of_a_superseded_description_are_stale_at_any_distance(store: GraphStore) -> None:
    survey(store)
    superseded = "description superseded"
    assert reasons(tell(store, "stale")) == {
        "clean1": [(superseded, "d-cal-1", 1)],
        "clean3": [(superseded, "d-cal-1", 1)],
        "deep": [(superseded, "d-cal-1", 2)],
    }
    found = tell(store, "stale", id="clean1")
    assert [local(one) for one in found["items"][0]["reasons"][0]["by"]] == ["d-cal-2"]
    assert local(found["items"][0]["job"]) == "cal1"
    assert list(reasons(tell(store, "stale", service="stack"))) == ["deep"]
    assert reasons(tell(store, "stale", id="deep", depth=1)) == {}


def test_products_of_a_replaced_or_invalidated_input_are_stale(store: GraphStore) -> None:
    survey(store)
    add(store, entity("raw2b", name="raw2b.fits"), revises("raw2b", "raw2"))
    add(store, relation(Kind.WAS_INVALIDATED_BY, "flat", "cal3"))
    found = reasons(tell(store, "stale", id="clean2"))
    assert sorted(found["clean2"]) == [("input invalidated", "flat", 1), ("input replaced", "raw2", 1)]


def test_what_is_made_of_the_new_input_is_not_stale_because_of_the_old(store: GraphStore) -> None:
    add(store, *(entity(one) for one in ("old", "new", "product")))
    add(store, revises("new", "old"), relation(Kind.WAS_DERIVED_FROM, "product", "new"))
    assert tell(store, "stale", id="product")["items"] == []


def test_files_that_went_with_an_expired_job_are_told_only_if_asked_for(store: GraphStore) -> None:
    survey(store)
    store.write(
        [
            Update(node=nid("cal2"), expected={}, put={"phase": "ARCHIVED"}),
            Update(node=nid("clean2"), expected={}, put={"invalidated_at": at(70)}),
            Update(node=nid("d-cal-1"), expected={}, put={"revised_at": None}),
        ]
    )
    superseded = [("description superseded", "d-cal-1", 2)]
    assert reasons(tell(store, "stale", id="deep")) == {"deep": superseded}
    found = reasons(tell(store, "stale", id="deep", expired="true"))
    assert sorted(found["deep"]) == sorted([*superseded, ("input expired", "clean2", 1)])


def test_what_was_replaced_itself_is_told_only_if_asked_for(store: GraphStore) -> None:
    survey(store)
    add(store, entity("clean1b"), revises("clean1b", "clean1"))
    assert tell(store, "stale", id="clean1")["items"] == []
    assert list(reasons(tell(store, "stale", id="clean1", all="true"))) == ["clean1"]


def test_stale_products_come_page_by_page(store: GraphStore) -> None:
    survey(store)
    found: list[str] = []
    after: dict[str, object] = {}
    for _ in range(10):
        page = tell(store, "stale", limit=1, **after)
        found += locals_of(page["items"])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == ["clean1", "deep", "clean3"]


def test_jobs_with_equal_inputs_parameters_and_revision_did_the_same(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "same-work", id="cal1")
    assert locals_of(found["items"]) == ["cal3"]
    assert found["items"][0]["offered"]
    assert [local(one["id"]) for one in found["items"][0]["results"]] == ["clean3"]
    assert locals_of(tell(store, "same-work", id="cal3")["items"]) == ["cal1"]
    assert tell(store, "same-work", id="cal2")["items"] == []


def test_results_that_are_gone_are_not_offered(store: GraphStore) -> None:
    survey(store)
    store.write([Update(node=nid("clean3"), expected={}, put={"invalidated_at": at(70)})])
    assert tell(store, "same-work", id="cal1")["items"] == []
    (found,) = tell(store, "same-work", id="cal1", all="true")["items"]
    assert (local(found["id"]), found["offered"]) == ("cal3", False)


def test_equal_bytes_are_equal_inputs(store: GraphStore) -> None:
    survey(store)
    add(store, entity("copy", name="copy.fits", sha256="sum-raw1"))
    found = tell(store, "same-work", description="cal@1", input=["copy", "flat"], parameter="threshold:5")
    assert sorted(locals_of(found["items"])) == ["cal1", "cal3"]


def test_work_that_is_thought_of_may_leave_defaults_out(store: GraphStore) -> None:
    survey(store)
    assert locals_of(tell(store, "same-work", description="cal@1", input=["raw1", "flat"])["items"]) == ["cal1"]
    assert tell(store, "same-work", description="cal@2", input=["raw1", "flat"])["items"] == []
    with pytest.raises(Invalid, match="or description with parameter and input"):
        tell(store, "same-work")
    with pytest.raises(Invalid, match="name:value is needed"):
        tell(store, "same-work", description="cal@1", parameter="threshold")
    with pytest.raises(NotFound):
        tell(store, "same-work", id="flat")


def test_entities_are_found_by_any_checksum_place_or_name(store: GraphStore) -> None:
    survey(store)
    assert locals_of(tell(store, "entities", sha256="sum-clean1")["items"]) == ["clean1", "clean3"]
    assert locals_of(tell(store, "entities", md5="00FF")["items"]) == ["raw1"]
    assert locals_of(tell(store, "entities", checksum="md5:00ff")["items"]) == ["raw1"]
    assert locals_of(tell(store, "entities", location="files/raw1.fits")["items"]) == ["raw1"]
    assert locals_of(tell(store, "entities", name="flat.fits")["items"]) == ["flat"]
    assert locals_of(tell(store, "entities", sha256="sum-clean1", name="clean3")["items"]) == ["clean3"]
    assert tell(store, "entities", sha256="sum-raw1", content_type="image/fits")["items"] == []
    assert locals_of(tell(store, "entities", content_type="image/fits", limit=1)["items"]) == ["clean1"]


def test_checksums_that_documents_tell_are_found(store: GraphStore) -> None:
    bring(store, 'entity(ex:file, [ex:sha1="abc", prov:location="ftp://x/y,z"])')
    assert locals_of(tell(store, "entities", sha1="ABC")["items"]) == ["file"]
    assert locals_of(tell(store, "entities", location="ftp://x/y,z")["items"]) == ["file"]
    (found,) = tell(store, "entities", sha1="abc", fields="attributes")["items"]
    assert found["attributes"][f"{EX}sha1"] == "abc"


def test_entities_that_may_not_be_seen_are_absent(store: GraphStore) -> None:
    survey(store)
    assert tell(store, "entities", ANYBODY, sha256="sum-raw2")["items"] == []
    with pytest.raises(Invalid, match="checksum='md5'"):
        tell(store, "entities", checksum="md5")
    with pytest.raises(Invalid, match="is needed"):
        tell(store, "entities")
