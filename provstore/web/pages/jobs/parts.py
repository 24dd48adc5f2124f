"""What the page of a job shows of its results, parameters, inputs and output, each as a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from provstore.graph.model import PUBLIC, Node, NodeId
from provstore.graph.titles import title
from provstore.uws.descriptions.model import Description, ParameterDefinition
from provstore.uws.jobs import Job, JobParameter, JobResult, text
from provstore.uws.phases import Phase
from provstore.uws.watching.following import tail_start
from provstore.web.pages.previews import Glance, glance_at
from provstore.web.previews.kinds import Kind
from provstore.web.site import base_url, caller, site

__all__ = ["SHOWN", "Given", "InputRow", "Log", "Product", "inputs_of", "logs_of", "parameters_of", "products_of"]

SHOWN: Final = 12
"""Results that are shown with a picture and a preview; of more a table lists the rest."""

_THUMB: Final = 192
"""Pixels of a small picture: twice what it takes, for fine screens."""

_FOLDED: Final = 400
"""Characters from which on a value is folded."""

_FOLDED_LINES: Final = 8
_WHOLE_MOST: Final = 64 * 1024
"""Characters of a value that stand in the page itself; more are a download."""

_MESSAGES: Final[Mapping[Kind, str]] = {Kind.VOTABLE: "table.load.votable", Kind.REGIONS: "ds9.set"}
"""With which SAMP message programs can be asked to open a file, by its kind."""

_LINES: Final = 40
_TAIL_MOST: Final = 16 * 1024
"""Characters of output that stand in the page itself; scripts fetch more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A result. ``file``: address of its bytes, "" where they are gone; ``picture``: of a small one, "" for none.

    ``is_near``: its file is on this machine, and can be looked at without fetching it from a cluster. ``message``: with
    which SAMP message programs can be asked to open it, "" for none; ``is_public``: without a ticket.
    """

    result: JobResult
    id: str
    file: str
    file_name: str = ""
    is_near: bool = False
    picture: str = ""
    message: str = ""
    is_public: bool = False

    @property
    def query(self) -> str:
        """The id as a query string."""
        return urlencode({"id": self.id})

    @property
    def store(self) -> str:
        """Path of the file in the store, to which tickets are given."""
        return f"/store/{quote(self.id, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A long value: its first lines, as much of it as the page takes, and how long it is (``is_cut``: longer)."""

    beginning: str
    shown: str
    characters: int
    lines: int
    is_cut: bool


def folded(value: str) -> Folded | None:
    """Fold a value that would fill the page; None for one that does not."""
    lines = value.count("\n") + 1
    if len(value) <= _FOLDED and lines <= _FOLDED_LINES:
        return None
    beginning = "\n".join(value[: _FOLDED // 2].split("\n")[:3])
    shown = value[:_WHOLE_MOST]
    return Folded(beginning=beginning, shown=shown, characters=len(value), lines=lines, is_cut=shown != value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A parameter with what its description says of it; ``definition`` is None where that says nothing."""

    parameter: JobParameter
    definition: ParameterDefinition | None

    @property
    def options(self) -> tuple[str, ...]:
        """Between which values one chooses, none for free ones."""
        if self.definition is None:
            return ()
        return self.definition.options or (("false", "true") if self.definition.datatype == "boolean" else ())

    @property
    def folded(self) -> Folded | None:
        """Give the value in few lines, None where it is short."""
        return folded(self.parameter.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRow:
    """A file or other entity that a job uses. ``file`` is "" where it is not to be had (any more, or not yet).

    ``id`` is "" where it is not shared with the caller.
    """

    name: str
    value: str
    id: str
    file: str
    content_type: str

    @property
    def query(self) -> str:
        """The id as a query string."""
        return urlencode({"id": self.id})

    @property
    def folded(self) -> Folded | None:
        """Give the value in few lines, None where it is short."""
        return folded(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What a job has printed: its last lines, and how large all of it is."""

    name: str
    tail: str
    size: int
    is_whole: bool


def products_of(job: Job) -> tuple[Product, ...]:
    """Give the results, the main one first; the first few with what is known of their files."""
    main = site().service.main_result(job)
    ordered = sorted(job.results, key=lambda one: one.name != main)
    nodes = _nodes([one.entity for one in ordered])
    return tuple(_product(job, one, nodes.get(one.entity), seen=place < SHOWN) for place, one in enumerate(ordered))


def _product(job: Job, result: JobResult, node: Node | None, *, seen: bool) -> Product:
    file = f"{base_url()}/uws/{job.service}/{job.id}/results/{quote(result.name, safe='')}" if result.location else ""
    found = glance_at(node, size=_THUMB) if node and file and seen else Glance()
    return Product(
        result=result,
        id=result.entity.removeprefix(site().store.namespace),
        file=file,
        file_name=text(node.properties, "file_name") if node else "",
        is_near=found.kind is not None,
        picture=found.picture,
        message=_message(found),
        is_public=node is not None and PUBLIC in node.readers,
    )


def _message(found: Glance) -> str:
    """Give the SAMP message (MType) that asks programs to open such a file, "" for none."""
    if found.kind is Kind.FITS:
        return "image.load.fits" if found.picture else "table.load.fits"
    return _MESSAGES.get(found.kind, "") if found.kind else ""


def parameters_of(job: Job, description: Description) -> tuple[Given, ...]:
    """Give the values of a job's parameters, with unit and words of the description; also what may still be given."""
    definitions = {one.name: one for one in description.parameters}
    used = {one.name for one in job.inputs} | {one.name for one in description.inputs}
    there = [one for one in job.parameters if one.name not in used]
    known = used | {one.name for one in there}
    absent = [name for name in definitions if name not in known] if job.phase is Phase.PENDING else []
    shown = (*there, *(JobParameter(name=name, value="", given=False) for name in absent))
    return tuple(Given(parameter=one, definition=definitions.get(one.name)) for one in shown)


def inputs_of(job: Job) -> tuple[InputRow, ...]:
    """Give the inputs of a job; what its reader may not see has no id and no file."""
    nodes = _nodes([one.entity for one in job.inputs if one.entity])
    return tuple(_input(job, one, nodes) for one in job.inputs)


def _input(job: Job, one: JobParameter, nodes: Mapping[NodeId, Node]) -> InputRow:
    node = nodes.get(one.entity) if one.entity else None
    item = f"?item={one.item}" if one.item > 1 else ""
    place = f"{base_url()}/uws/{job.service}/{job.id}/parameters/{quote(one.name, safe='')}{item}"
    return InputRow(
        name=one.name,
        value=(title(node) if node else "") or one.value or one.url,
        id=node.id.removeprefix(site().store.namespace) if node else "",
        file=place if node and one.by_reference and one.location else "",
        content_type=one.content_type,
    )


def _nodes(ids: Sequence[NodeId]) -> dict[NodeId, Node]:
    return {one.id: one for one in site().store.get(ids, caller().viewer)} if ids else {}


def logs_of(job: Job) -> tuple[Log, ...]:
    """Give what the job has printed, as far as it is on this machine."""
    return tuple(_logs(job))


def _logs(job: Job) -> Iterator[Log]:
    for name in ("stdout", "stderr"):
        file = site().files.run(job.id) / name
        if not file.is_file():
            yield Log(name=name, tail="", size=0, is_whole=True)
            continue
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            start = max(tail_start(file, _LINES) if size else 0, size - _TAIL_MOST)
            stream.seek(start)
            tail = stream.read(_TAIL_MOST).decode("utf-8", "replace")
        yield Log(name=name, tail=tail, size=size, is_whole=start == 0)
