"""Jobs and sweeps in JSON and CSV: read strictly, into the same submissions as forms.

A job: ``{"parameters": {NAME: value}, "runId", "executionDuration", "destruction", "run": true}``. A sweep: an array of
such objects' ``parameters``, or ``{"sweep": [...], "common": {...}, ...}`` with the same members beside; or CSV with a
header of names. The query string counts as in forms.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from flask import request
from werkzeug.datastructures import MultiDict

from provstore.errors import Invalid, TooLarge
from provstore.uws.idempotency import check_key
from provstore.uws.submissions import Submission, SweepSubmission
from provstore.web.forms import read_submission, read_text
from provstore.web.site import base_url, site

__all__ = ["read_creation", "read_values", "without"]

_JSON: Final = "application/json"
_CSV: Final = "text/csv"
_MOST_BRACKETS: Final = 1_000_000
"""Each array or object costs some hundred bytes of memory, however few it takes in the text."""

_JOB_MEMBERS: Final = ("parameters", "runId", "executionDuration", "destruction", "run", "phase")
_SWEEP_MEMBERS: Final = ("sweep", "common", *_JOB_MEMBERS[1:])
_HELD: Final = frozenset({"parameters", "sweep", "common", "run"})
"""Members that are no control parameters of UWS by their own name."""


def read_creation() -> Submission | SweepSubmission:
    """Read what a client sends to make a job, or many: a form, JSON or CSV.

    Raises:
        UnsupportedType: a body of another type.
        Invalid: a malformed one, with the place; or an Idempotency-Key that is none.
        TooLarge: it is larger than allowed.
    """
    readers = {_JSON: _read_json, _CSV: _read_csv}
    asked = readers.get(request.mimetype, read_submission)()
    key = request.headers.get("Idempotency-Key")
    return asked if key is None else replace(asked, key=check_key(key))


def without(asked: Submission | SweepSubmission, name: str) -> Submission | SweepSubmission:
    """Leave out a name of the address that is no value of a job."""
    if isinstance(asked, SweepSubmission):
        return replace(asked, common=_without(asked.common, name))
    return replace(asked, values=_without(asked.values, name))


def _without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {one: value for one, value in values.items() if one.upper() != name}


def read_values() -> Mapping[str, str]:
    """Read new values of a job's parameters: a form, or a JSON object.

    Raises:
        UnsupportedType: a body of another type.
        Invalid: a malformed one; or a file, since inputs are fixed when a job is made.
        TooLarge: it is larger than allowed.
    """
    if request.mimetype == _JSON:
        return _query() | dict(_texts(_object(_parsed(), "parameters"), "parameters"))
    sent = read_submission()
    if sent.uploads:
        name = next(iter(sent.uploads))
        raise Invalid(f"{name!r} is a file: the inputs of a job are fixed when it is made", field=name)
    return sent.values


# --- JSON


def _read_json() -> Submission | SweepSubmission:
    content = _parsed()
    if isinstance(content, list):
        content = {"sweep": content}
    asked = _object(content, "the body")
    if any(name.casefold() == "sweep" for name in asked):
        members = _members(asked, _SWEEP_MEMBERS)
        rows = tuple(dict(_texts(_object(one, f"row {n}"), f"row {n}")) for n, one in _rows(members["sweep"]))
        common = _query() | dict(_texts(_object(members.get("common", {}), "common"), "common")) | _controls(members)
        return SweepSubmission(rows=rows, common=common, base_url=base_url())
    members = _members(asked, _JOB_MEMBERS)
    values = dict(_texts(_object(members.get("parameters", {}), "parameters"), "parameters"))
    return Submission(values=_query() | values | _controls(members), base_url=base_url())


def _parsed() -> Any:
    """Parse a body; numbers keep the very text in which they were sent."""
    text = read_text()
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise TooLarge(f"the JSON holds more than {_MOST_BRACKETS} brackets; make several requests of it")
    try:
        return json.loads(
            text, parse_float=str, parse_int=str, parse_constant=_no_number, object_pairs_hook=_no_name_twice
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"malformed JSON at {place}: {error.msg}", value=place) from error
    except RecursionError as error:
        raise Invalid("malformed JSON: it is nested too deeply; a sweep needs three levels") from error


def _no_number(word: str) -> str:
    raise Invalid(f"malformed JSON: {word} is no JSON; send it as text, {json.dumps(word)}", value=word)


def _no_name_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Invalid(f"malformed JSON: {twice!r} stands twice in one object", field=twice)
    return found


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{what} is {_kind(value)}; an object is needed", field=what)
    return value


def _rows(value: object) -> Iterator[tuple[int, Any]]:
    if not isinstance(value, list):
        raise Invalid(f"sweep is {_kind(value)}; an array of objects is needed", field="sweep")
    return enumerate(value, start=1)


def _members(asked: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Spell the members as documented; they count in any case, as the control parameters do."""
    declared = {name.casefold(): name for name in known}
    found: dict[str, Any] = {}
    for name, value in asked.items():
        right = declared.get(name.casefold())
        if right is None or right in found:
            words = "unknown member" if right is None else "a second time: member"
            raise Invalid(f"{words} {name!r}; known: {', '.join(known)}; values go into {known[0]!r}", field=name)
        found[right] = value
    return found


