"""The form of a service as this server grants it, and what browsers send when it is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provstore.errors import Invalid
from provstore.settings import Settings
from provstore.uws.clusters.offers import offer_of, refusal_of
from provstore.uws.control import clamp_duration, parse_instant_of_client
from provstore.uws.descriptions.forms.form import Field, Form, Periods, form_of
from provstore.uws.descriptions.model import CONFIG_FILE
from provstore.uws.observations import OBSERVED
from provstore.uws.publishing.revisions import Revision
from provstore.uws.submissions import Submission
from provstore.web.site import caller, site

__all__ = [
    "as_filled_in",
    "form_as_sent",
    "form_granted",
    "form_of_revision",
    "periods_of",
    "refusal_on_cluster",
    "with_faults",
]

_NO_FIELDS: Final = frozenset({"SERVICE", "PHASE", "CSRF_TOKEN"})
"""What a page sends beside the fields of its form."""
_DESTRUCTION: Final = "DESTRUCTION"


def form_of_revision(revision: Revision, given: Mapping[str, str] | None = None) -> Form:
    """Make the form of a revision, with values that are filled in already."""
    return form_granted(revision, site().settings, given)


def form_granted(revision: Revision, settings: Settings, given: Mapping[str, str] | None = None) -> Form:
    """Make the form of a revision where these settings hold."""
    return form_of(
        revision.description,
        revision=revision.name,
        periods=periods_of(revision, settings),
        given=given,
        offer=offer_of(revision.description, settings, given),
    )


def form_as_sent(revision: Revision, sent: Mapping[str, str]) -> Form:
    """Make the form of a revision as somebody has filled it in; what he has not touched is as it was."""
    untouched = {(one.name, one.value) for group in form_of_revision(revision).groups for one in group.fields}
    given = {name: text.replace("\r\n", "\n") for name, text in sent.items() if name.upper() not in _NO_FIELDS}
    return form_of_revision(revision, {name: text for name, text in given.items() if (name, text) not in untouched})


def with_faults(form: Form, sent: Mapping[str, str], told: Mapping[str, str]) -> Form:
    """Set beside each field what is wrong with it: what the form knows itself, and what is told, by name in any case.

    Args:
        form: As somebody has sent it.
        sent: The names that have a value there, files too.
        told: What else was found to be wrong.
    """
    words = {name.casefold(): text for name, text in told.items()}

    def judged(one: Field) -> Field:
        needed = not one.may_be_empty and one.default is None
        missing = "a value is needed" if needed and not sent.get(one.name) else ""
        error = one.error or missing or _of_instant(one) or words.get(one.name.casefold(), "")
        return replace(one, error=error, folded=one.folded and not error)

    return _each(form, judged)


def _each(form: Form, change: Callable[[Field], Field]) -> Form:
    groups = (replace(group, fields=tuple(map(change, group.fields))) for group in form.groups)
    return replace(form, groups=tuple(groups))


def _of_instant(one: Field) -> str:
    if one.name != _DESTRUCTION or not one.value:
        return ""
    try:
        parse_instant_of_client(one.value, field=one.name)
    except Invalid as error:
        return error.message
    return ""


def refusal_on_cluster(revision: Revision, given: Mapping[str, str]) -> str:
    """Say why the present caller can't have a job with these values; "" if no cluster is in the way."""
    return refusal_of(revision.description, site().settings, given, caller_name=caller().name)


def periods_of(revision: Revision, settings: Settings) -> Periods:
    """Give how long jobs of a revision may run and are kept where these settings hold."""
    most = clamp_duration(timedelta(0), revision=revision, settings=settings)
    return Periods(
        execution=_seconds(clamp_duration(None, revision=revision, settings=settings)),
        execution_max=_seconds(most) or None,
        kept=_seconds(settings.destruction),
        kept_max=_seconds(settings.destruction_max),
    )


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def as_filled_in(sent: Submission, revision: Revision) -> Submission:
    """Read what a browser sends of a page's form: all fields, the empty ones too, and lines ending in CR LF.

    A program that sends an empty value means it. A field that a person has emptied has its default, also where a job is
    run again; but no file can be shown in a form, so configuration files are as they were.
    """
    fields = [one for group in form_of(revision.description).groups for one in group.fields]
    speaking = {one.name for one in fields if one.holds_empty_text}
    texts = {name: text.replace("\r\n", "\n") for name, text in sent.values.items()}
    values = {name: text for name, text in texts.items() if text or name in speaking or _is_observed(name)}
    files = {one.name for one in revision.description.inputs if one.type == CONFIG_FILE}
    return replace(sent, values=values, emptied=frozenset(texts.keys() - values.keys() - files))


def _is_observed(name: str) -> bool:
    return name.lower().startswith(OBSERVED)
