"""The fields of a service's form: one for each parameter, input and control parameter of its description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from provstore.errors import Invalid
from provstore.uws.clusters.offers import Choice, Offer
from provstore.uws.descriptions.forms.widgets import Widget, accepted, choices, hint, shown, step, widget_of
from provstore.uws.descriptions.model import FILE_URL, TEXTUAL, Description, ParameterDefinition, Used
from provstore.uws.descriptions.multiplicity import Limits, limits
from provstore.uws.descriptions.values import absent_files, check_items, check_value, split_text

__all__ = ["Entry", "Field", "Periods", "entries_of"]

_LONGEST_RUN_ID: Final = "64*"
_DAY: Final = 86_400
_ONE: Final = Limits(low=1, high=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Seconds that a job may run and is kept: by default, and at most. None: not known, or no limit."""

    execution: int | None = None
    execution_max: int | None = None
    kept: int | None = None
    kept_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to fill in.

    ``name`` is the name it is sent under (a file under ``file_name``); ``value`` what it shows at first; ``options``
    what may be chosen (of a checkbox: what is sent when it is on, and when it is off). ``required`` is what the
    description says; ``may_be_empty`` whether nothing need be filled in. ``least`` to ``most`` values (None: any
    number) may be given, separated by blanks. ``accept`` are media types and endings of names for a file chooser,
    ``sources`` what the value of an input may be. ``results`` are those whose file name this is. ``folded`` ones are
    shown when asked for; ``fixed`` ones are shown and not sent. ``hint`` says the limits, ``error`` what is wrong with
    the value.
    """

    name: str
    label: str
    widget: Widget
    order: int = 0
    datatype: str = "char"
    arraysize: str = ""
    xtype: str = ""
    unit: str = ""
    ucd: str = ""
    description: str = ""
    hint: str = ""
    placeholder: str = ""
    default: str | None = None
    value: str = ""
    required: bool = False
    may_be_empty: bool = True
    min: str = ""
    max: str = ""
    step: str = ""
    max_length: int | None = None
    options: tuple[str, ...] = ()
    least: int = 1
    most: int | None = 1
    multiple: bool = False
    content_types: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    file_name: str = ""
    results: tuple[str, ...] = ()
    folded: bool = False
    fixed: bool = False
    error: str = ""

    @property
    def holds_empty_text(self) -> bool:
        """Whether an empty field says something: the empty text in place of the default."""
        plain = self.datatype in TEXTUAL and self.widget in {Widget.TEXT, Widget.TEXTAREA}
        return plain and not self.sources and bool(self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A parameter, an input, or both in one: what a field is made of.

    ``default`` is that of a field which starts empty nevertheless, ``error`` what is known to be wrong with its value.
    """

    group: str
    definition: ParameterDefinition
    used: Used | None = None
    label: str = ""
    placeholder: str = ""
    results: tuple[str, ...] = ()
    fixed: bool = False
    folds: bool = True
    widget: Widget | None = None
    default: str | None = None
    error: str = ""

    def field(self, order: int, given: str | None) -> Field:
        """Make the field; ``given`` is the value that is filled in already."""
        definition, many = self.definition, self._limits()
        is_file = self.used is not None and self.used.url != ""
        found = widget_of(definition, given, is_file=is_file)
        value = given if given is not None else "" if is_file else definition.default or ""
        options = choices(definition, widget=found)
        return Field(
            name=definition.name,
            label=self.label or definition.name,
            widget=self.widget or found,
            order=order,
            datatype=definition.datatype,
            arraysize=definition.arraysize,
            xtype=definition.xtype,
            unit=definition.unit,
            ucd=definition.ucd,
            description=definition.description or (self.used.description if self.used else ""),
            hint=hint(definition, many, results=self.results, is_file=is_file),
            placeholder=self.placeholder,
            default=self.default or definition.default,
            value=shown(value, options),
            required=definition.required,
            may_be_empty=self._may_be_empty(found),
            min=definition.min,
            max=definition.max,
            step=step(definition, widget=found),
            max_length=_longest(definition),
            options=options,
            least=many.low if definition.required else 0,
            most=many.high,
            multiple=many.high is None or many.high > 1,
            content_types=self.used.content_types if self.used else (),
            accept=accepted(self.used.content_types) if self.used and is_file else (),
            sources=_sources(self.used) if self.used else (),
            file_name=self.used.name if self.used else "",
            results=self.results,
            folded=self.folds and not definition.required and given is None,
            fixed=self.fixed,
            error=self.error or self._fault(given),
        )

    def _may_be_empty(self, widget: Widget) -> bool:
        """An empty text is a value, where there is a default to be replaced; an empty input leaves the default."""
        replaces = self.used is not None or widget in {Widget.TEXT, Widget.TEXTAREA}
        return not self.definition.required or (replaces and bool(self.definition.default))

    def _limits(self) -> Limits:
        try:
            return limits(self.used.multiplicity) if self.used else _ONE
        except Invalid:  # of a file from elsewhere: jobs are refused with the reason
            return _ONE

    def _fault(self, given: str | None) -> str:
        """Tell what is wrong with a value, as the making of a job would."""
        if not given:
            return ""
        try:
            if self.used is not None:
                check_items(self.used, len(split_text(self.used, given)), given)
            if self.used is None or not self.used.url:
                check_value(self.definition, given)
        except Invalid as error:
            return error.message
        return ""


