"""Who made something, by which methods, with which configuration; and all of it to be read."""

from __future__ import annotations

from typing import Any

import pytest

from provstore.errors import NotFound
from provstore.graph.model import Kind
from provstore.graph.store import GraphStore
from provstore.queries.answers import Text
from tests.contract.graph_builders import activity, add, agent, entity, relation
from tests.unit.queries.questions.scene import ANYBODY, EX, ask, bring, local, locals_of, survey, tell


def credited(found: Any) -> dict[str, tuple[list[str], bool]]:
    return {one["label"]: (one["roles"], one["inherited"]) for one in found["items"]}


def test_everybody_is_credited_with_roles_own_or_inherited(store: GraphStore) -> None:
    survey(store)
    assert credited(tell(store, "who", id="clean3")) == {
        "Vera Rubin": (["Operator", "contact"], False),
    }
    found = tell(store, "who", id="deep")
    assert credited(found) == {
        "Alice": (["Operator"], False),
        "Observatory": ([], False),
        "Vera Rubin": (["contact"], True),
    }
    vera = next(one for one in found["items"] if one["label"] == "Vera Rubin")
    assert vera["email"] == "vera@example.org"
    assert [(local(one["of"]), one["relation"], one["inherited"]) for one in vera["contributions"]] == [
        ("d-cal-1", "WAS_ATTRIBUTED_TO", True)
    ]


def test_agents_of_documents_are_credited_with_what_is_told_of_them(store: GraphStore) -> None:
    bring(
        store,
        """wasGeneratedBy(ex:out, ex:work, -)
        wasAssociatedWith(ex:work, ex:ann, -, [prov:role="ex:author"])
        actedOnBehalfOf(ex:ann, ex:lab)
        wasAttributedTo(ex:in, ex:bob)
        used(ex:work, ex:in, -)
        agent(ex:ann, [prov:type='prov:Person', ex:email="ann@example.org", prov:label="Ann"])""",
    )
    found = tell(store, "who", id=f"{EX}out")
    assert credited(found) == {"Ann": (["author"], False), "lab": ([], False), "bob": ([], True)}
    assert (found["items"][0]["email"], found["items"][0]["type"]) == ("ann@example.org", "Person")


def test_agents_come_in_pages(store: GraphStore) -> None:
    survey(store)
    first = tell(store, "who", id="deep", limit=2)
    assert locals_of(first["items"]) == ["alice", "site"]
    assert locals_of(tell(store, "who", id="deep", limit=2, after=first["next"])["items"]) == ["vera"]


def test_methods_come_with_version_documentation_and_hash(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "methods", id="deep")
    told = [(one["revision"], one["version"], one["docurl"], one["count"]) for one in found["items"]]
    assert told == [
        ("stack@1", "1.0", "https://example.org/stack", 1),
        ("cal@1", "1.0", "https://example.org/cal", 1),
        ("cal@2", "2.0", "https://example.org/cal", 1),
    ]
    assert found["items"][1]["script_sha256"] == "1" * 64
    assert [local(one) for one in found["items"][2]["activities"]] == ["cal2"]


def test_an_activity_without_description_is_its_own_method(store: GraphStore) -> None:
    bring(store, 'activity(ex:work, -, -, [ex:version="3"])\nwasGeneratedBy(ex:out, ex:work, -)')
    (only,) = tell(store, "methods", id=f"{EX}out")["items"]
    assert (only["label"], only["described"], only["version"]) == ("work", False, "3")


def test_the_configuration_tells_given_from_default_and_where_it_ran(store: GraphStore) -> None:
    survey(store)
    (one,) = tell(store, "configuration", id="cal1")["items"]
    assert [(each["name"], each["value"], each["given"], each["unit"]) for each in one["parameters"]] == [
        ("threshold", "5", False, "K")
    ]
    assert (one["environment"]["host"], one["environment"]["service"]) == ("node7", "cal")
    (same,) = tell(store, "configuration", id="clean1")["items"]
    assert same == one
    with pytest.raises(NotFound, match="none is known that made it"):
        tell(store, "configuration", id="raw1")


def test_the_configuration_of_a_document_s_activity_is_what_is_told_of_it(store: GraphStore) -> None:
    bring(store, 'activity(ex:work, -, -, [ex:step="3" %% xsd:int])')
    (one,) = tell(store, "configuration", id=f"{EX}work")["items"]
    assert one["environment"] == {"step": "3"}


def test_the_report_tells_sources_steps_and_people_in_order(store: GraphStore) -> None:
    survey(store)
    found = ask(store, "report", id="deep")
    assert isinstance(found, Text)
    lines = found.text.splitlines()
    assert lines[0] == "# How deep was made"
    heads = [line for line in lines if line.startswith("## ")]
    assert heads == ["## Sources", "## Steps", "## People, organizations and software"]
    steps = [line for line in lines if "**" in line]
    assert [line.partition(" (")[0] for line in steps] == ["1. **cal**", "2. **cal**", "3. **stack**"]
    assert steps[0] == "1. **cal** (began 2026-01-01T00:11:00Z, took 120 s, on node7)"
    assert "   - parameter: threshold = 5 K (default)" in lines
    assert "- Vera Rubin <vera@example.org>: contact (of what it was made of)" in lines
    assert "   - used: raw1.fits as raw" in lines


def test_a_stranger_s_words_stay_words_in_a_report(store: GraphStore) -> None:
    hostile = "a\n# head <script>*bold*`x`\u202e"
    add(store, entity("e", name=hostile), activity("a", name=hostile), agent("p", name=hostile))
    add(store, relation(Kind.WAS_GENERATED_BY, "e", "a"), relation(Kind.WAS_ASSOCIATED_WITH, "a", "p", role=hostile))
    text = ask(store, "report", id="e").text
    assert "\n# head" not in text
    assert "\\<script\\>\\*bold\\*\\`x\\`" in text
    assert "\u202e" not in text


def test_what_may_not_be_seen_is_not_told(store: GraphStore) -> None:
    survey(store)
    text = ask(store, "report", ANYBODY, id="deep").text
    assert "raw2" not in text
    assert "Something that you may not see was left out." in text
    hidden = frozenset({"user:bob"})
    add(store, agent("ghost", name="Ghost", readers=hidden))
    add(store, relation(Kind.WAS_ASSOCIATED_WITH, "stack", "ghost", role="Secret"))
    assert "Ghost" not in str(tell(store, "who", ANYBODY, id="deep"))
    assert "Ghost" not in ask(store, "report", ANYBODY, id="deep").text
    assert "Ghost" in str(tell(store, "who", id="deep"))
