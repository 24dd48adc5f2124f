"""Whether a service can run with nothing given: with the defaults of its description alone."""

from __future__ import annotations

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.values import absent_files, complete
from provstore.uws.inputs.sources import Given, items_of

__all__ = ["runs_with_defaults"]


def runs_with_defaults(description: Description) -> bool:
    """Tell whether every parameter and input that a job must have is there by default."""
    here = {name for name, _ in description.files}
    given = Given(texts={}, items={})
    try:
        values = {one.definition.name: one.value for one in complete(description, {})}
        items = {used: items_of(used, given, values) for used in description.inputs}
    except Invalid:
        return False
    return not any(absent_files(used, str(one), here) for used, some in items.items() for one in some)
