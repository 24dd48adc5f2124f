"""Guesses what an option or an argument of a program is, by the words that its help has for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from provstore.uws.descriptions.drafts.things import Thing, ThingKind

__all__ = ["guess"]

_INTEGERS: Final = ("INT", "INTEGER", "LONG", "N", "NUM", "COUNT", "NBINS", "INTEGER RANGE", "UINT", "NPIX")
_REALS: Final = ("FLOAT", "REAL", "DOUBLE", "FLOAT RANGE", "NUMBER", "DEG", "DEGREES", "SECONDS")
_FILES: Final = ("FILE", "FILENAME", "PATH", "INFILE", "INPUT", "FITSFILE", "IMAGE", "INPUT_FILE", "FILEPATH")
_FOLDERS: Final = frozenset({"DIR", "DIRECTORY", "FOLDER", "OUTDIR"})
_PROGRAMS: Final = ("PROG", "PROGRAM", "COMMAND", "CMD", "EXECUTABLE")
_BY_WORD: Final[Mapping[str, ThingKind]] = {
    **dict.fromkeys(_INTEGERS, ThingKind.INTEGER),
    **dict.fromkeys(_REALS, ThingKind.REAL),
    **dict.fromkeys(_FILES, ThingKind.FILE),
    **dict.fromkeys(_PROGRAMS, ThingKind.NOTHING),
    "BOOL": ThingKind.BOOLEAN,
    "BOOLEAN": ThingKind.BOOLEAN,
    "TEXT": ThingKind.TEXT,
    "STR": ThingKind.TEXT,
    "STRING": ThingKind.TEXT,
}
_COUNTED: Final = re.compile(
    r"n_?(?:bins?|pix|iter|jobs|steps?|threads|events|rows|max|min)?|num(?:ber)?(?:_.*)?|.*count|seed|.*bins|.*steps"
    r"|iterations?|width|height|threads|port|level|order|degree",
    re.IGNORECASE,
)
_COUNTED_TEXT: Final = re.compile(r"\b(?:number of|how many|how often|integer)\b", re.IGNORECASE)
_OUT: Final = re.compile(
    r"(?-i:o)|out|output|dest|destination|(?:out|output)_?(?:file|path|name|filename|image|table|fits|map|spec)s?"
    r"|.+_out(?:put|file)?",
    re.IGNORECASE,
)
_SAVED: Final = re.compile(r"(?:save|write|dump)_?.*|log_?file|logfile", re.IGNORECASE)
_WRITES: Final = re.compile(r"\W*(?:also )?(?:save|write|store|dump)s?\b", re.IGNORECASE)
_OUT_FOLDER: Final = re.compile(r"(?:out|output|results?)_?(?:dir|directory|folder|path)", re.IGNORECASE)
_IN: Final = re.compile(
    r"(?:in|input|infile|filenames?|files?|image|fits|events|catalog(?:ue)?|table|spectrum|path)(?:_?(?:file|path|list))?"
    r"|.+_?files?",
    re.IGNORECASE,
)
_IS_FILE_TEXT: Final = re.compile(r"\b(?:files?|FITS|image|table)\b", re.IGNORECASE)
_NO_FILE_TEXT: Final = re.compile(r"\b(?:format|type|size|width|level|number|name of)\b", re.IGNORECASE)
_CONFIGURES: Final = re.compile(r"conf(?:ig)?(?:_?file)?|configuration.*|cfg|ini|settings|param_?file", re.IGNORECASE)
_DEFAULTS: Final = (
    re.compile(
        r"[(\[]\s*(?:by )?default(?:s to|\s+is|\s+value)?\s*[:=]?\s+(?P<value>[^()\[\];]+?)\s*[;)\]]", re.IGNORECASE
    ),
    re.compile(r"[(\[]\s*default[:=](?P<value>[^()\[\];]+?)\s*[;)\]]", re.IGNORECASE),
    re.compile(r"[;,]\s*default[:=]?(?!\s+(?:is|to)\b)\s+(?P<value>[^\s()\[\];,]+)", re.IGNORECASE),
    re.compile(r"\bdefaults? (?:is|to|=|:)\s*(?P<value>[^\s()\[\];,]+)", re.IGNORECASE),
    re.compile(r"\bdefault(?:s)?\s*[:=]\s*(?P<value>[^\s()\[\];,]+)", re.IGNORECASE),
)
_NO_DEFAULT: Final = frozenset(
    {"", "none", "null", "stdout", "stdin", "-", "no", "off", "unset", "nothing", "to", "the", "a"}
)
_RANGE: Final = re.compile(r"(?:(?P<min>-?[\d.]+)<=?)?x(?:<=?(?P<max>-?[\d.]+))?|x>=?(?P<least>-?[\d.]+)")
_BETWEEN: Final = re.compile(r"\bbetween (?P<min>-?[\d.]*\d) and (?P<max>-?[\d.]*\d)\b")
_ONE_OF: Final = re.compile(r"\bone of:?\s+(?P<list>['\"\w.-]+(?:(?:,\s*(?:or )?|\s*\|\s*|\s+or\s+)['\"\w.-]+)+)")
_UNIT: Final = re.compile(r"[(\[](?P<unit>[A-Za-z]+)[)\]]|\bin (?P<word>[A-Za-z]+)\b")
_SYMBOLS: Final = (
    "deg arcsec arcmin rad s min h d yr TeV GeV MeV keV eV Hz kHz MHz GHz m cm mm km pc kpc Mpc Jy mJy K nm um Angstrom"
    " mag pix"
)
_UNITS: Final[Mapping[str, str]] = {
    **{symbol: symbol for symbol in _SYMBOLS.split()},
    "degrees": "deg",
    "seconds": "s",
    "sec": "s",
    "minutes": "min",
    "hours": "h",
    "days": "d",
    "pixels": "pix",
    "arcseconds": "arcsec",
    "arcminutes": "arcmin",
    "microns": "um",
    "kelvin": "K",
}
_CONTENT: Final[Mapping[str, str]] = {"FITS": "application/fits", "JSON": "application/json", "CSV": "text/csv"}
_ENDINGS: Final[Mapping[str, str]] = {
    "FITS": ".fits",
    "PNG": ".png",
    "JPEG": ".jpg",
    "PDF": ".pdf",
    "JSON": ".json",
    "CSV": ".csv",
    "SVG": ".svg",
    "VOTABLE": ".vot",
    "HTML": ".html",
    "TEXT": ".txt",
}
_ENDING: Final = re.compile("|".join(rf"\b{word}\b" for word in _ENDINGS), re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words that a help has for a thing: its name, the word for its value (upper case), and its text."""

    name: str
    value: str
    text: str
    default: str


