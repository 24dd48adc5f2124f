"""The form of a service: what may be filled in to make a job of it, for pages and other clients to build.

A client needs nothing else: it sends the fields it shows, under their names, to ``action``. A field that is left out
has its default; one that is empty is left out, unless the empty text is meant. docs/form.md explains the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from provstore.uws.clusters.offers import Offer
from provstore.uws.descriptions.forms.fields import Field, Periods, entries_of
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.names import as_declared

__all__ = ["Field", "Form", "Group", "Periods", "Submit", "form_json", "form_of"]

_WEB: Final = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together: ``inputs``, ``parameters``, ``control`` or ``cluster``."""

    name: str
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A way to send the form: with this value under this name, or with nothing more where the name is empty."""

    label: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form; ``action`` is relative to the server's base address. ``unknown``: given names that no field has."""

    service: str
    revision: str
    label: str
    description: str
    version: str
    doculink: str
    contact_name: str
    contact_email: str
    action: str
    groups: tuple[Group, ...]
    method: str = "POST"
    enctype: str = "multipart/form-data"
    submits: tuple[Submit, ...] = (Submit(label="Run", name="PHASE", value="RUN"), Submit(label="Save as PENDING"))
    unknown: tuple[str, ...] = ()


def form_of(
    description: Description,
    *,
    revision: str = "",
    periods: Periods | None = None,
    given: Mapping[str, str] | None = None,
    offer: Offer | None = None,
) -> Form:
    """Make the form of a description.

    Args:
        description: What is to be run.
        revision: Its name, ``service@number``.
        periods: What the server grants; without them only what the description says.
        given: Values that are filled in already, by name in any case.
        offer: What may be asked of the cluster where the job will run.
    """
    entries = entries_of(description, periods or Periods(), offer)
    names = [one.definition.name for one in entries]
    declared = {name: as_declared(name, names) for name in given or {}}
    values = {right: (given or {})[name] for name, right in declared.items() if right is not None}
    fields = [one.field(order, values.get(one.definition.name)) for order, one in enumerate(entries, start=1)]
    groups = tuple(
        Group(
            name=name,
            label=f"{label} {offer.cluster}" if offer and name == _CLUSTER else label,
            fields=_folding([one for one, entry in zip(fields, entries, strict=True) if entry.group == name], name),
        )
        for name, label in _GROUPS
    )
    return Form(
        service=description.name,
        revision=revision,
        label=description.label or description.name,
        description=description.description,
        version=description.version,
        doculink=description.doculink if _WEB.match(description.doculink) else "",
        contact_name=description.contact_name,
        contact_email=description.contact_email,
        action=f"uws/{description.name}",
        groups=tuple(group for group in groups if group.fields),
        unknown=tuple(name for name, right in declared.items() if right is None),
    )


def form_json(form: Form) -> dict[str, Any]:
    """Give the JSON object of a form."""
    return asdict(form, dict_factory=_object)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in members}


_CLUSTER: Final = "cluster"
_GROUPS: Final = (
    ("inputs", "Inputs"),
    ("parameters", "Parameters"),
    ("control", "Job"),
    (_CLUSTER, "Resources of the cluster"),
)


def _folding(fields: list[Field], group: str) -> tuple[Field, ...]:
    """Fold nothing where all would be folded, but what few people ever ask of a cluster."""
    if group != _CLUSTER and all(one.folded for one in fields):
        return tuple(replace(one, folded=False) for one in fields)
    return tuple(fields)
