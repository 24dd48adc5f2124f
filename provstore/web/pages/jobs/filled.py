"""The form of a new job as somebody finds it: filled in by an address or by an earlier job, or as he has sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.forms.form import Field, Form
from provstore.uws.descriptions.model import Description, Generated
from provstore.uws.observations import OBSERVED, Told, observed_of
from provstore.uws.permissions import may_run
from provstore.uws.publishing.revisions import Revision
from provstore.uws.replaying.reruns import FROM, Before
from provstore.web.job_forms import form_as_sent, form_of_revision, refusal_on_cluster, with_faults
from provstore.web.pages.jobs.sky import Sky, sky_of
from provstore.web.site import caller, site

__all__ = ["LIKE", "Filled", "filled_by_address", "filled_by_sender", "names_a_job"]

LIKE: Final = "like"
"""The name under which an address names a job whose values are to be given to the newest revision."""

_ROW: Final = OBSERVED.rstrip(".")
_ADDRESS: Final = "access_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form with all that is said around it.

    ``newest``: the revision that jobs get which name none. ``refusal``: why the caller can't have the job where it
    would run, "" if he can; ``is_open``: whether he may run the service. ``before``: the job that filled it in, and
    ``exactly``: with its very revision. ``sky``: the ObsCore record given. ``wrong``: what is wrong and belongs to no
    field. ``chosen``: names of files that were sent and have to be chosen again, by field.
    """

    form: Form
    newest: Revision
    refusal: str = ""
    is_open: bool = True
    before: Before | None = None
    exactly: bool = False
    sky: Sky | None = None
    wrong: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def makes(self) -> tuple[Generated, ...]:
        """The results that a job is to have."""
        return (self.before.revision if self.before and self.exactly else self.newest).description.generated

    @property
    def faults(self) -> tuple[Field, ...]:
        """The fields in which something is wrong."""
        return tuple(one for one in _fields(self.form) if one.error)


def names_a_job(given: Mapping[str, str]) -> bool:
    """Tell whether an address names a job to begin with."""
    return any(name.lower() in {FROM, LIKE} for name in given)


def filled_by_address(service: str, given: Mapping[str, str]) -> Filled:
    """Fill in a form by what an address says.

    Raises:
        NotFound: no such service, or no such job.
        Forbidden: the service was withdrawn, or the job is somebody else's.
    """
    catalog = site().service.catalog
    own = _names(catalog.offered(service).description) if service else frozenset()
    how = {name.lower(): name for name in given if name.lower() in {FROM, LIKE} and name not in own}
    named = how.get(FROM) or how.get(LIKE)
    before = site().service.reruns.before(caller(), given[named].strip()) if named else None
    newest = catalog.offered(before.job.service if before else service)
    revision = before.revision if before and FROM in how else newest
    values = {**(before.values if before else {}), **{name: given[name] for name in given if name not in how.values()}}
    sky, values = _observed(values, revision.description, before)
    form = form_of_revision(revision, _with_dataset(values, sky, form_of_revision(revision)))
    return Filled(
        form=form,
        newest=newest,
        refusal=refusal_on_cluster(revision, values),
        is_open=_is_open(newest),
        before=before,
        exactly=FROM in how,
        sky=sky,
    )


def filled_by_sender(
    newest: Revision,
    sent: Mapping[str, str],
    files: Mapping[str, Sequence[str]],
    told: tuple[str, str],
    before: Before | None,
) -> Filled:
    """Show a form as somebody has sent it, with all that is wrong.

    Args:
        newest: What jobs are made of.
        sent: The values.
        files: Names of the files that came along, by the name of the part.
        told: Why it was refused, and in which field ("" for none).
        before: The job that is to run again.
    """
    message, place = told
    revision = before.revision if before else newest
    sky, values = _observed(
        {name: text for name, text in sent.items() if not before or name != FROM}, revision.description, None
    )
    form = form_as_sent(revision, values)
    chosen = {one.name: ", ".join(files[one.file_name]) for one in _fields(form) if files.get(one.file_name)}
    form = with_faults(form, {**values, **chosen}, {place: message} if place else {})
    said = [one.error for one in _fields(form) if one.error]
    said += [f"{OBSERVED}{line.column}: {line.fault}" for line in sky.lines if line.fault] if sky else []
    return Filled(
        form=form,
        newest=newest,
        refusal=refusal_on_cluster(revision, values),
        is_open=_is_open(newest),
        before=before,
        exactly=before is not None,
        sky=sky,
        wrong="" if message in said else message,
        chosen=chosen,
    )


def _is_open(revision: Revision) -> bool:
    return may_run(caller(), revision.description.name, site().settings)


def _fields(form: Form) -> tuple[Field, ...]:
    return tuple(one for group in form.groups for one in group.fields)


def _names(description: Description) -> frozenset[str]:
    return frozenset({one.name for one in description.parameters} | {one.name for one in description.inputs})


def _observed(
    values: Mapping[str, str], description: Description, before: Before | None
) -> tuple[Sky | None, dict[str, str]]:
    """Part the ObsCore record from the values; what is given anew wins over what an earlier job had."""
    own = _names(description)
    mine = [name for name in values if name not in own and name.lower().startswith(OBSERVED)]
    rows = [name for name in values if name not in own and name.lower() == _ROW]
    record = dict(before.observed) if before else {}
    for name in rows:
        record |= _row(values[name])
    record |= {name.lower().removeprefix(OBSERVED): values[name].strip() for name in mine}
    rest = {name: text for name, text in values.items() if name not in {*mine, *rows}}
    return sky_of(record) if record else None, rest


def _row(table: str) -> Mapping[str, str]:
    """Read a VOTable; what is none is shown as the value of a column that there is not, with what is wrong."""
    try:
        return observed_of(Told({_ROW: table}, {}, {}), (), {})[0]
    except Invalid as error:
        return {_ROW: error.message}


def _with_dataset(values: Mapping[str, str], sky: Sky | None, empty: Form) -> Mapping[str, str]:
    """Take the address of the dataset that is described for the first input that can have one, where none is given."""
    lines = sky.lines if sky else ()
    address = next((line.value for line in lines if line.column == _ADDRESS and not line.fault), "")
    inputs = [one for one in _fields(empty) if "url" in one.sources]
    given = {name.casefold() for name in values}
    if not address or not inputs or any(one.name.casefold() in given for one in inputs):
        return values
    return {**values, inputs[0].name: address}
