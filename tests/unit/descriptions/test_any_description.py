"""Whatever a description says, it can be checked, and there is a form of it."""

from __future__ import annotations

import json
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provstore.uws.descriptions.checking.checks import problems, problems_of_imported
from provstore.uws.descriptions.forms.form import form_json, form_of
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used
from tests.unit.descriptions.strategies_of_descriptions import descriptions

slowly = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["", "\ud800", "a\0b", "$(x)", "9" * 5000, "-1", "[", "*"]
)
ITEM = st.builds(
    Used,
    name=TEXT,
    multiplicity=TEXT,
    default=TEXT,
    url=TEXT,
    ref=TEXT,
    content_types=st.tuples(TEXT),
    description=TEXT,
)
HOSTILE = st.builds(
    Description,
    name=TEXT,
    doculink=TEXT,
    contact_email=TEXT,
    standard_id=TEXT,
    script=TEXT,
    script_language=st.sampled_from(["bash", "python", ""]),
    keywords=st.tuples(TEXT),
    modules=st.tuples(TEXT),
    container=TEXT,
    execution_duration=st.integers() | st.none(),
    controls=st.tuples(st.tuples(TEXT, TEXT)),
    parameters=st.tuples(
        st.builds(
            ParameterDefinition,
            name=TEXT,
            datatype=TEXT | st.sampled_from(["int", "double", "boolean", "floatComplex", "bit"]),
            arraysize=TEXT,
            xtype=TEXT,
            default=TEXT,
            min=TEXT,
            max=TEXT,
            ucd=TEXT,
            options=st.tuples(TEXT, TEXT),
            required=st.booleans(),
            type=TEXT | st.just("ConfigFile"),
        )
    ),
    used=st.tuples(ITEM),
    generated=st.tuples(
        st.builds(
            Generated,
            name=TEXT,
            default=TEXT,
            multiplicity=TEXT,
            ref=TEXT,
            content_type=TEXT,
            obscore=st.tuples(st.tuples(TEXT | st.just("s_ra"), TEXT)),
        )
    ),
    extra=st.tuples(st.builds(Extra, name=TEXT, value=TEXT)),
    files=st.tuples(st.tuples(TEXT, TEXT)),
)


@slowly
@given(HOSTILE | descriptions())
def test_any_description_can_be_checked(description: Description) -> None:
    places = [problem.place for problem in problems_of_imported(description)]
    assert all(places)


@slowly
@given(HOSTILE | descriptions(), st.dictionaries(TEXT | st.just("RUNID"), TEXT))
def test_any_description_has_a_form_that_json_can_hold(description: Description, filled: dict[str, str]) -> None:
    document = form_json(form_of(description, given=filled))
    assert json.loads(json.dumps(document)) == document
    orders = [field["order"] for group in document["groups"] for field in group["fields"]]
    assert sorted(orders) == list(range(1, len(orders) + 1))


def test_the_time_for_many_problems_grows_with_their_number_only() -> None:
    many = tuple(ParameterDefinition(name=f"p{number}", type="x") for number in range(10_000))
    start = time.process_time()
    found = problems(Description(name="a", script="true\n", parameters=many))
    assert [one.place for one in found if one.text.startswith("'x'")] == [f"parameters.{one.name}.type" for one in many]
    assert time.process_time() - start < 4
