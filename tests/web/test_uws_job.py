"""The job document, whole, in each phase; and what else can be read of a job."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import pytest

from provstore.uws.phases import Phase
from provstore.uws.ports import Cause
from tests.web.documents import assert_valid, parsed, uws
from tests.web.served import STACKED, Served, job_id

NIL: Final = 'xsi:nil="true"'
NOON: Final = "2026-03-01T12:00:00.000Z"
LATER: Final = "2026-03-01T12:00:02.000Z"


def change(phase: str, at: str, cause: str) -> str:
    return f'<p:change phase="{phase}" at="{at}" cause="{cause}"/>'


def run(changes: str, *, exit_code: int | None = None, host: str = "<p:host>fake</p:host>") -> str:
    """What jobInfo says of a run and of its history."""
    code = "" if exit_code is None else f"<p:exitCode>{exit_code}</p:exitCode>"
    return f"{host}{code}<p:history>{changes}</p:history>"


CREATED: Final = change("PENDING", NOON, "user anonymous")
QUEUED: Final = CREATED + change("QUEUED", NOON, "user anonymous")
EXECUTING: Final = QUEUED + change("EXECUTING", NOON, "executor local")
ABORTED: Final = EXECUTING + change("ABORTED", LATER, "user anonymous")
NEVER: Final = f"<uws:startTime {NIL}/><uws:endTime {NIL}/>"
STARTED: Final = f"<uws:startTime>{NOON}</uws:startTime><uws:endTime {NIL}/>"
ENDED: Final = f"<uws:startTime>{NOON}</uws:startTime><uws:endTime>{LATER}</uws:endTime>"
RESULT: Final = (
    '<uws:result id="result" xlink:type="simple" xlink:href="{href}/results/result" size="5" mime-type="text/plain"/>'
)


def sleep_job(job: str, phase: str, times: str, *, history: str, results: str = "", error: str = "") -> object:
    """The whole document of a job of the service sleep with its defaults."""
    return uws(
        "job",
        f"<uws:jobId>{job_id(job)}</uws:jobId><uws:ownerId {NIL}/><uws:phase>{phase}</uws:phase>"
        "<uws:quote>2026-03-01T12:00:01.000Z</uws:quote>"
        f"<uws:creationTime>{NOON}</uws:creationTime>{times}"
        "<uws:executionDuration>120</uws:executionDuration>"
        "<uws:destruction>2026-03-31T12:00:00.000Z</uws:destruction>"
        '<uws:parameters><uws:parameter id="duration">1</uws:parameter><uws:parameter id="exit_code">0</uws:parameter>'
        '<uws:parameter id="text">hello</uws:parameter></uws:parameters>'
        f"<uws:results>{results.format(href=f'http://localhost{job}')}</uws:results>{error}"
        f"<uws:jobInfo><p:description>sleep@1</p:description><p:executor>local</p:executor>"
        f"{history}</uws:jobInfo>",
    )


def pending(served: Served) -> tuple[str, object]:
    job = served.create()
    return job, sleep_job(job, "PENDING", NEVER, history=run(CREATED, host=""))


def queued(served: Served) -> tuple[str, object]:
    job = served.create(PHASE="RUN")
    return job, sleep_job(job, "QUEUED", NEVER, history="<p:queuePlace>1</p:queuePlace>" + run(QUEUED, host=""))


def executing(served: Served) -> tuple[str, object]:
    job = served.create()
    served.execute(job)
    return job, sleep_job(job, "EXECUTING", STARTED, history=run(EXECUTING))


def completed(served: Served) -> tuple[str, object]:
    job = served.completed()
    history = EXECUTING + change("COMPLETED", LATER, "executor local")
    return job, sleep_job(job, "COMPLETED", ENDED, history=run(history, exit_code=0), results=RESULT)


def failed(served: Served) -> tuple[str, object]:
    job = served.create()
    served.execute(job)
    served.clock.advance(2)
    served.finish(job, {"stderr": b"no disk <left>\n"}, exit_code=7)
    error = (
        '<uws:errorSummary type="fatal" hasDetail="true"><uws:message>the script ended with exit code 7</uws:message>'
        "</uws:errorSummary>"
    )
    history = EXECUTING + change("ERROR", LATER, "executor local")
    return job, sleep_job(job, "ERROR", ENDED, history=run(history, exit_code=7), error=error)


def aborted(served: Served) -> tuple[str, object]:
    job = served.create()
    served.execute(job)
    served.clock.advance(2)
    served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
    return job, sleep_job(job, "ABORTED", ENDED, history=run(ABORTED))


def archived(served: Served) -> tuple[str, object]:
    job = served.completed()
    served.clock.advance(31 * 86400)
    served.tick()
    history = EXECUTING + change("COMPLETED", LATER, "executor local")
    history += change("ARCHIVED", "2026-04-01T12:00:02.000Z", "destruction")
    return job, sleep_job(job, "ARCHIVED", ENDED, history=run(history, exit_code=0), results=RESULT)


MakeJob = Callable[[Served], tuple[str, object]]
every_phase: Final = pytest.mark.parametrize(
    "make", [pending, queued, executing, completed, failed, aborted, archived], ids=lambda make: make.__name__
)


@every_phase
def test_the_document_of_a_job_tells_everything_and_nothing_else(served: Served, make: MakeJob) -> None:
    job, expected = make(served)
    answer = served.anonymous.get(job)
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8")
    assert parsed(answer.data) == expected


@every_phase
def test_every_document_of_a_job_obeys_the_published_schema(served: Served, make: MakeJob) -> None:
    job, _ = make(served)
    for place in (job, f"{job}/parameters", f"{job}/results", "/uws/sleep"):
        assert_valid(served.anonymous.get(place).data)


def test_a_job_that_timed_out_is_aborted_and_says_so(served: Served) -> None:
    job = served.create()
    served.execute(job)
    served.clock.advance(2)
    served.finish(job, {"results/result.txt": b"hello"}, exit_code=None, cause=Cause.TIMEOUT)
    error = (
        '<uws:errorSummary type="fatal" hasDetail="false"><uws:message>'
        "time-out: stopped after its execution duration of 120 s</uws:message></uws:errorSummary>"
    )
    history = EXECUTING + change("ABORTED", LATER, "executor local")
    expected = sleep_job(job, "ABORTED", ENDED, history=run(history), results=RESULT, error=error)
    assert parsed(served.anonymous.get(job).data) == expected


def test_a_job_with_owner_run_id_and_files_shows_them(served: Served) -> None:
    values = {"count": 3, "RUNID": "<night> & day", "note": "a\nb", "observation": "33794"}
    job = served.create("stack", by=served.curie, image=(io.BytesIO(b"IMAGE"), "m 31.fits"), **values)
    href = f"http://localhost{job}"
    expected = uws(
        "job",
        f"<uws:jobId>{job_id(job)}</uws:jobId><uws:runId>&lt;night&gt; &amp; day</uws:runId>"
        "<uws:ownerId>curie</uws:ownerId>"
        "<uws:phase>PENDING</uws:phase><uws:quote>2026-03-01T12:00:30.000Z</uws:quote>"
        f"<uws:creationTime>{NOON}</uws:creationTime>{NEVER}"
        "<uws:executionDuration>120</uws:executionDuration><uws:destruction>2026-03-31T12:00:00.000Z</uws:destruction>"
        '<uws:parameters><uws:parameter id="threshold">5</uws:parameter><uws:parameter id="mode">mean</uws:parameter>'
        '<uws:parameter id="count">3</uws:parameter><uws:parameter id="note">a\nb</uws:parameter>'
        f'<uws:parameter id="config" byReference="true">{href}/parameters/config</uws:parameter>'
        f'<uws:parameter id="image" byReference="true">{href}/parameters/image</uws:parameter>'
        '<uws:parameter id="observation">33794</uws:parameter></uws:parameters><uws:results/>'
        "<uws:jobInfo><p:description>stack@1</p:description><p:executor>local</p:executor>"
        f"<p:history>{change('PENDING', NOON, 'user curie')}</p:history></uws:jobInfo>",
    )
    answer = served.curie.get(job)
    assert parsed(answer.data) == expected
    assert_valid(answer.data)


def test_parameters_and_results_are_documents_of_their_own(served: Served) -> None:
    job = served.completed("stack", STACKED, count=3, image=(io.BytesIO(b"IMAGE"), "m31.fits"))
    href = f"http://localhost{job}"
    assert parsed(served.anonymous.get(f"{job}/parameters").data) == uws(
        "parameters",
        '<uws:parameter id="threshold">5</uws:parameter><uws:parameter id="mode">mean</uws:parameter>'
        f'<uws:parameter id="count">3</uws:parameter>'
        f'<uws:parameter id="config" byReference="true">{href}/parameters/config</uws:parameter>'
        f'<uws:parameter id="image" byReference="true">{href}/parameters/image</uws:parameter>',
        version="",
    )
    assert parsed(served.anonymous.get(f"{job}/results").data) == uws(
        "results",
        f'<uws:result id="stacked" xlink:type="simple" xlink:href="{href}/results/result" size="7" '
        'mime-type="image/fits"/>'
        f'<uws:result id="log" xlink:type="simple" xlink:href="{href}/results/log" size="8" '
        'mime-type="text/plain"/>',
        version="",
    )


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("phase", "COMPLETED"),
        ("executionduration", "120"),
        ("destruction", "2026-03-31T12:00:00.000Z"),
        ("quote", "2026-03-01T12:00:01.000Z"),
        ("owner", ""),
        ("error", ""),
        ("parameters/text", "hello"),
        ("stdout", ""),
        ("stderr", ""),
    ],
)
def test_small_resources_are_plain_text(served: Served, resource: str, expected: str) -> None:
    answer = served.anonymous.get(f"{served.completed()}/{resource}")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert answer.text == expected


def test_the_owner_is_the_name_of_the_account(served: Served) -> None:
    assert served.curie.get(f"{served.create(by=served.curie)}/owner").text == "curie"


def test_the_error_resource_has_the_message_and_the_last_lines_of_stderr(served: Served) -> None:
    job, _ = failed(served)
    answer = served.anonymous.get(f"{job}/error")
    assert answer.text == "the script ended with exit code 7\n\nno disk <left>\n"


def test_the_second_mount_gives_the_same_documents_with_addresses_of_its_own(served: Served) -> None:
    job = served.completed()
    for place in (job, f"{job}/parameters", f"{job}/results", "/uws/sleep"):
        old = place.replace("/uws/", "/rest/")
        here, there = served.anonymous.get(place).text, served.anonymous.get(old).text
        assert there == here.replace("http://localhost/uws/", "http://localhost/rest/")
    made = served.anonymous.post("/rest/sleep", data={"PHASE": "RUN"})
    assert made.location.startswith("http://localhost/rest/sleep/j")
    assert served.anonymous.get(made.location).status_code == 200
    assert served.anonymous.delete(made.location).location == "http://localhost/rest/sleep?LAST=100"


def test_a_job_in_json_has_the_same_facts(served: Served) -> None:
    job = served.completed("stack", STACKED, count=3, image=(io.BytesIO(b"IMAGE"), "m31.fits"))
    answer = served.anonymous.get(job, headers={"Accept": "application/json"})
    href = f"http://localhost{job}"
    changes = [("PENDING", NOON, "user anonymous"), ("QUEUED", NOON, "user anonymous")]
    changes += [("EXECUTING", NOON, "executor local"), ("COMPLETED", LATER, "executor local")]
    assert answer.json == {
        "jobId": job_id(job),
        "runId": None,
        "ownerId": None,
        "phase": "COMPLETED",
        "quote": "2026-03-01T12:00:30.000Z",
        "creationTime": NOON,
        "startTime": NOON,
        "endTime": LATER,
        "executionDuration": 120,
        "destruction": "2026-03-31T12:00:00.000Z",
        "parameters": {"threshold": "5", "mode": "mean", "count": "3", "config": "stack.cfg", "image": "m31.fits"},
        "results": [
            {
                "id": "stacked",
                "href": f"{href}/results/stacked",
                "size": 7,
                "mimeType": "image/fits",
                "sha256": sha256(b"STACKED").hexdigest(),
            },
            {
                "id": "log",
                "href": f"{href}/results/log",
                "size": 8,
                "mimeType": "text/plain",
                "sha256": sha256(b"one\ntwo\n").hexdigest(),
            },
        ],
        "errorSummary": None,
        "jobInfo": {
            "description": "stack@1",
            "executor": "local",
            "clusterAccount": None,
            "resources": None,
            "ran": None,
            "waitsFor": None,
            "queuePlace": None,
            "host": "fake",
            "exitCode": 0,
            "cpuSeconds": None,
            "maxMemory": None,
            "sweep": None,
            "remarks": None,
            "keptAt": None,
            "history": [{"phase": phase, "at": at, "cause": cause} for phase, at, cause in changes],
        },
    }


def test_parameters_and_results_in_json_are_those_of_the_job(served: Served) -> None:
    job = served.completed("stack", STACKED, count=3, image=(io.BytesIO(b"IMAGE"), "m31.fits"))
    whole = served.json(job)
    assert served.json(f"{job}/parameters") == whole["parameters"]
    assert served.json(f"{job}/results") == {"items": whole["results"], "next": None}


def test_an_input_of_several_items_is_a_list_in_json(served: Served) -> None:
    ids = [f"e{job_id(served.completed(text=text))[1:]}.result" for text in "ab"]
    job = served.create("stack", count=1, image=ids[0], flats=",".join(ids))
    parameters = served.json(job)["parameters"]
    assert (parameters["image"], parameters["flats"]) == ("result", ["result", "result"])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/xml; charset=utf-8"),
        ("*/*", "text/xml; charset=utf-8"),
        ("application/xml,text/plain", "text/xml; charset=utf-8"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/xml; charset=utf-8"),
        ("application/json;q=0.5, text/xml", "text/xml; charset=utf-8"),
        ("image/png", "text/xml; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
    ],
)
def test_xml_is_the_default_and_json_is_given_where_preferred(served: Served, accept: str, expected: str) -> None:
    headers = {"Accept": accept} if accept else {}
    for place in (served.create(), "/uws/sleep"):
        assert served.anonymous.get(place, headers=headers).content_type == expected


JAVA: Final = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
"""What Java sends unless told otherwise, TOPCAT for example."""

BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "led"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("", False),
        ("*/*", False),
        (JAVA, False),
        ("text/html, application/xml", False),
        ("text/html;q=0.5, application/json", False),
        ("application/xhtml+xml, text/xml, text/html;q=0.9", False),
        ("application/json", False),
    ],
)
def test_a_browser_is_led_to_the_page_and_nobody_else(served: Served, accept: str, *, led: bool) -> None:
    have = {rule.rule for rule in served.app.url_map.iter_rules()}
    for rule in {"/jobs", "/jobs/<job_id>"} - have:
        served.app.add_url_rule(rule, rule, view_func=lambda **_: "a page")
    job = served.create()
    pages = {
        "/uws": "/jobs",
        "/rest/sleep?LAST=3": "/jobs?service=sleep",
        job: f"/jobs/{job_id(job)}",
        f"{job}?WAIT=0": f"/jobs/{job_id(job)}",
    }
    for address, page in pages.items():
        answer = served.anonymous.get(address, headers={"Accept": accept} if accept else {})
        assert "Accept" in answer.headers["Vary"]
        assert (answer.status_code, answer.location) == ((303, f"http://localhost{page}") if led else (200, None))


def test_a_browser_is_not_led_away_from_what_is_not_there_or_wrong(served: Served) -> None:
    headers = {"Accept": BROWSER}
    assert served.anonymous.get("/uws/none", headers=headers).status_code == 404
    assert served.anonymous.get("/uws/sleep?PHASE=x", headers=headers).status_code == 400
    assert served.anonymous.get(served.create(by=served.curie), headers=headers).status_code == 403


@pytest.mark.parametrize(("shortcut", "form"), [("provjson", "prov-json"), ("provxml", "prov-xml"), ("provsvg", "svg")])
def test_provenance_is_found_where_users_of_opus_look_for_it(served: Served, shortcut: str, form: str) -> None:
    job = served.completed()
    short, full = served.anonymous.get(f"{job}/{shortcut}"), served.anonymous.get(f"{job}/prov?format={form}")
    assert (short.status_code, short.content_type, short.data) == (200, full.content_type, full.data)


@pytest.mark.parametrize("phase", [Phase.HELD, Phase.SUSPENDED, Phase.UNKNOWN])
def test_the_rarer_phases_are_valid_documents_too(served: Served, phase: Phase) -> None:
    job = served.create()
    served.force(job, phase)
    assert f"<uws:phase>{phase}</uws:phase>" in served.anonymous.get(job).text
    assert_valid(served.anonymous.get(job).data)


def test_the_job_of_a_script_that_tells_nonsense_of_itself_says_what_was_not_understood(served: Served) -> None:
    nonsense = b'{"activity": {}, "agent": {"x:tool": {"prov:label": "\\ud800\\u0000"}}, "wasAssociatedWith": []}'
    job = served.completed(files={"results/result.txt": b"hello", "work/internal_provenance.json": nonsense})
    assert served.json(job)["jobInfo"]["remarks"].splitlines() == [
        "internal_provenance.json: wasAssociatedWith: an object is needed",
        "internal_provenance.json: prefix: 'x' is declared nowhere (as in 'x:tool')",
        "internal_provenance.json: agent.x:tool: nothing refers to it; it was not taken",
    ]
    assert served.json(job)["jobInfo"]["history"][-1]["cause"] == (
        "executor local; 3 remarks on internal_provenance.json"
    )
