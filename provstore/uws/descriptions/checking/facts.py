"""Checks of what a description says as a whole: its name, texts, people, addresses, limits, environment, extras."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from provstore.clusters import CLUSTER_NAME
from provstore.resources import RESOURCES
from provstore.uws.descriptions.checking.problem import Problem, error, tolerable, warning
from provstore.uws.descriptions.checking.script_syntax import INVISIBLE
from provstore.uws.descriptions.dialects.votable_names import is_attribute
from provstore.uws.descriptions.model import NAME, NAME_RULE, SHA256, Description
from provstore.uws.descriptions.names import CLUSTER_CONTROL, CLUSTER_CONTROLS, CLUSTER_PREFIX, reserved_service

__all__ = [
    "LONGEST_LINE",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "MOST",
    "facts",
    "further_facts",
    "odd_characters",
    "too_long",
]

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 64 * 1024
MOST: Final = 1000
"""Parameters, inputs and results in all; options of one parameter; files; attributes."""

LONGEST_LINE: Final = 500
_MOST_WORDS: Final = 100
_MOST_SECONDS: Final = 999_999_999
_LINES: Final = ("label", "version", "type", "subtype", "group", "contact_name")
_LANGUAGES: Final = ("bash", "python")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ksh", "env", "srun", "sbatch"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_WEB: Final = re.compile(r"https?://[^\s<>\"@/?#]+(?:[/?#][^\s<>\"]*)?\Z", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s<>(),;:\"\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\Z")
_IVOID: Final = re.compile(
    r"ivo://[A-Za-z0-9][A-Za-z0-9._~*'()-]{2,}(?:/[^\s#?]*)?(?:\?[^\s#]*)?(?:#\S*)?\Z", re.IGNORECASE
)
_MODULE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/@:=~-]{0,199}\Z")
_IMAGE: Final = re.compile(r"(?:/|[a-z][a-z0-9+.-]{0,30}://)[A-Za-z0-9_.:/@+=~%-]{1,999}\Z")


def facts(description: Description) -> Iterator[Problem]:
    """Check what stands above the script."""
    yield from _name(description)
    yield from _texts(description)
    yield from _addresses(description)
    yield from _words("keywords", description.keywords, blanks=True)
    yield from _seconds("executionDuration", description.execution_duration)
    yield from _seconds("quote", description.quote)
    yield from _language(description)


def further_facts(description: Description) -> Iterator[Problem]:
    """Check the environment, the controls, and what else is there."""
    yield from _words("software", description.software, blanks=False)
    yield from _modules(description)
    yield from _container(description)
    yield from _controls(description)
    if description.main_result and description.main_result not in {item.name for item in description.generated}:
        yield error("main_result", f"{description.main_result!r} is no result")
    yield from _extra(description)
    yield from _files(description)


def too_long(place: str, text: str, *, most: int) -> Iterator[Problem]:
    """Refuse a text above a limit."""
    if len(text) > most:
        yield tolerable(place, f"has {len(text)} characters; at most {most} are allowed")


def odd_characters(place: str, text: str, *, lines: bool) -> Iterator[Problem]:
    """Refuse control characters (line ends and tabs too, unless ``lines`` are allowed), and warn of invisible ones."""
    if _CONTROL.search(text.replace("\r\n", "\n")) or (not lines and re.search(r"[\n\t]", text)):
        yield tolerable(
            place,
            f"{text[:80]!r} holds a line end or a control character" if not lines else "holds a control character",
        )
    for character in sorted(set(INVISIBLE.findall(text))):
        yield warning(place, f"holds the invisible character U+{ord(character):04X}: what is shown may mislead")


def _name(description: Description) -> Iterator[Problem]:
    name = description.name
    if not NAME.match(name):
        yield error("name", f"{name!r}: a name is {NAME_RULE}")
    elif taken := reserved_service(name):
        yield error("name", f"no service can be called {name}: {taken}")
    yield from too_long("name", name, most=LONGEST_NAME)


def _texts(description: Description) -> Iterator[Problem]:
    for field in _LINES:
        text: str = getattr(description, field)
        yield from too_long(field, text, most=LONGEST_LINE)
        yield from odd_characters(field, text, lines=False)
    yield from too_long("description", description.description, most=LONGEST_TEXT)
    yield from odd_characters("description", description.description, lines=True)


def _addresses(description: Description) -> Iterator[Problem]:
    rows: tuple[tuple[str, str, re.Pattern[str], str], ...] = (
        ("doculink", description.doculink, _WEB, "an address as https://example.org/doc is needed"),
        ("contact_email", description.contact_email, _EMAIL, "one e-mail address, as name@example.org, is needed"),
        (
            "standard_id",
            description.standard_id,
            _IVOID,
            "an IVOA identifier as ivo://ivoa.net/std/SODA#sync-1.0 is needed",
        ),
    )
    for field, text, right, rule in rows:
        if text and (len(text) > LONGEST_LINE or not right.match(text)):
            yield tolerable(field, f"{text[:LONGEST_LINE]!r}: {rule}")


def _words(field: str, words: tuple[str, ...], *, blanks: bool) -> Iterator[Problem]:
    if len(words) > _MOST_WORDS:
        yield tolerable(field, f"holds {len(words)} words; at most {_MOST_WORDS} are allowed")
    for word in words:
        if not word.strip() or (not blanks and len(word.split()) != 1):
            yield error(field, f"{word!r} is empty" if blanks else f"{word!r} is empty or holds a blank")
        yield from too_long(field, word, most=LONGEST_LINE)
        yield from odd_characters(field, word, lines=False)
    for word in (one for one, count in Counter(words).items() if count > 1):
        yield warning(field, f"{word!r} is listed more than once")


def _seconds(field: str, seconds: int | None) -> Iterator[Problem]:
    if seconds is not None and not 0 <= seconds <= _MOST_SECONDS:
        yield error(field, f"{seconds}: seconds from 0 to {_MOST_SECONDS} are needed")


def _language(description: Description) -> Iterator[Problem]:
    language = description.script_language
    if language not in _LANGUAGES:
        yield error("script_language", f"{language!r} is none of: {', '.join(_LANGUAGES)}")
        return
    first = description.script.partition("\n")[0].split()
    program = first[-1].rsplit("/", 1)[-1] if first and first[0].startswith("#!") else ""
    runs = "python" if program.startswith("python") else "bash" if program in _SHELLS else ""
    if runs and runs != language and program != "env":
        yield warning("script_language", f"is {language}, but the script begins with {' '.join(first)}")


def _modules(description: Description) -> Iterator[Problem]:
    if len(description.modules) > _MOST_WORDS:
        yield error("modules", f"holds {len(description.modules)} modules; at most {_MOST_WORDS} are allowed")
    for name in description.modules:
        if not _MODULE.match(name) or ".." in name.split("/"):
            yield error(
                "modules", f"{name!r}: a name, or name/version, of letters, digits and _ . + - @ : = ~ is needed"
            )


def _container(description: Description) -> Iterator[Problem]:
    image = description.container
    if image and (not _IMAGE.match(image) or ".." in image.split("/")):
        rule = "a whole path or address without blanks is needed, as /images/ctools.sif or docker://python:3.12"
        yield error("container", f"{image[:LONGEST_LINE]!r}: {rule}")


def _controls(description: Description) -> Iterator[Problem]:
    names = [name for name, _ in description.controls]
    for name in sorted(name for name, count in Counter(names).items() if count > 1):
        yield error(f"controls.{name}", "is given more than once")
    for name, value in description.controls:
        if name not in CLUSTER_CONTROLS:
            yield error(f"controls.{name}", f"{name!r} is none of: {', '.join(CLUSTER_CONTROLS)}")
        elif rule := _fault_of_control(name, value):
            yield error(f"controls.{name}", f"{value[:LONGEST_LINE]!r} is not {rule}")


def _fault_of_control(name: str, value: str) -> str:
    """Say what a value should be; "" if it is."""
    if name == CLUSTER_CONTROL:
        return "" if CLUSTER_NAME.match(value) else "the name of a cluster"
    resource = RESOURCES[name.removeprefix(CLUSTER_PREFIX)]
    return "" if resource.accepts(value) else resource.rule


def _extra(description: Description) -> Iterator[Problem]:
    names = [one.name for one in description.extra]
    if len(names) > MOST:
        yield tolerable("extra", f"holds {len(names)} attributes; at most {MOST} are allowed")
    for name in sorted({name for name in names if is_attribute(name)}):
        yield error(f"extra.{name}", "is an attribute that a description has anyway")
    for name in sorted(name for name, count in Counter(names).items() if count > 1 or not name):
        yield error(f"extra.{name}", "is empty or given more than once")
    for one in description.extra:
        yield from too_long(f"extra.{one.name}", one.value, most=LONGEST_TEXT)


def _files(description: Description) -> Iterator[Problem]:
    if len(description.files) > MOST:
        yield error("files", f"holds {len(description.files)} files; at most {MOST} are allowed")
    for name, sha256 in description.files:
        if not name.strip() or name in {".", ".."} or len(name) > LONGEST_NAME or re.search(r"[/\\\x00-\x1f]", name):
            yield error(f"files.{name[:LONGEST_NAME]}", "a plain file name is needed, without a directory")
        if not SHA256.match(sha256):
            yield error(f"files.{name[:LONGEST_NAME]}", f"{sha256[:80]!r} is no sha256 in lower-case hex digits")
