"""What a job uses: each item of a used entity becomes a node, new or already there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Label, Node, NodeId, Value, new_local, stable_local
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.model import CONFIG_FILE, FILE_URL, Used
from provstore.uws.files import Files, measure, safe_name
from provstore.uws.inputs.config_keys import Keys, read_keys
from provstore.uws.inputs.fetch_rules import fetch_rules, is_url, shown
from provstore.uws.inputs.sources import Sources, Upload
from provstore.uws.inputs.stored import MAIN_RESULT, StoredEntities
from provstore.uws.jobs import CONTENT_TYPE_ANY, text
from provstore.uws.publishing.revisions import Revision

__all__ = ["MAIN_RESULT", "Input", "Inputs", "is_content_type"]

_CONTENT_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}\Z")
_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})
_OF_A_FILE: Final = ("name", "location", "content_type")
_FETCHED: Final = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A node that the job uses under a name of its description.

    ``new``: it must be written with the job; ``kept_with_job``: its file lies in the job's directory. ``keys``: of a
    configuration file that is here.
    """

    used: Used
    node: Node
    new: bool
    value: str
    kept_with_job: bool = False
    keys: Keys | None = None


def is_content_type(text: str) -> bool:
    """Tell whether a text is a media type without parameters, fit for a header."""
    return _CONTENT_TYPE.match(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A job whose inputs are looked for; ``elsewhere``: what it needs of other servers, by address."""

    revision: Revision
    job_id: str
    sources: Sources
    elsewhere: dict[str, Node] = field(default_factory=dict)


class Inputs:
    """Turns the items given for a description's used entities into nodes.

    Args:
        store: Where stored entities are looked up.
        files: Where uploads are kept.
        settings: How large they may be, what may be fetched, and under which addresses this server is known.
    """

    def __init__(self, store: GraphStore, files: Files, settings: Settings) -> None:
        self._store = store
        self._files = files
        self._upload_max = settings.upload_max
        self._rules = fetch_rules(settings)
        addresses = (settings.base_url, f"http://{settings.host}:{settings.port}")
        self._stored = StoredEntities(store, files, addresses=addresses)

    def resolve(self, revision: Revision, job_id: str, sources: Sources) -> tuple[Input, ...]:
        """Give every input of a new job, in the description's order.

        Raises:
            Invalid: naming the input: not in the store, not to be fetched, or of a kind that can't be had.
            TooLarge: an upload above the limit.
        """
        wanted = _Wanted(revision=revision, job_id=job_id, sources=sources)
        return tuple(
            self._with_keys(
                self._upload(wanted, used, number, item)
                if isinstance(item, Upload)
                else self._named(wanted, used, item)
            )
            for used in revision.description.inputs
            for number, item in enumerate(sources.items[used.name], start=1)
        )

    def _with_keys(self, found: Input) -> Input:
        """Read a configuration file that is here."""
        name, location, content_type = (text(found.node.properties, one) for one in _OF_A_FILE)
        if found.used.type != CONFIG_FILE or not location:
            return found
        return replace(found, keys=read_keys(self._files.path(location), name=name, content_type=content_type))

    def _upload(self, wanted: _Wanted, used: Used, number: int, upload: Upload) -> Input:
        name = safe_name(upload.file_name or used.name)
        target = self._files.job(wanted.job_id) / "inputs" / used.name / str(number) / name
        if upload.stream.seekable():
            upload.stream.seek(0)  # the same part may serve two inputs
        measured = self._files.receive(upload.stream, target, most=self._upload_max)
        given = upload.content_type if is_content_type(upload.content_type) else ""
        properties: dict[str, Value] = {
            "name": name,
            "location": self._files.location(target),
            "content_type": given or next(iter(used.content_types), guess_content_type(name)),
            "size": measured.size,
            "sha256": measured.sha256,
        }
        node = Node(NodeId(self._store.namespace + new_local("e")), _DATASET, properties)
        return Input(used=used, node=node, new=True, value=upload.file_name or name, kept_with_job=True)

    def _named(self, wanted: _Wanted, used: Used, item: str) -> Input:
        """Give what a text names: a shipped file, an entity, an address, an identifier."""
        if "\0" in item:
            right = "text without NUL characters"
            raise Invalid(f"input {used.name}: {item!r} is not {right}", field=used.name, value=item)
        shipped = dict(wanted.revision.description.files)
        if item in shipped:
            return self._shipped(used, item, shipped[item])
        sources = wanted.sources
        node = self._stored.find(used.name, item, base_url=sources.base_url, viewer=sources.viewer)
        if node is not None:
            return Input(used=used, node=node, new=False, value=item)
        if url := _address(used, item):
            return self._elsewhere(wanted, used, item, url)
        if used.url:
            raise _unknown(used, item)
        return self._identifier(used, item)

    def _elsewhere(self, wanted: _Wanted, used: Used, item: str, url: str) -> Input:
        """What is fetched from elsewhere is an entity of this job; one address is one entity, in whatever roles."""
        if self._stored.is_own_address(url, base_url=wanted.sources.base_url):
            raise _unknown(used, item)
        reason = self._rules.refusal(url)
        if reason:
            address = shown(url)
            raise Invalid(
                f"input {used.name}: {address!r} can't be fetched: {reason}", field=used.name, value=shown(item)
            )
        properties: dict[str, Value] = {"name": item if item != url else _name_in(url) or used.name, "url": url}
        if len(used.content_types) == 1 and used.content_types[0] != CONTENT_TYPE_ANY:
            properties["content_type"] = used.content_types[0]
        node = Node(NodeId(self._store.namespace + new_local("e")), _DATASET, properties)
        return Input(used=used, node=wanted.elsewhere.setdefault(url, node), new=True, value=item)

    def _identifier(self, used: Used, item: str) -> Input:
        """An identifier is one entity for all jobs that use it in the same role, so that lineage meets there."""
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


def _address(used: Used, item: str) -> str:
    """Give from where an item is to be had: an address as it is, an id in the description's template; "" for neither.

    To an input that is an identifier, addresses that nobody can fetch are names like any other (``ivo://…``).
    """
    scheme = item.partition("://")[0].lower() if is_url(item) else ""
    if scheme in _FETCHED or (scheme and used.url == FILE_URL) or scheme == "file":
        return item
    return "" if used.url in {"", FILE_URL} else used.url.replace("$ID", quote(item, safe=""))


def _name_in(url: str) -> str:
    """Give the name that an address ends with, "" if it has none."""
    last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    return safe_name(last) if last else ""


def _unknown(used: Used, item: str) -> Invalid:
    return Invalid(
        f"input {used.name}: {item!r} is neither an upload nor the id or address of an entity stored here",
        field=used.name,
        value=item,
    )
