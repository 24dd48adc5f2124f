"""What is wrong with a description is told before it is published."""

from dataclasses import replace
from typing import Any

import pytest

from provstore.uws.descriptions.checking.checks import Level, problems, problems_of_imported, problems_of_proposal
from provstore.uws.descriptions.model import (
    CONFIG_FILE,
    FILE,
    Description,
    Extra,
    Generated,
    ParameterDefinition,
    Used,
)

GOOD = Description(
    name="good",
    script="true\n",
    parameters=(ParameterDefinition(name="p", datatype="double", default="1", min="0", max="2", unit="TeV"),),
    used=(Used(name="u", content_types=("image/fits",), url="file://$ID"),),
    generated=(Generated(name="g", default="*.fits", content_type="image/fits"),),
)
FULL = replace(
    GOOD,
    label="Étoiles",
    description="Two\nlines.",
    doculink="https://example.org/doc#a",
    contact_email="vera@example.org",
    keywords=("gamma rays", "map"),
    standard_id="ivo://ivoa.net/std/SODA#sync-1.0",
    execution_duration=0,
    quote=60,
    software=("ctools",),
    modules=("gcc/12.2", "ctools"),
    container="docker://registry.example.org/ctools:2.1@sha256:ab",
    controls=(("slurm_mem", "4G"), ("slurm_nodes", "1-4"), ("slurm_time", "1-12:00:00"), ("slurm_gres", "gpu:a100:2")),
    main_result="g",
    parameters=(
        *GOOD.parameters,
        ParameterDefinition(name="conf", type=CONFIG_FILE, xtype=FILE, default="conf.ini"),
        ParameterDefinition(name="pair", datatype="int", arraysize="2", default="1 2", options=("1", "2")),
    ),
    generated=(
        Generated(
            name="g",
            default="*.fits",
            derived_from=("u", "conf"),
            obscore=(("dataproduct_type", "image"), ("calib_level", "3"), ("s_ra", "83.6"), ("em_min", "1e-19")),
            extra=(Extra(name="compressed", value="yes"),),
        ),
    ),
    files=(("conf.ini", "a" * 64),),
)


def parameter(**facts: Any) -> Description:
    return replace(GOOD, parameters=(ParameterDefinition(**({"name": "p"} | facts)),))


def used(**facts: Any) -> Description:
    return replace(GOOD, used=(Used(**({"name": "u"} | facts)),))


def generated(**facts: Any) -> Description:
    return replace(GOOD, generated=(Generated(**({"name": "g", "default": "g"} | facts)),))


def several(*names: str) -> Description:
    return replace(GOOD, parameters=tuple(ParameterDefinition(name=name) for name in names))


