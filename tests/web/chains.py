"""Two jobs in a chain, and how their provenance is asked for."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, Final

from prov.model import (
    ProvDocument,
)

from tests.web.served import STACKED, Served, job_id

__all__ = ["FORMATS", "Chain", "ids", "pairs", "two_jobs"]

SOFTWARE: Final = {
    "prefix": {"voprov": "http://www.ivoa.net/documents/ProvenanceDM/index.html#"},
    "agent": {"stacker": {"prov:label": "swarp", "voprov:version": "2.41"}},
    "wasAssociatedWith": {"_:1": {"prov:activity": "current_job", "prov:agent": "stacker", "prov:role": "Stacker"}},
}
FORMATS: Final = {
    "prov-json": ("application/json", ".json", ["application/provenance+json", "application/json"]),
    "prov-n": ('text/provenance-notation; charset="utf-8"', ".provn", ["text/provenance-notation", "text/plain"]),
    "prov-xml": ("application/provenance+xml", ".xml", ["application/provenance+xml", "text/xml"]),
    "votable": ("application/x-votable+xml", ".vot", ["application/x-votable+xml"]),
    "svg": ("image/svg+xml", ".svg", ["image/svg+xml"]),
    "dot": ("text/vnd.graphviz", ".dot", ["text/vnd.graphviz"]),
}


@dataclass
class Chain:
    """Two jobs, the second of which stacks the copy that the first has made."""

    served: Served
    first: str
    second: str

    @property
    def description(self) -> str:
        """Local id of the description of the second job."""
        node = self.served.provstore.catalog.newest("stack").node
        return node.removeprefix(self.served.provstore.store.namespace)

    def entity(self, job: str, name: str) -> str:
        return f"e{job_id(job)[1:]}.{name}"

    def lineage(self, **query: Any) -> dict[str, Any]:
        answer = self.served.anonymous.get("/prov/lineage", query_string=query)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def nodes(self, **query: Any) -> dict[str, dict[str, Any]]:
        """Nodes of a lineage by the local part of their id."""
        namespace = self.served.provstore.store.namespace
        return {node["id"].removeprefix(namespace): node for node in self.lineage(**query)["nodes"]}

    def document(self, place: str) -> ProvDocument:
        answer = self.served.anonymous.get(place)
        assert answer.status_code == 200, answer.text
        return ProvDocument.deserialize(content=answer.text, format="json")

    def relations(self, answer: dict[str, Any], kind: str) -> set[tuple[str, str, str | None]]:
        namespace = self.served.provstore.store.namespace
        return {
            (one["source"].removeprefix(namespace), one["target"].removeprefix(namespace), one["role"])
            for one in answer["relations"]
            if one["kind"] == kind
        }


def two_jobs(served: Served) -> Chain:
    """Copy an upload, then stack the copy."""
    first = served.create("copy", input=(io.BytesIO(b"RAW"), "raw.fits", "image/fits"))
    served.execute(first)
    served.clock.advance(2)
    served.finish(first, {"results/output.dat": b"RAW"})
    entity = f"e{job_id(first)[1:]}.output"
    second = served.create("stack", count=3, threshold="7.5", image=entity, observation="33794")
    served.execute(second)
    served.clock.advance(2)
    told_by_script = {"work/internal_provenance.json": json.dumps(SOFTWARE).encode()}
    served.finish(second, {**STACKED, **told_by_script})
    return Chain(served, first, second)


def ids(document: ProvDocument, kind: type) -> set[str]:
    return {str(one.identifier.localpart) for one in document.get_records(kind) if one.identifier}


def pairs(document: ProvDocument, kind: type) -> set[tuple[str, str]]:
    """Both ends of each relation of a kind; one without the second (its activity is not here) is left out."""
    return {
        (str(one.args[0].localpart), str(one.args[1].localpart)) for one in document.get_records(kind) if one.args[1]
    }
