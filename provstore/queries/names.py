"""Names as people write them: ids of nodes, and keys of attributes, by local part, QName of a known prefix, or URI."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from provstore.errors import Invalid
from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.graph.model import EVERYBODY, PROV, PROVSTORE, VOPROV, XSD, Label, NodeId, Viewer
from provstore.graph.obscore import COLUMNS, OBSCORE
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, every

__all__ = [
    "PREFIX",
    "ambiguity",
    "every_key",
    "expand",
    "keys",
    "meanings",
    "prefixes_of",
    "resolve",
    "resolve_all",
    "types",
]

PREFIX: Final = "id"
"""The prefix of the store's own namespace."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_QNAME: Final = re.compile(r"([^:/?#\s]+):(?!//)(.*)", re.DOTALL)
_KNOWN: Final = {"prov": PROV, "voprov": VOPROV, "provstore": PROVSTORE, "obscore": OBSCORE, "xsd": XSD}
_DEFAULT: Final = "default"
_MOST: Final = 1_000
_SEPARATOR: Final = re.compile(r"[#/:=]")
_CUTS: Final = 6
"""Places tried in a URI, from its end: a hostile one may hold thousands of separators."""


def expand(text: str, namespace: str) -> NodeId:
    """Give the full URI that an id stands for, without asking which prefixes documents have declared."""
    if text.startswith(f"{PREFIX}:"):
        return NodeId(namespace + text.removeprefix(f"{PREFIX}:"))
    return NodeId(text if _SCHEME.match(text) else namespace + text)


def resolve(store: GraphStore, text: str, viewer: Viewer = EVERYBODY) -> NodeId:
    """Give the full URI that an id stands for; see :func:`resolve_all`."""
    return resolve_all(store, [text], viewer)[0]


def resolve_all(store: GraphStore, texts: Sequence[str], viewer: Viewer = EVERYBODY) -> tuple[NodeId, ...]:
    """Give the full URIs that ids stand for, in their order; one that nobody knows stays as it would be read first.

    Raises:
        Invalid: a QName stands for several nodes, since documents use its prefix for several namespaces.
    """
    found = meanings(store, texts, viewer)
    unclear = next((text for text in texts if len(found[text]) > 1), None)
    if unclear is not None:
        raise Invalid(ambiguity(unclear, found[unclear]), field="id", value=unclear)
    return tuple(found[text][0] for text in texts)


def meanings(store: GraphStore, texts: Sequence[str], viewer: Viewer = EVERYBODY) -> Mapping[str, tuple[NodeId, ...]]:
    """Give what each id may stand for, at least one URI; as :func:`resolve_all`, which refuses those with several."""
    plain = {text: expand(text, store.namespace) for text in texts}
    known = {node.id for node in store.get(list(dict.fromkeys(plain.values())), viewer)}
    parts = {text: _parts(text) for text, uri in plain.items() if uri not in known}
    spaces = {prefix: _namespaces(store, prefix, viewer) for prefix in dict.fromkeys(one for one, _ in parts.values())}
    others = {text: [NodeId(uri + local) for uri in spaces[prefix]] for text, (prefix, local) in parts.items()}
    wanted = list(dict.fromkeys(uri for uris in others.values() for uri in uris))
    found = {node.id for node in store.get(wanted, viewer)} if wanted else set()
    there = {text: dict.fromkeys(one for one in uris if one in found) for text, uris in others.items()}
    return {text: tuple(there.get(text, ())) or (uri,) for text, uri in plain.items()}


def prefixes_of(store: GraphStore, uris: Iterable[str], viewer: Viewer = EVERYBODY) -> Mapping[str, str]:
    """Give the prefixes that documents use for the namespaces of some URIs; of several the shortest."""
    known = (store.namespace, *_KNOWN.values())
    cuts = Counter(cut for uri in uris if not uri.startswith(known) for cut in _cuts(uri))
    wanted = tuple(sorted(cut for cut, _ in cuts.most_common(_MOST)))
    if not wanted:
        return {}
    condition = Condition(label=Label.NAMESPACE, filters=(Filter("uri", Op.IN, wanted),))
    page = store.find(Find(condition=condition, limit=_MOST), viewer)
    pairs = [(str(node.properties["prefix"]), str(node.properties["uri"])) for node in page.items]
    chosen: dict[str, str] = {}
    for prefix, uri in sorted(pairs, key=lambda pair: (pair[1], len(pair[0]), pair[0])):
        if prefix != _DEFAULT and prefix not in chosen and uri not in chosen.values():
            chosen[prefix] = uri
    return chosen


