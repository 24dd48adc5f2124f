"""Keys of configuration files in the graph: parameters that a job is found by, but has not been given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Value
from provstore.graph.store import Change, Create
from provstore.uws.inputs.config_keys import Keys
from provstore.uws.jobs import CONFIG_FILE_NAME

__all__ = ["Configured", "changes_of_keys", "facts_of"]

_PARAMETER: Final = frozenset({Label.PARAMETER})


class Configured(NamedTuple):
    """Whose keys they are: the job, its configuration file (a node), the name of that, and who may see them."""

    job: NodeId
    file: NodeId
    name: str
    readers: frozenset[str]


def facts_of(keys: Keys) -> dict[str, Value]:
    """Give what the node of the file says of its format."""
    facts: dict[str, Value] = {"format": keys.format.value if keys.format else "none"}
    return facts | ({"remark": keys.remark} if keys.remark else {})


def changes_of_keys(keys: Keys, where: Configured, *, namespace: str) -> Iterator[Change]:
    """Give what is written of the keys. Their ids are numbers: a key may hold any character."""
    for number, key in enumerate(keys.keys, start=1):
        node = NodeId(f"{where.file}.k{number:04d}")
        properties: dict[str, Value] = {"name": key.name, "value": key.value, "datatype": key.datatype}
        yield Create(Node(node, _PARAMETER, properties | {CONFIG_FILE_NAME: where.name}, readers=where.readers))
        yield Create(Relation(node.removeprefix(namespace), Kind.WAS_CONFIGURED_BY, where.job, node))
