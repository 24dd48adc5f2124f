"""Reads the parameter file of a program of ftools, ctools or CIAO as a description of the service that calls it.

Such a file does not say which files go in and which come out; these are the rules, and each use of one is noted:

1. A type ``f`` with the letter ``w`` or ``n`` (writable, absent) is a result, one with ``r`` or ``e`` an input.
2. Other files are results where their name begins with ``out`` or ``log``, else inputs. Files are all parameters of the
   type ``f``, and texts (``s``) whose name is like ``infile``, ``outfile``, ``logfile``, ``evtfile2``.
3. Hidden parameters need not be given; nor need inputs without a default or with ``NONE``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.dialects.par_lines import ParLine, par_lines, stated_name
from provstore.uws.descriptions.dialects.par_script import absent_as, always, calling_script, if_given
from provstore.uws.descriptions.dialects.reading import Notes, Reading
from provstore.uws.descriptions.model import FILE_URL, NAME, NUMERIC, Description, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.values import TRUTH, is_number

__all__ = ["read_par"]

_DATATYPES: Final = {"b": "boolean", "i": "long", "r": "double", "d": "double", "s": "char", "t": "char"}
_FILE_TYPE: Final = re.compile(r"f[rwen]*\Z")
_TEXT_FILE: Final = re.compile(r"\w*fil(?:e|es)?\d*\Z", re.IGNORECASE)
_RESULT: Final = re.compile(r"out|log", re.IGNORECASE)
_NOTHING: Final = frozenset({"", "none", "indef", "undef", "undefined"})
_STREAMS: Final = frozenset({"stdout", "stderr", "-"})
_BOOLEANS: Final = {"y": "yes", "n": "no"}


def read_par(data: bytes, *, source: str) -> Reading:
    """Read a description, with a script that calls the program.

    Args:
        data: The file.
        source: Its name: that of the program, with ``.par``.

    Raises:
        Invalid: a line is not of the form of such a file.
    """
    notes = Notes(source=source)
    text = _text(data, notes=notes)
    lines = par_lines(text, notes=notes)
    name = _name(text, source=source, notes=notes)
    hidden = _hidden(lines, notes=notes)
    kinds = {line.name: _kind(line, notes=notes) for line in lines}
    parameters = [_parameter(line, hidden=hidden(line), notes=notes) for line in lines if kinds[line.name] is None]
    used = [_used(line, hidden=hidden(line), notes=notes) for line in lines if kinds[line.name] is Used]
    generated = [_generated(line, hidden=hidden(line), notes=notes) for line in lines if kinds[line.name] is Generated]
    description = Description(
        name=name,
        software=(name,),
        parameters=tuple(parameters),
        used=tuple(used),
        generated=tuple(generated),
    )
    script = calling_script(name, _arguments(lines, description))
    return notes.reading(replace(description, script=script), dialect="par")


def _text(data: bytes, *, notes: Notes) -> str:
    """Decode the file; old ones hold names of people in Latin-1."""
    if b"\0" in data:
        raise notes.refuse(data.count(b"\n", 0, data.find(b"\0")) + 1, "a NUL: this is no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        notes.add(data.count(b"\n", 0, error.start) + 1, "not UTF-8", "read as Latin-1")
        return data.decode("latin-1")


def _name(text: str, *, source: str, notes: Notes) -> str:
    """Give the program's name: by the name of the file, else by what its head states."""
    path = PurePath(source)
    stated = stated_name(text)
    name = path.stem if path.suffix == ".par" else stated or path.stem
    if not NAME.match(name):
        raise notes.refuse(0, f"{name!r} is no name of a program; right is the program's name with .par as source")
    if not stated and path.suffix != ".par":
        notes.add(0, "nothing says which program the file belongs to", f"named {name} by its source")
    if stated not in {"", name}:
        notes.add(0, f"the head of the file calls it {stated}", f"named {name} by its file")
    return name


def _hidden(lines: Iterable[ParLine], *, notes: Notes) -> Callable[[ParLine], bool]:
    """Tell hidden parameters; those of the mode ``a`` do as the parameter ``mode`` says, without it they are hidden."""
    mode = next((line.default.lower() for line in lines if line.name == "mode" and line.type == "s"), "")
    automatic = not set(mode) & set("q")
    if not mode and any("a" in line.mode for line in lines):
        notes.add(0, "parameters of the mode 'a' and no parameter 'mode'", "read as hidden ones, as PIL does")
    return lambda line: "h" in line.mode or ("q" not in line.mode and automatic)


