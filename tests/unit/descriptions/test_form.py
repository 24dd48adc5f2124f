"""The form of a description: every field with its widget, limits and words, in order."""

from __future__ import annotations

import json
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provstore.uws.descriptions.forms.form import Field, Form, Group, Periods, Submit, form_json, form_of
from provstore.uws.descriptions.load import load_directory
from provstore.uws.descriptions.model import (
    CONFIG_FILE,
    FILE,
    Description,
    Generated,
    ParameterDefinition,
    Used,
)

SHIPPED = Path(__file__).parents[3] / "descriptions"
P = ParameterDefinition


def field(definition: ParameterDefinition, given: str | None = None, **facts: Any) -> Field:
    """The field that a description of this one parameter gives."""
    description = Description(name="s", parameters=(definition,), **facts)
    return by_name(form_of(description, given={} if given is None else {definition.name: given}))[definition.name]


def by_name(form: Form) -> dict[str, Field]:
    return {one.name: one for group in form.groups for one in group.fields}


@pytest.mark.parametrize(
    ("definition", "widget"),
    [
        (P(name="p"), "text"),
        (P(name="p", default="a\nb"), "textarea"),
        (P(name="p", default="x" * 201), "textarea"),
        (P(name="p", xtype="uri", default="https://example.org"), "url"),
        (P(name="p", options=("a", "b")), "select"),
        (P(name="p", datatype="int", options=("1", "2")), "select"),
        (P(name="p", datatype="int", default="-5"), "number"),
        (P(name="p", datatype="double", default="1e-12"), "number"),
        (P(name="p", datatype="double"), "number"),
        (P(name="p", datatype="double", default="NaN"), "text"),
        (P(name="p", datatype="double", default="1."), "text"),
        (P(name="p", datatype="int", arraysize="3", default="1 2 3"), "text"),
        (P(name="p", datatype="floatComplex", default="1 2"), "text"),
        (P(name="p", datatype="boolean", default="yes"), "checkbox"),
        (P(name="p", type=CONFIG_FILE, xtype=FILE, default="a.ini"), "file"),
    ],
)
def test_the_widget_fits_the_type_and_can_show_the_default(definition: ParameterDefinition, widget: str) -> None:
    assert field(definition).widget == widget


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ("yes", ("yes", "no")),
        ("0", ("1", "0")),
        ("F", ("T", "F")),
        (None, ("true", "false")),
        ("tRuE", ("true", "false")),
    ],
)
def test_a_checkbox_says_which_words_stand_for_on_and_off(default: str | None, words: tuple[str, str]) -> None:
    assert field(P(name="p", datatype="boolean", default=default)).options == words


def test_a_value_is_shown_as_the_option_that_means_the_same() -> None:
    assert field(P(name="p", datatype="boolean", default="yes"), given="F").value == "no"
    assert field(P(name="p", datatype="double", options=("1", "2.5")), given="1.0").value == "1"


def test_numbers_have_their_step_and_limits() -> None:
    whole = field(P(name="p", datatype="int", default="1", min="0", max="9", unit="s", ucd="time.duration"))
    assert (whole.step, whole.min, whole.max, whole.unit, whole.ucd) == ("1", "0", "9", "s", "time.duration")
    assert whole.hint == "0 to 9"
    assert field(P(name="p", datatype="int", min="0.5")).step == "any"
    assert field(P(name="p", datatype="float", min="-1")).hint == "at least -1"
    assert field(P(name="p", datatype="float", max="-1")).hint == "at most -1"


