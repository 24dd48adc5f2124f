"""The composition root: the only place that names concrete adapters and puts the parts together."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import Flask

from provstore.accounts.callers import ANONYMOUS
from provstore.accounts.people import Accounts
from provstore.errors import Invalid, Unavailable
from provstore.graph.model import now
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws import agents
from provstore.uws.catalog import Catalog
from provstore.uws.descriptions.load import load_directory
from provstore.uws.executors.local import LocalExecutor
from provstore.uws.files import Files
from provstore.uws.inputs import Inputs
from provstore.uws.life import Life, LifeParts
from provstore.uws.ports import Clock, Executor
from provstore.uws.records import Records
from provstore.uws.service import JobService, Parts
from provstore.uws.staging import StagingRules
from provstore.uws.submissions import Submissions
from provstore.uws.supervisor import Lease, Supervisor
from provstore.uws.tokens import JobTokens
from provstore.uws.waiting import Waiting
from provstore.web.access import install_access
from provstore.web.errors import install_error_handlers
from provstore.web.files import store as store_views
from provstore.web.forms import install_forms
from provstore.web.jdl import jdl
from provstore.web.operation import operation
from provstore.web.prov import prov
from provstore.web.signals import signals
from provstore.web.site import EXTENSION, Site
from provstore.web.uws import uws_blueprint

__all__ = ["Provstore", "create_app", "open_provstore", "open_store", "shipped_descriptions"]

_LOG: Final = logging.getLogger(__name__)


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


def milliseconds() -> datetime:
    """Give the present instant to the millisecond: what clients are shown is what is compared."""
    instant = now()
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def shipped_descriptions() -> Path:
    """Give the directory of the descriptions that come with the product: in the wheel, else in the checkout."""
    package = Path(__file__).parent
    inside = package / "descriptions"
    return inside if inside.is_dir() else package.parent / "descriptions"


@dataclass(frozen=True, slots=True)
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

    def close(self) -> None:
        """Stop supervising and let go of the store; jobs go on."""
        self.supervisor.stop()
        self.store.close()


@contextmanager
def open_provstore(
    settings: Settings,
    *,
    store: GraphStore | None = None,
    executors: Mapping[str, Executor] | None = None,
    clock: Clock = milliseconds,
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
    _make_data_directory(settings.data.absolute())
    opened = store or open_store(settings)
    provstore = _compose(settings, opened, executors=executors, clock=clock, signals_url=signals_url)
    try:
        yield provstore
    finally:
        provstore.close()


def _make_data_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise Unavailable(f"data directory {directory}: {error.strerror}", field="data") from error


def _compose(
    settings: Settings,
    store: GraphStore,
    *,
    executors: Mapping[str, Executor] | None,
    clock: Clock,
    signals_url: str,
) -> Provstore:
    accounts = Accounts(settings.data / "accounts.sqlite")
    _write_agents(store, accounts, settings)
    files, catalog, records = Files(settings.data), Catalog(store), Records(store)
    refusals = tuple(_publish(catalog, files, (shipped_descriptions(), *settings.descriptions)))
    tokens = JobTokens(_secret(settings.data / "secret"))
    waiting, wake = Waiting(most=settings.waiters_max), _Wake()
    life = Life(
        LifeParts(
            records=records,
            catalog=catalog,
            files=files,
            executors=executors or {"local": LocalExecutor(on_end=lambda directory: wake(directory.parent.name))},
            tokens=tokens,
            rules=_staging_rules(settings, signals_url),
            clock=clock,
            changed=waiting.notify,
            freed=lambda: wake(None),
            slots=settings.local_slots,
        )
    )
    lease = Lease(settings.data.absolute() / "supervisor.lock")
    supervisor = Supervisor(life=life, lease=lease, settings=settings, watch=lambda: waiting.look(records.phases))
    wake.target = supervisor.wake
    inputs = Inputs(store, files, upload_max=settings.upload_max)
    parts = Parts(
        records=records,
        catalog=catalog,
        submissions=Submissions(inputs=inputs, settings=settings, clock=clock),
        files=files,
        settings=settings,
        waiting=waiting,
        clock=clock,
        wake=wake,
    )
    return Provstore(settings, store, accounts, JobService(parts), supervisor, tokens, parts, refusals)


def _staging_rules(settings: Settings, signals_url: str) -> StagingRules:
    return StagingRules(
        path=settings.job_path, log_max=settings.log_max, kill_grace=settings.kill_grace, signals_url=signals_url
    )


class _Wake:
    """The supervisor's bell, for parts that are made before it."""

    def __init__(self) -> None:
        self.target: Callable[[str | None], None] = lambda _job_id: None

    def __call__(self, job_id: str | None) -> None:
        self.target(job_id)


def _write_agents(store: GraphStore, accounts: Accounts, settings: Settings) -> None:
    """Write the agents that jobs will be associated with; the names of people stay with the accounts."""
    namespace = store.namespace
    employed = bool(settings.organization)
    changes = [
        *agents.provstore(namespace),
        *agents.organization(namespace, name=settings.organization, url=settings.organization_url),
    ]
    for person in (ANONYMOUS, *accounts.people()):
        at_home = employed and person is not ANONYMOUS
        changes += agents.person(namespace, person.agent, name=agents.pseudonym(person), employed=at_home)
    store.write(changes)


def _publish(catalog: Catalog, files: Files, directories: Iterable[Path]) -> Iterator[str]:
    """Publish what was never a revision; give the reason of each refusal, loudly."""
    for directory in directories:
        shipped, refusals = load_directory(directory)
        for refusal in refusals:
            _LOG.error("description refused: %s", refusal.reason)
            yield refusal.reason
        for found in shipped:
            for name, file in found.files.items():
                files.keep(file.read_bytes(), name)
            revision = catalog.publish(found.description)
            if revision is not None:
                _LOG.info("published %s", revision.name)


def _secret(file: Path) -> bytes:
    """Read the server's secret, made at the first start (mode 0600)."""
    if not file.is_file():
        part = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
        part.touch(mode=0o600)
        part.write_bytes(secrets.token_bytes(32))
        part.replace(file)
    return file.read_bytes()


def create_app(provstore: Provstore) -> Flask:
    """Make the web application over an open provstore."""
    app = Flask("provstore", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # parameters keep the description's order
    settings = provstore.settings
    install_forms(app, settings)
    install_error_handlers(app)
    install_access(app, settings)
    app.extensions[EXTENSION] = Site(
        settings=settings,
        store=provstore.store,
        accounts=provstore.accounts,
        service=provstore.service,
        files=provstore.files,
        tokens=provstore.tokens,
        wake=provstore.supervisor.wake,
        healthy=provstore.healthy,
    )
    for blueprint in (operation, uws_blueprint("uws"), uws_blueprint("rest"), jdl, prov, store_views, signals):
        app.register_blueprint(blueprint)
    return app
