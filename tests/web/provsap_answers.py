"""Answers of ProvSAP, read as far as tests compare them."""

from __future__ import annotations

import json
from typing import Any, Final

from prov.model import ProvDocument

from tests.web.served import Served

__all__ = ["PLACE", "ask", "names", "of_type", "pairs", "things"]

PLACE: Final = "/provsap"


def ask(served: Served, *ids: str, **query: Any) -> Any:
    """Give the PROV-JSON of an answer."""
    answer = served.anonymous.get(PLACE, query_string={"ID": list(ids), **query})
    assert (answer.status_code, answer.content_type) == (200, "application/json"), answer.text
    ProvDocument.deserialize(content=answer.text, format="json")
    return json.loads(answer.text)


def names(answer: Any, *sections: str) -> set[str]:
    """The local parts of the elements of some sections, all by default, without what the answer says of itself."""
    found = (name for section in sections or ("activity", "entity", "agent") for name in answer.get(section, {}))
    return {name.partition(":")[2] for name in found if name != "provstore:answer"}


def of_type(answer: Any, kind: str) -> set[str]:
    return {
        name.partition(":")[2]
        for section in ("entity", "activity", "agent")
        for name, one in answer.get(section, {}).items()
        if f"voprov:{kind}" in json.dumps(one.get("prov:type", ""))
    }


def things(answer: Any) -> set[str]:
    """Activities and entities of an answer without what stands beside them."""
    beside = {"Parameter", "ConfigFile", "ActivityDescription", "UsageDescription", "GenerationDescription"}
    beside |= {"EntityDescription", "ParameterDescription", "ConfigFileDescription"}
    return names(answer, "activity", "entity").difference(*(of_type(answer, one) for one in beside))


def pairs(answer: Any, section: str) -> set[tuple[str, ...]]:
    """Both ends of each relation of a section that has both."""
    ends = {"wasGeneratedBy": ("entity", "activity"), "used": ("activity", "entity")}
    first, second = ends.get(section, ("generatedEntity", "usedEntity"))
    return {
        (one[f"prov:{first}"].partition(":")[2], one[f"prov:{second}"].partition(":")[2])
        for one in answer.get(section, {}).values()
        if f"prov:{second}" in one
    }
