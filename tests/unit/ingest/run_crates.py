"""RO-Crates of runs, written after the profiles in words of our own, and what is read of them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from provstore.graph.model import PROV, VOPROV, XSD
from provstore.graph.statements import Statement
from provstore.ingest.reading import Reading
from provstore.ingest.rocrate import read_rocrate

BASE = "https://example.org/crate/"
SCHEMA = "http://schema.org/"
TYPE = f"{PROV}type"
URI = f"{XSD}anyURI"
HEAD: dict[str, Any] = {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}}
ADA = "https://orcid.org/0000-0000-0000-0001"

PROCESS: list[dict[str, Any]] = [
    HEAD,
    {"@id": "./", "@type": "Dataset", "hasPart": [{"@id": "raw.fits"}, {"@id": "cal.fits"}], "creator": {"@id": ADA}},
    {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "Calibrate a night",
        "instrument": {"@id": "https://example.org/tool"},
        "agent": {"@id": ADA},
        "startTime": "2026-05-01T12:00:00+02:00",
        "endTime": "2026-05-01T12:30:00+02:00",
        "actionStatus": {"@id": "http://schema.org/FailedActionStatus"},
        "error": "no flat",
        "object": [{"@id": "raw.fits"}, {"@id": "#gain"}],
        "result": {"@id": "cal.fits"},
    },
    {"@id": "https://example.org/tool", "@type": "SoftwareApplication", "name": "tool", "softwareVersion": "1.2"},
    {
        "@id": "raw.fits",
        "@type": "File",
        "name": "raw image",
        "contentSize": "2880",
        "sha256": "AB12",
        "encodingFormat": ["image/fits", {"@id": "https://www.nationalarchives.gov.uk/PRONOM/fmt/383"}],
        "exampleOfWork": {"@id": "#input"},
    },
    {
        "@id": "cal.fits",
        "@type": ["File"],
        "contentUrl": "https://example.org/data/cal.fits",
        "isBasedOn": {"@id": "raw.fits"},
    },
    {"@id": "#gain", "@type": "PropertyValue", "name": "gain", "value": 2.50, "exampleOfWork": {"@id": "#gainFormal"}},
    {"@id": "#gainFormal", "@type": "FormalParameter", "name": "gain", "additionalType": "Float", "defaultValue": "1"},
    {"@id": "#input", "@type": "FormalParameter", "name": "input", "additionalType": "File"},
    {
        "@id": ADA,
        "@type": "Person",
        "name": "Ada",
        "affiliation": {"@id": "https://ror.org/01"},
        "email": "mailto:a@b.org",
    },
    {"@id": "https://ror.org/01", "@type": "Organization", "name": "Observatory"},
]
WORKFLOW: list[dict[str, Any]] = [
    HEAD,
    {"@id": "./", "@type": "Dataset", "mainEntity": {"@id": "flow.cwl"}, "mentions": {"@id": "#flow"}},
    {
        "@id": "flow.cwl",
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "input": {"@id": "flow.cwl#in"},
        "output": {"@id": "flow.cwl#out"},
        "step": {"@id": "flow.cwl#one"},
        "hasPart": {"@id": "one.cwl"},
    },
    {
        "@id": "one.cwl",
        "@type": "SoftwareApplication",
        "input": [{"@id": "one.cwl#in"}],
        "output": {"@id": "one.cwl#out"},
    },
    {"@id": "flow.cwl#one", "@type": "HowToStep", "workExample": {"@id": "one.cwl"}},
    *(
        {"@id": f"{name}.cwl#{end}", "@type": "FormalParameter", "name": f"{name}-{end}"}
        for name in ("flow", "one")
        for end in ("in", "out")
    ),
    {"@id": "#engine", "@type": "SoftwareApplication", "name": "engine"},
    {
        "@id": "#engineRun",
        "@type": "OrganizeAction",
        "agent": {"@id": "#engine"},
        "instrument": {"@id": "#engine"},
        "object": {"@id": "#control"},
        "result": {"@id": "#flow"},
    },
    {"@id": "#control", "@type": "ControlAction", "instrument": {"@id": "flow.cwl#one"}, "object": {"@id": "#one"}},
    *(
        {
            "@id": run,
            "@type": "CreateAction",
            "instrument": {"@id": plan},
            "object": {"@id": "a.txt"},
            "result": {"@id": "b.txt"},
        }
        for run, plan in (("#flow", "flow.cwl"), ("#one", "one.cwl"))
    ),
    {"@id": "a.txt", "@type": "File", "exampleOfWork": [{"@id": "flow.cwl#in"}, {"@id": "one.cwl#in"}]},
    {"@id": "b.txt", "@type": "File", "exampleOfWork": [{"@id": "flow.cwl#out"}, {"@id": "one.cwl#out"}]},
]


def crate(graph: object, context: object = "https://w3id.org/ro/crate/1.1/context") -> bytes:
    return json.dumps({"@context": context, "@graph": graph}).encode()


def begin(data: bytes, base: str = BASE) -> Reading:
    return read_rocrate(BytesIO(data), unqualified=base)


def statements(graph: object, **more: Any) -> list[Statement]:
    return list(begin(crate(graph, **more)).statements)


def element(found: list[Statement], name: str, kind: str = "entity") -> Statement:
    (one,) = (one for one in found if one.kind == kind and one.id == (name if ":" in name else BASE + name))
    return one


def types(one: Statement) -> set[str]:
    return {found.lexical for found in one.attributes if found.key == TYPE}


def relations(found: list[Statement], kind: str) -> set[tuple[str, ...]]:
    """Give relations as their arguments, without the base, then their types and roles."""
    roles = {TYPE, f"{PROV}role", f"{VOPROV}role"}
    return {
        tuple(
            text.removeprefix(BASE).removeprefix(VOPROV)
            for text in (*one.arguments.values(), *(one.lexical for one in one.attributes if one.key in roles))
        )
        for one in found
        if one.kind == kind
    }
