"""Rows of IVOA ObsCore 1.1 as a VOTable, written row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from provstore.export.escapes import xml_attribute, xml_text
from provstore.graph.obscore import COLUMNS, Column, ColumnType

__all__ = ["MANDATORY", "OBSCORE_MODEL", "obscore_votable"]

OBSCORE_MODEL: Final = "ivo://ivoa.net/std/ObsCore#core-1.1"
MANDATORY: Final = tuple(name for name, column in COLUMNS.items() if column.mandatory)
"""Columns that every such table has."""

_HEAD: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/>
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="mjd" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>
"""
_FOOT: Final = "</RESOURCE>\n</VOTABLE>\n"
_TYPES: Final = {ColumnType.WHOLE: 'datatype="long"', ColumnType.NUMBER: 'datatype="double"'}
_PLAIN: Final = frozenset({"access_url", "access_format", "obs_publisher_did", "s_region", "o_ucd", "pol_states"})
"""Columns of nothing but ASCII; addresses are escaped, what else is not ASCII becomes a question mark."""
_INTEGERS: Final = {"calib_level": 'datatype="int"'}
_ADDRESSES: Final = frozenset({"access_url", "obs_publisher_did"})
_SYSTEMS: Final = {
    **dict.fromkeys(("s_ra", "s_dec", "s_region"), ' ref="icrs"'),
    **dict.fromkeys(("t_min", "t_max"), ' ref="mjd"'),
}
_SAFE: Final = "".join(map(chr, range(33, 127)))


def obscore_votable(
    rows: Iterable[Mapping[str, str]], *, columns: Sequence[str] = MANDATORY, most: int | None = None
) -> Iterator[str]:
    """Give a table piece by piece.

    Args:
        rows: Column -> text of its value; a column that is missing or empty is null.
        columns: Which.
        most: At most so many rows are written; of more the end says that there are (DALI 1.1 §4.4.1).
    """
    yield _HEAD
    yield f'<TABLE name="ObsCore" utype="{OBSCORE_MODEL}">\n'
    yield from (_field(name, COLUMNS[name]) for name in columns)
    yield "<DATA>\n<TABLEDATA>\n"
    overflow = False
    for written, row in enumerate(rows):
        overflow = written == most
        if overflow:
            break
        yield "".join(("<TR>", *(_cell(name, row.get(name, "")) for name in columns), "</TR>\n"))
    yield "</TABLEDATA>\n</DATA>\n</TABLE>\n"
    if overflow:
        yield '<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n'
    yield _FOOT


def _field(name: str, column: Column) -> str:
    text = 'datatype="char" arraysize="*"' if name in _PLAIN else 'datatype="unicodeChar" arraysize="*"'
    further = {"unit": column.unit, "utype": column.utype and f"obscore:{column.utype}", "xtype": column.xtype}
    told = "".join(f' {key}="{xml_attribute(value)}"' for key, value in further.items() if value)
    type_ = _INTEGERS.get(name) or _TYPES.get(column.type, text)
    return f'<FIELD name="{name}" {type_} ucd="{xml_attribute(column.ucd)}"{told}{_SYSTEMS.get(name, "")}/>\n'


def _cell(name: str, text: str) -> str:
    if name in _ADDRESSES:
        text = quote(text, safe=_SAFE)
    elif name in _PLAIN:
        text = text.encode("ascii", "replace").decode()
    return f"<TD>{xml_text(text)}</TD>"
