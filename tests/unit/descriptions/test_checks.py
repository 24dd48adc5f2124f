"""What is wrong with a description is told before it is published."""

from dataclasses import replace
from typing import Any

import pytest

from provstore.uws.descriptions.checks import Level, problems, problems_of_imported
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used

GOOD = Description(
    name="good",
    script="true\n",
    parameters=(ParameterDefinition(name="p", datatype="double", default="1", min="0", max="2", unit="TeV"),),
    used=(Used(name="u", content_types=("image/fits",), url="file://$ID"),),
    generated=(Generated(name="g", default="*.fits", content_type="image/fits"),),
)


def parameter(**facts: Any) -> Description:
    return replace(GOOD, parameters=(ParameterDefinition(**({"name": "p"} | facts)),))


def used(**facts: Any) -> Description:
    return replace(GOOD, used=(Used(**({"name": "u"} | facts)),))


def generated(**facts: Any) -> Description:
    return replace(GOOD, generated=(Generated(**({"name": "g", "default": "g"} | facts)),))


def test_a_good_description_has_no_problems() -> None:
    assert problems(GOOD) == ()


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (replace(GOOD, name="a b"), "name: 'a b'"),
        (replace(GOOD, script=" \n"), "script: is empty"),
        (replace(GOOD, script="a\r\n"), "script: has DOS line ends"),
        (replace(GOOD, script="\x1b"), "description: description good"),
        (replace(GOOD, main_result="x"), "main_result: 'x' is no result"),
        (replace(GOOD, software=("a b",)), "software: 'a b'"),
        (replace(GOOD, extra=(("type", "x"),)), "extra.type"),
        (replace(GOOD, extra=(("x", "1"), ("x", "2"))), "extra.x"),
        (replace(GOOD, parameters=GOOD.parameters * 2), "parameters.p: the name p is that of parameters.p too"),
        (parameter(name="u"), "used.u: the name u is that of parameters.u too"),
        (parameter(name="x.y"), ""),
        (replace(GOOD, parameters=(ParameterDefinition(name="a.b"), ParameterDefinition(name="a-b"))), "both as a_b"),
        (parameter(name="PATH"), "parameters.p: the name".replace("p:", "PATH:")),
        (parameter(name="phase"), "a field of the job request"),
        (used(name="rs"), "used.rs"),
        (parameter(name="1a"), "parameters.1a"),
        (parameter(datatype="text"), "datatype 'text' is none of"),
        (parameter(arraysize="many"), "arraysize 'many'"),
        (parameter(datatype="int", default="1.5"), "parameters.p.default: parameter p: '1.5' is not an integer"),
        (parameter(datatype="int", default="5", max="4"), "is not at most 4"),
        (parameter(default="c", options=("a", "b")), "is not one of: a, b"),
        (parameter(datatype="int", options=("1", "x")), "parameters.p.options"),
        (parameter(datatype="int", min="5", max="4"), "parameters.p.min: 5 is above the maximum 4"),
        (parameter(datatype="int", min="low"), "parameters.p.min: 'low' is no number"),
        (generated(default=""), "generated.g: has neither a file name nor a parameter"),
        (generated(default="../x"), "generated.g.default: the file name '../x' leads out"),
        (generated(default="/x"), "is not relative"),
        (generated(multiplicity="some"), "generated.g.multiplicity"),
        (generated(ref="q"), "generated.g.ref: 'q' is no parameter"),
        (generated(derived_from=("u", "v")), "generated.g.derived_from: 'v' is no input"),
        (used(url="somewhere"), "used.u.url"),
    ],
)
def test_an_error_is_told_with_its_place(description: Description, said: str) -> None:
    errors = [str(problem) for problem in problems(description) if problem.level is Level.ERROR]
    assert any(said in error for error in errors) if said else errors == []


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (parameter(datatype="double", unit="parsecs per fortnight"), "parameters.p.unit"),
        (parameter(ucd="em energy"), "parameters.p.ucd"),
        (parameter(min="1"), "min and max bound numbers only"),
        (parameter(options=("a", "a")), "listed more than once"),
        (parameter(name="U"), "differs from parameters.U by case only"),
        (used(url="https://example.org/all"), "has no $ID"),
        (used(content_types=("fits",)), "used.u.content_type"),
        (generated(content_type="fits"), "generated.g.content_type"),
    ],
)
def test_a_warning_forbids_nothing(description: Description, said: str) -> None:
    found = problems(description)
    assert [problem.level for problem in found] == [Level.WARNING]
    assert said in str(found[0])


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
    old = parameter(datatype="int", default="5", min="9", max="4", options=("x",))
    assert {problem.level for problem in problems(old)} == {Level.ERROR}
    assert {problem.level for problem in problems_of_imported(old)} == {Level.WARNING}
    assert Level.ERROR in {problem.level for problem in problems_of_imported(replace(old, script=""))}
