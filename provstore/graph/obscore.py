"""The columns of IVOA ObsCore 1.1: what each may hold, how a VOTable declares it, and how an entity has it.

An entity carries an ObsCore record as attributes, one a column, with keys in the namespace `OBSCORE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import PROVSTORE, XSD, Attribute

__all__ = ["CELL", "COLUMNS", "OBSCORE", "WORDS", "Column", "ColumnType", "column_fault", "literal", "record_of"]

OBSCORE: Final = "ivo://ivoa.net/std/ObsCore#"
"""Namespace of the columns as keys of attributes: the standard's own identifier."""
CELL: Final = f"{PROVSTORE}_cell"
"""Key of attributes that help to find a record by place and time (see `provstore.queries.obscore_cells`)."""


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"


class Column(NamedTuple):
    """A column as ObsCore 1.1 declares it (tables 6 and 7, with erratum 1); the utype without its prefix."""

    type: ColumnType
    ucd: str
    utype: str = ""
    unit: str = ""
    xtype: str = ""
    mandatory: bool = False


_TEXT, _WHOLE, _NUMBER = ColumnType.TEXT, ColumnType.WHOLE, ColumnType.NUMBER
_SPACE, _TIME, _SPECTRUM = "Char.SpatialAxis", "Char.TimeAxis", "Char.SpectralAxis"
_OBSERVABLE, _POLARIZATION = "Char.ObservableAxis", "Char.PolarizationAxis"
_POSITION: Final = f"{_SPACE}.Coverage.Location.Coord.Position2D.Value2"


def _must(type_: ColumnType, ucd: str, utype: str, unit: str = "", xtype: str = "") -> Column:
    return Column(type_, ucd, utype, unit, xtype, mandatory=True)


