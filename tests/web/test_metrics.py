"""What the server counts of itself, read by the library of Prometheus."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from provstore.app import create_app
from provstore.errors import Unavailable
from provstore.web.application import application
from provstore.web.health import Probe
from provstore.web.site import EXTENSION, Site
from tests.web.conftest import Serve
from tests.web.served import Served

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(served: Served, client: Any = None) -> Samples:
    answer = (client or served.admin).get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"provstore_{name}", frozenset(labels.items())))


def requests_of(samples: Samples, method: str, route: str, status: str) -> float | None:
    return of(samples, "request_seconds_count", method=method, route=route, status=status)


def test_jobs_are_counted_by_service_and_phase(served: Served) -> None:
    for _ in range(2):
        served.create("sleep")
    served.create("copy", by=served.curie, input=(io.BytesIO(b"x"), "x.txt"))
    served.execute(served.create("sleep"))
    deleted = served.create("sleep")
    served.anonymous.delete(deleted)
    served.tick()
    waiting = served.create("sleep", PHASE="RUN")
    samples = scraped(served)
    assert of(samples, "jobs", service="sleep", phase="PENDING") == 2
    assert of(samples, "jobs", service="copy", phase="PENDING") == 1
    assert of(samples, "jobs", service="sleep", phase="ABORTED") is None
    assert (of(samples, "queue_length"), of(samples, "running")) == (1, 1)
    assert served.phase(waiting) == "QUEUED"


def test_requests_are_counted_by_route_and_never_by_address(served: Served) -> None:
    job = served.create()
    for _ in range(3):
        served.anonymous.get(job)
    served.anonymous.get(f"{job}/nothing")
    served.anonymous.get("/uws/nothing/secret-of-a-client")
    samples = scraped(served)
    route = "/uws/<service>/<job_id>"
    assert requests_of(samples, "POST", "/uws/<service>", "3xx") == 1
    assert requests_of(samples, "GET", route, "2xx") == 3
    assert requests_of(samples, "GET", route, "4xx") == 1
    assert requests_of(samples, "GET", "none", "4xx") == 1
    assert not any("secret" in str(labels) or job in str(labels) for _, labels in samples)


def test_a_method_that_nobody_knows_makes_no_series_of_its_own(served: Served) -> None:
    for method in ("BREW", "STEEP"):
        served.anonymous.open("/healthz", method=method)
    assert requests_of(scraped(served), "other", "none", "4xx") == 2


def test_each_request_takes_its_time(served: Served) -> None:
    served.anonymous.get("/healthz")
    samples = scraped(served)
    labels = {"method": "GET", "route": "/healthz", "status": "2xx"}
    seconds = of(samples, "request_seconds_sum", **labels)
    assert seconds is not None
    assert 0 < seconds < 60
    assert of(samples, "request_seconds_bucket", **labels, le="+Inf") == 1


def with_parts(served: Served, **parts: Any) -> FlaskClient:
    """The administrator's client of the same site with other parts."""
    site: Site = served.app.extensions[EXTENSION]
    client = application(replace(site, **parts), ()).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = served.admin.environ_base["HTTP_AUTHORIZATION"]
    return client


def test_draining_and_executors_in_trouble_are_told(served: Served) -> None:
    served.provstore.draining.begin("new disks")
    samples = scraped(served, with_parts(served, troubles=lambda: {"slurm": "no route"}))
    assert (of(samples, "draining"), of(samples, "executor_trouble", executor="slurm")) == (1, 1)


def test_what_is_known_without_the_store_is_told_when_it_is_down(served: Served) -> None:
    def refuse() -> None:
        raise Unavailable("refused")

    samples = scraped(served, with_parts(served, probe=Probe(refuse, clock=served.clock)))
    assert (of(samples, "store_up"), of(samples, "queue_length"), of(samples, "draining")) == (0, None, 0)


@pytest.mark.parametrize("who", ["anonymous", "curie"])
def test_they_are_for_administrators_only(served: Served, who: str) -> None:
    answer = getattr(served, who).get("/metrics", headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.json["error"]["message"]) == (403, "the metrics are for administrators only")


def test_two_servers_in_one_process_count_apart(serve: Serve) -> None:
    first = serve()
    second = create_app(first.provstore)
    first.anonymous.get("/healthz")
    client = second.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = first.admin.environ_base["HTTP_AUTHORIZATION"]
    assert requests_of(scraped(first, client), "GET", "/healthz", "2xx") is None
    assert requests_of(scraped(first), "GET", "/healthz", "2xx") == 1
