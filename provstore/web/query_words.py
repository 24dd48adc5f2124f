"""What may stand after the question mark of an address, for the description of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provstore.web.schemas import FLAG, PHASE, TEXT, YES_NO, Schema, items

__all__ = ["QUERIES"]

QUERIES: Final[Mapping[str, tuple[Schema, str]]] = {
    "PHASE": (
        items(PHASE),
        "jobs in one of these phases, ARCHIVED ones only so; with WAIT: only while in it",
    ),
    "AFTER": (TEXT, "jobs created after this instant, e.g. 2026-03-01T12:00:00.000Z or 2026-03"),
    "LAST": ({"type": "integer", "minimum": 1}, "the newest so many jobs"),
    "RUNID": (TEXT, "jobs of this run"),
    "SWEEP": (TEXT, "jobs of this sweep"),
    "OWNER": (TEXT, "jobs of this account, for administrators and curators"),
    "SERVICE": (TEXT, "jobs of this service"),
    "LIMIT": ({"type": "integer", "minimum": 1}, "so many of a page"),
    "NEXT": (TEXT, "the key of the page, as the one before gave it"),
    "WAIT": (
        {"type": "number", "minimum": -1},
        "seconds until the answer at the latest; -1: as long as the site allows",
    ),
    "since": (TEXT, "the id of the event after which to go on; Last-Event-ID wins"),
    "lines": ({"type": "integer", "minimum": 1}, "only the last so many lines"),
    "follow": (YES_NO, "stream until the job is over"),
    "format": (TEXT, "the format by name; wins over Accept"),
    "depth": (TEXT, "a number of steps, or all"),
    "descriptions": ({"type": "string", "enum": ["0", "1", "2"]}, "how much of the descriptions"),
    "model": ({"type": "string", "enum": ["IVOA", "W3C"]}, "the model of the document"),
    "embed": (TEXT, "provenance: a copy that carries its own"),
    "public": (YES_NO, "everybody may see it"),
    "base": (TEXT, "the revision from which it was made; empty if it is new"),
    "dry_run": (YES_NO, "only tell what would be stored"),
    "after": (TEXT, "the `next` of the page before"),
    "limit": ({"type": "integer", "minimum": 1}, "so many of a page"),
    "next": (TEXT, "where the page begins; of a log-in, the path to go on to"),
    "state": (TEXT, "of a log-in, what the provider was given; of proposals, their states, or all"),
    "code": (TEXT, "what the provider gives"),
    "error": (TEXT, "what the provider refuses"),
    "iss": (TEXT, "who the provider is"),
    "item": ({"type": "integer", "minimum": 1}, "which of several files"),
    "role": (TEXT, "a role with its service, e.g. curator:stack"),
    "ID": (items(TEXT), "a local part, a QName or a URI"),
    "DEPTH": (TEXT, "a number of relations from the nearest ID, or ALL"),
    "DIRECTION": ({"type": "string", "enum": ["BACK", "FORTH", "FORWARD", "BOTH"]}, "to causes, to effects, or both"),
    "RESPONSEFORMAT": (TEXT, "the format by name or media type"),
    "MODEL": ({"type": "string", "enum": ["IVOA", "W3C"]}, "the model of the document"),
    "AGENTS": (FLAG, "whether agents are shown"),
    "AGENT": (FLAG, "whether agents are walked through"),
    "MEMBERS": (FLAG, "whether collections are walked into"),
    "DESCRIPTIONS": ({"type": "string", "enum": ["0", "1", "2"]}, "how much of the descriptions"),
    "CONFIGURATION": (FLAG, "whether parameters and configuration files are shown"),
    "ATTRIBUTES": (FLAG, "whether pictures show attributes"),
    "COLUMNS": (TEXT, "columns of ObsCore besides the mandatory ones, or all"),
    "q": (TEXT, "words that are all in name, label, description, group or keywords"),
    "withdrawn": (YES_NO, "those that were withdrawn, instead of those on offer"),
    "from": (TEXT, "the number of the older revision"),
    "to": (TEXT, "the number of the newer revision; of a conversion, votable or json"),
    "name": (TEXT, "name of the file that the body was"),
    "strict": (YES_NO, "refuse what would have to be repaired, or breaks PROV-CONSTRAINTS"),
    "message": (TEXT, "what one says to it"),
    "service": (TEXT, "those of this service"),
    "against": (TEXT, "the revision to compare with, none for nothing"),
    "MAXREC": ({"type": "integer", "minimum": 0}, "so many rows at most"),
}
"""What may stand after the question mark: its schema and what it means."""