def test_a_file_is_given_as_file_address_or_entity() -> None:
    used = Used(
        name="events", url="file://$ID", content_types=("application/fits",), multiplicity="1..3", default="a.fits"
    )
    found = by_name(form_of(Description(name="s", used=(used,), files=(("a.fits", "0" * 64),))))["events"]
    assert (found.widget, found.file_name, found.sources) == ("file", "events", ("file", "url", "entity"))
    assert found.accept == ("application/fits", ".fit", ".fits", ".fts", ".gz")
    assert (found.least, found.most, found.multiple) == (1, 3, True)
    assert (found.default, found.placeholder, found.value, found.may_be_empty) == ("a.fits", "a.fits", "", True)
    assert found.hint == "a.fits if none is given; 1 to 3, separated by blanks"


def test_the_name_of_a_file_that_is_not_shipped_is_no_default() -> None:
    used = Used(name="events", url="file://$ID", default="events.fits")
    found = by_name(form_of(Description(name="s", used=(used,))))["events"]
    assert (found.default, found.placeholder, found.may_be_empty, found.hint) == (None, "events.fits", False, "")
    elsewhere = Used(name="events", url="file://$ID", default="https://example.org/events.fits")
    assert by_name(form_of(Description(name="s", used=(elsewhere,))))["events"].default == elsewhere.default


def test_any_file_is_accepted_where_the_type_says_nothing() -> None:
    used = Used(name="u", url="file://$ID", content_types=("image/png", FILE))
    assert by_name(form_of(Description(name="s", used=(used,))))["u"].accept == ()


def test_an_identifier_is_text() -> None:
    plain, filled = Used(name="a", multiplicity="0..1"), Used(name="b", url="https://example.org/?id=$ID")
    found = by_name(form_of(Description(name="s", used=(plain, filled))))
    assert (found["a"].widget, found["a"].sources) == ("text", ("identifier", "url", "entity"))
    assert (found["a"].required, found["a"].least) == (False, 0)
    assert found["b"].sources == ("identifier", "url", "entity", "file")


def test_what_refers_to_a_parameter_appears_once() -> None:
    description = Description(
        name="s",
        parameters=(P(name="obs", default="1 2"), P(name="conf", default="a.ini"), P(name="out", default="o.fits")),
        used=(Used(name="runs", ref="obs", multiplicity="1..*"), Used(name="conf", ref="conf", url="file://$ID")),
        generated=(Generated(name="map", ref="out"),),
    )
    form = form_of(description)
    assert [(group.name, [one.name for one in group.fields]) for group in form.groups[:2]] == [
        ("inputs", ["obs", "conf"]),
        ("parameters", ["out"]),
    ]
    found = by_name(form)
    assert (found["obs"].file_name, found["obs"].multiple, found["obs"].value) == ("runs", True, "1 2")
    assert (found["conf"].widget, found["conf"].file_name) == ("file", "conf")
    assert (found["out"].results, found["out"].hint) == (("map",), "file name of the result map")


def test_optional_fields_are_folded_unless_all_are_or_a_value_is_given() -> None:
    needed, free = P(name="a"), P(name="b", required=False)
    form = form_of(Description(name="s", parameters=(needed, free)))
    assert [one.folded for one in form.groups[0].fields] == [False, True]
    assert not by_name(form_of(Description(name="s", parameters=(free,))))["b"].folded
    assert not by_name(form_of(Description(name="s", parameters=(needed, free)), given={"b": ""}))["b"].folded


@pytest.mark.parametrize(
    ("definition", "may_be_empty", "holds"),
    [
        (P(name="p"), False, False),
        (P(name="p", default="a"), True, True),
        (P(name="p", required=False), True, False),
        (P(name="p", datatype="int", default="1"), False, False),
        (P(name="p", datatype="int", default="1", required=False), True, False),
        (P(name="p", default="a", options=("a",)), False, False),
    ],
)
def test_an_empty_field_means_the_default_or_the_empty_text(
    definition: ParameterDefinition, *, may_be_empty: bool, holds: bool
) -> None:
    found = field(definition)
    assert (found.may_be_empty, found.holds_empty_text) == (may_be_empty, holds)


