"""IVOA Support Interfaces, read by the clients that will read them."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from pyvo.io.vosi import parse_availability, parse_capabilities
from vo_models.vosi.availability import Availability
from vo_models.vosi.capabilities.models import VOSICapabilities
from werkzeug.test import TestResponse

from provstore.errors import Unavailable
from provstore.settings import OidcProvider
from provstore.web.application import application
from provstore.web.health import Probe
from provstore.web.site import EXTENSION, Site
from tests.web.conftest import Serve
from tests.web.served import BASE, Served

UWS = "ivo://ivoa.net/std/UWS#rest-1.1"
BASIC, TOKEN, OPENID = (f"ivo://ivoa.net/sso#{name}" for name in ("BasicAA", "token", "OpenID"))
PROVIDER = OidcProvider(name="iam", issuer="https://iam.example.org", client_id="provstore")


def capabilities(client: FlaskClient, **options: Any) -> list[Any]:
    """What pyvo, at its strictest, makes of the document."""
    answer = client.get("/capabilities", **options)
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8")
    return list(parse_capabilities(io.BytesIO(answer.data), pedantic=True))


def addresses(found: list[Any]) -> set[str]:
    return {one.accessurls[0].content for capability in found for one in capability.interfaces}


def methods(found: list[Any], standard: str) -> set[tuple[str | None, ...]]:
    """The ways to sign in of each capability of a standard; None needs none."""
    return {
        tuple(one.securitymethods[0].standardid if one.securitymethods else None for one in capability.interfaces)
        for capability in found
        if capability.standardid == standard
    }


def test_each_service_is_a_uws_capability_at_its_address(lasting: Served) -> None:
    found = capabilities(lasting.anonymous)
    services = lasting.provstore.catalog.services()
    assert [
        (type(one.interfaces[0]).__name__, one.interfaces[0].role, one.interfaces[0].accessurls[0].use)
        for one in found
        if one.standardid == UWS
    ] == [("ParamHTTP", "std", "base")] * len(services)
    assert {f"{BASE}/uws/{one.description.name}" for one in services} < addresses(found)


def test_the_support_interfaces_name_themselves_and_need_no_token(lasting: Served) -> None:
    found = {one.standardid: one for one in capabilities(lasting.anonymous)}
    for name in ("capabilities", "availability"):
        (interface,) = found[f"ivo://ivoa.net/std/VOSI#{name}"].interfaces
        assert (interface.accessurls[0].content, interface.accessurls[0].use) == (f"{BASE}/{name}", "full")
        assert list(interface.securitymethods) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, BASIC, TOKEN)),
        ({"anonymous": False}, (BASIC, TOKEN)),
        ({"anonymous": False, "oidc": (PROVIDER,)}, (BASIC, TOKEN, OPENID)),
    ],
)
def test_a_service_says_how_to_sign_in(
    serve: Serve, settings: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    assert methods(capabilities(serve(**settings).anonymous), UWS) == {expected}


def test_a_restricted_service_is_told_to_those_who_may_know_it(serve: Serve) -> None:
    served = serve(restricted_services=("stack",))
    place = f"{BASE}/uws/stack"
    assert place not in addresses(capabilities(served.anonymous))
    assert place not in addresses(capabilities(served.curie))
    assert place in addresses(capabilities(served.admin))


def test_a_path_without_a_standard_claims_none_and_one_without_a_route_is_not_announced(lasting: Served) -> None:
    routes = {rule.rule for rule in lasting.app.url_map.iter_rules()}
    plain = addresses([one for one in capabilities(lasting.anonymous) if not one.standardid])
    assert plain == {f"{BASE}{path}" for path in ("/jdl", "/provsap") if path in routes}


def test_the_address_of_the_site_is_the_one_that_is_set(serve: Serve) -> None:
    served = serve(base_url="https://prov.example.org/prov/", anonymous=True)
    assert all(one.startswith("https://prov.example.org/prov/") for one in addresses(capabilities(served.anonymous)))


def test_vo_models_reads_every_capability_of_a_standard(lasting: Served) -> None:
    tree = etree.fromstring(lasting.anonymous.get("/capabilities").data)
    for one in tree.findall("capability"):
        if "standardID" not in one.attrib:  # the schema allows it, this reader does not
            tree.remove(one)
    read = VOSICapabilities.from_xml(etree.tostring(tree))
    assert len(read.capability) == 3 + len(lasting.provstore.catalog.services()), "VOSI twice, DataLink, UWS"


# --- availability


def availability(answer: TestResponse) -> tuple[bool, bool, list[str]]:
    """(available, whether it says since when, notes), as two readers agree on."""
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8")
    by_pyvo = parse_availability(io.BytesIO(answer.data), pedantic=True)
    by_models = Availability.from_xml(answer.data)
    seen = (by_models.available, by_models.up_since is not None, list(by_models.note or []))
    assert (by_pyvo.available, by_pyvo.upsince is not None, list(by_pyvo.notes)) == seen
    return seen


def test_a_site_that_is_well_is_available_since_its_start(served: Served) -> None:
    answer = served.anonymous.get("/availability")
    assert availability(answer) == (True, True, [])
    assert "<upSince>2026-03-01T12:00:00.000Z</upSince>" in answer.text


def test_it_needs_no_token(serve: Serve) -> None:
    assert availability(serve(anonymous=False).anonymous.get("/availability")) == (True, True, [])


def test_a_site_that_drains_says_why(served: Served) -> None:
    served.provstore.draining.begin("new disks <soon> & a long night")
    assert availability(served.anonymous.get("/availability")) == (
        False,
        True,
        ["draining: new disks <soon> & a long night"],
    )
    served.provstore.draining.end()
    assert availability(served.anonymous.get("/availability")) == (True, True, [])


def asking(served: Served, **parts: Any) -> FlaskClient:
    """A client of the same site with other parts."""
    site: Site = served.app.extensions[EXTENSION]
    return application(replace(site, **parts), ()).test_client()


def test_an_executor_in_trouble_is_told_without_hosts_or_accounts_and_the_site_is_available(served: Served) -> None:
    client = asking(served, troubles=lambda: {"slurm": "no route to login.example.org"})
    told = "executor slurm can't be reached; the server's log says why"
    assert availability(client.get("/availability")) == (True, True, [told])


def test_a_store_that_is_gone_is_told_with_its_time(served: Served) -> None:
    def refuse() -> None:
        raise Unavailable("Neo4j at bolt://db: refused")

    client = asking(served, probe=Probe(refuse, clock=served.clock))
    assert availability(client.get("/availability")) == (
        False,
        False,
        ["the store is gone since 2026-03-01T12:00:00.000Z", "Neo4j at bolt://db: refused"],
    )
    health = client.get("/healthz")
    assert (health.status_code, health.headers["Retry-After"]) == (503, "5")


def test_a_store_that_hangs_makes_nothing_hang(served: Served) -> None:
    answers = threading.Event()

    def hang() -> None:
        answers.wait(30)

    client = asking(served, probe=Probe(hang, clock=served.clock, patience=0.05))
    try:
        available, _, notes = availability(client.get("/availability"))
        assert (available, notes[1:]) == (False, ["the store gives no answer within 0.05 s"])
        assert client.get("/healthz").status_code == 503
        assert client.get("/capabilities").status_code == 200
        assert client.get("/uws/sleep").status_code == 503
        assert client.get("/oidc").status_code == 200
    finally:
        answers.set()
