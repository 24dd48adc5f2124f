"""The description of the API is valid, complete, and true of what the server really answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from provstore.settings import OidcProvider
from provstore.web.openapi import _PEOPLE as PEOPLE
from provstore.web.openapi import endpoint_of, is_described
from provstore.web.operations import OPERATIONS
from provstore.web.query_words import QUERIES
from provstore.web.schemas import SCHEMAS
from tests.web.conftest import Serve
from tests.web.served import Served, job_id

JSON = {"Accept": "application/json"}


def document(served: Served) -> Any:
    answer = served.anonymous.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return answer.json


def operations(found: Any) -> Iterator[tuple[str, str, Any]]:
    return ((path, method, one) for path, methods in found["paths"].items() for method, one in methods.items())


def test_it_is_a_valid_openapi_document(lasting: Served) -> None:
    OpenAPIV31SpecValidator(document(lasting)).validate()


def test_it_is_valid_with_providers_too_and_names_them(serve: Serve) -> None:
    provider = OidcProvider(name="iam", issuer="https://iam.example.org/", client_id="provstore")
    found = document(serve(oidc=(provider,), anonymous=False))
    OpenAPIV31SpecValidator(found).validate()
    assert found["components"]["securitySchemes"]["oidc-iam"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://iam.example.org/.well-known/openid-configuration",
    }
    assert {} not in found["security"]


def test_every_route_of_the_application_is_described(lasting: Served) -> None:
    routes = {
        (re.sub(r"<(?:[^>]*:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in lasting.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if is_described(rule.endpoint)
    }
    assert {(path, method) for path, method, _ in operations(document(lasting))} == routes


def test_every_view_but_those_of_pages_has_its_row(lasting: Served) -> None:
    endpoints = {endpoint_of(rule.endpoint) for rule in lasting.app.url_map.iter_rules() if is_described(rule.endpoint)}
    api = {one for one in endpoints if one.partition(".")[0] not in PEOPLE}
    assert api - OPERATIONS.keys() == set(), "add their rows to provstore/web/operations.py"
    assert OPERATIONS.keys() - endpoints == set(), "rows of views that are no more"


def test_every_operation_says_what_it_does(lasting: Served) -> None:
    unsaid = [(method, path) for path, method, one in operations(document(lasting)) if len(one["description"]) < 15]
    assert unsaid == []


def test_every_operation_has_a_name_of_its_own(lasting: Served) -> None:
    names = [one["operationId"] for _, _, one in operations(document(lasting))]
    assert len(names) == len(set(names))


def test_every_schema_is_used_and_every_one_used_is_there(lasting: Served) -> None:
    text = lasting.anonymous.get("/openapi.json").text
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(SCHEMAS)
    assert {name for one in OPERATIONS.values() for name in one.query} == set(QUERIES)


def test_its_address_is_that_of_the_site(serve: Serve) -> None:
    served = serve(base_url="https://prov.example.org/prov", anonymous=True)
    assert document(served)["servers"] == [{"url": "https://prov.example.org/prov"}]


# --- real answers


def closed(schema: Any) -> Any:
    """Forbid every member that is not described, so that nothing is answered in silence."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in schema and "required" in schema else inner


def check(name: str, answer: object) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": closed(dict(SCHEMAS))}}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer)


def test_a_job_in_each_phase_that_there_is(served: Served) -> None:
    pending, ended, failed = served.create(RUNID="r"), served.completed(), served.create()
    served.execute(failed)
    served.finish(failed, {}, exit_code=3)
    queued = served.create(PHASE="RUN")
    for job in (pending, queued, ended, failed):
        check("Job", served.json(job))
    assert served.json(failed)["errorSummary"]["type"] == "fatal"


def test_a_job_of_a_service_with_everything(served: Served) -> None:
    job = served.create("sleep", by=served.curie, duration=1, text="ä", RUNID="night 1")
    check("Job", served.json(job))
    check("JobList", served.json("/uws/sleep"))
    check("ShareList", served.json(f"{job}/sharing"))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/", "Home"),
        ("/healthz", "Health"),
        ("/uws", "JobList"),
        ("/uws/sleep", "JobList"),
        ("/uws/sleep/sweeps", "SweepList"),
        ("/jdl", "DefinitionList"),
        ("/session", "Session"),
        ("/account/tokens", "TokenList"),
        ("/accounts", "AccountList"),
        ("/accounts/curie", "Account"),
        ("/openapi.json", "OpenApi"),
    ],
)
def test_what_is_answered_is_what_is_described(lasting: Served, place: str, name: str) -> None:
    check(name, lasting.json(place))


def test_a_sweep(served: Served) -> None:
    created = served.curie.post("/uws/sleep", json=[{"text": "a"}, {"text": "b"}])
    assert created.status_code == 303, created.text
    place = created.location.removeprefix(served.base)
    check("Sweep", served.json(place))
    check("SweepList", served.json("/uws/sleep/sweeps"))
    check("NewSweep", [{"text": "a"}, {"text": "b"}])


def test_a_lineage(served: Served) -> None:
    job = served.completed()
    check("Graph", served.json(f"/prov/lineage?id={job_id(job)}&direction=both"))


def test_a_description(lasting: Served) -> None:
    Draft202012Validator(SCHEMAS["Definition"]).validate(lasting.json("/jdl/stack"))


def test_definitions_and_proposals(served: Served) -> None:
    stack = served.json("/jdl/stack.json")
    made = served.admin.post("/jdl", json=stack | {"label": "Other"})
    check("NewProposal", made.json)
    place = made.location.removeprefix(served.base)
    check("ProposalWithDefinition", served.json(place))
    check("ProposalList", served.json("/jdl/proposals"))
    check("Differences", served.json(f"{place}/diff"))
    check("Form", served.json(f"{place}/form"))
    check("DefinitionList", served.json("/jdl"))
    check("Revision", served.admin.post(f"{place}/accept").json)
    check("RevisionList", served.json("/jdl/stack/history"))
    check("Checked", served.admin.post("/jdl/validate", json=stack | {"script": ""}).json)
    wrong = served.admin.post("/jdl", json=stack | {"script": ""})
    check("Error", wrong.json)
    assert (wrong.json or {})["error"]["problems"]
    assert served.admin.delete("/jdl/stack").status_code == 204
    check("RevisionList", served.json("/jdl/stack/history"))
    check("DefinitionList", served.json("/jdl?withdrawn=true"))


def test_a_new_token_and_a_new_account(served: Served) -> None:
    token = served.curie.post("/account/tokens", json={"name": "laptop"})
    person = served.admin.post("/accounts", json={"name": "rubin"})
    check("IssuedToken", token.json)
    check("Account", person.json)
    assert (token.status_code, person.status_code) == (201, 201)


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("GET", "/uws/nothing"),
        ("GET", "/uws/sleep?LAST=0"),
        ("GET", "/nowhere"),
        ("GET", "/metrics"),
        ("PUT", "/uws/sleep"),
        ("POST", "/signals/j0"),
    ],
)
def test_an_error(lasting: Served, method: str, place: str) -> None:
    answer = lasting.curie.open(place, method=method, headers=JSON)
    check("Error", answer.json)
    assert answer.status_code >= 400


def test_every_answer_of_an_error_is_within_what_is_described(lasting: Served) -> None:
    assert all({"4XX", "5XX"} <= one["responses"].keys() for _, _, one in operations(document(lasting)))
