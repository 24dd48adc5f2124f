"""What a job or the store is sent: values as texts, files as streams."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from provstore.errors import Invalid

__all__ = ["Input", "Source", "Value", "opened_files", "opened_source", "texts_of"]

Value = str | float | datetime | Iterable[str | float | datetime] | None
"""A value: text, number, truth value or instant (UTC, if it has no zone), or several; None for not given."""

Source = Path | str | bytes | BinaryIO
"""A file: where it is, its content, or a file that is open."""

Input = Source | Sequence[Source]
"""One file, or several for one name."""

_Part = tuple[str, tuple[str, BinaryIO]]


def texts_of(value: Value) -> tuple[str, ...]:
    """Write a value as the server reads it."""
    if value is None:
        return ()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(text for one in value for text in texts_of(one))
    return (_text(value),)


def _text(value: str | float | datetime) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)


@contextmanager
def opened_files(files: Mapping[str, Input]) -> Iterator[Sequence[_Part]]:
    """Open the files of a form, several of one name after each other; those that were open stay so.

    Raises:
        Invalid: one of them is not there.
    """
    with ExitStack() as stack:
        yield [
            (name, stack.enter_context(opened_source(one, name=name)))
            for name, given in files.items()
            for one in (given if isinstance(given, list | tuple) else (given,))
        ]


@contextmanager
def opened_source(source: Any, *, name: str) -> Iterator[tuple[str, BinaryIO]]:
    """Open a file and give the name it has, else ``name``; one that was open stays so.

    Raises:
        Invalid: it is not there.
    """
    if isinstance(source, bytes):
        yield name, io.BytesIO(source)
    elif isinstance(source, Path | str):
        try:
            file = Path(source).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise Invalid(f"{name}: {source} can't be read: {error.strerror}", field=name, value=str(source)) from error
        with file:
            yield Path(source).name, file
    else:
        yield Path(str(getattr(source, "name", "") or name)).name, source
