"""Our exporters against the PROV library: the same 100,000 records, each to bytes, in one run on one machine.

    python bench/export.py [--activities N] [--once] [--store sqlite:///file]

Printed for each format: CPU seconds of building and writing with the library, ours, the ratio, and our peak of memory
over idle (resident, in a process of its own).
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from prov.model import ProvDocument

from provstore.app import open_store
from provstore.export.document import Document
from provstore.export.names import PROVSTORE, VOPROV
from provstore.export.registry import by_name
from provstore.graph.model import Graph, Kind, Label, Node, NodeId, Relation
from provstore.settings import Settings

_NAMESPACE: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
_FORMATS: Final = {"prov-json": "json", "prov-xml": "xml", "prov-n": "provn"}
_BIRTH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ACTIVITY: Final = frozenset({Label.ACTIVITY, Label.JOB})
_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Jobs in a chain: each uses the two files that the one before made. Five records a job, made as asked for."""

    activities: int

    def nodes(self) -> Iterator[Node]:
        """Give one job and its two files after the other."""
        for number in range(self.activities):
            start = _BIRTH + timedelta(seconds=number)
            yield Node(
                NodeId(f"{_NAMESPACE}j{number:032x}"),
                _ACTIVITY,
                {"name": "calibrate", "phase": "COMPLETED", "started_at": start, "ended_at": start, "exit_code": 0},
            )
            for file in range(2):
                yield Node(
                    NodeId(f"{_NAMESPACE}e{number:031x}{file}"),
                    _DATASET,
                    {
                        "name": f"image{number}.fits",
                        "location": f"https://example.org/store/image{number}-{file}.fits",
                        "content_type": "image/fits",
                        "size": 1048576 + number,
                        "sha256": f"{number:064x}",
                    },
                )

    def relations(self) -> Iterator[Relation]:
        """Give one generation and one use for each job."""
        for number in range(self.activities):
            job = NodeId(f"{_NAMESPACE}j{number:032x}")
            end = _BIRTH + timedelta(seconds=number)
            made = NodeId(f"{_NAMESPACE}e{number:031x}0")
            used = NodeId(f"{_NAMESPACE}e{max(0, number - 1):031x}0")
            yield Relation(f"g{number}", Kind.WAS_GENERATED_BY, made, job, "result", end)
            yield Relation(f"u{number}", Kind.USED, job, used, "input", end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A graph in memory, so that making it costs nobody anything."""

    all_nodes: tuple[Node, ...]
    all_relations: tuple[Relation, ...]

    def nodes(self) -> Iterator[Node]:
        """Give the nodes."""
        return iter(self.all_nodes)

    def relations(self) -> Iterator[Relation]:
        """Give the relations."""
        return iter(self.all_relations)


def write_with_library(graph: Graph, name: str, out: BinaryIO) -> None:
    """Build the same document with the PROV library, and write it."""
    document = ProvDocument()
    document.add_namespace("id", _NAMESPACE)
    document.add_namespace("voprov", VOPROV)
    document.add_namespace("provstore", PROVSTORE)
    for node in graph.nodes():
        _add_node(document, node)
    for relation in graph.relations():
        source, target = _short(relation.source), _short(relation.target)
        role = [("prov:role", relation.role)]
        if relation.kind is Kind.USED:
            document.usage(source, target, relation.time, other_attributes=role)
        else:
            document.generation(source, target, relation.time, other_attributes=role)
    if name == "provn":
        text = io.StringIO()
        document.serialize(text, format=name)
        out.write(text.getvalue().encode())
    else:
        document.serialize(out, format=name)


def _short(uri: str) -> str:
    return f"id:{uri.removeprefix(_NAMESPACE)}"


def _add_node(document: ProvDocument, node: Node) -> None:
    given: dict[str, Any] = dict(node.properties)
    named = [("prov:label", given["name"]), ("voprov:name", given["name"])]
    if Label.ACTIVITY in node.labels:
        mark = ("prov:type", document.valid_qualified_name("voprov:Activity"))
        rest = [("provstore:phase", given["phase"]), ("provstore:exitCode", given["exit_code"])]
        document.activity(_short(node.id), given["started_at"], given["ended_at"], [mark, *named, *rest])
        return
    mark = ("prov:type", document.valid_qualified_name("voprov:DatasetEntity"))
    rest = [("prov:location", given["location"]), ("voprov:contentType", given["content_type"])]
    rest += [("provstore:size", given["size"]), ("provstore:sha256", given["sha256"])]
    document.entity(_short(node.id), [mark, *named, *rest])


def _seconds(work: Callable[[BinaryIO], None], *, times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work(io.BytesIO())
        best = min(best, time.process_time() - start)
    return best


class _Nowhere(io.RawIOBase):
    """Takes bytes and keeps none, so that only the exporter's own memory is measured."""

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        return memoryview(data).nbytes if isinstance(data, bytes | bytearray | memoryview) else 0


def _peak(name: str, activities: int) -> float:
    """Run one export in a process of its own; give MiB over what it had before."""
    done = subprocess.run(
        [sys.executable, __file__, "--peak", name, "--activities", str(activities)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def _print_peak(name: str, activities: int) -> None:
    """Measure in this process; a child's own peak counter starts with its parent's, so it is set back first."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _high_water()
    out = io.BufferedWriter(_Nowhere())
    by_name(name).write(Document(graph=Chain(activities=activities), own_namespace=_NAMESPACE), out)
    print((_high_water() - before) / 1024)


def _high_water() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def _measure_store(url: str) -> None:
    store = open_store(Settings(graph_url=url))
    document = Document(graph=store.scan(), own_namespace=store.namespace)
    for name in _FORMATS:
        start = time.process_time()
        out = io.BytesIO()
        by_name(name).write(document, out)
        print(f"{name:10} {time.process_time() - start:6.2f} s  {len(out.getvalue())} bytes  {url}")
    store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activities", type=int, default=20_000)
    parser.add_argument("--once", action="store_true", help="one run of ours instead of the best of three")
    parser.add_argument("--store", help="address of a store to export as well")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        _print_peak(given.peak, given.activities)
        return
    chain = Chain(activities=given.activities)
    graph = Kept(all_nodes=tuple(chain.nodes()), all_relations=tuple(chain.relations()))
    print(f"{given.activities * 5} records; CPU seconds of building and writing")
    for name in _FORMATS:
        _compare(graph, name, times=1 if given.once else 3)
        print(f"{'':10} peak of memory over idle {_peak(name, given.activities):5.1f} MiB")
    if given.store:
        _measure_store(given.store)


def _compare(graph: Graph, name: str, *, times: int) -> None:
    document = Document(graph=graph, own_namespace=_NAMESPACE)

    def write_ours(out: BinaryIO) -> None:
        by_name(name).write(document, out)

    def write_theirs(out: BinaryIO) -> None:
        write_with_library(graph, _FORMATS[name], out)

    ours, theirs = _seconds(write_ours, times=times), _seconds(write_theirs, times=1)
    print(f"{name:10} library {theirs:6.2f}  ours {ours:6.2f}  {theirs / ours:5.1f} x")


if __name__ == "__main__":
    main()
