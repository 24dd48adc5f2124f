"""What every process makes sure of when it opens a data directory: its secret, its agents, its descriptions."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import Unavailable
from provstore.graph.model import now
from provstore.graph.store import GraphStore
from provstore.settings import Settings
from provstore.uws import agents
from provstore.uws.descriptions.load import load_directory
from provstore.uws.publishing.publication import Publication

__all__ = ["make_data_directory", "milliseconds", "publish", "secret", "shipped_descriptions", "write_agents"]

_LOG: Final = logging.getLogger(__name__)


def milliseconds() -> datetime:
    """Give the present instant to the millisecond: what clients are shown is what is compared."""
    instant = now()
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def make_data_directory(directory: Path) -> None:
    """Make the data directory, its owner's alone.

    Raises:
        Unavailable: it can't be made or written to.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise Unavailable(f"data directory {directory}: {error.strerror}", field="data") from error


def shipped_descriptions() -> Path:
    """Give the directory of the descriptions that come with the product: in the wheel, else in the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "descriptions"
    return inside if inside.is_dir() else package.parent / "descriptions"


def write_agents(store: GraphStore, people: Iterable[Caller], settings: Settings) -> None:
    """Write the agents that jobs will be associated with; the names of people stay with the accounts."""
    namespace = store.namespace
    employed = bool(settings.organization)
    changes = [
        *agents.provstore(namespace),
        *agents.organization(namespace, name=settings.organization, url=settings.organization_url),
    ]
    for person in (ANONYMOUS, *people):
        at_home = employed and person is not ANONYMOUS
        changes += agents.person(namespace, person.agent, name=agents.pseudonym(person), employed=at_home)
    store.write(changes)


def publish(publication: Publication, directories: Iterable[Path]) -> Iterator[str]:
    """Publish what was never a revision; give the reason of each refusal, loudly."""
    for directory in directories:
        shipped, refusals = load_directory(directory)
        for refusal in refusals:
            _LOG.error("description refused: %s", refusal.reason)
            yield refusal.reason
        for found in shipped:
            for name, file in found.files.items():
                publication.files.keep(file.read_bytes(), name)
            revision = publication.publish_file(found.description)
            if revision is not None:
                _LOG.info("published %s", revision.name)
                for remark in (*found.repairs, *found.warnings):
                    _LOG.warning("%s: %s", found.path, remark)


def secret(file: Path) -> bytes:
    """Read the server's secret, made at the first start (mode 0600)."""
    if not file.is_file():
        part = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
        part.touch(mode=0o600)
        part.write_bytes(secrets.token_bytes(32))
        part.replace(file)
    return file.read_bytes()
