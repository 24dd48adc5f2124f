"""No Docker daemon runs where we test: the files are held to their promises by reading them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provstore.settings import PREFIX, load_settings

ROOT = Path(__file__).parents[2]
PASSWORD = re.compile(r"\$\{NEO4J_PASSWORD:\?[^}]+\}")


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_compose_runs_provstore_and_neo4j(compose: dict[str, Any]) -> None:
    assert sorted(compose["services"]) == ["neo4j", "provstore"]
    assert compose["services"]["neo4j"]["image"].startswith("neo4j:5.26")


def test_there_is_no_default_password(compose: dict[str, Any]) -> None:
    login = compose["services"]["neo4j"]["environment"]["NEO4J_AUTH"]
    assert PASSWORD.sub("", login) == "neo4j/"
    assert all("PASSWORD" not in name or name.endswith("_FILE") for name in environment(compose))


def environment(compose: dict[str, Any]) -> dict[str, str]:
    found = compose["services"]["provstore"]["environment"]
    assert isinstance(found, dict)
    return found


def test_the_password_reaches_provstore_as_a_secret_file(compose: dict[str, Any]) -> None:
    (secret,) = compose["services"]["provstore"]["secrets"]
    assert environment(compose)["PROVSTORE_GRAPH_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert compose["secrets"][secret] == {"environment": "NEO4J_PASSWORD"}


def test_provstore_gets_settings_that_it_knows(compose: dict[str, Any], dockerfile: str) -> None:
    image = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", dockerfile))
    settings = load_settings(image | environment(compose))
    assert (settings.graph_url, settings.graph_user) == ("bolt://neo4j:7687", "neo4j")
    assert (settings.data, settings.host, settings.port) == (Path("/data"), "0.0.0.0", 8080)  # noqa: S104 - read only


def test_provstore_waits_until_neo4j_is_healthy(compose: dict[str, Any]) -> None:
    assert compose["services"]["provstore"]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    kind, command = compose["services"]["neo4j"]["healthcheck"]["test"]
    assert (kind, "RETURN 1" in command) == ("CMD-SHELL", True)


def test_both_keep_their_data_in_named_volumes(compose: dict[str, Any]) -> None:
    mounted = {volume for service in compose["services"].values() for volume in service["volumes"]}
    assert mounted == {"graph:/data", "jobs:/data"}
    assert sorted(compose["volumes"]) == ["graph", "jobs"]


def test_only_provstore_is_reached_and_only_from_this_machine(compose: dict[str, Any]) -> None:
    assert "ports" not in compose["services"]["neo4j"]
    assert compose["services"]["provstore"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_image_runs_as_an_ordinary_user_and_tells_its_health(dockerfile: str) -> None:
    last = dockerfile.rsplit("\nFROM ", maxsplit=1)[-1]
    assert re.search(r"^USER (?!root|0)\S+$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*/healthz", last, re.MULTILINE)
    assert 'CMD ["provstore", "serve"]' in last


def test_the_image_installs_only_packages_with_known_hashes(dockerfile: str) -> None:
    installs = re.findall(r"pip install (.*)", dockerfile)
    assert all("--require-hashes" in line or "--no-deps /tmp/wheels" in line for line in installs)


def test_what_the_image_copies_is_in_the_build_context(dockerfile: str) -> None:
    context = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)
    assert [name for name in copied if name != "." and f"!{name}" not in context] == []
    assert [line for line in context if line.startswith("!") and not (ROOT / line[1:]).exists()] == []
