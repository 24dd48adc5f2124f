"""A small graph in the real Neo4j, made by a real provstore: two chained jobs, one that failed, a document, people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from provstore.accounts.people import ADMIN_TOKEN_FILE, Accounts
from provstore.app import create_app, open_provstore
from provstore.settings import Settings
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from tests.fakes import FakeExecutor
from tests.neo4j_server import Neo4jServer, wipe
from tests.web.chains import two_jobs
from tests.web.conftest import STACK
from tests.web.served import ADMIN, CURIE, STACKED, HandClock, Served

__all__ = ["DOCUMENT_NAME", "graph_settings", "sample", "served_on_neo4j"]

DOCUMENT_NAME: Final = "night.provn"

_DOCUMENT: Final = """document
  prefix ex <http://example.org/>
  entity(ex:sky, [prov:label="the sky", ex:band="R", ex:seeing="0.8" %% xsd:double])
  entity(ex:catalogue, [prov:label="catalogue"])
  activity(ex:extraction, 2026-03-01T10:00:00Z, 2026-03-01T11:00:00Z, [prov:label="extraction"])
  agent(ex:observer, [prov:label="the observer"])
  used(ex:extraction, ex:sky, 2026-03-01T10:00:00Z, [prov:role="image"])
  wasGeneratedBy(ex:catalogue, ex:extraction, 2026-03-01T11:00:00Z)
  wasDerivedFrom(ex:catalogue, ex:sky)
  wasAssociatedWith(ex:extraction, ex:observer, -)
  bundle ex:night
    entity(ex:sky)
    entity(ex:better, [prov:label="the sky, again"])
    wasDerivedFrom(ex:better, ex:sky, [prov:type='prov:Revision'])
  endBundle
endDocument
"""
_TOLD: Final = {"prefix": {"ex": "http://example.org/"}, "entity": {"stacked": {"ex:band": "R"}}}
"""What the script of a job tells of its product."""


def graph_settings(server: Neo4jServer, folder: Path) -> dict[str, object]:
    """Empty the server of this worker; give the settings that name it."""
    password = folder / "neo4j-password"
    password.write_text(server.password, encoding="ascii")
    wipe(server)
    return {"graph_url": server.url, "graph_user": server.user, "graph_password_file": password}


@contextmanager
def served_on_neo4j(server: Neo4jServer, folder: Path, **settings: object) -> Iterator[Served]:
    """Open a server over Neo4j with two services of these tests and one person, Curie."""
    descriptions = folder / "descriptions"
    descriptions.mkdir()
    (descriptions / "stack_vot.xml").write_bytes(write_votable(STACK))
    (descriptions / "stack.cfg").write_text("sigma = 3\n", encoding="utf-8")
    data, clock = folder / "data", HandClock()
    data.mkdir()
    curie = Accounts(data / "accounts.sqlite").add(CURIE)
    graph = graph_settings(server, folder)
    chosen = Settings(data=data, descriptions=(descriptions,), anonymous=True, **graph, **settings)  # type: ignore[arg-type]  # a test's own settings
    executor = FakeExecutor(clock=clock)
    with open_provstore(chosen, executors={"local": executor}, clock=clock) as provstore:
        admin = (data / ADMIN_TOKEN_FILE).read_text(encoding="ascii").strip()
        yield Served(provstore, create_app(provstore), executor, clock, {ADMIN: admin, CURIE: curie})


def sample(served: Served) -> None:
    """Make the graph of which the pages of Cypher speak."""
    chain = two_jobs(served)
    files = {**STACKED, "work/internal_provenance.json": json.dumps(_TOLD).encode()}
    served.completed("stack", files, image=chain.entity(chain.first, "output"), count=4, threshold="9")
    failed = served.create(by=served.curie, RUNID="night-1")
    served.execute(failed, by=served.curie)
    served.finish(failed, {}, exit_code=1)
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    newer = replace(STACK, version="3", script="true # better\n")
    publication.accept(administrator, publication.propose(administrator, newer).id)
    query = {"format": "prov-n", "name": DOCUMENT_NAME}
    brought = served.curie.post("/prov/documents", data=_DOCUMENT, query_string=query)
    assert brought.status_code == 201, brought.text
