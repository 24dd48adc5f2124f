"""Who may call what: every route of the app, by everybody who could, against the table in routes.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from provstore.accounts.callers import EVERY_SERVICE, Grant, Role, Scope
from provstore.queries.catalog import QUESTIONS
from provstore.queries.replay import Plan, PlannedJob, Wanted
from provstore.uws.descriptions.model import Description, Generated
from tests.web.routes import BODIES, EXCEPTIONS, FILLED, LOOKING, OPEN, QUERIES, ROUTES
from tests.web.served import CURIE, Served, job_id

PEOPLE: Final = ("anonymous", "own", "other", "admin", "curator", "shared", "reads", "expired", "deactivated")
SAFE: Final = "GET"
BY_ID: Final = (
    "/product",
    "/lineage",
    "/impact",
    "/graph.json",
    "/graph/document",
    "/preview",
    "/preview.png",
    "/preview.pdf",
    "/annotate",
    "/prov/lineage",
    "/provsap",
    "/datalink",
)
Clients = Mapping[str, FlaskClient]
QUESTIONS_ELSEWHERE: Final = {f"questions.{one.name}" for one in QUESTIONS if one.name != "lineage"}
"""Made from the catalogue like that of lineage; who sees what is tested with each question."""


def test_every_route_has_its_row_in_the_table(lasting: Served) -> None:
    served = {
        (method, rule.rule)
        for rule in lasting.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in QUESTIONS_ELSEWHERE
    }
    assert served == set(ROUTES)


@pytest.fixture(scope="module")
def people(lasting: Served) -> Clients:
    """Everybody: the table's four, and those whose answers follow from theirs."""
    accounts = lasting.provstore.accounts
    tokens = {name: accounts.add(name) for name in ("other", "curator", "shared", "deactivated")}
    accounts.grant("curator", Grant(Role.CURATOR, EVERY_SERVICE))
    accounts.set_active("deactivated", active=False)
    curie, end_at = accounts.agent_of(CURIE), lasting.clock() + timedelta(seconds=1)
    tokens["reads"] = accounts.tokens.issue(curie, name="reads", scope=Scope.READ).secret
    tokens["expired"] = accounts.tokens.issue(curie, name="short", expires_at=end_at).secret
    lasting.clock.advance(2)
    found = {name: lasting.client(token) for name, token in tokens.items()}
    return found | {"anonymous": lasting.anonymous, "own": lasting.curie, "admin": lasting.admin}


def share(served: Served, job: str) -> str:
    answer = served.curie.post(f"{job}/sharing", data={"READER": "shared"})
    assert answer.status_code < 400, answer.text
    return job_id(job)


@pytest.fixture(scope="module")
def finished(lasting: Served, people: Clients) -> str:
    """A job that is over, for those who only look."""
    job = lasting.create(by=lasting.curie)
    lasting.execute(job, by=lasting.curie)
    lasting.finish(job)
    return share(lasting, job)


def sweep(served: Served) -> str:
    answer = served.curie.post("/uws/sleep", json=[{"text": "a"}])
    assert answer.status_code == 303, answer.text
    return answer.location.rsplit("/", 1)[-1]


def token(served: Served) -> str:
    accounts = served.provstore.accounts
    return accounts.tokens.issue(accounts.agent_of(CURIE), name="to be revoked").token.id


def definition(name: str, *, version: str = "1") -> Description:
    made = Generated(name="result", default="result.txt")
    return Description(name=name, version=version, script="true\n", generated=(made,))


def brought(served: Served) -> str:
    """A document of which its author may know, and those with whom the job is shared."""
    sent = served.curie.post("/prov/documents", data=BODIES["/prov/documents"], query_string={"format": "prov-n"})
    return str(sent.get_json()["document"])


def proposal(served: Served) -> str:
    curie = next(one for one in served.provstore.accounts.people() if one.name == CURIE)
    return served.provstore.publication.propose(curie, definition("stack", version=uuid4().hex)).id


