"""ProvSAP over HTTP: every parameter and synonym, formats, and what is told of a wrong request."""

from __future__ import annotations

import json

import pytest

from provstore.export.registry import by_name
from tests.web.chains import Chain
from tests.web.documents import votable_error
from tests.web.provsap_answers import PLACE, ask, of_type, pairs, things
from tests.web.served import Served, job_id, told


@pytest.fixture
def stacked(chain: Chain) -> str:
    return chain.entity(chain.second, "stacked")


@pytest.fixture
def output(chain: Chain) -> str:
    return chain.entity(chain.first, "output")


# --- parameters


def test_the_default_is_one_step_back_in_prov_json(chain: Chain, stacked: str, output: str) -> None:
    answer = ask(chain.served, stacked)
    observation = next(name for name in things(answer) if name not in {stacked, output, job_id(chain.second)})
    assert things(answer) == {stacked, output, job_id(chain.second), observation}
    assert pairs(answer, "wasGeneratedBy") == {(stacked, job_id(chain.second))}
    assert pairs(answer, "wasDerivedFrom") == {(stacked, output), (stacked, observation)}
    assert "used" not in answer, "nothing was crossed from the outermost nodes"
    assert answer == ask(chain.served, stacked, DEPTH="1", DIRECTION="BACK", RESPONSEFORMAT="PROV-JSON", MODEL="IVOA")


def test_beside_things_stand_agents_and_configuration_and_no_descriptions(chain: Chain, stacked: str) -> None:
    answer = ask(chain.served, stacked)
    assert len(answer["agent"]) >= 2
    assert len(of_type(answer, "Parameter")) == 4  # three of the service, one key of its configuration file
    assert len(of_type(answer, "ConfigFile")) == 1
    assert of_type(answer, "ActivityDescription") == set()


def test_each_switch_shows_what_it_says(chain: Chain, stacked: str) -> None:
    assert "agent" not in ask(chain.served, stacked, AGENTS=0, DESCRIPTIONS=2)
    bare = ask(chain.served, stacked, CONFIGURATION=0)
    assert of_type(bare, "Parameter") | of_type(bare, "ConfigFile") == set()
    one = ask(chain.served, stacked, DESCRIPTIONS=1)
    assert of_type(one, "ActivityDescription") == {chain.description}
    assert "Vera Rubin" in json.dumps(one["agent"])
    assert of_type(one, "UsageDescription") == set()
    two = ask(chain.served, stacked, DESCRIPTIONS=2)
    for kind in ("UsageDescription", "GenerationDescription", "ParameterDescription", "EntityDescription"):
        assert of_type(two, kind), kind


def test_depth_counts_relations_and_job_and_files_are_one_step_each(chain: Chain, stacked: str, output: str) -> None:
    assert things(ask(chain.served, stacked, DEPTH=0)) == {stacked}
    two = ask(chain.served, stacked, DEPTH=2)
    assert job_id(chain.first) in things(two)
    everything = things(ask(chain.served, stacked, DEPTH="all"))
    assert things(two) == everything
    assert everything == things(ask(chain.served, stacked, depth="9" * 5000))
    assert output in everything


@pytest.mark.parametrize("forth", ["FORTH", "forward", "Forward"])
def test_directions_have_synonyms_in_any_case(chain: Chain, output: str, stacked: str, forth: str) -> None:
    answer = ask(chain.served, output, direction=forth, depth="ALL")
    assert things(answer) == {output, job_id(chain.second), stacked, chain.entity(chain.second, "log")}


def test_both_is_the_union_of_both_ways_without_siblings(chain: Chain, output: str, stacked: str) -> None:
    ways = [ask(chain.served, output, DIRECTION=one, DEPTH="ALL") for one in ("BACK", "FORTH", "BOTH")]
    assert things(ways[2]) == things(ways[0]) | things(ways[1])
    siblings = ask(chain.served, stacked, DIRECTION="BOTH", DEPTH="ALL")
    assert chain.entity(chain.second, "log") not in things(siblings)


