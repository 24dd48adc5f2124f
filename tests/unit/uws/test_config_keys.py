"""The keys of configuration files: what each format gives, and what hostile files may not do."""

from __future__ import annotations

import configparser
import json
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from provstore.uws.inputs.config_formats import Format
from provstore.uws.inputs.config_keys import LARGEST, LONGEST_NAME, LONGEST_VALUE, MOST_KEYS, Keys, keys_of, read_keys

JSON = (
    '{"sky": {"ra": 83.630, "n": 20, "on": true, "none": null, "bins": [1, 2.50, "a"]}, "models": [{"name": "crab"}]}'
)
TOML = """
title = "crab"
[sky]
ra = 83.630
n = 1_000
on = true
start = 2026-03-01T12:00:00Z
bins = [1, 2.50, "a"]
[[models]]
name = "crab"
"""
YAML = """
defaults: &d {unit: deg, n: 20}
sky:
  <<: *d
  n: 0x1F
  ra: 83.630
  on: yes
  none: ~
  text: "20"
  bins: [1, 2.50, a]
models:
- name: crab
"""
INI = """\
before = 1
# a comment
[on_region]
ra = 83.630
Lon: 20
text = a
  b
; another
[DEFAULT]
ra = 1
"""


def triples(found: Keys) -> list[tuple[str, str, str]]:
    return [(one.name, one.value, one.datatype) for one in found.keys]


def read(text: str | bytes, name: str = "", content_type: str = "") -> Keys:
    return keys_of(text if isinstance(text, bytes) else text.encode(), name=name, content_type=content_type)


def test_json_gives_its_numbers_as_they_are_written() -> None:
    found = read(JSON, "a.json")
    assert (found.format, found.remark) == (Format.JSON, "")
    assert triples(found) == [
        ("sky.ra", "83.630", "double"),
        ("sky.n", "20", "long"),
        ("sky.on", "true", "boolean"),
        ("sky.none", "", "char"),
        ("sky.bins", '[1, 2.50, "a"]', "char"),
        ("models.0.name", "crab", "char"),
    ]


def test_toml_gives_tables_and_arrays_of_tables() -> None:
    assert triples(read(TOML, "a.toml")) == [
        ("title", "crab", "char"),
        ("sky.ra", "83.630", "double"),
        ("sky.n", "1000", "long"),
        ("sky.on", "true", "boolean"),
        ("sky.start", "2026-03-01T12:00:00+00:00", "char"),
        ("sky.bins", '[1, 2.50, "a"]', "char"),
        ("models.0.name", "crab", "char"),
    ]


def test_yaml_gives_aliases_merged_keys_and_values_as_they_are_written() -> None:
    assert triples(read(YAML, "a.yml")) == [
        ("defaults.unit", "deg", "char"),
        ("defaults.n", "20", "long"),
        ("sky.unit", "deg", "char"),
        ("sky.n", "0x1F", "long"),
        ("sky.ra", "83.630", "double"),
        ("sky.on", "yes", "boolean"),
        ("sky.none", "", "char"),
        ("sky.text", "20", "char"),
        ("sky.bins", '[1, 2.50, "a"]', "char"),
        ("models.0.name", "crab", "char"),
    ]


def test_ini_gives_sections_and_what_stands_before_them() -> None:
    assert triples(read(INI, "a.ini")) == [
        ("before", "1", "char"),
        ("on_region.ra", "83.630", "char"),
        ("on_region.Lon", "20", "char"),
        ("on_region.text", "a\nb", "char"),
        ("DEFAULT.ra", "1", "char"),
    ]


@pytest.mark.parametrize(
    ("text", "name", "content_type", "form"),
    [
        (JSON, "x.cfg", "application/json; charset=utf-8", "json"),
        (YAML, "x.json", "application/yaml", "yaml"),
        (TOML, "x.TOML", "text/plain", "toml"),
        (JSON, "x", "", "json"),
        (TOML, "x.cfg", "text/plain", "toml"),
        (YAML, "x", "application/octet-stream", "yaml"),
        (INI, "x.cfg", "text/plain", "ini"),
        ("\ufeff[a]\r\nb = c d\r\n", "x.cfg", "", "ini"),
        ("sigma = 3\n", "x.cfg", "", "toml"),
        ("key = some words\n", "x.conf", "", "ini"),
    ],
)
def test_the_format_is_told_by_type_then_name_then_content(text: str, name: str, content_type: str, form: str) -> None:
    assert read(text, name, content_type).format == form


