"""The public products as a table of IVOA ObsCore 1.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from flask import Blueprint, Response

from provstore.errors import Invalid
from provstore.export.obscore import MANDATORY, obscore_votable
from provstore.graph.model import PUBLIC, Viewer
from provstore.graph.obscore import COLUMNS
from provstore.queries.asking import Asker
from provstore.queries.obscore import every_record, obscore_row
from provstore.queries.questions.obscore import SELECTION, Observed, wanted_of
from provstore.web.dali import VOTABLE, read_parameters, single, speak_votable
from provstore.web.forms import whole_number
from provstore.web.site import base_url, site

__all__ = ["obscore"]

obscore: Final = Blueprint("obscore", __name__)

_EVERYBODY: Final = Viewer(readers=frozenset({PUBLIC}))
_ALL: Final = "all"
_SYNONYMS: Final = {"POS": "POSITION", "DPTYPE": "DATAPRODUCT_TYPE", "CALIB": "CALIB_LEVEL", "TARGET": "TARGET_NAME"}
"""The names of IVOA SIA 2.0 for the same."""
_OTHERS: Final = ("MAXREC", "COLUMNS")
_LINES: Final = 200


@obscore.before_request
def speak_as_table() -> None:
    """Tell errors as a VOTable."""
    speak_votable(with_fault=False)


@obscore.get("/obscore.vot")
def show_table() -> Response:
    """GET /obscore.vot: what is public, streamed; ``position``, ``time`` and the like choose, ``COLUMNS=all``."""
    given = _given()
    maximum = single(given, "MAXREC")
    most = None if maximum is None else whole_number(maximum, name="MAXREC", least=0)
    store, base = site().store, base_url()
    asker = Asker(store=store, viewer=_EVERYBODY)
    read = {one.name: one.read(asker, one.name, found) for one in SELECTION if (found := given.get(one.name.upper()))}
    nodes = every_record(store, wanted_of(Observed(**read)), _EVERYBODY)  # type: ignore[arg-type]  # as the table says
    first = list(islice(nodes, 1))  # what is wrong with the store shows before the answer has begun
    can_give, namespace = site().files.can_give, store.namespace
    rows = (obscore_row(one, base=base, namespace=namespace, can_give=can_give) for one in chain(first, nodes))
    table = obscore_votable(rows, columns=_columns(single(given, "COLUMNS")), most=most)
    return Response(_blocks(table), content_type=VOTABLE)


def _given() -> Mapping[str, Sequence[str]]:
    """Read the parameters, by our names in capitals.

    Raises:
        Invalid: one is not known.
    """
    known = [*(one.name.upper() for one in SELECTION), *_OTHERS]
    given: dict[str, list[str]] = {}
    for name, values in read_parameters().items():
        own = _SYNONYMS.get(name, name)
        if own not in known:
            raise Invalid(f"unknown parameter {name!r}; known: {', '.join(known)}", field=name, value=values[0])
        given.setdefault(own, []).extend(values)
    return given


def _columns(text: str | None) -> Sequence[str]:
    if text is None:
        return MANDATORY
    if text.lower() == _ALL:
        return tuple(COLUMNS)
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    wrong = next((name for name in wanted if name not in COLUMNS), None)
    if wrong is not None or not wanted:
        right = "all, or columns of ObsCore 1.1 with commas between them, are needed"
        raise Invalid(f"COLUMNS={text!r}: {right}", field="COLUMNS", value=text)
    return tuple(name for name in COLUMNS if name in wanted or name in MANDATORY)


def _blocks(pieces: Iterator[str]) -> Iterator[bytes]:
    while lines := list(islice(pieces, _LINES)):
        yield "".join(lines).encode()
