"""Home: what runs, what finished, what failed, what one may run, and what was made last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from flask import Response

from provstore.graph.model import now
from provstore.queries.recent import Product, recent_products
from provstore.uws.permissions import may_run
from provstore.uws.phases import ACTIVE, Phase
from provstore.uws.records import JobFilter
from provstore.web.pages.previews import Glance, glance_at
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["home_page"]

_JOBS: Final = 8
_PRODUCTS: Final = 8
_LATELY: Final = timedelta(days=1)
_RECENT: Final = timedelta(days=30)
_PICTURED: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/fits", "application/fits")
"""Content types of which there may be a small picture, the quickest first."""


def home_page() -> Response:
    """Show what runs, what finished and what failed, what one may run, and what was made last."""
    lists, asking = site().service.lists, caller()
    services = site().service.services(asking)
    products = recent_products(site().store, asking.viewer, limit=_PRODUCTS, since_at=now() - _RECENT, best=_PICTURED)
    return page(
        "home.html",
        services=[one for one in services if may_run(asking, one.description.name, site().settings)],
        jobs=lists.first(asking, JobFilter(), limit=_JOBS).items,
        active=lists.counts(asking, JobFilter(phases=ACTIVE)) or {},
        ended=lists.counts(asking, JobFilter(phases=frozenset(Phase), changed_at=now() - _LATELY)) or {},
        products=_looked_at(products),
    )


def _looked_at(products: Sequence[Product]) -> list[tuple[Product, Glance]]:
    """Give products, each with what its file is: a picture is asked for only where there is one."""
    nodes = {node.id: node for node in site().store.get([one.id for one in products], caller().viewer)}
    return [(one, glance_at(nodes[one.id]) if one.id in nodes else Glance()) for one in products]
