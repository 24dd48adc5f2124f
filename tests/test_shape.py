"""The limits of STYLE that no tool checks. ruff, mypy and import-linter do the rest: see pyproject.toml."""

import ast
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FILE_LINES: Final = 400
FUNCTION_LINES: Final = 50
BANNED: Final = {"utils", "helpers", "common", "core", "base", "misc", "manager", "handler"}
OTHER_TIMES: Final = {
    "JobFilter.after": "the word of UWS 1.1 for the list of jobs",
    "Relation.time": "the word of PROV for the instant of a relation",
}
"""Fields that hold a time under another name than `at` or `…_at`, with the reason."""
ASKED: Final = ("queries/questions/", frozenset({"from_", "to", "time", "since"}))
"""The parameters of questions have the names that they have in addresses."""

ROOMS: Final = {
    "argon2": ("accounts/**",),
    "PIL": ("web/previews/**",),
    "astropy": ("notebook.py", "uws/descriptions/checking/unit_judge.py", "web/previews/**"),
    "authlib": ("accounts/oidc*.py",),
    "click": ("cli/**",),
    "cryptography": ("uws/executors/ssh/credentials.py",),
    "flask": ("app.py", "web/**"),
    "graphviz": ("export/**",),
    "granian": ("cli/serving.py",),
    "httpx": ("accounts/oidc*.py", "client/**", "uws/inputs/download.py"),
    "joserfc": ("accounts/oidc*.py",),
    "neo4j": ("graph/neo4j*.py",),
    "networkx": ("notebook.py",),
    "paramiko": ("uws/executors/ssh/**",),
    "prometheus_client": ("web/**",),
    "prov": ("ingest/foreign.py",),
    "rdflib": ("ingest/foreign.py",),
    "sqlite3": ("accounts/**", "graph/sqlite*.py"),
    "werkzeug": ("app.py", "web/**"),
    "yaml": ("uws/inputs/config_formats.py",),
    "py2neo": ("py2neo.py",),
    "pygments": ("cli/**", "web/**"),
    "provstore.graph.neo4j": ("app.py", "graph/neo4j*.py"),
    "provstore.graph.sqlite": ("app.py", "graph/sqlite*.py"),
    "provstore.uws.executors": ("app.py", "uws/executors/**"),
}
"""Where a library, or an adapter with its parts, may be imported; everywhere else it may not."""

PLACES: Final = ("/work" + "/", "/root" + "/", "/opt" + "/wheels")
REGISTRIES: Final = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "repo.maven" + ".",
    "repo1.maven" + ".",
    "deb.debian" + ".org",
)
"""Written in two halves, so that this file does not hold what it forbids."""

MODULES: Final = sorted((ROOT / "provstore").rglob("*.py"))
WRITTEN: Final = sorted([*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])
NAMES: Final = [str(module.relative_to(ROOT)) for module in MODULES]

every_module = pytest.mark.parametrize("module", MODULES, ids=NAMES)


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def fields(module: Path) -> Iterator[tuple[str, str, str]]:
    """Give (class, field, annotation) of every annotated field of a class."""
    for kind in ast.walk(tree(module)):
        if isinstance(kind, ast.ClassDef):
            for line in kind.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield kind.name, line.target.id, ast.unparse(line.annotation)


def imports(module: Path) -> Iterator[str]:
    """Give the full name of everything a module imports, also inside functions."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def may_import(module: Path, name: str) -> bool:
    """Tell whether the module's place is among the rooms of what it imports."""
    rooms = [room for owner, room in ROOMS.items() if re.match(rf"{re.escape(owner)}(?![a-z])", name)]
    place = module.relative_to(ROOT / "provstore").as_posix()
    return all(any(fnmatch(place, glob) for glob in room) for room in rooms)


@pytest.mark.parametrize("module", WRITTEN, ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_is_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@every_module
def test_every_function_is_short(module: Path) -> None:
    lengths = {item.name: (item.end_lineno or item.lineno) - item.lineno + 1 for item in functions(module)}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


@every_module
def test_a_module_is_named_for_one_thing(module: Path) -> None:
    assert BANNED.isdisjoint(module.relative_to(ROOT).with_suffix("").parts)


@every_module
def test_the_name_of_a_time_ends_in_at(module: Path) -> None:
    times = [
        f"{kind}.{name}"
        for kind, name, annotation in fields(module)
        if re.fullmatch(r"(None \| )?datetime( \| None)?", annotation) and not f"_{name}".endswith("_at")
    ]
    place, asked = ASKED
    if module.relative_to(ROOT / "provstore").as_posix().startswith(place):
        times = [name for name in times if name.partition(".")[2] not in asked]
    assert [name for name in times if name not in OTHER_TIMES] == []


@every_module
def test_no_module_imports_what_another_keeps_to_itself(module: Path) -> None:
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("provstore")
        for alias in node.names
        if re.match(r"_(?!_)", alias.name)
    ]
    assert taken == []


@every_module
def test_libraries_and_adapters_stay_in_their_rooms(module: Path) -> None:
    assert [name for name in imports(module) if not may_import(module, name)] == []


@pytest.mark.parametrize(
    ("place", "name", "allowed"),
    [
        ("web/pages/jobs.py", "flask.views", True),
        ("uws/service.py", "flask.Flask", False),
        ("graph/neo4j_find.py", "neo4j.GraphDatabase", True),
        ("queries/lineage.py", "neo4j", False),
        ("app.py", "provstore.graph.sqlite.SqliteStore", True),
        ("uws/service.py", "provstore.graph.sqlite_rows.read", False),
        ("graph/neo4j.py", "provstore.graph.sqlite_rows", False),
        ("export/names.py", "provstore.errors.Invalid", True),
        ("ingest/provjson.py", "prov.model", False),
    ],
)
def test_the_table_of_rooms_is_read_like_this(place: str, name: str, *, allowed: bool) -> None:
    assert may_import(ROOT / "provstore" / place, name) is allowed


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """The text of every file that is in git, or would be after `git add .`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no clone: git lists no files")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {str(file.relative_to(ROOT)): file.read_text("utf-8", "replace") for file in files if file.is_file()}


@pytest.mark.parametrize("word", PLACES + REGISTRIES)
def test_no_file_names_a_place_of_one_machine(tracked: dict[str, str], word: str) -> None:
    assert [name for name, text in tracked.items() if word in text] == []


def test_a_lock_holds_hashes_and_no_address(tracked: dict[str, str]) -> None:
    locks = {name: text for name, text in tracked.items() if name.endswith(".lock")}
    assert sorted(locks) == [
        "requirements-oidc.lock",
        "requirements-run.lock",
        "requirements-sample.lock",
        "requirements-voprov.lock",
        "requirements.lock",
    ]
    assert [name for name, text in locks.items() if "://" in text or " @ " in text or "--hash=" not in text] == []
