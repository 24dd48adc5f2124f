"""The graph in a Neo4j server, for production: the only file that speaks to the driver."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from neo4j import Driver, GraphDatabase, ManagedTransaction, NotificationMinimumSeverity, Result, RoutingControl
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConstraintError,
    DatabaseError,
    DriverError,
    Forbidden,
    IncompleteCommit,
    Neo4jError,
    ResultFailedError,
    TransientError,
)

from provstore.errors import Conflict, Invalid, Unavailable
from provstore.graph.cypher import CypherStatement, Rows
from provstore.graph.model import EVERYBODY, Graph, Node, NodeId, Relation, Subgraph, Viewer
from provstore.graph.neo4j_attributes import sees, sees_bundle
from provstore.graph.neo4j_cypher import answer
from provstore.graph.neo4j_documents import retract, told
from provstore.graph.neo4j_find import Cypher, count_cypher, next_key, page_cyphers
from provstore.graph.neo4j_rows import node_from_row, property_from_row, relation_from_row
from provstore.graph.neo4j_schema import BORN, NODE, RELATION_KINDS, statements
from provstore.graph.neo4j_upgrade import FORM, bring_up_to_date
from provstore.graph.neo4j_walk import Changed, Neo4jTerrain
from provstore.graph.neo4j_writes import Batch, plan
from provstore.graph.store import Change, Condition, Count, Find, Page, Walk
from provstore.graph.walking import search

__all__ = ["Neo4jStore", "open_neo4j"]

_SCHEMES: Final = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_RETRY_SECONDS: Final = 15.0
"""So long is a change tried again after a deadlock or a change of leader; a request must not wait longer."""
_FIRST_RETRY_SECONDS: Final = 0.05
_REACH_SECONDS: Final = 3.0
"""So long is a server that can't be reached tried again, and so long may connecting take: who asks is told soon.

How long it may be silent while it works is the server's own word (``connection_keep_alive``, docs/operation.md).
"""
_CONNECTIONS: Final = 256
"""One for each thread of `provstore serve`."""
_OLDEST: Final = (5, 26)
"""Labels and types of relationships as parameters came with this version."""
_STREAMED: Final = 1_000
_WALKS: Final = 5
_NO_DATABASE: Final = "Neo.ClientError.Database.DatabaseNotFound"
_ALREADY_THERE: Final = "AlreadyExists"
_NAMESPACE: Final = """
    MERGE (s:Store {name: 'provstore'}) ON CREATE SET s.namespace = $namespace, s.form = $form
    RETURN s.namespace, coalesce(s.form, 1)"""


def open_neo4j(url: str, *, user: str = "", password: str = "", namespace: str = "") -> Neo4jStore:
    """Connect, and make constraints and indexes where they are missing.

    Args:
        url: ``bolt://``, ``neo4j://``, with ``+s`` for TLS; a path names the database, else it is the user's own.
        user: Empty for a server without authentication.
        password: The user's.
        namespace: Of a graph that is opened for the first time; the one fixed then stays for ever.

    Raises:
        Invalid: no such kind of address.
        Unavailable: nobody answers there, or not to this user.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise Invalid(f"{parts.scheme}:// is no address of Neo4j; it takes {', '.join(_SCHEMES)}", field="graph_url")
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    query = f"?{parts.query}" if parts.query else ""
    with _translated(address):
        driver = GraphDatabase.driver(
            address + query,
            auth=(user, password) if user else None,
            max_transaction_retry_time=_REACH_SECONDS,
            initial_retry_delay=_FIRST_RETRY_SECONDS,
            connection_timeout=_REACH_SECONDS,
            connection_acquisition_timeout=_REACH_SECONDS,
            connection_write_timeout=_REACH_SECONDS,
            max_connection_pool_size=_CONNECTIONS,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
        )
    try:
        with _translated(address):
            _check_version(driver, address)
            server = _Server(driver=driver, address=address, database=parts.path.strip("/") or _home(driver))
        server.prepare()
        fixed, form = server.fix_namespace(namespace)
        bring_up_to_date(form, stream=server.stream, change=server.change)
        return Neo4jStore(server, namespace=fixed)
    except BaseException:
        driver.close()
        raise


def _check_version(driver: Driver, address: str) -> None:
    agent = driver.get_server_info().agent
    version = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if version and (int(version[1]), int(version[2])) < _OLDEST:
        raise Invalid(
            f"{agent} at {address} is too old: it takes {_OLDEST[0]}.{_OLDEST[1]} or newer", field="graph_url"
        )


def _home(driver: Driver) -> str:
    """Ask once: a driver that must find out for each query is slower."""
    rows = driver.execute_query("CALL db.info() YIELD name", result_transformer_=Result.values)
    return str(rows[0][0])


@contextmanager
def _unmasked() -> Iterator[None]:
    """Give the error that made a transaction fail: closing it, the driver may raise one about its unread results."""
    try:
        yield
    except ResultFailedError as error:
        first: BaseException = error
        while isinstance(first, ResultFailedError) and first.__cause__ is not None:
            first = first.__cause__
        raise first from error