def _controls(members: Mapping[str, Any]) -> dict[str, str]:
    run = members.get("run", False)
    if not isinstance(run, bool):
        raise Invalid(f"run is {_kind(run)}; true or false is needed", field="run")
    own = {name: value for name, value in members.items() if name not in _HELD}
    return {name.upper(): value for name, value in _texts(own, "")} | ({"PHASE": "RUN"} if run else {})


def _texts(values: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Give values as forms would: a list as several items, null as not given."""
    for name, value in values.items():
        _sound(name, f"{place}, a name")
        where = f"{place}, {name}" if place else name
        if isinstance(value, list):
            yield name, " ".join(_text(one, where) for one in value)
        elif value is not None:
            yield name, _text(value, where)


def _text(value: object, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # numbers too
        return _sound(value, where)
    raise Invalid(f"{where}: {_kind(value)} can't be a value; text, number, truth value or a list of them is needed")


def _sound(text: str, where: str) -> str:
    """Refuse halves of surrogate pairs, which JSON can spell and no text can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{where}: half a surrogate pair at character {error.start} is no text", field=where) from error
    return text


_KINDS: Final = {dict: "an object", list: "an array", str: "text or a number", bool: "a truth value"}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "null")


def _query() -> dict[str, str]:
    """What the address says besides the body, as in forms."""
    values = MultiDict(request.args)
    return {name: " ".join(items) for name, items in values.lists()}


# --- CSV


def _read_csv() -> SweepSubmission:
    text = read_text().removeprefix("\ufeff")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        filled = ((rows.line_num, row) for row in rows if row)
        lines = list(islice(filled, site().settings.sweep_max + 2))
    except csv.Error as error:
        raise Invalid(f"malformed CSV at line {rows.line_num}: {error}", value=f"line {rows.line_num}") from error
    if not lines:
        raise Invalid("the CSV is empty; a header of parameter names and a line for each job are needed")
    header = [name.strip() for name in lines[0][1]]
    wrong, times = Counter(header).most_common(1)[0]
    if times > 1 or "" in header:
        wrong = wrong if times > 1 else ""
        raise Invalid(f"the CSV's header names the column {wrong!r} twice, or not at all", field=wrong)
    found = tuple(_row(number, header, *line) for number, line in enumerate(lines[1:], start=1))
    return SweepSubmission(rows=found, common=_query(), base_url=base_url())


def _row(number: int, header: Sequence[str], line: int, cells: Sequence[str]) -> dict[str, str]:
    """An empty cell says nothing: the parameter has its default there."""
    if len(cells) != len(header):
        raise Invalid(f"row {number} (line {line}) has {len(cells)} values; the header names {len(header)} columns")
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell}