def entries_of(description: Description, periods: Periods, offer: Offer | None) -> tuple[Entry, ...]:
    """Give what a form has fields for, in the order in which they are shown."""
    resources = _described(description) if offer is None else map(_resource, offer.choices)
    return (*_inputs(description), *_parameters(description), *_controls(description, periods), *resources)


def _inputs(description: Description) -> Iterator[Entry]:
    """What a job uses, in the description's order; one that is a parameter's value appears as that parameter."""
    parameters = {one.name: one for one in description.parameters}
    taken: set[str] = set()
    for used in description.inputs:
        parameter = parameters.get(used.ref) or parameters.get(used.name)
        if parameter is None:
            yield _input(_as_parameter(used), used, description)
        elif parameter.name not in taken:
            taken.add(parameter.name)
            yield _input(parameter, used, description)


def _input(definition: ParameterDefinition, used: Used, description: Description) -> Entry:
    """The name of a file that is not here is no default, but shows what is wanted."""
    default = definition.default or ""
    here = {name for name, _ in description.files}
    if absent_files(used, default, here):
        definition = replace(definition, default=None)
    return Entry(group="inputs", definition=definition, used=used, placeholder=default if used.url else "")


def _as_parameter(used: Used) -> ParameterDefinition:
    return ParameterDefinition(
        name=used.name, description=used.description, default=used.default or None, required=used.required
    )


def _parameters(description: Description) -> Iterator[Entry]:
    inputs = {name for one in description.inputs for name in (one.ref, one.name)}
    for one in description.parameters:
        results = tuple(item.name for item in description.generated if one.name in {item.ref, item.name})
        if one.name not in inputs:
            yield Entry(group="parameters", definition=one, results=results)


def _controls(description: Description, periods: Periods) -> Iterator[Entry]:
    """What one may say of the job itself."""
    run_id = ParameterDefinition(
        name="RUNID", arraysize=_LONGEST_RUN_ID, required=False, description="A name of your own for finding the job."
    )
    yield Entry(group="control", definition=run_id, label="Run id", folds=False)
    most = periods.execution_max
    declared = description.execution_duration if periods.execution is None else periods.execution
    duration = ParameterDefinition(
        name="EXECUTIONDURATION",
        datatype="long",
        unit="s",
        ucd="time.duration",
        required=False,
        default=None if declared is None else str(declared),
        min="1" if most else "0",
        max=str(most) if most else "",
        description="The job is ended when it runs longer."
        if most
        else "The job is ended when it runs longer; 0: never.",
    )
    yield Entry(group="control", definition=duration, label="Execution duration")
    yield Entry(group="control", definition=_destruction(periods), label="Destruction", widget=Widget.INSTANT)


def _described(description: Description) -> Iterator[Entry]:
    """What the description says for clusters, where there is none."""
    for name, value in description.controls:
        control = ParameterDefinition(name=name, default=value, required=False, description="Set by the description.")
        yield Entry(group="control", definition=control, fixed=True)


def _resource(choice: Choice) -> Entry:
    """A resource starts empty: what is not filled in is the cluster's to choose, whichever it is."""
    definition = ParameterDefinition(
        name=choice.control,
        datatype="int" if choice.counts else "char",
        required=False,
        default=choice.default if choice.fixed else None,
        min="1" if choice.counts else "",
        max=choice.most if choice.counts else "",
        options=choice.options,
        description=choice.words,
    )
    return Entry(
        group="cluster",
        definition=definition,
        placeholder=choice.default,
        default=choice.default or None,
        fixed=choice.fixed,
        error=choice.error,
    )


def _destruction(periods: Periods) -> ParameterDefinition:
    told = "When the job and its files are destroyed, in UTC"
    if periods.kept:
        told += f"; {_days(periods.kept)} after its creation if nothing is said"
    if periods.kept_max:
        told += f", {_days(periods.kept_max)} at most"
    return ParameterDefinition(name="DESTRUCTION", unit="UTC", required=False, description=f"{told}.")


def _days(seconds: int) -> str:
    days = seconds // _DAY
    return f"{days} days" if days > 1 else f"{seconds} s"


def _longest(definition: ParameterDefinition) -> int | None:
    digits = definition.arraysize.removesuffix("*")
    return int(digits) if definition.datatype in TEXTUAL and digits.isdecimal() else None


def _sources(used: Used) -> tuple[str, ...]:
    """What the value of an input may be; an identifier is a plain word, or fills the description's address."""
    if used.url == FILE_URL:
        return ("file", "url", "entity")
    return ("identifier", "url", "entity", "file") if used.url else ("identifier", "url", "entity")
