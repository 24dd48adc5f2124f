"""What descriptions say of the ObsCore records of products: values, and where values come from.

A value that begins with ``@`` is a reference: ``@NAME`` takes the column from the record of the used entity NAME (the
first, where there are several), or the value of the parameter NAME; ``@`` alone takes it from the header of the product
itself. Nothing is inherited without such a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from provstore.graph.obscore import COLUMNS, column_fault

__all__ = ["HEADER", "described_fault", "described_record", "is_reference"]

HEADER: Final = ""
"""The name that stands for the header of the product itself."""
_REFERENCE: Final = re.compile(r"@([A-Za-z_][A-Za-z0-9_.-]*)?\Z")


def is_reference(value: str) -> bool:
    """Tell whether a value says where the value comes from."""
    return _REFERENCE.match(value) is not None


def described_fault(column: str, value: str, *, names: Iterable[str]) -> str:
    """Tell what is wrong with what a description says of a column; "" if nothing is.

    Args:
        column: Of ObsCore.
        value: A value or a reference.
        names: Of the inputs and parameters of the description.
    """
    if column not in COLUMNS or not is_reference(value):
        return column_fault(column, value)
    name = value[1:]
    return "" if name == HEADER or name in names else f"refers to {name!r}, which is neither an input nor a parameter"


def described_record(columns: Iterable[tuple[str, str]], records: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
    """Give the record that a description promises of a product, without what can't be a value of its column.

    Args:
        columns: As described.
        records: Gives the record of an input, of a parameter (its value in every column), or of the `HEADER`.
    """
    found: dict[str, str] = {}
    for column, value in columns:
        text = records(value[1:]).get(column, "") if is_reference(value) else value
        if not column_fault(column, text):
            found[column] = text
    return found
