"""The dialect of voprov 0.0.4 and of OPUS: IVOA's classes and relations have sections and elements of their own.

Its statements come out in the shape of plain PROV, with IVOA's meaning in ``prov:type``. The name of what only IVOA
knows is kept as ``voprov:name``, the role of a description as ``voprov:role``: ``prov:name`` is no attribute of PROV,
and ``prov:role`` none of an entity. All else stays as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

from provstore.graph.dialect import CLASSES, INFLUENCES, ROLES, Influence
from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.graph.model import PROV, QNAME, VOPROV, Attribute
from provstore.ingest.provjson_records import SectionRule
from provstore.ingest.provxml import read_xml
from provstore.ingest.provxml_words import Words
from provstore.ingest.reading import Reading

__all__ = ["SECTIONS", "read_voprov_xml"]

_NAME: Final = {f"{PROV}name": f"{VOPROV}name"}
_NAME_AND_ROLE: Final = {**_NAME, f"{PROV}role": f"{VOPROV}role"}


def _type(name: str) -> tuple[Attribute]:
    return (Attribute(f"{PROV}type", VOPROV + name, QNAME),)


def _relation(influence: Influence) -> SectionRule:
    ends = {influence.effect: "influencee", influence.cause: "influencer"}
    formals = {space + end: argument for space in VOPROV_NAMESPACES for end, argument in ends.items()}
    return SectionRule(kind="wasInfluencedBy", formals=formals, types=_type(influence.type))


SECTIONS: Final[Mapping[str, SectionRule]] = {
    **{
        section: SectionRule(kind="entity", types=_type(name), keys=_NAME_AND_ROLE if section in ROLES else _NAME)
        for section, name in CLASSES.items()
    },
    **{section: _relation(influence) for section, influence in INFLUENCES.items()},
}
"""What PROV-JSON of this dialect has besides PROV's own sections, and PROV-XML besides its elements."""

_WORDS: Final = Words(root=("voprov", VOPROV_NAMESPACES), spaces=(*VOPROV_NAMESPACES, PROV), sections=SECTIONS)


def read_voprov_xml(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read PROV-XML of this dialect (``voprov:document``), see `provstore.ingest.reading.Reader`."""
    return read_xml(source, _WORDS, unqualified=unqualified)
