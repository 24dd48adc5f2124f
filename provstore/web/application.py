"""The web application: what is done for each request before a view, and all views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Flask

from provstore.web.access import install_access
from provstore.web.account import account
from provstore.web.assets import assets
from provstore.web.cors import install_cors
from provstore.web.cypher import cypher
from provstore.web.datalink import datalink
from provstore.web.documents import documents
from provstore.web.embedding import embedding
from provstore.web.entities import entities
from provstore.web.errors import install_error_handlers
from provstore.web.events import events
from provstore.web.files import store
from provstore.web.forms import install_forms
from provstore.web.headers import install_headers
from provstore.web.health import install_health
from provstore.web.jdl.definitions import jdl
from provstore.web.jdl.proposals import proposals
from provstore.web.metrics import Level, install_metrics
from provstore.web.obscore import obscore
from provstore.web.oidc import oidc
from provstore.web.openapi import openapi
from provstore.web.operation import operation
from provstore.web.pages.accounts.account import account_page
from provstore.web.pages.accounts.administration import administration
from provstore.web.pages.accounts.people import people
from provstore.web.pages.annotating import annotating
from provstore.web.pages.curating.compare import comparing
from provstore.web.pages.curating.documents import document_pages
from provstore.web.pages.curating.impact import affected
from provstore.web.pages.curating.lineage import tracing
from provstore.web.pages.curating.product import product
from provstore.web.pages.curating.replays import replaying
from provstore.web.pages.curating.search import searching
from provstore.web.pages.curating.stale import staleness
from provstore.web.pages.definitions.catalog import definitions
from provstore.web.pages.definitions.editor import definition_editor
from provstore.web.pages.graph.explorer import graph_data, graph_page
from provstore.web.pages.jobs.job import job_page
from provstore.web.pages.jobs.listing import job_list
from provstore.web.pages.jobs.new import new_job
from provstore.web.pages.previews import previews
from provstore.web.pages.refusals import error_page, pages
from provstore.web.provsap import provsap
from provstore.web.proxies import Proxies
from provstore.web.questions import questions
from provstore.web.replay import replays
from provstore.web.sessions import sessions
from provstore.web.signals import signals
from provstore.web.site import EXTENSION, Site
from provstore.web.uws import uws_blueprint
from provstore.web.vosi import vosi

__all__ = ["application"]

_PAGES: Final = (
    pages,
    job_list,
    new_job,  # before the page of a job: its address would be one
    job_page,
    previews,
    annotating,
    definition_editor,
    definitions,
    graph_page,
    graph_data,
    searching,
    product,
    tracing,
    affected,
    comparing,
    staleness,
    replaying,
    document_pages,
    account_page,
    administration,
    people,
)
"""What people look at, in the order in which addresses are tried."""


def application(site: Site, levels: Sequence[Level]) -> Flask:
    """Make the application over the parts of a server; ``levels`` are told by /metrics."""
    app = Flask("provstore", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # parameters keep the description's order
    settings = site.settings
    install_metrics(app, levels)  # before all others: it measures them, too
    install_forms(app, settings)
    install_error_handlers(app, page=error_page)
    install_headers(app)
    install_cors(app, settings)  # before access: browsers ask without a token whether they may call
    install_access(app, settings)
    install_health(app, site.probe)
    app.wsgi_app = Proxies(app.wsgi_app, trusted=settings.trusted_proxies, base_url=settings.base_url)  # type: ignore[method-assign]  # so does Flask's manual
    app.extensions[EXTENSION] = site
    for blueprint in (
        operation,
        uws_blueprint("uws"),
        uws_blueprint("rest"),
        jdl,
        proposals,
        entities,  # before questions: one of them has the same address, and is asked by GET
        obscore,
        questions,
        cypher,
        documents,
        embedding,
        replays,
        provsap,
        datalink,
        store,
        signals,
        vosi,
        openapi,
        events,
        sessions,
        account,
        oidc,
        assets,
        *_PAGES,
    ):
        app.register_blueprint(blueprint)
    return app
