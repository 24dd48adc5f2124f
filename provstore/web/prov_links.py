"""PROV-AQ: from a thing to its provenance by Link headers, and from its provenance back to the thing.

A thing has two names: its address here, and its id in the graph, by which provenance speaks of it. Links name both as
their anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import quote

from werkzeug.wrappers import Response as Answer

from provstore.export.document import Document
from provstore.graph.model import PROV, Label, Node, NodeId
from provstore.uws.jobs import Job, JobResult, text
from provstore.web.answers import list_address
from provstore.web.site import base_url, site

__all__ = ["link_file", "link_job", "link_result", "link_things"]

A = TypeVar("A", bound=Answer)

_HAS_PROVENANCE: Final = f"{PROV}has_provenance"
_HAS_QUERY_SERVICE: Final = f"{PROV}has_query_service"
_HAS_ANCHOR: Final = f"{PROV}has_anchor"
_IN_A_URI: Final = ":/?#[]@!$&'()*+,;=%~"
"""What stays as it is: all that a URI may hold; ids of strangers may hold anything."""

_MOST: Final = 10
"""So many things are named in the headers of one answer, for proxies take no longer ones."""
_LONGEST: Final = 500


def link_job(answer: A, job: Job) -> A:
    """Lead from a job, or what belongs to it, to its provenance."""
    address = f"{list_address(job.service)}/{job.id}"
    return _to_provenance(answer, f"{address}/prov", anchors=(job.node, address))


def link_result(answer: A, job: Job, result: JobResult) -> A:
    """Lead from a result to the provenance of its job."""
    address = f"{list_address(job.service)}/{job.id}"
    anchors = (result.entity, f"{address}/results/{quote(result.name, safe='')}")
    return _to_provenance(answer, f"{address}/prov", anchors=anchors)


def link_file(answer: A, node: Node) -> A:
    """Lead from a stored file to its provenance over all jobs."""
    local = quote(_local(node.id), safe="")
    target = f"{base_url()}/provsap?ID={local}&DEPTH=ALL"
    return _to_provenance(answer, target, anchors=(node.id, f"{base_url()}/store/{local}"))


def link_things(answer: A, document: Document) -> A:
    """Lead from provenance back to the things that were asked for."""
    asked = (node for node in document.graph.nodes() if node.id in document.focus) if document.focus else ()
    for node in islice(asked, _MOST):
        for name in (node.id, *_address(node)):
            _link(answer, name, _HAS_ANCHOR)
    return answer


def _to_provenance(answer: A, target: str, *, anchors: tuple[str, str]) -> A:
    for anchor in anchors:
        _link(answer, target, _HAS_PROVENANCE, anchor=anchor)
    _link(answer, f"{base_url()}/provsap", _HAS_QUERY_SERVICE)
    return answer


def _link(answer: Answer, target: str, relation: str, *, anchor: str = "") -> None:
    """Add a header (RFC 8288), unless a name in it is too long for one."""
    if max(len(target), len(anchor)) > _LONGEST:
        return
    context = f'; anchor="{_uri(anchor)}"' if anchor else ""
    answer.headers.add("Link", f'<{_uri(target)}>; rel="{relation}"{context}')


def _uri(name: str) -> str:
    return quote(name, safe=_IN_A_URI, errors="replace")


def _address(node: Node) -> Iterator[str]:
    """Give the address of a thing of our own that can be had here."""
    if Label.JOB in node.labels and "deleted" not in node.properties:
        yield f"{base_url()}/uws/{text(node.properties, 'service')}/{_local(node.id)}"
    elif node.id.startswith(site().store.namespace) and text(node.properties, "location"):
        yield f"{base_url()}/store/{quote(_local(node.id), safe='')}"


def _local(node: NodeId) -> str:
    return node.removeprefix(site().store.namespace)
