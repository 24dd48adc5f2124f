"""Who may call what: a table of every route, tokens, hosts and origins, signals."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from provstore import __version__
from provstore.graph.store import Update
from tests.web.conftest import Serve
from tests.web.documents import parsed
from tests.web.routes import BODIES, ROUTES
from tests.web.served import Served, job_id, told


def test_every_route_has_its_row_in_the_table(lasting: Served) -> None:
    served = {
        (method, rule.rule)
        for rule in lasting.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == set(ROUTES)


@pytest.fixture
def people(served: Served) -> dict[str, FlaskClient]:
    other = served.client(served.provstore.accounts.add("other"))
    return {"anonymous": served.anonymous, "own": served.curie, "other": other, "admin": served.admin}


def pending_job(served: Served) -> str:
    return served.create(by=served.curie)


def finished_job(served: Served) -> str:
    job = pending_job(served)
    served.execute(job, by=served.curie)
    served.finish(job)
    return job


@pytest.mark.parametrize(("method", "address"), sorted(ROUTES))
def test_each_route_lets_in_whom_the_table_names(
    served: Served, people: dict[str, FlaskClient], method: str, address: str
) -> None:
    seen = []
    for client in people.values():
        job = (finished_job if method == "GET" else pending_job)(served)
        mount = "rest" if address.startswith("/rest") else "uws"
        body = BODIES.get(address.removeprefix(f"/{mount}/<service>/<job_id>"), {})
        place = address.replace("<service>/<job_id>", f"sleep/{job_id(job)}").replace("<service>", "sleep")
        if address.startswith("/jdl"):
            place = place.replace("<name>", "sleep")
        name = "result" if "results" in place else "text"
        place = place.replace("<name>", name).replace("<any(stdout, stderr):stream>", "stdout")
        place = place.replace("<path:entity>", f"e{job_id(job)[1:]}.result")
        place = place.replace("<local>", job_id(job)).replace("<job_id>", job_id(job))
        query = {"id": job_id(job)} if address == "/prov/lineage" else {}
        answer = client.open(place, method=method, query_string=query, data=None if method == "GET" else body)
        seen.append(answer.status_code)
    assert tuple(seen) == ROUTES[method, address]


def test_another_users_job_is_refused_by_name_and_untouched(served: Served) -> None:
    job = served.create(by=served.curie)
    words = f"job {job_id(job)} is not yours"
    assert told(served.anonymous.get(job)) == (403, words)
    assert told(served.anonymous.post(f"{job}/phase", data={"PHASE": "RUN"})) == (403, words)
    assert told(served.anonymous.delete(job)) == (403, words)
    assert served.phase(job) == "PENDING"


def test_another_users_entity_can_not_be_used_nor_told_from_one_that_is_not_there(served: Served) -> None:
    job = finished_job(served)
    entity = f"e{job_id(job)[1:]}.result"
    for spelling in (entity, f"http://localhost{job}/results/result", f"http://localhost/store/{entity}"):
        answer = served.anonymous.post("/uws/copy", data={"input": spelling})
        assert told(answer) == (400, f"input input: there is no entity {spelling!r} in the store")
    assert served.curie.post("/uws/copy", data={"input": entity}).status_code == 303


def test_another_users_main_result_can_not_be_used_by_its_alias(served: Served) -> None:
    job = served.create("copy", by=served.curie, input=(io.BytesIO(b"x"), "x"))
    served.execute(job, by=served.curie)
    served.finish(job, {"results/output.dat": b"x"})
    address = f"http://localhost{job}/results/result"
    answer = served.anonymous.post("/uws/copy", data={"input": address})
    assert told(answer) == (400, f"input input: there is no entity {address!r} in the store")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer a=b",
        "Bearer \xff",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"admin:wrong").decode(),
        "Digest username=admin",
        "nonsense",
    ],
)
@pytest.mark.parametrize("place", ["/uws/sleep", "/jdl", "/nowhere"])
def test_an_authorization_that_proves_nothing_is_refused_even_where_none_is_needed(
    lasting: Served, header: str, place: str
) -> None:
    answer = lasting.app.test_client().get(place, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="provstore", Basic realm="provstore"'
    assert lasting.tokens["admin"] not in answer.text


def test_a_token_counts_as_bearer_and_as_the_password_of_basic(lasting: Served) -> None:
    job = lasting.create(by=lasting.curie)
    token = lasting.tokens["curie"]
    basic = base64.b64encode(f"whoever:{token}".encode()).decode()
    for header in (f"Bearer {token}", f"bearer {token}", f"Basic {basic}"):
        answer = lasting.app.test_client().get(f"{job}/owner", headers={"Authorization": header})
        assert told(answer) == (200, "curie")


def test_where_anonymous_visitors_are_not_served_a_token_is_asked_for(serve: Serve) -> None:
    served = serve(anonymous=False)
    answer = served.anonymous.get("/uws/sleep")
    assert answer.status_code == 401
    assert answer.text.startswith("a token is needed: Authorization: Bearer TOKEN")
    assert served.anonymous.get("/healthz").status_code == 200
    assert served.curie.get("/uws/sleep").status_code == 200


def test_on_an_open_address_nobody_is_anonymous_unless_it_is_said(serve: Serve) -> None:
    served = serve(host="0.0.0.0")  # noqa: S104 - nothing listens
    assert served.anonymous.get("/uws/sleep").status_code == 401
    assert served.app.test_client().get("/healthz", headers={"Host": "any.example.org"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example.org", "evil.example.org:8080", "127.0.0.1.example.org", "[::1", "", "8.8.8.8"]
)
def test_an_unknown_host_is_refused_on_a_loopback_address(lasting: Served, host: str) -> None:
    answer = lasting.app.test_client().get("/uws/sleep", headers={"Host": host})
    assert answer.status_code in {400, 403}
    assert answer.status_code == 403 or not host or host == "[::1"


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.0.0.2"])
def test_the_names_of_this_machine_are_known(lasting: Served, host: str) -> None:
    assert lasting.app.test_client().get("/uws/sleep", headers={"Host": host}).status_code == 200


def test_the_host_of_the_address_that_is_set_is_known(serve: Serve) -> None:
    served = serve(base_url="https://jobs.example.org/prov")
    assert served.anonymous.get("/uws/sleep", headers={"Host": "jobs.example.org"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", "http://localhost:1234", "http://[", "", "localhost"]
)
def test_a_request_from_a_foreign_page_is_refused(lasting: Served, origin: str) -> None:
    answer = lasting.anonymous.post("/uws/sleep", headers={"Origin": origin})
    assert told(answer) == (403, f"requests from pages of {origin!r} are refused")


def test_a_request_from_the_own_page_is_served(lasting: Served) -> None:
    assert lasting.anonymous.post("/uws/sleep", headers={"Origin": "http://localhost"}).status_code == 303


def test_a_signal_with_the_token_of_its_job_wakes_the_supervisor_and_changes_nothing_itself(served: Served) -> None:
    job = served.create()
    served.execute(job)
    local = job_id(job)
    header = {"Authorization": f"Bearer {served.provstore.tokens.token(local)}"}
    before = parsed(served.anonymous.get(job).data)
    for _ in range(3):
        answer = served.app.test_client().post(
            f"/signals/{local}", headers=header, json={"state": "ENDED", "exit_code": 0}
        )
        assert told(answer) == (204, "")
    woken = served.provstore.supervisor._woken
    assert {woken.get_nowait() for _ in range(woken.qsize())} == {local}
    assert parsed(served.anonymous.get(job).data) == before


def test_a_late_signal_changes_nothing(served: Served) -> None:
    job = served.completed()
    before = parsed(served.anonymous.get(job).data)
    header = {"Authorization": f"Bearer {served.provstore.tokens.token(job_id(job))}"}
    assert served.app.test_client().post(f"/signals/{job_id(job)}", headers=header).status_code == 204
    served.tick(2)
    assert parsed(served.anonymous.get(job).data) == before


def test_forged_missing_and_foreign_tokens_and_unknown_jobs_get_the_same_words(served: Served) -> None:
    job, other = job_id(served.create()), job_id(served.create())
    tokens = served.provstore.tokens
    headers = [
        (job, ""),
        (job, "Bearer"),
        (job, "Bearer forged"),
        (job, f"Bearer {tokens.token(other)}"),
        (job, f"Bearer {tokens.token(job)[:-1]}"),
        (job, f"Basic {base64.b64encode(f'x:{tokens.token(job)}'.encode()).decode()}"),
        (job, f"Bearer {served.tokens['admin']}"),
        ("j" + "0" * 32, "Bearer forged"),
        ("unknown", ""),
    ]
    answers = [
        served.app.test_client().post(f"/signals/{local}", headers={"Authorization": header} if header else {})
        for local, header in headers
    ]
    assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}
    assert all("WWW-Authenticate" in answer.headers for answer in answers)


def test_a_store_that_is_away_is_told_as_such(served: Served) -> None:
    job = served.create()
    served.provstore.store.close()
    for place in ("/healthz", job, "/uws/sleep"):
        assert served.anonymous.get(place).status_code == 503


def test_health_tells_the_version(lasting: Served) -> None:
    assert lasting.anonymous.get("/healthz").json == {"status": "ok", "version": __version__}


def test_a_job_whose_node_was_broken_by_hand_is_a_failure_of_ours_without_details(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    job = served.create()
    served.provstore.store.write([Update(node=served.node(job_id(job)), expected={}, put={"phase": "BROKEN"})])
    answer = served.anonymous.get(job)
    assert told(answer) == (500, "something went wrong in this server; its log has the details")
    assert "BROKEN" in caplog.text


def test_the_clock_of_the_site_limits_a_job_of_everybody_alike(serve: Serve) -> None:
    served = serve(destruction_max=timedelta(days=1))
    job = served.create(by=served.admin, DESTRUCTION="2027-01-01")
    assert served.admin.get(f"{job}/destruction").text == "2026-03-02T12:00:00.000Z"
