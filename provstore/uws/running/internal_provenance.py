"""What a script says itself of its run: ``internal_provenance.json`` (PROV-JSON, activity ``current_job``).

Nothing in it can fail the job. What is not taken is told, never dropped without a word. docs/internal-provenance.md
says the same to authors of scripts.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from provstore.accounts.callers import reader_of
from provstore.errors import Invalid, TooLarge
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.statements import Statement
from provstore.graph.store import Change, GraphStore, Upsert
from provstore.ingest.problems import ReadDocument
from provstore.ingest.provjson_lenient import MOST_BYTES, read_provjson
from provstore.uws.jobs import Job
from provstore.uws.ports import REQUEST_FILE
from provstore.uws.running.staging import staged_names
from provstore.uws.running.told.elements import Elements
from provstore.uws.running.told.relations import Relations
from provstore.uws.running.told.scene import (
    FILE_NAME,
    UNQUALIFIED,
    Remarks,
    Scene,
    Told,
    known_prefixes,
    spellings,
    unambiguous,
)
from provstore.uws.running.told.things import Things

__all__ = ["FILE_NAME", "read_internal_provenance", "remarks_text", "scene_of", "tell", "without"]

_FOLDERS: Final = ("work", "results")
_LONGEST: Final = 4000
_JOB: Final = frozenset({Label.ACTIVITY, Label.JOB})
_ENTITY: Final = frozenset({Label.ENTITY})
_CONFIG_FILE: Final = frozenset({Label.CONFIG_FILE})


def read_internal_provenance(scene: Scene, run: Path) -> Told:
    """Read the file, if the script wrote one, in its working directory or among its results."""
    remarks = Remarks()
    data = _load(run, remarks)
    if data is None:
        return Told(remarks=tuple(remarks))
    try:
        document = read_provjson(data, unqualified=UNQUALIFIED, known=known_prefixes(scene.namespace))
    except (Invalid, TooLarge) as error:
        remarks.tell(FILE_NAME, error.message)
        return Told(remarks=tuple(remarks))
    told = tell(document, scene)
    return replace(told, remarks=(*remarks, *(f"{FILE_NAME}: {one}" for one in told.remarks)))


def tell(document: ReadDocument, scene: Scene) -> Told:
    """Turn a script's document into changes around its job; the same document gives the same changes."""
    remarks = Remarks(str(problem) for problem in document.problems)
    statements = [one for one in document.statements if not one.bundle]
    _tell_bundles(document.statements, remarks)
    things = Things(scene, document)
    elements = Elements(scene, things, remarks)
    elements.take(document, statements)
    found = Relations(scene, things, remarks, elements)
    relations = found.take(document, statements)
    nodes = tuple(elements.changes(_referred(relations)))
    results = set(scene.results.values())
    return Told(
        changes=(*nodes, *_words_of_job(scene, elements), *(Upsert(one) for one in relations)),
        remarks=tuple(remarks),
        words=elements.words,
        generations=found.generations,
        derived=frozenset(
            one.source for one in relations if one.kind is Kind.WAS_DERIVED_FROM and one.source in results
        ),
    )


def without(told: Told, reason: str) -> Told:
    """Give the same, with nothing taken, for this reason."""
    return Told(remarks=(*told.remarks, f"{FILE_NAME}: nothing of it was taken: {reason}"))


def remarks_text(remarks: Iterable[str]) -> str:
    """Give remarks as lines, and how many there are besides where they are too many to be kept."""
    lines = list(remarks)
    kept: list[str] = []
    length = 0
    for line in lines:
        length += len(line) + 1
        if length > _LONGEST:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, f"{left} more"] if left else kept)


def scene_of(job: Job, results: Mapping[str, tuple[NodeId, Path]], run: Path, store: GraphStore) -> Scene:
    """Say what a script may call the results and inputs of its job, and what of the store its owner may see."""
    viewer = Viewer(readers=frozenset({PUBLIC, reader_of(job.owner)}))
    seen_as = _seen_as(run)
    made = [(word, node) for node, file in results.values() for word in spellings(file, run, seen_as)]
    known = [(one, one.entity) for one in job.inputs if one.entity is not None]
    names = [pair for one, node in known for pair in ((one.name, node), (f"{one.name}-{one.item}", node))]
    staged = [(run / "work" / name, one.entity) for one, name in staged_names(job) if one.entity is not None]
    given = [(word, node) for file, node in staged for word in spellings(file, run, seen_as)]
    given += [(word, node) for file, node in staged for word in _elsewhere(run, file.name)]
    addresses = [(word, node) for one, node in known for word in (node, one.url, one.value) if word]
    return Scene(
        job=job,
        namespace=store.namespace,
        results=unambiguous([(name, node) for name, (node, _) in results.items()], made),
        inputs=unambiguous(names, given, addresses),
        files=unambiguous(made, given),
        look=lambda ids: store.get(ids, viewer),
        labels={node: _CONFIG_FILE if one.configures else _ENTITY for one, node in known},
    )


def _read(file: Path) -> dict[str, Any]:
    """Read a file of the staged directory; nothing where it is missing or none of ours."""
    try:
        words = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return words if isinstance(words, dict) else {}


def _seen_as(run: Path) -> Path:
    """Give the job's directory as its script saw it: on another machine it has another path."""
    seen = _read(run / "task.json").get("environment", {}).get("jd", "")
    return Path(seen) if seen.startswith("/") else run


def _elsewhere(run: Path, name: str) -> Iterator[str]:
    """Give what a script may call an input that another machine had already: no copy was made of it."""
    for one in _read(run / REQUEST_FILE).get("inputs", ()):
        if one["name"] == name and one["path"]:
            there = Path(one["path"])
            yield from (there.name, str(there), there.as_uri())


def _load(run: Path, remarks: Remarks) -> bytes | None:
    """Give the bytes of the file; None if there is none, or none that may be read."""
    found = [folder for folder in _FOLDERS if os.path.lexists(run / folder / FILE_NAME)]
    if not found:
        return None
    if len(found) > 1:
        remarks.tell(FILE_NAME, "it stands in the working and in the results directory; the latter was not read")
    try:
        with open(run / found[0] / FILE_NAME, "rb", opener=_open_without_waiting) as stream:
            facts = os.fstat(stream.fileno())
            if stat.S_ISREG(facts.st_mode) and facts.st_size <= MOST_BYTES:
                return stream.read(MOST_BYTES + 1)
            remarks.tell(FILE_NAME, f"it was not read: no regular file, or larger than {MOST_BYTES} bytes")
    except OSError as error:
        remarks.tell(FILE_NAME, f"it was not read: {error.strerror}")
    return None


def _open_without_waiting(path: str, flags: int) -> int:
    """Follow no link out of the job, and wait for nobody at the other end of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _tell_bundles(statements: Iterable[Statement], remarks: Remarks) -> None:
    bundles = dict.fromkeys(one.bundle for one in statements if one.bundle)
    if bundles:
        remarks.tell("bundle", f"bundles of a script are not taken; {len(bundles)} were left out")


def _referred(relations: Iterable[Relation]) -> Iterator[NodeId]:
    for one in relations:
        yield one.target
        yield from (NodeId(uri) for uri in one.arguments.values())


def _words_of_job(scene: Scene, elements: Elements) -> Iterator[Change]:
    """Give the job further attributes; all else of it stays."""
    words = elements.words.pop(scene.job.node, ())
    if words:
        yield Upsert(Node(scene.job.node, _JOB, {}, words, readers=scene.job.readers))
