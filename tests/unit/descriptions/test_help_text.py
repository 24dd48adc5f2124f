"""A program's help as facts, and what is guessed from them: texts as the usual libraries print them, and others."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.checking.checks import Level, problems
from provstore.uws.descriptions.drafts.from_help import draft_from_help
from provstore.uws.descriptions.drafts.guesses import guess
from provstore.uws.descriptions.drafts.help_text import Help, read_help
from provstore.uws.descriptions.drafts.option_heads import read_head
from provstore.uws.descriptions.drafts.things import Draft, Names, ThingKind
from provstore.uws.descriptions.model import Description

ARGPARSE: Final = """\
usage: bin.py [-h] [--emin EMIN] [-n NBINS] [--proj {CAR,TAN}] [-o OUTPUT] --name NAME
              [--pair PAIR PAIR] [--many MANY [MANY ...]] [--quick] [--smooth | --no-smooth]
              [--config FILE] [--save-table FILE]
              events [extra ...]

Bin events into a map. Really.

positional arguments:
  events                event list, a FITS file
  extra                 more (default: None)

options:
  -h, --help            show this help message and exit
  --emin EMIN           minimal energy [TeV] (default: 0.1)
  -n NBINS, --nbins NBINS
                        number of bins (default: 8)
  --proj {CAR,TAN}      projection (default: CAR)
  -o OUTPUT, --output OUTPUT
                        file to write (default: map.fits)
  --name NAME
  --pair PAIR PAIR
  --many MANY [MANY ...]
  --quick               do it (default: False)
  --smooth, --no-smooth
  --config FILE         configuration (default: None)
  --save-table FILE     also write a table
"""
CLICK: Final = """\
Usage: greet [OPTIONS] SOURCE [WORDS]...

  Greets.

  More text.

Options:
  -c, --count INTEGER RANGE  How often.  [default: 3; 0<=x<=10]
  --scale FLOAT              Scale in arcsec per pixel, very long text that
                             wraps around the terminal  [required]
  --mode [fast|slow]         [default: fast]
  --shout / --no-shout       loud  [default: no-shout]
  -o, --output FILENAME      Where to.
  --pos <FLOAT FLOAT>...
  --help                     Show this message and exit.
"""
GNU: Final = """\
Usage: sort [OPTION]... [FILE]...
  or:  sort [OPTION]... --files0-from=F
Write sorted concatenation of all FILE(s) to standard output.

With no FILE, or when FILE is -, read standard input.

Ordering options:

  -h, --human-numeric-sort    compare human readable numbers (e.g., 2K 1G)
      --sort=WORD             sort according to WORD:
                                general-numeric -g, human-numeric -h, month -M,
                                numeric -n, random -R, version -V
  -c, --check, --check=diagnose-first  check for sorted input; do not sort
      --compress-program=PROG  compress temporaries with PROG;
                              decompress them with PROG -d
      --color[=WHEN]        color it
  -o, --output=FILE         write result to FILE instead of standard output
      --parallel=N          change the number of sorts run concurrently to N
      --help        display this help and exit
      --version     output version information and exit

*** WARNING ***
The locale specified by the environment affects sort order.
"""
DOCOPT: Final = """\
Naval Fate.

Usage:
  naval_fate ship new <name>...
  naval_fate ship <name> move <x> <y> [--speed=<kn>]
  naval_fate -h | --help

Options:
  -h --help     Show this screen.
  --version     Show version.
  --speed=<kn>  Speed in knots [default: 10].
  --moored      Moored (anchored) mine.
"""
FORTRAN: Final = """\
 FSPEC: spectra of things
 Usage: fspec [options] infile outfile
   -n VALUE   number of bins (default 3)
   -emin E    minimal energy in keV (default 0.2)
   -v         verbose
"""
TYPER: Final = """\

 Usage: typ.py [OPTIONS] NAME

 Say hello.

