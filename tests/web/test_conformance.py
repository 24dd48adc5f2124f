"""UWS 1.1, resource by resource, in both mounts; and requests that nobody sane would send: none is our failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice, product
from typing import Final
from urllib.parse import quote

import pytest

from tests.web.documents import assert_valid
from tests.web.routes import ROUTES
from tests.web.served import Served, job_id
from tests.web.test_routes import filled

NOTHING: Final[dict[str, str | None]] = {"PENDING": "", "COMPLETED": ""}
XML, PLAIN, OWN = "text/xml; charset=utf-8", "text/plain; charset=utf-8", "text/plain"
NOON: Final = "2026-03-01T12:00:00.000Z"

RESOURCES: Final[tuple[tuple[str, str, dict[str, str | None]], ...]] = (
    ("", XML, {"PENDING": None, "COMPLETED": None}),
    ("/phase", PLAIN, {"PENDING": "PENDING", "COMPLETED": "COMPLETED"}),
    ("/executionduration", PLAIN, {"PENDING": "120", "COMPLETED": "120"}),
    ("/destruction", PLAIN, {"PENDING": "2026-03-31T12:00:00.000Z", "COMPLETED": "2026-03-31T12:00:00.000Z"}),
    ("/quote", PLAIN, {"PENDING": "2026-03-01T12:00:01.000Z", "COMPLETED": "2026-03-01T12:00:01.000Z"}),
    ("/error", PLAIN, NOTHING),
    ("/owner", PLAIN, NOTHING),
    ("/parameters", XML, {"PENDING": None, "COMPLETED": None}),
    ("/parameters/text", PLAIN, {"PENDING": "<a>&amp;", "COMPLETED": "<a>&amp;"}),
    ("/parameters/TEXT", PLAIN, {"PENDING": "<a>&amp;", "COMPLETED": "<a>&amp;"}),
    ("/results", XML, {"PENDING": None, "COMPLETED": None}),
    ("/results/result", OWN, {"COMPLETED": "hello"}),
)
"""Resource below a job, its type, and its text by phase (None: a document, held to the schema); UWS 1.1 §2.2.2."""

REFUSED: Final[tuple[tuple[str, dict[str, str], int], ...]] = (
    ("POST /quote", {"QUOTE": NOON}, 405),
    ("POST /owner", {"OWNER": "me"}, 405),
    ("POST /error", {}, 405),
    ("POST /results", {}, 405),
    ("PUT ", {}, 405),
    ("PUT /phase", {"PHASE": "RUN"}, 405),
    ("DELETE /phase", {}, 405),
    ("DELETE /parameters/text", {}, 405),
    ("POST ", {"ACTION": "RUN"}, 400),
    ("POST ", {"PHASE": "RUN"}, 400),
    ("POST ", {"RUNID": "other"}, 400),
    ("POST /phase", {}, 400),
    ("POST /phase", {"PHASE": "QUEUED"}, 400),
    ("POST /phase", {"PHASE": "run"}, 400),
    ("POST /destruction", {}, 400),
    ("POST /destruction", {"DESTRUCTION": "2026-03-01T11:59:59Z"}, 400),
    ("POST /destruction", {"DESTRUCTION": "2026-03-02T12:00:00+01:00"}, 400),
    ("POST /executionduration", {}, 400),
    ("POST /executionduration", {"EXECUTIONDURATION": "-1"}, 400),
    ("POST /parameters", {"nosuch": "1"}, 400),
    ("POST /parameters/text", {}, 400),
    ("GET /nosuch", {}, 404),
    ("GET /results/nosuch", {}, 404),
    ("GET /parameters/nosuch", {}, 404),
)
"""What a PENDING job refuses, whatever the mount."""


@pytest.fixture(scope="module")
def jobs(lasting: Served) -> dict[str, str]:
    """A job by its phase, as its id."""
    done = lasting.completed(text="<a>&amp;")
    lasting.clock.at = lasting.clock.at.replace(hour=12, minute=0, second=0)
    return {"PENDING": job_id(lasting.create(text="<a>&amp;")), "COMPLETED": job_id(done)}


@pytest.mark.parametrize("mount", ["uws", "rest"])
@pytest.mark.parametrize(("below", "kind", "texts"), RESOURCES, ids=[one[0] or "job" for one in RESOURCES])
def test_each_resource_has_its_type_and_its_text(
    lasting: Served, jobs: dict[str, str], mount: str, below: str, kind: str, texts: dict[str, str | None]
) -> None:
    for phase, text in texts.items():
        answer = lasting.anonymous.get(f"/{mount}/sleep/{jobs[phase]}{below}")
        assert (answer.status_code, answer.content_type) == (200, kind)
        assert text is None or answer.text == text
        looked = lasting.anonymous.head(f"/{mount}/sleep/{jobs[phase]}{below}")
        assert (looked.status_code, looked.content_length, looked.data) == (200, answer.content_length, b"")
        if below == "":
            assert_valid(answer.data)


@pytest.mark.parametrize("mount", ["uws", "rest"])
@pytest.mark.parametrize(("asked", "body", "status"), REFUSED)
def test_what_a_pending_job_does_not_take_is_refused_and_changes_nothing(
    lasting: Served, jobs: dict[str, str], mount: str, asked: str, body: dict[str, str], status: int
) -> None:
    place, (method, below) = f"/{mount}/sleep/{jobs['PENDING']}", asked.split(" ")
    before = lasting.anonymous.get(place).data
    answer = lasting.anonymous.open(f"{place}{below}", method=method, data=body or None)
    assert answer.status_code == status, answer.text
    assert status != 405 or "GET" in answer.headers["Allow"]
    assert lasting.anonymous.get(place).data == before


@pytest.mark.parametrize("mount", ["uws", "rest"])
def test_every_address_in_a_document_is_in_the_mount_that_was_asked_and_leads_somewhere(
    lasting: Served, jobs: dict[str, str], mount: str
) -> None:
    for place in (
        f"/{mount}/sleep",
        f"/{mount}/sleep/{jobs['COMPLETED']}",
        f"/{mount}/sleep/{jobs['COMPLETED']}/results",
    ):
        found = re.findall(r'xlink:href="([^"]+)"', lasting.anonymous.get(place).text)
        assert found
        for address in found:
            assert address.startswith(f"{lasting.base}/{mount}/sleep/{'j'}")
            assert lasting.anonymous.get(address.removeprefix(lasting.base)).status_code == 200


# --- what nobody sane would send

VALUES: Final = (
    "", "x", "-1", "9" * 30, "\0", "a" * 5000, "\u0663", "..", "../../etc/passwd", "<script>", "2027-02-30", "nan",
    "1e999", f"e{'0' * 32}.result", "%", "{}", "[]", "null", "public", "http://[", "http://127.0.0.1:1/",
    "\r\nX-Evil: 1", "urn:x:y", "id:e0", "a:b:c", "\u202e", "\ufffe",
)  # fmt: skip
NAMES: Final = (
    "PHASE", "AFTER", "LAST", "RUNID", "SWEEP", "OWNER", "LIMIT", "NEXT", "WAIT", "SERVICE", "id", "direction", "depth",
    "format", "lines", "item", "since", "READER", "FROM", "ACTION", "VALUE", "DESTRUCTION", "EXECUTIONDURATION",
    "UPLOAD", "text", "name", "password", "role", "scope", "expires_at", "active", "state", "code", "MAXREC",
)  # fmt: skip
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data; boundary=x"
BODIES: Final[tuple[tuple[str, bytes], ...]] = (
    *(("application/json", body) for body in (
        b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"name":1}', b'{"name":null}', b'{"name":["a"]}', b'{"role":{}}',
        b'{"parameters":[]}', b'{"parameters":{"text":1e999}}', b'{"reader":[1,null]}', b'{"reader":{"a":1}}',
        b'{"reader":"public","from":5}', b'{"active":"x","admin":3}', b'{"expires_at":9e99,"name":"n"}', b"\xff",
        b"[" * 20_000, b'{"a":' * 2000, b'{"parameters":{"text":"\\ud800"}}', b'{"sweep":[1]}', b'{"run":"x"}',
    )),
    *(("text/csv", body) for body in (b"", b'"', b"text\n", b"text,text\na,b\n", b"\0\n", b"text\na,b\n")),
    *((_PARTS, body) for body in (
        b"", b"--x--\r\n", b"--x\r\n\r\n\r\n--x--\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\nz\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="text"; filename="\0"\r\n\r\nz\r\n--x--\r\n',
    )),
    *((_FORM, body) for body in (b"%", b"%zz=%zz", b"a&b&c", b"=" * 3000, b"&" * 5000, b"text=%ff")),
    ("", b"x"),
    ("a/b; charset=x", b"x"),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where strange requests go: a job that is over, one that waits to be started, a sweep."""

    served: Served
    done: str
    pending: str
    sweep: str

    def place(self, method: str, address: str) -> str:
        fresh: dict[str, Callable[[], str]] = {"<sweep_id>": lambda: self.sweep, "<token_id>": lambda: "x"}
        return filled(address, job=self.done if method == "GET" else self.pending, fresh=fresh)

    def failures(self, method: str, place: str, **options: object) -> list[str]:
        """Send it as three people; give what was our failure. A server that an administrator drains takes no jobs."""
        self.served.provstore.draining.end()
        clients = (self.served.admin, self.served.curie, self.served.anonymous)
        answers = [one.open(place, method=method, **options) for one in clients]  # type: ignore[arg-type]
        return [f"{one.status_code} {one.text[:200]}" for one in answers if one.status_code >= 500]


