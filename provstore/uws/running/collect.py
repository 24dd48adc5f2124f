"""Results of a run as entities: found by the description's patterns, measured, and related to what they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Relation, Value
from provstore.graph.store import Change, Create
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.filenames import result_pattern
from provstore.uws.descriptions.model import Generated, many
from provstore.uws.files import Files
from provstore.uws.jobs import Job
from provstore.uws.publishing.revisions import Revision, part_local
from provstore.uws.running.inventory import Found, Inventory, inventory_of
from provstore.uws.running.observed import Observed
from provstore.uws.running.staging import staged_names
from provstore.uws.running.told.scene import Told

__all__ = ["Collected", "collect"]

MOST_DERIVATIONS: Final = 1000
"""Above this many pairs of result and input per job derivations are left to the generation and usage relations."""

_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A file that a run has made, for a generated entity of the description; ``attributes`` hold its ObsCore record."""

    name: str
    generated: Generated
    found: Found
    attributes: tuple[Attribute, ...] = ()


@dataclass(slots=True)
class Collected:
    """What a run left behind: the changes that record it, and what is wrong with it.

    ``derivations``: those of all results, unless somebody knows better. ``files``: each result's entity by name, with
    its file. ``elsewhere``: bytes of those that were left on another machine, or are seen here by a link.
    """

    changes: list[Change] = field(default_factory=list)
    derivations: list[Create] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: dict[str, tuple[NodeId, Path]] = field(default_factory=dict)
    elsewhere: int = 0

    def with_told(self, told: Told) -> tuple[Change, ...]:
        """Give all changes, together with what the script told: its words, and derivations instead of ours."""
        ours = [one for one in self.derivations if isinstance(one.item, Node) or one.item.source not in told.derived]
        return (*(_with_words(one, told) for one in self.changes), *ours, *told.changes)


def collect(
    job: Job, revision: Revision, *, files: Files, namespace: str, at: datetime, observed: Observed
) -> Collected:
    """Find, measure and describe the results of a job that has ended.

    Files stay where the script has put them, so that a repeated collection finds the same.

    Args:
        job: The job, as it is in the graph.
        revision: The description that ran.
        files: Where its run directory is.
        namespace: The store's namespace.
        at: When the results were complete.
        observed: Makes their ObsCore records.
    """
    collected = Collected()
    products: list[Product] = []
    inventory = inventory_of(files.run(job.id), untouched=frozenset(_untouched_inputs(job, files)))
    for generated in revision.description.generated:
        try:
            products.extend(_products(generated, job, inventory))
        except Invalid as error:
            collected.problems.append(error.message)
    collected.problems.extend(_same_names(products))
    products = list({product.name: product for product in products}.values())
    left = {one.found.path: one.found.size for one in products if not _is_here(one.found.path)}
    collected.elsewhere = sum(left.values())
    for index, found in enumerate(products):
        product = replace(found, attributes=observed.attributes(found.generated, found.found.path))
        collected.files[product.name] = (_entity_id(job, product, namespace), product.found.path)
        collected.changes.extend(_entity(job, revision, product, files=files, namespace=namespace, at=at))
        collected.changes.append(_generation(job, index, product, namespace=namespace, at=at))
    collected.derivations.extend(_derivations(job, products, namespace))
    return collected


def _is_here(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _with_words(change: Change, told: Told) -> Change:
    """Add to a result, or to its generation, what the script says of it."""
    if not isinstance(change, Create):
        return change
    item = change.item
    if isinstance(item, Node):
        return Create(item._replace(attributes=(*item.attributes, *told.words.get(item.id, ()))))
    more = told.generations.get(item.source) if item.kind is Kind.WAS_GENERATED_BY else None
    return Create(item._replace(relation_id=more.relation_id, attributes=more.attributes)) if more else change


def _untouched_inputs(job: Job, files: Files) -> Iterator[Path]:
    """Give the staged copies of inputs that the script left as they were: no pattern makes results of them."""
    work = files.run(job.id) / "work"
    for item, name in staged_names(job):
        copy, source = work / name, files.data / item.location
        if copy.is_file() and (not source.is_file() or _stamp(copy) == _stamp(source)):
            yield copy


def _stamp(file: Path) -> tuple[int, int]:
    facts = file.stat()
    return facts.st_mtime_ns, facts.st_size


def _same_names(products: Sequence[Product]) -> Iterator[str]:
    counted = Counter(product.name for product in products)
    return (f"result {name}: {count} files have this name" for name, count in counted.items() if count > 1)


def _products(generated: Generated, job: Job, inventory: Inventory) -> Iterator[Product]:
    values = {parameter.name: parameter.value for parameter in job.parameters}
    pattern = result_pattern(generated, values)
    found = inventory.matches(pattern)
    if not found and generated.required:
        raise Invalid(f"result {generated.name}: no file {pattern!r} was made", field=generated.name, value=pattern)
    if len(found) > 1 and not many(generated.multiplicity):
        names = ", ".join(one.name for one in found[:5])
        raise Invalid(f"result {generated.name}: {len(found)} files match {pattern!r} ({names}), only one may")
    for number, one in enumerate(found, start=1):
        if one.problem:
            raise Invalid(f"result {generated.name}: {one.problem}", field=generated.name)
        name = generated.name if number == 1 else f"{generated.name}-{number}"
        yield Product(name=name, generated=generated, found=one)


def _entity_id(job: Job, product: Product, namespace: str) -> NodeId:
    """The same job and result name give the same entity: a repeated collection can't make a second one."""
    return NodeId(f"{namespace}e{job.id[1:]}.{product.name}")


def _entity(
    job: Job, revision: Revision, product: Product, *, files: Files, namespace: str, at: datetime
) -> Iterator[Change]:
    node = _entity_id(job, product, namespace)
    generated = product.generated
    properties: dict[str, Value] = {
        "name": product.name,
        "file_name": product.found.path.name,
        "location": files.location(product.found.path),
        "content_type": generated.content_type or guess_content_type(product.found.path.name),
        "size": product.found.size,
        "sha256": product.found.sha256,
        "generated_at": at,
    }
    yield Create(Node(node, _DATASET, properties, product.attributes, job.readers))
    described = NodeId(namespace + part_local(revision.node, "generation-entity", generated.name))
    key = f"e{job.id[1:]}.{product.name}.description"
    yield Create(Relation(key, Kind.IS_DESCRIBED_BY, node, described))


def _generation(job: Job, index: int, product: Product, *, namespace: str, at: datetime) -> Create:
    role = product.generated.role or product.generated.name
    source = _entity_id(job, product, namespace)
    return Create(Relation(f"{job.id}.g{index:04d}", Kind.WAS_GENERATED_BY, source, job.node, role, at))


def _derivations(job: Job, products: Sequence[Product], namespace: str) -> Iterator[Create]:
    """Each result derives from each used file, unless the description names others (DESIGN section 3)."""
    used = [item for item in job.inputs if item.entity is not None and not item.configures]
    pairs = [(product, item) for product in products for item in used if _derives(product.generated, item.name)]
    if len(pairs) > MOST_DERIVATIONS:
        return
    for index, (product, item) in enumerate(pairs):
        if item.entity is None:
            continue
        source = _entity_id(job, product, namespace)
        arguments = {"activity": job.node}
        yield Create(
            Relation(f"{job.id}.d{index:04d}", Kind.WAS_DERIVED_FROM, source, item.entity, arguments=arguments)
        )


def _derives(generated: Generated, name: str) -> bool:
    return generated.derived_from is None or name in generated.derived_from