@pytest.mark.parametrize("description", [GOOD, FULL], ids=["short", "with everything"])
def test_a_good_description_has_no_problems(description: Description) -> None:
    assert problems(description) == ()


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (replace(GOOD, name="a b"), "name: 'a b'"),
        (replace(GOOD, name="proposals"), "name: no service can be called proposals"),
        (replace(GOOD, name="validate"), "name: no service can be called validate"),
        (replace(GOOD, name="n" * 201), "name: has 201 characters; at most 200"),
        (replace(GOOD, main_result="x"), "main_result: 'x' is no result"),
        (replace(GOOD, software=("a b",)), "software: 'a b' is empty or holds a blank"),
        (replace(GOOD, keywords=(" ",)), "keywords: ' ' is empty"),
        (replace(GOOD, extra=(Extra(name="type", value="x"),)), "extra.type: is an attribute"),
        (replace(GOOD, extra=(Extra(name="x", value="1"), Extra(name="x", value="2"))), "extra.x: is empty or given"),
        (replace(GOOD, label="a\nb"), "label: 'a\\nb' holds a line end"),
        (replace(GOOD, description="a\x07"), "description: holds a control character"),
        (replace(GOOD, contact_name="\ud800"), "contact_name: '\\ud800' holds"),
        (replace(GOOD, doculink="javascript:alert(1)"), "doculink: 'javascript:alert(1)'"),
        (replace(GOOD, doculink="/doc"), "doculink: '/doc'"),
        (replace(GOOD, contact_email="vera at example.org"), "contact_email: 'vera at example.org'"),
        (replace(GOOD, contact_email="a@b.c, d@e.f"), "contact_email"),
        (replace(GOOD, standard_id="SODA"), "standard_id: 'SODA'"),
        (replace(GOOD, execution_duration=-1), "executionDuration: -1"),
        (replace(GOOD, quote=10**12), "quote: 1000000000000"),
        (replace(GOOD, modules=("gcc; reboot",)), "modules: 'gcc; reboot'"),
        (replace(GOOD, modules=("a/../b",)), "modules: 'a/../b'"),
        (replace(GOOD, modules=("-v",)), "modules: '-v'"),
        (replace(GOOD, container="--bind"), "container: '--bind'"),
        (replace(GOOD, container="docker://a b"), "container: 'docker://a b'"),
        (replace(GOOD, container="/images/../x.sif"), "container"),
        (replace(GOOD, controls=(("slurm_wish", "1"),)), "controls.slurm_wish: 'slurm_wish' is none of: slurm_mem"),
        (replace(GOOD, controls=(("slurm_mem", "lots"),)), "controls.slurm_mem: 'lots' is not a size"),
        (replace(GOOD, controls=(("slurm_account", "a\nb"),)), "controls.slurm_account"),
        (replace(GOOD, controls=(("slurm_mem", "1"), ("slurm_mem", "2"))), "controls.slurm_mem: is given more"),
        (replace(GOOD, files=(("../x", "a" * 64),)), "files.../x: a plain file name"),
        (replace(GOOD, files=(("x", "A"),)), "files.x: 'A' is no sha256"),
        (several(*(f"p{number}" for number in range(1000))), "parameters: 1002 parameters, inputs and results"),
        (replace(GOOD, parameters=GOOD.parameters * 2), "parameters.p: the name p is that of parameters.p too"),
        (parameter(name="u"), "used.u: the name u is that of parameters.u too"),
        (several("a.b", "a-b"), "both as a_b"),
        (parameter(name="PATH"), "parameters.PATH: the name PATH is a variable"),
        (parameter(name="phase"), "a field of the job request"),
        (parameter(name="slurm_gres"), "a field of the job request"),
        (used(name="rs"), "used.rs"),
        (parameter(name="1a"), "parameters.1a"),
        (parameter(datatype="text"), "parameters.p.datatype: 'text' is none of"),
        (parameter(arraysize="many"), "parameters.p.arraysize: 'many'"),
        (parameter(datatype="int", default="1.5"), "parameters.p.default: parameter p: '1.5' is not an integer"),
        (parameter(datatype="int", default="5", max="4"), "parameters.p.default: parameter p: '5' is not at most 4"),
        (parameter(default="c", options=("a", "b")), "is not one of: a, b"),
        (parameter(datatype="int", options=("1", "x")), "parameters.p.options: parameter p: 'x' is not an integer"),
        (parameter(datatype="int", max="4", options=("1", "5")), "parameters.p.options: parameter p: '5' is not at"),
        (parameter(datatype="int", arraysize="2", options=("1", "x")), "parameters.p.options"),
        (parameter(options=tuple(map(str, range(1001)))), "parameters.p.options: holds 1001 options"),
        (parameter(datatype="int", min="5", max="4"), "parameters.p.min: 5 is above the maximum 4"),
        (parameter(datatype="int", min="low"), "parameters.p.min: 'low' is no number"),
        (parameter(type="Main"), "parameters.p.type: 'Main' is neither empty nor ConfigFile"),
        (parameter(type=CONFIG_FILE), "parameters.p.xtype: a ConfigFile is a file"),
        (parameter(datatype="double", unit="parsecs per fortnight"), "parameters.p.unit: 'parsecs per fortnight'"),
        (parameter(datatype="double", unit="10**999999999.W"), "more than five digits"),
        (parameter(datatype="double", unit="m" * 101), "has 101 characters"),
        (parameter(ucd="em energy"), "parameters.p.ucd: 'em energy' is no UCD"),
        (parameter(ucd="em.energy;"), "parameters.p.ucd"),
        (parameter(ucd=";" * 5000), "parameters.p.ucd"),
        (parameter(utype="a\nb"), "parameters.p.utype"),
        (used(content_types=("fits",)), "used.u.content_type: 'fits' is no media type"),
        (used(url="somewhere"), "used.u.url: 'somewhere' is not empty"),
        (used(url="file:///etc/$ID"), "used.u.url: 'file:///etc/$ID': files are given as file://$ID"),
        (used(multiplicity="0"), "used.u.multiplicity: '0' allows none"),
        (used(multiplicity="2", default="a"), "used.u.default: 'a' is 1 items; right is exactly 2"),
        (used(extra=(Extra(name="url", value="x"),)), "used.u.extra.url: is a fact"),
        (generated(default=""), "generated.g: has neither a file name nor a parameter"),
        (generated(default="../x"), "generated.g.default: the file name '../x' leads out"),
        (generated(default="/x"), "is not relative"),
        (generated(multiplicity="some"), "generated.g.multiplicity"),
        (generated(content_type="fits"), "generated.g.content_type: 'fits' is no media type"),
        (generated(ref="q"), "generated.g.ref: 'q' is no parameter"),
        (generated(derived_from=("u", "v")), "generated.g.derived_from: 'v' is no input"),
        (generated(obscore=(("colour", "red"),)), "generated.g.obscore.colour: 'colour' is no column of ObsCore"),
        (generated(obscore=(("calib_level", "5"),)), "generated.g.obscore.calib_level: '5' is none of: 0, 1, 2, 3, 4"),
        (generated(obscore=(("dataproduct_type", "map"),)), "generated.g.obscore.dataproduct_type: 'map' is none of"),
        (generated(obscore=(("s_xel1", "1.5"),)), "generated.g.obscore.s_xel1: '1.5' is not a whole number"),
        (generated(obscore=(("s_dec", "91"),)), "generated.g.obscore.s_dec: 91 is not within -90 to 90"),
        (generated(obscore=(("obs_id", " "),)), "generated.g.obscore.obs_id: is empty"),
    ],
)
def test_an_error_is_told_with_its_place(description: Description, said: str) -> None:
    errors = [str(problem) for problem in problems(description) if problem.level is Level.ERROR]
    assert any(said in error for error in errors), errors


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (parameter(min="1"), "parameters.p.min: only numbers are bounded"),
        (parameter(options=("a", "a")), "parameters.p.options: 'a' is listed more than once"),
        (parameter(name="U"), "used.u: differs from parameters.U by case only"),
        (parameter(xtype=FILE), "parameters.p.xtype: no used entity refers to this file"),
        (replace(GOOD, keywords=("a", "a")), "keywords: 'a' is listed more than once"),
        (used(url="https://example.org/all"), "used.u.url: 'https://example.org/all' has no $ID"),
        (used(type=CONFIG_FILE), "used.u.url: a ConfigFile is a file"),
        (replace(GOOD, generated=()), "generated: there is no result"),
        (replace(GOOD, script="true\ntrue # \u202e\n"), "script:2: holds the invisible character U+202E"),
        (replace(GOOD, label="sa\u200bfe"), "label: holds the invisible character U+200B"),
        (replace(GOOD, description="two\nlines\u202e"), "description: holds the invisible character U+202E"),
        (parameter(description="\u2066right"), "parameters.p.description: holds the invisible character U+2066"),
        (
            replace(GOOD, generated=(Generated(name="p", ref="p"),), parameters=(ParameterDefinition(name="p"),)),
            "p.def",
        ),
        (
            replace(generated(), generated=(*generated().generated, Generated(name="h", default="g"))),
            "file of generated.g",
        ),
    ],
)
def test_a_warning_forbids_nothing(description: Description, said: str) -> None:
    found = problems(description)
    assert [problem.level for problem in found] == [Level.WARNING]
    assert said in str(found[0])


