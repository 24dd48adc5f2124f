"""Definitions for the tests of /jdl, and the people who propose and decide."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from flask.testing import FlaskClient

from provstore.accounts.callers import Grant, Role
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition
from tests.web.served import Served

__all__ = ["ECHO", "People", "as_json", "changed", "people_of"]

ECHO: Final = Description(
    name="echo",
    label="Echo",
    description="Writes a word.",
    keywords=("speech",),
    script='printf %s "$word" >"$rs/$result"\n',
    parameters=(ParameterDefinition(name="word", default="hello"),),
    generated=(Generated(name="result", default="word.txt", content_type="text/plain"),),
)
"""A service that is not there yet."""


def changed(script: str = 'echo "$word" >"$rs/$result"\n', **facts: Any) -> Description:
    """Give it with another script, and other facts."""
    return replace(ECHO, script=script, **facts)


def as_json(description: Description) -> str:
    return json.dumps(to_json(description))


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """An author and a curator of the service `echo`, somebody with an account, and the server they call."""

    served: Served
    author: FlaskClient
    curator: FlaskClient
    other: FlaskClient

    def propose(self, description: Description = ECHO, message: str = "", by: FlaskClient | None = None) -> str:
        """Give the path of a new proposal."""
        answer = (by or self.author).post(
            "/jdl", query_string={"message": message}, data=write_votable(description), content_type="text/xml"
        )
        assert answer.status_code == 201, answer.text
        return answer.location.removeprefix(self.served.base)

    def accept(self, proposal: str, **given: str) -> Any:
        answer = self.curator.post(f"{proposal}/accept", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json

    def publish(self, description: Description = ECHO) -> str:
        """Propose and accept; give the name of the revision."""
        return str(self.accept(self.propose(description))["revision"])


def people_of(served: Served) -> People:
    def person(name: str, *grants: Grant) -> FlaskClient:
        token = served.provstore.accounts.add(name)
        for one in grants:
            served.provstore.accounts.grant(name, one)
        return served.client(token)

    return People(
        served=served,
        author=person("vera", Grant(Role.AUTHOR, "echo")),
        curator=person("cecilia", Grant(Role.CURATOR, "echo")),
        other=person("edwin", Grant(Role.AUTHOR, "stack")),
    )
