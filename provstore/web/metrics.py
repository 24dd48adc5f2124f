"""What a server counts of itself, in the text format of Prometheus, for administrators."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from provstore import __version__
from provstore.errors import Forbidden, Unavailable
from provstore.graph.model import Label
from provstore.graph.store import Condition, Filter, Op
from provstore.uws.phases import Phase
from provstore.web.site import caller, site

__all__ = ["Level", "install_metrics"]

_JOBS: Final = Condition(label=Label.JOB, filters=(Filter("deleted", Op.ABSENT),))
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_NO_ROUTE: Final = "none"


class Level(NamedTuple):
    """Something that goes up and down, read at each scrape."""

    name: str
    help: str
    read: Callable[[], float]


def install_metrics(app: Flask, levels: Sequence[Level]) -> None:
    """Count requests from now on, and serve the figures at ``/metrics``; the first of all that look at a request."""
    registry = CollectorRegistry()
    durations = Histogram(
        "provstore_request_seconds",
        "Requests and the seconds they took, by route; WAIT and streams take as long as they are asked to.",
        ("method", "route", "status"),
        buckets=_BUCKETS,
        registry=registry,
    )
    ProcessCollector(registry=registry)
    registry.register(_Present(levels))

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = durations.labels(*_labels(response))
        began: float = g.began
        response.call_on_close(lambda: seconds.observe(time.perf_counter() - began))
        return response

    @app.get("/metrics")
    def show_metrics() -> Response:
        """GET /metrics: figures for Prometheus, for administrators only (send the token as Bearer)."""
        if not caller().admin:
            raise Forbidden("the metrics are for administrators only")
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _labels(response: Response) -> tuple[str, str, str]:
    """Few and known values only: the rule and never the address, so that no request makes a new series."""
    method = request.method if request.method in _METHODS else "other"
    route = request.url_rule.rule if request.url_rule else _NO_ROUTE
    return method, route, f"{response.status_code // 100}xx"


class _Present(Collector):
    """How things stand when they are asked for; what a store that is down would have to tell is left out."""

    def __init__(self, levels: Sequence[Level]) -> None:
        self._levels = levels

    def describe(self) -> tuple[GaugeMetricFamily, ...]:
        """Tell no names beforehand: the store is not asked before the first scrape."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Give each figure as it is now."""
        yield _family("build_info", "The running version.", [((__version__,), 1)], "version")
        well = site().probe.look().well
        yield _single("store_up", "Whether the graph store answers.", well)
        yield _single("draining", "Whether no new jobs are taken.", bool(site().draining.reason()))
        troubles = [((name,), 1) for name in site().troubles()]
        yield _family("executor_trouble", "Executors that can't be reached now.", troubles, "executor")
        for one in self._levels:
            yield _single(one.name, one.help, one.read())
        yield _commands()
        yield from self._jobs() if well else ()

    def _jobs(self) -> Iterator[GaugeMetricFamily]:
        try:
            counts = site().store.aggregate(_JOBS, ("service", "phase"))
        except Unavailable:  # it went down since it was asked; store_up tells at the next scrape
            return
        by_label = {(str(one.values[0]), str(one.values[1])): one.count for one in counts}
        phases: Tally[str] = Tally()
        for (_service, phase), count in by_label.items():
            phases[phase] += count
        yield _family("jobs", "Jobs that were not deleted.", by_label.items(), "service", "phase")
        yield _single("queue_length", "Jobs that wait to run.", phases[Phase.QUEUED])
        yield _single("running", "Jobs that run.", phases[Phase.EXECUTING])


def _commands() -> CounterMetricFamily:
    words = "Commands sent to a cluster, by what for; `submit` counts its jobs, `status` and `accounting` questions."
    family = CounterMetricFamily("provstore_cluster_commands", words, labels=("cluster", "command"))
    for cluster, counts in site().counts().items():
        for command, count in sorted(counts.items()):
            family.add_metric((cluster, command), count)
    return family


def _single(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"provstore_{name}", words, value=value)


def _family(name: str, words: str, values: Iterable[tuple[Sequence[str], float]], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"provstore_{name}", words, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family
