"""``provstore check cluster`` on a real cluster: what it proves, what it finds wrong, and that it leaves nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cluster.operating import closed, settings_of
from tests.e2e.served import Served
from tests.slurm_accounts import ANN, BOB
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

STEPS: Final = [
    *("key", "host", "host key", "login", "programs", "python", "controller", "accounting", "clock"),
    *("accounts", "work directory", "callback", "submission", "trial job", "node", "python", "isolation", "signals"),
    *("result", "removal"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    code: int
    well: bool
    findings: list[dict[str, Any]]

    def of(self, part: str) -> list[str]:
        return [one["found"] for one in self.findings if one["part"] == part]

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        return [(one["part"], one["found"], one["remedy"]) for one in self.findings if one["level"] == "fault"]


def check(served: Served, cluster: SlurmCluster, *options: str, **changes: object) -> Checked:
    file = settings_of(cluster, {name.replace("__", "."): value for name, value in changes.items()})
    done = served.command("check", "cluster", "meso", "--json", *options, PROVSTORE_SETTINGS=str(file))
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    return Checked(code=done.returncode, well=told["well"], findings=told["findings"])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.clear()


@pytest.fixture
def no_remains(slurm: SlurmCluster) -> Iterator[None]:
    """Whatever happens, the folder of the trial job goes, and no job of it stays in the queue."""
    yield
    assert list(slurm.folder.glob("**/.check-*")) == []
    assert slurm.run("squeue", "-h", "-o", "%j") == ""


@pytest.mark.usefixtures("no_remains")
def test_a_good_cluster_passes_every_step(served: Served, slurm: SlurmCluster) -> None:
    checked = check(served, slurm)
    assert (checked.code, checked.well, checked.faults) == (0, True, [])
    assert [one["part"] for one in checked.findings] == STEPS
    assert checked.of("signals") == ["they come by files in the spool folder"]
    assert checked.of("isolation") == ["scripts see no job's files but their own (bubblewrap)"]


@pytest.mark.usefixtures("no_remains")
def test_the_authors_of_scripts_must_be_trusted_where_all_jobs_have_one_account(
    served: Served, slurm: SlurmCluster
) -> None:
    found = next(one for one in check(served, slurm).findings if one["part"] == "accounts")
    assert found["level"] == "note"
    assert found["remedy"].startswith("trust the authors of services")


@pytest.mark.usefixtures("no_remains")
def test_the_trial_job_signals_to_the_server(served: Served, slurm: SlurmCluster) -> None:
    served.start()
    assert check(served, slurm, callback=served.address).of("signals") == [f"they come by {served.address}"]


@pytest.mark.usefixtures("no_remains")
def test_a_server_with_another_secret_is_found_out(served: Served, slurm: SlurmCluster, tmp_path: Path) -> None:
    other = Served(tmp_path / "other")
    other.data.parent.mkdir()
    try:
        other.start()
        checked = check(served, slurm, callback=other.address)
    finally:
        other.clear()
    found = next(one for one in checked.findings if one["part"] == "signals")
    assert checked.code == 0
    assert found["found"].endswith("it answers 401")
    assert found["remedy"].startswith("another server answers there, or one with another data directory")


@pytest.mark.usefixtures("no_remains")
def test_a_callback_with_a_wrong_path_is_told_by_its_path(served: Served, slurm: SlurmCluster) -> None:
    served.start()
    checked = check(served, slurm, callback=f"{served.address}/uws")
    assert checked.code == 0
    assert re.search(r"/uws/healthz answers 4\d\d, seen from here: there is no provstore$", checked.of("callback")[0])
    found = next(one for one in checked.findings if one["part"] == "signals")
    assert found["remedy"].startswith("is provstore below /uws there?")


@pytest.mark.usefixtures("no_remains")
def test_a_callback_to_what_is_no_http_server_is_found_out(served: Served, slurm: SlurmCluster) -> None:
    checked = check(served, slurm, callback=f"http://{slurm.host}:{slurm.port}")
    assert checked.of("callback")[0].endswith("is no HTTP server, seen from here")
    assert "that is no HTTP server: it says 'SSH-2.0-" in checked.of("signals")[0]


@pytest.mark.usefixtures("no_remains")
def test_a_server_that_does_not_run_is_missed_and_files_do(served: Served, slurm: SlurmCluster) -> None:
    checked = check(served, slurm, callback="http://127.0.0.1:1")
    assert checked.code == 0
    assert checked.of("callback")[0].startswith("nothing answers at http://127.0.0.1:1, seen from here")
    assert checked.of("signals")[0].startswith("they come by files: the node can't call http://127.0.0.1:1")


WAYS: Final[Mapping[str, Callable[[SlurmCluster], Mapping[str, object]]]] = {
    "through a jump host": lambda one: {"jump": one.jump},
    "results stay there": lambda _: {"files": "stay"},
    "a folder that both see": lambda one: {"files": "shared", "shared_directory": str(one.work)},
    "no isolation": lambda _: {"isolation": "none"},
    "isolation or nothing": lambda _: {"isolation": "required"},
}


@pytest.mark.usefixtures("no_remains")
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_a_cluster_is_gone_by_the_trial_job(served: Served, slurm: SlurmCluster, way: str) -> None:
    checked = check(served, slurm, **WAYS[way](slurm))
    assert (checked.code, checked.faults) == (0, [])
    assert checked.of("result")[0].endswith("its sha256 is right")


def notes(checked: Checked, part: str) -> list[str]:
    return [one["found"] for one in checked.findings if (one["part"], one["level"]) == (part, "note")]


@pytest.mark.usefixtures("no_remains")
@pytest.mark.parametrize("folder", ["/mnt/nope", "/etc"])
def test_a_shared_directory_that_is_another_is_told_though_files_come(
    served: Served, slurm: SlurmCluster, folder: str
) -> None:
    checked = check(served, slurm, files="shared", shared_directory=folder)
    assert (checked.code, checked.faults) == (0, [])
    assert notes(checked, "result") == [
        f"it came back by SFTP: the file is not seen in {folder}, or can't be read there by us"
    ]


@pytest.fixture
def archives(slurm: SlurmCluster) -> Iterator[Path]:
    place = slurm.folder / "archives"
    for name, mode in (("open", 0o755), ("closed", 0o700), ("other", 0o755), ("third", 0o755)):
        (place / name).mkdir(parents=True)
        (place / name / f"{name}.fits").touch()
        (place / name).chmod(mode)
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.mark.usefixtures("no_remains")
def test_folders_of_inputs_are_looked_at_from_the_node(served: Served, slurm: SlurmCluster, archives: Path) -> None:
    pairs = {"open": "open", "closed": "closed", "other": "third"}
    mapped = {f'shared_inputs."{archives / here}"': str(archives / there) for here, there in pairs.items()}
    checked = check(served, slurm, files="shared", shared_directory=str(slurm.work), **mapped)
    assert (checked.code, checked.faults) == (0, [])
    [first, closed, other] = checked.of("shared inputs")
    assert first == f"{archives}/open = {archives}/open is open to the account on the node"
    assert f"{archives}/closed is not there on the node, or closed to the account" in closed
    assert other.endswith(f"{archives}/third on the node has not what is in {archives}/other")


@pytest.mark.usefixtures("no_remains")
def test_a_modules_init_that_is_not_there_is_told_though_no_module_is_loaded(
    served: Served, slurm: SlurmCluster
) -> None:
    checked = check(served, slurm, modules_init="/nowhere/lmod.sh")
    assert notes(checked, "modules") == ["modules_init /nowhere/lmod.sh is not there on the node"]


def test_accounting_is_told_where_there_is_some(served: Served, slurm_with_accounting: SlurmCluster) -> None:
    assert check(served, slurm_with_accounting).of("accounting") == ["sacct answers"]


def test_a_key_with_a_passphrase_and_a_certificate_are_opened(served: Served, slurm: SlurmCluster) -> None:
    certificate = slurm.certificate(slurm.user)
    key = certificate.with_name("signed")
    secret = certificate.with_name("passphrase")
    slurm.run("ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", str(key))
    secret.touch(mode=0o600)
    secret.write_text("open sesame\n")
    checked = check(served, slurm, key_file=str(key), key_passphrase_file=str(secret))
    assert checked.faults == []
    assert checked.of("certificate")[0].startswith(f"{certificate} is valid until 20")


# --- accounts


def mapped(slurm: SlurmCluster, **changes: object) -> dict[str, object]:
    accounts = {"accounts.ann": ANN, "accounts.bob.user": BOB, "accounts.bob.key_file": str(slurm.keys[BOB])}
    return {"work_directory": f"{slurm.homes}/{{account}}/jobs", **accounts, **changes}


@pytest.mark.usefixtures("no_remains")
@pytest.mark.parametrize("account", [ANN, BOB])
def test_each_account_is_entered_and_a_job_runs_in_one(served: Served, slurm: SlurmCluster, account: str) -> None:
    checked = check(served, slurm, "--account", account, **mapped(slurm))
    assert checked.faults == []
    assert checked.of("accounts") == [
        f"{ANN} is entered by sudo from {slurm.user}",
        f"{BOB} is entered with its own key",
    ]
    assert [text.partition(" ")[0] for text in checked.of("work directory")] == [
        f"{slurm.homes}/{one}/jobs" for one in (ANN, BOB)
    ]
    assert checked.of("removal")[0].startswith(f"{slurm.homes}/{account}/jobs/.check-")


def test_an_account_that_can_not_be_entered_comes_with_the_rule_for_sudo(served: Served, slurm: SlurmCluster) -> None:
    checked = check(served, slurm, **mapped(slurm, **{"accounts.eve": "root"}))
    [(part, found, remedy)] = checked.faults
    assert (part, checked.code) == ("accounts", 1)
    assert found.startswith("root can't be entered by sudo from provstore-svc")
    assert remedy == "sudoers on the login node: provstore-svc ALL=(root) NOPASSWD: /bin/sh"


# --- what is wrong


def _free_key(cluster: SlurmCluster) -> Path:
    """Make a key that nobody lets in."""
    key = cluster.folder / "stranger"
    if not key.exists():
        cluster.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    return key


def _open_key(cluster: SlurmCluster) -> Path:
    key = cluster.folder / "open"
    shutil.copyfile(cluster.key, key)
    key.chmod(0o644)
    return key


Wrong = tuple[Callable[[SlurmCluster], Mapping[str, object]], str, str, str]
WRONG: Final[Mapping[str, Wrong]] = {
    "no key": (lambda _: {"key_file": "/nowhere/key"}, "key", "/nowhere/key: No such file", "ssh-keygen -t ed25519"),
    "a key that all may read": (lambda one: {"key_file": str(_open_key(one))}, "key", "has the mode 0644", "chmod 600"),
    "no such host": (lambda _: {"host": "nowhere.invalid"}, "host", "nowhere.invalid has no address", "correct host"),
    "a closed port": (lambda _: {"port": 1}, "host", "Connection refused", "is the host on"),
    "a host key that nobody wrote down": (
        lambda one: {"known_hosts": str(one.folder / "none")},
        "host key",
        "/none. Its key is ssh-ed25519 SHA256:",
        "ssh-keyscan -p",
    ),
    "a host key that was cut off": (
        lambda _: {"host_keys": ["ssh-ed25519 AAAA"]},
        "host key",
        "'ssh-ed25519 AAAA' in host_keys is not a host key",
        "two words are needed, type and whole key",
    ),
    "a folder of keys": (lambda one: {"key_file": str(one.folder)}, "key", "is a folder", "it names a file"),
    "the public half": (
        lambda one: {"key_file": str(_free_key(one).with_suffix(".pub"))},
        "key",
        "is the public half of a key",
        "without .pub",
    ),
    "a key that is not let in": (
        lambda one: {"key_file": str(_free_key(one))},
        "login",
        "is refused for provstore-svc",
        "authorized_keys",
    ),
    "a jump host that is none": (lambda _: {"jump": "127.0.0.1:1"}, "host", "Connection refused", "is the host on"),
    "a work directory that can't be made": (
        lambda _: {"work_directory": "/proc/jobs"},
        "work directory",
        "/proc/jobs can't be made ready: mkdir: ",
        "make /proc/jobs there for provstore-svc, or correct work_directory",
    ),
    "one folder for all accounts": (lambda _: {"accounts.ann": ANN}, "accounts", "is one folder", "{account}"),
    "no such partition": (lambda _: {"defaults.partition": "gold"}, "submission", "invalid partition", "defaults"),
    "no such python": (lambda _: {"python": "python4"}, "trial job", "before it said a word", "python4: not found"),
    "what is no python": (lambda _: {"python": "/bin/true"}, "trial job", "before it said a word", "a Python on the"),
    "no such module": (lambda _: {"modules": ["gcc/99"]}, "trial job", "gcc/99", "modules"),
}


@pytest.mark.usefixtures("no_remains")
@pytest.mark.parametrize("wrong", WRONG)
def test_the_first_fault_is_told_with_what_to_do_and_ends_the_check(
    served: Served, slurm: SlurmCluster, wrong: str
) -> None:
    changes, part, found, remedy = WRONG[wrong]
    checked = check(served, slurm, **changes(slurm))
    assert (checked.code, checked.well) == (1, False)
    [fault] = checked.faults
    assert fault[0] == part
    assert found in fault[1]
    assert remedy in fault[2]


@pytest.mark.usefixtures("no_remains")
def test_what_can_not_be_made_is_told_once_in_one_line(served: Served, slurm: SlurmCluster) -> None:
    [(_, found, _)] = check(served, slurm, work_directory="/proc/jobs").faults
    assert (found.count("mkdir"), found.count("\n")) == (1, 0)


@pytest.mark.usefixtures("no_remains")
def test_what_is_no_python_is_not_said_to_be_missing(served: Served, slurm: SlurmCluster) -> None:
    assert check(served, slurm, python="/bin/true").of("python") == ["/bin/true is no Python on the login node"]


@pytest.mark.usefixtures("no_remains")
def test_a_job_that_waits_for_too_long_is_cancelled_and_its_reason_told(served: Served, slurm: SlurmCluster) -> None:
    with closed(slurm, "long"):
        checked = check(served, slurm, "--patience", "3", defaults__partition="long")
    [(part, found, _)] = checked.faults
    assert (part, checked.code) == ("trial job", 1)
    assert found == "after 3 s it has not ended (PENDING); it was cancelled"
    assert [text for text in checked.of("queue") if "(PartitionDown)" in text]


def test_a_controller_that_is_down_is_named() -> None:
    with running_cluster() as cluster:
        place = cluster.folder / "served"
        place.mkdir()
        cluster.stop_controller()
        [(part, found, remedy)] = check(Served(place), cluster).faults
    assert part == "controller"
    assert found.startswith("SLURM does not answer: Slurmctld(primary) at ")
    assert found.endswith(" is DOWN")
    assert "scontrol ping" in remedy


def test_a_cluster_that_is_not_in_the_settings_is_refused_with_those_that_are(
    served: Served, slurm: SlurmCluster
) -> None:
    file = settings_of(slurm, {})
    done = served.command("check", "cluster", "other", PROVSTORE_SETTINGS=str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "provstore: cluster 'other' is not in the settings; known: meso\n"


def test_an_account_that_is_not_in_the_settings_is_refused(served: Served, slurm: SlurmCluster) -> None:
    file = settings_of(slurm, mapped(slurm))
    done = served.command("check", "cluster", "meso", "--account", "eve", PROVSTORE_SETTINGS=str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"provstore: account 'eve' is not in the settings; known: {ANN}, {BOB}\n"


@pytest.mark.usefixtures("no_remains")
def test_on_a_terminal_each_finding_has_its_line_and_remedies_stand_below(served: Served, slurm: SlurmCluster) -> None:
    done: subprocess.CompletedProcess[str] = served.command(
        "check", "cluster", "meso", PROVSTORE_SETTINGS=str(settings_of(slurm, {}))
    )
    head, *lines = done.stdout.splitlines()
    assert head == f"cluster meso: {slurm.user}@{slurm.host}:{slurm.port}"
    assert all(re.match(r"(ok  |note|FAIL)  [a-zA-Z ]+: \S| {6}\S", line) for line in lines)
