"""Who calls: tokens, hosts and origins, signals. Who may call what is in test_routes.py."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest

from provstore import __version__
from provstore.accounts.callers import Scope
from provstore.graph.store import Update
from tests.web.conftest import Serve
from tests.web.documents import parsed
from tests.web.served import Served, job_id, told

BASIC = 'Basic realm="provstore", charset="UTF-8"'
CHALLENGE = f'Bearer realm="provstore", {BASIC}'
WRONG = (
    'Bearer realm="provstore", error="invalid_token", '
    f'error_description="the token is not known here, or no longer valid", {BASIC}'
)


def pending_job(served: Served) -> str:
    return served.create(by=served.curie)


def finished_job(served: Served) -> str:
    job = pending_job(served)
    served.execute(job, by=served.curie)
    served.finish(job)
    return job


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


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


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
    assert answer.headers["WWW-Authenticate"] == (WRONG if header.startswith("Bearer") else CHALLENGE)
    assert lasting.tokens["admin"] not in answer.text


def test_a_token_counts_as_bearer_and_as_the_password_of_basic(lasting: Served) -> None:
    job = lasting.create(by=lasting.curie)
    token = lasting.tokens["curie"]
    for header in (f"Bearer {token}", f"bearer {token}", basic("curie", token), basic("", token)):
        answer = lasting.app.test_client().get(f"{job}/owner", headers={"Authorization": header})
        assert told(answer) == (200, "curie")
        assert answer.headers["X-VO-Authenticated"] == "curie"


@pytest.mark.parametrize("name", ["admin", "whoever", "Curie"])
def test_the_user_name_of_basic_is_that_of_the_tokens_owner(lasting: Served, name: str) -> None:
    header = {"Authorization": basic(name, lasting.tokens["curie"])}
    assert lasting.app.test_client().get("/uws/sleep", headers=header).status_code == 401


def test_a_password_is_no_token(served: Served) -> None:
    accounts = served.provstore.accounts
    accounts.passwords.set(accounts.person("curie"), "correct horse battery")
    for header in (basic("curie", "correct horse battery"), "Bearer correct horse battery"):
        assert served.app.test_client().get("/uws/sleep", headers={"Authorization": header}).status_code == 401


def test_clients_of_the_vo_learn_how_to_sign_in_where_they_look(lasting: Served) -> None:
    answer = lasting.app.test_client().head("/capabilities")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (200, CHALLENGE)
    known = lasting.curie.head("/capabilities")
    assert (known.headers.get("X-VO-Authenticated"), "WWW-Authenticate" in known.headers) == ("curie", False)
    wrong = lasting.app.test_client().head("/capabilities", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, WRONG)


def test_the_capabilities_are_told_also_where_nobody_is_anonymous(serve: Serve) -> None:
    assert serve(anonymous=False).anonymous.get("/capabilities").status_code == 200


def test_a_script_of_a_page_is_not_offered_basic_which_would_open_a_window(serve: Serve) -> None:
    served = serve(anonymous=False)
    answer = served.anonymous.get("/uws/sleep", headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="provstore"')
    answer = served.anonymous.get("/uws/sleep", headers={"Sec-Fetch-Mode": "navigate"})
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_caches_are_told_on_what_an_answer_depends(lasting: Served) -> None:
    vary = ", ".join(lasting.curie.get("/uws/sleep").headers.getlist("Vary"))
    assert {"Authorization", "Cookie"} <= set(vary.split(", "))


def test_a_token_that_only_reads_says_so_when_it_is_used_for_more(served: Served) -> None:
    accounts = served.provstore.accounts
    secret = accounts.tokens.issue(accounts.agent_of("curie"), name="x", scope=Scope.READ).secret
    answer = served.client(secret).post("/uws/sleep")
    assert told(answer) == (403, "the scope of this token is 'read': POST /uws/sleep needs another one")


def test_an_administrator_changes_the_jobs_of_others_only_with_a_token_for_all(served: Served) -> None:
    job, accounts = pending_job(served), served.provstore.accounts
    agent = accounts.administrator().agent
    clients = [
        served.client(accounts.tokens.issue(agent, name="x", scope=scope).secret) for scope in (Scope.JOBS, Scope.ALL)
    ]
    assert [client.get(job).status_code for client in clients] == [200, 200]
    assert [client.delete(job).status_code for client in clients] == [403, 303]


def test_a_revoked_token_and_a_deactivated_person_are_refused_at_once(served: Served) -> None:
    job, accounts = pending_job(served), served.provstore.accounts
    assert served.curie.get(job).status_code == 200
    accounts.set_active("curie", active=False)
    assert served.curie.get(job).status_code == 401
    assert served.admin.get(f"{job}/owner").text == "curie", "the jobs stay"


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
    assert served.curie.get("/uws/sleep", headers={"Host": "jobs.example.org"}).status_code == 200


@pytest.mark.parametrize("setting", [{"base_url": "https://jobs.example.org"}, {"trusted_proxies": ("127.0.0.1",)}])
def test_behind_a_proxy_nobody_is_anonymous_unless_it_is_said(serve: Serve, setting: dict[str, object]) -> None:
    assert serve(**setting).anonymous.get("/uws/sleep").status_code == 401


def test_an_address_of_this_machine_is_no_proxy(serve: Serve) -> None:
    assert serve(base_url="http://127.0.0.1:8080").anonymous.get("/uws/sleep").status_code == 200


def test_behind_a_proxy_anonymous_visitors_can_be_let_in(serve: Serve) -> None:
    served = serve(trusted_proxies=("127.0.0.1",), anonymous=True)
    assert served.anonymous.get("/uws/sleep").status_code == 200


def test_under_the_name_that_a_listed_proxy_tells_the_server_is_known(serve: Serve) -> None:
    served = serve(trusted_proxies=("127.0.0.1",), anonymous=True)
    told_by_proxy = {"X-Forwarded-Host": "jobs.example.org", "X-Forwarded-Proto": "https"}
    assert served.anonymous.get("/uws/sleep", headers=told_by_proxy).status_code == 200
    own = told_by_proxy | {"Origin": "https://jobs.example.org"}
    assert served.anonymous.post("/uws/sleep", headers=own).status_code == 303
    foreign = told_by_proxy | {"Origin": "https://evil.example.org"}
    assert served.anonymous.post("/uws/sleep", headers=foreign).status_code == 403
    assert served.anonymous.get("/uws/sleep", headers={"Host": "jobs.example.org"}).status_code == 403


def test_a_listed_origin_may_call_a_server_on_this_machine(serve: Serve) -> None:
    served = serve(cors_origins=("https://portal.example.org",))
    answer = served.anonymous.post("/uws/sleep", headers={"Origin": "https://portal.example.org"})
    assert answer.status_code == 303


def test_a_foreign_page_changes_nothing_in_the_name_of_visitors_of_a_closed_network(serve: Serve) -> None:
    portal = "https://portal.example.org"
    served = serve(host="0.0.0.0", anonymous=True, cors_origins=(portal,))  # noqa: S104 (nothing listens there)
    assert served.anonymous.post("/uws/sleep", headers={"Origin": "https://evil.example.org"}).status_code == 403
    assert served.anonymous.post("/uws/sleep", headers={"Origin": portal}).status_code == 303
    assert served.anonymous.post("/uws/sleep").status_code == 303


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
