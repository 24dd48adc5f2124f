"""How a product was made, as an account to be read: plain text that is Markdown, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Viewer, format_instant
from provstore.graph.store import GraphStore
from provstore.graph.titles import local_part, title, value
from provstore.queries.answers import Text
from provstore.queries.asking import Parameter, Question, number, one_id
from provstore.queries.chains import Asked as AskedWho
from provstore.queries.chains import Chain, read_chain
from provstore.queries.facts import Named, Tie, revisions_of, types_of
from provstore.queries.questions.who import Credited, who
from provstore.queries.things import duration_of, instant_in, text_in

__all__ = ["QUESTION", "Asked", "report"]

_LIMIT: Final = 1_000
_LISTED: Final = 50
_LONGEST: Final = 200
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|])")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of all that follows them on a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    id: NodeId
    depth: int | None = None
    limit: int = _LIMIT


def report(store: GraphStore, viewer: Viewer, asked: Asked) -> Text:
    """Tell how something was made: of what, by which steps with which parameters, by whom.

    Raises:
        NotFound: it is not known (or may not be seen).
    """
    chain = read_chain(store, [asked.id], viewer, depth=asked.depth, limit=asked.limit)
    node = chain.facts.nodes[asked.id]
    people = who(store, viewer, AskedWho(id=(asked.id,), depth=asked.depth, limit=asked.limit))
    lines = [
        f"# How {plain(title(node))} was made",
        "",
        *_head(node),
        *_section("Sources", map(_thing, _sources(chain))),
        *_section("Steps", _steps(chain), numbered=True),
        *_section("People, organizations and software", map(_person, people.items)),
        *_remarks(chain, asked),
    ]
    return Text(text="\n".join(lines).rstrip() + "\n")


def plain(text: str) -> str:
    """Make a stranger's text safe in a line of Markdown."""
    told = _BLANKS.sub(" ", _TURNING.sub("", text)).strip()
    short = told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"
    return _SPECIAL.sub(r"\\\1", short)


def _head(node: Node) -> Iterator[str]:
    facts = {
        "Id": plain(node.id),
        "What": plain(", ".join((*sorted(node.labels), *map(local_part, types_of(node))))),
        "Made": _instant(instant_in(node, "generated_at")),
        "Began": _instant(instant_in(node, "started_at")),
        "Content type": plain(text_in(node, "content_type")),
        "Size": f"{text_in(node, 'size')} bytes" if "size" in node.properties else "",
        "SHA-256": text_in(node, "sha256"),
        "Place": plain(text_in(node, "location")),
        "Gone since": _instant(instant_in(node, "invalidated_at")),
    }
    return (f"- {name}: {told}" for name, told in facts.items() if told)


def _section(name: str, lines: Iterable[str], *, numbered: bool = False) -> Iterator[str]:
    told = list(lines)
    if not told:
        return
    yield from ("", f"## {name}", "")
    yield from (f"{number}. {line}" if numbered else f"- {line}" for number, line in enumerate(told, start=1))


def _sources(chain: Chain) -> Sequence[Node]:
    """Give the things that nothing in the chain made."""
    made = {edge.source for edge in chain.graph.edges if edge.kind in (Kind.WAS_GENERATED_BY, Kind.WAS_DERIVED_FROM)}
    found = [node for node in chain.nodes() if Label.ENTITY in node.labels and node.id not in made]
    return sorted((node for node in found if chain.distance[node.id]), key=lambda each: (title(each), each.id))


def _thing(node: Node) -> str:
    given = value(node)
    told = f"{plain(title(node))} = {plain(given)}" if given and given != title(node) else plain(title(node))
    checksum = text_in(node, "sha256")
    return f"{told} ({', '.join(each for each in (plain(node.id), _short(checksum)) if each)})"


def _short(checksum: str) -> str:
    return f"SHA-256 {checksum[:12]}…" if checksum else ""


def _steps(chain: Chain) -> Iterator[str]:
    for node in chain.activities():
        yield "\n".join(
            (f"**{plain(title(node))}** {_when(node)}".rstrip(), *(f"   - {each}" for each in _told(chain, node)))
        )


def _when(node: Node) -> str:
    started, took = _instant(instant_in(node, "started_at")), duration_of(node)
    phase = text_in(node, "phase")
    told = (
        f"began {started}" if started else "",
        f"took {took.total_seconds():.10g} s" if took is not None else "",
        f"on {plain(text_in(node, 'host'))}" if "host" in node.properties else "",
        f"phase {phase}" if phase not in ("", "COMPLETED") else "",
    )
    return f"({', '.join(each for each in told if each)})" if any(told) else ""


def _told(chain: Chain, node: Node) -> Iterator[str]:
    facts = chain.facts
    yield plain(node.id)
    for each in facts.descriptions(node.id):
        versions = " ".join(dict.fromkeys(revisions_of(each)))
        page = text_in(each, "docurl")
        yield (
            f"method: {plain(title(each))}"
            + (f", version {plain(versions)}" if versions else "")
            + (f", see {plain(page)}" if page else "")
        )
    yield from _listed("parameter", [_parameter(each) for each in facts.parameters(node.id)])
    configured = {each.node.id for each in facts.parameters(node.id)}
    yield from _listed("used", [_in_role(tie) for tie in facts.used(node.id) if tie.node.id not in configured])
    yield from _listed("made", [_in_role(tie) for tie in facts.made(node.id)])
    yield from _listed("by", [_in_role(tie) for tie in facts.agents(node.id)])


def _listed(word: str, told: Sequence[str]) -> Iterator[str]:
    ordered = sorted(dict.fromkeys(told))
    yield from (f"{word}: {each}" for each in ordered[:_LISTED])
    if len(ordered) > _LISTED:
        yield f"{word}: {len(ordered) - _LISTED} more"


def _parameter(named: Named) -> str:
    default = " (default)" if named.node.properties.get("given") is False else ""
    unit = text_in(named.node, "unit")
    told = value(named.node) or ", ".join(map(str, named.values))
    return f"{plain(named.name)} = {plain(told)}{f' {plain(unit)}' if unit else ''}{default}"


def _in_role(tie: Tie) -> str:
    role = local_part(tie.relation.role) if tie.relation.role else ""
    name = plain(title(tie.node))
    return f"{name} as {plain(role)}" if role and role != title(tie.node) else name


def _person(agent: Credited) -> str:
    roles = f": {plain(', '.join(agent.roles))}" if agent.roles else ""
    mail = f" <{plain(agent.email)}>" if agent.email else ""
    return f"{plain(agent.label)}{mail}{roles}{' (of what it was made of)' if agent.inherited else ''}"


def _remarks(chain: Chain, asked: Asked) -> Iterator[str]:
    told = (
        (chain.graph.truncated, f"There is more than the {asked.limit} nodes told here."),
        (chain.graph.restricted, "Something that you may not see was left out."),
    )
    for is_so, line in told:
        if is_so:
            yield from ("", line)


def _instant(at: datetime | None) -> str:
    return format_instant(at.replace(microsecond=0)).replace(".000000", "") if at else ""


QUESTION: Final = Question(
    name="report",
    text="How something was made, as an account to be read (Markdown).",
    of=Asked,
    ask=report,
    parameters=(
        Parameter("id", one_id, "the local part, QName or URI of a node", needed=True),
        Parameter("depth", number(0, all_as_none=True), "number of relations towards the causes", default="all"),
        Parameter("limit", number(1), f"at most so many nodes, the nearest first [{_LIMIT}]"),
    ),
)
