"""What a job uses: each value of a used entity becomes a node, new or already there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Label, Node, NodeId, Value, Viewer, new_local, stable_local
from provstore.graph.store import GraphStore
from provstore.uws.catalog import Revision, find_revision
from provstore.uws.descriptions.model import Used
from provstore.uws.descriptions.reading import guess_content_type
from provstore.uws.descriptions.values import split_items
from provstore.uws.files import Files, measure, safe_name
from provstore.uws.jobs import main_result, text
from provstore.uws.records import Records

__all__ = ["CONFIG_FILE", "MAIN_RESULT", "Input", "Inputs", "Sources", "Upload"]

CONFIG_FILE: Final = "ConfigFile"
"""The type of a used entity that makes it a configuration file of the job."""

MAIN_RESULT: Final = "result"
"""The name under which the main result of every job can be had (users of UWS clients rely on it)."""

_CONTENT_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}\Z")
_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})
_STORE_PATH: Final = re.compile(r"/store/(?P<entity>[A-Za-z0-9._-]+)/?\Z")
_RESULT_PATH: Final = re.compile(r"/(?:uws|rest)/[^/]+/(?P<job>j[0-9a-f]{32})/results/(?P<name>[^/]+)/?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file sent with the request."""

    file_name: str
    content_type: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A node that the job uses under a name of its description.

    ``new``: it must be written with the job; ``kept_with_job``: its file lies in the job's directory.
    """

    used: Used
    node: Node
    new: bool
    value: str
    kept_with_job: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What inputs are made of: values and uploads by name, the address the client knows us by, and what he may see."""

    values: Mapping[str, str]
    uploads: Mapping[str, Upload]
    base_url: str
    viewer: Viewer


class Inputs:
    """Turns the values given for a description's used entities into nodes.

    Args:
        store: Where stored entities are looked up.
        files: Where uploads are kept.
        upload_max: Largest upload, in bytes.
    """

    def __init__(self, store: GraphStore, files: Files, *, upload_max: int) -> None:
        self._store = store
        self._files = files
        self._upload_max = upload_max

    def resolve(self, revision: Revision, job_id: str, sources: Sources) -> tuple[Input, ...]:
        """Give every input of a new job, in the description's order.

        Raises:
            Invalid: naming the input: missing, not in the store, or of a kind that can't be had.
        """
        found: list[Input] = []
        for used in revision.description.used:
            if used.name in sources.uploads:
                found.append(self._upload(used, sources.uploads[used.name], job_id))
                continue
            text_given = sources.values.get(used.name, sources.values.get(used.ref, used.default))
            found += [self._item(revision, used, item, sources) for item in split_items(used, text_given)]
        return tuple(found)

    def _upload(self, used: Used, upload: Upload, job_id: str) -> Input:
        name = safe_name(upload.file_name or used.name)
        target = self._files.job(job_id) / "inputs" / used.name / name
        if upload.stream.seekable():
            upload.stream.seek(0)  # the same part may serve two inputs
        measured = self._files.receive(upload.stream, target, most=self._upload_max)
        given = upload.content_type if _CONTENT_TYPE.match(upload.content_type) else ""
        properties: dict[str, Value] = {
            "name": name,
            "location": self._files.location(target),
            "content_type": given or next(iter(used.content_types), guess_content_type(name)),
            "size": measured.size,
            "sha256": measured.sha256,
        }
        node = Node(NodeId(self._store.namespace + new_local("e")), _DATASET, properties)
        return Input(used=used, node=node, new=True, value=upload.file_name or name, kept_with_job=True)

    def _item(self, revision: Revision, used: Used, item: str, sources: Sources) -> Input:
        shipped = dict(revision.description.files)
        if item in shipped:
            return self._shipped(used, item, shipped[item])
        local = self._local_part(item, sources.base_url.rstrip("/"))
        if local is not None:
            return Input(used=used, node=self._stored(used, item, local, sources.viewer), new=False, value=item)
        if used.url == "" and "://" not in item:
            return self._identifier(used, item)
        raise Invalid(
            f"input {used.name}: {item!r} is neither an upload nor the id or address of an entity stored here",
            field=used.name,
            value=item,
        )

    def _local_part(self, item: str, base_url: str) -> str | None:
        """Read an id in any of its spellings: URI, QName, local part, or an address of this server."""
        namespace = self._store.namespace
        if item.startswith(namespace):
            return item.removeprefix(namespace)
        if item.startswith("id:"):
            return item.removeprefix("id:")
        if re.fullmatch(r"e[0-9a-f]{32}(\.[A-Za-z0-9._-]+)?", item):
            return item
        if base_url and item.startswith(f"{base_url}/"):
            return self._local_part_of_path(item.removeprefix(base_url))
        return None

    def _local_part_of_path(self, path: str) -> str | None:
        if stored := _STORE_PATH.search(path):
            return stored["entity"]
        if result := _RESULT_PATH.search(path):
            return f"e{result['job'][1:]}.{result['name']}"
        return None

    def _stored(self, used: Used, item: str, local: str, viewer: Viewer) -> Node:
        found = self._store.get([NodeId(self._store.namespace + local)], viewer) or self._main_result(local, viewer)
        if not found or Label.ENTITY not in found[0].labels:
            raise Invalid(f"input {used.name}: there is no entity {item!r} in the store", field=used.name, value=item)
        if "invalidated_at" in found[0].properties or not text(found[0].properties, "location"):
            raise Invalid(f"input {used.name}: the file of {item!r} was removed", field=used.name, value=item)
        return found[0]

    def _main_result(self, local: str, viewer: Viewer) -> tuple[Node, ...]:
        """Follow ``results/result`` of a job that has no result of that name, as the web does."""
        if not local.endswith(f".{MAIN_RESULT}"):
            return ()
        records = Records(self._store)
        if not self._store.get([records.node_id(job_id := f"j{local[1:33]}")], viewer):
            return ()
        job = records.read(job_id)
        if not job.results:
            return ()
        main = find_revision(self._store, job.revision).description.main
        return self._store.get([main_result(job.results, main).entity], viewer)

    def _identifier(self, used: Used, item: str) -> Input:
        """An identifier is one entity for all jobs that use it in the same role, so that lineage meets there."""
        if "\0" in item:
            right = "text without NUL characters"
            raise Invalid(f"input {used.name}: {item!r} is not {right}", field=used.name, value=item)
        local = stable_local("e", "identifier", used.role or used.name, *used.content_types, item)
        node = Node(
            NodeId(self._store.namespace + local),
            frozenset({Label.ENTITY}),
            {"name": item},
            readers=frozenset({PUBLIC}),
        )
        return Input(used=used, node=node, new=True, value=item)

    def _shipped(self, used: Used, name: str, sha256: str) -> Input:
        file = self._files.shipped(sha256, name)
        properties: dict[str, Value] = {
            "name": name,
            "location": self._files.location(file),
            "content_type": next(iter(used.content_types), guess_content_type(name)),
            "size": measure(file).size,
            "sha256": sha256,
        }
        local = stable_local("e", "shipped", sha256, name)
        readers = frozenset({PUBLIC})
        node = Node(NodeId(self._store.namespace + local), _DATASET, properties, readers=readers)
        return Input(used=used, node=node, new=True, value=name)