COLUMNS: Final[Mapping[str, Column]] = {
    "dataproduct_type": _must(_TEXT, "meta.code.class", "ObsDataset.dataProductType"),
    "dataproduct_subtype": Column(_TEXT, "meta.code.class", "ObsDataset.dataProductSubtype"),
    "calib_level": _must(_WHOLE, "meta.code;obs.calib", "ObsDataset.calibLevel"),
    "target_name": _must(_TEXT, "meta.id;src", "Target.name"),
    "target_class": Column(_TEXT, "src.class", "Target.class"),
    "obs_id": _must(_TEXT, "meta.id", "DataID.observationID"),
    "obs_title": Column(_TEXT, "meta.title;obs", "DataID.title"),
    "obs_collection": _must(_TEXT, "meta.id", "DataID.collection"),
    "obs_creation_date": Column(_TEXT, "time;meta.dataset", "DataID.date", xtype="timestamp"),
    "obs_creator_name": Column(_TEXT, "meta.id", "DataID.creator"),
    "obs_creator_did": Column(_TEXT, "meta.id", "DataID.creatorDID"),
    "obs_release_date": Column(_TEXT, "time.release", "Curation.releaseDate", xtype="timestamp"),
    "obs_publisher_did": _must(_TEXT, "meta.ref.ivoid", "Curation.publisherDID"),
    "publisher_id": Column(_TEXT, "meta.ref.ivoid", "Curation.publisherID"),
    "bib_reference": Column(_TEXT, "meta.bib", "Curation.reference"),
    "data_rights": Column(_TEXT, "meta.code", "Curation.rights"),
    "access_url": _must(_TEXT, "meta.ref.url", "Access.reference"),
    "access_format": _must(_TEXT, "meta.code.mime", "Access.format"),
    "access_estsize": _must(_WHOLE, "phys.size;meta.file", "Access.size", "kbyte"),
    "s_ra": _must(_NUMBER, "pos.eq.ra", f"{_POSITION}.C1", "deg"),
    "s_dec": _must(_NUMBER, "pos.eq.dec", f"{_POSITION}.C2", "deg"),
    "s_fov": _must(_NUMBER, "phys.angSize;instr.fov", f"{_SPACE}.Coverage.Bounds.Extent.diameter", "deg"),
    "s_region": _must(_TEXT, "pos.outline;obs.field", f"{_SPACE}.Coverage.Support.Area", xtype="adql:REGION"),
    "s_resolution": _must(_NUMBER, "pos.angResolution", f"{_SPACE}.Resolution.Refval.value", "arcsec"),
    "s_resolution_min": Column(
        _NUMBER, "pos.angResolution;stat.min", f"{_SPACE}.Resolution.Bounds.Limits.LoLim", "arcsec"
    ),
    "s_resolution_max": Column(
        _NUMBER, "pos.angResolution;stat.max", f"{_SPACE}.Resolution.Bounds.Limits.HiLim", "arcsec"
    ),
    "s_xel1": _must(_WHOLE, "meta.number", f"{_SPACE}.numBins1"),
    "s_xel2": _must(_WHOLE, "meta.number", f"{_SPACE}.numBins2"),
    "s_ucd": Column(_TEXT, "meta.ucd", f"{_SPACE}.ucd"),
    "s_unit": Column(_TEXT, "meta.unit", f"{_SPACE}.unit"),
    "s_calib_status": Column(_TEXT, "meta.code.qual", f"{_SPACE}.calibrationStatus"),
    "s_stat_error": Column(_NUMBER, "stat.error;pos.eq", f"{_SPACE}.Accuracy.StatError.Refval.value", "arcsec"),
    "s_pixel_scale": Column(_NUMBER, "phys.angSize;instr.pixel", f"{_SPACE}.Sampling.RefVal.SamplingPeriod", "arcsec"),
    "t_xel": _must(_WHOLE, "meta.number", f"{_TIME}.numBins"),
    "t_refpos": Column(_TEXT, "meta.ref;time"),
    "t_min": _must(_NUMBER, "time.start;obs.exposure", f"{_TIME}.Coverage.Bounds.Limits.StartTime", "d"),
    "t_max": _must(_NUMBER, "time.end;obs.exposure", f"{_TIME}.Coverage.Bounds.Limits.StopTime", "d"),
    "t_exptime": _must(_NUMBER, "time.duration;obs.exposure", f"{_TIME}.Coverage.Support.Extent", "s"),
    "t_resolution": _must(_NUMBER, "time.resolution", f"{_TIME}.Resolution.Refval.value", "s"),
    "t_calib_status": Column(_TEXT, "meta.code.qual", f"{_TIME}.calibrationStatus"),
    "t_stat_error": Column(_NUMBER, "stat.error;time", f"{_TIME}.Accuracy.StatError.Refval.value", "s"),
    "em_xel": _must(_WHOLE, "meta.number", f"{_SPECTRUM}.numBins"),
    "em_ucd": Column(_TEXT, "meta.ucd", f"{_SPECTRUM}.ucd"),
    "em_unit": Column(_TEXT, "meta.unit", f"{_SPECTRUM}.unit"),
    "em_calib_status": Column(_TEXT, "meta.code.qual", f"{_SPECTRUM}.calibrationStatus"),
    "em_min": _must(_NUMBER, "em.wl;stat.min", f"{_SPECTRUM}.Coverage.Bounds.Limits.LoLimit", "m"),
    "em_max": _must(_NUMBER, "em.wl;stat.max", f"{_SPECTRUM}.Coverage.Bounds.Limits.HiLimit", "m"),
    "em_res_power": _must(_NUMBER, "spect.resolution", f"{_SPECTRUM}.Resolution.ResolPower.refVal"),
    "em_res_power_min": Column(_NUMBER, "spect.resolution;stat.min", f"{_SPECTRUM}.Resolution.ResolPower.LoLimit"),
    "em_res_power_max": Column(_NUMBER, "spect.resolution;stat.max", f"{_SPECTRUM}.Resolution.ResolPower.HiLimit"),
    "em_resolution": Column(_NUMBER, "spect.resolution;stat.mean", f"{_SPECTRUM}.Resolution.Refval.value", "m"),
    "em_stat_error": Column(_NUMBER, "stat.error;em", f"{_SPECTRUM}.Accuracy.StatError.Refval.value", "m"),
    "o_ucd": _must(_TEXT, "meta.ucd", f"{_OBSERVABLE}.ucd"),
    "o_unit": Column(_TEXT, "meta.unit", f"{_OBSERVABLE}.unit"),
    "o_calib_status": Column(_TEXT, "meta.code.qual", f"{_OBSERVABLE}.calibrationStatus"),
    "o_stat_error": Column(_NUMBER, "stat.error;phot", f"{_OBSERVABLE}.Accuracy.StatError.Refval.value"),
    "pol_xel": _must(_WHOLE, "meta.number", f"{_POLARIZATION}.numBins"),
    "pol_states": _must(_TEXT, "meta.code;phys.polarization", f"{_POLARIZATION}.stateList"),
    "facility_name": _must(_TEXT, "meta.id;instr.tel", "Provenance.ObsConfig.Facility.name"),
    "instrument_name": _must(_TEXT, "meta.id;instr", "Provenance.ObsConfig.Instrument.name"),
    "proposal_id": Column(_TEXT, "meta.id;obs.proposal", "Provenance.Proposal.identifier"),
}
"""Column -> its declaration, in the order of the standard."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "dataproduct_type": (
        "image",
        "cube",
        "spectrum",
        "sed",
        "timeseries",
        "visibility",
        "event",
        "measurements",
    ),
    "calib_level": ("0", "1", "2", "3", "4"),
    "data_rights": ("public", "secure", "proprietary"),
}
"""Columns that take only certain words."""

_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "s_ra": (0, 360),
    "s_dec": (-90, 90),
    "s_fov": (0, 360),
    **dict.fromkeys(("t_min", "t_max"), (-1e7, 1e7)),
}
_FORMS: Final = {
    ColumnType.WHOLE: re.compile(r"[0-9]{1,18}\Z"),
    ColumnType.NUMBER: re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?\Z"),
}
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What no text of a catalogue holds: control characters, changes of the direction of writing, halves of pairs."""
_LONGEST: Final = 4_000
_SHOWN: Final = 80
_TYPES: Final = {ColumnType.TEXT: None, ColumnType.WHOLE: f"{XSD}long", ColumnType.NUMBER: f"{XSD}double"}


