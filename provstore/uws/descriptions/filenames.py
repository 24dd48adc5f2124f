"""Where a result is looked for: a file name or a glob, relative to the results and the working directory."""

from __future__ import annotations

from collections.abc import Mapping

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Generated

__all__ = ["pattern_fault", "result_pattern"]


def pattern_fault(pattern: str) -> str:
    """Tell what is wrong with a file name or glob; "" if nothing is."""
    if not pattern.strip():
        return "is empty"
    if pattern.startswith(("/", "~")):
        return "is not relative"
    if ".." in pattern.split("/"):
        return "leads out of the directory with '..'"
    if any(character in pattern for character in "\0\n\r\\"):
        return "holds a backslash, a line end or NUL"
    return "names a directory" if pattern.endswith("/") or pattern in {".", "./"} else ""


def result_pattern(generated: Generated, parameters: Mapping[str, str]) -> str:
    """File name or glob of a result in one job: the value of its parameter if it has one, else the declared default.

    Args:
        generated: The declared result.
        parameters: Values of the job by parameter name.

    Raises:
        Invalid: it is empty, absolute, or leads out of the job's directory.
    """
    name = generated.ref or generated.name
    pattern = parameters.get(name) or generated.default
    fault = pattern_fault(pattern)
    if fault:
        rule = "right is a file name or glob inside the job's directory"
        raise Invalid(
            f"file name {pattern!r} of the result {generated.name} {fault}; {rule}", field=name, value=pattern
        )
    return pattern
