"""Command lines with gaps, and the scripts that are written of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.checking.checks import problems
from provstore.uws.descriptions.drafts.calls import Call, Given, Place, Value, When, script_of
from provstore.uws.descriptions.drafts.from_command import Gap, draft_from_command, read_command
from provstore.uws.descriptions.drafts.things import Draft, Thing, ThingKind


def draft(text: str) -> Draft:
    line = read_command(text)
    things = [
        Thing(name=gap.name, kind=gap.kind or ThingKind.TEXT, default=gap.default, required=not gap.default)
        for gap in line.gaps
    ]
    return draft_from_command("service", line, things, about="about")


def body(text: str) -> str:
    """The script after its head."""
    return draft(text).description.script.partition("set -euo pipefail\n\n")[2]


def test_gaps_tell_their_name_kind_and_default() -> None:
    line = read_command("prog {a} {b:int=3} {c:file} {--verbose} {-q} {d:text=two words} > {e}")
    assert line.gaps == (
        Gap(name="a"),
        Gap(name="b", kind=ThingKind.INTEGER, default="3"),
        Gap(name="c", kind=ThingKind.FILE),
        Gap(name="verbose", kind=ThingKind.BOOLEAN, default="false", flag="--verbose"),
        Gap(name="q", kind=ThingKind.BOOLEAN, default="false", flag="-q"),
        Gap(name="d", kind=ThingKind.TEXT, default="two words"),
        Gap(name="e"),
    )
    assert line.target == Gap(name="e")


def test_a_gap_may_stand_twice_and_inside_of_a_word() -> None:
    assert [gap.name for gap in read_command("convert -resize {w}x{h} {w}").gaps] == ["w", "h"]
    assert body("convert -resize {w:int}x{h:int} a").startswith('command=(convert)\ncommand+=(-resize "$w"x"$h" a)\n')


def test_quotes_hold_words_together_and_braces_are_doubled() -> None:
    assert body("awk '{print $1}' a\\ b \"c {n:int} \\\"d\\\"\" '{{x}}' {{y}} ''") == (
        "command=(awk '{print $1}' 'a b')\n"
        "command+=('c '\"$n\"' \"d\"' '{x}' '{y}' '')\n\n"
        '"${command[@]}" >"$rs/$output"\n'
    )


def test_an_option_goes_with_the_value_that_may_be_missing() -> None:
    assert 'if [ -n "${key-}" ]; then command+=(-k "$key"); fi\n' in body("sort -k {key:text=2} {file:file}")
    assert "command+=(-k" not in body("sort -k {key:text=2} {file:file}").partition("if ")[0]


def test_programs_are_joined_and_the_last_one_writes_the_result() -> None:
    made = draft("wc -l {file:file} | sort {--reverse} > {counts:result=c.txt}").description
    assert made.script.endswith('"${command1[@]}" | "${command2[@]}" >"$rs/$counts"\n')
    assert [(one.name, one.default) for one in made.generated] == [("counts", "c.txt")]
    assert made.software == ("wc", "sort")


def test_what_is_printed_is_the_result_where_no_file_is_made() -> None:
    made = draft("head {file:file}")
    assert made.description.script.endswith('"${command[@]}" >"$rs/$output"\n')
    assert made.notes == ("the result output is what the program prints",)


def test_a_shell_that_is_not_there_is_told_of() -> None:
    assert draft("ls *.fits").notes[0] == "'*.fits' is given to the program as it is: no shell replaces anything in it"
    assert read_command("ls '*.fits'").unread == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no command line"),
        ("a |", "is no command line"),
        ("a >", "is no command line"),
        ("a > b c", "is no command line"),
        ("a && b", "'&&' in 'a && b' is not read here"),
        ("a; b", "';' in"),
        ("a < b", "'<' in"),
        ("a >> b", "'>>' in"),
        ("a 2>&1", "is not read here"),
        ("a > b > c", "'>' in"),
        ("a 'b", "the quote at character 3 is not closed"),
        ("{a} b", "the program itself can't be a gap"),
        ("a {b:thing}", "'thing' is no kind; right is one of: text, integer"),
        ("a\nb", "a command line is one line"),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_can(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_command(text)


def test_what_follows_the_arrow_is_a_result() -> None:
    with pytest.raises(Invalid, match="e follows '>', so it is a result, not text"):
        draft("prog > {e}")


def test_no_variable_of_the_script_is_that_of_an_item() -> None:
    given = (Given(words=((Value(name="command"),),)), Given(spread="words"))
    script = script_of((Call(program=("prog",), given=given),), about="x", taken=["command", "words"])
    assert "command_=(prog)\nread -r -d '' -a words_ <<<\"${words-}\" || true\n" in script
    assert 'command_+=("$command" "${words_[@]}")\n' in script


def test_the_purpose_stays_in_its_comment() -> None:
    script = script_of((Call(program=("true",)),), about="one\nrm -rf x\r\nthree")
    assert script.splitlines()[1] == "# one rm -rf x three"


def test_results_are_written_where_results_belong() -> None:
    given = (
        Given(words=(("--out=", Value(name="a.fits", place=Place.RESULT)), (Value(name="x", place=Place.FOLDER),))),
        Given(words=(("-v",),), when=When.TRUE, of="v"),
    )
    script = script_of((Call(program=("prog",), given=given),), about="x")
    assert 'command+=(--out="$rs/$a_fits" "$rs")\n' in script
    assert 'if is_true "${v-}"; then command+=(-v); fi\n' in script


@given(st.text(alphabet=st.sampled_from(" |>'\"\\{}:=-ab1$"), max_size=60))
def test_any_command_line_is_a_script_or_refused(text: str) -> None:
    try:
        made = draft(f"program {text}")
    except Invalid:
        return
    assert [str(one) for one in problems(made.description) if one.place.startswith("script")] == []
