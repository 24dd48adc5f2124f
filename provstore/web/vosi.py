"""IVOA Support Interfaces: what is served here and how to sign in (VOSI 1.1), and whether it is well (VOSI 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g

from provstore.accounts.callers import ANONYMOUS
from provstore.export.escapes import xml_attribute, xml_text
from provstore.settings import Settings
from provstore.uws.permissions import may_see_service
from provstore.web.access import serves_anonymous
from provstore.web.health import Health
from provstore.web.site import base_url, site
from provstore.web.uws_xml import instant_text

__all__ = ["security_methods", "vosi"]

vosi: Final = Blueprint("vosi", __name__)

_XML: Final = "text/xml; charset=utf-8"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACES: Final = (
    'xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_UWS: Final = "ivo://ivoa.net/std/UWS#rest-1.1"
_DATALINK: Final = "ivo://ivoa.net/std/DataLink#links-1.1"
_ANONYMOUS: Final = ""
"""The way to sign in that has no name, for nothing is needed."""

_METHODS: Final[tuple[tuple[str, Callable[[Settings], bool]], ...]] = (
    (_ANONYMOUS, serves_anonymous),
    ("ivo://ivoa.net/sso#BasicAA", lambda _settings: True),
    ("ivo://ivoa.net/sso#token", lambda _settings: True),
    ("ivo://ivoa.net/sso#OpenID", lambda settings: bool(settings.oidc)),
)
"""IVOA's name of a way to sign in -> whether it is open here. ``token``: in Authorization: Bearer."""


class _Capability(NamedTuple):
    """Something served: its path, what it is, the standard ("" for none) and how much of the address is fixed."""

    path: str
    description: str
    standard: str = ""
    use: str = "full"
    open: bool = False


_SUPPORT: Final = (
    _Capability("/capabilities", "what is served here", "ivo://ivoa.net/std/VOSI#capabilities", open=True),
    _Capability("/availability", "whether it is well", "ivo://ivoa.net/std/VOSI#availability", open=True),
)
_WITH_ROUTES: Final = (
    _Capability("/datalink", "links to files and their provenance, by ID", _DATALINK, "base"),
    _Capability("/provsap", "provenance by ID (IVOA ProvSAP, a draft: no standard is claimed)", use="base"),
    _Capability("/jdl", "definitions of the services", use="base"),
)
"""Announced where the application has a route of that path."""


@vosi.get("/capabilities")
def show_capabilities() -> Response:
    """GET /capabilities: what is served here and how to sign in (VOSI 1.1, XML)."""
    lines = [
        f"{_HEAD}<vosi:capabilities {_NAMESPACES}>",
        *(_capability_xml(one) for one in _capabilities()),
        "</vosi:capabilities>\n",
    ]
    return Response("\n".join(lines), content_type=_XML)


def security_methods(settings: Settings) -> tuple[str, ...]:
    """Give IVOA's names of the ways to sign in; "" says that one need not."""
    return tuple(name for name, is_open in _METHODS if is_open(settings))


def _capabilities() -> Iterator[_Capability]:
    """Give what the caller may know of; who sends no token is told what everybody is."""
    yield from _SUPPORT
    caller = g.get("caller", ANONYMOUS)
    for revision in site().service.catalog.services():
        name = revision.description.name
        if may_see_service(caller, name, site().settings):
            words = f"jobs of {name}: {revision.description.description}".rstrip(": ")
            yield _Capability(f"/uws/{quote(name)}", words, _UWS, "base")
    routes = {rule.rule for rule in current_app.url_map.iter_rules()}
    yield from (one for one in _WITH_ROUTES if one.path in routes)


def _capability_xml(one: _Capability) -> str:
    """Write a capability; its elements have no namespace (VOSI 1.1 §4.2)."""
    standard = f' standardID="{xml_attribute(one.standard)}"' if one.standard else ""
    methods = (_ANONYMOUS,) if one.open else security_methods(site().settings)
    lines = [
        f"  <capability{standard}>",
        f"    <description>{xml_text(one.description)}</description>",
        *(line for method in methods for line in _interface_lines(one, method)),
        "  </capability>",
    ]
    return "\n".join(lines)


def _interface_lines(one: _Capability, method: str) -> Iterator[str]:
    """An interface names one way to sign in, and none where it is open to all (VOResource 1.1, securityMethod)."""
    role = ' role="std"' if one.standard else ""
    yield f'    <interface xsi:type="vs:ParamHTTP"{role}>'
    yield f'      <accessURL use="{one.use}">{xml_text(base_url() + one.path)}</accessURL>'
    if method:
        yield f'      <securityMethod standardID="{xml_attribute(method)}"/>'
    yield "    </interface>"


@vosi.get("/availability")
def show_availability() -> Response:
    """GET /availability: whether new jobs are taken and why not, within seconds whatever hangs (VOSI 1.0, XML)."""
    health, reason = site().probe.look(), site().draining.reason()
    notes = [note for note in (health.trouble, reason and f"draining: {reason}") if note]
    available = not notes
    # anybody may ask: hosts, accounts and keys are named in the server's log only
    notes += [f"executor {name} can't be reached; the server's log says why" for name in sorted(site().troubles())]
    return Response(_availability_xml(health, notes, available=available), content_type=_XML)


def _availability_xml(health: Health, notes: list[str], *, available: bool) -> str:
    """A time of coming back is not promised; since when the store is gone stands with the reason."""
    since = instant_text(health.since_at)
    lines = [
        f'{_HEAD}<availability xmlns="http://www.ivoa.net/xml/VOSIAvailability/v1.0">',
        f"  <available>{'true' if available else 'false'}</available>",
        f"  <upSince>{since}</upSince>" if health.well else f"  <note>the store is gone since {since}</note>",
        *(f"  <note>{xml_text(note)}</note>" for note in notes),
        "</availability>\n",
    ]
    return "\n".join(lines)
