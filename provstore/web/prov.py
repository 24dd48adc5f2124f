"""Provenance over HTTP: of a job or a part of it, and whatever else is written as a document."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, BinaryIO, Final
from urllib.parse import quote

from flask import Response, request

from provstore.errors import Invalid
from provstore.export.document import Document, Model
from provstore.export.registry import Format
from provstore.export.remarks import Remarks
from provstore.graph.model import Subgraph
from provstore.queries.lineage import Attachments, Direction, Question, lineage
from provstore.queries.names import prefixes_of
from provstore.queries.parts import part_of
from provstore.uws.jobs import Job
from provstore.web.crates import with_files
from provstore.web.forms import one_value, whole_number
from provstore.web.prov_links import link_things
from provstore.web.site import base_url, caller, site

__all__ = ["asked_model", "job_part", "job_provenance", "send_document", "send_written", "with_remarks"]

_CHUNK: Final = 1 << 16
_REMARK_MOST: Final = 300
_READABLE: Final = " :/#()%,.-_~?=&+@"
_IN_MEMORY: Final = 4 << 20


def job_provenance(job: Job, form: Format) -> Response:
    """Write the provenance of one job: itself and what it used and made, its people, software and configuration."""
    question = Question(
        ids=(job.node,),
        direction=Direction.BOTH,
        depth=_depth("1"),
        attachments=Attachments(descriptions=_descriptions()),
    )
    answer = lineage(site().store, question, caller().viewer)
    return _send(answer, form, title=f"{job.service} {job.id}", name=job.id, focus=frozenset({job.node}))


def job_part(job: Job, part: str, form: Format) -> Response:
    """Write one part of the provenance of a job; the parts are those of :mod:`provstore.queries.parts`."""
    answer = part_of(site().store, job.node, part, caller().viewer)
    title = f"{job.service} {job.id}: {part}"
    return _send(answer, form, title=title, name=f"{job.id}-{part}", focus=frozenset({job.node}))


def _asked(name: str, default: str) -> str:
    return one_value(request.args, name) or default


def _depth(default: str) -> int | None:
    given = _asked("depth", default)
    return None if given.lower() == "all" else whole_number(given, name="depth", least=0)


def _descriptions() -> int:
    given = _asked("descriptions", "1")
    if given not in {"0", "1", "2"}:
        raise Invalid(f"descriptions={given!r}: 0, 1 or 2 is needed", field="descriptions", value=given)
    return int(given)


def asked_model() -> Model:
    """Read in which words the answer is wanted.

    Raises:
        Invalid: there are no such.
    """
    given = _asked("model", Model.IVOA).upper()
    if given not in set(Model):
        raise Invalid(f"model={given!r}: one of {', '.join(Model)} is needed", field="model", value=given)
    return Model(given)


def _send(answer: Subgraph, form: Format, *, title: str, name: str, focus: frozenset[str]) -> Response:
    document = replace(
        Document.of_answer(answer, site().store.namespace),
        title=title,
        site=base_url(),
        focus=focus,
        model=asked_model(),
    )
    return send_document(document, form, name=name)


def send_document(document: Document, form: Format, *, name: str) -> Response:
    """Write the document of a graph and send it; names in it have the prefixes that imported documents use."""
    if not document.prefixes and isinstance(document.graph, Subgraph):
        prefixes = prefixes_of(site().store, _names(document.graph), caller().viewer)
        document = replace(document, prefixes=prefixes)
    form = with_files(form)
    response = send_written(lambda body: form.write(document, body), form, name=name)
    if document.truncated:
        response.headers["Provstore-Truncated"] = "true"
    return link_things(with_remarks(response, document.remarks), document)


def with_remarks(response: Response, remarks: Remarks) -> Response:
    """Say in a header what the notation could not hold as it is: how many names, and the first of them."""
    if remarks:
        told = [*remarks]
        response.headers["Provstore-Remarks"] = f"{len(told)}; {quote(told[0][:_REMARK_MOST], safe=_READABLE)}"
    return response


def _names(graph: Subgraph) -> Iterator[str]:
    """Give the URIs that will be written: ids of things, and keys of their attributes."""
    for node in graph.nodes():
        yield node.id
        yield from (one.key for one in node.attributes)


def send_written(write: Callable[[BinaryIO], None], form: Format, *, name: str) -> Response:
    """Write a file aside first, so that an error is an error and not half a file, then stream it."""
    body = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when the response is
    with ExitStack() as undone:
        undone.callback(body.close)
        write(body)  # type: ignore[arg-type]  # a spooled file is a binary file
        body.seek(0)
        undone.pop_all()
    response = Response(_chunks(body), content_type=form.media_type)
    response.call_on_close(body.close)
    response.headers["Content-Disposition"] = f'inline; filename="{name}{form.suffix}"'
    response.headers["Vary"] = "Accept"
    return response


def _chunks(body: IO[bytes]) -> Iterator[bytes]:
    while chunk := body.read(_CHUNK):
        yield chunk
