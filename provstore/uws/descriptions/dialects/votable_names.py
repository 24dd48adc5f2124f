"""The names by which a VOTable description is read and written, and how several texts stand in one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from provstore.uws.descriptions.names import CLUSTER_PREFIX

__all__ = [
    "ATTRIBUTES",
    "CONTROL",
    "GENERATED_FACTS",
    "NAMESPACE",
    "OBSCORE",
    "SERVICE",
    "USED_FACTS",
    "is_attribute",
    "is_fact",
    "read_list",
    "read_pairs",
    "write_list",
    "write_pairs",
]

NAMESPACE: Final = "http://www.ivoa.net/xml/VOTable/v1.3"

SERVICE: Final = "adhoc:service"
"""The utype of a RESOURCE that describes a service (DataLink 1.1 section 4.1)."""

ATTRIBUTES: Final = frozenset(
    {
        "annotation",
        "boolean_words",
        "contact_email",
        "contact_name",
        "container",
        "controls",
        "doculink",
        "empty_default",
        "executionDuration",
        "executionduration",
        "files",
        "group",
        "keywords",
        "label",
        "main_result",
        "modules",
        "no_default",
        "parameter_types",
        "quote",
        "script",
        "script_language",
        "script_sha256",
        "software",
        "standardID",
        "subtype",
        "type",
        "version",
    }
)
"""Names of the RESOURCE's PARAMs that we know, besides those of `CONTROL`; all others are kept as extra attributes."""

CONTROL: Final = CLUSTER_PREFIX
"""So begin the control parameters that have a PARAM of their own; the others are in ``controls``."""

OBSCORE: Final = "obscore_"
"""So begin the PARAMs of a result that hold an ObsCore column."""

USED_FACTS: Final = ("role", "type", "multiplicity", "default", "content_type", "url")
GENERATED_FACTS: Final = ("role", "type", "multiplicity", "default", "content_type", "derived_from")
_ELDER: Final[Mapping[tuple[str, ...], frozenset[str]]] = {
    USED_FACTS: frozenset({"location", "optional"}),
    GENERATED_FACTS: frozenset({"optional"}),
}
_RESERVED: Final = {" ": re.compile(r"[%\s]"), ",": re.compile(r"[%,]|\A\s+|\s+\Z")}


def is_attribute(name: str) -> bool:
    """Tell whether a PARAM of the RESOURCE has a meaning here, so that no extra one can have its name."""
    return name in ATTRIBUTES or name.startswith(CONTROL)


def is_fact(name: str, facts: tuple[str, ...]) -> bool:
    """Tell the same of a PARAM of an input (`USED_FACTS`) or a result (`GENERATED_FACTS`)."""
    return name in facts or name in _ELDER[facts] or (facts is GENERATED_FACTS and name.startswith(OBSCORE))


def write_list(items: Iterable[str], separator: str) -> str:
    """Write texts, separated by blanks or commas: what would part them is percent-encoded, an empty one is ``%``."""
    encoded = (_RESERVED[separator].sub(lambda found: quote(found[0], safe=""), item) or "%" for item in items)
    return separator.join(encoded)


def read_list(text: str, separator: str, *, exact: bool) -> tuple[str, ...]:
    """Read texts that are separated by blanks or commas; only what we wrote (``exact``) is percent-encoded."""
    parts = text.split() if separator == " " else [part.strip() for part in text.split(separator)]
    return tuple(_decoded(part) if exact else part for part in parts if part)


def _decoded(part: str) -> str:
    return "" if part == "%" else unquote(part)


def write_pairs(items: Iterable[tuple[str, str]]) -> str:
    """Write ``name=value name=value``, in which blanks and ``=`` are percent-encoded."""
    return " ".join(f"{quote(name, safe='')}={quote(value, safe='')}".removesuffix("=") for name, value in items)


def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read what `write_pairs` wrote."""
    parts = (part.partition("=") for part in text.split())
    return tuple((unquote(name), unquote(value)) for name, _, value in parts)