def _cuts(uri: str) -> list[str]:
    return [uri[: match.end()] for match in _SEPARATOR.finditer(uri)][-_CUTS:]


def ambiguity(text: str, meanings: Collection[NodeId]) -> str:
    """Say that a QName stands for several nodes."""
    return f"{text!r} may be {' or '.join(sorted(meanings))}: write the URI"


def _parts(text: str) -> tuple[str, str]:
    """Split a name into a prefix of documents and the local part; one without prefix is in their default."""
    match = _QNAME.fullmatch(text)
    return (match[1], match[2]) if match else (_DEFAULT, text)


def _namespaces(store: GraphStore, prefix: str, viewer: Viewer) -> tuple[str, ...]:
    condition = Condition(label=Label.NAMESPACE, filters=(Filter("prefix", Op.EQ, prefix),))
    page = store.find(Find(condition=condition, limit=_MOST), viewer)
    return tuple(str(node.properties.get("uri", "")) for node in page.items)


def keys(store: GraphStore, text: str, viewer: Viewer = EVERYBODY) -> tuple[str, ...]:
    """Give the keys of attributes that a name may mean: a URI, a QName, or a local name.

    All that documents use under a local name are meant together, unless they belong to different vocabularies.

    Raises:
        Invalid: a local name that several vocabularies use for keys of their own.
    """
    found = every_key(store, text, viewer)
    foreign = [uri for uri in found if not uri.startswith((*VOPROV_NAMESPACES, PROV))]
    if len(foreign) > 1 and _is_local(text):
        both = " or ".join(foreign)
        raise Invalid(f"{text!r} may be {both}: write the QName or URI", field="key", value=text)
    return found


def every_key(store: GraphStore, text: str, viewer: Viewer = EVERYBODY) -> tuple[str, ...]:
    """Give the keys of attributes that a name may mean, as :func:`keys`, but of all vocabularies together."""
    return _local_keys(store, text, viewer) if _is_local(text) else _uris(store, text, viewer)


def types(store: GraphStore, text: str, viewer: Viewer = EVERYBODY) -> tuple[str, ...]:
    """Give the types that a name may mean: itself, a URI, a QName, or a local name in any namespace of documents."""
    if not _is_local(text):
        return tuple(dict.fromkeys((text, *_uris(store, text, viewer))))
    page = store.find(Find(condition=Condition(label=Label.NAMESPACE), limit=_MOST), viewer)
    spaces = (*_KNOWN.values(), *VOPROV_NAMESPACES, *(str(node.properties.get("uri", "")) for node in page.items))
    return (text, *dict.fromkeys(space + text for space in spaces))


def _is_local(text: str) -> bool:
    return _QNAME.fullmatch(text) is None and "/" not in text and "#" not in text


def _uris(store: GraphStore, text: str, viewer: Viewer) -> tuple[str, ...]:
    match = _QNAME.fullmatch(text)
    if match is None:
        return (text,)
    prefix, local = match.groups()
    if prefix in _KNOWN:
        return _every_voprov(_KNOWN[prefix] + local)
    return tuple(uri + local for uri in _namespaces(store, prefix, viewer)) or (text,)


def _every_voprov(key: str) -> tuple[str, ...]:
    if not key.startswith(VOPROV):
        return (key,)
    return tuple(space + key.removeprefix(VOPROV) for space in VOPROV_NAMESPACES)


def _local_keys(store: GraphStore, local: str, viewer: Viewer) -> tuple[str, ...]:
    condition = Condition(label=Label.TERM, filters=(Filter("name", Op.EQ, local),))
    found = {str(node.properties["uri"]) for node in every(store, Find(condition=condition), viewer)}
    if local in COLUMNS:
        found.add(OBSCORE + local)
    return tuple(sorted(found))
