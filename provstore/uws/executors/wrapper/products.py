"""Results, measured where they were made: ``products.json``.

It is ``{"products": {PATTERN: [{"path", "name", "size", "sha256", "problem"}]}}`` with all that a pattern (a file name,
or a glob) finds in ``results``, else in ``work`` without what was staged there and is as it was. ``name``: under which
it was found; ``path``: the file itself, links followed. ``problem`` says by a word why it is no result.
"""

import fnmatch
import hashlib
import json
import os
from collections.abc import Callable, Iterator

from .record import replace
from .stamps import stamp

FOLDERS, WILD = ["results", "work"], "*?["
CHUNK = 1 << 20
NO_TEXT = [chr(number) for number in range(0xDC80, 0xDD00)]  # how Python spells bytes that are not UTF-8


class Products:
    """What a run has made.

    ``stamps``: time and size of what was in the working directory before. ``hurried`` tells, when asked, whether the
    rest is to be left without a measurement.
    """

    def __init__(self, stamps: "dict[str, tuple[int, int]]", hurried: "Callable[[], bool]") -> None:
        self.stamps, self.hurried = stamps, hurried
        self.run = os.getcwd()
        self.troubles: list[str] = []
        self.measured: dict[str, dict[str, object]] = {}

    def write(self, patterns: "list[str]") -> "list[str]":
        """Write ``products.json``; gives sentences on what could not be done."""
        found = {pattern: self._entries(pattern) for pattern in patterns}
        try:
            replace("products.json", json.dumps({"products": found}).encode() + b"\n")
        except OSError as error:
            self.troubles.append("the results could not be listed: " + str(error))
        return self.troubles

    def _entries(self, pattern: str) -> "list[dict[str, object]]":
        try:
            for folder in FOLDERS if pattern else []:
                files = [file for file in _look(folder, pattern) if not self._untouched(file)]
                if files:
                    return [self._entry(file) for file in files]
        except (OSError, ValueError) as error:
            self.troubles.append("results %s could not be looked for: %s" % (pattern, error))
        return []

    def _untouched(self, file: str) -> bool:
        return file in self.stamps and self.stamps[file] == stamp(file)

    def _entry(self, file: str) -> "dict[str, object]":
        real = os.path.realpath(file)
        facts = {"path": _text(file), "name": os.path.basename(_text(file)), "size": 0, "sha256": "", "problem": ""}
        facts["problem"] = _problem(file, real, self.run)
        if not facts["problem"]:
            facts["path"] = _text(os.path.relpath(real, self.run))
            if real not in self.measured:
                self.measured[real] = self._measure(real)
            facts.update(self.measured[real])
        return facts

    def _measure(self, file: str) -> "dict[str, object]":
        digest, size = hashlib.sha256(), 0
        try:
            with open(file, "rb", 0) as stream:
                while True:
                    if self.hurried():
                        return {"problem": "unmeasured"}
                    data = stream.read(CHUNK)
                    if not data:
                        break
                    digest.update(data)
                    size += len(data)
                os.fsync(stream.fileno())
        except OSError:
            return {"problem": "unreadable"}
        return {"size": size, "sha256": digest.hexdigest()}


def _look(folder: str, pattern: str) -> "list[str]":
    pattern = os.fsdecode(pattern.encode("utf-8"))
    if not any(one in pattern for one in WILD):
        file = os.path.normpath(folder + "/" + pattern)
        return [file] if os.path.lexists(file) else []
    found = set(_glob(folder, [part for part in pattern.split("/") if part not in ("", ".")]))
    return sorted(found, key=lambda file: _text(file).split("/"))


def _glob(folder: str, parts: "list[str]") -> "Iterator[str]":
    """Find what pathlib finds: in its old versions one link that leads nowhere ends the search."""
    if not parts:
        yield folder
    elif parts[0] == "**":
        for place, _, _ in os.walk(folder):
            yield from _glob(place, parts[1:])
    else:
        for name in _names(folder, parts[0]):
            file = folder + "/" + name
            if not parts[1:] or os.path.isdir(file):
                yield from _glob(file, parts[1:])


def _names(folder: str, part: str) -> "list[str]":
    if not any(one in part for one in WILD):
        return [part] if os.path.exists(folder + "/" + part) else []
    try:
        return [name for name in os.listdir(folder) if fnmatch.fnmatchcase(_text(name), _text(part))]
    except OSError:  # it may not be read
        return []


def _problem(file: str, real: str, run: str) -> str:
    """Tell why something is no result; the first that holds."""
    faults = [
        ("no-text", any(one in _text(file) for one in NO_TEXT)),
        ("dangling", os.path.islink(file) and not os.path.exists(file)),
        ("outside", not (real + "/").startswith(tuple(run + "/" + folder + "/" for folder in FOLDERS))),
        ("directory", os.path.isdir(real)),
        ("irregular", not os.path.isfile(real)),
    ]
    return next((word for word, holds in faults if holds), "")


def _text(file: str) -> str:
    """Spell a file name the same in every locale."""
    return os.fsencode(file).decode("utf-8", "surrogateescape")
