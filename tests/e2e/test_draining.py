"""``provstore drain`` beside a running server, and without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provstore.errors import Unavailable
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, finish, start, until

REASON = "new disks, back at 14:00"


@pytest.fixture
def drained(make_served: MakeServed) -> Served:
    return make_served(PROVSTORE_LOCAL_SLOTS="1").start()


def test_the_running_job_ends_the_queued_one_waits_and_a_new_one_is_refused(drained: Served, outside: Path) -> None:
    with drained.client() as client:
        running = start(client, "one", f'until [ -e {outside} ]; do sleep 0.05; done; echo end >"$rs/out.txt"')
        until(lambda: client.job("one", running.id).phase == "EXECUTING", what="it runs")
        queued = start(client, "one", 'echo later >"$rs/out.txt"')
        said = drained.command("drain", "new", "disks,", "back at 14:00")
        assert (said.returncode, said.stdout) == (0, f"draining: {REASON}\n")
        with pytest.raises(Unavailable, match=REASON):
            start(client, "one", "true")

        waiting = subprocess.Popen(
            [sys.executable, "-m", "provstore", "drain", "--status", "--wait"],
            env=drained.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout
        assert waiting.stdout.readline() == f"draining: {REASON}\n"
        assert waiting.poll() is None
        outside.touch()
        rest, _ = waiting.communicate(timeout=PATIENCE)
        assert (waiting.returncode, rest) == (0, "no job runs\n")

        assert client.job("one", running.id).phase == "COMPLETED"
        assert client.job("one", queued.id).phase == "QUEUED"
        assert drained.command("drain", "--end").stdout == "not draining: new jobs are taken\n"
        assert client.wait(queued).phase == "COMPLETED"


def test_it_lasts_beyond_a_restart(drained: Served) -> None:
    drained.command("drain", "a new release")
    drained.stop()
    drained.start()
    with drained.client() as client:
        with pytest.raises(Unavailable, match="a new release"):
            start(client, "one", "true")
        drained.command("drain", "--end")
        assert finish(client, "one", 'echo x >"$rs/out.txt"').phase == "COMPLETED"


def test_asking_changes_nothing_and_saying_it_again_without_words_keeps_the_reason(make_served: MakeServed) -> None:
    alone = make_served()
    alone.data.mkdir()
    said = [
        alone.command("drain", *words).stdout for words in (("--status",), ("disks",), (), ("--status",), ("--end",))
    ]
    idle = "not draining: new jobs are taken\n"
    assert said == [idle, "draining: disks\n", "draining: disks\n", "draining: disks\n", idle]


@pytest.mark.parametrize("words", [("--end", "why"), ("--end", "--wait"), ("--status", "why"), ("--status", "--end")])
def test_contradictory_words_are_refused(make_served: MakeServed, words: tuple[str, ...]) -> None:
    refused = make_served().command("drain", *words)
    assert (refused.returncode, "choose: drain" in refused.stderr) == (2, True)


def test_without_a_data_directory_it_says_what_is_wrong(make_served: MakeServed) -> None:
    refused = make_served().command("drain", "why")
    assert (refused.returncode, "draining can't be changed: No such file or directory" in refused.stderr) == (1, True)
