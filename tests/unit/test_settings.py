import os
from datetime import timedelta
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.settings import Settings, load_settings


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "provstore.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_variables_the_defaults_hold() -> None:
    assert load_settings({}) == Settings()


def test_variables_of_others_are_not_read() -> None:
    assert load_settings({"PATH": "/bin", "MY_PROVSTORE_PORT": "1", "provstore_port": "2"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PROVSTORE_PORT", "9000", "port", 9000),
        ("PROVSTORE_HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - a text, nothing listens
        ("PROVSTORE_DATA", "/srv/data", "data", Path("/srv/data")),
        ("PROVSTORE_GRAPH_PASSWORD_FILE", "/run/secret", "graph_password_file", Path("/run/secret")),
        ("PROVSTORE_ANONYMOUS", "off", "anonymous", False),
        ("PROVSTORE_ANONYMOUS", "Yes", "anonymous", True),
        ("PROVSTORE_TICK", "0.25", "tick", timedelta(milliseconds=250)),
        ("PROVSTORE_DESTRUCTION", "3600", "destruction", timedelta(hours=1)),
        ("PROVSTORE_DESCRIPTIONS", f"/a{os.pathsep}/b{os.pathsep}", "descriptions", (Path("/a"), Path("/b"))),
    ],
)
def test_a_variable_is_read_as_what_the_setting_is(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(load_settings({variable: text}), field) == value


def test_an_empty_variable_means_not_set() -> None:
    assert load_settings({"PROVSTORE_PORT": ""}) == Settings()


@pytest.mark.parametrize(
    "variable", ["PROVSTORE_REQUIRE", "PROVSTORE_CHAOS", "PROVSTORE_JOB", "PROVSTORE_RESULTS", "PROVSTORE_PARAMETERS"]
)
def test_variables_of_a_job_and_of_the_tests_are_no_settings(variable: str) -> None:
    assert load_settings({variable: "anything"}) == Settings()


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"unknown setting 'prot'; known: .*port") as caught:
        load_settings({"PROVSTORE_PROT": "8080"})
    assert caught.value.field == "prot"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "http"),
        ("port", "80.5"),
        ("threads", "many"),
        ("anonymous", "perhaps"),
        ("tick", "1 s"),
        ("destruction", "P30D"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_with_name_and_value(name: str, text: str) -> None:
    with pytest.raises(Invalid, match=f"setting {name}: '{text}' is not ") as caught:
        load_settings({f"PROVSTORE_{name.upper()}": text})
    assert (caught.value.field, caught.value.value) == (name, text)


def test_a_toml_file_gives_settings_in_its_own_types(tmp_path: Path) -> None:
    file = written(tmp_path, 'port = 9000\nanonymous = false\ntick = 0.5\ndescriptions = ["/a", "/b"]\ndata = "/srv"\n')
    assert load_settings({}, file=file) == Settings(
        port=9000,
        anonymous=False,
        tick=timedelta(milliseconds=500),
        descriptions=(Path("/a"), Path("/b")),
        data=Path("/srv"),
    )


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 9000\n")
    assert load_settings({"PROVSTORE_SETTINGS": str(file)}).port == 9000


def test_a_file_given_by_the_caller_wins_over_the_named_one(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 9000\n")
    assert load_settings({"PROVSTORE_SETTINGS": str(tmp_path / "absent.toml")}, file=file).port == 9000


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = written(tmp_path, 'port = 9000\nhost = "::1"\n')
    found = load_settings({"PROVSTORE_PORT": "9001"}, file=file)
    assert (found.port, found.host, found.threads) == (9001, "::1", Settings().threads)


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="unknown setting 'prot'"):
        load_settings({}, file=written(tmp_path, "prot = 1\n"))


@pytest.mark.parametrize("content", [b"port = = 1", b"port = '\xff'"])
def test_a_broken_file_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=r"settings file .*broken\.toml"):
        load_settings({}, file=file)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"settings file .*absent\.toml"):
        load_settings({"PROVSTORE_SETTINGS": str(tmp_path / "absent.toml")})


def test_the_graph_is_in_the_data_directory_unless_an_address_is_set(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).store_url == f"sqlite:///{tmp_path / 'graph.sqlite'}"
    assert Settings(data=tmp_path, graph_url="bolt://db:7687").store_url == "bolt://db:7687"


def test_paths_of_a_relative_data_directory_are_absolute() -> None:
    assert Settings().jobs == Path.cwd() / "provstore-data" / "jobs"