@pytest.mark.parametrize(
    ("script", "language", "said"),
    [
        (" \n", "bash", "error: script: is empty"),
        ("a\r\n", "bash", "error: script: has DOS line ends"),
        ("true\n\x1b\n", "bash", "error: script:2: holds the character '\\x1b'"),
        ("\ud800", "bash", "error: script:1: holds the character"),
        ("true\nif true; then\n  echo\n", "bash", "error: script:4: syntax error: unexpected end of file"),
        ("true\necho 'a\n", "bash", "error: script:2: unexpected EOF while looking for matching"),
        ("cat <<END\na\n", "bash", "warning: script:2: here-document at line 1"),
        ("$(" * 200_000, "bash", "error: script: bash can't read it"),
        ("x = 1\ndef f(:\n", "python", "error: script:2: invalid syntax"),
        ("if x:\npass\n", "python", "error: script:2: expected an indented block"),
        ("-" * 900_000 + "1", "python", "error: script: MemoryError"),
        ("true\n" * 300_000, "bash", "error: script: is longer than 1048576 bytes"),
        ("true\n", "perl", "error: script_language: 'perl' is none of: bash, python"),
        ("#!/usr/bin/env python3\nimport sys\n", "bash", "warning: script_language: is bash, but the script begins"),
    ],
)
def test_a_script_that_can_not_be_read_is_told_with_its_line(script: str, language: str, said: str) -> None:
    told = [str(one) for one in problems(replace(GOOD, script=script, script_language=language))]
    assert [one for one in told if one.startswith(said)], told


