"""Jobs found by keys of their configuration files, over every store: whatever characters a key is made of."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, Viewer
from provstore.graph.store import GraphStore
from provstore.uws.inputs.config_keys import LONGEST_NAME, LONGEST_VALUE, ConfigKey, Keys
from provstore.uws.inputs.config_nodes import Configured, changes_of_keys
from provstore.uws.records import JobFilter, Records
from tests.contract.graph_builders import NAMESPACE, add, at, job, nid, relation

ODD = {
    "sky.ra": "83.63",
    "": "no name",
    "a b.'\"`\\;DROP": "$(x) {y}",
    "Σ.\U0001f52d": "\x01\n",
    "n" * LONGEST_NAME: "v" * LONGEST_VALUE,
}


def configured(
    store: GraphStore, local: str, keys: Mapping[str, str], *, given: str = "1", hidden: bool = False
) -> None:
    """Write a job with the parameter ``ra`` and a configuration file."""
    readers = frozenset({"user:a"}) if hidden else frozenset({PUBLIC})
    made = job(local, readers=readers, service="fit", phase="PENDING", owner="a1", created_at=at(len(keys)))
    add(store, made)
    parameter = Node(nid(f"{local}.ra"), frozenset({Label.PARAMETER}), {"name": "ra", "value": given}, readers=readers)
    file = Node(nid(f"{local}.cfg.file"), frozenset({Label.CONFIG_FILE}), {"name": "cfg"}, readers=readers)
    add(
        store,
        parameter,
        file,
        *(relation(Kind.WAS_CONFIGURED_BY, local, one) for one in (f"{local}.ra", f"{local}.cfg.file")),
    )
    found = Keys(keys=tuple(ConfigKey(name=name, value=value) for name, value in keys.items()))
    where = Configured(nid(local), file.id, "cfg", readers)
    store.write(list(changes_of_keys(found, where, namespace=NAMESPACE)))


def jobs(store: GraphStore, viewer: Viewer = EVERYBODY, **conditions: Mapping[str, str]) -> set[str]:
    wanted = {kind: tuple((name, (value,)) for name, value in one.items()) for kind, one in conditions.items()}
    page = Records(store).page(JobFilter(**wanted), viewer, limit=100, after=None)  # type: ignore[arg-type]  # by name
    return {one.id.removeprefix(NAMESPACE) for one in page.items}


@pytest.mark.parametrize("name", ODD)
def test_a_job_is_found_by_any_key(store: GraphStore, name: str) -> None:
    configured(store, "j1", ODD)
    configured(store, "j2", {"sky.ra": "x"})
    assert jobs(store, configured={name: ODD[name]}) == {"j1"}
    assert jobs(store, configured={name: "other"}) == set()


def test_keys_and_parameters_are_told_apart_and_anded(store: GraphStore) -> None:
    configured(store, "j1", {"ra": "5", "dec": "1"}, given="1")
    configured(store, "j2", {"ra": "5", "dec": "2"}, given="2")
    configured(store, "j3", {"ra": "1", "dec": "2"}, given="5")
    assert jobs(store, configured={"ra": "5"}) == {"j1", "j2"}
    assert jobs(store, values={"ra": "5"}) == {"j3"}
    assert jobs(store, configured={"ra": "5", "dec": "2"}) == {"j2"}
    assert jobs(store, configured={"ra": "5"}, values={"ra": "2"}) == {"j2"}
    assert jobs(store, configured={"ra": "1", "dec": "2"}, values={"ra": "5"}) == {"j3"}
    assert jobs(store, configured={"ra": "1", "dec": "1"}) == set()


def test_keys_of_hidden_jobs_are_no_keys(store: GraphStore) -> None:
    configured(store, "j1", {"gain": "2"}, hidden=True)
    records = Records(store)
    assert jobs(store, Viewer(), configured={"gain": "2"}) == set()
    assert jobs(store, configured={"gain": "2"}) == {"j1"}
    assert not records.is_config_key("gain", Viewer())
    assert records.is_config_key("gain", EVERYBODY)
    assert not records.is_config_key("ra", EVERYBODY)