╭─ Arguments ────────────────────────────────────────────────╮
│ *    name      TEXT  The name [required]                   │
╰────────────────────────────────────────────────────────────╯
╭─ Options ──────────────────────────────────────────────────╮
│    --count       -c      INTEGER  How often [default: 1]   │
│ *  --scale               FLOAT    Scale [required]         │
│    --shout  --no-shout            Loud [default: no-shout] │
│    --install-completion           Install completion.      │
│    --help                         Show this message and exit. │
╰────────────────────────────────────────────────────────────╯
"""
BSD: Final = "usage: wc [-clmw] [-n num] [file ...]\n"


def read(text: str) -> Help:
    return read_help(text, program="program")


def draft(text: str, **kinds: ThingKind) -> Draft:
    return draft_from_help(read(text), name="service", program=("program",), kinds=kinds)


def flags(told: Help) -> list[str]:
    return [option.head.flag for option in told.options]


def facts(description: Description) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for one in description.parameters:
        found[one.name] = (one.datatype, one.default, one.required, one.min, one.max, one.unit, one.options)
    for used in description.used:
        found[used.name] = ("file", used.multiplicity, used.type)
    for made in description.generated:
        found[made.name] = ("result", made.default, made.multiplicity)
    return found


def test_argparse_is_read() -> None:
    told = read(ARGPARSE)
    assert told.about == "Bin events into a map. Really."
    assert [(one.name, one.required, one.several, one.text) for one in told.arguments] == [
        ("events", True, False, "event list, a FITS file"),
        ("extra", False, True, "more (default: None)"),
    ]
    assert [option.head.flag for option in told.options if option.required] == ["--name"]
    assert facts(draft(ARGPARSE).description) == {
        "emin": ("double", "0.1", False, "", "", "TeV", ()),
        "nbins": ("long", "8", False, "", "", "", ()),
        "proj": ("char", "CAR", False, "", "", "", ("CAR", "TAN")),
        "name": ("char", None, True, "", "", "", ()),
        "pair": ("char", None, False, "", "", "", ()),
        "many": ("char", None, False, "", "", "", ()),
        "quick": ("boolean", "false", False, "", "", "", ()),
        "smooth": ("boolean", None, False, "", "", "", ()),
        "make_save_table": ("boolean", "false", False, "", "", "", ()),
        "extra": ("char", None, False, "", "", "", ()),
        "config": ("file", "0..1", "ConfigFile"),
        "events": ("file", "1", "Main"),
        "output": ("result", "map.fits", "1"),
        "save_table": ("result", "save_table.dat", "0..1"),
    }


def test_click_is_read() -> None:
    assert read(CLICK).about == "Greets."
    assert facts(draft(CLICK).description) == {
        "count": ("long", "3", False, "0", "10", "", ()),
        "scale": ("double", None, True, "", "", "arcsec", ()),
        "mode": ("char", "fast", False, "", "", "", ("fast", "slow")),
        "shout": ("boolean", "false", False, "", "", "", ()),
        "pos": ("double", None, False, "", "", "", ()),
        "source": ("char", None, True, "", "", "", ()),
        "words": ("char", None, False, "", "", "", ()),
        "output": ("result", "output.dat", "1"),
    }


def test_getopt_long_is_read() -> None:
    told = read(GNU)
    assert told.about == "Write sorted concatenation of all FILE(s) to standard output."
    assert flags(told) == [
        "--human-numeric-sort",
        "--sort",
        "--check",
        "--compress-program",
        "--color",
        "--output",
        "--parallel",
    ]
    made = draft(GNU)
    assert "compress_program" not in facts(made.description)
    assert [note for note in made.notes if note.startswith("compress_program is left out")]
    assert facts(made.description)["file"] == ("file", "1..*", "Main")
    assert facts(made.description)["parallel"][0] == "long"


def test_docopt_is_read_with_the_words_of_its_command() -> None:
    told = read(DOCOPT)
    assert told.about == "Naval Fate."
    assert [(one.name, one.literal, one.several) for one in told.arguments] == [
        ("ship", True, False),
        ("new", True, False),
        ("name", False, True),
    ]
    described = draft(DOCOPT).description
    assert "command=(program ship new)\n" in described.script
    assert facts(described)["speed"] == ("double", "10", False, "", "", "", ())


def test_help_written_by_hand_is_read() -> None:
    described = draft(FORTRAN).description
    assert facts(described) == {
        "n": ("long", "3", False, "", "", "", ()),
        "emin": ("double", "0.2", False, "", "", "keV", ()),
        "v": ("boolean", "false", False, "", "", "", ()),
        "infile": ("file", "1", "Main"),
        "outfile": ("result", "outfile.dat", "1"),
    }
    assert 'then command+=(-emin "$emin"); fi' in described.script
    assert " -- " not in described.script


def test_the_boxes_of_typer_are_read() -> None:
    told = read(TYPER)
    assert flags(told) == ["--count", "--scale", "--shout"]
    assert [(one.name, one.value, one.text) for one in told.arguments] == [("NAME", "TEXT", "The name [required]")]
    assert [option.head.value for option in told.options] == ["INTEGER", "FLOAT", ""]


def test_options_are_taken_from_the_usage_line_where_nothing_explains_them() -> None:
    assert [(option.head.flag, option.head.value) for option in read(BSD).options] == [
        ("-c", ""),
        ("-l", ""),
        ("-m", ""),
        ("-w", ""),
        ("-n", "num"),
    ]


@pytest.mark.parametrize("text", [ARGPARSE, CLICK, GNU, DOCOPT, FORTRAN, TYPER, BSD], ids=lambda text: text[:20])
def test_what_is_made_of_a_help_can_be_proposed(text: str) -> None:
    found = problems(draft(text).description)
    assert [str(one) for one in found if one.level is Level.ERROR] == []


def test_a_wrong_guess_is_corrected_by_its_name() -> None:
    described = draft(CLICK, source=ThingKind.FILE, words=ThingKind.NOTHING, count=ThingKind.REAL).description
    assert facts(described)["source"] == ("file", "1", "Main")
    assert facts(described)["count"][:2] == ("double", "3")
    assert "words" not in facts(described)
    with pytest.raises(Invalid, match="'sauce' is nothing that program takes; known: count, scale"):
        draft(CLICK, sauce=ThingKind.FILE)


def test_a_module_of_python_is_no_argument_and_no_argument_takes_the_place_of_another() -> None:
    described = draft("usage: python3 -m json.tool [-h] [infile] [outfile] [word]\n").description
    assert facts(described) == {
        "word": ("char", None, False, "", "", "", ()),
        "infile": ("file", "1", "Main"),
        "outfile": ("result", "outfile.dat", "1"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Usage: git [options] COMMAND [ARGS]...\n", "has sub-commands: give one too, as 'program COMMAND'"),
        ("usage: tool [-h] {fit,plot} ...\n", r"has sub-commands \(fit, plot\)"),
        ("Segmentation fault\n", "no usage and no options were recognised in 19 characters"),
        ("", "no usage and no options"),
    ],
)
def test_what_is_no_help_of_one_command_is_refused(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(text)


@pytest.mark.parametrize(
    ("written", "spellings", "value"),
    [
        ("-h, --help            show", ("-h", "--help"), ""),
        ("-o FILE --output=FILE  write", ("-o", "--output"), "FILE"),
        ("--many MANY [MANY ...]", ("--many",), "MANY [MANY ...]"),
        ("-c, --check, --check=quiet  check", ("-c", "--check"), ""),
        ("-n, --lines=[-]NUM  print", ("-n", "--lines"), "[-]NUM"),
        ("-v be verbose", ("-v",), ""),
        ("-emin value   minimal", ("-emin",), "value"),
        ("--arg a v        set", ("--arg",), "a v"),
        ("-E <a|b>  either", ("-E",), "<a|b>"),
        ("--input PATH in the past", ("--input",), "PATH"),
    ],
)
def test_the_head_of_an_option_is_told_from_its_text(written: str, spellings: tuple[str, ...], value: str) -> None:
    head = read_head(written)
    assert head
    assert (head.flags, head.value) == (spellings, value)


def test_an_option_may_have_another_that_turns_it_off() -> None:
    written = ("-s, --shout / -S, --no-shout  loud", "--smooth, --no-smooth", "-h/--help", "--no-color  plain")
    heads = [read_head(one) for one in written]
    assert [head and head.offs for head in heads] == [("-S", "--no-shout"), ("--no-smooth",), (), ()]


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("what it does (default: 3)", "3"),
        ("what it does [default: 3]", "3"),
        ("what it does (default 3)", "3"),
        ("what it does, default 3", "3"),
        ("what it does; default is 3.", "3"),
        ("what it does (defaults to '3')", "3"),
        ("what it does (default=3)", "3"),
        ("  [default: 3; 0<=x<=10]", "3"),
        ("what it does (default: None)", ""),
        ("what it does (default: standard output)", ""),
        ("what it does by default", ""),
        ("what it does; the default is to do nothing", ""),
    ],
)
def test_defaults_are_found_in_the_text(text: str, default: str) -> None:
    assert guess("x", value="X", text=text).default == default


@pytest.mark.parametrize(
    ("name", "value", "text", "kind"),
    [
        ("n", "INT", "", ThingKind.INTEGER),
        ("x", "FLOAT", "", ThingKind.REAL),
        ("nbins", "NBINS", "number of bins (default: 3)", ThingKind.INTEGER),
        ("emin", "EMIN", "minimal energy (default: 1)", ThingKind.REAL),
        ("input", "INPUT", "", ThingKind.FILE),
        ("config-file", "FILE", "", ThingKind.FILE),
        ("output", "OUTPUT", "file to write", ThingKind.RESULT),
        ("plot", "FILE", "save a plot", ThingKind.RESULT),
        ("output-format", "FORMAT", "its format", ThingKind.TEXT),
        ("outdir", "DIR", "where to", ThingKind.FOLDER),
        ("cache", "DIR", "where to", ThingKind.NOTHING),
        ("editor", "PROG", "", ThingKind.NOTHING),
        ("mode", "{a,b}", "", ThingKind.TEXT),
    ],
)
def test_kinds_are_guessed_by_words(name: str, value: str, text: str, kind: ThingKind) -> None:
    assert guess(name, value=value, text=text).kind is kind


def test_names_are_free_and_their_own() -> None:
    names = Names()
    wanted = ("emin", "EMIN", "phase", "3d-map", "PATH", "<jq filter>", "", "a-b", "a_b")
    assert [names.take(one) for one in wanted] == [
        "emin",
        "EMIN_2",
        "phase_value",
        "value_3d_map",
        "PATH_value",
        "jq_filter",
        "value",
        "a_b",
        "a_b_2",
    ]


@given(st.text(alphabet=st.sampled_from(" \n\t-=[]<>{}|./,:()Aausgeopt0"), max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made = draft(f"usage: {text}")
    except Invalid:
        return
    assert [str(one) for one in problems(made.description) if one.place.startswith("script")] == []
