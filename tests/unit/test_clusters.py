"""The tables of clusters in the settings: what they mean, and how each mistake is told."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest

from provstore.clusters import Account, Cluster, FileWay, Isolation
from provstore.errors import Invalid
from provstore.settings import load_settings

KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFKy login"
LEAST: Final[dict[str, Any]] = {
    "host": "login.example.org",
    "user": "provstore",
    "key_file": "/keys/meso",
    "work_directory": "/scratch/provstore",
    "host_keys": [KEY],
}
PLAIN: Final = Cluster(
    name="meso",
    host="login.example.org",
    user="provstore",
    key_file=Path("/keys/meso"),
    work_directory=PurePosixPath("/scratch/provstore"),
    host_keys=(KEY,),
)
EVERYTHING: Final = """
executor = "meso-2"

[clusters.first]
host = "10.0.0.1"
user = "prov"
key_file = "keys/first"
work_directory = "/home/prov/jobs"
known_hosts = "/etc/known_hosts"

[clusters.meso-2]
host = "login.example.org"
port = 2222
user = "provstore"
key_file = "/keys/meso"
key_passphrase_file = "/keys/meso.pass"
certificate_file = "/keys/meso-cert.pub"
work_directory = "/scratch/{account}/provstore"
known_hosts = "/etc/known_hosts"
host_keys = "ssh-ed25519 AAAA"
jump = "hop@gate.example.org:2200"
files = "shared"
shared_directory = "/mnt/scratch"
callback = "https://prov.example.org/prov"
callback_ca = "/etc/ca.pem"
notifier = true
python = "/usr/bin/python3.6"
path = "/opt/bin:/bin"
modules_init = "/usr/share/lmod/init/bash"
modules = ["gcc/12.2", "ctools"]
isolation = "required"
slots = 8
rate = 2.5
silent_after = 30
silent_max = 300.5
lost_after = 60
services = ["ct*"]

[clusters.meso-2.shared_inputs]
"/data/archive" = "/archive"

[clusters.meso-2.defaults]
partition = "test"
ntasks = 2

[clusters.meso-2.maxima]
mem = "4G"
ntasks = 8

[clusters.meso-2.allowed]
partition = ["test", "long"]
qos = "n*"