@pytest.mark.parametrize(
    ("language", "script"), [("bash", "touch {}\nBASH_ENV={}\n$(touch {})\n"), ("python", "open('{}', 'w')\n")]
)
def test_a_script_is_read_and_not_run(tmp_path: Any, language: str, script: str) -> None:
    trace = tmp_path / "trace"
    assert problems(replace(GOOD, script=script.replace("{}", str(trace)), script_language=language)) == ()
    assert not trace.exists()


def test_everything_wrong_is_told_at_once_in_the_order_of_the_description() -> None:
    wrong = Description(
        name="a b",
        doculink="nowhere",
        script="if\n",
        main_result="none",
        parameters=(
            ParameterDefinition(name="last.b", datatype="int", default="x", unit="furlong", ucd="a b"),
            ParameterDefinition(name="first", datatype="int", min="2", max="1"),
        ),
        used=(Used(name="u", url="x"),),
        generated=(Generated(name="z", default="/z"), Generated(name="a")),
        extra=(Extra(name="type", value=""),),
    )
    assert [one.place for one in problems(wrong)] == [
        "name",
        "doculink",
        "script:2",
        "main_result",
        "parameters.last.b.default",
        "parameters.last.b.ucd",
        "parameters.last.b.unit",
        "parameters.first.min",
        "used.u.url",
        "generated.z.default",
        "generated.a",
        "extra.type",
    ]


def test_what_a_reference_shares_with_its_parameter_is_no_collision() -> None:
    description = replace(
        GOOD,
        used=(Used(name="p", ref="p"),),
        parameters=(ParameterDefinition(name="p"), ParameterDefinition(name="g", default="a.fits")),
        generated=(Generated(name="g", ref="g"),),
    )
    assert problems(description) == ()


@pytest.mark.parametrize("unit", ["deg", "TeV", "cm-2 s-1 TeV-1", "deg/pixel", "erg/s", "m**2", "10**3.W"])
def test_usual_units_are_known(unit: str) -> None:
    assert problems(parameter(datatype="double", unit=unit)) == ()


def test_a_wrong_default_of_an_old_file_is_a_warning() -> None:
    old = replace(
        parameter(datatype="int", default="5", min="9", max="4", options=("x",), ucd="a b"),
        doculink="www.example.org",
        script="if\n",
    )
    assert {problem.level for problem in problems(old)} == {Level.ERROR}
    assert {problem.level for problem in problems_of_imported(old)} == {Level.WARNING}
    assert Level.ERROR in {problem.level for problem in problems_of_imported(replace(old, script=""))}


def test_the_units_and_the_syntax_of_an_old_file_are_not_judged() -> None:
    old = replace(parameter(datatype="double", unit="parsecs per fortnight"), script="if\n")
    assert problems_of_imported(old) == ()
    assert [one.place for one in problems(old)] == ["script:2", "parameters.p.unit"]


def test_a_default_file_that_is_not_sent_along_is_told_of_a_proposal() -> None:
    described = used(url="file://$ID", default="a.fits https://example.org/b", multiplicity="*")
    told = "warning: used.u.default: no file 'a.fits' is sent along: unless it is the id of an entity stored here"
    assert [str(one)[: len(told)] for one in problems_of_proposal(described, ())] == [told]
    for sent in (
        problems_of_proposal(described, {"a.fits": b""}),
        problems_of_proposal(replace(described, files=(("a.fits", "a" * 64),)), ()),
        problems_of_proposal(used(default="a.fits"), ()),
    ):
        assert sent == ()


def test_the_default_of_a_configuration_file_is_told_where_it_stands() -> None:
    described = parameter(type=CONFIG_FILE, xtype=FILE, default="conf.ini")
    (told,) = problems_of_proposal(described, ())
    assert (told.level, told.place) == (Level.WARNING, "parameters.p.default")