def replay(served: Served) -> str:
    """A replay of its curator's; all curators may see it."""
    curie = next(one for one in served.provstore.accounts.people() if one.name == CURIE)
    ran = served.node(f"j{uuid4().hex}")
    job = PlannedJob(job=ran, service="sleep", ran="sleep@1", revision="sleep@1", owner=curie.agent, level=1)
    return served.provstore.service.replays.keep(curie, Plan(wanted=Wanted(), jobs=(job,))).id


def published(served: Served) -> str:
    """A service of which nobody else knows, with two revisions."""
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    name = f"made_{uuid4().hex}"
    for version in ("1", "2"):
        publication.accept(administrator, publication.propose(administrator, definition(name, version=version)).id)
    return name


def filled(address: str, *, job: str, fresh: Mapping[str, Callable[[], str]]) -> str:
    """Write an address out: of a job, and of what is made for this one request."""
    for part, name in FILLED:
        address = address.replace(part, re.sub("<.*>", name, part))
    address = address.replace("<service>", "sleep").replace("<path:entity>", f"e{job[1:]}.result")
    address = re.sub(r"<any\((\w+)[^>]*>", r"\1", address)
    for part, make in fresh.items():
        address = address.replace(part, make() if part in address else "")
    return re.sub("<(job_id|local)>", job, address)


def asked(served: Served, client: FlaskClient, method: str, address: str, *, finished: str) -> int:
    job = finished if method == SAFE else share(served, served.create(by=served.curie))
    served.provstore.accounts.grant(CURIE, Grant(Role.AUTHOR, "stack"))
    fresh = {
        "<sweep_id>": lambda: sweep(served),
        "<token_id>": lambda: token(served),
        "<proposal_id>": lambda: proposal(served),
        "<published>": lambda: published(served),
        "<brought>": lambda: brought(served),
        "<replay_id>": lambda: replay(served),
    }
    query = QUERIES.get(address.rsplit("/", 1)[-1], {}) | ({"id": job} if address in BY_ID else {})
    body = BODIES.get(re.sub(r"^/(uws|rest)/<service>/<job_id>", "", address), {})
    address = "/jdl/<published>" if (method, address) == ("DELETE", "/jdl/<name>") else address
    place = filled(address, job=job, fresh=fresh)
    sent = None if method == SAFE else body
    return client.open(place, method=method, query_string=query, data=sent).status_code


def expected(method: str, address: str) -> dict[str, int]:
    """Curators and those shared with see what the owner sees and change nothing; a token that only reads likewise."""
    anonymous, own, other, admin = ROUTES[method, address]
    only_looks = method == SAFE or address in LOOKING
    looks = own if only_looks else other
    nothing = anonymous if address.startswith(OPEN) else 401
    reads = own if only_looks or address.startswith(OPEN) else 403
    answers = dict(zip(PEOPLE, (anonymous, own, other, admin, looks, looks, reads, nothing, nothing), strict=True))
    return {name: EXCEPTIONS.get((name, method, address), answer) for name, answer in answers.items()}


@pytest.mark.parametrize(("method", "address"), sorted(ROUTES))
def test_each_route_lets_in_whom_the_table_names(
    lasting: Served, people: Clients, finished: str, method: str, address: str
) -> None:
    seen = {name: asked(lasting, people[name], method, address, finished=finished) for name in PEOPLE}
    assert seen == expected(method, address)


def test_a_token_for_jobs_may_change_jobs_and_nothing_else(lasting: Served, people: Clients, finished: str) -> None:
    accounts = lasting.provstore.accounts
    secret = accounts.tokens.issue(accounts.agent_of(CURIE), name="jobs", scope=Scope.JOBS).secret
    client = lasting.client(secret)
    for method, address in sorted(ROUTES):
        if method != SAFE and not address.startswith(OPEN):
            answer = asked(lasting, client, method, address, finished=finished)
            free = address.startswith(("/uws/", "/rest/", "/jobs/new")) or address in LOOKING
            wanted = ROUTES[method, address][1] if free else 403
            assert (method, address, answer) == (method, address, wanted)
