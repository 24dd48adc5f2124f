"""With which configuration an activity ran: parameters, configuration files, environment, host, image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.errors import NotFound
from provstore.graph.model import Kind, Label, Node, NodeId, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore
from provstore.graph.titles import local_part, title, value
from provstore.queries.asking import Parameter, Question, many_ids
from provstore.queries.facts import Facts, Named, Tie, neighbours
from provstore.queries.things import is_program, text_in

__all__ = ["QUESTION", "Asked", "ConfigFile", "Configuration", "Configured", "Setting", "configuration"]

_CONFIGURED: Final = (Step(Kind.WAS_CONFIGURED_BY),)
_MADE_BY: Final = (Step(Kind.WAS_GENERATED_BY),)
_ENVIRONMENT: Final = (
    *("service", "revision", "script_sha256", "executor", "host", "container", "modules", "cluster"),
    *("cluster_account", "resources", "isolated", "slurm_job_id", "slurm_partition", "slurm_nodes"),
    *("execution_duration", "cpu_seconds", "max_rss", "exit_code"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A parameter, or a key of a configuration file (``config_file`` names it); ``given``: else it is the default."""

    name: str
    value: str
    given: bool | None
    unit: str
    datatype: str
    config_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """A configuration file."""

    id: NodeId
    name: str
    location: str
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The configuration of one activity; ``software`` are the programs that took part, with their versions."""

    id: NodeId
    label: str
    parameters: tuple[Setting, ...]
    config_files: tuple[ConfigFile, ...]
    environment: Mapping[str, Value]
    software: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The configurations of the activities asked for, by id."""

    items: tuple[Configured, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    id: tuple[NodeId, ...]


def configuration(store: GraphStore, viewer: Viewer, asked: Asked) -> Configuration:
    """Give the configuration of activities, or of those that made some entities.

    Raises:
        NotFound: a node is not known (or may not be seen), or is no activity and was made by none.
    """
    activities = _activities(store, viewer, asked.id)
    facts = Facts(store, activities.values(), viewer)
    ties = neighbours(store, set(activities), _CONFIGURED, viewer)
    items = [_configured(facts, node, ties.get(node.id, ())) for node in facts.nodes.values()]
    return Configuration(items=tuple(sorted(items, key=lambda each: each.id)))


def _activities(store: GraphStore, viewer: Viewer, ids: Sequence[NodeId]) -> dict[NodeId, Node]:
    nodes = {node.id: node for node in store.get(ids, viewer)}
    others = {each for each, node in nodes.items() if Label.ACTIVITY not in node.labels}
    makers = neighbours(store, others, _MADE_BY, viewer)
    found = {each: node for each, node in nodes.items() if each not in others}
    for each in ids:
        if each not in nodes:
            raise NotFound(f"nothing is known of {each}", field="id", value=each)
        if each in others and not makers.get(each):
            raise NotFound(f"{each} is no activity, and none is known that made it", field="id", value=each)
        made_by = makers.get(each, ())
        jobs = [tie.node for tie in made_by if Label.JOB in tie.node.labels]
        found |= {node.id: node for node in jobs or [tie.node for tie in made_by]}
    return found


def _configured(facts: Facts, node: Node, ties: Sequence[Tie]) -> Configured:
    files = [tie.node for tie in ties if Label.CONFIG_FILE in tie.node.labels]
    settings = [_setting(named) for named in facts.parameters(node.id) if Label.CONFIG_FILE not in named.node.labels]
    environment = {name: node.properties[name] for name in _ENVIRONMENT if name in node.properties}
    told = {local_part(each.key): each.lexical for each in node.attributes if each.key.rpartition("#")[2] != "type"}
    return Configured(
        id=node.id,
        label=title(node),
        parameters=tuple(sorted(settings, key=lambda each: (each.config_file, each.name, each.value))),
        config_files=tuple(sorted(map(_file, files), key=lambda each: each.id)),
        environment=told | environment,
        software=tuple(sorted(_programs(facts, node.id))),
    )


def _programs(facts: Facts, activity: NodeId) -> set[str]:
    agents = {tie.node.id: tie.node for tie in facts.agents(activity)}.values()
    return {f"{title(each)} {text_in(each, 'version')}".strip() for each in agents if is_program(each)}


def _setting(named: Named) -> Setting:
    node = named.node
    given = node.properties.get("given")
    return Setting(
        name=named.name,
        value=value(node) or "; ".join(map(str, named.values)),
        given=given if isinstance(given, bool) else None,
        unit=text_in(node, "unit"),
        datatype=text_in(node, "datatype"),
        config_file=text_in(node, "config_file"),
    )


def _file(node: Node) -> ConfigFile:
    return ConfigFile(
        id=node.id,
        name=text_in(node, "file_name") or title(node),
        location=text_in(node, "location") or text_in(node, "url"),
        content_type=text_in(node, "content_type"),
        sha256=text_in(node, "sha256"),
    )


QUESTION: Final = Question(
    name="configuration",
    text="With which parameters, configuration files, environment, host and image a job ran.",
    of=Asked,
    ask=configuration,
    parameters=(
        Parameter(
            "id", many_ids, "a job or other activity, or a product: then of what made it", many=True, needed=True
        ),
    ),
)
