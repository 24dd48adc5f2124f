"""The ways in which the inputs of a job are given: files, ids, addresses, templates, and lists of them."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from werkzeug.datastructures import MultiDict

from provstore.graph.model import Label, Node, NodeId
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.jobs import JobParameter
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

FAR = "https://archive.example.org/maps/m31.fits"
UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"

TEMPLATES = Description(
    name="templates",
    parameters=(
        ParameterDefinition(name="cube", xtype="application/octet-stream", required=False),
        ParameterDefinition(name="address", required=False),
    ),
    used=(
        Used(name="dataset", role="raw", multiplicity="1..3", url="https://archive.example.org/get?ID=$ID"),
        Used(name="cube", multiplicity="0..1", url="file://$ID", content_types=("image/fits",)),
        Used(name="pages", multiplicity="*", url="file://$ID", ref="address"),
        Used(name="observation", multiplicity="0..1"),
        Used(name="config", type="ConfigFile", multiplicity="*", url="file://$ID"),
    ),
    generated=(Generated(name="out", default="out.txt"),),
)


def file(content: bytes = b"IMAGE", name: str = "m31.fits") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def inputs(served: Served, job: str) -> list[JobParameter]:
    return list(served.provstore.records.read(job_id(job)).inputs)


def node(served: Served, entity: NodeId | None) -> Node:
    assert entity is not None
    (found,) = served.provstore.store.get([entity])
    return found


def references(served: Served, job: str) -> list[tuple[str, bool, str]]:
    """What the XML shows of a job's parameters: name, by reference, text without the server's address."""
    document = ET.fromstring(served.anonymous.get(f"{job}/parameters").data)  # noqa: S314 - our own answer
    return [
        (one.attrib["id"], one.get("byReference") == "true", (one.text or "").removeprefix(f"{served.base}{job}"))
        for one in document.iter(f"{UWS}parameter")
    ]


@pytest.fixture
def templates(served: Served) -> Served:
    served.provstore.publication.publish_file(TEMPLATES)
    return served


# --- addresses


def test_an_address_is_an_entity_of_the_job_that_is_not_here_yet(served: Served) -> None:
    job = served.create("copy", input=FAR)
    (one,) = inputs(served, job)
    made = node(served, one.entity)
    assert made.labels == {Label.ENTITY, Label.DATASET}
    assert made.properties == {"name": "m31.fits", "url": FAR, "brought_by": job_id(job)}
    assert made.readers == served.provstore.records.read(job_id(job)).readers
    assert one.to_fetch


def test_an_address_is_shown_by_reference_and_its_file_is_told_to_be_elsewhere(served: Served) -> None:
    job = served.create("copy", input=f"{FAR}?sig=secret")
    assert references(served, job) == [("input", True, "/parameters/input")]
    words = f"the file of parameter input is not here: {FAR}?… is fetched before the job starts"
    assert told(served.anonymous.get(f"{job}/parameters/input")) == (404, words)


def test_a_parameter_whose_value_is_an_address_is_shown_as_its_file_once(templates: Served) -> None:
    job = templates.create("templates", dataset="d1", cube=FAR)
    assert ("cube", True, "/parameters/cube") in references(templates, job)
    assert [name for name, _, _ in references(templates, job)].count("cube") == 1
    assert [one.content_type for one in inputs(templates, job) if one.name == "cube"] == ["image/fits"]


def test_an_address_in_a_parameter_that_an_input_refers_to_is_fetched(templates: Served) -> None:
    job = templates.create("templates", dataset="d1", address=f"{FAR} {FAR}.gz")
    assert [one.url for one in inputs(templates, job) if one.name == "pages"] == [FAR, f"{FAR}.gz"]


def test_an_address_may_be_a_configuration_file(templates: Served) -> None:
    job = templates.create("templates", dataset="d1", config="https://a.example.org/my.cfg")
    (one,) = [one for one in inputs(templates, job) if one.name == "config"]
    assert (one.value, one.to_fetch) == ("my.cfg", True)
    assert node(templates, one.entity).labels == {Label.CONFIG_FILE}


def test_one_address_in_two_roles_is_one_entity_with_both(served: Served) -> None:
    job = served.create("stack", count=1, image=FAR, flats=FAR)
    image, flats = [one for one in inputs(served, job) if one.url]
    assert (image.name, flats.name) == ("image", "flats")
    assert image.entity == flats.entity


def test_two_jobs_never_share_what_they_fetch(served: Served) -> None:
    jobs = [served.create("copy", input=FAR) for _ in range(2)]
    assert len({inputs(served, job)[0].entity for job in jobs}) == 2


def test_an_address_for_an_identifier_is_fetched_and_another_uri_is_an_identifier(templates: Served) -> None:
    fetched = templates.create("templates", dataset="d1", observation=FAR)
    named = templates.create("templates", dataset="d1", observation="ivo://example/obs#1")
    assert [one.url for one in inputs(templates, fetched) if one.name == "observation"] == [FAR]
    assert [one.value for one in inputs(templates, named) if one.name == "observation"] == ["ivo://example/obs#1"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ftp://archive.example.org/x", "its scheme is not fetched here; allowed: https, http"),
        ("http://127.0.0.1:9/x", "127.0.0.1 is a private or reserved address"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1 is a private or reserved address"),
        ("https://archive.example.org/x#1", "it has a fragment (#…), which no server is sent"),
        ("https://archive.example.org/$(touch x)", "it holds ' ', which must be percent-encoded"),
    ],
)
def test_what_can_be_told_at_once_is_refused_at_once_and_leaves_nothing(
    served: Served, address: str, reason: str
) -> None:
    answer = served.anonymous.post("/uws/copy", data={"input": address})
    assert told(answer) == (400, f"input input: {address!r} can't be fetched: {reason}")
    assert served.json("/uws/copy")["items"] == []


def test_a_password_in_an_address_is_refused_and_not_repeated(served: Served) -> None:
    answer = served.anonymous.post(
        "/uws/copy",
        data={"input": "https://me:hunter2@a.example.org/x?k=hunter2"},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 400
    assert "hunter2" not in answer.text


def test_the_site_tells_from_which_hosts_is_fetched(serve: Serve) -> None:
    served = serve(fetch_hosts=("*.esa.int",))
    answer = served.anonymous.post("/uws/copy", data={"input": FAR})
    words = f"input input: {FAR!r} can't be fetched: nothing is fetched from archive.example.org; allowed: *.esa.int"
    assert told(answer) == (400, words)


# --- templates


def test_an_id_is_put_into_the_description_s_address_percent_encoded(templates: Served) -> None:
    job = templates.create("templates", dataset="ivo://x/y?a&b,d2,e f")
    properties = [node(templates, one.entity).properties for one in inputs(templates, job)]
    assert [(one["name"], one["url"]) for one in properties] == [
        ("ivo://x/y?a&b", "https://archive.example.org/get?ID=ivo%3A%2F%2Fx%2Fy%3Fa%26b"),
        ("d2", "https://archive.example.org/get?ID=d2"),
        ("e f", "https://archive.example.org/get?ID=e%20f"),
    ]
    assert templates.json(job)["parameters"]["dataset"] == ["ivo://x/y?a&b", "d2", "e f"]


def test_an_address_or_a_stored_entity_needs_no_template(templates: Served) -> None:
    stored = f"e{job_id(templates.completed())[1:]}.result"
    job = templates.create("templates", dataset=f"{FAR} {stored}")
    first, second = inputs(templates, job)
    assert (first.url, second.entity) == (FAR, templates.node(stored))


# --- several


def test_several_files_of_one_name_are_several_items_even_if_they_are_called_alike(served: Served) -> None:
    flats = [file(b"one", "flat.fits"), file(b"two", "flat.fits")]
    job = served.create("stack", count=1, image=file(), flats=flats, PHASE="RUN")
    assert [reference for reference in references(served, job) if reference[0] == "flats"] == [
        ("flats", True, "/parameters/flats"),
        ("flats", True, "/parameters/flats?item=2"),
    ]
    got = [served.anonymous.get(f"{job}/parameters/flats?item={number}").data for number in (1, 2)]
    assert got == [b"one", b"two"]
    served.tick(2)
    work = served.directory(job) / "work"
    assert [(work / name).read_bytes() for name in ("flat.fits", "flat-2.fits")] == [b"one", b"two"]


def test_several_configuration_files_are_several_nodes(templates: Served) -> None:
    sent = [file(b"one", "my.cfg"), file(b"two", "my.cfg")]
    job = templates.create("templates", dataset="d1", config=sent)
    got = [templates.anonymous.get(f"{job}/parameters/config?item={number}").data for number in (1, 2)]
    assert got == [b"one", b"two"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("$(touch x).fits", "_touch_x_.fits"),
        ("a;touch x", "a_touch_x"),
        ("../../../etc/passwd", "passwd"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("m 31\u2028.fits", "m_31_.fits"),
        ("-rf", "-rf"),
    ],
)
def test_a_hostile_file_name_becomes_a_harmless_one(served: Served, name: str, kept: str) -> None:
    job = served.create("copy", input=file(b"x", name), PHASE="RUN")
    served.tick(2)
    assert [one.name for one in (served.directory(job) / "work").iterdir()] == [kept]


def test_a_number_beyond_the_items_is_not_found(served: Served) -> None:
    job = served.create("copy", input=file())
    words = f"job {job_id(job)} has no parameter 'input' with item=2"
    assert told(served.anonymous.get(f"{job}/parameters/input?item=2")) == (404, words)
    assert told(served.anonymous.get(f"{job}/parameters/input?item=0"))[0] == 400


def test_ids_addresses_parts_and_files_may_be_mixed(served: Served) -> None:
    stored = f"e{job_id(served.completed())[1:]}.result"
    answer = served.anonymous.post(
        "/uws/stack",
        data=MultiDict(
            [
                ("count", "1"),
                ("image", file()),
                ("flats", f"{stored}, {FAR} ,param:sent"),
                ("flats", file(b"direct", "direct.fits")),
                ("sent", file(b"by reference", "sent.fits")),
            ]
        ),
    )
    assert answer.status_code == 303, answer.text
    flats = [one for one in inputs(served, answer.location) if one.name == "flats"]
    assert [one.value for one in flats] == ["direct.fits", "result", "m31.fits", "sent.fits"]
    assert (flats[1].entity, flats[2].url) == (served.node(stored), FAR)


def test_upload_may_name_one_input_several_times(served: Served) -> None:
    answer = served.anonymous.post(
        "/uws/stack",
        data=MultiDict(
            [
                ("count", "1"),
                ("UPLOAD", "image,param:a;flats,param:b"),
                ("UPLOAD", f"flats,{FAR}"),
                ("a", file(b"a", "a.fits")),
                ("b", file(b"b", "b.fits")),
            ]
        ),
    )
    assert answer.status_code == 303, answer.text
    found = [(one.name, one.value) for one in inputs(served, answer.location) if one.name != "config"]
    assert found == [("image", "a.fits"), ("flats", "b.fits"), ("flats", "m31.fits")]


def test_a_part_without_a_file_name_is_as_good_a_file(served: Served) -> None:
    job = served.create("copy", UPLOAD="input,param:table", table="<VOTABLE/>")
    assert served.anonymous.get(f"{job}/parameters/input").data == b"<VOTABLE/>"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"image": [file(), file()]}, "input image: 2 items; right is exactly 1"),
        ({"image": f"{FAR} {FAR}"}, f"input image: '{FAR} {FAR}' can't be fetched: it holds ' ', which must be"),
        ({"image": file(), "flats": f"{FAR} e1"}, "input flats: 'e1' is neither an upload nor the id or address"),
        ({"image": file(), "flats": "param:none,e1"}, "param:none: the request has no part 'none'"),
        ({"image": file(), "IMAGE": file()}, "input image is given twice, in two spellings"),
        ({"image": FAR, "UPLOAD": f"image,{FAR}"}, f"input image is given twice, in UPLOAD and as the value {FAR!r}"),
    ],
)
def test_what_is_wrong_with_an_item_is_told_by_the_name_of_its_input(
    served: Served, values: dict[str, Any], words: str
) -> None:
    answer = served.anonymous.post("/uws/stack", data={"count": "1", **values})
    assert answer.status_code == 400
    assert answer.text.startswith(words)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("a b c d", 4)])
def test_fewer_or_more_items_than_allowed_are_refused(templates: Served, text: str, count: int) -> None:
    answer = templates.anonymous.post("/uws/templates", data={"dataset": text})
    assert told(answer) == (400, f"input dataset: {count} items; right is 1 to 3")


# --- our own addresses


@pytest.mark.parametrize(
    ("public", "address"),
    [
        ("", "http://localhost/store/{entity}"),
        ("", "http://localhost/store/{entity}?download=1"),
        ("", "http://localhost:80/id/{entity}"),
        ("", "https://localhost/uws/sleep/{job}/results/result"),
        ("", "http://LOCALHOST/rest/sleep/{job}/results/result/"),
        ("", "http://127.0.0.1/store/{entity}"),
        ("", "http://[::1]/store/{entity}"),
        ("https://prov.example.org/site", "https://prov.example.org/site/uws/sleep/{job}/results/res%75lt"),
        ("https://prov.example.org/site", "http://prov.example.org/store/{entity}"),
        ("https://prov.example.org/site", "http://127.0.0.1:8080/store/{entity}"),
    ],
)
def test_an_address_of_our_own_is_an_id_however_the_server_is_reached(serve: Serve, public: str, address: str) -> None:
    served = serve(base_url=public, anonymous=True)
    served.base = public or served.base
    made = job_id(served.completed())
    entity = f"e{made[1:]}.result"
    job = served.create("copy", input=address.format(entity=entity, job=made))
    assert [one.entity for one in inputs(served, job)] == [served.node(entity)]


def test_the_address_of_a_parameter_leads_to_the_file_that_a_job_has_used(served: Served) -> None:
    first = served.create("stack", count=1, image=file(), flats=[file(b"1"), file(b"2")])
    used = [one.entity for one in inputs(served, first) if one.name == "flats"]
    job = served.create("copy", input=f"{served.base}{first}/parameters/flats?item=2")
    assert [one.entity for one in inputs(served, job)] == [used[1]]


@pytest.mark.parametrize("place", ["/", "/healthz", "/uws/sleep", "/prov/lineage?id=x"])
def test_an_address_of_our_own_that_is_no_entity_is_refused_and_never_fetched(served: Served, place: str) -> None:
    answer = served.anonymous.post("/uws/copy", data={"input": f"http://localhost{place}"})
    assert answer.status_code == 400
    assert "is neither an upload nor the id or address of an entity stored here" in answer.text


def test_a_file_that_is_still_elsewhere_is_no_input_of_another_job(served: Served) -> None:
    (one,) = inputs(served, served.create("copy", input=FAR))
    answer = served.anonymous.post("/uws/copy", data={"input": one.entity})
    assert told(answer) == (400, f"input input: the file of {one.entity!r} was never fetched")


def test_somebody_else_s_parameter_is_no_input(served: Served) -> None:
    first = served.create("copy", by=served.curie, input=file())
    address = f"{served.base}{first}/parameters/input"
    answer = served.anonymous.post("/uws/copy", data={"input": address})
    assert answer.status_code == 400