@pytest.mark.parametrize(
    ("text", "name", "remark"),
    [
        (b"\xff\xfe\x00", "a.ini", "not UTF-8"),
        (b"a = \0", "a.ini", "no text: it holds NUL characters"),
        (b"[1, 2]", "a.json", "not JSON: no keys at its top"),
        (b'{"a": }', "a.json", "not JSON: Expecting value: line 1 column 7 (char 6)"),
        (b"a = ", "a.toml", "not TOML: Invalid value (at end of document)"),
        (b"--- {a: 1}\n--- {b: 1}\n", "a.yaml", "not YAML: more than one document"),
        (b"? [a, b]\n: c\n", "a.yaml", "not YAML: a key that is a list or mapping"),
        (b"a: &a [*a]\n", "a.yaml", "not YAML: *a names nothing that is complete before it"),
        (b"- a\n", "a.yaml", "not YAML: no keys at its top"),
        (b"[a]\n\nwords\n", "a.ini", "not INI: line 3 is neither [section] nor key = value"),
        (b"", "a.ini", "not INI: no keys"),
        (b"", "", "neither JSON nor TOML, YAML or INI"),
        (b"just words\n", "a.cfg", "neither JSON nor TOML, YAML or INI"),
        (b"a" * (LARGEST + 1), "a.ini", f"larger than {LARGEST} bytes"),
    ],
)
def test_what_can_not_be_read_says_why(text: bytes, name: str, remark: str) -> None:
    assert read(text, name) == Keys(format=None, keys=(), remark=remark)


def test_a_file_that_is_gone_has_no_keys(tmp_path: Path) -> None:
    found = read_keys(tmp_path / "gone.ini", name="gone.ini", content_type="")
    assert found == Keys(remark="it can't be read: No such file or directory")


# --- limits


def test_of_more_keys_than_allowed_the_first_are_kept() -> None:
    found = read(json.dumps({f"k{number}": number for number in range(MOST_KEYS + 1)}), "a.json")
    assert [one.name for one in found.keys] == [f"k{number}" for number in range(MOST_KEYS)]
    assert found.remark == f"more than {MOST_KEYS} keys: the others are left out"
    assert read(json.dumps({f"k{number}": number for number in range(MOST_KEYS)}), "a.json").remark == ""
    assert len(found.first(3).keys) == 3


def test_what_is_too_long_is_left_out_and_told() -> None:
    text = json.dumps({"a": "x" * LONGEST_VALUE, "b": "x" * (LONGEST_VALUE + 1), "c": ["x" * 3000, "y" * 1001], "d": 1})
    found = read(text, "a.json")
    assert [one.name for one in found.keys] == ["a", "d"]
    assert found.remark == f"b: a value of more than {LONGEST_VALUE} characters"
    names = read(json.dumps({"x" * LONGEST_NAME: 1, "y" * (LONGEST_NAME + 1): 2, "": 3, "a": {"": 4}}), "a.json")
    assert [one.name for one in names.keys] == ["x" * LONGEST_NAME, "a."]
    assert names.remark.endswith(": a name of more than 250 characters, or of none")


