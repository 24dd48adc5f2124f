"""What a client says of the products of a job to be, in the words of ObsCore.

Values called ``obscore.COLUMN`` say it column by column; a VOTable of one row, given as ``obscore``, says it at once.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, NamedTuple, TypeVar

from provstore.errors import Invalid, Malformed, TooLarge
from provstore.graph.obscore import column_fault
from provstore.ingest.problems import shown
from provstore.ingest.product_tables import TABLES
from provstore.queries.obscore import obscore_attributes
from provstore.uws.inputs.items import Input
from provstore.uws.inputs.sources import Upload

__all__ = ["OBSERVED", "Told", "observed_of", "with_record"]

OBSERVED: Final = "obscore."
"""So begin the names of columns given as values, in any case."""
_ROW: Final = "obscore"
"""The name under which a row is given, in any case."""
_PART: Final = "param:"
_ROW_MOST: Final = 1 << 20
_DECLARATION: Final = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
"""It may name an encoding that the text of a form is not in any more."""

_DOCTYPE: Final = b"<!DOCTYPE"
_T = TypeVar("_T")


class Told(NamedTuple):
    """What is told in a request: values and files by name, and its list UPLOAD."""

    values: Mapping[str, str]
    parts: Mapping[str, Sequence[Upload]]
    uploads: Mapping[str, str]


def observed_of(told: Told, parameters: Iterable[str], before: Mapping[str, str]) -> tuple[dict[str, str], Told]:
    """Part the columns of ObsCore from what else is told.

    A column given by itself wins over the row, and both win over what was said before; an empty one says nothing.

    Args:
        told: As sent.
        parameters: Names of the service's own, which win.
        before: What was said of the job that is run again.

    Returns:
        The columns with their values, and the rest under the names as given.

    Raises:
        Invalid: there is no such column, its value is wrong, or the row can't be read, or is none or several.
        TooLarge: the row is larger than one may be.
    """
    own = frozenset(parameters)
    names = [name for name in told.values if name.lower().startswith(OBSERVED) and name not in own]
    columns = {name.lower().removeprefix(OBSERVED): _value(name, told.values[name].strip()) for name in names}
    row, rest = _row_of(told, own)
    record = {**before, **row, **columns}
    values = {name: value for name, value in rest.values.items() if name not in names}
    return {column: text for column, text in record.items() if text}, rest._replace(values=values)


def with_record(inputs: Sequence[Input], record: Mapping[str, str]) -> tuple[Input, ...]:
    """Let an input that is new with the job keep the record, where that says it is of this very file.

    The column ``access_url`` names the file: the record of a dataset of some archive is sent with its address.
    """
    address = record.get("access_url", "")
    attributes = obscore_attributes(record)
    return tuple(
        replace(one, node=one.node._replace(attributes=(*one.node.attributes, *attributes)))
        if one.new and address and one.node.properties.get("url") == address
        else one
        for one in inputs
    )


def _value(name: str, text: str) -> str:
    if text and (fault := column_fault(name.lower().removeprefix(OBSERVED), text)):
        raise Invalid(f"{name}: {fault}", field=name, value=text)
    return text


def _row_of(told: Told, own: frozenset[str]) -> tuple[dict[str, str], Told]:
    """Take the row out of a request, wherever it stands: as a file, as a value, or in another part that is named."""
    if any(name.lower() == _ROW for name in own):
        return {}, told
    texts, values = _parted(told.values)
    files, parts = _parted(told.parts)
    named, uploads = _parted(told.uploads)
    sent = [one.stream for some in files for one in some]
    sent += [_stream(text) for text in texts if text.strip() and not text.startswith(_PART)]
    for text in (*named, *(one for one in texts if one.startswith(_PART))):
        name = text.removeprefix(_PART)
        found = [*(one.stream for one in parts.pop(name, ())), *map(_stream, filter(None, [values.pop(name, "")]))]
        if not found and not (sent and name.lower() == _ROW):
            raise Invalid(f"{_ROW}: {shown(text)!r} is no part of the request", field=_ROW, value=shown(text))
        sent += found
    if len(sent) > 1:
        raise Invalid(f"{_ROW} is given {len(sent)} times; one VOTable with one row is needed", field=_ROW)
    return _row(sent[0]) if sent else {}, Told(values, parts, uploads)


def _parted(items: Mapping[str, _T]) -> tuple[list[_T], dict[str, _T]]:
    """Give what is called so, and the others by name."""
    others = {name: item for name, item in items.items() if name.lower() != _ROW}
    return [item for name, item in items.items() if name not in others], others


def _stream(text: str) -> BinaryIO:
    return io.BytesIO(_DECLARATION.sub("", text).encode())


def _row(stream: BinaryIO) -> dict[str, str]:
    """Read the columns of a VOTable's only row; what is empty says nothing."""
    stream.seek(0)
    table = stream.read(_ROW_MOST + 1)
    if len(table) > _ROW_MOST:
        raise TooLarge(f"{_ROW}: a VOTable of one row has at most {_ROW_MOST} bytes; this one has more", field=_ROW)
    if _DOCTYPE in table:
        raise Invalid(f"{_ROW}: a VOTable without a DOCTYPE is needed; no entities are read here", field=_ROW)
    try:
        rows = [dict(cells) for _, cells in islice(TABLES["votable"](io.BytesIO(table)), 2)]
    except Malformed as error:
        raise Invalid(f"{_ROW}: no VOTable of one row: {error.message}", field=_ROW) from error
    if len(rows) != 1:
        raise Invalid(f"{_ROW}: the VOTable has {'several rows' if rows else 'no row'}; one is needed", field=_ROW)
    record = {name.lower().removeprefix(OBSERVED): cell.text.strip() for name, cell in rows[0].items()}
    for column, text in record.items():
        if text and (fault := column_fault(column, text)):
            raise Invalid(f"{_ROW}, {shown(column)}: {fault}", field=_ROW, value=shown(text))
    return record
