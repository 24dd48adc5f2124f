"""What can be edited of a definition, field by field: the table from which the editor's page is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provstore.uws.descriptions.content_types import CONTENT_TYPES
from provstore.uws.descriptions.model import CONFIG_FILE, FILE, FILE_URL
from provstore.uws.descriptions.names import CLUSTER_CONTROLS

__all__ = ["FACTS", "ROWS", "SUGGESTIONS", "EditorField", "Kind", "Rows"]


class Kind(StrEnum):
    """How a member of a definition's JSON is shown in a form, and read back; js/define/fields.js has the same words."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    FLAG = "flag"
    SECONDS = "seconds"
    LINES = "lines"
    PAIRS = "pairs"
    MAYBE = "maybe"
    MAYBE_LINES = "maybe-lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorField:
    """A member of a definition or of one of its items.

    ``choices`` are value and words of a choice; ``suggested`` names a list of `SUGGESTIONS`; ``further`` ones are
    folded; ``empty`` says what an empty field means when its box is ticked (None: there is no box).
    """

    key: str
    label: str
    kind: Kind = Kind.TEXT
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    suggested: str = ""
    wide: bool = False
    further: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Items that are edited as rows: parameters, inputs or results."""

    key: str
    title: str
    one: str
    help: str
    fields: tuple[EditorField, ...]


_DATATYPES: Final = (
    ("char", "char (text)"),
    ("unicodeChar", "unicodeChar (text)"),
    ("double", "double (number)"),
    ("float", "float (number)"),
    ("int", "int (integer)"),
    ("long", "long (integer)"),
    ("short", "short (integer)"),
    ("unsignedByte", "unsignedByte (integer)"),
    ("boolean", "boolean (yes or no)"),
    ("bit", "bit"),
    ("floatComplex", "floatComplex (complex)"),
    ("doubleComplex", "doubleComplex (complex)"),
)
_LANGUAGES: Final = (("bash", "bash"), ("python", "Python"))
_NAME: Final = EditorField(key="name", label="Name", help="A letter or _, then letters, digits, _ . or -")
_DESCRIPTION: Final = EditorField(key="description", label="Description", kind=Kind.LONG, wide=True)
_REFERENCE: Final = EditorField(
    key="ref", label="Same as parameter", further=True, suggested="parameters", help="The parameter whose value this is"
)
_MULTIPLICITY: Final = EditorField(
    key="multiplicity", label="How many", suggested="multiplicities", help="1 where empty; * any; 0..1 none or one"
)

FACTS: Final[Mapping[str, tuple[EditorField, ...]]] = {
    "about": (
        EditorField(key="name", label="Name", help="A letter or _, then letters, digits, _ . or -"),
        EditorField(key="label", label="Title"),
        EditorField(key="description", label="Description", kind=Kind.LONG, wide=True, help="What the service does"),
        EditorField(key="version", label="Version", help="Your own; revisions are numbered apart from it"),
        EditorField(key="group", label="Group", help="Under which it is listed"),
        EditorField(key="type", label="Type", help="Kind of activity, as analysis"),
        EditorField(key="subtype", label="Subtype", help="As binning"),
        EditorField(key="contact_name", label="Contact", help="Whom to ask"),
        EditorField(key="contact_email", label="Mail of the contact"),
        EditorField(key="doculink", label="Documentation", wide=True, help="A web address"),
        EditorField(key="keywords", label="Keywords", kind=Kind.LINES, help="One a line"),
        EditorField(key="standard_id", label="Standard", help="As ivo://ivoa.net/std/SODA#sync-1.0", further=True),
        EditorField(
            key="main_result",
            label="Main result",
            suggested="results",
            further=True,
            help="Which one results/result leads to",
        ),
    ),
    "run": (
        EditorField(key="script_language", label="Language", kind=Kind.CHOICE, choices=_LANGUAGES),
        EditorField(
            key="executionDuration", label="Runs at most (s)", kind=Kind.SECONDS, help="0: as long as the site allows"
        ),
        EditorField(key="quote", label="Takes about (s)", kind=Kind.SECONDS),
        EditorField(key="software", label="Software", kind=Kind.LINES, help="Programs and packages, one a line"),
        EditorField(key="modules", label="Modules", kind=Kind.LINES, help="Loaded in this order, one a line"),
        EditorField(key="container", label="Container", help="As docker://python:3.12"),
        EditorField(
            key="controls",
            label="Resources",
            kind=Kind.PAIRS,
            wide=True,
            help=f"On a cluster, as slurm_mem = 4G, one a line. Known: {', '.join(CLUSTER_CONTROLS)}",
        ),
    ),
}
"""The members of a definition itself, by section."""

ROWS: Final = (
    Rows(
        key="parameters",
        title="Parameters",
        one="parameter",
        help="Values that a person sets. The script sees each as a variable of its name.",
        fields=(
            _NAME,
            EditorField(key="datatype", label="Type", kind=Kind.CHOICE, choices=_DATATYPES),
            EditorField(key="default", label="Default", kind=Kind.MAYBE, empty="The empty text is the default"),
            EditorField(key="unit", label="Unit", suggested="units"),
            EditorField(key="required", label="Required", kind=Kind.FLAG),
            _DESCRIPTION,
            EditorField(key="min", label="Least", further=True),
            EditorField(key="max", label="Most", further=True),
            EditorField(key="options", label="Options", kind=Kind.LINES, further=True, help="One a line"),
            EditorField(key="ucd", label="UCD", further=True, help="As em.energy;stat.min"),
            EditorField(key="utype", label="Utype", further=True),
            EditorField(key="arraysize", label="Array size", further=True, help="Of a list of numbers: 2, or *"),
            EditorField(key="xtype", label="Xtype", further=True, suggested="xtypes", help=f"uri, or {FILE}"),
            EditorField(
                key="type",
                label="Use",
                kind=Kind.CHOICE,
                choices=(("", "a value"), (CONFIG_FILE, "a configuration file")),
                further=True,
            ),
        ),
    ),
    Rows(
        key="used",
        title="Inputs",
        one="input",
        help="Files and other things that a job uses. The script sees the path of each file.",
        fields=(
            _NAME,
            EditorField(
                key="url",
                label="Comes as",
                suggested="urls",
                help=f"{FILE_URL}: a file. Empty: an identifier. Or an address with $ID",
            ),
            EditorField(key="content_type", label="Content type", suggested="types"),
            _MULTIPLICITY,
            EditorField(key="default", label="Default", help="A file of the definition, or an identifier"),
            _DESCRIPTION,
            EditorField(key="role", label="Role", further=True, help="As event list"),
            EditorField(
                key="type", label="Kind of use", further=True, suggested="uses", help=f"As Main, {CONFIG_FILE}"
            ),
            _REFERENCE,
        ),
    ),
    Rows(
        key="generated",
        title="Results",
        one="result",
        help="What a job makes. The script writes each under its file name into the directory $rs.",
        fields=(
            _NAME,
            EditorField(key="default", label="File", help="A name, or a pattern as *.fits"),
            EditorField(key="content_type", label="Content type", suggested="types"),
            _MULTIPLICITY,
            EditorField(key="role", label="Role", help="As counts cube"),
            _DESCRIPTION,
            EditorField(key="type", label="Kind of result", further=True, suggested="makes", help="As Main, Preview"),
            _REFERENCE,
            EditorField(
                key="derived_from",
                label="Derived from",
                kind=Kind.MAYBE_LINES,
                further=True,
                help="Inputs, one a line; empty: every used file",
                empty="From no input",
            ),
            EditorField(
                key="obscore",
                label="ObsCore",
                kind=Kind.PAIRS,
                further=True,
                wide=True,
                help="Columns that hold for it, as dataproduct_type = image, one a line; @NAME takes that of an input",
            ),
        ),
    ),
)
"""The lists of items, in the order of the page."""

SUGGESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "types": tuple(sorted(set(CONTENT_TYPES.values()))),
    "urls": (FILE_URL, "https://example.org/data/$ID"),
    "multiplicities": ("1", "0..1", "*", "1..*"),
    "units": ("s", "deg", "arcsec", "pix", "TeV", "GeV", "keV", "Hz", "m", "mag", "Jy", "K"),
    "xtypes": ("uri", FILE),
    "uses": ("Main", "Calibration", "Setup", "Preview", CONFIG_FILE),
    "makes": ("Main", "Preview", "Log", "Calibration"),
}
"""What fields offer; the page adds the names of parameters and results."""
