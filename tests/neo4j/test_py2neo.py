"""The extra for notebooks: the graph through py2neo, on the real Neo4j."""

from __future__ import annotations

import importlib.util
import runpy
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provstore.errors import Invalid, Unavailable
from provstore.graph.model import Attribute
from tests.neo4j.sample import sample, served_on_neo4j
from tests.neo4j_server import Neo4jServer
from tests.parts import require

pytestmark = pytest.mark.neo4j
PAGE = Path(__file__).parents[2] / "docs" / "neo4j.md"


@pytest.fixture(scope="module")
def ours() -> Any:
    """Give provstore.py2neo."""
    there = importlib.util.find_spec("py2neo") is not None
    require("py2neo", present=there, reason="the extra provstore[py2neo] is not installed")
    return importlib.import_module("provstore.py2neo")


@pytest.fixture(scope="module")
def graph(ours: Any, neo4j_url: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with served_on_neo4j(neo4j_url, tmp_path_factory.mktemp("served")) as served:
        sample(served)
        opened = ours.open_graph(neo4j_url.url, user=neo4j_url.user, password=neo4j_url.password)
        with closing(opened.service.connector):
            yield opened


def point_to(server: Neo4jServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the graph by the settings."""
    (folder / "password").write_text(server.password, encoding="ascii")
    monkeypatch.setenv("PROVSTORE_GRAPH_URL", f"{server.url}/neo4j")
    monkeypatch.setenv("PROVSTORE_GRAPH_USER", server.user)
    monkeypatch.setenv("PROVSTORE_GRAPH_PASSWORD_FILE", str(folder / "password"))


def test_a_query_gives_rows(graph: Any) -> None:
    found = graph.query("MATCH (j:Job) RETURN j.service AS service, count(*) AS jobs ORDER BY service").data()
    assert found == [{"service": "copy", "jobs": 1}, {"service": "sleep", "jobs": 1}, {"service": "stack", "jobs": 2}]


def test_a_query_that_writes_is_refused(graph: Any) -> None:
    with pytest.raises(Exception, match="read access mode"):
        graph.query("CREATE (:Entity {id: 'x'})")


def test_a_job_tells_what_it_used_and_made_and_who_ran_it(ours: Any, graph: Any) -> None:
    job = ours.Job.match(graph).where(service="stack").order_by("_.created_at").first()
    assert (job.phase, job.name) == ("COMPLETED", "stack")
    assert {entity.name for entity in job.used} == {"33794", "output"}
    assert {entity.name for entity in job.generated} == {"stacked", "log"}
    assert {agent.name for agent in job.agents} == {"anonymous", "provstore", "swarp"}
    assert {one.name: one.value for one in job.configured_by}["threshold"] == "7.5"
    assert [one.revision for one in job.description] == [1]


def test_times_are_instants(ours: Any, graph: Any) -> None:
    job = ours.Job.match(graph).where(service="copy").first()
    assert job.started_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    failed = ours.Job.match(graph).where(phase="ERROR").first()
    assert failed.run_id == "night-1"
    assert ours.Entity.match(graph).where(name="33794").first().generated_at is None


def test_a_product_leads_to_its_causes_and_back(ours: Any, graph: Any) -> None:
    product = ours.Entity.match(graph).where(name="output").first()
    (job,) = product.generated_by
    assert (job.name, product.generated_by.get(job, "role")) == ("copy", "copy")
    (raw,) = product.derived_from
    assert raw.name == "raw.fits"
    assert [entity.id for entity in raw.derivations] == [product.id]
    assert {one.name for one in product.used_by} == {"stack"}


def test_a_node_is_found_by_its_id(ours: Any, graph: Any) -> None:
    sky = ours.Thing.match(graph, "http://example.org/sky").first()
    assert sky.id == "http://example.org/sky"
    assert ours.Thing.match(graph, "http://example.org/nothing").first() is None


def test_a_document_leads_to_what_it_speaks_of(ours: Any, graph: Any) -> None:
    document = ours.Bundle.match(graph).where(name="night.provn").first()
    assert {thing.id for thing in document.asserts} == {
        f"http://example.org/{name}" for name in ("catalogue", "extraction", "observer", "sky")
    }
    assert document.created_at.tzinfo is UTC


def test_attributes_are_read_as_they_were_written(ours: Any, graph: Any) -> None:
    assert ours.Entity.match(graph).where(name="output").first().attributes == ()
    told = [entity.attributes for entity in ours.Entity.match(graph).where(name="stacked")]
    assert (Attribute("http://example.org/band", "R"),) in told


def test_the_settings_name_the_graph_where_no_address_is_given(
    ours: Any, graph: Any, neo4j_url: Neo4jServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(neo4j_url, tmp_path, monkeypatch)
    opened = ours.open_graph()
    with closing(opened.service.connector):
        assert (opened.name, opened.query("RETURN 1").evaluate()) == ("neo4j", 1)


def test_the_example_of_the_page_works_as_pasted(
    ours: Any, graph: Any, neo4j_url: Neo4jServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(neo4j_url, tmp_path, monkeypatch)
    example = tmp_path / "example.py"
    example.write_text(PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0], "utf-8")
    names = runpy.run_path(str(example))
    with closing(names["graph"].service.connector):
        assert names["product"].name == "stacked"


def test_the_embedded_store_is_no_graph_for_py2neo(ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVSTORE_GRAPH_URL", raising=False)
    with pytest.raises(Invalid, match="sqlite"):
        ours.open_graph()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # py2neo forgets its socket then
def test_a_wrong_password_is_told_without_the_password(ours: Any, neo4j_url: Neo4jServer) -> None:
    with pytest.raises(Unavailable) as caught:
        ours.open_graph(neo4j_url.url, user="neo4j", password="mistaken")
    assert "mistaken" not in str(caught.value)