@pytest.fixture(scope="module")
def target(lasting: Served) -> Target:
    """Of all three, the owner is a person with an account."""
    done = lasting.create(by=lasting.curie)
    lasting.execute(done, by=lasting.curie)
    lasting.finish(done)
    sweep = lasting.curie.post("/uws/sleep", json=[{"text": "a"}]).location.rsplit("/", 1)[-1]
    return Target(lasting, job_id(done), job_id(lasting.create(by=lasting.curie)), sweep)


_STEP: Final = 16
"""Each address gets another sixteenth of the values: all of them at all addresses take minutes, and were tried."""

STRANGE: Final = sorted(one for one in ROUTES if not one[1].startswith("/rest") and one[0] != "DELETE")


@pytest.mark.parametrize(("method", "address"), STRANGE)
def test_no_value_of_any_name_is_our_failure(target: Target, method: str, address: str) -> None:
    place, ends = target.place(method, address), {"WAIT": "0"} if address.endswith("events") else {}
    number = STRANGE.index((method, address))
    for name, value in islice(product(NAMES, VALUES), number % _STEP, None, _STEP):
        if name not in ends:
            sent = {"query_string": {**ends, name: value}} if method == "GET" else {"data": {name: value}}
            assert (name, value, target.failures(method, place, **sent)) == (name, value, [])


@pytest.mark.parametrize(("method", "address"), [one for one in STRANGE if one[0] != "GET"])
def test_no_body_is_our_failure(target: Target, method: str, address: str) -> None:
    place = target.place(method, address)
    for kind, body in BODIES:
        found = target.failures(method, place, data=body, content_type=kind or None)
        assert (kind, body[:40], found) == (kind, body[:40], [])


@pytest.mark.parametrize(("method", "address"), [one for one in STRANGE if "<" in one[1]])
def test_no_name_in_an_address_is_our_failure(target: Target, method: str, address: str) -> None:
    query = {"WAIT": "0"} if address.endswith("events") else {}
    for part in re.findall(r"<(?!any)[^>]*>", address):
        for value in VALUES:
            place = target.place(method, address.replace(part, "@@")).replace("@@", quote(value))
            assert (place, target.failures(method, place, query_string=query)) == (place, [])
