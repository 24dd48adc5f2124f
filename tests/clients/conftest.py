"""A real server for clients that others wrote; nothing here reaches the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
import requests

from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.e2e.served import Served, write_services

TABLE: Final = """<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/>
<TABLE><FIELD name="query" datatype="char" arraysize="*"/><DATA><TABLEDATA>
<TR><TD>$QUERY</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""

_OPTIONAL: Final = ("REQUEST", "LANG", "FORMAT", "tapclient", "jobname", "MAXREC", "VERSION", "RESPONSEFORMAT")
ASYNC: Final = Description(
    name="async",
    parameters=(
        ParameterDefinition(name="QUERY"),
        *(ParameterDefinition(name=name, required=False) for name in _OPTIONAL),
    ),
    used=(Used(name="mine", url="file://$ID", multiplicity="0..1"),),
    generated=(
        Generated(name="log", default="log.txt", content_type="text/plain"),
        Generated(name="result", default="table.vot", content_type="application/x-votable+xml"),
    ),
)
"""Looks to a TAP client like its asynchronous service; its answer is a table of the query."""

_SCRIPT: Final = f"""case "$QUERY" in
  wait*) sleep 2;;
  fail*) echo "there is no table of that name" >&2; exit 3;;
esac
echo "asked by ${{tapclient:-somebody}}" | tee log.txt
[ "$LANG" = C.UTF-8 ] || echo "in $LANG" >> log.txt
cat > table.vot <<END
{TABLE}END
[ -z "${{mine:-}}" ] || cat "$mine" >> log.txt
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server with the services above, for all tests here."""
    services = write_services(tmp_path_factory.mktemp("services"), [ASYNC], script=_SCRIPT)
    served = Served(tmp_path_factory.mktemp("served"), {"PROVSTORE_DESCRIPTIONS": str(services)})
    try:
        yield served.start()
    finally:
        served.clear()


@pytest.fixture(scope="session")
def token(served: Served) -> str:
    """The token of a person with an account."""
    made = served.command("user", "add", "ada")
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


class TidySession(requests.Session):
    """A session that in the end closes what its user left open: pyvo reads answers to their end and lets them lie."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: list[requests.Response] = []
        self.hooks["response"].append(lambda answer, **_: self._answers.append(answer))

    def close(self) -> None:
        for answer in self._answers:
            answer.close()
        super().close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session of a client."""
    with TidySession() as opened:
        yield opened


@pytest.fixture
def known(token: str) -> Iterator[requests.Session]:
    """A session of a client that sends a token."""
    with TidySession() as opened:
        opened.headers["Authorization"] = f"Bearer {token}"
        yield opened
