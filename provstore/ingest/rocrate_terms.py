"""The words of RO-Crates: terms, types and ids to full URIs, without asking the network for contexts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from provstore.graph.statements import BLANK
from provstore.ingest.prefixes import is_uri

__all__ = ["BIOSCHEMAS", "NAMESPACES", "PCDM", "SCHEMA", "Terms"]

SCHEMA: Final = "http://schema.org/"
BIOSCHEMAS: Final = "https://bioschemas.org/"
PCDM: Final = "http://pcdm.org/models#"
_RUN: Final = "https://w3id.org/ro/terms/workflow-run#"
_DCT: Final = "http://purl.org/dc/terms/"

NAMESPACES: Final[Mapping[str, str]] = {
    "schema": SCHEMA,
    "bioschemas": BIOSCHEMAS,
    "bioschemasprop": f"{BIOSCHEMAS}properties/",
    "pcdm": PCDM,
    "wfrun": _RUN,
    "dct": _DCT,
}
"""Prefixes that the contexts of RO-Crate know, and ours for what they use."""

_TERMS: Final[Mapping[str, str]] = {
    "File": f"{SCHEMA}MediaObject",
    "Journal": f"{SCHEMA}Periodical",
    "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
    "input": f"{BIOSCHEMAS}properties/input",
    "output": f"{BIOSCHEMAS}properties/output",
    "conformsTo": f"{_DCT}conformsTo",
    "RepositoryCollection": f"{PCDM}Collection",
    "RepositoryObject": f"{PCDM}Object",
    "hasMember": f"{PCDM}hasMember",
    "hasFile": f"{PCDM}hasFile",
    **{
        term: _RUN + term
        for term in (
            *("ParameterConnection", "connection", "sourceParameter", "targetParameter", "ContainerImage"),
            *("DockerImage", "SIFImage", "containerImage", "registry", "tag", "environment", "resourceUsage"),
            *("buildInstructions", "md5", "sha1", "sha512"),
        )
    },
}
"""Terms that the contexts of RO-Crate 1.1 and of Workflow Run Crate do not take from schema.org."""
_SPELLINGS: Final = {
    "https://schema.org/": SCHEMA,
    f"{BIOSCHEMAS}ComputationalWorkflow#": f"{BIOSCHEMAS}properties/",
    f"{_RUN}sha256": f"{SCHEMA}sha256",
    f"{BIOSCHEMAS}types/": BIOSCHEMAS,
}
"""Other ways to write a namespace, or a term."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ILLEGAL: Final = re.compile(r"[\x00-\x20\x7f-\xa0<>\"{}|\\^`]")
_ALLOWED: Final = "!#$%&'()*+,/:;=?@[]~"


class Terms:
    """Makes full URIs.

    Args:
        context: The ``@context`` of the document; terms that it defines itself come first.
        base: The namespace of relative ids.
    """

    def __init__(self, context: Any, base: str) -> None:
        self._own = dict(_defined(context))
        self._base = base
        self._met: dict[str, str] = {}

    def prefixes(self) -> dict[str, str]:
        """Give prefix -> namespace, those that the document's own context defines included."""
        return {**NAMESPACES, **{term: uri for term, uri in self._own.items() if uri[-1] in "/#"}}

    def expand(self, term: str) -> str:
        """Give the URI of a term or type."""
        uri = self._met.get(term)
        if uri is None:
            uri = self._met[term] = self._find(term)
        return uri

    def identify(self, name: str) -> str:
        """Give the URI of an id; a blank one stays as it is. What no URI may hold is percent-encoded."""
        if name.startswith(BLANK):
            return name
        name = _ILLEGAL.sub(lambda found: quote(found[0]), name)
        if _SCHEME.match(name):
            return name
        local = name.removeprefix("./") or name
        return self._base + (local.replace("#", "%23") if "#" in self._base else local)

    def _find(self, term: str) -> str:
        prefix, colon, local = term.partition(":")
        spaces = {**NAMESPACES, **self._own}
        if term in self._own:
            uri = self._own[term]
        elif colon and prefix in spaces and not local.startswith("//"):
            uri = spaces[prefix] + local
        elif colon and is_uri(term):
            uri = term
        else:
            uri = _TERMS.get(term) or SCHEMA + term
        spelling = next((one for one in _SPELLINGS if uri.startswith(one)), "")
        return quote(_SPELLINGS.get(spelling, "") + uri[len(spelling) :], safe=_ALLOWED)


def _defined(context: Any) -> Iterator[tuple[str, str]]:
    """Give the terms that a context defines in place; addresses of contexts are known or left alone.

    Objects are tuples of their members, as `provstore.ingest.json_stream` gives them.
    """
    for one in context if isinstance(context, list) else [context]:
        for term, value in one if isinstance(one, tuple) else ():
            uri = dict(value).get("@id") if isinstance(value, tuple) else value
            if type(uri) is str and not term.startswith("@") and is_uri(uri):
                yield term, uri