def guess(name: str, *, value: str, text: str, several: bool = False) -> Thing:
    """Guess what something is that takes a value.

    Args:
        name: Its name, without dashes.
        value: The word that stands for its value, as the help writes it; "" if there is none.
        text: What the help says of it.
        several: Whether it takes several values.
    """
    options = _options(value, text)
    default = _default(text)
    word = value.removeprefix("[-]").strip("<>[]{}.").upper()
    if several:
        word = next(iter(word.split()), "")
    words = _Words(name=name.replace("-", "_"), value=word, text=text, default=default)
    kind = ThingKind.TEXT if options else _kind(words)
    if options and default and default not in options:
        default = ""
    thing = Thing(name=name, kind=kind, text=_plain(text), default=default, options=options, several=several)
    return _completed(thing, words)


def _completed(thing: Thing, words: _Words) -> Thing:
    if thing.kind in {ThingKind.INTEGER, ThingKind.REAL}:
        low, high = _bounds(words.text)
        return replace(thing, min=low, max=high, unit=_unit(words.text))
    if thing.kind is ThingKind.FILE:
        content = next((kind for word, kind in _CONTENT.items() if re.search(rf"\b{word}\b", words.text)), "")
        configures = bool(_CONFIGURES.fullmatch(words.name))
        return replace(thing, default="", content_type=content, configures=configures)
    if thing.kind is ThingKind.RESULT:
        return replace(thing, default=_file_name(words))
    return replace(thing, default="") if thing.kind is ThingKind.FOLDER else thing