def test_the_w3c_model_has_no_descriptions_and_uses_parameters(chain: Chain, stacked: str) -> None:
    answer = ask(chain.served, job_id(chain.second), MODEL="w3c", DESCRIPTIONS=2)
    assert of_type(answer, "ActivityDescription") == set()
    assert "wasInfluencedBy" not in answer
    threshold = f"{job_id(chain.second)}.threshold"
    assert (job_id(chain.second), threshold) in pairs(answer, "used")
    assert stacked not in things(answer)


def test_values_and_names_are_read_in_any_case_and_ids_are_not(chain: Chain, stacked: str) -> None:
    strict = ask(chain.served, stacked, DEPTH="ALL", AGENTS="1", MEMBERS="TRUE", MODEL="W3C")
    loose = chain.served.anonymous.get(f"{PLACE}?iD={stacked}&dePth=all&agents=True&members=1&model=w3C&Agent=false")
    assert loose.json == strict
    assert chain.served.anonymous.get(f"{PLACE}?ID={stacked.upper()}").status_code == 404


def test_what_old_clients_send_is_taken_and_has_no_effect(chain: Chain, stacked: str) -> None:
    assert ask(chain.served, stacked, STEPS="TRUE", GD="LR") == ask(chain.served, stacked)


def test_ids_are_taken_in_every_spelling_and_by_post(chain: Chain, stacked: str) -> None:
    expected = ask(chain.served, stacked)
    for spelling in (f"id:{stacked}", chain.served.node(stacked)):
        assert ask(chain.served, spelling) == expected
    answer = chain.served.anonymous.post(f"{PLACE}?depth=1", data={"ID": [stacked, f"id:{stacked}"]})
    assert answer.json == expected


def test_many_ids_are_taken_by_post(chain: Chain, stacked: str) -> None:
    answer = chain.served.anonymous.post(PLACE, data={"ID": [stacked, *(f"e{number}" for number in range(1500))]})
    assert answer.status_code == 200
    assert answer.json is not None
    notes = answer.json["entity"].pop("provstore:answer")["provstore:note"]
    assert len(notes) == 101
    assert notes[-1] == "nor of 1400 others"
    assert answer.json["activity"] == ask(chain.served, stacked)["activity"]


# --- formats


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        *((synonym, "svg") for synonym in ("PROV-SVG", "GRAPH", "svg", "image/svg%2Bxml", "image/svg+xml")),
        *((synonym, "votable") for synonym in ("VOTABLE", "prov-votable", "application/x-votable+xml")),
        *((synonym, "prov-xml") for synonym in ("PROV-XML", "xml", "text/xml", "application/provenance+xml")),
        *((synonym, "prov-n") for synonym in ("PROV-N", "prov-n", "text/provenance-notation;charset=utf-8")),
        *((synonym, "prov-json") for synonym in ("PROV-JSON", "JSON", "application/json")),
        *((synonym, "prov-jsonld") for synonym in ("PROV-JSONLD", "prov-jsonld", "application/ld%2Bjson")),
        *((synonym, "turtle") for synonym in ("PROV-TURTLE", "turtle", "text/turtle", "application/x-turtle")),
        *((synonym, "trig") for synonym in ("TRIG", "application/trig")),
        *((synonym, "ro-crate") for synonym in ("RO-CRATE", 'application/ld+json;profile="https://w3id.org/ro/crate"')),
        ("CYTOSCAPE", "cytoscape"),
        ("VOPROV-JSON", "voprov-json"),
        ("VOPROV-XML", "voprov-xml"),
    ],
)
def test_formats_have_names_synonyms_and_types(chain: Chain, stacked: str, wanted: str, name: str) -> None:
    answer = chain.served.anonymous.get(f"{PLACE}?ID={stacked}&RESPONSEFORMAT={wanted}")
    assert (answer.status_code, answer.content_type) == (200, by_name(name).media_type), answer.text