def test_the_job_itself_has_fields_with_what_the_server_grants() -> None:
    description = Description(name="s", execution_duration=300, controls=(("slurm_mem", "4G"),))
    periods = Periods(execution=100, execution_max=200, kept=86_400 * 30, kept_max=86_400 * 365)
    control = by_name(form_of(description, periods=periods))
    assert list(control) == ["RUNID", "EXECUTIONDURATION", "DESTRUCTION", "slurm_mem"]
    duration = control["EXECUTIONDURATION"]
    assert (duration.default, duration.min, duration.max, duration.unit) == ("100", "1", "200", "s")
    assert (control["RUNID"].max_length, control["RUNID"].folded) == (64, False)
    assert "30 days after its creation" in control["DESTRUCTION"].description
    assert (control["slurm_mem"].value, control["slurm_mem"].fixed) == ("4G", True)
    assert by_name(form_of(description))["EXECUTIONDURATION"].default == "300"


def test_given_values_are_filled_in_checked_and_unknown_names_told() -> None:
    description = Description(
        name="s",
        parameters=(P(name="emin", datatype="double", default="1", max="9"), P(name="mode", options=("a", "b"))),
        used=(Used(name="files", url="file://$ID", multiplicity="2"),),
    )
    given = {"EMIN": "10", "mode": "a", "runid": "mine", "files": "e1", "nonsense": "1"}
    form = form_of(description, given=given)
    found = by_name(form)
    assert form.unknown == ("nonsense",)
    assert (found["emin"].value, found["emin"].default) == ("10", "1")
    assert found["emin"].error == "parameter emin: '10' is not at most 9"
    assert (found["mode"].value, found["mode"].error) == ("a", "")
    assert found["RUNID"].value == "mine"
    assert found["files"].error == "input files: 1 items; right is exactly 2"


def test_the_form_says_what_is_run_and_where_it_is_sent() -> None:
    description = Description(name="s", label="S", doculink="https://example.org", contact_email="a@b.c", version="2")
    form = form_of(description, revision="s@3")
    assert (form.service, form.revision, form.label, form.version) == ("s", "s@3", "S", "2")
    assert (form.action, form.method, form.enctype) == ("uws/s", "POST", "multipart/form-data")
    assert (form.doculink, form.contact_email) == ("https://example.org", "a@b.c")
    assert form_of(replace(description, doculink="javascript:alert(1)")).doculink == ""


def test_the_json_of_a_form_holds_every_key_and_nothing_but_json() -> None:
    shipped, _ = load_directory(SHIPPED)
    for one in shipped:
        document = form_json(form_of(one.description))
        assert json.loads(json.dumps(document)) == document
        assert set(document) == {key.name for key in fields_of(Form)}
        assert {key for group in document["groups"] for key in group} == {key.name for key in fields_of(Group)}
        keys = {key for group in document["groups"] for field in group["fields"] for key in field}
        assert keys == {key.name for key in fields_of(Field)}
        assert {key for submit in document["submits"] for key in submit} == {key.name for key in fields_of(Submit)}


def test_every_name_that_a_job_takes_has_one_field() -> None:
    shipped, _ = load_directory(SHIPPED)
    for one in shipped:
        described = one.description
        form = form_of(described)
        names = [field.name for group in form.groups for field in group.fields]
        referring = {used.name for used in described.inputs if used.ref}
        wanted = {item.name for items in (described.parameters, described.inputs) for item in items} - referring
        wanted |= {used.ref for used in described.inputs if used.ref}
        assert len(names) == len(set(names))
        assert set(names) - {"RUNID", "EXECUTIONDURATION", "DESTRUCTION"} - dict(described.controls).keys() == wanted


def test_the_documentation_explains_every_key() -> None:
    text = (Path(__file__).parents[3] / "docs" / "form.md").read_text(encoding="utf-8")
    keys = [key.name for kind in (Form, Group, Field, Submit) for key in fields_of(kind)]
    assert [key for key in keys if f"`{key}`" not in text] == []
