"""What is affected where something turned out to be bad: products by the jobs that made them, and whom to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from provstore.graph.model import Label, Node, NodeId
from provstore.queries.asking import Asker, answer
from provstore.queries.chains import Asked as AskedWho
from provstore.queries.questions.impact import QUESTION, Affected, Impact, ImpactPart
from provstore.queries.questions.who import Credited, who
from provstore.queries.things import Thing, text_in
from provstore.queries.ways import is_stub
from provstore.web.pages.curating.rows import Named, Row, agent_called, local_of, named, rows_of
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site
from provstore.web.tables import send_table

__all__ = ["affected", "impact_form"]

affected: Final = Blueprint("affected", __name__, template_folder="../../templates")

_ROWS: Final = 200
_COUNTED: Final = 1_000
"""So many products are looked at before the first rows are shown."""
_DIGITS: Final = 9
_CAUSES: Final = ("id", "description", "agent")
_PLANNED_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The products of one job on this page, nearest first; ``job`` is None for what nothing that one sees made."""

    job: Named | None
    service: str
    owner: str
    products: Sequence[tuple[Affected, Row]]


@affected.get("/impact")
def show_impact() -> Response:
    """GET /impact?id=… (also ``description``, ``agent``): what came of it; ``format=csv|votable`` gives everything.

    Where very much did, the first rows do not wait for the counts: ``count=all`` asks for these.
    """
    given = _given()
    if not given:
        return impact_form("")
    skip, form = _skipped(), request.args.get("format")
    found = _asked(given)
    if form is not None:
        return send_table(found.rows(), of=Affected, form=form, name="impact")
    looked_at = None if request.args.get("count") == "all" else _ROWS if skip else _COUNTED
    part = found.part(skip=skip, limit=_ROWS, looked_at=looked_at)
    causes = site().store.get([one.id for one in found.causes], caller().viewer)
    groups = _groups(part)
    address = f"{base_url()}/impact?{urlencode(given, doseq=True)}"
    return page(
        "curating/impact.html",
        asked=given,
        found=part,
        skip=skip,
        causes=_links(found.causes, causes),
        groups=groups,
        people=() if skip else _people(groups, part),
        plan=_plan(causes, given.get("description", [])),
        account_of=_accounts(part),
        address=address,
        following=f"{address}&skip={skip + len(part.items)}" if part.more else "",
    )


def impact_form(wrong: str) -> Response:
    """Show the form that asks what is bad; after a refusal with what was wrong."""
    return page("curating/impact.html", asked=_given(), found=None, wrong=wrong)


def _skipped() -> int:
    text = request.args.get("skip", "")[:_DIGITS]
    return int(text) if text.isascii() and text.isdecimal() else 0


def _given() -> dict[str, list[str]]:
    return {name: values for name in _CAUSES if (values := [one for one in request.args.getlist(name) if one.strip()])}


def _asked(given: dict[str, list[str]]) -> Impact:
    asked = given | ({"agent": [agent_called(one) for one in given["agent"]]} if "agent" in given else {})
    found = answer(QUESTION, asked, Asker(store=site().store, viewer=caller().viewer))
    assert isinstance(found, Impact)  # noqa: S101 - for the type checker
    return found


def _links(causes: Sequence[Thing], nodes: Sequence[Node]) -> Sequence[Named]:
    """Give the causes as links, with the names that documents give them."""
    known = {node.id: named(node) for node in nodes}
    return [known[one.id]._replace(label=one.label) for one in causes if one.id in known]


def _groups(found: ImpactPart) -> Sequence[Group]:
    """Put together what one job made, in the order of the nearest product of each."""
    ids = [one.id for one in found.items]
    rows = {row.node: row for row in rows_of(site().store.get(ids, caller().viewer))}
    by_job: dict[NodeId | None, list[tuple[Affected, Row]]] = {}
    for one in found.items:
        if one.id in rows:
            by_job.setdefault(one.job, []).append((one, rows[one.id]))
    return [
        Group(
            job=some[0][1].maker,
            service=some[0][0].service,
            owner=some[0][1].owner or some[0][0].owner_name,
            products=some,
        )
        for some in by_job.values()
    ]


def _accounts(found: ImpactPart) -> dict[str, str]:
    """Give the names of accounts for those by which the graph calls the owners of this page."""
    owners = {one.owner_name: local_of(one.owner) for one in found.items if one.owner is not None}
    return {name: account for name, agent in owners.items() if (account := site().accounts.name_of(agent))}


def _people(groups: Sequence[Group], found: ImpactPart) -> Sequence[Credited]:
    """Give those who had to do with the jobs of this page: whom to tell."""
    jobs = dict.fromkeys(one.job for one in found.items if one.job is not None and not is_stub(one.job))
    if not groups or not jobs:
        return ()
    told = who(site().store, caller().viewer, AskedWho(id=tuple(jobs), depth=0))
    return [replace(one, contributions=()) for one in told.items if one.type != "SoftwareAgent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What a plan for running it all again would be made of: what is replaced, or the newest revision."""

    olds: Sequence[str]
    revisions: Sequence[str]


def _plan(causes: Sequence[Node], descriptions: Sequence[str]) -> Planning:
    known = {one.description.name for one in site().service.services(caller())}
    described = {text_in(one, "name") for one in causes if "revision" in one.properties and _is_description(one)}
    described |= {one.partition("@")[0] for one in descriptions}
    newest = [site().service.catalog.newest(name).name for name in sorted(described & known)]
    files = [local_of(one.id) for one in causes if Label.ENTITY in one.labels]
    return Planning(olds=files[:_PLANNED_MOST], revisions=newest)


def _is_description(node: Node) -> bool:
    return Label.ACTIVITY_DESCRIPTION in node.labels
