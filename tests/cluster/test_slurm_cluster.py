"""The test bed itself: jobs run, people enter, and nothing is left behind."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest

from tests.contract.executor_bench import eventually
from tests.slurm_accounts import ANN, BOB
from tests.slurm_cluster import SlurmCluster, main, running_cluster, why_missing

pytestmark = pytest.mark.slurm

IGNORES_TERM = "trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done"
PROGRAM = """
import signal
from tests.slurm_cluster import running_cluster
with running_cluster() as cluster:
    print(cluster.folder, flush=True)
    signal.pause()
"""


def submit(cluster: SlurmCluster, script: str, *options: str, user: str = "") -> str:
    """Submit a script as one of the accounts, and give SLURM's number."""
    where = ("--parsable", "--chdir=/tmp", "--output=/dev/null")
    return cluster.as_user(user or cluster.user, "sbatch", *where, *options, f"--wrap={script}").strip()


def ssh(
    cluster: SlurmCluster, *words: str, key: Path | None = None, user: str = ""
) -> subprocess.CompletedProcess[str]:
    """Call the ssh of this machine, which knows only what the test tells."""
    options = ["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-p", str(cluster.port)]
    options += ["-o", f"UserKnownHostsFile={cluster.known_hosts}", "-i", str(key or cluster.key)]
    command = ["ssh", *options, *words[:-1], f"{user or cluster.user}@{cluster.host}", words[-1]]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def processes_of(folder: Path) -> list[str]:
    """Find the processes whose command or environment names the folder; those that end meanwhile don't count."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told:
            found.append(entry.name)
    return found


def test_a_job_of_an_account_runs_to_its_end(slurm: SlurmCluster) -> None:
    out = slurm.homes / BOB / "out"
    number = submit(
        slurm, "export SLURM_EXPORT_ENV=ALL; id -un; srun hostname -s", f"--output={out}", "--export=NONE", user=BOB
    )
    eventually(lambda: slurm.state_of(number) == "COMPLETED")
    assert out.read_text().splitlines() == [BOB, slurm.run("hostname", "-s").strip()]


def test_a_job_above_the_limits_of_its_partition_is_refused(slurm: SlurmCluster) -> None:
    with pytest.raises(AssertionError, match="time limit"):
        submit(slurm, "true", "--time=120", "--partition=test")


@pytest.mark.parametrize("user", ["provstore-svc", ANN, BOB])
def test_each_account_enters_by_its_own_key_and_reaches_the_scheduler(slurm: SlurmCluster, user: str) -> None:
    entered = ssh(slurm, "id -un; scontrol ping", key=slurm.keys[user], user=user)
    assert entered.stdout.startswith(f"{user}\nSlurmctld(primary) at"), entered.stderr


def test_nobody_enters_by_the_key_of_another(slurm: SlurmCluster) -> None:
    assert "Permission denied" in ssh(slurm, "true", key=slurm.keys[ANN], user=BOB).stderr


def test_the_service_acts_for_a_person_by_sudo_with_the_listed_programs_only(slurm: SlurmCluster) -> None:
    listed = ssh(slurm, f"sudo -n -u {ANN} -- /bin/sh -c 'id -un; scontrol ping'")
    assert listed.stdout.startswith(f"{ANN}\nSlurmctld(primary) at"), listed.stderr
    assert ssh(slurm, f"sudo -n -u {ANN} -- /usr/bin/id").returncode != 0
    assert ssh(slurm, "sudo -n -- /bin/sh -c id").returncode != 0


def test_only_the_jump_host_forwards(slurm: SlurmCluster) -> None:
    proxy = f"ssh -F none -i {slurm.key} -o UserKnownHostsFile={slurm.known_hosts} -W %h:%p {slurm.user}@{slurm.host}"
    through = ssh(slurm, "-o", f"ProxyCommand={proxy} -p {slurm.jump_port}", "echo through")
    assert through.stdout == "through\n", through.stderr
    assert ssh(slurm, "-o", f"ProxyCommand={proxy} -p {slurm.port}", "echo through").returncode != 0


@pytest.mark.parametrize(("valid", "code"), [("+1h", 0), ("20200101:20200102", 255)])
def test_a_certificate_lets_in_while_it_is_valid(slurm: SlurmCluster, valid: str, code: int) -> None:
    certificate = slurm.certificate(slurm.user, valid=valid)
    key = certificate.with_name("signed")
    assert ssh(slurm, "-o", f"CertificateFile={certificate}", "true", key=key).returncode == code


def test_a_dropped_connection_ends_and_the_next_one_works(slurm: SlurmCluster) -> None:
    mark = slurm.work / "entered"
    options = ["-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={slurm.known_hosts}"]
    command = ["ssh", *options, "-i", str(slurm.key), "-p", str(slurm.port), f"{slurm.user}@{slurm.host}"]
    with subprocess.Popen([*command, f"touch {mark}; exec sleep 1000"], stderr=subprocess.DEVNULL) as session:
        eventually(mark.exists)
        slurm.drop_connections()
        assert session.wait(timeout=10) == 255
    assert ssh(slurm, "true").returncode == 0


def test_a_stopped_sshd_lets_nobody_in_until_it_is_started_again(slurm: SlurmCluster) -> None:
    slurm.stop_sshd()
    try:
        assert "refused" in ssh(slurm, "true").stderr
    finally:
        slurm.start_sshd()
    assert ssh(slurm, "true").returncode == 0


def test_the_controller_remembers_jobs_when_it_comes_back() -> None:
    with running_cluster() as cluster:
        held = submit(cluster, "true", "--hold")
        cluster.stop_controller()
        with pytest.raises(AssertionError):
            cluster.scontrol("ping")
        cluster.start_controller()
        eventually(lambda: cluster.state_of(held) == "PENDING")


def test_a_lost_node_fails_its_jobs_and_comes_back() -> None:
    with running_cluster() as cluster:
        number = submit(cluster, IGNORES_TERM, "--no-requeue")
        eventually(lambda: cluster.state_of(number) == "RUNNING")
        cluster.fail_node()
        cluster.start_node()
        eventually(lambda: cluster.state_of(number) == "NODE_FAIL")
        again = submit(cluster, "true")
        eventually(lambda: cluster.state_of(again) == "COMPLETED")


def test_a_killed_test_process_leaves_nothing_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        folder = Path(owner.stdout.readline().strip())
        environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        subprocess.run(
            ["sbatch", "--chdir=/tmp", "--output=/dev/null", f"--wrap={IGNORES_TERM}"], env=environment, check=True
        )
        eventually(
            lambda: any("slurm_script" in Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_of(folder))
        )
        owner.send_signal(signal.SIGKILL)
    eventually(lambda: not folder.exists() and not processes_of(folder))


def test_a_cluster_started_by_hand_lives_until_it_is_stopped() -> None:
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    started = subprocess.run(
        [sys.executable, "-m", "tests.slurm_cluster", "start", str(folder)], capture_output=True, text=True, check=True
    )
    try:
        settings = tomllib.loads(started.stdout)["clusters"]["test"]
        assert settings["defaults"]["partition"] == "test"
        assert Path(settings["key_file"]).exists()
        assert processes_of(folder)
    finally:
        assert main(["stop", str(folder)], io.StringIO()) == 0
    assert not folder.exists()
    assert not processes_of(folder)


def test_accounting_knows_a_job_its_account_and_the_memory_it_took(slurm_with_accounting: SlurmCluster) -> None:
    cluster = slurm_with_accounting
    number = submit(cluster, "srun sleep 1", "--account=teaching", user=ANN)
    columns = ("sacct", "-P", "-n", "-j", number, "-o", "State,Account,User")
    eventually(lambda: f"COMPLETED|teaching|{ANN}" in cluster.run(*columns))


def test_a_small_qos_refuses_the_third_job(slurm_with_accounting: SlurmCluster) -> None:
    for _ in range(2):
        submit(slurm_with_accounting, "sleep 2", "--qos=small", "--hold", user=BOB)
    with pytest.raises(AssertionError, match="QOSMaxSubmitJobPerUserLimit"):
        submit(slurm_with_accounting, "true", "--qos=small", user=BOB)
    slurm_with_accounting.run("scancel", "-u", BOB)


def test_a_cluster_starts_and_stops_in_a_moment() -> None:
    began = time.monotonic()
    with running_cluster():
        pass
    assert time.monotonic() - began < 10


def test_a_missing_program_is_named() -> None:
    assert why_missing(programs=("sh", "no-such-daemon"), required=True).startswith("no-such-daemon not installed")


def test_a_folder_that_holds_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").touch()
    assert main(["start", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "mine").exists()