@contextmanager
def _translated(address: str) -> Iterator[None]:
    """Turn the driver's errors into ours; none of them tells the password."""
    try:
        with _unmasked():
            yield
    except ConstraintError as error:
        raise Conflict(f"it exists already: {error.message}") from error
    except ConfigurationError as error:
        raise Invalid(f"Neo4j at {address}: {error}", field="graph_url") from error
    except IncompleteCommit as error:
        raise Unavailable(
            f"Neo4j at {address} was lost during a commit: whether the change was made is unknown"
        ) from error
    except (DriverError, AuthError, Forbidden, TransientError, DatabaseError) as error:
        raise Unavailable(f"Neo4j at {address}: {error}") from error
    except ClientError as error:
        if error.code != _NO_DATABASE:
            raise  # a query of ours is wrong
        raise Unavailable(f"Neo4j at {address}: {error.message}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """A database of a server: runs queries and translates errors."""

    driver: Driver
    address: str
    database: str

    def prepare(self) -> None:
        """Make the constraints and indexes that are missing; another process may do so at the same time."""
        there = {name for (name,) in self.read("SHOW INDEXES YIELD name")}  # a constraint's index has its name
        missing = [text for name, text in statements().items() if name not in there]
        for text in missing:
            self._make(text)
        if missing:
            self.read("CALL db.awaitIndexes(600)")

    def _make(self, text: str) -> None:
        try:
            with _translated(self.address):
                self.driver.execute_query(text, database_=self.database)
        except ClientError as error:
            if not (error.code or "").endswith(_ALREADY_THERE):
                raise

    def fix_namespace(self, wanted: str) -> tuple[str, int]:
        """Give the store's namespace, choosing it if this is the first time, and its form."""
        fresh = wanted or f"urn:uuid:{uuid.uuid4()}#"
        ((namespace, form),) = self.change(_NAMESPACE, namespace=fresh, form=FORM)
        return namespace, form

    def read(self, text: str, **parameters: object) -> list[list[Any]]:
        """Run a query that changes nothing; it is tried again if the server asks for it."""
        with _translated(self.address):
            return self.driver.execute_query(
                text,
                parameters,
                routing_=RoutingControl.READ,
                database_=self.database,
                result_transformer_=Result.values,
            )

    def change(self, text: str, **parameters: object) -> list[list[Any]]:
        """Run a query in a transaction of its own; it is tried again if the server asks for it."""
        with _translated(self.address):
            return self.driver.execute_query(
                text, parameters, database_=self.database, result_transformer_=Result.values
            )

    def stream(self, text: str, **parameters: object) -> Iterator[list[Any]]:
        """Run a query whose answer may not fit in memory."""
        with (
            _translated(self.address),
            self.driver.session(database=self.database, default_access_mode="READ", fetch_size=_STREAMED) as session,
        ):
            for record in session.run(text, parameters):
                yield record.values()

    def ask(self, question: CypherStatement) -> Rows:
        """Run what somebody else has written, in READ access mode and with a limit of time; it is not tried again."""
        with (
            _translated(self.address),
            self.driver.session(database=self.database, default_access_mode="READ", fetch_size=_STREAMED) as session,
        ):
            return answer(session, question)

    def carry_out(self, batch: Batch) -> None:
        """Run a batch in one transaction, again after a deadlock."""
        with _translated(self.address):
            if batch.upserts_relations:
                with suppress(ConstraintError):  # somebody added the same relation: the second time it is found
                    self._write(batch)
                    return
            self._write(batch)

    def _write(self, batch: Batch) -> None:
        """Let the driver try, and try again what it gave up because it masked the error."""
        bookmarks = self.driver.execute_query_bookmark_manager
        limit = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                with _unmasked(), self.driver.session(database=self.database, bookmark_manager=bookmarks) as session:
                    session.execute_write(_carry_out, batch)
                    return
            except Neo4jError as error:
                if not error.is_retryable() or time.monotonic() > limit:
                    raise
            time.sleep(_FIRST_RETRY_SECONDS)

    def delete(self, ids: Sequence[NodeId]) -> int:
        """Remove nodes in one transaction; give how many there were."""
        ((count,),) = self.change(f"MATCH (n:{NODE}) WHERE n.id IN $ids DETACH DELETE n RETURN count(*)", ids=ids)
        return int(count)


def _carry_out(transaction: ManagedTransaction, batch: Batch) -> None:
    batch.carry_out(lambda text, **parameters: transaction.run(text, parameters).values)


class Neo4jStore:
    """The port over Neo4j; see `GraphStore` for what each method promises."""

    def __init__(self, server: _Server, *, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    @property
    def namespace(self) -> str:
        """The store's namespace."""
        return self._namespace

    def write(self, changes: Sequence[Change]) -> None:
        """Make all changes in one transaction."""
        batch = plan(changes)
        if changes:
            self._server.carry_out(batch)

    def delete(self, ids: Collection[NodeId]) -> int:
        """Remove nodes and their relations in one transaction."""
        return self._server.delete(sorted(set(ids)))

    def get(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> tuple[Node, ...]:
        """Give the nodes there are, in the order asked for."""
        tests = "".join(f" WHERE {test}" for test in sees("n", viewer))
        text = f"UNWIND $ids AS id MATCH (n:{NODE} {{id: id}}){tests} RETURN labels(n), properties(n)"
        rows = self._server.read(text, ids=list(dict.fromkeys(ids)), readers=sorted(viewer.readers))
        found = {node.id: node for node in (node_from_row(*row) for row in rows)}
        return tuple(found[one] for one in ids if one in found)

    def find(self, question: Find, viewer: Viewer = EVERYBODY) -> Page:
        """Ask for one node more than the page holds: it tells whether there is a further page."""
        rows: list[list[Any]] = []
        for cypher in page_cyphers(question, viewer):
            if len(rows) <= question.limit:
                rows += self._ask(cypher, limit=question.limit + 1 - len(rows))
        shown = rows[: question.limit]
        items = tuple(_trimmed(node_from_row(row[0], _present(row[1])), question.fields) for row in shown)
        more = len(rows) > question.limit and bool(shown)
        return Page(items, next_key(*shown[-1][2:]) if more else None)

    def aggregate(self, condition: Condition, by: tuple[str, ...], viewer: Viewer = EVERYBODY) -> tuple[Count, ...]:
        """Let the server count."""
        rows = self._ask(count_cypher(condition, by, viewer))
        return tuple(Count(tuple(map(property_from_row, by, values)), count) for values, count in rows)

    def _ask(self, cypher: Cypher, **parameters: object) -> list[list[Any]]:
        return self._server.read(cypher.text, **cypher.parameters, **parameters)

    def walk(self, walk: Walk, viewer: Viewer = EVERYBODY) -> Subgraph:
        """Search over chunks of many levels; again if nodes were deleted meanwhile, for Neo4j has no snapshots."""
        for _ in range(_WALKS):
            try:
                return search(walk, Neo4jTerrain(self._server.read, walk, viewer), viewer)
            except Changed:
                continue
        raise Unavailable("the graph changed during the walk, again and again")

    def told(self, bundle: NodeId) -> Iterator[Relation]:
        """Read page after page, by key."""
        return told(bundle, read=self._server.read)

    def retract(self, bundle: NodeId) -> int:
        """Remove some thousand relations in each transaction, and with them the nodes that only they touched."""
        return retract(bundle, namespace=self._namespace, change=self._server.change)

    def scan(self, viewer: Viewer = EVERYBODY) -> Graph:
        """Stream nodes by id and relations by kind and key, without the nodes made after this call.

        Neo4j has no snapshots: changes of older nodes are seen, and nodes of a batch that was under way, too.
        """
        ((born,),) = self._server.read("RETURN timestamp()")
        return _Scan(server=self._server, viewer=viewer, born=born)

    def cypher(self, question: CypherStatement) -> Rows:
        """Answer what an administrator asks; see `provstore.graph.cypher.CypherReader`."""
        return self._server.ask(question)

    def close(self) -> None:
        """Close all connections."""
        self._server.driver.close()


def _present(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A projection names the properties that a node lacks, too."""
    return {name: value for name, value in properties.items() if value is not None}


def _trimmed(node: Node, fields: tuple[str, ...] | None) -> Node:
    if fields is None:
        return node
    return node._replace(properties={name: value for name, value in node.properties.items() if name in fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """The whole graph. The indexes give the order, so that the server sorts nothing."""

    server: _Server
    viewer: Viewer
    born: int

    def nodes(self) -> Iterator[Node]:
        """Give each node, by id."""
        tests = " AND ".join(["n.id IS NOT NULL", *self._tests("n")])
        text = f"MATCH (n:{NODE}) WHERE {tests} RETURN labels(n), properties(n) ORDER BY n.id"
        for row in self._stream(text):
            yield node_from_row(*row)

    def relations(self) -> Iterator[Relation]:
        """Give each relation of which both ends may be seen."""
        seen = [*self._tests("a"), *self._tests("z"), *sees_bundle("r", self.viewer)]
        tests = " AND ".join(["r.key IS NOT NULL", *seen])
        for kind in RELATION_KINDS:
            text = (
                f"MATCH (a:{NODE})-[r:{kind.value}]->(z:{NODE}) WHERE {tests} "
                "RETURN type(r), a.id, z.id, properties(r) ORDER BY r.key"
            )
            for row in self._stream(text):
                yield relation_from_row(*row)

    def _tests(self, variable: str) -> list[str]:
        return [f"coalesce({variable}.{BORN}, 0) <= $born", *sees(variable, self.viewer)]

    def _stream(self, text: str) -> Iterator[list[Any]]:
        return self.server.stream(text, readers=sorted(self.viewer.readers), born=self.born)
