"""The server under test, new for each test: copied from one that was opened once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from provstore.accounts.people import ADMIN_TOKEN_FILE, Accounts
from provstore.app import create_app, open_provstore
from provstore.settings import Settings
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.fakes import FakeExecutor
from tests.web.chains import Chain, two_jobs
from tests.web.served import ADMIN, CURIE, HandClock, Served

STACK: Final = Description(
    name="stack",
    label="Stack",
    description="Stack images.",
    version="2",
    contact_name="Vera Rubin",
    contact_email="vera@example.org",
    quote=30,
    script="true\n",
    parameters=(
        ParameterDefinition(
            name="threshold", datatype="double", default="5", unit="K", ucd="phys.temperature", min="0", max="100"
        ),
        ParameterDefinition(name="mode", default="mean", options=("mean", "median")),
        ParameterDefinition(name="count", datatype="int"),
        ParameterDefinition(name="note", required=False),
    ),
    used=(
        Used(name="image", role="science", multiplicity="1", url="file://$ID", content_types=("image/fits",)),
        Used(name="flats", role="flat", multiplicity="*", url="file://$ID"),
        Used(name="observation", role="run", multiplicity="0..1"),
        Used(name="config", role="set-up", type="ConfigFile", multiplicity="1", default="stack.cfg", url="file://$ID"),
    ),
    generated=(
        Generated(name="stacked", role="stack", default="stacked.fits", content_type="image/fits"),
        Generated(
            name="log", role="log", default="log.txt", content_type="text/plain", multiplicity="0..1", derived_from=()
        ),
    ),
)
"""A service with everything: unit, options, no default, several files, a plain identifier, a configuration file."""

Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def opened_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A data directory after its first start, and the tokens of its people."""
    folder = tmp_path_factory.mktemp("opened")
    descriptions = folder / "descriptions"
    descriptions.mkdir()
    (descriptions / "stack_vot.xml").write_bytes(write_votable(STACK))
    (descriptions / "stack.cfg").write_text("sigma = 3\n", encoding="utf-8")
    data = folder / "data"
    data.mkdir()
    curie = Accounts(data / "accounts.sqlite").add("curie")
    with open_provstore(Settings(data=data, descriptions=(descriptions,))):
        pass
    admin = (data / ADMIN_TOKEN_FILE).read_text(encoding="ascii").strip()
    return data, {ADMIN: admin, CURIE: curie}


@contextmanager
def starting(opened_once: tuple[Path, dict[str, str]], folder: Path) -> Iterator[Serve]:
    data, tokens = opened_once
    shutil.copytree(data, folder / "data")
    with ExitStack() as stack:

        def start(**settings: object) -> Served:
            clock = HandClock()
            executor = FakeExecutor(clock=clock)
            chosen = Settings(data=folder / "data", **settings)  # type: ignore[arg-type]  # a test's own settings
            executors = dict.fromkeys(["local", *(one.name for one in chosen.clusters)], executor)
            provstore = stack.enter_context(open_provstore(chosen, executors=executors, clock=clock))
            return Served(provstore, create_app(provstore), executor, clock, tokens)

        yield start


@pytest.fixture
def serve(opened_once: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Serve]:
    """Give a function that opens a server with other settings than the defaults."""
    with starting(opened_once, tmp_path) as start:
        yield start


@pytest.fixture
def served(serve: Serve) -> Served:
    """A server with default settings."""
    return serve()


@pytest.fixture(scope="module")
def lasting(opened_once: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of a module: for requests that change nothing."""
    with starting(opened_once, tmp_path_factory.mktemp("lasting")) as start:
        yield start()


@pytest.fixture(scope="module")
def chain(lasting: Served) -> Chain:
    """Two jobs, the second of which uses what the first has made."""
    return two_jobs(lasting)