def test_accept_chooses_where_no_format_is_asked_for(chain: Chain, stacked: str) -> None:
    for accept, name in (("image/svg+xml", "svg"), ("*/*", "prov-json"), ("text/xml, */*;q=0.1", "prov-xml")):
        answer = chain.served.anonymous.get(f"{PLACE}?ID={stacked}", headers={"Accept": accept})
        assert (accept, answer.content_type) == (accept, by_name(name).media_type)
    refused = chain.served.anonymous.get(f"{PLACE}?ID={stacked}", headers={"Accept": "text/csv"})
    assert refused.status_code == 406


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        *((accept, 200) for accept in ("", "*/*", "image/*", "image/svg+xml;q=0.1", "text/html, */*;q=0.1")),
        *((accept, 400) for accept in ("application/json", "text/html", "*/*, image/svg+xml;q=0")),
    ],
)
def test_accept_must_agree_with_the_format_asked_for(chain: Chain, stacked: str, accept: str, status: int) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = chain.served.anonymous.get(f"{PLACE}?ID={stacked}&RESPONSEFORMAT=PROV-SVG", headers=headers)
    assert answer.status_code == status
    if status == 400:
        assert told(answer)[1] == (
            f"RESPONSEFORMAT=PROV-SVG is image/svg+xml, which Accept ({accept}) excludes: agree, or leave one out"
        )


@pytest.mark.parametrize("wanted", ["PROV-YAML", "CSV", "text/csv", ""])
def test_a_format_that_is_not_offered_is_refused_with_those_that_are(lasting: Served, wanted: str) -> None:
    status, words = told(lasting.anonymous.get(f"{PLACE}?ID=j1&RESPONSEFORMAT={wanted}"))
    assert status == 400
    assert words.startswith(f"RESPONSEFORMAT={wanted!r} is not offered; offered: ")
    offered = set(words.partition("offered: ")[2].split(", "))
    assert {"PROV-JSON", "PROV-JSONLD", "PROV-TURTLE", "VOTABLE", "PROV-SVG", "GRAPH", "XML"} <= offered


def test_pictures_are_drawn_without_attributes_if_asked_for(chain: Chain, stacked: str) -> None:
    place = f"{PLACE}?ID={stacked}&RESPONSEFORMAT=GRAPH"
    full, bare = (chain.served.anonymous.get(f"{place}&ATTRIBUTES={one}").text for one in (1, 0))
    assert "image/fits" in full
    assert "image/fits" not in bare
    assert "threshold = 7.5" in bare
    assert chain.served.anonymous.get(place).text == full
    document = f"{PLACE}?ID={stacked}&ATTRIBUTES="
    assert chain.served.anonymous.get(f"{document}0").data == chain.served.anonymous.get(f"{document}1").data


