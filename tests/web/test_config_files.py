"""Configuration files of jobs: nodes of their own, whose keys can be asked for but are not given to the script."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from prov.model import PROV, ProvDocument, ProvEntity

from provstore.graph.model import Kind, Label, Node
from provstore.graph.obscore import record_of
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from provstore.uws.descriptions.model import CONFIG_FILE, FILE, Description, Generated, ParameterDefinition, Used
from provstore.uws.inputs.config_keys import MOST_KEYS
from tests.archive import Archive, archive, reply
from tests.downloading import LOCAL
from tests.web.conftest import Serve
from tests.web.fetches import fetch
from tests.web.served import Served, job_id, told

INI = b"[sky]\nra = 83.63\nodd \xc3\xa9\"'/\\ key = it's <&> \x01\n[on_region]\nra = 22\n"
FITTED = Description(
    name="fitted",
    script="true\n",
    parameters=(
        ParameterDefinition(name="settings", type=CONFIG_FILE, xtype=FILE, description="how to fit"),
        ParameterDefinition(name="ra", datatype="double", default="1"),
    ),
    used=(Used(name="more", type=CONFIG_FILE, multiplicity="*", url="file://$ID"),),
    generated=(Generated(name="out", default="out.txt", obscore=(("calib_level", "3"), ("obs_id", "007"))),),
)


def sent(content: bytes = INI, name: str = "my.ini", kind: str = "") -> Any:
    return (io.BytesIO(content), name, kind) if kind else (io.BytesIO(content), name)


@pytest.fixture
def fitted(served: Served) -> Served:
    served.provstore.publication.publish_file(FITTED)
    return served


def configuration(served: Served, job: str) -> tuple[Node, ...]:
    """What a job was configured by, as it stands in the graph."""
    walk = Walk(starts=(served.node(job_id(job)),), steps=(Step(Kind.WAS_CONFIGURED_BY),), depth=1)
    return tuple(one.node for one in served.provstore.store.walk(walk).reached if one.distance)


def files(served: Served, job: str) -> list[dict[str, Any]]:
    return [dict(one.properties) for one in configuration(served, job) if Label.CONFIG_FILE in one.labels]


def keys(served: Served, job: str, name: str = "settings") -> list[tuple[str, ...]]:
    found = [one.properties for one in configuration(served, job) if one.properties.get("config_file") == name]
    return [(str(one["name"]), str(one["value"]), str(one["datatype"])) for one in found]


def found_by(served: Served, query: str, *, place: str = "/uws/fitted", by: Any = None) -> set[str]:
    return {one["jobId"] for one in served.json(f"{place}?{query}", by=by or served.anonymous)["items"]}


# --- the file


def test_a_parameter_may_be_a_configuration_file_that_is_uploaded(fitted: Served) -> None:
    job = fitted.create("fitted", settings=sent())
    (file,) = files(fitted, job)
    assert {name: file[name] for name in ("name", "file_name", "sha256", "format")} == {
        "name": "settings",
        "file_name": "my.ini",
        "sha256": sha256(INI).hexdigest(),
        "format": "ini",
    }
    assert fitted.anonymous.get(f"{job}/parameters/settings").data == INI
    assert fitted.anonymous.get(job).text.count('id="settings"') == 1


def test_such_a_parameter_reaches_the_script_as_the_path_of_its_file(fitted: Served) -> None:
    job = fitted.create("fitted", settings=sent(name="a b.ini"))
    fitted.execute(job)
    run = fitted.directory(job)
    values = json.loads((run / "parameters.json").read_text())
    assert values == {"settings": str(run / "work" / "a_b.ini"), "ra": 1.0, "more": "", "out": "out.txt"}
    assert (run / "work" / "a_b.ini").read_bytes() == INI


def test_a_required_configuration_file_that_is_not_given_is_refused(fitted: Served) -> None:
    answer = fitted.anonymous.post("/uws/fitted", data={})
    assert told(answer) == (400, "parameter settings is required and has no default")


def test_a_configuration_file_may_be_the_result_of_another_job(fitted: Served) -> None:
    first = fitted.completed("fitted", files={"results/out.txt": b'{"sky": {"ra": 5}}'}, settings=sent())
    job = fitted.create("fitted", settings=f"e{job_id(first)[1:]}.out")
    assert keys(fitted, job) == [("sky.ra", "5", "long")]


def test_what_is_neither_upload_nor_entity_is_refused(fitted: Served) -> None:
    answer = fitted.anonymous.post("/uws/fitted", data={"settings": "nothing.ini"})
    words = "input settings: 'nothing.ini' is neither an upload nor the id or address of an entity stored here"
    assert told(answer) == (400, words)


def test_a_shipped_default_is_read_too(served: Served) -> None:
    job = served.create("stack", count="1", image=(io.BytesIO(b"x"), "x.fits"))
    assert [(one["name"], one["format"]) for one in files(served, job)] == [("config", "toml")]
    assert keys(served, job, "config") == [("sigma", "3", "long")]


# --- its keys


def test_the_keys_of_a_file_are_parameters_around_the_job_and_not_among_those_it_shows(fitted: Served) -> None:
    job = fitted.create("fitted", settings=sent(), ra="7")
    assert keys(fitted, job) == [
        ("sky.ra", "83.63", "char"),
        ("sky.odd é\"'/\\ key", "it's <&> \x01", "char"),
        ("on_region.ra", "22", "char"),
    ]
    shown = fitted.json(job)["parameters"]
    assert set(shown) == {"settings", "ra"}
    assert told(fitted.anonymous.get(f"{job}/parameters/sky.ra"))[0] == 404
    answer = fitted.anonymous.post(f"{job}/parameters", data={"sky.ra": "1"})
    assert answer.status_code == 400


def test_a_key_is_no_parameter_that_could_be_given(fitted: Served) -> None:
    answer = fitted.anonymous.post("/uws/fitted", data={"settings": sent(), "sky.ra": "1"})
    assert told(answer) == (400, "unknown name 'sky.ra'; known: settings, ra, more")


@pytest.mark.parametrize(
    ("content", "name", "kind", "form", "key"),
    [
        (b'{"a": {"b": 1.50}}', "x.txt", "application/json", "json", ("a.b", "1.50", "double")),
        (b"[a]\nb = 'c'\n", "x.toml", "", "toml", ("a.b", "c", "char")),
        (b"a: {b: true}\n", "x", "text/yaml", "yaml", ("a.b", "true", "boolean")),
        (b"a: {b: [1, 2]}\n", "x", "", "yaml", ("a.b", "[1, 2]", "char")),
    ],
)
def test_every_format_is_read(
    fitted: Served, content: bytes, name: str, kind: str, form: str, key: tuple[str, ...]
) -> None:
    job = fitted.create("fitted", settings=sent(content, name, kind))
    assert [one["format"] for one in files(fitted, job)] == [form]
    assert keys(fitted, job) == [key]


def test_a_file_that_can_not_be_read_is_no_error_of_the_job(fitted: Served) -> None:
    job = fitted.create("fitted", settings=sent(b"\xff\x00 broken", "x.yaml"))
    assert [(one["format"], one["remark"]) for one in files(fitted, job)] == [("none", "not UTF-8")]
    assert keys(fitted, job) == []


def test_all_files_of_a_job_have_so_many_keys_together(fitted: Served) -> None:
    large = json.dumps({f"k{number}": number for number in range(MOST_KEYS - 1)}).encode()
    small = b'{"a": 1, "b": 2}'
    job = fitted.create("fitted", settings=sent(large, "x.json"), more=sent(small, "y.json"))
    assert len(keys(fitted, job)) + len(keys(fitted, job, "more")) == MOST_KEYS
    remarks = {str(one["name"]): one.get("remark") for one in files(fitted, job)}
    assert sorted(map(str, remarks.values())) == ["None", f"more than {MOST_KEYS} keys: the others are left out"]
    assert set(fitted.json(job)["parameters"]) == {"settings", "ra", "more"}


def test_two_files_may_have_the_same_keys(fitted: Served) -> None:
    job = fitted.create("fitted", settings=sent(), more=[sent(b"[sky]\nra = 1\n", "a.ini"), sent(INI, "b.ini")])
    assert found_by(fitted, "sky.ra=1") == found_by(fitted, "sky.ra=83.63") == {job_id(job)}
    assert len(keys(fitted, job, "more")) == 4


# --- jobs found by them


def test_jobs_are_found_by_the_keys_of_their_files(fitted: Served) -> None:
    first = job_id(fitted.create("fitted", settings=sent()))
    second = job_id(fitted.create("fitted", settings=sent(b"[sky]\nra = 5\n[on_region]\nra = 22\n"), ra="2"))
    assert found_by(fitted, "sky.ra=83.63") == {first}
    assert found_by(fitted, "on_region.ra=22") == {first, second}
    assert found_by(fitted, "on_region.ra=22&sky.ra=5") == {second}
    assert found_by(fitted, "on_region.ra=22&ra=2") == {second}
    assert found_by(fitted, "on_region.ra=22&ra=2&sky.ra=5&sky.ra=6") == {second}
    assert found_by(fitted, "on_region.ra=22&ra=1&sky.ra=5") == set()
    assert found_by(fitted, "sky.ra=83.63", place="/uws") == {first}
    assert found_by(fitted, "sky.ra=6") == set()
    assert found_by(fitted, "no.such=6") == set()


def test_a_key_without_section_is_found_if_some_job_has_it(fitted: Served) -> None:
    job = job_id(fitted.create("fitted", settings=sent(b"gain = 2\n", "x.ini")))
    assert found_by(fitted, "gain=2") == {job}
    assert found_by(fitted, "gain=3") == set()
    answer = fitted.anonymous.get("/uws/fitted?gian=2")
    assert answer.status_code == 400
    assert answer.text.startswith("unknown name 'gian'; known: ")
    assert "SECTION.KEY of a configuration file" in answer.text


def test_a_key_with_the_name_of_a_parameter_is_not_taken_for_it(fitted: Served) -> None:
    fitted.create("fitted", settings=sent(b"ra = 5\n", "x.ini"))
    assert found_by(fitted, "ra=5") == set()
    assert len(found_by(fitted, "ra=1")) == 1


def test_a_key_of_a_hidden_job_leads_nobody_to_it(fitted: Served) -> None:
    secret = job_id(fitted.create("fitted", settings=sent(b"gain = 2\n[sky]\nra = 9\n", "x.ini"), by=fitted.curie))
    assert found_by(fitted, "sky.ra=9") == set()
    assert fitted.anonymous.get("/uws/fitted?gain=2").status_code == 400
    assert found_by(fitted, "sky.ra=9&gain=2", by=fitted.curie) == {secret}


def test_services_without_configuration_files_know_no_keys(fitted: Served) -> None:
    answer = fitted.anonymous.get("/uws/sleep?sky.ra=1")
    assert answer.status_code == 400
    assert answer.text.startswith("unknown name 'sky.ra'")
    assert "SECTION.KEY" not in answer.text


# --- provenance


@pytest.mark.parametrize("form", ["prov-json", "prov-xml"])
def test_exports_hold_the_keys(fitted: Served, form: str) -> None:
    job = fitted.create("fitted", settings=sent())
    answer = fitted.anonymous.get(f"{job}/prov?format={form}")
    document = ProvDocument.deserialize(content=answer.text, format=form.removeprefix("prov-"))
    entities = document.get_records(ProvEntity)
    values = {str(one.label): str(next(iter(one.get_attribute(PROV["value"])), "")) for one in entities}
    assert {"sky.ra": "83.63", "on_region.ra": "22"}.items() <= values.items()


def test_what_a_description_says_of_its_products_is_on_each_product(fitted: Served) -> None:
    job = fitted.completed("fitted", files={"results/out.txt": b"x"}, settings=sent())
    (product,) = fitted.provstore.store.get([fitted.node(f"e{job_id(job)[1:]}.out")])
    told = record_of(product.attributes)
    assert (told["calib_level"], told["obs_id"]) == ("3", "007")
    assert product.properties["name"] == "out"


# --- fetched


@pytest.fixture(scope="module")
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


def test_a_file_that_is_fetched_is_read_when_it_is_here(serve: Serve, server: Archive) -> None:
    served = serve(fetch_networks=LOCAL)
    served.provstore.publication.publish_file(FITTED)
    url = server.serve("/my.ini", reply(INI))
    job = served.create("fitted", settings=url, PHASE="RUN")
    assert [one.get("format") for one in files(served, job)] == [None]
    fetch(served, job)
    assert [(one["format"], one["sha256"]) for one in files(served, job)] == [("ini", sha256(INI).hexdigest())]
    assert next(one for one, _, _ in keys(served, job)) == "sky.ra"
    assert found_by(served, "sky.ra=83.63") == {job_id(job)}