def column_fault(column: str, value: str) -> str:
    """Tell what is wrong with a column or its value; "" if nothing is."""
    if column not in COLUMNS:
        return f"{column!r} is no column of ObsCore 1.1, as dataproduct_type or calib_level"
    shown = repr(value[:_SHOWN])
    if column in WORDS and value not in WORDS[column]:
        return f"{shown} is none of: {', '.join(WORDS[column])}"
    kind = COLUMNS[column].type
    if kind in _FORMS and not _FORMS[kind].match(value):
        return f"{shown} is not {kind.value}"
    low, high = _BOUNDS.get(column, (0, 0))
    if column in _BOUNDS and not low <= float(value) <= high:
        return f"{value} is not within {low:g} to {high:g}"
    return _text_fault(value)


def _text_fault(value: str) -> str:
    if found := _UNFIT.search(value):
        return f"{value[:_SHOWN]!r} holds the character U+{ord(found[0]):04X}, which no catalogue can show"
    if len(value) > _LONGEST:
        return f"has {len(value)} characters; at most {_LONGEST} are kept"
    return "" if value.strip() else "is empty"


def literal(column: str, value: str) -> Attribute:
    """Give the attribute that keeps a value of a column."""
    return Attribute(OBSCORE + column, value, _TYPES[COLUMNS[column].type])


def record_of(attributes: Iterable[Attribute]) -> dict[str, str]:
    """Give the ObsCore record among attributes: column -> text of its value."""
    length = len(OBSCORE)
    found = {one.key[length:]: one.lexical for one in attributes if one.key.startswith(OBSCORE)}
    return {column: found[column] for column in COLUMNS if column in found} if found else {}
