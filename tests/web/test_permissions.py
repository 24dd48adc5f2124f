"""Who may run a service where the site restricts it, and who may change a job that others may see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provstore.accounts.callers import Grant, Role
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

Request = Callable[[FlaskClient, str], TestResponse]

CHANGES: dict[str, Request] = {
    "DELETE": lambda client, job: client.delete(job),
    "POST ACTION": lambda client, job: client.post(job, data={"ACTION": "DELETE"}),
    "POST job": lambda client, job: client.post(job, data={"text": "b"}),
    "POST parameters": lambda client, job: client.post(f"{job}/parameters", data={"text": "b"}),
    "PUT parameter": lambda client, job: client.put(f"{job}/parameters/text", data="b"),
    "POST parameter": lambda client, job: client.post(f"{job}/parameters/text", data={"VALUE": "b"}),
    "RUN": lambda client, job: client.post(f"{job}/phase", data={"PHASE": "RUN"}),
    "ABORT": lambda client, job: client.post(f"{job}/phase", data={"PHASE": "ABORT"}),
    "duration": lambda client, job: client.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "5"}),
    "destruction": lambda client, job: client.post(f"{job}/destruction", data={"DESTRUCTION": "2026-03-05"}),
}


def person(served: Served, name: str, *grants: Grant) -> FlaskClient:
    client = served.client(served.provstore.accounts.add(name))
    for grant in grants:
        served.provstore.accounts.grant(name, grant)
    return client


@pytest.mark.parametrize("change", CHANGES)
def test_a_curator_sees_every_job_of_the_service_and_changes_none(served: Served, change: str) -> None:
    curator = person(served, "rubin", Grant(Role.CURATOR, "sleep"))
    job = served.create(by=served.curie)
    before = curator.get(job)
    assert before.status_code == 200
    words = f"job {job_id(job)} is not yours: you may see it, but only its owner and administrators may change it"
    assert told(CHANGES[change](curator, job)) == (403, words)
    assert curator.get(job).data == before.data
    assert CHANGES[change](served.curie if change != "RUN" else served.admin, job).status_code == 303


def test_a_curator_of_another_service_sees_nothing(served: Served) -> None:
    other = person(served, "rubin", Grant(Role.CURATOR, "copy"))
    everywhere = person(served, "hubble", Grant(Role.CURATOR, "*"))
    job = served.create(by=served.curie)
    assert told(other.get(job)) == (403, f"job {job_id(job)} is not yours")
    assert told(other.delete(job)) == (403, f"job {job_id(job)} is not yours")
    assert everywhere.get(job).status_code == 200


@pytest.mark.parametrize("restricted", [("sleep",), ("*",), ("copy", "sleep")])
def test_a_restricted_service_is_run_only_by_those_with_the_role(serve: Serve, restricted: tuple[str, ...]) -> None:
    served = serve(restricted_services=restricted)
    runner = person(served, "rubin", Grant(Role.RUN, "sleep"))
    everywhere = person(served, "hubble", Grant(Role.RUN, "*"))
    for client, name in ((served.anonymous, "anonymous visitors"), (served.curie, "curie")):
        answer = client.post("/uws/sleep")
        right = "only people with the role run:sleep may run it; an administrator can grant it"
        assert told(answer) == (403, f"service sleep is not open to {name}: {right}")
        assert client.get("/uws/sleep").status_code == 200
    for client in (runner, everywhere, served.admin):
        assert client.post("/uws/sleep", data={"PHASE": "RUN"}).status_code == 303
    assert len(served.json("/uws/sleep")["items"]) == 3


def test_a_service_that_is_not_restricted_is_open_to_all(serve: Serve) -> None:
    served = serve(restricted_services=("copy",))
    assert served.anonymous.post("/uws/sleep").status_code == 303


def test_who_lost_the_role_can_no_longer_start_his_jobs_but_still_end_them(serve: Serve) -> None:
    served = serve(restricted_services=("sleep",))
    served.provstore.accounts.grant("curie", Grant(Role.RUN, "sleep"))
    job = served.create(by=served.curie)
    served.provstore.accounts.ungrant("curie", Grant(Role.RUN, "sleep"))
    curie = served.client(served.tokens["curie"])
    assert curie.post(f"{job}/phase", data={"PHASE": "RUN"}).status_code == 403
    assert served.phase(job) == "PENDING"
    assert curie.get(job).status_code == 200
    assert curie.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 303
    assert curie.delete(job).status_code == 303