def _kind(line: ParLine, *, notes: Notes) -> type[Used | Generated] | None:
    """Tell an input from a result, and both from a plain parameter, by the rules at the head of this file."""
    by_type = bool(_FILE_TYPE.match(line.type))
    if not by_type and not (line.type == "s" and _TEXT_FILE.match(line.name)):
        return None
    access = set(line.type[1:]) if by_type else set()
    if access:
        kind: type[Used | Generated] = Generated if access & set("wn") else Used
        reason = f"type {line.type}"
    else:
        kind = Generated if _RESULT.match(line.name) else Used
        reason = "its name"
    notes.add(
        line.line, f"{line.name} is a file", f"taken as {'a result' if kind is Generated else 'an input'} by {reason}"
    )
    return kind


def _parameter(line: ParLine, *, hidden: bool, notes: Notes) -> ParameterDefinition:
    datatype = _DATATYPES.get(line.type)
    if datatype is None:
        notes.add(line.line, f"type {line.type!r:.40} of {line.name} is none of b, i, r, s, t, f", "read as text")
    definition = ParameterDefinition(
        name=line.name, datatype=datatype or "char", required=not hidden, description=line.prompt
    )
    options = tuple(part.strip() for part in line.min.split("|")) if "|" in line.min else ()
    low, high = ("", "") if options else (line.min, line.max)
    if options and line.max:
        notes.add(line.line, f"maximum {line.max!r:.40} of {line.name}, which has options", "left out")
    return replace(
        definition,
        min=_bound(low, key="min", line=line, definition=definition, notes=notes),
        max=_bound(high, key="max", line=line, definition=definition, notes=notes),
        options=options,
        default=_default(line, definition, notes=notes),
    )


def _bound(value: str, *, key: str, line: ParLine, definition: ParameterDefinition, notes: Notes) -> str:
    if value.lower() in _NOTHING:
        return ""
    if definition.datatype in NUMERIC and is_number(value):
        return value
    notes.add(line.line, f"{key} {value!r:.40} of {line.name} bounds no number", "left out")
    return ""


def _default(line: ParLine, definition: ParameterDefinition, *, notes: Notes) -> str | None:
    value = line.default
    if definition.datatype == "char":
        return value or (None if definition.required else "")
    if value.lower() in _NOTHING:
        return None
    if definition.datatype == "boolean":
        value = _BOOLEANS.get(value.lower(), value)
        right = value.lower() in TRUTH
    else:
        right = is_number(value)
    if not right:
        notes.add(line.line, f"default {value!r:.40} of {line.name} is no {definition.datatype}", "read as no default")
    return value if right else None


def _used(line: ParLine, *, hidden: bool, notes: Notes) -> Used:
    default = _file_name(line, notes=notes)
    content_type = guess_content_type(default)
    notes.add(line.line, f"input {line.name} has no content type", f"taken as {content_type}")
    return Used(
        name=line.name,
        content_types=(content_type,),
        multiplicity="0..1" if hidden or (line.default and line.default.lower() in _NOTHING) else "",
        default=default,
        url=FILE_URL,
        description=line.prompt,
    )


def _generated(line: ParLine, *, hidden: bool, notes: Notes) -> Generated:
    log = line.name.lower().startswith("log")
    default = _file_name(line, notes=notes)
    if not default:
        text = log or line.default.lower() in _STREAMS
        default = f"{line.name}.{'txt' if text else 'fits'}"
        notes.add(line.line, f"result {line.name} has no file name as default", f"taken as {default}")
    content_type = guess_content_type(default)
    notes.add(line.line, f"result {line.name} has no content type", f"taken as {content_type}")
    return Generated(
        name=line.name,
        type="Log" if log else "",
        content_type=content_type,
        multiplicity="0..1" if hidden else "",
        default=default,
        description=line.prompt,
    )


def _file_name(line: ParLine, *, notes: Notes) -> str:
    """Give the plain name of the default: without directory, ``!`` (overwrite), or ``[1]`` (part of a FITS file)."""
    value = line.default
    if value.lower() in _NOTHING | _STREAMS:
        return ""
    name = value.removeprefix("!").partition("[")[0].rpartition("/")[2].strip()
    usable = not set(name) & set("$*?\\\n\r\0") and name not in {"", ".", ".."}
    if name != value or not usable:
        notes.add(
            line.line, f"default {value!r:.80} of the file {line.name}", f"read as {name!r}" if usable else "left out"
        )
    return name if usable else ""


def _arguments(lines: Iterable[ParLine], description: Description) -> Iterable[str]:
    """Give one argument for each parameter, in the order of the file."""
    plain = {item.name: item for item in description.parameters}
    optional = {item.name for item in description.used if not item.required}
    for line in lines:
        if line.name in optional:
            yield absent_as(line.name, line.default if line.default.upper() == "NONE" else "NONE")
        elif line.name in plain and plain[line.name].default is None and not plain[line.name].required:
            yield if_given(line.name)
        else:
            yield always(line.name)
