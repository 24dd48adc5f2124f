"""Resources that a job may ask of a cluster, named as sbatch's options: what values look like, how they compare."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

__all__ = ["RESOURCES", "Resource", "seconds_of"]

Amounts = Mapping[str, float]
"""How much is asked for: of a resource that counts several things of each, by name, else under the empty name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource. ``meaning`` says what it is, ``rule`` what its values look like.

    ``measure`` gives what is held against a maximum, ``parts`` the names that must be allowed; a resource has one of
    them, or both.
    """

    name: str
    meaning: str
    pattern: re.Pattern[str]
    rule: str
    measure: Callable[[str], Amounts] | None = None
    parts: Callable[[str], tuple[tuple[str, ...], ...]] | None = None

    def accepts(self, value: str) -> bool:
        """Tell whether a value has the right form."""
        if not self.pattern.match(value):
            return False
        low, dash, high = value.partition("-")
        return self.name != "nodes" or not dash or int(low) <= int(high)

    def exceeds(self, value: str, most: str) -> bool:
        """Tell whether a value asks for more than another one does, of anything that the other one names."""
        if self.measure is None:
            return False
        limits = self.measure(most)
        return any(amount > limits.get(name, inf) for name, amount in self.measure(value).items())

    def is_endless(self, value: str) -> bool:
        """Tell whether a value says that a job has no time limit."""
        return self.measure is _time and seconds_of(value) == inf

    @property
    def is_count(self) -> bool:
        """Whether its values are plain numbers."""
        return self.measure is _count

    def is_bounded(self, value: str, most: str) -> bool:
        """Tell whether everything that a value asks for has a maximum."""
        return self.measure is not None and self.measure(value).keys() <= self.measure(most).keys()


def seconds_of(text: str) -> float:
    """Read a time limit as sbatch does: minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S; 0 is no limit."""
    days, dash, rest = text.rpartition("-")
    numbers = [int(one) for one in rest.split(":")]
    if dash:
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    elif len(numbers) == 1:
        hours, minutes, seconds = 0, numbers[0], 0
    else:
        hours, minutes, seconds = (0, *numbers)[-3:]
    return int(days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds or inf


def _time(text: str) -> Amounts:
    return {"": seconds_of(text)}


def _count(text: str) -> Amounts:
    return {"": int(text)}


def _upper_end(text: str) -> Amounts:
    return {"": int(text.rpartition("-")[2])}


def _kibibytes(text: str) -> Amounts:
    """0 is all that a node has."""
    upper = text.upper()
    unit = upper[-1] if upper[-1] in _KIBIBYTES else "M"
    return {"": int(upper.rstrip(_UNITS)) * _KIBIBYTES[unit] or inf}


_UNITS: Final = "KMGT"
_KIBIBYTES: Final = {unit: 1024**power for power, unit in enumerate(_UNITS)}


def _generic(text: str) -> Amounts:
    """Count generic resources by name: ``gpu:a100:2`` and ``gpu`` are three of ``gpu``."""
    counts: Counter[str] = Counter()
    for item in text.split(","):
        name, count = _item(item)
        counts[re.split("[:=]", name)[0]] += count
    return counts


def _item(item: str) -> tuple[str, int]:
    """Part a generic resource (``gpu:a100``) from how many of it."""
    match = _COUNTED.match(item)
    if match is None:
        return item, 1
    return match["name"], int(match["count"]) * 1024 ** (" kmgtp".index(match["unit"].lower() or " "))


_COUNTED: Final = re.compile(r"(?P<name>.+)[:=](?P<count>[0-9]+)(?P<unit>[KkMmGgTtPp]?)\Z")


def _listed(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple((one,) for one in text.split(","))


def _items(text: str) -> tuple[tuple[str, ...], ...]:
    """A generic resource is allowed with its count, or whatever its count."""
    return tuple((one, _item(one)[0]) for one in text.split(","))


def _features(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple((one,) for one in re.split(r"[&|,()\[\]!*]+", re.sub(r"\*[0-9]+", "", text)) if one)


_COUNT: Final = re.compile(r"[1-9][0-9]{0,8}\Z")
_COUNT_RULE: Final = "a whole number, 1 or above"
_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:+@-]{0,199}\Z")
_WORD_RULE: Final = "a plain name"


def _counted(name: str, meaning: str) -> Resource:
    return Resource(name=name, meaning=meaning, pattern=_COUNT, rule=_COUNT_RULE, measure=_count)


def _named(name: str, meaning: str) -> Resource:
    return Resource(name=name, meaning=meaning, pattern=_WORD, rule=_WORD_RULE, parts=_listed)


_ALL: Final = (
    Resource(
        name="mem",
        meaning="memory on each node",
        pattern=re.compile(r"[0-9]{1,9}[KMGTkmgt]?\Z"),
        rule="a size, as 4G or 500M",
        measure=_kibibytes,
    ),
    Resource(
        name="nodes",
        meaning="how many nodes",
        pattern=re.compile(r"[1-9][0-9]{0,6}(?:-[1-9][0-9]{0,6})?\Z"),
        rule="a number, or a range as 1-4",
        measure=_upper_end,
    ),
    _counted("ntasks", "how many tasks"),
    _counted("ntasks-per-node", "how many tasks on each node"),
    _counted("cpus-per-task", "how many processors for each task"),
    _named("partition", "the partition of the cluster"),
    _named("account", "the account that is charged"),
    Resource(
        name="time",
        meaning="the time after which the cluster ends the job",
        pattern=re.compile(r"(?:[0-9]{1,4}-)?[0-9]{1,6}(?::[0-9]{2}){0,2}\Z"),
        rule="a time limit, as 30 (minutes), 2:00:00 or 1-12:00:00",
        measure=_time,
    ),
    _named("qos", "the quality of service"),
    Resource(
        name="gres",
        meaning="other resources of a node",
        pattern=re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:=+-]{0,199}\Z"),
        rule="resources, as gpu:2",
        measure=_generic,
        parts=_items,
    ),
    Resource(
        name="constraint",
        meaning="what the nodes must have",
        pattern=re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9_.,&|*()\[\]!-]{0,199}\Z"),
        rule="features, as intel&avx",
        parts=_features,
    ),
)

RESOURCES: Final[Mapping[str, Resource]] = {one.name: one for one in _ALL}
"""What may be asked of a cluster; the cluster itself judges whether there is such a one."""
