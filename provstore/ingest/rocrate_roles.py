"""Which part the entries of a run crate play: actions, agents, plans, parameters, files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from provstore.ingest.rocrate_terms import BIOSCHEMAS, PCDM, SCHEMA
from provstore.ingest.rocrate_things import Thing

__all__ = ["AGENT_ROLES", "ENVIRONMENT", "MEMBERS", "OBJECTS", "Roles"]

OBJECTS: Final = (f"{SCHEMA}object",)
ENVIRONMENT: Final = ("https://w3id.org/ro/terms/workflow-run#environment",)
MEMBERS: Final = (f"{SCHEMA}hasPart", f"{PCDM}hasMember")
AGENT_ROLES: Final[Mapping[str, str]] = {
    f"{SCHEMA}{key}": key.capitalize()
    for key in ("author", "creator", "contributor", "editor", "funder", "provider", "publisher")
}
"""Key of an entry -> role (of IVOA's vocabulary) in which it is attributed to an agent."""

_PEOPLE: Final = frozenset({f"{SCHEMA}Person", f"{SCHEMA}Organization"})
_COLLECTIONS: Final = frozenset({f"{SCHEMA}Dataset", f"{SCHEMA}Collection", f"{PCDM}Collection"})
_FILES: Final = frozenset({f"{SCHEMA}MediaObject"})
_FORMAL: Final = f"{BIOSCHEMAS}FormalParameter"
_PROPERTY: Final = f"{SCHEMA}PropertyValue"


def _is_action(kind: str) -> bool:
    return kind.startswith(SCHEMA) and kind.endswith("Action")


class Roles:
    """The parts that entries play, as sets of their ids; an entry may play several."""

    def __init__(self, things: Mapping[str, Thing]) -> None:
        self._things = things
        self.actions = frozenset(one.id for one in things.values() if any(map(_is_action, one.types)))
        used = frozenset(self._of_actions(f"{SCHEMA}instrument", *OBJECTS, f"{SCHEMA}result"))
        people = frozenset(self._typed(_PEOPLE))
        self.agents = (people | frozenset(self._of_actions(f"{SCHEMA}agent"))) - self.actions
        self.plans = frozenset(self._of_actions(f"{SCHEMA}instrument"))
        self.entities = used | self.plans
        """What is an entity also if it is an agent."""
        configured = frozenset(self._of_actions(*OBJECTS, *ENVIRONMENT))
        self.parameters = configured & frozenset(self._typed({_PROPERTY}))
        self.formals = frozenset(self._typed({_FORMAL}))
        self.collections = frozenset(self._typed(_COLLECTIONS))
        self.files = frozenset(self._typed(_FILES))

    def name(self, thing: str) -> str:
        """Give the name of an entry, its id if it has none."""
        found = self._things.get(thing)
        return (found.text(f"{SCHEMA}name") if found else "") or thing

    def _typed(self, kinds: frozenset[str] | set[str]) -> Iterator[str]:
        return (one.id for one in self._things.values() if not kinds.isdisjoint(one.types))

    def _of_actions(self, *keys: str) -> Iterator[str]:
        for action in self.actions:
            yield from self._things[action].references(*keys)