# --- errors


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "ID is needed: the local part, QName or URI of an entity, an activity or an agent, or a job id; "),
        ("ID=", "ID is needed: "),
        ("ID=j1&ID=", "ID is needed: "),
        ("ID=j1&DEPT=1", "unknown parameter DEPT; known: AGENT, AGENTS, ATTRIBUTES, CONFIGURATION, DEPTH, "),
        ("ID=j1&format=svg", "unknown parameter FORMAT; known: "),
        *(
            (f"ID=j1&DEPTH={value}", f"DEPTH={value!r}: 0, 1, 2, … or ALL is needed")
            for value in ("-1", "1.5", "abc", "", "1e3", "٣")
        ),
        ("ID=j1&DIRECTION=UP", "DIRECTION='UP': one of BACK, FORTH, FORWARD, BOTH is needed"),
        ("ID=j1&MODEL=", "MODEL='': one of IVOA, W3C is needed"),
        ("ID=j1&AGENTS=2", "AGENTS='2': one of 0, FALSE, 1, TRUE is needed"),
        ("ID=j1&AGENT=maybe", "AGENT='maybe': one of 0, FALSE, 1, TRUE is needed"),
        ("ID=j1&MEMBERS=-", "MEMBERS='-': one of "),
        ("ID=j1&DESCRIPTIONS=3", "DESCRIPTIONS='3': one of 0, 1, 2 is needed"),
        ("ID=j1&CONFIGURATION=x", "CONFIGURATION='x': one of "),
        ("ID=j1&ATTRIBUTES=x", "ATTRIBUTES='x': one of "),
        ("ID=j1&DEPTH=1&depth=2", "DEPTH is given 2 times: once is right"),
        ("ID=j1&DIRECTION=FORTH&DIRECTION=FORWARD", "DIRECTION is given 2 times: once is right"),
        ("ID=j1&AGENTS=0&AGENT=TRUE", "AGENT=TRUE walks through agents, and AGENTS=0 hides them: choose one"),
    ],
)
def test_what_is_wrong_is_told_as_text_and_as_votable(lasting: Served, query: str, words: str) -> None:
    answer = lasting.anonymous.get(f"{PLACE}?{query}")
    assert (answer.status_code, answer.content_type) == (400, "text/plain; charset=utf-8")
    assert answer.text.startswith(words)
    as_table = lasting.anonymous.get(f"{PLACE}?{query}&responseformat=votable")
    assert (as_table.status_code, as_table.content_type) == (400, "application/x-votable+xml")
    assert votable_error(as_table.data) == answer.text.strip()


def test_all_ids_unknown_is_not_found_in_either_form(lasting: Served) -> None:
    answer = lasting.anonymous.get(f"{PLACE}?ID=j1&ID=ivo://a/b")
    words = f"nothing is known of {lasting.node('j1')}, ivo://a/b"
    assert told(answer) == (404, words)
    as_table = lasting.anonymous.get(f"{PLACE}?ID=j1&ID=ivo://a/b&RESPONSEFORMAT=PROV-VOTABLE")
    assert (as_table.status_code, votable_error(as_table.data)) == (404, words)


def test_one_unknown_id_among_known_ones_is_a_note_in_every_format(chain: Chain, stacked: str) -> None:
    answer = ask(chain.served, stacked, "j1")
    unknown = chain.served.node("j1")
    assert answer["entity"].pop("provstore:answer")["provstore:note"] == f"nothing is known of {unknown}"
    answer["prefix"] = ask(chain.served, stacked)["prefix"]
    assert answer == ask(chain.served, stacked)
    for form in ("PROV-N", "PROV-XML", "VOTABLE"):
        text = chain.served.anonymous.get(f"{PLACE}?ID={stacked}&ID=j1&RESPONSEFORMAT={form}").text
        assert f"nothing is known of {unknown}" in text


def test_a_malformed_body_and_a_foreign_one_are_refused(lasting: Served) -> None:
    assert (
        lasting.anonymous.post(PLACE, data=b"ID=%FF", content_type="application/x-www-form-urlencoded").status_code
        == 400
    )
    foreign = lasting.anonymous.post(PLACE, json={"ID": "j1"})
    assert (foreign.status_code, foreign.content_type) == (415, "text/plain; charset=utf-8")


@pytest.mark.parametrize("id_", ["j1') DETACH DELETE n //", "' OR 1=1 --", "a\x00b", "\u202eabc", "é", "x" * 5000])
def test_odd_ids_are_names_of_nothing(lasting: Served, id_: str) -> None:
    assert lasting.anonymous.get(PLACE, query_string={"ID": id_}).status_code == 404


def test_another_users_provenance_is_unknown(served: Served) -> None:
    job = served.create(by=served.curie)
    place = f"{PLACE}?ID={job_id(job)}"
    assert [client.get(place).status_code for client in (served.anonymous, served.curie, served.admin)] == [
        404,
        200,
        200,
    ]
