"""The one model of an activity description, behind all dialects.

It is at once the UWS job description, the DataLink service descriptor and the IVOA ActivityDescription. The order of
parameters, used and generated entities is meaningful and survives every conversion.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final

__all__ = [
    "CONFIG_FILE",
    "DATATYPES",
    "FILE",
    "FILE_URL",
    "NAME",
    "NAME_RULE",
    "NUMERIC",
    "SECONDS_MAX",
    "SHA256",
    "TEXTUAL",
    "Description",
    "Extra",
    "Generated",
    "ParameterDefinition",
    "Used",
    "many",
]

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
"""What a service, parameter, input or result may be called."""

NAME_RULE: Final = "a letter or '_', then letters, digits, '_', '.' or '-'"

NUMERIC: Final = frozenset({"unsignedByte", "short", "int", "long", "float", "double"})
"""VOTable datatypes that are numbers."""

TEXTUAL: Final = frozenset({"char", "unicodeChar"})
"""VOTable datatypes that are text."""

DATATYPES: Final = NUMERIC | TEXTUAL | {"boolean", "bit", "floatComplex", "doubleComplex"}
"""The datatypes of VOTable 1.3 to 1.5."""

CONFIG_FILE: Final = "ConfigFile"
"""The type of a parameter or used entity that makes it a configuration file of the job."""

FILE: Final = "application/octet-stream"
"""The xtype of a parameter whose value is a file."""

FILE_URL: Final = "file://$ID"
"""The address of an input that is a file; every other one but "" is a template."""

SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")

SECONDS_MAX: Final = 10**12 - 1
"""The longest duration that is read or written, of an execution or a quote."""

_SINGULAR: Final = frozenset({"", "1", "0..1"})


def many(multiplicity: str) -> bool:
    """Tell whether a multiplicity (``1``, ``*``, ``0..1``, ``m..n``) allows more than one."""
    return multiplicity not in _SINGULAR


def _needed(multiplicity: str) -> bool:
    return not multiplicity.startswith("0") and multiplicity != "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A PARAM that somebody else's description has and we don't know: kept as it is, and written again."""

    name: str
    value: str
    datatype: str = "char"
    arraysize: str = "*"
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDefinition:
    """A parameter: VOTable datatype, default as text (None: none), bounds as text ("" : none).

    With the type `CONFIG_FILE` its value is a file (xtype `FILE`) that configures the job.

    A ``char`` parameter without an ``arraysize`` is text of any length: it gets ``*``, as every dialect writes it.
    """

    name: str
    datatype: str = "char"
    arraysize: str = ""
    xtype: str = ""
    default: str | None = None
    required: bool = True
    description: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    min: str = ""
    max: str = ""
    options: tuple[str, ...] = ()
    type: str = ""

    def __post_init__(self) -> None:
        """Give text its array size, so that equal parameters are equal however they were written."""
        if self.datatype in TEXTUAL and not self.arraysize:
            object.__setattr__(self, "arraysize", "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """An entity that the job uses.

    ``url`` is "" for a plain identifier, `FILE_URL` for a file, else an access URL template. ``type`` is an IVOA
    usage type (Main, Calibration, Setup...); `CONFIG_FILE` makes it a configuration file. ``ref`` names the parameter
    whose value this is.
    """

    name: str
    role: str = ""
    type: str = ""
    content_types: tuple[str, ...] = ()
    multiplicity: str = ""
    default: str = ""
    url: str = ""
    description: str = ""
    ref: str = ""
    extra: tuple[Extra, ...] = ()

    @property
    def required(self) -> bool:
        """Whether at least one must be given (by the user or as the default)."""
        return _needed(self.multiplicity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """An entity that the job makes.

    ``default`` is a file name or glob in the results or working directory; ``ref`` names the parameter whose value is
    the file name. ``derived_from`` lists the used names it derives from; None: from every used file. ``obscore`` are
    ObsCore columns (IVOA ObsCore 1.1) that hold for each such product, in order.
    """

    name: str
    role: str = ""
    type: str = ""
    content_type: str = ""
    multiplicity: str = ""
    default: str = ""
    description: str = ""
    ref: str = ""
    derived_from: tuple[str, ...] | None = None
    obscore: tuple[tuple[str, str], ...] = ()
    extra: tuple[Extra, ...] = ()

    @property
    def required(self) -> bool:
        """Whether its absence is an error."""
        return _needed(self.multiplicity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An activity description. ``execution_duration`` and ``quote`` are seconds; 0 is unlimited, None not given.

    ``software`` names the programs and packages that the script needs; ``modules`` (of the environment-modules system,
    in loading order) and ``container`` (an image) are what it runs in. ``standard_id`` is the IVOA standard that the
    service declares to follow. ``controls`` are control parameters of its jobs (``slurm_mem``...) with their defaults.
    ``extra`` are attributes we don't know, kept in order. ``files`` are files shipped beside it, as (name, sha256).
    """

    name: str
    label: str = ""
    description: str = ""
    version: str = ""
    type: str = ""
    subtype: str = ""
    doculink: str = ""
    group: str = ""
    contact_name: str = ""
    contact_email: str = ""
    execution_duration: int | None = None
    quote: int | None = None
    keywords: tuple[str, ...] = ()
    standard_id: str = ""
    script: str = ""
    script_language: str = "bash"
    software: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    container: str = ""
    controls: tuple[tuple[str, str], ...] = ()
    main_result: str = ""
    parameters: tuple[ParameterDefinition, ...] = ()
    used: tuple[Used, ...] = ()
    generated: tuple[Generated, ...] = ()
    extra: tuple[Extra, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def script_sha256(self) -> str:
        """SHA-256 of the script's text (LF line ends, UTF-8), in hex."""
        return hashlib.sha256(self.script.encode()).hexdigest()

    @property
    def inputs(self) -> tuple[Used, ...]:
        """What a job uses: the used entities, and the configuration files that are parameters."""
        files = {one.name: one for one in self.parameters if one.type == CONFIG_FILE}
        if not files:
            return self.used
        used = tuple(replace(one, type=CONFIG_FILE) if {one.name, one.ref} & files.keys() else one for one in self.used)
        there = {name for one in used for name in (one.name, one.ref)}
        return (*used, *(_as_used(one) for name, one in files.items() if name not in there))

    @property
    def default_names(self) -> frozenset[str]:
        """The defaults of all inputs, also those that stand at the parameter: names of files that may be shipped."""
        values = {one.name: one.default or "" for one in self.parameters}
        return frozenset({one.default or values.get(one.ref, "") for one in self.inputs} - {""})

    @property
    def main(self) -> str:
        """Name of the result that the address ``results/result`` leads to: the declared one, else the first."""
        names = [item.name for item in self.generated]
        return "result" if "result" in names else self.main_result or next(iter(names), "")


def _as_used(file: ParameterDefinition) -> Used:
    """See a parameter that is a configuration file as what the job uses under its name."""
    return Used(
        name=file.name,
        type=CONFIG_FILE,
        multiplicity="1" if file.required else "0..1",
        default=file.default or "",
        url=FILE_URL,
        description=file.description,
        ref=file.name,
    )
