"""Questions in words, and what they are asked about: jobs of our own and documents that somebody brought."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provstore.graph.model import (
    EVERYBODY,
    PROVSTORE,
    PUBLIC,
    Attribute,
    Kind,
    Label,
    Node,
    Relation,
    Value,
    Viewer,
)
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Author, Documents, Source
from provstore.ingest.registry import by_name as notation
from provstore.queries.asking import Asker, answer
from provstore.queries.catalog import by_name
from provstore.web.answers_json import answer_json
from tests.contract.graph_builders import NAMESPACE, add, agent, at, entity, having, job, node, parameter, relation

__all__ = ["ANYBODY", "EX", "ask", "bring", "local", "locals_of", "survey", "tell"]

EX: Final = "http://example.org/run/"
ANYBODY: Final = Viewer()
_REVISION: Final = (Attribute("http://www.w3.org/ns/prov#type", "http://www.w3.org/ns/prov#Revision"),)


def ask(store: GraphStore, question: str, viewer: Viewer = EVERYBODY, /, **given: object) -> Any:
    """Ask in words; ``_`` stands for ``-``, and a trailing one for nothing."""
    found = by_name(question)
    assert found is not None, question
    words: Mapping[str, Sequence[str]] = {
        name.rstrip("_").replace("_", "-"): [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in given.items()
    }
    return answer(found, words, Asker(store=store, viewer=viewer))


def tell(store: GraphStore, question: str, viewer: Viewer = EVERYBODY, /, **given: object) -> Any:
    """Ask in words, and give what HTTP would answer."""
    return answer_json(ask(store, question, viewer, **given))


def bring(store: GraphStore, text: str, *, readers: frozenset[str] = frozenset({PUBLIC})) -> str:
    """Import a document in PROV-N; of its body the statements only."""
    whole = f"document\nprefix ex <{EX}>\n{text}\nendDocument\n"
    reading = notation("prov-n").read(io.BytesIO(whole.encode()), unqualified="urn:x:")
    author = Author(agent=agent("importer"), viewer=EVERYBODY, readers=readers)
    source = Source(name="run", notation="prov-n", size=len(whole), sha256="")
    return Documents(store).add(reading, source, author).document


def local(uri: str) -> str:
    """Give the last part of an id."""
    return uri.removeprefix(NAMESPACE).removeprefix(EX)


def locals_of(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the last parts of the ids of a list."""
    return [local(str(one["id"])) for one in items]


def _described(name: str, revision: int, *, revised: bool) -> Node:
    facts: dict[str, Value] = {"revised_at": at(50)} if revised else {}
    facts |= {"name": name, "revision": revision, "version": f"{revision}.0", "docurl": f"https://example.org/{name}"}
    facts["script_sha256"] = f"{revision}" * 64
    return having(node(f"d-{name}-{revision}", Label.ACTIVITY_DESCRIPTION), facts)


def _given(name: str, of: str, text: str, *, given: bool = True) -> list[Node | Relation]:
    local_part = f"{of}.{name}"
    made = parameter(local_part, name=name, value=text, given=given, datatype="double", unit="K")
    return [made, relation(Kind.WAS_CONFIGURED_BY, of, local_part)]


def _run(name: str, *, of: str, minute: int, revision: int = 1, owner: str = "alice", **more: Any) -> list[Any]:
    """A job of the service ``of`` with its description and owner."""
    facts = {"service": of, "name": of, "phase": "COMPLETED", "owner": owner, "created_at": at(minute)}
    times = {"started_at": at(minute + 1), "ended_at": at(minute + 3)}
    history = f'[["PENDING","2026-01-01T00:{minute:02d}:00.000000Z","x"],["COMPLETED","2026-01-01T00:{minute + 3:02d}:00.000000Z","x"]]'  # noqa: E501
    made = job(name, **{**facts, **times, "history": history, "host": "node7", "cpu_seconds": 1.5, **more})
    return [
        made,
        relation(Kind.IS_DESCRIBED_BY, name, f"d-{of}-{revision}"),
        relation(Kind.WAS_ASSOCIATED_WITH, name, owner, role="Operator"),
    ]


def _product(name: str, by: str, minute: int, *of: str, role: str = "image", **more: Any) -> list[Any]:
    facts = {"name": name, "sha256": f"sum-{name}", "content_type": "image/fits", "generated_at": at(minute)}
    return [
        entity(name, **{**facts, **more}),
        relation(Kind.WAS_GENERATED_BY, name, by, role=role, time=at(minute)),
        *(relation(Kind.WAS_DERIVED_FROM, name, one) for one in of),
    ]


def survey(store: GraphStore) -> None:
    """Two exposures calibrated (by two revisions) with one flat, and stacked; one of the raw files is bob's secret.

    raw1 -> cal1 -> clean1 -> stack -> deep; raw2 -> cal2 -> clean2 -> stack; flat -> cal1, cal2; cal3 repeats cal1.
    """
    add(
        store,
        agent("alice", name="Alice", type="Person"),
        agent("vera", name="Vera Rubin", email="vera@example.org"),
        agent("site", name="Observatory", type="Organization"),
        relation(Kind.ACTED_ON_BEHALF_OF, "alice", "site"),
        *(
            _described(*one, revised=two)
            for one, two in ((("cal", 1), True), (("cal", 2), False), (("stack", 1), False))
        ),
        relation(Kind.WAS_DERIVED_FROM, "d-cal-2", "d-cal-1")._replace(attributes=_REVISION),
        relation(Kind.WAS_ATTRIBUTED_TO, "d-cal-1", "vera", role="contact"),
        entity("raw1", name="raw1.fits", sha256="sum-raw1", location="files/raw1.fits", generated_at=at(1))._replace(
            attributes=(Attribute(f"{PROVSTORE}md5", "00ff"),)
        ),
        entity("raw2", name="raw2.fits", sha256="sum-raw2", generated_at=at(2), readers=frozenset({"user:bob"})),
        entity("flat", name="flat.fits", sha256="sum-flat", generated_at=at(3)),
        *_run("cal1", of="cal", minute=10),
        *_given("threshold", "cal1", "5", given=False),
        *_run("cal2", of="cal", minute=20, revision=2),
        *_given("threshold", "cal2", "7"),
        *_run("stack", of="stack", minute=30),
        *_run("cal3", of="cal", minute=40, owner="vera"),
        *_given("threshold", "cal3", "5"),
        *(relation(Kind.USED, *one, role="raw") for one in (("cal1", "raw1"), ("cal2", "raw2"), ("cal3", "raw1"))),
        *(relation(Kind.USED, one, "flat", role="flat") for one in ("cal1", "cal2", "cal3")),
        *_product("clean1", "cal1", 13, "raw1", "flat"),
        *_product("clean2", "cal2", 23, "raw2", "flat"),
        *_product("clean3", "cal3", 43, "raw1", "flat", sha256="sum-clean1"),
        *(relation(Kind.USED, "stack", one, role="image") for one in ("clean1", "clean2")),
        *_product("deep", "stack", 33, "clean1", "clean2"),
    )
