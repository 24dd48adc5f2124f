"""curl, and with it the habits of STILTS, TOPCAT and uws-client: phase after creation, polling, redirects, lengths."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.served import Served, until
from tests.parts import require

CURL: Final = shutil.which("curl")
LONG: Final = 60

Curl = Callable[..., str]


@pytest.fixture
def curl(tmp_path: Path) -> Curl:
    """Run curl; a status of 400 and above fails the test unless it is asked for."""
    require("curl", present=CURL is not None, reason="the program curl is not installed")

    def run(*arguments: str) -> str:
        command = ["curl", "--silent", "--show-error", "--max-time", str(LONG), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def location(curl: Curl, *arguments: str) -> str:
    """Send something that leads elsewhere; give to where."""
    status, where = curl("--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", *arguments).split(" ")
    assert status == "303"
    return where


def wait(curl: Curl, job: str) -> str:
    """Poll the phase until the job is over, as old clients do."""
    until(lambda: curl(f"{job}/phase") in {"COMPLETED", "ERROR", "ABORTED"}, what="the job is over")
    return curl(f"{job}/phase")


def test_a_job_is_made_then_started_then_polled_then_fetched(served: Served, curl: Curl) -> None:
    jobs = f"{served.address}/uws/async"
    job = location(curl, "--data", "REQUEST=doQuery&LANG=ADQL&QUERY=one", jobs)
    assert job.startswith(f"{jobs}/j")
    assert curl(f"{job}/phase") == "PENDING"
    assert location(curl, "--data", "PHASE=RUN", f"{job}/phase") == job
    assert wait(curl, job) == "COMPLETED"
    assert "<TD>one</TD>" in curl("--fail", f"{job}/results/result")
    assert curl(f"{job}/results/log") == "asked by somebody\nin ADQL\n"
    assert curl(f"{job}/error", f"{job}/owner") == ""
    assert location(curl, "--request", "DELETE", job).startswith(f"{jobs}?LAST=")
    assert curl("--output", "/dev/null", "--write-out", "%{http_code}", job) == "404"


def test_a_client_that_follows_redirects_sees_the_job_and_after_deletion_the_list(served: Served, curl: Curl) -> None:
    jobs = f"{served.address}/uws/async"
    seen = curl("--location", "--write-out", "\n%{url_effective}", "--data", "QUERY=one", jobs)
    document, _, job = seen.rpartition("\n")
    assert "<uws:phase>PENDING</uws:phase>" in document
    assert "<uws:jobs " in curl("--location", "--data", "ACTION=DELETE", job)


def test_a_table_is_sent_with_the_query_and_the_job_starts_at_once(served: Served, curl: Curl, tmp_path: Path) -> None:
    (tmp_path / "my table.vot").write_text("rows\n")
    sent = ("--form", "QUERY=with it", "--form", "UPLOAD=mine,param:t1", "--form", "t1=@my table.vot")
    job = location(curl, *sent, f"{served.address}/uws/async?PHASE=RUN")
    assert wait(curl, job) == "COMPLETED"
    assert curl(f"{job}/results/log") == "asked by somebody\nrows\n"


def test_a_wait_is_one_request(served: Served, curl: Curl) -> None:
    job = location(curl, "--data", "QUERY=wait&PHASE=RUN", f"{served.address}/uws/async")
    documents = [curl(f"{job}?WAIT=30&PHASE={phase}") for phase in ("QUEUED", "EXECUTING")]
    assert "<uws:phase>COMPLETED</uws:phase>" in documents[-1]


def test_a_file_is_saved_resumed_and_looked_at_only(served: Served, curl: Curl, tmp_path: Path) -> None:
    job = location(curl, "--data", "QUERY=to be saved&PHASE=RUN", f"{served.address}/uws/async")
    wait(curl, job)
    place = f"{job}/results/result"
    whole = curl("--fail", place)
    curl("--fail", "--remote-name", "--remote-header-name", place)
    assert (tmp_path / "table.vot").read_text() == whole
    (tmp_path / "half").write_text(whole[:100])
    curl("--fail", "--continue-at", "-", "--output", "half", place)
    assert (tmp_path / "half").read_text() == whole
    head = curl("--fail", "--head", place).lower()
    assert f"content-length: {len(whole)}\n" in head
    assert "content-type: application/x-votable+xml" in head
    tag = next(line for line in head.splitlines() if line.startswith("etag: ")).removeprefix("etag: ")
    assert curl("--write-out", "%{http_code}", "--header", f"If-None-Match: {tag}", place) == "304"
    parts = curl("--fail", "--range", "0-4,10-14", place)
    assert whole[:5] in parts
    assert whole[10:15] in parts


def test_output_is_followed_and_events_are_heard(served: Served, curl: Curl) -> None:
    job = location(curl, "--data", "QUERY=wait&PHASE=RUN", f"{served.address}/uws/async")
    assert curl("--fail", "--no-buffer", f"{job}/stdout?follow=true") == "asked by somebody\n"
    assert wait(curl, job) == "COMPLETED"
    stream = curl("--fail", f"{served.address}/events?since=2020&WAIT=0")
    heard = [
        json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith('data: {"jobId"')
    ]
    assert [one["phase"] for one in heard if one["href"] == job] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]


def test_a_token_is_a_password_and_anonymous_visitors_do_not_see_what_is_hers(
    served: Served, curl: Curl, token: str
) -> None:
    job = location(curl, "--user", f"ada:{token}", "--data", "QUERY=hers", f"{served.address}/uws/async")
    assert curl("--user", f"ada:{token}", f"{job}/owner") == "ada"
    assert curl("--write-out", "%{http_code}", "--output", "/dev/null", job) == "403"
    answer = curl("--header", f"Authorization: Bearer {token}", "--data", "READER=public", f"{job}/sharing")
    assert json.loads(answer) == {"items": [{"reader": "public", "from": None, "visible": True}], "next": None}
    assert curl(f"{job}/phase") == "PENDING"


def test_old_addresses_lead_to_old_addresses(served: Served, curl: Curl) -> None:
    job = location(curl, "--data", "QUERY=one", f"{served.address}/rest/async")
    assert job.startswith(f"{served.address}/rest/async/")
    assert job in curl("--header", "Accept: application/xml,text/plain", f"{served.address}/rest/async")