[clusters.meso-2.accounts]
curie = "m_curie"
kepler = { user = "jk", key_file = "/keys/jk" }
"""


def read(**keys: object) -> Cluster:
    """Read a cluster with these keys besides the least; None leaves one out."""
    table = {name: value for name, value in {**LEAST, **keys}.items() if value is not None}
    (cluster,) = load_settings({"PROVSTORE_CLUSTERS": json.dumps({"meso": table})}).clusters
    return cluster


def test_the_least_that_a_cluster_needs_gives_the_defaults() -> None:
    assert read() == PLAIN


def test_every_key_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "provstore.toml"
    file.write_text(EVERYTHING, encoding="utf-8")
    settings = load_settings({}, file=file)
    assert [one.name for one in settings.clusters] == ["first", "meso-2"]
    assert settings.executor == "meso-2"
    assert settings.cluster("meso-2") == settings.clusters[1]
    assert settings.cluster("local") is None
    assert settings.clusters[1] == Cluster(
        name="meso-2",
        host="login.example.org",
        port=2222,
        user="provstore",
        key_file=Path("/keys/meso"),
        key_passphrase_file=Path("/keys/meso.pass"),
        certificate_file=Path("/keys/meso-cert.pub"),
        work_directory=PurePosixPath("/scratch/{account}/provstore"),
        known_hosts=Path("/etc/known_hosts"),
        host_keys=("ssh-ed25519 AAAA",),
        jump="hop@gate.example.org:2200",
        files=FileWay.SHARED,
        shared_directory=Path("/mnt/scratch"),
        shared_inputs={Path("/data/archive"): PurePosixPath("/archive")},
        callback="https://prov.example.org/prov",
        callback_ca="/etc/ca.pem",
        notifier=True,
        python="/usr/bin/python3.6",
        path="/opt/bin:/bin",
        modules_init="/usr/share/lmod/init/bash",
        modules=("gcc/12.2", "ctools"),
        isolation=Isolation.REQUIRED,
        defaults={"partition": "test", "ntasks": "2"},
        maxima={"mem": "4G", "ntasks": "8"},
        allowed={"partition": ("test", "long"), "qos": ("n*",)},
        slots=8,
        rate=2.5,
        silent_after=timedelta(seconds=30),
        silent_max=timedelta(seconds=300.5),
        lost_after=timedelta(seconds=60),
        accounts={"curie": Account(user="m_curie"), "kepler": Account(user="jk", key_file=Path("/keys/jk"))},
        services=("ct*",),
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("hots", "x", "unknown setting clusters.meso.hots; known: accounting, accounts, allowed, .*work_directory"),
        ("host", None, "setting clusters.meso.host is missing: the name or address of a host is needed"),
        ("user", None, "setting clusters.meso.user is missing"),
        ("key_file", None, "setting clusters.meso.key_file is missing"),
        ("work_directory", None, "setting clusters.meso.work_directory is missing: an absolute path on the cluster"),
        ("host_keys", None, "setting clusters.meso: known_hosts or host_keys is needed"),
        ("host", "", "host: '': the name or address of a host is needed"),
        ("host", "-oProxyCommand=x", "the name or address of a host is needed"),
        ("host", 7, "host: 7: the name or address"),
        ("user", "a b", "the name of an account is needed"),
        ("key_file", "", "the path of a file with a private key is needed"),
        ("work_directory", "scratch", "work_directory: 'scratch': an absolute path on the cluster"),
        ("work_directory", "/scratch/../etc", "an absolute path"),
        ("work_directory", "/scratch/{user}", "an absolute path .*with {account}"),
        ("work_directory", "/scratch\n", "an absolute path"),
        ("files", "ftp", "files: 'ftp': one of sftp, shared, stay is needed"),
        ("files", "shared", "files: 'shared': shared_directory is needed too"),
        ("shared_directory", "mnt", "an absolute path is needed"),
        ("isolation", True, "isolation: True: one of auto, required, none is needed"),
        ("shared_inputs", {"data": "/data"}, "a table of absolute paths, here = there, is needed"),
        ("shared_inputs", {"/data": "data"}, "a table of absolute paths"),
        ("shared_inputs", "/data", "a table of absolute paths"),
        ("host_keys", ["AAAA"], "a line as ssh-ed25519 AAAA… is needed"),
        ("jump", "ssh://gate", "jump: 'ssh://gate': host, user@host or user@host:port is needed"),
        ("port", 0, "port: 0: a number from 1 to 65535 is needed"),
        ("port", 65536, "a number from 1 to 65535 is needed"),
        ("port", "22", "a number from 1 to 65535 is needed"),
        ("callback", "prov.example.org", "an address as https://prov.example.org is needed"),
        ("callback", "https://me:secret@prov.example.org", "an address as"),
        ("callback", "http://prov.example.org:70000", "an address as"),
        ("callback", "http://prov.example.org:web/", "an address as"),
        ("callback_ca", "ca.pem", "an absolute path is needed"),
        ("notifier", "yes", "notifier: 'yes': true or false is needed"),
        ("python", "python3 -O", "the name or path of a program is needed"),
        ("path", "bin", "a list of absolute paths"),
        ("modules", ["gcc;id"], "a list of names, as gcc/12.2, is needed"),
        ("modules", [7], "a list of names"),
        ("modules_init", "init", "an absolute path on the cluster is needed"),
        ("slots", 0, "slots: 0: a whole number, 1 or more, is needed"),
        ("slots", 1.5, "a whole number"),
        ("slots", True, "a whole number"),
        ("rate", 0, "rate: 0: a number above 0 is needed"),
        ("rate", "30", "a number above 0 is needed"),
        ("silent_after", -1, "silent_after: -1: a number of seconds above 0 is needed"),
        ("silent_max", 5, "silent_max: 5.0: no less than silent_after is needed"),
        ("lost_after", "10 min", "a number of seconds above 0 is needed"),
        ("services", [""], "a list of patterns of names is needed"),
        ("defaults", {"memory": "1G"}, "defaults: .*: 'memory' is none of: mem, nodes"),
        ("defaults", {"mem": "lots"}, "mem: 'lots' is not a size, as 4G or 500M"),
        ("defaults", {"ntasks": True}, "ntasks: True is not a whole number, 1 or above"),
        ("defaults", {"time": 1.5}, "time: 1.5 is not a time limit, as 30"),
        ("defaults", "mem=1G", "a table of resources is needed"),
        ("maxima", {"partition": "test"}, "maxima: 'partition': a name has no maximum; allowed lists those"),
        ("maxima", {"time": "an hour"}, "time: 'an hour' is not a time limit"),
        ("allowed", {"mem": ["1G"]}, "'mem' is none of: partition, account, qos, gres, constraint"),
        ("allowed", {"partition": 7}, "a table of lists is needed"),
        ("allowed", ["test"], "a table of lists is needed"),
        ("accounts", ["curie"], "a table, person = account, is needed"),
        ("accounts", {"curie": {"key_file": "/k"}}, "curie: the name of an account, or a table with user"),
        ("accounts", {"curie": {"user": "c", "key": "/k"}}, "curie: the name of an account, or a table with user"),
        ("accounts", {"curie": "../root"}, "curie: '../root' is no name of an account"),
        ("accounts", {"curie": 7}, "curie: the name of an account, or a table with user"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_right(key: str, value: object, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read(**{key: value})


@pytest.mark.parametrize(
    ("defaults", "maxima"),
    [({"mem": "5G"}, {"mem": "4G"}), ({"mem": 0}, {"mem": "4G"}), ({"time": 90}, {"time": "1:00:00"})],
)
def test_a_default_beyond_the_maximum_is_refused(defaults: dict[str, object], maxima: dict[str, str]) -> None:
    (name,) = maxima
    with pytest.raises(Invalid, match=f"defaults.{name}: .*: {name} is {maxima[name]} at most, by maxima"):
        read(defaults=defaults, maxima=maxima)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "::1"),
        ("host", "192.168.1.7"),
        ("jump", "gate"),
        ("jump", "[fe80::1]:22"),
        ("jump", "me@gate"),
        ("user", "svc-prov$"),
        ("port", 65535),
        ("callback", "http://127.0.0.1:8080"),
        ("callback", "https://[::1]:8443/prov"),
        ("key_file", "keys/ours"),
    ],
)
def test_unusual_values_are_right_too(key: str, value: object) -> None:
    assert str(getattr(read(**{key: value}), key)) == str(value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("local", "setting clusters: 'local': no name of a cluster; 'local' is this machine"),
        ("2nd", "setting clusters: '2nd': no name of a cluster; a letter or _, then"),
        ("a/b", "no name of a cluster"),
        ("", "no name of a cluster"),
        ("a" * 65, "no name of a cluster"),
    ],
)
def test_a_cluster_has_a_plain_name(name: str, words: str) -> None:
    with pytest.raises(Invalid, match=re.escape(words)):
        load_settings({"PROVSTORE_CLUSTERS": json.dumps({name: LEAST})})


@pytest.mark.parametrize("text", ["meso", "[]", "7", "{", '{"meso": 7}', '["meso"]'])
def test_something_that_is_no_table_of_tables_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"setting clusters: .* (is not|no) .*table"):
        load_settings({"PROVSTORE_CLUSTERS": text}).clusters[0]


def test_the_executor_of_jobs_that_choose_none_is_a_cluster_or_this_machine() -> None:
    with pytest.raises(Invalid, match="setting executor: 'moon' is no cluster; one of local, meso is needed") as caught:
        load_settings({"PROVSTORE_CLUSTERS": json.dumps({"meso": LEAST}), "PROVSTORE_EXECUTOR": "moon"})
    assert (caught.value.field, caught.value.value) == ("executor", "moon")
    assert load_settings({}).executor == "local"


def test_a_directory_holds_the_name_of_the_account() -> None:
    cluster = read(work_directory="/scratch/{account}/jobs")
    assert str(cluster.directory("")) == "/scratch/provstore/jobs"
    assert str(cluster.directory("m_curie")) == "/scratch/m_curie/jobs"
