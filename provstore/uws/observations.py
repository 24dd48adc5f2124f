"""What a client says of the products of a job to be, in the words of ObsCore: values called ``obscore.COLUMN``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from provstore.errors import Invalid
from provstore.graph.obscore import column_fault

__all__ = ["OBSERVED", "observed_of"]

OBSERVED: Final = "obscore."
"""So begin the names of such values, in any case."""


def observed_of(values: Mapping[str, str], parameters: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part the columns of ObsCore from the job's other values.

    Args:
        values: As sent.
        parameters: Names of the service's own, which win.

    Returns:
        The columns with their values, and the other values under the names as given.

    Raises:
        Invalid: there is no such column, or its value is wrong.
    """
    own = frozenset(parameters)
    names = [name for name in values if name.lower().startswith(OBSERVED) and name not in own]
    record: dict[str, str] = {}
    for name in names:
        column, text = name.lower().removeprefix(OBSERVED), values[name].strip()
        if text and (fault := column_fault(column, text)):
            raise Invalid(f"{name}: {fault}", field=name, value=text)
        if text:
            record[column] = text
    return record, {name: value for name, value in values.items() if name not in names}