def _kind(words: _Words) -> ThingKind:
    by_word = _BY_WORD.get(words.value)
    is_number = bool(re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", words.default))
    if words.value in _FOLDERS or _OUT_FOLDER.fullmatch(words.name):
        return ThingKind.FOLDER if _OUT_FOLDER.fullmatch(words.name) else ThingKind.NOTHING
    if by_word in {None, ThingKind.FILE, ThingKind.TEXT} and not is_number and _is_result(words, by_word):
        return ThingKind.RESULT
    if by_word in {ThingKind.TEXT, None} and not is_number and _is_input(words):
        return ThingKind.FILE
    return by_word or _kind_of_value(words, is_number=is_number)


def _is_result(words: _Words, by_word: ThingKind | None) -> bool:
    if _NO_FILE_TEXT.search(words.text) and by_word is not ThingKind.FILE and "." not in words.default:
        return False
    if _OUT.fullmatch(words.name):
        return True
    return by_word is ThingKind.FILE and bool(_SAVED.fullmatch(words.name) or _WRITES.match(words.text))


def _is_input(words: _Words) -> bool:
    if _CONFIGURES.fullmatch(words.name) and _IS_FILE_TEXT.search(words.text):
        return True
    if not _IN.fullmatch(words.name):
        return False
    name = words.name.lower()
    return name.endswith(("file", "files")) or name in _PLAIN_FILES or bool(_IS_FILE_TEXT.search(words.text))


_PLAIN_FILES: Final = frozenset({"in", "input", "file", "files", "fits", "infile", "filename", "filenames", "image"})


def _kind_of_value(words: _Words, *, is_number: bool) -> ThingKind:
    counted = bool(_COUNTED.fullmatch(words.name) or _COUNTED_TEXT.search(words.text))
    if is_number:
        whole = re.fullmatch(r"[+-]?\d+", words.default)
        return ThingKind.INTEGER if whole and counted else ThingKind.REAL
    return ThingKind.INTEGER if counted and _COUNTED_TEXT.search(words.text) else ThingKind.TEXT


def _default(text: str) -> str:
    for pattern in _DEFAULTS:
        if found := pattern.search(text):
            value = found["value"].strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\"`"
            value = value[1:-1] if quoted else value.removesuffix(".")
            if value.lower() in _NO_DEFAULT or (" " in value and not quoted):
                return ""
            return value
    return ""


def _options(value: str, text: str) -> tuple[str, ...]:
    inner = value.strip("<>[](){}:")
    found = inner.split(",") if value.startswith("{") else inner.split("|") if "|" in inner else []
    if not found and (listed := _ONE_OF.search(text)):
        found = re.split(r",\s*(?:or )?|\s*\|\s*|\s+or\s+", listed["list"].rstrip("."))
    words = tuple(dict.fromkeys(one.strip().strip("'\"") for one in found))
    return () if any("%" in word or not word for word in words) else words


def _bounds(text: str) -> tuple[str, str]:
    if found := _BETWEEN.search(text):
        return found["min"], found["max"]
    for bracket in re.findall(r"\[([^\[\]]*)\]", text):
        for part in bracket.split(";"):
            found = _RANGE.fullmatch(part.strip())
            if found and part.strip() != "x":
                return found["min"] or found["least"] or "", found["max"] or ""
    return "", ""


def _unit(text: str) -> str:
    """Find a unit in brackets, or after ``in``: there a single letter is none."""
    for found in _UNIT.finditer(text):
        word = found["unit"] or found["word"]
        unit = _UNITS.get(word) or _UNITS.get(word.lower()) if len(word) > 1 or found["unit"] else None
        if unit:
            return unit
    return ""


def _file_name(words: _Words) -> str:
    if words.default and not re.search(r"[/\\]", words.default):
        return words.default
    found = _ENDING.search(words.text)
    return f"{words.name}{_ENDINGS[found.group().upper()] if found else '.dat'}"


def _plain(text: str) -> str:
    """Leave out of a text what the description says elsewhere: defaults and marks that it is required."""
    plain = re.sub(r"\s*[(\[](?:default|required)[^()\[\]]*(?:\([^()]*\))?[)\]]", "", text, flags=re.IGNORECASE)
    return plain.strip()
