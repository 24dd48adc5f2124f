"""The form of a service as this server grants it, and what browsers send when it is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provstore.settings import Settings
from provstore.uws.clusters.offers import offer_of, refusal_of
from provstore.uws.control import clamp_duration
from provstore.uws.descriptions.forms.form import Form, Periods, form_of
from provstore.uws.publishing.revisions import Revision
from provstore.uws.submissions import Submission
from provstore.web.site import caller, site

__all__ = ["as_filled_in", "form_as_sent", "form_granted", "form_of_revision", "periods_of", "refusal_on_cluster"]

_NO_FIELDS: Final = frozenset({"SERVICE", "PHASE", "CSRF_TOKEN"})
"""What a page sends beside the fields of its form."""


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

    A program that sends an empty value means it.
    """
    fields = (one for group in form_of(revision.description).groups for one in group.fields)
    speaking = {one.name for one in fields if one.holds_empty_text}
    texts = {name: text.replace("\r\n", "\n") for name, text in sent.values.items()}
    return replace(sent, values={name: text for name, text in texts.items() if text or name in speaking})
