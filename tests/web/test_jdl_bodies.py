"""What is sent to /jdl: every dialect and wrapping that is read, and everything hostile that is refused."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from provstore.uws.descriptions.dialects.jsonform import from_json
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import CONFIG_FILE, FILE, Description, ParameterDefinition, Used
from tests.web.definers import ECHO, People, as_json, changed, people_of
from tests.web.served import Served

XML: Final = write_votable(ECHO)
CONFIGURED: Final = replace(
    ECHO, used=(Used(name="config", type="ConfigFile", multiplicity="1", default="echo.cfg", url="file://$ID"),)
)
_CONFIG: Final = ParameterDefinition(name="config", type=CONFIG_FILE, xtype=FILE, default="echo.cfg")
CONFIGURED_BY_A_PARAMETER: Final = replace(ECHO, used=(), parameters=(*ECHO.parameters, _CONFIG))
REFERRING: Final = replace(
    CONFIGURED_BY_A_PARAMETER, used=(Used(name="config", type=CONFIG_FILE, url="file://$ID", ref="config"),)
)
PAR: Final = b"""infile,f,a,"events.fits",,,"Input event list"
emin,r,a,0.1,0.01,200,"Lower energy (TeV)"
mode,s,h,"ql",,,"Mode"
"""
OPUS: Final = {
    "name": "echo",
    "annotation": "Writes a word.",
    "contact_name": "Vera Rubin",
    "executionDuration": "60",
    "script": ECHO.script.replace("\n", "\r\n"),
    "param_name_1": "word",
    "param_datatype_1": "xs:string",
    "param_default_1": "hello",
    "param_required_1": "on",
    "generated_name_3": "result",
    "generated_contenttype_3": "text/plain",
    "generated_default_3": "word.txt",
}


@pytest.fixture
def people(served: Served) -> People:
    return people_of(served)


@pytest.fixture(scope="module")
def lookers(lasting: Served) -> People:
    """People for requests that keep nothing."""
    return people_of(lasting)


def checked(people: People, body: Any, content_type: str | None = None, query: str = "") -> Any:
    answer = people.served.anonymous.post(f"/jdl/validate{query}", data=body, content_type=content_type)
    assert answer.status_code == 200, answer.text
    return answer.json


def refused(answer: TestResponse) -> tuple[int, str, str]:
    assert answer.json is not None, answer.text
    return answer.status_code, answer.json["error"]["kind"], answer.json["error"]["message"]


@pytest.mark.parametrize(
    "content_type",
    ["application/x-votable+xml", "text/xml", "application/xml", "text/plain", "application/octet-stream", ""],
)
def test_a_votable_is_read_whatever_xml_it_is_called(lookers: People, content_type: str) -> None:
    found = checked(lookers, XML, content_type)
    assert (found["valid"], found["name"], found["problems"]) == (True, "echo", [])
    assert from_json(found["description"]) == ECHO


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_json_is_read_whatever_it_is_called(lookers: People, content_type: str) -> None:
    found = checked(lookers, as_json(ECHO), content_type)
    assert (found["valid"], found["dialect"]) == (True, "json")
    assert from_json(found["description"]) == ECHO


def test_xml_that_curl_calls_a_form_is_read(lookers: People) -> None:
    assert checked(lookers, XML, "application/x-www-form-urlencoded")["valid"] is True


def test_a_parameter_file_is_called_as_its_file_is(lookers: People) -> None:
    by_query = checked(lookers, PAR, "text/plain", "?name=ctsomething.par")
    by_upload = checked(lookers, {"file": (io.BytesIO(PAR), "ctsomething.par")})
    assert by_query == by_upload
    assert (by_query["name"], by_query["dialect"]) == ("ctsomething", "par")
    assert [one["name"] for one in by_query["description"]["parameters"]] == ["emin", "mode"]


def test_the_fields_of_opus_are_a_definition(lookers: People) -> None:
    for body in (OPUS, OPUS | {"file": (io.BytesIO(b""), "")}):
        found = checked(lookers, body)
        assert (found["dialect"], found["valid"]) == ("form", True)
        assert from_json(found["description"]).script == ECHO.script
        assert [one["name"] for one in found["description"]["generated"]] == ["result"]


def test_unknown_fields_are_told(lookers: People) -> None:
    answer = lookers.served.anonymous.post("/jdl/validate", data={**OPUS, "param_colour_1": "blue"})
    assert refused(answer)[:2] == (400, "Invalid")
    assert "param_colour_1" in answer.text
    answer = lookers.served.anonymous.post("/jdl/validate", data={"jdl": as_json(ECHO), "colour": "blue"})
    assert refused(answer) == (
        400,
        "Invalid",
        "'colour' is not known here; known: base, description, file, jdl, message, script, strict",
    )


@pytest.mark.parametrize("part", ["file", "jdl", "description"])
def test_an_upload_holds_the_definition_and_its_script(lookers: People, part: str) -> None:
    script = (io.BytesIO(b"true\r\n"), "echo.sh")
    found = checked(lookers, {part: (io.BytesIO(XML), "echo_vot.xml"), "script": script, "message": "m"})
    assert found["description"]["script"] == "true\n"
    assert [one["what"] for one in found["repairs"]] == [
        "echo.sh has DOS line ends",
        "echo.sh differs from the embedded script",
    ]


def test_two_definitions_at_once_are_refused(lookers: People) -> None:
    sent = {"file": (io.BytesIO(XML), "a.xml"), "jdl": as_json(ECHO)}
    answer = lookers.served.anonymous.post("/jdl/validate", data=sent)
    assert refused(answer)[:2] == (400, "Invalid")


@pytest.mark.parametrize("sent", [{}, {"message": "m"}, {"script": (io.BytesIO(b"true\n"), "s.sh")}])
def test_an_upload_without_a_definition_is_refused(lookers: People, sent: dict[str, Any]) -> None:
    answer = lookers.served.anonymous.post("/jdl/validate", data=sent)
    assert refused(answer)[:2] == (400, "Invalid")


@pytest.mark.parametrize("part", ["files", "echo.cfg", "anything"])
def test_default_files_come_along_and_jobs_get_them(people: People, part: str) -> None:
    sent = {"file": (io.BytesIO(write_votable(CONFIGURED)), "echo.xml"), part: (io.BytesIO(b"loud = 1\n"), "echo.cfg")}
    answer = people.author.post("/jdl", data=sent)
    assert answer.status_code == 201, answer.text
    people.accept(f"/jdl/proposals/{(answer.json or {})['id']}")
    job = people.served.create("echo")
    assert people.served.admin.get(f"{job}/parameters/config").data == b"loud = 1\n"


@pytest.mark.parametrize("description", [CONFIGURED_BY_A_PARAMETER, REFERRING])
def test_the_default_file_of_a_parameter_comes_along_too(people: People, description: Description) -> None:
    sent = {
        "file": (io.BytesIO(as_json(description).encode()), "echo.json"),
        "files": (io.BytesIO(b"a = 1\n"), "echo.cfg"),
    }
    answer = people.author.post("/jdl", data=sent)
    assert answer.status_code == 201, answer.text
    people.accept(f"/jdl/proposals/{(answer.json or {})['id']}")
    job = people.served.create("echo")
    assert people.served.admin.get(f"{job}/parameters/config").data == b"a = 1\n"


def test_a_file_that_no_input_wants_is_refused(people: People) -> None:
    sent = {"file": (io.BytesIO(write_votable(CONFIGURED)), "e.xml"), "files": (io.BytesIO(b""), "other.cfg")}
    assert refused(people.author.post("/jdl", data=sent)) == (
        400,
        "Invalid",
        "the file 'other.cfg' is the default of no input; defaults: echo.cfg",
    )


def test_what_was_got_can_be_changed_and_proposed(people: People) -> None:
    people.publish()
    got = people.served.json("/jdl/echo.json", by=people.author)
    answer = people.author.post("/jdl", json=got | {"label": "Louder"})
    assert answer.status_code == 201, answer.text
    found = people.served.json(f"{answer.location.removeprefix(people.served.base)}/diff", by=people.author)
    assert [one["place"] for one in found["differences"]] == ["label"]


def test_a_wrong_definition_is_told_all_its_problems_at_once(people: People) -> None:
    wrong = json.loads(as_json(changed(script="if true; then\n")))
    wrong["parameters"] += [{"name": "PATH"}, {"name": "n", "datatype": "int", "default": "x"}]
    found = checked(people, json.dumps(wrong), "application/json")
    errors = [one["place"] for one in found["problems"] if one["level"] == "error"]
    assert (found["valid"], found["name"]) == (False, "echo")
    assert {place.partition(":")[0] for place in errors} == {"script", "parameters.PATH", "parameters.n.default"}
    answer = people.author.post("/jdl", json=wrong)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["kind"]) == (400, "WrongDescription")
    assert answer.json["error"]["problems"] == found["problems"]


def test_strict_refuses_what_would_be_repaired(lookers: People) -> None:
    dos = {"jdl": as_json(ECHO), "script": (io.BytesIO(b"true\r\n"), "s.sh"), "strict": "true"}
    assert checked(lookers, dos)["repairs"]
    odd = XML.replace(b'name="role"', b'name="part" colour="blue"')
    assert checked(lookers, odd, "text/xml")["repairs"]
    answer = lookers.served.anonymous.post("/jdl/validate?strict=true", data=odd, content_type="text/xml")
    assert refused(answer)[:2] == (400, "Invalid")
    assert checked(lookers, XML, "text/xml", "?strict=true")["valid"] is True


@pytest.mark.parametrize("to", ["votable", "json"])
def test_a_definition_is_converted(lookers: People, to: str) -> None:
    answer = lookers.served.anonymous.post(f"/jdl/convert?to={to}", data=OPUS)
    assert answer.status_code == 200
    found = read_votable(answer.data, source=to).description if to == "votable" else from_json(answer.json)
    assert (found.name, found.script) == ("echo", ECHO.script)
    assert int(answer.headers["Provstore-Repairs"]) >= 0


def test_it_is_converted_only_to_what_is_written_here(lookers: People) -> None:
    for query in ("", "?to=wadl"):
        answer = lookers.served.anonymous.post(f"/jdl/convert{query}", data=XML, content_type="text/xml")
        assert refused(answer)[:2] == (400, "Invalid")


LAUGHS: Final = b'<!DOCTYPE l [<!ENTITY a "ha">%s]><VOTABLE>&z;</VOTABLE>' % b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;">' % (98 + n, 97 + n, 97 + n, 97 + n) for n in range(25)
)
SECRET: Final = b'<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><VOTABLE><RESOURCE name="&x;"/></VOTABLE>'


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "text/xml", 400),
        (b"<VOTABLE>", "text/xml", 400),
        (b"<VOTABLE><RESOURCE/></VOTABLE>", "text/xml", 400),
        (LAUGHS, "text/xml", 400),
        (SECRET, "text/xml", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"name": "a b"}', "application/json", 400),
        (b'{"parameters": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400),
        (b"\x00" * 100, "text/plain", 400),
        (b"hello", "text/plain", 400),
        (b"<VOTABLE>" + b" " * (10 << 20) + b"</VOTABLE>", "text/xml", 413),
        (b"x" * (10 << 20), "application/x-www-form-urlencoded", 413),
        (XML, "image/png", 415),
        (XML, "text/html", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
        (b"x", "multipart/form-data", 400),
    ],
)
def test_what_is_no_definition_is_refused_and_the_reason_told(
    lookers: People, body: bytes, content_type: str, status: int
) -> None:
    for client, place in ((lookers.served.anonymous, "/jdl/validate"), (lookers.author, "/jdl")):
        answer = client.post(place, data=body, content_type=content_type)
        code, _, message = refused(answer)
        assert code == status, message
        assert message
        assert "root:" not in message
        assert len(answer.data) < 10_000
    assert lookers.served.json("/jdl/proposals?state=all")["items"] == []


def test_files_too_large_are_refused(lookers: People) -> None:
    for part in ("file", "script"):
        parts = {
            "file": FileStorage(io.BytesIO(XML), "e.xml"),
            part: FileStorage(io.BytesIO(b" " * (5 << 20)), "large"),
        }
        boundary, body = encode_multipart(parts)
        answer = lookers.author.post("/jdl", data=body, content_type=f"multipart/form-data; boundary={boundary}")
        assert refused(answer)[:2] == (413, "TooLarge")


def test_a_body_that_could_break_off_unnoticed_is_refused(lookers: People) -> None:
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    sent = as_json(ECHO).encode()
    for body, content_type, status in (
        (PAR, "text/plain", 400),
        (sent, "application/json", 200),
        (sent + b" " * (4 << 20), "application/json", 413),
        (sent[:-1], "application/json", 400),
    ):
        answer = lookers.served.anonymous.post(
            "/jdl/validate", input_stream=io.BytesIO(body), content_type=content_type, environ_overrides=chunked
        )
        assert answer.status_code == status, answer.text


def test_a_script_is_checked_and_never_run(people: People) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "ran")
        found = checked(people, as_json(changed(script=f"touch {trace}\n$(touch {trace})\n")), "application/json")
        assert found["valid"] is True
        assert not trace.exists()


def test_every_address_is_documented(lasting: Served) -> None:
    told = (Path(__file__).parents[2] / "docs" / "jdl.md").read_text(encoding="utf-8")
    names = {"<name>": "{service}", "<proposal_id>": "{id}", "<any(votable, json, script):form>": "votable"}
    for rule in lasting.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            address = rule.rule
            for part, name in names.items():
                address = address.replace(part, name)
            assert not address.startswith("/jdl") or f"`{method} {address}" in told, (method, address)