def test_what_no_graph_can_keep_is_replaced() -> None:
    assert triples(read(rb'{"a\u0000": "\ud800b"}', "a.json")) == [("a\ufffd", "?b", "char")]


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 40)
)
HALF = LARGEST // 2
HOSTILE: Mapping[str, tuple[str, str]] = {
    "nested-json": ("[" * LARGEST, "a.json"),
    "nested-objects": ('{"a":' * (LARGEST // 5), "a.json"),
    "digits": ('{"a": ' + "9" * (LARGEST - 9) + "}", "a.json"),
    "nested-toml": ("a = " + "[" * (LARGEST - 4), "a.toml"),
    "nested-tables": ("a = " + "{a = " * (LARGEST // 5), "a.toml"),
    "toml-key": (".".join("a" * (HALF - 4)) + " = 1", "a.toml"),
    "toml-header": ("[" + " . ".join("a" * (HALF // 3)) + "]", "a.toml"),
    "toml-inline": ("x = {" + ".".join("a" * (HALF - 9)) + " = 1}", "a.toml"),
    "toml-quoted-key": (".".join(['"a"'] * (LARGEST // 4 - 4)) + " = 1", "a.toml"),
    "toml-literal-key": (".".join(["''"] * (LARGEST // 3 - 4)) + " = 1", "a.toml"),
    "toml-hex": ("a = 0x" + "f" * (LARGEST - 6), "a.toml"),
    "toml-string": ('a = """' + "\\" * (LARGEST - 9), "a.toml"),
    "toml-quotes": ("a = " + '"' * (LARGEST - 4), "a.toml"),
    "flow-yaml": ("[" * LARGEST, "a.yaml"),
    "flow-maps": ("{a: " * (LARGEST // 4), "a.yaml"),
    "block-yaml": ("- " * HALF, "a.yaml"),
    "key-yaml": ("? " * HALF, "a.yaml"),
    "flow-keys": ("[?" * HALF, "a.yaml"),
    "wide-yaml": ("[" + "a," * (HALF - 1) + "]", "a.yaml"),
    "alias-bomb": (BOMB, "a.yaml"),
    "merge-bomb": (MERGED, "a.yaml"),
    "long-alias": (f"a: &a {'x' * 900_000}\nb: [{', '.join(['*a'] * 15_000)}]\n", "a.yaml"),
    "ini-blanks": ("a" + " " * (LARGEST - 2) + "b", "a.ini"),
    "ini-lines": ("a\n" * HALF, "a.ini"),
    "ini-continued": ("a = 1\n" + " b\n" * (LARGEST // 3 - 3), "a.ini"),
    "ini-sections": ("[a]\n" * (LARGEST // 4), "a.ini"),
    "brackets": ("[" * LARGEST, "a"),
    "quotes": ("'\"" * HALF, "a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_over_soon_and_within_the_limits(name: str) -> None:
    text, file = HOSTILE[name]
    began = time.process_time()
    found = read(text, file)
    assert time.process_time() - began < 8
    assert len(found.keys) <= MOST_KEYS
    assert all(len(one.value) <= LONGEST_VALUE for one in found.keys)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
@example(b"a: !!python/object/apply:os.system [x]")
@example(b"%YAML 9.9\n---\n")
@example(b"<<: 1\n")
@example(b"<<: [1, {a: 2}]\n")
@example(b"a = 0xfffffffffffffffffffffffffffff")
@example(b"a = 9999-99-99")
def test_no_content_is_an_error(content: bytes) -> None:
    for name in ("a", "a.json", "a.toml", "a.yaml", "a.ini"):
        found = read(content, name)
        assert (found.format is None) <= bool(found.remark)
        assert all("\0" not in one.name + one.value and one.name for one in found.keys)


words = st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FF), min_size=1, max_size=6)
leaves = st.integers(-(10**9), 10**9) | st.booleans() | words
trees = st.dictionaries(words, st.dictionaries(words, leaves, min_size=1, max_size=4), min_size=1, max_size=4)


def expected(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        f"{section}.{key}": str(value).lower() if isinstance(value, bool) else str(value)
        for section, keys in tree.items()
        for key, value in keys.items()
    }


@given(trees)
def test_what_others_write_is_read_as_it_was_meant(tree: Mapping[str, Mapping[str, Any]]) -> None:
    def values(text: str, name: str) -> dict[str, str]:
        return {one.name: one.value for one in read(text, name).keys}

    assert values(json.dumps(tree), "a.json") == expected(tree)
    assert values(yaml.safe_dump(tree, allow_unicode=True), "a.yaml") == expected(tree)


@given(
    st.lists(
        st.sampled_from(["[a]", "[b]", "k = 1", "k: x = y", "l=", " more", "# c", "; c", "", "[c] ]"]), max_size=12
    )
)
def test_ini_is_read_as_python_reads_it(lines: list[str]) -> None:
    text = "\n".join(["[top]", "first = 1", *lines])
    judge = configparser.RawConfigParser(strict=False, default_section="\x01")
    judge.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    try:
        judge.read_string(text)
    except configparser.ParsingError:
        assert read(text, "a.ini").format is None
        return
    found = {one.name: one.value for one in read(text, "a.ini").keys}
    assert found == {f"{section}.{key}": value for section in judge.sections() for key, value in judge.items(section)}


@given(st.dictionaries(words, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4))
def test_a_real_number_of_toml_keeps_its_text(values: dict[str, float]) -> None:
    text = "".join(f"'{key}' = {value!r}\n" for key, value in values.items())
    assert tomllib.loads(text) == values
    assert {one.name: one.value for one in read(text, "a.toml").keys} == {key: repr(one) for key, one in values.items()}
