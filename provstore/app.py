"""The composition root: the only place that names concrete adapters and puts the parts together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from provstore.accounts.oidc import Remote
from provstore.accounts.people import Accounts
from provstore.clusters import Cluster
from provstore.errors import Invalid
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws import start_up
from provstore.uws.catalog import Catalog
from provstore.uws.draining import DRAINING_FILE, Draining
from provstore.uws.executors.local import LocalExecutor
from provstore.uws.files import Files
from provstore.uws.findings import Finding
from provstore.uws.inputs.download import Downloads
from provstore.uws.inputs.fetch_rules import fetch_rules
from provstore.uws.inputs.fetching import Fetching, FetchingParts
from provstore.uws.inputs.items import Inputs
from provstore.uws.ports import Clock, Executor
from provstore.uws.publishing.publication import Publication
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import limits_of
from provstore.uws.queue.troubles import TROUBLES_FILE, Troubles
from provstore.uws.queue.waits import Waits
from provstore.uws.quotas import Quotas
from provstore.uws.records import Records
from provstore.uws.running.amendments import Amendments
from provstore.uws.running.elsewhere import Elsewhere
from provstore.uws.running.life import Life, LifeParts
from provstore.uws.running.staging import StagingRules, rules_of
from provstore.uws.running.supervisor import Lease, Supervisor
from provstore.uws.service import JobService, Parts
from provstore.uws.sharing import Sharing
from provstore.uws.submissions import Submissions
from provstore.uws.tokens import JobTokens
from provstore.uws.watching.following import Following
from provstore.uws.watching.streams import Events
from provstore.uws.watching.waiting import Waiting
from provstore.web.application import application
from provstore.web.health import Probe
from provstore.web.metrics import Level
from provstore.web.site import Site

__all__ = ["Provstore", "check_cluster", "create_app", "open_provstore", "open_store"]


def open_store(settings: Settings) -> GraphStore:
    """Open the graph at the address of the settings: ``sqlite:///path``, or a Neo4j address.

    Raises:
        Invalid: an address of another kind.
        Unavailable: the store can't be reached.
    """
    url = settings.store_url
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        from provstore.graph.sqlite import open_sqlite

        return open_sqlite(Path(url.removeprefix("sqlite:///")), namespace=settings.namespace)
    if scheme.partition("+")[0] in {"bolt", "neo4j"}:
        from provstore.graph.neo4j import open_neo4j

        file = settings.graph_password_file
        password = file.read_text(encoding="utf-8").strip() if file else ""
        return open_neo4j(url, user=settings.graph_user, password=password, namespace=settings.namespace)
    raise Invalid(
        f"graph_url {scheme}://…: sqlite:///path, bolt://host or neo4j://host is needed",
        field="graph_url",
        value=scheme,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Provstore:
    """An open provstore: everything that a server, a command or a test works with."""

    settings: Settings
    store: GraphStore
    accounts: Accounts
    service: JobService
    supervisor: Supervisor
    tokens: JobTokens
    parts: Parts
    refusals: tuple[str, ...]
    draining: Draining
    quotas: Quotas
    waits: Waits
    events: Events
    fetching: Fetching
    publication: Publication
    elsewhere: Elsewhere

    @property
    def records(self) -> Records:
        """Jobs in the graph."""
        return self.parts.records

    @property
    def catalog(self) -> Catalog:
        """The services on offer."""
        return self.parts.catalog

    @property
    def files(self) -> Files:
        """The data directory."""
        return self.parts.files

    def healthy(self) -> None:
        """Do nothing if the store answers.

        Raises:
            Unavailable: it does not.
        """
        self.store.get([])

    def hang_up(self) -> None:
        """Answer all who wait for a job or listen to events, so that the server can stop."""
        self.parts.waiting.close()
        self.events.close()

    def close(self) -> None:
        """Stop supervising and let go of the store; jobs go on."""
        self.hang_up()
        self.supervisor.stop()
        self.fetching.close()
        self.elsewhere.close()
        self.accounts.close()
        self.store.close()


@contextmanager
def open_provstore(
    settings: Settings,
    *,
    store: GraphStore | None = None,
    executors: Mapping[str, Executor] | None = None,
    clock: Clock = start_up.milliseconds,
    signals_url: str = "",
) -> Iterator[Provstore]:
    """Open a data directory and its graph, publish new descriptions, and put the parts together.

    Args:
        settings: Where, and within which limits.
        store: The graph, if it is open already.
        executors: By name; the local one by default.
        clock: The present instant.
        signals_url: Where wrappers signal; "" for a process that serves no HTTP.

    Raises:
        Invalid: a setting is wrong.
        Unavailable: the graph or the data directory can't be used.
    """
    start_up.make_data_directory(settings.data.absolute())
    opened = store or open_store(settings)
    provstore = _compose(settings, opened, executors=executors, clock=clock, signals_url=signals_url)
    try:
        yield provstore
    finally:
        provstore.close()


def _compose(
    settings: Settings,
    store: GraphStore,
    *,
    executors: Mapping[str, Executor] | None,
    clock: Clock,
    signals_url: str,
) -> Provstore:
    accounts = _accounts(settings, clock)
    start_up.write_agents(store, accounts.people(), settings)
    ground = _ground(settings, store, clock)
    publication = Publication(store=store, catalog=ground.catalog, files=ground.files, settings=settings, clock=clock)
    refusals = tuple(start_up.publish(publication, (start_up.shipped_descriptions(), *settings.descriptions)))
    chosen = executors or _executors(ground)
    supervisor = _supervisor(ground, chosen, rules_of(settings, signals_url))
    ground.wake.target = supervisor.wake
    ground.elsewhere.executors = chosen
    quotas = Quotas(store, settings, clock=clock)
    parts = Parts(
        records=ground.records,
        catalog=ground.catalog,
        submissions=Submissions(inputs=Inputs(store, ground.files, settings), settings=settings, clock=clock),
        files=ground.files,
        settings=settings,
        waiting=ground.waiting,
        clock=clock,
        wake=ground.wake,
        draining=ground.draining.reason,
        refuse_if_full=quotas.refuse_if_full,
        people=accounts.people,
    )
    service = JobService(parts)
    supervisor.look_after(service.replays.look)
    return Provstore(
        settings=settings,
        store=store,
        accounts=accounts,
        service=service,
        supervisor=supervisor,
        tokens=ground.tokens,
        parts=parts,
        refusals=refusals,
        draining=ground.draining,
        quotas=quotas,
        waits=_waits(ground),
        events=ground.events,
        fetching=ground.fetching,
        publication=publication,
        elsewhere=ground.elsewhere,
    )


def _waits(ground: _Ground) -> Waits:
    return Waits(
        Backlog(ground.records.store),
        limits=limits_of(ground.settings),
        troubles=ground.troubles,
        draining=ground.draining.reason,
        clock=ground.clock,
    )


class _Wake:
    """The supervisor's bell, for parts that are made before it."""

    def __init__(self) -> None:
        self.target: Callable[[str | None], None] = lambda _job_id: None

    def __call__(self, job_id: str | None) -> None:
        self.target(job_id)

    def of(self, directory: Path) -> None:
        """Ring for the job of a run directory."""
        self.target(directory.parent.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What both the service and the supervisor stand on."""

    settings: Settings
    clock: Clock
    records: Records
    catalog: Catalog
    files: Files
    tokens: JobTokens
    draining: Draining
    events: Events
    waiting: Waiting
    wake: _Wake
    elsewhere: Elsewhere
    troubles: Troubles
    fetching: Fetching


def _ground(settings: Settings, store: GraphStore, clock: Clock) -> _Ground:
    data = settings.data.absolute()
    records, wake, elsewhere = Records(store), _Wake(), Elsewhere()
    shared = [one.shared_root for one in settings.clusters if one.shared_root]
    files = elsewhere.files = Files(data, roots=shared, archive=settings.archive_roots, fetch=elsewhere.fetch)
    events = Events(store, clock=clock, most=settings.events_max)
    return _Ground(
        settings=settings,
        clock=clock,
        records=records,
        catalog=Catalog(store),
        files=files,
        tokens=JobTokens(start_up.secret(data / "secret")),
        draining=Draining(data / DRAINING_FILE),
        events=events,
        waiting=Waiting(most=settings.waiters_max, told=events.wake),
        wake=wake,
        elsewhere=elsewhere,
        troubles=Troubles(data / TROUBLES_FILE, clock=clock),
        fetching=_fetching(settings, files, records, wake),
    )


def _executors(ground: _Ground) -> Mapping[str, Executor]:
    """Make the executors of the settings: this machine, and every cluster."""
    made: dict[str, Executor] = {"local": LocalExecutor(on_end=ground.wake.of)}
    if ground.settings.clusters:
        from provstore.uws.executors.slurm.executor import SlurmExecutor

        for one in ground.settings.clusters:
            amend = Amendments(ground.records).take
            made[one.name] = SlurmExecutor(
                one, files=ground.files, clock=ground.clock, news=ground.wake.of, amend=amend
            )
    return made


def check_cluster(cluster: Cluster, settings: Settings, *, account: str, patience: timedelta) -> Iterable[Finding]:
    """Find out step by step whether jobs can run on a cluster; see `provstore.uws.executors.slurm.check.steps`."""
    from provstore.uws.executors.slurm.check.steps import check

    data, clock = settings.data.absolute(), start_up.milliseconds
    return check(cluster, data=data, account=account, patience=patience, clock=clock)


def _supervisor(ground: _Ground, executors: Mapping[str, Executor], rules: Mapping[str, StagingRules]) -> Supervisor:
    life = Life(
        LifeParts(
            records=ground.records,
            catalog=ground.catalog,
            files=ground.files,
            executors=executors,
            tokens=ground.tokens,
            rules=rules,
            clock=ground.clock,
            changed=ground.waiting.notify,
            limits=limits_of(ground.settings),
            troubles=ground.troubles,
            draining=ground.draining.reason,
            fetching=ground.fetching,
        )
    )
    lease = Lease(ground.settings.data.absolute() / "supervisor.lock")
    return Supervisor(
        life=life,
        lease=lease,
        settings=ground.settings,
        watch=lambda: _look(ground),
    )


def _fetching(settings: Settings, files: Files, records: Records, wake: Callable[[str], None]) -> Fetching:
    fetch = Downloads(fetch_rules(settings), files).fetch
    return Fetching(FetchingParts(records=records, files=files, fetch=fetch, wake=wake, timeout=settings.fetch_timeout))


def _look(ground: _Ground) -> None:
    """Find what other processes have changed, for those who wait here."""
    ground.catalog.refresh()
    ground.events.wake()
    ground.waiting.look(ground.records.phases)


def _accounts(settings: Settings, clock: Clock) -> Accounts:
    remotes: dict[str, Remote] = {}
    if settings.oidc:
        from provstore.accounts.oidc_http import HttpProvider

        remotes = {one.name: HttpProvider(one, clock=clock) for one in settings.oidc}
    return Accounts(
        settings.data / "accounts.sqlite",
        clock=clock,
        failures_max=settings.login_failures_max,
        oidc=settings.oidc,
        remotes=remotes,
    )


def create_app(provstore: Provstore) -> Flask:
    """Make the web application over an open provstore."""
    site = Site(
        settings=provstore.settings,
        store=provstore.store,
        accounts=provstore.accounts,
        service=provstore.service,
        publication=provstore.publication,
        files=provstore.files,
        tokens=provstore.tokens,
        wake=provstore.supervisor.wake,
        hear=provstore.supervisor.hear,
        probe=Probe(provstore.healthy, clock=provstore.parts.clock),
        draining=provstore.draining,
        quotas=provstore.quotas,
        waits=provstore.waits,
        troubles=provstore.supervisor.troubles,
        counts=provstore.elsewhere.counts,
        events=provstore.events,
        following=_following(provstore),
        sharing=Sharing(provstore.records, clock=provstore.parts.clock),
    )
    return application(site, _levels(provstore))


def _following(provstore: Provstore) -> Following:
    parts, log_max, fresh = provstore.parts, provstore.settings.log_max, provstore.elsewhere.fresh
    return Following(records=parts.records, files=parts.files, waiting=parts.waiting, log_max=log_max, fresh=fresh)


def _levels(provstore: Provstore) -> tuple[Level, ...]:
    return (
        Level("waiters", "Requests that wait for a job.", lambda: provstore.parts.waiting.waiters),
        Level("streams", "Open event streams.", lambda: provstore.events.streams),
    )
