"""Documents of strangers as VOTable: every record in its table, with its bundle, its ids and its times."""

from __future__ import annotations

import io
import warnings

from astropy.io.votable import parse
from astropy.io.votable.tree import TableElement

from provstore.export import votable
from provstore.export.names import Namespaces
from provstore.export.records import BUNDLE, Record

EX = "http://example.org/"


def tables(*records: Record) -> dict[str, TableElement]:
    out = io.BytesIO()
    votable.write_records(records, Namespaces([("ex", EX)]), out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {one.ID: one for one in parse(io.BytesIO(out.getvalue())).iter_tables()}


def test_times_are_utc_and_a_text_that_differs_is_kept_beside() -> None:
    given = Record("activity", f"{EX}a", ("2012-03-31T09:21:00.000+01:00", None))
    found = tables(given)
    assert list(found["activity"].array["startTime"]) == ["2012-03-31T08:21:00Z"]
    kept = {str(row["key"]): str(row["value"]) for row in found["attribute"].array}
    assert kept == {"prov:startTime": "2012-03-31T09:21:00.000+01:00"}


def test_a_time_in_our_own_form_stands_once() -> None:
    assert "attribute" not in tables(Record("activity", f"{EX}a", ("2012-03-31T08:21:00Z", None)))


def test_bundles_ids_and_further_arguments_have_their_columns() -> None:
    inside = f"{EX}bundle"
    found = tables(
        Record(BUNDLE, None, (), (), inside),
        Record("entity", f"{EX}e", (), (), inside),
        Record("wasStartedBy", f"{EX}s", (f"{EX}a", None, f"{EX}b", None), (), inside),
    )
    assert list(found["entity"].array["bundle"]) == ["ex:bundle"]
    (row,) = found["wasStartedBy"].array
    assert [str(row[name]) for name in ("id", "activity", "trigger", "starter")] == ["ex:s", "ex:a", "", "ex:b"]
