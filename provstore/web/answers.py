"""What the views of the UWS tree answer with: addresses in the mount that the client uses, XML, plain text."""

from __future__ import annotations

from typing import Final

from flask import Response, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.web.site import base_url

__all__ = ["list_address", "plain", "see_other", "to_job", "tree_address", "varied", "xml"]

_XML: Final = "text/xml; charset=utf-8"
_PLAIN: Final = "text/plain; charset=utf-8"
_SEE_OTHER: Final = 303


def tree_address() -> str:
    """Give the address above all services, in the mount that the client uses."""
    return f"{base_url()}/{request.blueprint}"


def list_address(service: str) -> str:
    """Give the address of the job list of a service."""
    return f"{tree_address()}/{service}"


def see_other(address: str) -> Answer:
    """Lead on to another address."""
    return redirect(address, _SEE_OTHER)


def to_job(service: str, job_id: str) -> Answer:
    """Lead on to a job."""
    return see_other(f"{list_address(service)}/{job_id}")


def plain(text: str) -> Response:
    """Answer with plain text."""
    return Response(text, content_type=_PLAIN)


def varied(response: Response) -> Response:
    """Say that another client may get the same in another form."""
    response.vary.add("Accept")
    return response


def xml(text: str) -> Response:
    """Answer with a UWS document."""
    return varied(Response(text, content_type=_XML))
